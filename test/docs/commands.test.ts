/**
 * Goal: every command that the documents print is one that works, or stands below with the reason why no test here runs it.
 * Method: the lines of all shell blocks; each run as printed in a scratch folder, on a fleet with people, with only the
 * names of things filled in that a reader has of their own.
 */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readKeyList } from '../../runtime/key-list.ts'
import { activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

const documents = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(join(projectRoot, 'docs')).map((name) => `docs/${name}`),
]
const isDocument = (path: string): boolean => path.endsWith('.md')

/** The commands of a document's shell blocks, as typed: continued lines joined, remarks behind them left out. */
const commandsOf = (path: string): readonly string[] =>
  [...readFileSync(join(projectRoot, path), 'utf8').matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(
    ([, block = '']) =>
      block
        .replace(/\\\n\s*/g, '')
        .replace(/case \$\? in[\s\S]*?esac/g, (text) => text.replaceAll('\n', ' '))
        .split('\n')
        .map((line) => line.replace(/\s+# .*$/, '').trim())
        .filter((line) => line !== ''),
  )

const printed = new Set(documents.filter(isDocument).flatMap(commandsOf))

/** What no test here runs, by how it begins: a test that does the same, or what is missing on machines that run tests. */
const elsewhere: readonly (readonly [start: string, why: string])[] = [
  ['npm start', 'test/e2e/start.test.ts'],
  ['npm test', 'test/house/tools.test.ts'],
  ['npm run admin ', 'test/e2e/start.test.ts'],
  ['npm run gateway ', 'test/cli/gateway-workers.test.ts'],
  ['npm run gatehouse -- audit verify --practice', 'test/cli/audit.test.ts'],
  ['npm run gatehouse -- audit verify --events', 'test/cli/audit.test.ts'],
  ['sudo gatehouse break-glass', 'test/gateway/host-override.test.ts'],
  ['gatehouse token', 'test/cli/machines.test.ts'],
  ['gatehouse policy export', 'test/cli/policy.test.ts'],
  ['gatehouse policy test riverside.yaml', 'test/cli/policy.test.ts'],
  ['gatehouse policy plan', 'test/cli/policy.test.ts'],
  ['gatehouse policy apply', 'test/cli/policy.test.ts'],
  ['case $? in', 'test/cli/policy.test.ts'],
  ['curl -s -H', 'an application of the reader’s own'],
  ['cp deploy/compose', 'a container engine'],
  ['docker ', 'a container engine'],
  ['kubectl ', 'a cluster'],
  ['npm ci', 'a machine of its own: it takes away what tests need'],
  ['install ', 'a machine of its own, run by systemd'],
  ['systemctl ', 'a machine of its own, run by systemd'],
  ['pg_', 'PostgreSQL’s own client programs'],
  ['createdb ', 'PostgreSQL’s own client programs'],
]

const isRun = (command: string): boolean => !elsewhere.some(([start]) => command.startsWith(start))

let fleet: Fleet
let folder: string
let code: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-commands-'))
  fleet = await startFleet({ gateways: 1 })
  const fiona = createClient(fleet.gateways[0]!.addresses.application)
  await signInWell(fiona, 'fiona')
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  const admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  const saved = await admin.edit<{ sequence: number }>(
    'PUT',
    '/api/practices/riverside/controls/permission',
    { mode: 'enforce', hiddenBlockers: true },
    await revisionOf(admin, 'riverside'),
  )
  await activeEverywhere(admin, saved.sequence)
  const refused = await fiona.get('/api/settings', { navigation: false })
  expect(refused.status).toBe(403)
  code = /GH-[A-Z0-9]{4}-[A-Z0-9]{4}/.exec(refused.text)?.[0] ?? ''
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'docs'))
  const main = join(projectRoot, 'cli/main.ts')
  writeFileSync(join(folder, 'bin/gatehouse'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`)
  chmodSync(join(folder, 'bin/gatehouse'), 0o755)
  const asked = 'at: 2026-11-23T09:00-06:00, asks: GET /schedule, expect: permit'
  writeFileSync(
    join(folder, 'riverside.cases.yaml'),
    `cases: [{ title: At the desk, role: front-desk, from: 203.0.113.10, ${asked} }]\n`,
  )
  writeFileSync(join(folder, 'gatehouse.yaml'), readFileSync(join(projectRoot, 'cli/demo.yaml'), 'utf8'))
}, 120_000)
afterAll(async () => {
  await fleet?.close()
  rmSync(folder, { recursive: true, force: true })
})

type Ran = { readonly exitCode: number; readonly out: string; readonly said: string }

/** Runs a line as printed. npm runs where package.json lies, so files beside the reader are named from the root. */
const run = (line: string): Promise<Ran> => {
  const filled = line
    .replaceAll('GH-7K2M-94QX', code)
    .replaceAll('docs/examples/', join(projectRoot, 'docs/examples/'))
    .replace(/(?<![\w/])(?:riverside\.(?:yaml|ndjson)|gatehouse\.yaml)/g, (name) => join(folder, name))
  const env = {
    ...process.env,
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    DATABASE_URL: fleet.databaseUrl,
    REDIS_URL: fleet.redis.url,
    GATEHOUSE_DATA_DIR: fleet.dataDir,
    GATEHOUSE_CLUSTER_KEY: fleet.config.clusterKey ?? '',
    USER: userInfo().username,
  }
  const cwd = line.startsWith('npm') ? projectRoot : folder
  return new Promise((resolve) => {
    execFile('sh', ['-c', filled], { cwd, env, timeout: 30_000 }, (error, out, said) =>
      resolve({
        exitCode: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        out,
        said,
      }),
    )
  })
}

test('every printed command is run below or stands in the list, and the list has none that is not printed', () => {
  expect(printed.size).toBeGreaterThan(30)
  for (const [start, why] of elsewhere) {
    expect(
      [...printed].some((command) => command.startsWith(start)),
      `${start} is printed nowhere`,
    ).toBe(true)
    if (why.startsWith('test/')) expect(existsSync(join(projectRoot, why)), why).toBe(true)
  }
  expect([...printed].filter(isRun).length).toBeGreaterThan(12)
})

test('the commands that make secrets make ones that are accepted', async () => {
  const secrets = [...printed].filter((command) => command.startsWith('echo "GATEHOUSE_'))
  expect(secrets).toHaveLength(2)
  for (const command of secrets) {
    const { out } = await run(command)
    const [name, value = ''] = out.trim().split(/=(.*)/s)
    if (name === 'GATEHOUSE_CLUSTER_KEY') expect(value).toMatch(/^[0-9a-f]{64}$/)
    else expect(readKeyList(value, command)).toMatchObject({ ok: true, value: [{ id: 'k1' }] })
  }
})

/** Those that end otherwise than with 0 on purpose, and how. */
const endings: ReadonlyMap<string, readonly number[]> = new Map([
  // A finding is an answer: this fleet has no UI, no TLS and one control plane.
  ['gatehouse doctor --config gatehouse.yaml', [0, 1]],
])

test('each of the others does what it says', async () => {
  const first = (command: string): boolean => command.includes('policy export')
  const lines = [...printed].filter((command) => isRun(command) && !command.startsWith('echo '))
  const failed: string[] = []
  const note = async (line: string): Promise<void> => {
    const { exitCode, out, said } = await run(line)
    const good = endings.get(line) ?? [0]
    if (!good.includes(exitCode)) failed.push(`${line}\n  exit ${exitCode}: ${said || out}`)
  }
  await expect
    .poll(async () => (await run('gatehouse explain GH-7K2M-94QX')).exitCode, { timeout: 10_000 })
    .toBe(0)
  for (const line of lines.filter(first)) await note(line)
  expect(readFileSync(join(folder, 'riverside.yaml'), 'utf8')).toContain('riverside')
  const waiting = lines.filter((line) => !first(line))
  const lane = async (): Promise<void> => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) await note(line)
  }
  await Promise.all([lane(), lane()])
  expect(failed).toEqual([])
}, 120_000)
