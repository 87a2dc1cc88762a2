/**
 * Goal: Redis may die under traffic, then the control plane too, and come back empty: nobody is let in who should not
 * be, nobody is un-revoked, and no restart is needed. Method: SIGKILL on a real Redis; two gateways; real leases.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let admin: AdminClient
let apps: readonly string[]
const leaseMs = 1_500

beforeAll(async () => {
  fleet = await startFleet({
    change: (config) => ({ ...config, gateway: { ...config.gateway, leaseMs, beatMs: 150 } }),
  })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  apps = fleet.gateways.map(({ addresses }) => addresses.application)
}, 60_000)
afterAll(() => fleet?.close())

const status = async (client: Client): Promise<number> =>
  (await client.get('/api/schedule', { navigation: false })).status

const everywhere = (client: Client): readonly Client[] => apps.map((base) => client.elsewhere({ base }))

const becomes = (client: Client, wanted: number): Promise<void> =>
  expect.poll(() => status(client), { timeout: 10_000, interval: 50 }).toBe(wanted)

test('Redis killed, then the control plane, then both back with Redis empty', async () => {
  const fiona = createClient(apps[0] ?? '')
  const mark = createClient(apps[0] ?? '')
  await signInWell(fiona, 'fiona')
  await signInWell(mark, 'mark')
  for (const client of [...everywhere(fiona), ...everywhere(mark)]) expect(await status(client)).toBe(200)

  const users = (await admin.read('/api/practices/riverside/active-users')).json() as {
    users: { user: string; email: string }[]
  }
  const markId = users.users.find(({ email }) => email.startsWith('mark'))?.user
  const revoked = await admin.edit<{ sequence: number }>(
    'POST',
    `/api/practices/riverside/users/${markId}/revoke`,
    {},
  )
  await activeEverywhere(admin, revoked.sequence)

  await fleet.redis.kill('SIGKILL')
  const until = performance.now() + 2 * leaseMs
  while (performance.now() < until) {
    for (const client of everywhere(fiona)) expect(await status(client)).toBe(200)
    for (const client of everywhere(mark)) expect(await status(client)).toBe(401)
  }

  await fleet.stopControl()
  for (const client of everywhere(fiona)) await becomes(client, 503)
  const stale = await fiona.get('/api/schedule', { navigation: false })
  expect(stale.headers['retry-after']).toBeTruthy()
  expect(stale.json()).toMatchObject({ reason: 'knowledge-stale' })
  expect((await fiona.get('/book')).status).toBe(200)

  await fleet.redis.restart()
  await fleet.restartControl()
  for (const client of everywhere(fiona)) await becomes(client, 200)
  for (const client of everywhere(mark)) expect(await status(client)).toBe(401)
}, 60_000)
