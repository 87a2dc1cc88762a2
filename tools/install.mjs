// Makes node_modules what package-lock.json says, when it is not already.
// Not an updater: it runs `npm ci --ignore-scripts` or nothing, and never writes the lock.
// Invariant: judged by content (npm's own record in node_modules against the lock), not by dates, which a clone,
// a copy or a container layer makes up. Refused: a marker file of ours, which says nothing once npm ran by hand.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withFileLock } from './file-lock.mjs'
import { configurationExit } from './preflight.mjs'

/** The folder that holds package.json. */
export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * The names of packages that the lock demands and the record of what is installed lacks or holds in another version.
 * Optional packages and peers of other platforms may be absent, but not different.
 * @param {LockFile} lock package-lock.json
 * @param {LockFile} installed node_modules/.package-lock.json
 * @returns {string[]} folders such as "node_modules/hono"; empty when all is there
 *
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockEntry
 * @typedef {{ packages?: Record<string, LockEntry> }} LockFile
 */
export function missingPackages(lock, installed) {
  const have = installed.packages ?? {}
  return Object.entries(lock.packages ?? {})
    .filter(([folder]) => folder !== '')
    .filter(([folder, wanted]) => {
      const found = have[folder]
      if (found === undefined) return !wanted.optional && !wanted.peer
      return found.version !== wanted.version || found.integrity !== wanted.integrity
    })
    .map(([folder]) => folder)
}

/** @param {string} path @returns {LockFile | null} */
function readLock(path) {
  if (!existsSync(path)) return null
  return JSON.parse(readFileSync(path, 'utf8'))
}

/**
 * True when every package of the lock is installed in the locked version.
 * @param {string} root
 */
function isInstalled(root) {
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'))
  const lock = readLock(join(root, 'package-lock.json'))
  if (lock === null) return installed !== null
  return installed !== null && missingPackages(lock, installed).length === 0
}

/** @returns {{ command: string, before: string[] }} how to call the npm that called us, else the one on PATH */
function npmCommand() {
  const script = process.env.npm_execpath
  if (script?.endsWith('npm-cli.js') && existsSync(script))
    return { command: process.execPath, before: [script] }
  return { command: 'npm', before: [] }
}

/**
 * Returns once node_modules agrees with the lock; ends the process with npm's own words when npm fails.
 * Everything npm says goes to stderr, because stdout may be read by a machine (`npm start -- --json`).
 * @returns {void}
 */
export function ensureInstalled() {
  if (isInstalled(projectRoot)) return
  withFileLock(join(projectRoot, '.cache', 'install.lock'), () => {
    if (isInstalled(projectRoot)) return
    process.stderr.write('gatehouse: installing packages (npm ci), about a minute the first time …\n')
    const npm = npmCommand()
    const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    // An npm that calls us may carry --omit or a production NODE_ENV; the tools below need everything.
    const done = spawnSync(npm.command, [...npm.before, ...flags, '--include=dev', '--include=optional'], {
      cwd: projectRoot,
      stdio: ['ignore', 2, 2],
    })
    if (done.error) process.stderr.write(`gatehouse: cannot run npm: ${done.error.message}\n`)
    if (done.status === 0) return
    process.stderr.write('gatehouse: npm ci failed; nothing was started.\n')
    process.exit(done.status ?? configurationExit)
  })
}
