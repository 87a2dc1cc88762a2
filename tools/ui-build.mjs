// Builds the admin UI (admin/ui) into dist/ui with Vite, as a child process under the chosen Node.
// Not Vite's configuration: that is admin/ui/vite.config.ts.
// Invariant: dist/ui is either a whole build or not there; it is up to date when dist/ui/.built holds the hash of
// admin/ui and of the lock. Refused: comparing dates, which a clone makes up.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { withFileLockAsync } from './file-lock.mjs'
import { projectRoot } from './install.mjs'
import { readyNode } from './launch.mjs'

const source = join(projectRoot, 'admin', 'ui')
const target = join(projectRoot, 'dist', 'ui')

/**
 * One hash of names and contents of every file below `folder` and of the lock.
 * @param {string} folder
 * @returns {string} hexadecimal SHA-256
 */
export function sourceHash(folder) {
  const hash = createHash('sha256')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  for (const file of [...files, join(projectRoot, 'package-lock.json')]) {
    hash
      .update(relative(projectRoot, file).split(sep).join('/'))
      .update('\0')
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

/** @returns {boolean} whether what is built is what the source says */
function isUpToDate() {
  if (!existsSync(join(target, 'index.html'))) return false
  // An image carries the build without its source.
  if (!existsSync(join(source, 'vite.config.ts'))) return true
  const built = join(target, '.built')
  return existsSync(built) && readFileSync(built, 'utf8') === sourceHash(source)
}

/** @param {string} outDir @returns {Promise<void>} rejects with Vite's own words */
function runVite(outDir) {
  const vite = join(projectRoot, 'node_modules/vite/bin/vite.js')
  const config = join(source, 'vite.config.ts')
  const args = [
    vite,
    'build',
    source,
    '--config',
    config,
    '--outDir',
    outDir,
    '--emptyOutDir',
    '--logLevel',
    'warn',
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(readyNode(), args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] })
    /** @type {Buffer[]} */
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`the admin UI did not build:\n${Buffer.concat(said).toString().trim()}`))
    })
  })
}

/** Builds beside the old build and swaps, so that a failed build leaves the old one. */
async function build() {
  const hash = sourceHash(source)
  const fresh = join(projectRoot, 'dist', `.ui-${process.pid}`)
  mkdirSync(fresh, { recursive: true })
  try {
    await runVite(fresh)
    writeFileSync(join(fresh, '.built'), hash)
    rmSync(target, { recursive: true, force: true })
    renameSync(fresh, target)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/**
 * Resolves with the folder of a build that is up to date, built now if need be (some seconds; one process at a time).
 * Rejects with Vite's words when the source does not build.
 * @param {(line: string) => void} [log] told before a build starts; default: a line on stderr
 * @returns {Promise<string>} absolute path of dist/ui
 */
export async function ensureUiBuilt(log = (line) => process.stderr.write(`${line}\n`)) {
  if (isUpToDate()) return target
  await withFileLockAsync(join(projectRoot, '.cache', 'ui-build.lock'), async () => {
    if (isUpToDate()) return
    if (!existsSync(join(source, 'vite.config.ts')))
      throw new Error('admin/ui is not here, and neither is a build of it in dist/ui')
    log('gatehouse: building the admin UI …')
    await build()
  })
  return target
}
