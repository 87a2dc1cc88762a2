/**
 * Goal: whoever address or hours keep out is led to emergency access where the practice and their role have it, and the
 * grant opens those two alone. Method: a gateway, held and live sessions; the test grants as the control plane would.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashToken } from '../../runtime/token.ts'
import { type FactorStand, hashOf, minutes, over, startFactorStand, step } from '../support/factor-stand.ts'

let stand: FactorStand
const emergencies = async (allowed: boolean, permission = true) => {
  await stand.control.savePolicy('riverside', ({ controls, roles, ...document }) => ({
    ...document,
    emergency: { ...document.emergency, allowed },
    requests: { ...document.requests, ip: false, contact: 'Mark, extension 12' },
    roles: roles.map((role) =>
      role.id === 'front-desk' && permission
        ? { ...role, permissions: [...role.permissions, 'gw.break-glass'] }
        : role,
    ),
    controls: { ...controls, ip: { ...controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: '127.0.0.9/32', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  }))
  await stand.known()
}
/** What the control plane does for whoever took it. */
const grant = () => {
  const startsAt = stand.clock.now() - 1
  return stand.member({
    grants: [{ id: 'grt_1', kind: 'break-glass', range: null, startsAt, endsAt: startsAt + 60 * minutes }],
  })
}
const wayTo = `${over}?emergency=1`

beforeEach(async () => {
  stand = await startFactorStand()
  await stand.member({ factors: ['totp'] })
})
afterEach(() => stand.close())

test('a held sign-in from elsewhere leads over to the portal, and goes on once it was taken', async () => {
  await emergencies(true)
  const client = await stand.signInHeld()
  const page = await client.get(`${step}?to=%2Fhome`)
  const href = /href="([^"]*emergency[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(page.text).toContain('Mark, extension 12')
  const ticket = await stand.goOver(client, href)
  expect(stand.control.tickets.get(hashToken(ticket))).toMatchObject({
    ...{ reason: 'emergency', tokenHash: hashOf(client), to: '/home' },
  })
  // A proof alone opens nothing.
  const proved = await stand.prove(client, '/home')
  expect((await client.get(proved.headers.location ?? '')).text).toContain('approved networks')
  await grant()
  const gone = await client.get(`${step}?to=%2Fhome`)
  expect([gone.status, gone.headers.location]).toEqual([303, '/home'])
  expect((await client.get('/home')).status).toBe(200)
})

test('is offered to nobody whose practice or role does not have it', async () => {
  await emergencies(false)
  const answer = await stand.signIn(stand.client(), 'ann')
  expect(answer.status).toBe(403)
  expect(answer.text).not.toContain('mergency')
  await stand.control.savePolicy('riverside', (document) => ({ ...document }))
  await stand.control.savePolicy('riverside', ({ roles, ...document }) => ({
    ...document,
    emergency: { ...document.emergency, allowed: true },
    roles: roles.map((role) => ({
      ...role,
      permissions: role.permissions.filter((id) => id !== 'gw.break-glass'),
    })),
  }))
  await stand.known()
  expect((await stand.signIn(stand.client(), 'ann')).text).not.toContain('mergency')
})

test('somebody who is in and is shut out is offered it on the refusal, and only they', async () => {
  const client = stand.client()
  await stand.signIn(client, 'ann')
  await emergencies(true)
  const page = await client.get('/patients/7')
  expect(page.status).toBe(403)
  const href = /href="([^"]*emergency[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(href).toBe(`${wayTo}&to=%2Fpatients%2F7`)
  await stand.goOver(client, href)
  const copied = stand.client()
  copied.cookies.set('gatehouse', client.cookies.get('gatehouse') ?? '')
  expect((await copied.get(href)).headers.location).toBe('/patients/7')
  await grant()
  expect((await client.get('/patients/7')).status).toBe(200)
})

test('lifts no permission and no revocation, and pages say that it is on', async () => {
  const client = stand.client()
  await stand.signIn(client, 'ann')
  await emergencies(true)
  await grant()
  await stand.control.savePolicy('riverside', ({ controls, ...document }) => ({
    ...document,
    controls: { ...controls, permission: { ...controls.permission, mode: 'enforce' } },
  }))
  await stand.member({ roles: ['front-desk'] })
  const refused = await client.send('/patients/7', { method: 'DELETE', navigation: true })
  expect(refused.status).toBe(403)
  for (const page of [refused, await client.get('/.gatehouse/practices'), await client.get(`${step}?leave`)])
    expect(page.text).toContain('You are using emergency access until')
  await stand.control.revoke('riverside', 'usr_ann')
  await stand.known()
  expect((await client.get('/patients/7', { navigation: false })).status).toBe(401)
})

test('where nothing keeps them out there is no way over', async () => {
  const client = stand.client()
  await stand.signIn(client, 'ann')
  expect((await client.get(`${wayTo}&to=%2Fhome`)).headers.location).toBe('/home')
  expect(stand.control.tickets.size).toBe(0)
})
