/**
 * Goal: with the IP allowlist enforced, listed networks work and from others a sign-in is held; monitor mode lets
 * pass and records by name; nobody can lock themselves out by accident. Method: clients on several loopback addresses.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signIn, signInWell } from '../support/people.ts'

let fleet: Fleet
let admin: AdminClient
let app: string

beforeAll(async () => {
  fleet = await startFleet()
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  app = fleet.gateways[0]!.addresses.application
}, 60_000)
afterAll(() => fleet?.close())

const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
type Saved = { revision: number; sequence: number }

const setMode = async (mode: string, scope: unknown = everyone): Promise<void> => {
  const saved = await admin.edit<Saved>(
    'PUT',
    '/api/practices/riverside/controls/ip',
    { mode, scope, signInOnlyFromListed: false },
    await revisionOf(admin, 'riverside'),
  )
  await activeEverywhere(admin, saved.sequence)
}

const addEntry = async (range: string, label: string, audience: unknown = 'practice'): Promise<void> => {
  const saved = await admin.edit<Saved>('POST', '/api/practices/riverside/ip-entries', {
    range,
    label,
    audience,
  })
  await activeEverywhere(admin, saved.sequence)
}

test('enforcing with an empty list, or without the own address, is refused and says whom it would lock out', async () => {
  const scope = { mode: 'enforce', scope: everyone, signInOnlyFromListed: false }
  const empty = await admin.send(
    'PUT',
    '/api/practices/riverside/controls/ip',
    scope,
    await revisionOf(admin, 'riverside'),
  )
  expect([409, 422]).toContain(empty.status)
  await addEntry('127.0.0.2', 'Front office')
  const locked = await admin.send(
    'PUT',
    '/api/practices/riverside/controls/ip',
    scope,
    await revisionOf(admin, 'riverside'),
  )
  expect(locked.status).toBe(409)
  expect(locked.json()).toMatchObject({ code: 'lockout-risk', lockedOut: [{ address: '127.0.0.1' }] })
  const general = (await admin.read('/api/practices/riverside/general')).json() as {
    controls: { ip: { mode: string } }
  }
  expect(general.controls.ip.mode).toBe('off')
})

test('monitor mode lets pass and records by name', async () => {
  await setMode('monitor')
  const helen = createClient(app, '127.0.0.7')
  await signInWell(helen, 'helen')
  expect((await helen.get('/schedule')).status).toBe(200)
  await expect
    .poll(async () => (await admin.read('/api/practices/riverside/decisions?monitored=true')).json(), {
      timeout: 8_000,
    })
    .toMatchObject({
      decisions: expect.arrayContaining([
        expect.objectContaining({
          reason: 'address-not-allowed',
          address: '127.0.0.7',
          user: expect.objectContaining({ name: 'Helen Brooks' }),
        }),
      ]),
    })
})

test('enforced: the listed network works, elsewhere the sign-in is held without any cookie of the application', async () => {
  await addEntry('127.0.0.1', 'Office network')
  await setMode('enforce')
  const office = createClient(app, '127.0.0.2')
  await signInWell(office, 'fiona')
  expect((await office.get('/schedule')).status).toBe(200)

  const cafe = createClient(app, '127.0.0.66')
  const before = new Map(cafe.cookies)
  const signedIn = await signIn(cafe, 'fiona')
  expect(signedIn.status).toBe(303)
  const answer = await cafe.get(signedIn.headers.location ?? '')
  expect(answer.headers['cache-control']).toContain('no-store')
  const code = /GH-[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(answer.text)?.[0]
  expect(code).toBeTruthy()
  expect(answer.text).toContain('127.0.0.66')
  const preSignIn = before.get('desk_session')
  const held = cafe.cookies.get('desk_session')
  const page = await cafe.get('/api/schedule', { navigation: false })
  expect([401, 403]).toContain(page.status)
  const direct = createClient(
    fleet.demo.url,
    '127.0.0.66',
    new Map(held === undefined || held === preSignIn ? [] : [['desk_session', held]]),
  )
  expect((await direct.get('/api/me', { navigation: false })).status).toBe(401)

  await expect
    .poll(
      async () => (await admin.send('GET' as 'POST', `/api/practices/riverside/decisions/${code}`)).status,
      { timeout: 8_000 },
    )
    .toBe(200)
  const decision = (await admin.read(`/api/practices/riverside/decisions/${code}`)).json()
  expect(decision).toMatchObject({
    reason: 'address-not-allowed',
    address: '127.0.0.66',
    user: { name: 'Fiona Walsh' },
  })
})

test('a session that moves to another network is refused there and works on at the office', async () => {
  const office = createClient(app, '127.0.0.2')
  await signInWell(office, 'helen')
  const moved = office.elsewhere({ from: '127.0.0.67' })
  const refused = await moved.get('/api/schedule', { navigation: false })
  expect(refused.status).toBe(403)
  expect(refused.json()).toMatchObject({ reason: 'address-not-allowed' })
  expect((await office.get('/schedule')).status).toBe(200)
})

test('scope by role and entry by user: who is not in scope passes, whose entry it is passes', async () => {
  await setMode('enforce', {
    include: { roles: ['front-desk'], users: [] },
    exempt: { roles: [], users: [] },
  })
  const dentist = createClient(app, '127.0.0.68')
  await signInWell(dentist, 'dan')
  await dentist.post('/practices/choose', { form: { practice: 'riverside' } })
  dentist.cookies.set('desk_practice', 'riverside')
  expect((await dentist.get('/api/schedule', { navigation: false })).status).toBe(200)
  const fiona = createClient(app, '127.0.0.68')
  expect((await signIn(fiona, 'fiona')).headers.location).toContain('/.gatehouse/access')
  const users = (await admin.read('/api/practices/riverside/users')).json() as {
    members: { user: string; email: string }[]
  }
  const user = users.members.find(({ email }) => email.startsWith('fiona'))?.user
  await addEntry('127.0.0.68', 'Fiona at home', { user })
  await signInWell(fiona, 'fiona')
  expect((await fiona.get('/schedule')).status).toBe(200)
})

test('patients and public pages are never subject to it', async () => {
  const stranger = createClient(app, '127.0.0.99')
  expect((await stranger.get('/book')).status).toBe(200)
  expect((await stranger.get('/healthz')).status).toBe(200)
})
