/**
 * Unpacks Debian packages into a folder of ours, without root and without installing anything.
 *
 * Not a package manager: no dependencies are followed; the caller names every package. Invariant: the folder appears
 * whole or not at all, and two processes never unpack at once. Refused: downloading by address, which would pin a
 * mirror and skip apt's signature checks.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { withFileLockAsync } from '../../tools/file-lock.mjs'
import { cachePath } from './cache-folder.ts'

/** What to unpack, where, and for what (for the progress line). */
export type DebianFetch = {
  readonly purpose: string
  readonly packages: readonly string[]
  readonly folder: string
}

const say = (line: string): void => void process.stderr.write(`tests: ${line}\n`)

const run = (
  command: string,
  args: readonly string[],
  cwd: string,
): { readonly ok: boolean; readonly said: string } => {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  return { ok: done.status === 0, said: done.error?.message ?? `${done.stdout}${done.stderr}` }
}

/** Options that make apt keep its lists under .cache, where we may write, and download as whoever we are. */
const ownLists = (): readonly string[] => {
  const state = cachePath('apt', 'state')
  const cache = cachePath('apt', 'cache')
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true })
  return [
    '-o',
    `Dir::State=${state}`,
    '-o',
    'Dir::State::status=/var/lib/dpkg/status',
    '-o',
    `Dir::Cache=${cache}`,
  ]
}

const download = (fetch: DebianFetch, into: string): void => {
  const plain = ['-o', 'APT::Sandbox::User=root', '-q']
  if (run('apt-get', [...plain, 'download', ...fetch.packages], into).ok) return
  say(`fetching Debian's package lists for ${fetch.purpose} …`)
  const own = [...plain, ...ownLists()]
  const updated = run('apt-get', [...own, 'update'], into)
  const downloaded = run('apt-get', [...own, 'download', ...fetch.packages], into)
  if (downloaded.ok) return
  throw new Error(
    `apt-get download ${fetch.packages.join(' ')} failed:\n${updated.ok ? '' : updated.said}${downloaded.said}`,
  )
}

const unpack = (fetch: DebianFetch): void => {
  const fresh = `${fetch.folder}.${process.pid}`
  const packages = join(fresh, 'packages')
  mkdirSync(packages, { recursive: true })
  try {
    say(`fetching ${fetch.purpose} from Debian (${fetch.packages.join(', ')}) …`)
    download(fetch, packages)
    for (const file of readdirSync(packages).filter((name) => name.endsWith('.deb'))) {
      const done = run('dpkg', ['-x', join(packages, file), fresh], fresh)
      if (!done.ok) throw new Error(`dpkg -x ${file} failed: ${done.said}`)
    }
    rmSync(packages, { recursive: true })
    renameSync(fresh, fetch.folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/**
 * Resolves with the folder, filled as `dpkg -x` of every package fills it; some seconds the first time, at once later.
 * Rejects with apt's own words, or at once where there is no apt.
 */
export const fetchDebianPackages = async (fetch: DebianFetch): Promise<string> => {
  if (existsSync(fetch.folder)) return fetch.folder
  if (!run('apt-get', ['--version'], '/').ok)
    throw new Error(`${fetch.purpose}: not installed here, and there is no apt-get to fetch it with`)
  await withFileLockAsync(`${fetch.folder}.lock`, async () => {
    if (!existsSync(fetch.folder)) unpack(fetch)
  })
  return fetch.folder
}

/** The library folders inside an unpacked folder, for LD_LIBRARY_PATH. */
export const libraryFolders = (folder: string): readonly string[] => {
  const libraries = join(folder, 'usr', 'lib')
  if (!existsSync(libraries)) return []
  return readdirSync(libraries)
    .filter((name) => name.includes('-linux-gnu'))
    .map((name) => join(libraries, name))
}
