/**
 * Goal: a revoked user is out everywhere at once, and only a fresh sign-in brings them back (issue: revocation).
 * Method: two gateways on one Redis; one person with pages and live connections on both; an admin on the API.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { beginCanaryRound } from '../../admin/canary.ts'
import { type AdminClient, activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'
import { openEvents, openSocket } from '../support/streams.ts'

let fleet: Fleet
let admin: AdminClient
let one: string
let two: string

beforeAll(async () => {
  // An application that is not told when a session ends: it believes its cookies all along.
  fleet = await startFleet({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map((upstream) => ({
        ...upstream,
        identity: upstream.identity === null ? null : { ...upstream.identity, endSession: null },
      })),
    }),
  })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  one = fleet.gateways[0]!.addresses.application
  two = fleet.gateways[1]!.addresses.application
}, 60_000)
afterAll(() => fleet?.close())

type Users = {
  users: { user: string; email: string; sessions: { id: string; method: string; address: string }[] }[]
}

const userCalled = async (login: string): Promise<Users['users'][number]> => {
  const { users } = (await admin.read('/api/practices/riverside/active-users')).json() as Users
  const user = users.find((each) => each.email.startsWith(login))
  if (user === undefined) throw new Error(`${login} is not active: ${JSON.stringify(users)}`)
  return user
}

const revoke = async (login: string): Promise<void> => {
  const { user } = await userCalled(login)
  const { sequence } = await admin.edit<{ sequence: number }>(
    'POST',
    `/api/practices/riverside/users/${user}/revoke`,
    { reason: 'laptop lost' },
  )
  await activeEverywhere(admin, sequence)
}

test('a revocation refuses the next request and cuts live connections on both gateways', async () => {
  const fiona = createClient(one)
  await signInWell(fiona, 'fiona')
  const there = fiona.elsewhere({ base: two })
  expect((await fiona.get('/schedule')).status).toBe(200)
  expect((await there.get('/schedule')).status).toBe(200)
  const sockets = await Promise.all([
    openSocket(one, '/live/schedule', fiona),
    openSocket(two, '/live/schedule', there),
  ])
  const events = await Promise.all([
    openEvents(one, '/live/huddle', fiona),
    openEvents(two, '/live/huddle', there),
  ])
  await Promise.all([...sockets, ...events].map((stream) => stream.next()))

  await revoke('fiona')

  for (const socket of sockets) expect(await socket.ended).toEqual({ code: 1008, reason: 'session-revoked' })
  for (const stream of events) expect((await stream.ended).reason).toBe('aborted')
  // A refusal expires the cookies in the browser, so each gateway is asked by a browser that still has them.
  const jar = [...fiona.cookies]
  for (const base of [one, two]) {
    const client = createClient(base, '127.0.0.1', new Map(jar))
    const next = await client.get('/api/schedule', { navigation: false })
    expect(next.status).toBe(401)
    expect(next.json()).toMatchObject({ reason: 'session-revoked' })
  }
})

test("the application's cookie alone, a never-seen cookie and a public route do not bring them back; a fresh sign-in does", async () => {
  const helen = createClient(one)
  await signInWell(helen, 'helen')
  const oldCookie = helen.cookies.get('desk_session')
  expect(oldCookie).toBeTruthy()

  // A second session of the same person made around the gateway: its cookie is one no gateway has ever seen.
  const around = createClient(fleet.demo.url)
  await signInWell(around, 'helen')
  const neverSeen = around.cookies.get('desk_session')

  await revoke('helen')

  for (const base of [one, two]) {
    for (const cookie of [oldCookie, neverSeen]) {
      const thief = createClient(
        base,
        '127.0.0.1',
        new Map([
          ['desk_session', cookie ?? ''],
          ['desk_practice', 'riverside'],
        ]),
      )
      expect((await thief.get('/api/schedule', { navigation: false })).status).toBe(401)
      const again = createClient(base, '127.0.0.1', new Map([['desk_session', cookie ?? '']]))
      const before = fleet.demo.requests().length
      expect((await again.get('/book')).status).toBe(200)
      const forwarded = fleet.demo
        .requests()
        .slice(before)
        .find(({ path }) => path === '/book')
      expect(forwarded?.headers.cookie ?? '').not.toContain(cookie)
      expect(again.cookies.has('desk_session')).toBe(false)
    }
  }

  const fresh = createClient(two)
  await signInWell(fresh, 'helen')
  expect((await fresh.get('/schedule')).status).toBe(200)
  expect((await fresh.elsewhere({ base: one }).get('/schedule')).status).toBe(200)
})

test('revoking one session leaves the other sessions of the same person alone', async () => {
  const desk = createClient(one)
  const home = createClient(one, '127.0.0.3')
  await signInWell(desk, 'mark')
  await signInWell(home, 'mark')
  const { sessions } = await userCalled('mark')
  const atHome = sessions.find(({ address }) => address === '127.0.0.3')
  const { sequence } = await admin.edit<{ sequence: number }>(
    'POST',
    `/api/practices/riverside/sessions/${atHome?.id}/revoke`,
    {},
  )
  await activeEverywhere(admin, sequence)
  expect((await home.get('/api/schedule', { navigation: false })).status).toBe(401)
  expect((await desk.get('/api/schedule', { navigation: false })).status).toBe(200)
})

test('the canary shows on both gateways, by policy and by revocation, and concerns nobody', async () => {
  const { database, addresses } = fleet.control()
  const fiona = createClient(one)
  await signInWell(fiona, 'fiona')
  const counted = async (): Promise<Readonly<Record<string, number>>> => {
    const text = await (await fetch(`${addresses.metrics}/metrics`)).text()
    const lines = text.matchAll(/^gatehouse_admin_canary_total\{change="(\w+)",outcome="([\w-]+)"\} (\d+)$/gm)
    const sums: Record<string, number> = { policy: 0, revocation: 0 }
    for (const [, change = '', outcome = '', count] of lines) {
      const name = outcome === 'in-time' || outcome === 'late' ? change : outcome
      sums[name] = (sums[name] ?? 0) + Number(count)
    }
    return sums
  }
  for (let round = 1; round <= 4; round += 1) {
    // Due now instead of in half a minute.
    await database.read((rows) =>
      rows
        .insertInto('canary')
        .values({ round: 0, saved_at: 0 })
        .onConflict((oc) => oc.column('only_row').doUpdateSet({ saved_at: 0 }))
        .execute(),
    )
    await beginCanaryRound(database, Date.now())
    const answered = async () => {
      const { policy = 0, revocation = 0 } = await counted()
      return policy + revocation
    }
    await expect.poll(answered, { timeout: 10_000, interval: 25 }).toBe(2 * round)
  }
  expect(await counted()).toEqual({ policy: 4, revocation: 4, missed: 0, wrong: 0 })
  expect((await fiona.get('/schedule')).status).toBe(200)
  const { practices } = (await admin.read('/api/me')).json() as { practices: { id: string }[] }
  expect(practices.map(({ id }) => id).join()).not.toContain('canary')
})
