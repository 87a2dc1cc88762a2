/**
 * Goal: people of an identity proxy are guarded with the configuration that docs/integrating.md prints, and a revocation
 * in the console is not undone by the proxy. Method: real stores, two gateways, the admin API; the proxy is a client.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { startFakeApplication } from '../support/fake-application.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { writtenUpstream } from '../support/written-config.ts'

const proxy = '127.0.0.50'
const upstream = writtenUpstream('docs/integrating.md', 'records')
const rules = upstream.identity!.trustedHeader!
let application: Awaited<ReturnType<typeof startFakeApplication>>
let fleet: Fleet
let admin: AdminClient

beforeAll(async () => {
  application = await startFakeApplication({})
  fleet = await startFleet({
    change: (config) => ({
      ...config,
      gateway: { ...config.gateway, trustedProxies: [proxy] },
      upstreams: [
        {
          ...upstream,
          url: application.url,
          practice: { ...upstream.practice, fixed: 'riverside' },
          identity: { ...upstream.identity!, trustedHeader: { ...rules, peers: [proxy] } },
        },
      ],
    }),
  })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
}, 90_000)
afterAll(async () => {
  await fleet?.close()
  await application?.close()
})

const browser = (at = 0, from = proxy) => createClient(fleet.gateways[at]!.addresses.application, from)
const told = (user: string, signedInAt: number): Record<string, string> => ({
  [rules.secretHeader]: rules.secret!,
  [rules.user]: user,
  [rules.email!]: `${user}@example.test`,
  [rules.signedInAt!]: String(Math.floor(signedInAt / 1_000)),
  'x-forwarded-for': '203.0.113.9',
})
const status = async (client: ReturnType<typeof browser>, headers: Record<string, string>): Promise<number> =>
  (await client.get('/records', { headers, navigation: false })).status
const activeUsers = async () =>
  (
    (await admin.read('/api/practices/riverside/active-users')).json() as {
      users: { user: string; name: string; sessions: { id: string; method: string; address: string }[] }[]
    }
  ).users
type Saved = { readonly sequence: number }

test('whom the proxy vouches for works on both gateways, is listed with their own address, and revoked for good', async () => {
  const signedInAt = fleet.clock.now() - 60_000
  const headers = told('erin', signedInAt)
  const client = browser()
  expect((await client.get('/records', { headers })).status).toBe(200)
  expect(await status(client.elsewhere({ base: fleet.gateways[1]!.addresses.application }), headers)).toBe(
    200,
  )
  const sent = application.arrived.at(-1)!.headers
  expect(sent['x-gatehouse-email']).toBe('erin@example.test')
  expect(Object.keys(sent).filter((name) => /x-forwarded-user|x-auth-time|secret/.test(name))).toEqual([])
  const [erin] = await activeUsers()
  expect(erin?.sessions).toMatchObject([{ method: 'trusted-header', address: '203.0.113.9' }])

  const path = `/api/practices/riverside/users/${erin?.user}/revoke`
  await activeEverywhere(admin, (await admin.edit<Saved>('POST', path, { reason: 'left' })).sequence)
  const seen = application.arrived.length
  for (const one of [client, browser(0), browser(1)]) expect(await status(one, headers)).toBe(401)
  expect(await status(browser(1), told('erin', fleet.clock.now()))).toBe(401)
  expect(application.arrived).toHaveLength(seen)
  fleet.clock.advance(60_000)
  const fresh = told('erin', fleet.clock.now() - 1_000)
  expect([await status(browser(0), fresh), await status(browser(1), fresh)]).toEqual([200, 200])
  expect(await status(browser(0), headers)).toBe(401)
})

test('one session that is revoked ends its sign-in, and no other of the same person', async () => {
  const [at, later] = [fleet.clock.now() - 60_000, fleet.clock.now() - 30_000]
  const [one, other] = [browser(0), browser(1)]
  expect([await status(one, told('olga', at)), await status(other, told('olga', later))]).toEqual([200, 200])
  const olga = (await activeUsers()).find(({ sessions }) => sessions.length === 2)
  // Newest first.
  const first = olga?.sessions.at(-1)
  const path = `/api/practices/riverside/sessions/${first?.id}/revoke`
  await activeEverywhere(admin, (await admin.edit<Saved>('POST', path, { reason: 'lost' })).sequence)
  const all = [at, later].map((when) =>
    [browser(0), browser(1)].map((client) => status(client, told('olga', when))),
  )
  const statuses = await Promise.all(all.map((each) => Promise.all(each)))
  expect(statuses.map((each) => new Set(each)).sort((a, b) => [...a][0]! - [...b][0]!)).toEqual([
    new Set([200]),
    new Set([401]),
  ])
})

test('from anybody but the proxy the same headers name nobody', async () => {
  const headers = told('erin', fleet.clock.now() - 1_000)
  expect(await status(browser(0, '127.0.0.51'), headers)).toBe(401)
  expect(await status(browser(0), { ...headers, [rules.secretHeader]: 'x'.repeat(46) })).toBe(401)
})
