// Front door: `npm run licences`: every package that a plane runs with, its version and its licence, from the lock file.
// Not legal advice, and not about what only tests and builds use. Invariant: a package whose licence is not among those
// below, or that names none, fails it; what was not read cannot pass. Refused: asking a registry, which says what the
// newest version says, not what is installed.
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const accepted = [
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
]

/**
 * @typedef {{ name: string, version: string, licence: string }} Licensed
 * @param {{ packages: Record<string, { version?: string, license?: string, dev?: boolean, devOptional?: boolean }> }} lock
 * @returns {{ all: Licensed[], refused: Licensed[] }} by name; optional ones (pinned Node, embedded PostgreSQL) included
 */
export function readLicences(lock) {
  const all = Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version = '', license = 'none named' }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license,
    }))
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version))
  return { all, refused: all.filter(({ licence }) => accepted.indexOf(licence) < 0) }
}

const isEntry =
  Boolean(process.argv[1]) && realpathSync(process.argv[1] || '') === fileURLToPath(import.meta.url)
if (isEntry) {
  const file = join(fileURLToPath(new URL('..', import.meta.url)), 'package-lock.json')
  const { all, refused } = readLicences(JSON.parse(readFileSync(file, 'utf8')))
  for (const { name, version, licence } of all) process.stdout.write(`${name} ${version}  ${licence}\n`)
  for (const { name, licence } of refused)
    process.stderr.write(`${name}: ${licence} is not among ${accepted.join(', ')}\n`)
  process.stdout.write(`${all.length} packages, ${refused.length} with a licence that was not accepted\n`)
  process.exitCode = refused.length === 0 ? 0 : 1
}
