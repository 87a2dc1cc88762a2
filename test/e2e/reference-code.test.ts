/**
 * Goal: the code on a refusal leads to all that refused and to the smallest change; with that change the same request
 * passes. Method: codes as people get them from a gateway, the real command on the real database, changes by the API.
 */
import { execFile } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Replay } from '../../admin/replay.ts'
import {
  type AdminClient,
  activeEverywhere,
  everyRole,
  revisionOf,
  signInAdmin,
} from '../support/admin-client.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { freePort } from '../support/free-port.ts'
import { signIn, signInWell } from '../support/people.ts'
import { readWall } from '../support/wall-clock.ts'

let fleet: Fleet
let admin: AdminClient
let app: string

const zone = 'America/Chicago'
const here = '/api/practices/riverside'
const confirmPracticeName = 'Riverside Dental'
type Saved = { sequence: number }

const save = async (method: 'POST' | 'PUT', path: string, body: object, revision?: number): Promise<void> => {
  const saved = await admin.edit<Saved>(method, `${here}/${path}`, body, revision)
  await activeEverywhere(admin, saved.sequence)
}
const setMode = async (control: 'ip' | 'time', mode: string): Promise<void> =>
  save(
    'PUT',
    `controls/${control}`,
    {
      ...{ mode, scope: everyRole, confirmPracticeName },
      ...(control === 'ip' ? { signInOnlyFromListed: false } : {}),
    },
    await revisionOf(admin, 'riverside'),
  )

/** An hour of the practice's day, about half a day from now. */
const farHour = (): string => {
  const hour = Number(readWall(zone, fleet.clock.now()).time.slice(0, 2))
  return String((hour + 12) % 24).padStart(2, '0')
}

const userOf = async (who: string): Promise<string> => {
  const { members } = (await admin.read(`${here}/users`)).json() as {
    members: { user: string; email: string }[]
  }
  const found = members.find(({ email }) => email.startsWith(who))
  if (found === undefined) throw new Error(`${who} is no member`)
  return found.user
}

type Ran = { readonly exitCode: number; readonly out: string; readonly said: string }

const gatehouse = (words: readonly string[], change: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      DATABASE_URL: fleet.databaseUrl,
      GATEHOUSE_DATA_DIR: fleet.dataDir,
      ...change,
    }
    execFile(
      process.execPath,
      ['cli/main.ts', 'explain', ...words],
      { cwd: projectRoot, env },
      (error, stdout, stderr) =>
        resolve({
          exitCode: typeof error?.code === 'number' ? error.code : 0,
          out: stdout,
          said: stderr,
        }),
    )
  })

const codeIn = (text: string): string => {
  const code = /GH-[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(text)?.[0]
  if (code === undefined) throw new Error(`no code in ${text.slice(0, 300)}`)
  return code
}

/** Resolves once the control plane has heard of the refusal. */
const arrived = (code: string) =>
  expect
    .poll(async () => (await admin.send('GET' as 'POST', `${here}/decisions/${code}`)).status, {
      timeout: 8_000,
    })
    .toBe(200)

const replayed = async (code: string): Promise<Replay> => {
  await arrived(code)
  const { exitCode, out, said } = await gatehouse([code, '--json'])
  expect([exitCode, said]).toEqual([0, ''])
  return JSON.parse(out) as Replay
}

beforeAll(async () => {
  fleet = await startFleet({ gateways: 1 })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  app = fleet.gateways[0]!.addresses.application
}, 60_000)
afterAll(() => fleet?.close())

let moved: Client

test('refused by the address and the hour at once: the command names both and the change that both need', async () => {
  const fiona = createClient(app, '127.0.0.2')
  await signInWell(fiona, 'fiona')
  await save('POST', 'ip-entries', { range: '127.0.0.0/29', label: 'Front office' })
  const hour = farHour()
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  await save('POST', 'time-windows', { days, start: `${hour}:00`, end: `${hour}:59`, audience: 'practice' })
  await setMode('ip', 'enforce')
  await setMode('time', 'enforce')

  moved = fiona.elsewhere({ from: '127.0.0.66' })
  const page = await moved.get('/schedule?patient=4711')
  expect(page.status).toBe(403)
  const code = codeIn(page.text)
  await arrived(code)

  // As it may be typed after a telephone call.
  const { exitCode, out, said } = await gatehouse([code.toLowerCase().replaceAll('-', ' ')])
  expect([exitCode, said]).toEqual([0, ''])
  for (const words of [
    `${code}: refused, since the address is not on the allowlist.`,
    'Who     Fiona Walsh (usr_',
    'From    127.0.0.66',
    'What    GET on the route “desk GET /schedule”, through gateway-1',
    `(${zone}), 2`,
    'Policy  Riverside Dental, revision',
    'still the current one',
    '- IP allowlist: 127.0.0.66 is not in Front office.',
    `- Time windows: `,
    'is outside the hours of Fiona Walsh; hours begin again on',
    'The smallest change that would have allowed it, all of these together:',
    '- by an admin: Approve 127.0.0.66/32 for Fiona Walsh, or list it as an entry.',
    '- by an admin: Let Fiona Walsh stay for now, or wait until',
    'the same answer as recorded (address-not-allowed)',
    'the same request would still be refused:',
  ])
    expect(out).toContain(words)
  expect(out).not.toContain('4711')

  const told = (await admin.read(`${here}/decisions/${code}`)).json() as {
    replay: { agreement: string; failing: { control: string }[]; lines: string[] }
  }
  expect(told.replay.agreement).toBe('agrees')
  expect(told.replay.failing.map(({ control }) => control)).toEqual(['ip', 'time'])
}, 60_000)

test('each half of the change is not enough; with both the same request passes, and the command says so', async () => {
  const user = await userOf('fiona')
  const before = await moved.get('/schedule')
  expect(before.status).toBe(403)
  const code = codeIn(before.text)
  const asked = await replayed(code)
  expect(asked.now?.cures).toHaveLength(2)

  await save('POST', 'ip-entries', { range: '127.0.0.66', label: 'Fiona at home', audience: { user } })
  const half = await moved.get('/schedule')
  expect(half.status).toBe(403)
  const then = await replayed(code)
  expect(then).toMatchObject({ agreement: 'agrees', failing: [{ control: 'ip' }, { control: 'time' }] })
  expect(then.now).toMatchObject({ verdict: 'refused', cures: [{ by: 'admin' }] })
  expect(await replayed(codeIn(half.text))).toMatchObject({
    reason: 'outside-time-window',
    agreement: 'agrees',
    failing: [{ control: 'time' }],
  })

  const day = readWall(zone, fleet.clock.now()).date
  const opening = { kind: 'opening', label: 'Stays late', from: day, to: day, start: '00:00', end: '24:00' }
  await save('POST', 'time-exceptions', { ...opening, audience: { user } })
  expect((await moved.get('/schedule')).status).toBe(200)
  const now = await replayed(code)
  expect(now).toMatchObject({ agreement: 'agrees', now: { verdict: 'passes', cures: [] } })
  expect(now.policies[0]!.revision).toBeLessThan(now.policies[0]!.newest)
}, 60_000)

test('every kind of code that people get is found and replays to what they were told', async () => {
  const held = createClient(app, '127.0.0.77')
  const answer = await signIn(held, 'helen')
  const step = await held.get(answer.headers.location ?? '')
  const waiting = (
    await held.get('/.gatehouse/access', { navigation: false, headers: { accept: 'application/json' } })
  ).json() as { reason: string; code: string }
  expect(waiting.reason).toBe('sign-in-held')
  const wish = { mode: 'enforce', hiddenBlockers: true }
  await save('PUT', 'controls/permission', wish, await revisionOf(admin, 'riverside'))
  const routes = await Promise.all(
    ['/settings', '/api/settings'].map((path) => moved.get(path, { navigation: false })),
  )
  const missing = routes.map((one) => one.json() as { reason: string; code: string })
  const codes = [
    [codeIn(step.text), 'address-not-allowed'],
    [waiting.code, 'sign-in-held'],
    ...missing.map(({ code, reason }) => [code, reason]),
  ] as const
  expect(new Set(codes.map(([code]) => code)).size).toBe(codes.length)
  const replays = await Promise.all(codes.map(([code = '']) => replayed(code)))
  expect(replays.map(({ reason, agreement }) => [reason, agreement])).toEqual(
    codes.map(([, reason]) => [reason, 'agrees']),
  )
  expect(replays.slice(2).map(({ route }) => route)).toEqual([
    'desk GET /settings',
    'desk GET,PUT /api/settings',
  ])
  const controls = replays[1]!.failing.map(({ control }) => control)
  expect(controls).toEqual(['session', 'ip', 'time'])
}, 60_000)

test('a code that is none, one that nobody has, and a database that is away: each is said with its exit code', async () => {
  const nowhere = `postgres://nobody@127.0.0.1:${await freePort()}/gatehouse`
  const [malformed, absent, unknown, away] = await Promise.all([
    gatehouse(['GH-7K2M']),
    gatehouse([]),
    gatehouse(['GH-0000-0000']),
    gatehouse(['GH-7K2M-94QX'], { DATABASE_URL: nowhere }),
  ])
  expect([malformed.exitCode, absent.exitCode, unknown.exitCode, away.exitCode]).toEqual([64, 64, 1, 69])
  expect(malformed.said).toContain('"GH-7K2M" is no reference code')
  expect(absent.said).toContain('Usage: gatehouse explain CODE')
  expect(unknown.said).toContain('no refusal is kept under GH-0000-0000')
  expect(away.said).toContain('the database cannot be read')
  for (const { out, said } of [malformed, absent, unknown, away])
    expect([out, said]).toEqual(['', expect.not.stringMatching(/\n\s+at /)])
}, 60_000)
