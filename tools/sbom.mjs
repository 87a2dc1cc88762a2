// Front door: `npm run sbom`: the packages that a plane runs with, as CycloneDX, into dist/sbom.cdx.json.
// npm writes it, from the lock file, without a registry; what only tests and builds use is taken out here, since npm's
// `--omit dev` also leaves out what both use (zod, yaml, pg-protocol). Invariant: one component for each package of the
// lock that is not for development alone, as `npm run licences` lists them; where one is missing nothing is written.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readLicences } from './licences.mjs'

/**
 * The bill with those packages alone, each once.
 * @param {any} bill what npm wrote of the whole lock file
 * @param {{ name: string, version: string }[]} wanted
 */
export function billOf(bill, wanted) {
  const names = new Set(wanted.map(({ name, version }) => `${name}@${version}`))
  /** @param {string} ref */
  const plain = (ref) => ref.replace(/\|.*$/, '')
  /** @type {Set<string>} */
  const seen = new Set()
  const components = bill.components.filter((/** @type {any} */ { 'bom-ref': ref }) => {
    if (!names.has(plain(ref)) || seen.has(plain(ref))) return false
    seen.add(plain(ref))
    return true
  })
  const refs = new Set(components.map((/** @type {any} */ { 'bom-ref': ref }) => ref))
  const root = bill.metadata.component['bom-ref']
  refs.add(root)
  const missing = [...names].filter((name) => !seen.has(name))
  // npm takes the folder's name; the thing is called what package.json says wherever it lies.
  const component = { ...bill.metadata.component, name: root.replace(/@[^@]*$/, '') }
  const dependencies = bill.dependencies
    .filter((/** @type {any} */ { ref }) => refs.has(ref))
    .map((/** @type {any} */ { ref, dependsOn = [] }) => ({
      ref,
      dependsOn: dependsOn.filter((/** @type {string} */ one) => refs.has(one)),
    }))
  return { bill: { ...bill, metadata: { ...bill.metadata, component }, components, dependencies }, missing }
}

const isEntry =
  Boolean(process.argv[1]) && realpathSync(process.argv[1] || '') === fileURLToPath(import.meta.url)
if (isEntry) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const asked = spawnSync(
    'npm',
    ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1_048_576, timeout: 60_000 },
  )
  const { all } = readLicences(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  const made = asked.status === 0 ? billOf(JSON.parse(asked.stdout), all) : null
  if (made === null || made.missing.length > 0) {
    process.stderr.write(
      `no list of packages: ${made === null ? asked.stderr || asked.error : `npm left out ${made.missing}`}\n`,
    )
    process.exitCode = 1
  } else {
    mkdirSync(join(root, 'dist'), { recursive: true })
    writeFileSync(join(root, 'dist', 'sbom.cdx.json'), `${JSON.stringify(made.bill, null, 2)}\n`)
    process.stdout.write(`dist/sbom.cdx.json: ${made.bill.components.length} packages\n`)
  }
}
