/**
 * Fetches a program from the npm registry into a folder of ours, for tests that put Gatehouse in front of it.
 *
 * None of the project's own dependencies: nothing of it is imported, it runs as a process of its own. Invariant: the folder
 * appears whole or not at all, and two processes never fetch at once. Its scripts are not run: what needs a compiler is not
 * what these tests are about. As development dependencies such programs would be in everybody's `npm ci`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withFileLockAsync } from '../../../tools/file-lock.mjs'
import { cachePath } from '../cache-folder.ts'

const install = async (name: string, version: string, folder: string): Promise<void> => {
  process.stderr.write(`tests: fetching ${name} ${version} from the npm registry …\n`)
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  try {
    // A package of its own, or npm would install into the project above.
    writeFileSync(join(fresh, 'package.json'), '{"private":true}\n')
    const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
    const args = ['install', '--ignore-scripts', '--omit=optional', ...quiet, `${name}@${version}`]
    const npm = spawn('npm', args, { cwd: fresh, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    npm.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const [code] = (await once(npm, 'close')) as [number | null]
    if (code !== 0) throw new Error(`npm could not install ${name}@${version}: ${said.slice(-2_000)}`)
    renameSync(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Resolves with the folder of that package; some seconds the first time, at once later. Rejects with npm's own words. */
export const fetchNpmPackage = async (name: string, version: string): Promise<string> => {
  const folder = cachePath('npm', `${name}-${version}`)
  const within = join(folder, 'node_modules', name)
  if (existsSync(within)) return within
  await withFileLockAsync(`${folder}.lock`, async () => {
    if (!existsSync(within)) await install(name, version, folder)
  })
  return within
}
