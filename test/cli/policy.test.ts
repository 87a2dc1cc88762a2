/**
 * Goal: a policy file is exported, planned, tested and applied by the real command, with the guards and the exit codes
 * that pipelines rely on. Method: one fleet with people in it; each command in a process of its own on its database.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore, type Store } from '../../admin/store/database.ts'
import { listEvents } from '../../admin/store/events.ts'
import { readPolicy } from '../../admin/store/practices.ts'
import { listTrafficFacts } from '../../admin/store/traffic-facts.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let store: Store
let fiona: Client
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-policy-'))

beforeAll(async () => {
  fleet = await startFleet({ gateways: 1 })
  store = openStore({ url: fleet.databaseUrl, poolMax: 2 })
  const app = fleet.gateways[0]!.addresses.application
  fiona = createClient(app, '127.0.0.3')
  await signInWell(fiona, 'fiona')
  expect((await fiona.get('/schedule')).status).toBe(200)
  await signInWell(createClient(app, '127.0.0.2'), 'olivia')
}, 60_000)
afterAll(async () => {
  await store?.close()
  await fleet?.close()
  rmSync(folder, { recursive: true, force: true })
})

type Ran = { readonly exitCode: number; readonly out: string; readonly said: string }

const policy = (...words: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { ...process.env, DATABASE_URL: fleet.databaseUrl, GATEHOUSE_DATA_DIR: fleet.dataDir }
    execFile(
      process.execPath,
      ['cli/main.ts', 'policy', ...words],
      { cwd: projectRoot, env },
      (error, out, said) =>
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, out, said }),
    )
  })

const told = ({ out }: Ran): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>

const written = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const exported = async (): Promise<string> => {
  const { exitCode, out, said } = await policy('export', '--practice', 'riverside')
  expect([exitCode, said]).toEqual([0, ''])
  return out
}

const revision = async (): Promise<number> =>
  (await store.read((rows) => readPolicy(rows, 'riverside')))?.revision ?? 0

const newestEvent = async () =>
  (await store.read((rows) => listEvents(rows, { practice: 'riverside' }, { countMax: 1, before: null })))[0]

const office = `ipEntries:
  - id: office
    range: 203.0.113.0/24
    label: Office
    audience: practice
    "on": true
    expiresAt: null
    note: ""
    createdBy: Olivia
    createdAt: 0
`
/** The list with the office in it. */
const withOffice = (text: string): string => text.replace('ipEntries: []\n', office)
/** The first control's mode, which is that of addresses. */
const enforced = (text: string): string => text.replace(/mode: "?off"?/, 'mode: enforce')

test('what export prints, plan and apply find nothing to do about', async () => {
  const before = await revision()
  const text = await exported()
  const [, practice, seen, saved] = text.split('\n')
  expect([practice, seen]).toEqual(['# practice: riverside', `# revision: ${before}`])
  expect(saved).toMatch(/^# saved: 20\d\d-\S+Z by .+ \(.+\)$/)
  expect(await exported()).toBe(text)
  const file = written('same.yaml', text)
  expect(await policy('plan', file)).toMatchObject({ exitCode: 0, said: '' })
  const applied = await policy('apply', file)
  expect(applied).toMatchObject({ exitCode: 0, said: '' })
  expect(applied.out).toContain('Nothing to do')
  expect(await revision()).toBe(before)
}, 60_000)

test('a plan says what changes, whom the guard stands up for, and who by name would be refused', async () => {
  const facts = () => store.read((rows) => listTrafficFacts(rows, 'riverside', 0, 100))
  await expect.poll(async () => (await facts()).length, { timeout: 10_000 }).toBeGreaterThan(0)
  const before = await revision()
  const file = written('risky.yaml', enforced(withOffice(await exported())))
  const { exitCode, out, said } = await policy('plan', file)
  expect([exitCode, said]).toEqual([77, ''])
  for (const words of [
    'IP restrictions: off → enforce',
    'Entry added: Office (203.0.113.0/24) for everyone',
    'Lockout guard: these could no longer get in:',
    'Olivia',
    '127.0.0.2 is not on the allowlist',
    'taken back after 10 minutes unless an admin confirms it',
    'Who is in now (2 live sessions looked at):',
    'from 127.0.0.3/32: the address is not on the allowlist',
    'The last 30 days',
  ])
    expect(out).toContain(words)
  expect(out).toMatch(/- Fiona Walsh \(usr_[\w-]+\), one live session from/)
  expect(told(await policy('plan', file, '--json'))).toMatchObject({
    outcome: 'refused',
    revision: before,
    lockedOut: [{ address: '127.0.0.2' }],
    live: { asked: 2, allowed: [] },
    recorded: { allowed: [] },
  })
  expect(await revision()).toBe(before)
}, 60_000)

test('the guard refuses, and a name that is not the practice’s does not override it', async () => {
  const before = await revision()
  const file = written('risky.yaml', enforced(withOffice(await exported())))
  const refused = await policy('apply', file)
  expect([refused.exitCode, refused.out]).toEqual([77, ''])
  expect(refused.said).toMatch(/not applied: these could no longer get in:.*Olivia.*--override/s)
  const mistyped = await policy('apply', file, '--override', 'Riverside', '--json')
  expect([mistyped.exitCode, told(mistyped).outcome]).toEqual([77, 'lockout-risk'])
  expect(mistyped.said).toContain('"Riverside" is not what the practice is called')

  const last = written(
    'last.yaml',
    (await exported()).replaceAll(/^ +- gw\.security\.settings\.edit\n/gm, ''),
  )
  const plan = await policy('plan', last)
  expect([plan.exitCode, plan.out]).toEqual([77, expect.stringContaining('It cannot be applied.')])
  const nobody = await policy('apply', last, '--override', 'Riverside Dental')
  expect([nobody.exitCode, nobody.said]).toEqual([77, expect.stringContaining('cannot be overridden')])
  expect(await revision()).toBe(before)
}, 60_000)

test('what is applied is active everywhere, with its event; applied again it changes nothing', async () => {
  const before = await revision()
  const stale = await exported()
  const file = written('office.yaml', withOffice(stale))
  expect((await policy('plan', file)).exitCode).toBe(2)
  const applied = await policy('apply', file, '--reason', 'Ticket 4711')
  expect(applied).toMatchObject({ exitCode: 0, said: '' })
  expect(applied.out).toMatch(/^Saved as revision (\d+) of Riverside Dental \(sequence \d+\)\.\n/)
  expect(applied.out).toContain('Active everywhere: 1 of 1 gateways.')
  expect(await revision()).toBe(before + 1)
  expect(await newestEvent()).toMatchObject({
    ...{ action: 'policy.edited', origin: 'cli', reason: 'Ticket 4711', policyVersion: before + 1 },
    actor: { kind: 'cli', id: userInfo().username },
    after: { 'ipEntries[office]': { range: '203.0.113.0/24' } },
  })
  const again = await policy('apply', file, '--json')
  expect([again.exitCode, told(again)]).toEqual([
    0,
    { ok: true, outcome: 'unchanged', practice: 'riverside', revision: before + 1, confirmBy: null },
  ])
  expect(await revision()).toBe(before + 1)

  // The file of before is one revision behind now.
  const other = written('other.yaml', stale.replace('contact: ""', 'contact: Call Olivia'))
  const plan = await policy('plan', other)
  expect([plan.exitCode, plan.out]).toEqual([
    77,
    expect.stringContaining(`the newest is revision ${before + 1}`),
  ])
  const conflict = await policy('apply', other)
  expect([conflict.exitCode, conflict.out]).toEqual([77, ''])
  expect(conflict.said).toContain(
    `revision ${before + 1} of Riverside Dental has been saved since revision ${before}`,
  )
  const ahead = await policy('apply', other, '--revision', '999')
  expect([ahead.exitCode, ahead.said]).toEqual([77, expect.stringContaining('Is this the right database?')])
  const seen = written('seen.yaml', withOffice(stale.replace('contact: ""', 'contact: Call Olivia')))
  const forced = await policy('apply', seen, '--revision', String(before + 1), '--wait', '0', '--json')
  expect([0, 75]).toContain(forced.exitCode)
  expect(told(forced)).toMatchObject({ outcome: 'saved', revision: before + 2, confirmBy: null })
  expect((await store.read((rows) => readPolicy(rows, 'riverside')))?.document.requests.contact).toBe(
    'Call Olivia',
  )
}, 60_000)

test('a file without a revision is not applied over what nobody has seen', async () => {
  const text = (await exported())
    .replace(/^# revision: .*\n/m, '')
    .replace('contact: Call Olivia', 'contact: Me')
  const file = written('bare.yaml', text)
  const { exitCode, said } = await policy('apply', file)
  expect([exitCode, said]).toEqual([64, expect.stringContaining('--revision N')])
  expect((await policy('plan', file)).out).toContain(`apply with --revision ${await revision()}`)
}, 60_000)

test('problems come all at once with their lines; what is not there is said to be', async () => {
  const text = (await exported())
    .replace('schema: 1', 'schema: 2')
    .replace('zone: America/Chicago', 'zone: Chicago')
  const bad = written('bad.yaml', text)
  for (const command of ['plan', 'apply', 'test']) {
    const { exitCode, out, said } = await policy(command, bad)
    expect([command, exitCode, out]).toEqual([command, 78, ''])
    expect(said).toMatch(
      /has 2 problems:\n {2}schema: .*\(line 5\)\n {2}practice\.zone: not a time zone.*\(line 9\)/,
    )
  }
  expect((await policy('plan', join(folder, 'none.yaml'))).exitCode).toBe(78)
  const elsewhere = written('elsewhere.yaml', (await exported()).replace('id: riverside', 'id: hilltop'))
  expect(await policy('plan', elsewhere)).toMatchObject({ exitCode: 1, out: '' })
  expect(await policy('apply', elsewhere)).toMatchObject({ exitCode: 1, out: '' })
  expect((await policy('export', '--practice', 'hilltop')).exitCode).toBe(1)
}, 60_000)

test('the documented cases hold; one that does not is explained, with exit 1 and no database', async () => {
  const example = 'docs/examples/riverside.yaml'
  const held = await policy('test', example)
  expect(held).toEqual({ exitCode: 0, out: 'All 9 cases hold.\n', said: '' })
  const cases = written(
    'wrong.cases.yaml',
    'cases:\n  - { role: front-desk, from: 192.0.2.50, at: 2026-11-23T09:00-06:00, asks: GET /schedule, expect: permit }\n',
  )
  const failed = await policy('test', example, '--cases', cases)
  expect(failed.exitCode).toBe(1)
  for (const words of [
    'FAILED  line 2: somebody with the role front-desk asks GET /schedule from 192.0.2.50',
    'expected permit, got deny (address-not-allowed)',
    '- 192.0.2.50 is not in Office Network.',
    'What would allow it:',
    '1 of 1 cases do not hold.',
  ])
    expect(failed.out).toContain(words)
  expect(told(await policy('test', example, '--cases', cases, '--json'))).toMatchObject({
    ok: false,
    results: [{ line: 'line 2', verdict: 'deny', reason: 'address-not-allowed', holds: false }],
  })
}, 60_000)

test('overridden, it holds until it is confirmed, and nothing else is applied meanwhile', async () => {
  const file = written('risky.yaml', enforced(await exported()))
  const applied = await policy('apply', file, '--override', 'Riverside Dental')
  expect([applied.exitCode, applied.said]).toEqual([75, ''])
  expect(applied.out).toContain('Active everywhere: 1 of 1 gateways.')
  expect(applied.out).toMatch(
    /To be confirmed: it is taken back at 20\S+Z unless a security admin confirms it/,
  )
  expect((await fiona.get('/schedule')).status).toBe(403)
  expect(await newestEvent()).toMatchObject({ origin: 'cli', after: { 'lockout guard': 'overridden' } })

  const same = await policy('apply', file, '--json')
  expect([same.exitCode, told(same)]).toMatchObject([
    75,
    { outcome: 'unchanged', confirmBy: expect.any(Number) },
  ])
  const next = written('next.yaml', (await exported()).replace('mode: enforce', 'mode: monitor'))
  const plan = await policy('plan', next)
  expect([plan.exitCode, plan.out]).toEqual([77, expect.stringContaining('waits to be confirmed until')])
  expect(plan.out).toMatch(/Newly let in .*\n {2}- Fiona Walsh .* the address is not on the allowlist/)
  const pending = await policy('apply', next, '--json')
  expect([pending.exitCode, told(pending).outcome]).toEqual([77, 'confirmation-pending'])
}, 60_000)
