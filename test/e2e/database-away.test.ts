/**
 * Goal: with the database gone people who are in go on working, admins are told so, nothing is half saved, and all is well by
 * itself when it is back. Method: a real PostgreSQL behind a relay that is cut; a gateway under traffic.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type FaultRelay, startFaultRelay } from '../support/fault-relay.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { freePort } from '../support/free-port.ts'
import { signIn, signInWell } from '../support/people.ts'

let fleet: Fleet
let admin: AdminClient
let relay: FaultRelay
let port: number
beforeAll(async () => {
  fleet = await startFleet({
    gateways: 1,
    recordUrl: async (url) => {
      const record = new URL(url)
      port = Number(record.port)
      relay = await startFaultRelay(port)
      record.port = String(relay.port)
      record.hostname = '127.0.0.1'
      return record.href
    },
  })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
}, 60_000)
afterAll(async () => {
  await fleet?.close()
  await relay?.close()
})

test('the database goes away and comes back', async () => {
  const app = fleet.gateways[0]?.addresses.application ?? ''
  const fiona = createClient(app)
  await signInWell(fiona, 'fiona')
  const works = async () => (await fiona.get('/api/schedule', { navigation: false })).status
  expect(await works()).toBe(200)
  const users = (await admin.read('/api/practices/riverside/active-users')).json() as {
    users: { user: string; email: string }[]
  }
  const user = users.users.find(({ email }) => email.startsWith('fiona'))?.user
  const revoke = `/api/practices/riverside/users/${user}/revoke`

  relay.pointAt(await freePort())
  for (const answer of [
    await admin.client.get('/api/practices/riverside/general', { navigation: false }),
    await admin.send('POST', revoke, { reason: 'left' }),
  ]) {
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2'])
    expect(answer.json()).toMatchObject({ code: 'database-unavailable' })
  }
  expect(await works()).toBe(200)
  const mark = createClient(app)
  expect((await signIn(mark, 'mark')).status).toBe(503)
  expect((await mark.get('/api/schedule', { navigation: false })).status).toBe(401)

  relay.pointAt(port)
  const me = async () => (await admin.client.get('/api/me', { navigation: false })).status
  await expect.poll(me, { timeout: 10_000 }).toBe(200)
  expect(await works()).toBe(200)
  const revoked = await admin.edit<{ sequence: number }>('POST', revoke, { reason: 'left' })
  await activeEverywhere(admin, revoked.sequence)
  expect(await works()).toBe(401)
  await signInWell(mark, 'mark')
}, 60_000)
