/**
 * Goal: a role without a route's permission gets 403 that names it; a role change bites on the next request.
 * Method: the permission control is enforced through the admin API, a person's role is changed there; two gateways.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let admin: AdminClient

beforeAll(async () => {
  fleet = await startFleet()
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
}, 60_000)
afterAll(() => fleet?.close())

type Users = { version: number; members: { user: string; email: string; roles: string[] }[] }

test('the refusal names the permission, and a role change bites on the next request of both gateways', async () => {
  const [one, two] = fleet.gateways.map(({ addresses }) => addresses.application)
  const helen = createClient(one ?? '')
  await signInWell(helen, 'helen')
  const there = helen.elsewhere({ base: two ?? '' })
  expect((await helen.get('/settings')).status).toBe(200)

  const saved = await admin.edit<{ sequence: number }>(
    'PUT',
    '/api/practices/riverside/controls/permission',
    { mode: 'enforce', hiddenBlockers: true },
    await revisionOf(admin, 'riverside'),
  )
  await activeEverywhere(admin, saved.sequence)

  for (const client of [helen, there]) {
    const refused = await client.get('/api/settings', { navigation: false })
    expect(refused.status).toBe(403)
    expect(refused.headers['content-type']).toContain('application/problem+json')
    expect(refused.text).toContain('Change practice settings')
    const page = await client.get('/settings')
    expect(page.status).toBe(403)
    expect(page.text).toContain('Change practice settings')
  }

  const users = (await admin.read('/api/practices/riverside/users')).json() as Users
  const user = users.members.find(({ email }) => email.startsWith('helen'))
  expect(user?.roles).toEqual(['hygienist'])
  const changed = await admin.edit<{ sequence: number }>(
    'PUT',
    `/api/practices/riverside/users/${user?.user}/roles`,
    { roles: ['office-manager'] },
    users.version,
  )
  await activeEverywhere(admin, changed.sequence)
  expect((await helen.get('/api/settings', { navigation: false })).status).toBe(200)
  expect((await there.get('/api/settings', { navigation: false })).status).toBe(200)

  const stale = await admin.send(
    'PUT',
    `/api/practices/riverside/users/${user?.user}/roles`,
    { roles: ['dentist'] },
    users.version,
  )
  expect(stale.status).toBe(412)
})
