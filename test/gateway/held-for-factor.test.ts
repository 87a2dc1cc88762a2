/**
 * Goal: a sign-in that owes a second factor waits for it, and only the browser that began goes on. Method: two gateways
 * on one store; the control plane of the test takes tickets and lays proofs as the portal's would.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parkedForMs } from '../../gateway/parked.ts'
import { hashToken } from '../../runtime/token.ts'
import type { Client } from '../support/client.ts'
import {
  type FactorStand,
  hashOf,
  minutes,
  over,
  signInProved,
  startFactorStand,
  step,
} from '../support/factor-stand.ts'

let stand: FactorStand
beforeEach(async () => {
  stand = await startFactorStand()
})
afterEach(() => stand.close())

describe('a sign-in that owes a second factor', () => {
  beforeEach(async () => {
    await stand.require2fa()
    await stand.member({ factors: ['totp'] })
  })

  test('waits; the step leads to the portal with a ticket, of which only the hash leaves the gateway', async () => {
    const client = await stand.signInHeld()
    const page = await stand.elsewhere(client).get('/patients/7?tab=2')
    expect(page.status).toBe(303)
    const shown = await client.get(page.headers.location ?? '')
    expect(shown.status).toBe(200)
    expect(shown.text).toContain('One more step')
    expect(shown.text).toContain('Sign in as someone else')
    expect(shown.headers['content-security-policy']).toContain("default-src 'none'")
    const refresh = String(shown.headers.refresh)
    expect(refresh).toMatch(/^0;url=\/\.gatehouse\/second-factor\?/)
    const ticket = await stand.goOver(client, refresh.slice('0;url='.length))
    expect([...stand.control.tickets.keys()]).toEqual([hashToken(ticket)])
    expect(stand.control.tickets.get(hashToken(ticket))).toEqual({
      ticketHash: hashToken(ticket),
      tokenHash: hashOf(client),
      reason: 'two-factor-not-verified',
      origin: stand.base(),
      to: '/patients/7?tab=2',
      address: '127.0.0.1',
    })
  })

  test('goes on with the application’s own answer after the proof, on the other gateway, once', async () => {
    const client = await stand.signInHeld()
    const proof = stand.control.layProof(hashOf(client))
    const there = stand.elsewhere(client)
    const back = await stand.prove(there, '/patients/7', proof)
    expect([back.status, back.headers.location]).toEqual([303, `${step}?to=%2Fpatients%2F7`])
    expect(back.headers['referrer-policy']).toBe('no-referrer')
    // Nothing of the application's yet; and a new companion, for whoever copied the old one.
    expect(back.headers['set-cookie']).toEqual([
      expect.stringMatching(/^gatehouse=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
    const gone = await client.get(back.headers.location ?? '')
    expect(gone.headers.location).toBe('/patients/7')
    expect(client.cookies.has('sid')).toBe(true)
    expect((await there.get('/patients/7')).text).toBe('page for ann')
    expect((await client.get('/patients/7')).text).toBe('page for ann')
    expect(stand.application.arrived.filter(({ url }) => url === '/sign-in')).toHaveLength(1)
    // Brought twice, by a reload: it counted once, and is no way in for anybody else.
    expect((await stand.prove(client, undefined, proof)).headers.location).toBe(step)
    const other = await stand.signInHeld()
    expect((await stand.prove(other, undefined, proof)).status).toBe(403)
    expect(stand.sessionOf(other)).toMatchObject({ held: true, factor: null })
  })

  test('is not helped by the proof of another session: a coaxed code raises nobody', async () => {
    const attacker = await stand.signInHeld('127.0.0.66')
    const victim = await stand.signInHeld()
    // The attacker’s own link was opened, and the right code typed, in the victim’s browser.
    const proof = stand.control.layProof(hashOf(attacker))
    const late = await stand.prove(victim, undefined, proof)
    expect(late.status).toBe(403)
    expect(late.text).toContain('That took too long: try again')
    expect(late.headers['referrer-policy']).toBe('no-referrer')
    expect(late.text).not.toContain('<form')
    for (const client of [attacker, victim]) {
      expect(stand.sessionOf(client)).toMatchObject({ held: true, factor: null })
      expect((await client.get('/patients/7', { navigation: false })).status).toBe(401)
      expect(client.cookies.has('sid')).toBe(false)
    }
  })

  test('a proof that has run out, is made up, or comes without a companion opens nothing', async () => {
    const client = await stand.signInHeld()
    const proof = stand.control.layProof(hashOf(client))
    const stranger = stand.client()
    expect((await stand.prove(stranger, undefined, proof)).headers.location).toBe('/sign-in')
    stand.clock.advance(60_000)
    for (const one of [proof, 'x', '', 'A'.repeat(43), '%00', `${proof}&proof=x`])
      expect((await client.get(`${step}?proof=${one}`)).status).toBe(403)
    expect((await client.get(`${step}?proof=${stand.control.layProof(hashOf(client))}`)).status).toBe(303)
  })

  test('a ticket is for navigations of a companion only, and a few a minute', async () => {
    const client = await stand.signInHeld()
    expect((await client.get(over, { navigation: false })).status).toBe(401)
    expect((await client.post(over, { form: {} })).status).toBe(404)
    const asset = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    expect((await client.get(over, { headers: asset })).status).toBe(403)
    expect((await stand.client().get(over)).headers.location).toBe('/sign-in')
    expect(stand.control.tickets.size).toBe(0)
    const answers = await Promise.all(Array.from({ length: 30 }, () => client.get(over)))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(12)
    const waiting = answers.filter(({ status }) => status === 429)
    expect(waiting).toHaveLength(18)
    expect(new Set(waiting.map(({ headers }) => headers.refresh))).toEqual(new Set(['10']))
    expect(stand.control.tickets.size).toBe(12)
    await stand.goOver(await stand.signInHeld())
  })

  test('by a script gets a problem document; the next navigation shows the step', async () => {
    const client = stand.client()
    const answer = await client.post('/api/sign-in', { json: { user: 'ann', password: 'right' } })
    expect(answer.status).toBe(401)
    expect(answer.json()).toMatchObject({ reason: 'sign-in-held', step })
    const page = await client.get('/home')
    expect((await client.get(page.headers.location ?? '')).text).toContain('One more step')
  })

  test('proved too late asks to sign in again, and not for the code again', async () => {
    const client = await stand.signInHeld()
    stand.clock.advance(parkedForMs.factor)
    const back = await stand.prove(client)
    const shown = await client.get(back.headers.location ?? '')
    expect(shown.text).toContain('Confirmed: sign in again')
    expect(client.cookies.has('sid')).toBe(false)
    expect((await stand.press(client, 'again')).headers.location).toBe('/sign-in')
    expect((await client.get('/sign-in')).status).toBe(200)
    expect((await client.get('/patients/7')).headers.location).toContain('/sign-in')
    expect((await stand.signIn(client, 'ann')).headers.location).toBe('/home')
    expect((await client.get('/patients/7')).text).toBe('page for ann')
  })

  test('“again” goes nowhere without a proof', async () => {
    const client = await stand.signInHeld()
    expect((await stand.press(client, 'again')).headers.location).toBe(step)
    expect((await stand.press(client, 'later')).headers.location).toBe(step)
    expect(stand.sessionOf(client)?.held).toBe(true)
  })

  test('“sign in as someone else” has a page that stays, and ends it', async () => {
    const client = await stand.signInHeld()
    const page = await client.get(`${step}?leave`)
    expect(page.headers.refresh).toBeUndefined()
    // Under `no-referrer` browsers send a form from nowhere (`Origin: null`), and it would not count.
    expect(page.headers['referrer-policy']).toBe('same-origin')
    expect(page.text).toContain('Cancel')
    expect((await stand.press(client, 'leave', `${step}?leave`)).headers.location).toBe('/sign-in')
    expect(client.cookies.size).toBe(0)
  })

  test('while the control plane is away waits on a clear page; nothing is released', async () => {
    const client = await stand.signInHeld()
    const proof = stand.control.layProof(hashOf(client))
    stand.control.stop()
    const away = await client.get(over)
    expect([away.status, away.headers.refresh]).toEqual([503, '10'])
    expect(away.text).toContain('could not be reached')
    const proving = await stand.prove(client, undefined, proof)
    expect([proving.status, proving.headers.refresh]).toEqual([503, '10'])
    expect(proving.headers['referrer-policy']).toBe('no-referrer')
    expect(proving.text).not.toContain(proof)
    expect((await client.get(step)).text).toContain('One more step')
    expect(client.cookies.has('sid')).toBe(false)
    stand.control.restart()
    const back = await stand.prove(client, undefined, proof)
    expect((await client.get(back.headers.location ?? '')).headers.location).toBe('/home')
  })

  test('is told what is missing where what was proved is not enough, and is not sent round and round', async () => {
    await stand.control.savePolicy('riverside', (document) => ({
      ...document,
      stepUp: { reports: { maxAgeMs: 15 * minutes, phishingResistant: true } },
    }))
    await stand.known()
    const client = await signInProved(stand)
    const refused = await client.get('/reports')
    const first = await client.get(refused.headers.location ?? '')
    expect(first.headers.refresh).toMatch(/^0;url=/)
    const back = await stand.prove(client, '/reports')
    const shown = await client.get(back.headers.location ?? '')
    expect(shown.status).toBe(200)
    expect(shown.headers.refresh).toBeUndefined()
    expect(shown.text).toContain('A stronger second factor is needed')
  })

  test('a member whose last factor was taken away goes on nowhere without a new one', async () => {
    const client = await stand.signInHeld()
    await stand.member({ factors: [] })
    const ticket = await stand.goOver(client)
    expect(stand.control.tickets.get(hashToken(ticket))?.reason).toBe('two-factor-not-enrolled')
    expect((await client.get('/patients/7', { navigation: false })).status).toBe(401)
  })
})

describe('an application that keeps its cookie over a sign-in', () => {
  test('gains nothing by it: the cookie is held everywhere, and later worth a password only', async () => {
    await stand.require2fa()
    await stand.member({ factors: ['totp'] })
    stand.application.settings.rotates = false
    stand.application.sessions.set('fixed', null)
    const client = stand.client()
    client.cookies.set('sid', 'fixed')
    expect((await stand.signIn(client, 'ann')).status).toBe(303)
    const thief = (at: number): Client => {
      const one = stand.client('127.0.0.1', at)
      one.cookies.set('sid', 'fixed')
      return one
    }
    const steal = async (at: number) =>
      (await thief(at).get('/patients/7', { navigation: false })).json() as { reason: string }
    expect([(await steal(0)).reason, (await steal(1)).reason]).toEqual(['sign-in-held', 'sign-in-held'])
    const back = await stand.prove(client)
    await client.get(back.headers.location ?? '')
    expect(client.cookies.get('sid')).toBe('fixed')
    expect((await client.get('/patients/7')).text).toBe('page for ann')
    await stand.known()
    for (const at of [0, 1]) expect((await steal(at)).reason).toBe('two-factor-not-verified')
    expect(stand.application.arrived.filter(({ url }) => url.startsWith('/patients'))).toHaveLength(1)
  })
})

test('a hundred parallel sign-ins park within bounds, and each is held', async () => {
  await stand.require2fa()
  await stand.member({ factors: ['totp'] })
  const clients = Array.from({ length: 100 }, (_, i) => stand.client(`127.0.1.${i + 1}`, i % 2))
  const answers = await Promise.all(clients.map((client) => stand.signIn(client, 'ann')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
  expect(stand.held()).toHaveLength(100)
  expect(clients.filter((client) => client.cookies.has('sid'))).toEqual([])
  const pages = await Promise.all(
    clients.map(async (client) => client.get((await stand.prove(client)).headers.location ?? '')),
  )
  expect(pages.filter(({ status }) => status === 303)).toHaveLength(5)
  expect(pages.filter(({ text }) => text.includes('Confirmed: sign in again'))).toHaveLength(95)
})
