// Goal: every record is read in the practice that the plain cookie names, and by its members only.
// Method: one person of both practices changes the cookie; one person of one practice forges it.

import { expect, test } from 'vitest'
import { demoPractices, demoUsers } from '../../demo/people.ts'
import { credentials, openDemo, signedIn } from './desk-visits.ts'

test('who belongs to both practices chooses one, then the cookie alone decides', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'olivia')
  const again = await client.post('/sign-in', { form: credentials('olivia') })
  expect([again.status, again.headers.location]).toEqual([303, '/practices'])
  expect(client.cookies.has('desk_practice')).toBe(false)
  expect((await client.get('/patients')).headers.location).toBe('/practices?next=%2Fpatients')
  expect((await client.get('/api/patients')).status).toBe(403)
  expect((await client.get('/practices')).text).toContain('Lakeview Family Dentistry')

  const chosen = await client.post('/practices/choose', { form: { practice: 'lakeview', next: '/patients' } })
  expect([chosen.status, chosen.headers.location]).toEqual([303, '/patients'])
  expect((await client.get('/api/schedule')).json()).toMatchObject({
    practice: 'lakeview',
    zone: 'America/Denver',
  })
  expect((await client.get('/api/patients/p-2001')).status).toBe(200)
  expect((await client.get('/api/patients/p-1001')).status).toBe(404)
  client.cookies.set('desk_practice', 'riverside')
  expect((await client.get('/api/patients/p-1001')).status).toBe(200)
  expect((await client.get('/patients/p-2001')).status).toBe(404)
})

test('a practice one does not belong to is refused, forged or chosen', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'fiona')
  expect((await client.post('/practices/choose', { form: { practice: 'lakeview' } })).status).toBe(403)
  client.cookies.set('desk_practice', 'lakeview')
  const page = await client.get('/schedule')
  expect([page.status, page.text.includes('not a member')]).toEqual([403, true])
  const api = await client.get('/api/schedule')
  expect([api.status, api.json()]).toEqual([403, { error: 'not a member of this practice' }])
})

test('a refund in one practice cannot reach a payment of the other', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'olivia', 'lakeview')
  const page = await client.get('/payments')
  const csrf = /name="csrf"\s+value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  expect((await client.post('/payments/pay-5001/refund', { form: { csrf } })).status).toBe(409)
})

test('five roles and both practices have their people', () => {
  const roles = new Set(
    demoUsers.flatMap(({ memberships }) => memberships.flatMap((membership) => membership.roles)),
  )
  expect([...roles].sort()).toEqual(['dentist', 'front-desk', 'hygienist', 'office-manager', 'owner'])
  for (const { memberships } of demoUsers) {
    for (const { practice } of memberships) expect(demoPractices.map(({ id }) => id)).toContain(practice)
  }
  expect(new Set(demoUsers.map(({ password }) => password)).size).toBe(demoUsers.length)
})
