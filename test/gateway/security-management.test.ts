/**
 * Goal: the way to the admin origin begins only in a browser that holds a live session's companion, and carries nothing of
 * it along. Method: navigations, scripts, strangers and held sign-ins at the link's address, on a stand of two gateways.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashToken } from '../../runtime/token.ts'
import { type FactorStand, hashOf, signInProved, startFactorStand, step } from '../support/factor-stand.ts'

const link = '/.gatehouse/security-management'

let stand: FactorStand
beforeEach(async () => {
  stand = await startFactorStand()
  await stand.require2fa()
  await stand.member({ factors: ['totp'] })
})
afterEach(() => stand.close())

test('leads a signed-in person over with a ticket of this very session, and nothing else', async () => {
  const client = await signInProved(stand)
  const gone = await client.get(link)
  expect([gone.status, gone.headers['cache-control'], gone.headers['referrer-policy']]).toEqual([
    ...[303, 'no-store', 'no-referrer'],
  ])
  const [, ticket = ''] =
    /^http:\/\/admin\.example\/hand-over\?ticket=([\w-]{43})$/.exec(gone.headers.location ?? '') ?? []
  expect(stand.control.entries.get(hashToken(ticket))).toEqual({
    ...{ ticketHash: hashToken(ticket), tokenHash: hashOf(client) },
    origin: new URL(stand.gateways[0]!.addresses.application).origin,
  })
  expect(gone.headers.location).not.toContain(client.cookies.get('gatehouse') ?? '-')
  expect(stand.application.arrived.filter(({ url }) => url.includes('.gatehouse'))).toEqual([])
})

test('is for pages that are opened, of the companion’s own person', async () => {
  const client = await signInProved(stand)
  expect((await client.get(link, { navigation: false })).status).toBeGreaterThanOrEqual(400)
  expect((await client.post(link, { form: {} })).status).toBe(404)
  expect((await stand.client().get(link)).headers.location).toBe('/sign-in')
  client.cookies.set('sid', stand.application.signInDirectly('ben'))
  expect((await client.get(link)).headers.location).toBe('/sign-in')
  expect(stand.control.entries.size).toBe(0)
})

test('leads a held sign-in to its step, and a few a minute on', async () => {
  const held = await stand.signInHeld()
  expect((await held.get(link)).headers.location).toBe(step)
  expect(stand.control.entries.size).toBe(0)
  const client = await signInProved(stand)
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.get(link)))
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(12)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(8)
})

test('one’s own sessions are reached in the same way, at the portal: by whoever is in, and owes no step', async () => {
  const account = '/.gatehouse/account'
  const client = await signInProved(stand)
  const gone = await client.get(account)
  expect(gone.headers.location).toMatch(/^http:\/\/portal\.example\/hand-over\?ticket=[\w-]{43}&at=account$/)
  expect((await stand.client().get(account)).headers.location).toBe('/sign-in')
  expect((await client.post(account, { form: {} })).status).toBe(404)
  const held = await stand.signInHeld()
  expect((await held.get(account)).headers.location).toMatch(
    /^http:\/\/portal\.example\/hand-over\?ticket=[\w-]{43}$/,
  )
})

test('waits on a clear page while the control plane is away', async () => {
  const client = await signInProved(stand)
  stand.control.stop()
  const away = await client.get(link)
  expect([away.status, away.headers.refresh]).toEqual([503, '10'])
  expect(away.text).toContain('Security Management cannot be reached')
})

test('a page of ours shows the way to whoever looks after access, and to nobody else', async () => {
  const client = await signInProved(stand)
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: '203.0.113.0/24', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'Olivia', createdAt: 0 },
      },
    ],
  }))
  await stand.known()
  const shown = async () => (await client.get('/schedule')).text
  const plain = await shown()
  expect([plain.includes('Your address'), plain.includes(link)]).toEqual([true, false])
  await stand.member({ roles: ['owner'] })
  expect(await shown()).toContain(`href="${link}"`)
})
