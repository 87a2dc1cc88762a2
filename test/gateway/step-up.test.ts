/**
 * Goal: what somebody proved counts for one browser, for a while, in all their practices. Method: two gateways on one
 * store under a stepped clock; stolen cookies, other people's cookies, forms, scripts and sockets ask for what is owed.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ownBeginnings, setsOwnCookie } from '../../gateway/cookie-names.ts'
import { hashToken } from '../../runtime/token.ts'
import type { Client } from '../support/client.ts'
import {
  type FactorStand,
  minutes,
  over,
  signInProved,
  startFactorStand,
  step,
} from '../support/factor-stand.ts'
import { eventually } from '../support/gateway-stand.ts'

let stand: FactorStand
beforeEach(async () => {
  stand = await startFactorStand()
})
afterEach(() => stand.close())

describe('a stolen application cookie without the companion', () => {
  test('stays at level “password” forever, also next to the browser that was adopted a moment ago', async () => {
    await stand.member({ factors: ['totp'] })
    const sid = stand.application.signInDirectly('ann')
    const victim = stand.client()
    victim.cookies.set('sid', sid)
    const thief = stand.client()
    const same = stand.client()
    for (const one of [thief, same]) one.cookies.set('sid', sid)
    // All at once from one address: one browser gets the companion, the others come without.
    await Promise.all([victim, thief, same].map((client) => client.get('/patients/7')))
    const having = [victim, thief, same].filter((client) => client.cookies.has('gatehouse'))
    expect(having).toHaveLength(1)
    const [adopted = victim] = having
    const others = [victim, thief, same].filter((client) => client !== adopted)
    const soon = await Promise.all(others.map((client) => client.get('/patients/7')))
    expect(soon.map(({ headers }) => headers['set-cookie'])).toEqual([undefined, undefined])
    await stand.require2fa()
    const refused = await adopted.get('/patients/7')
    expect(refused.headers.location).toMatch(/^\/\.gatehouse\/access\?code=GH-.*&to=%2Fpatients%2F7$/)
    expect((await stand.prove(adopted, '/patients/7')).headers.location).toBe(`${step}?to=%2Fpatients%2F7`)
    expect((await adopted.get('/patients/7')).text).toBe('page for ann')
    await stand.known()
    for (const elapsed of [0, 31_000, 31_000]) {
      stand.clock.elapse(elapsed)
      for (const client of others)
        for (const at of [0, 1])
          for (const navigation of [false, true]) {
            const answer = await stand.elsewhere(client, at).get('/patients/7', { navigation })
            expect([401, 303]).toContain(answer.status)
            expect(answer.headers.location ?? step).toContain(step)
            expect(client.cookies.get('gatehouse')).not.toBe(adopted.cookies.get('gatehouse'))
          }
    }
    expect((await adopted.get('/patients/7')).text).toBe('page for ann')
  })

  test('gets a companion of its own when a page is opened, so that its owner can prove a factor there', async () => {
    await stand.require2fa()
    await stand.member({ factors: ['totp'] })
    const client = stand.client()
    client.cookies.set('sid', stand.application.signInDirectly('ann'))
    const refused = await client.get('/patients/7')
    expect(refused.status).toBe(303)
    expect(client.cookies.has('gatehouse')).toBe(true)
    expect((await client.get(refused.headers.location ?? '')).text).toContain('One more step')
    await stand.goOver(client, `${over}?to=%2Fpatients%2F7`)
    await stand.prove(client, '/patients/7')
    expect((await client.get('/patients/7')).text).toBe('page for ann')
  })
})

describe('step-up of somebody who is signed in', () => {
  beforeEach(async () => {
    await stand.require2fa()
    await stand.member({ factors: ['totp'] })
  })

  test('is asked for when the proof is older than the route takes, on both gateways, and leads back', async () => {
    const client = await signInProved(stand)
    expect((await client.get('/reports?y=1')).text).toBe('page for ann')
    stand.clock.advance(15 * minutes)
    expect((await client.get('/patients/7')).text).toBe('page for ann')
    for (const at of [0, 1]) {
      const there = stand.elsewhere(client, at)
      const refused = await there.get('/reports?y=1')
      expect(refused.status).toBe(303)
      const shown = await there.get(refused.headers.location ?? '')
      expect(shown.text).toContain('One more step')
      const ticket = await stand.goOver(there, String(shown.headers.refresh).slice('0;url='.length))
      expect(stand.control.tickets.get(hashToken(ticket))).toMatchObject({
        reason: 'two-factor-too-old',
        to: '/reports?y=1',
        origin: stand.base(at),
      })
    }
    const back = await stand.prove(client, '/reports?y=1')
    expect((await client.get(back.headers.location ?? '')).headers.location).toBe('/reports?y=1')
    expect((await client.get('/reports?y=1')).text).toBe('page for ann')
    // The other gateway may not have heard of it yet: its step looks before it asks.
    const there = stand.elsewhere(client)
    const maybe = await there.get('/reports?y=1')
    if (maybe.status === 303)
      expect((await there.get(maybe.headers.location ?? '')).headers.location).toMatch(
        /^\/(reports|\.gatehouse)/,
      )
    await eventually(async () => (await there.get('/reports?y=1')).status === 200, 'known there')
  })

  test('tells a script where, and for what; the step asks for that', async () => {
    const client = await signInProved(stand)
    stand.clock.advance(15 * minutes)
    const refused = await client.get('/reports', { navigation: false })
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toContain('insufficient_user_authentication')
    const problem = refused.json() as { error: string; step: string }
    expect(problem).toMatchObject({ error: 'step_up_required', step: `${step}?for=GET%20%2Freports` })
    expect((await client.get(`${problem.step}&to=%2Fpatients%2F7`)).text).toContain('One more step')
    expect((await client.get(`${step}?to=%2Fpatients%2F7`)).headers.location).toBe('/patients/7')
  })

  test('of a form says that it was not sent, and links to the step and back to the form', async () => {
    const client = await signInProved(stand)
    stand.clock.advance(15 * minutes)
    const sent = async (referer: string): Promise<string> => {
      const arrived = stand.application.arrived.length
      const refused = await client.post('/reports', { form: { a: '1' }, headers: { referer } })
      expect(refused.status).toBe(401)
      expect(refused.text).toContain('What you entered was not sent')
      expect(stand.application.arrived).toHaveLength(arrived)
      return (/<a class="first" href="([^"]+)">Confirm it is you/.exec(refused.text)?.[1] ?? '').replaceAll(
        '&amp;',
        '&',
      )
    }
    expect(await sent('https://evil.example/x')).toBe(`${step}?for=POST%20%2Freports&to=%2F`)
    expect(await sent('junk')).toBe(`${step}?for=POST%20%2Freports&to=%2F`)
    const link = await sent(`${stand.base()}/patients/7?tab=2`)
    expect(link).toBe(`${step}?for=POST%20%2Freports&to=%2Fpatients%2F7%3Ftab%3D2`)
    const shown = await client.get(link)
    const ticket = await stand.goOver(client, String(shown.headers.refresh).slice('0;url='.length))
    expect(stand.control.tickets.get(hashToken(ticket))).toMatchObject({
      reason: 'two-factor-too-old',
      to: '/patients/7?tab=2',
    })
    await stand.prove(client, '/patients/7?tab=2')
    expect((await client.post('/reports', { form: { a: '1' } })).status).toBe(200)
  })

  test('leads to pages of this origin only, and asks for nothing that is not owed', async () => {
    const client = await signInProved(stand)
    stand.clock.advance(15 * minutes)
    const bad = [
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'https://evil.example',
      '/.gatehouse/x',
    ]
    for (const to of bad)
      expect((await client.get(`${step}?to=${encodeURIComponent(to)}`)).headers.location).toBe('/')
    expect((await client.get(`${step}?to=%2Fpublic%2Fbook`)).headers.location).toBe('/public/book')
    expect((await client.get(`${step}?for=${encodeURIComponent('GET //evil.example')}`)).status).toBe(303)
    expect((await client.get(`${step}?to=${'%2Fx'.repeat(600)}`)).headers.location).toBe('/')
  })

  test('is for the companion’s own person: the cookie of another one ends it', async () => {
    const client = await signInProved(stand)
    client.cookies.set('sid', stand.application.signInDirectly('ben'))
    expect((await client.get(over)).headers.location).toBe('/')
    expect(stand.control.tickets.size).toBe(0)
    client.cookies.delete('sid')
    expect((await client.get(over)).headers.location).toMatch(/^\/(sign-in)?$/)
  })

  test('of a WebSocket is a plain 401', async () => {
    const client = await signInProved(stand)
    stand.clock.advance(15 * minutes)
    const refused = await client.get('/reports', {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    })
    expect(refused.status).toBe(401)
    expect(refused.headers.location).toBeUndefined()
  })

  test('of an idle session leads to the sign-in, not to the portal', async () => {
    const client = await signInProved(stand)
    stand.clock.advance(40 * 86_400_000)
    expect((await client.get(`${over}?to=%2Freports`)).headers.location).toBe('/reports')
    expect((await client.get('/reports')).status).toBe(401)
    expect(stand.control.tickets.size).toBe(0)
  })

  test('“my second factor” leads to the portal without a reason', async () => {
    const client = await signInProved(stand)
    const ticket = await stand.goOver(client)
    expect(stand.control.tickets.get(hashToken(ticket))).toMatchObject({ reason: null, to: null })
    const away = stand.client()
    expect((await away.get(over)).headers.location).toBe('/sign-in')
  })

  test('tells the application how and when somebody proved who they are', async () => {
    const client = await signInProved(stand)
    const claims = (): Record<string, unknown> => {
      const token = String(stand.application.arrived.at(-1)?.headers['x-gatehouse-assertion'])
      return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
        string,
        unknown
      >
    }
    await client.get('/patients/7')
    const verifiedAt = stand.sessionOf(client)?.factor?.verifiedAt ?? 0
    expect(claims()).toMatchObject({
      acr: 'two-factor',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: Math.floor(verifiedAt / 1_000),
    })
    await stand.control.savePolicy('riverside', (document) => ({
      ...document,
      controls: { ...document.controls, twoFactor: { ...document.controls.twoFactor, mode: 'off' } },
    }))
    await stand.known()
    const thief = stand.client()
    thief.cookies.set('sid', client.cookies.get('sid') ?? '')
    await thief.get('/patients/7', { navigation: false })
    expect(claims()).toMatchObject({ acr: 'password', amr: [] })
    expect(claims()).not.toHaveProperty('auth_time')
  })
})

describe('a copy of the companion from before the proof', () => {
  beforeEach(async () => {
    await stand.require2fa()
    await stand.member({ factors: ['totp'] })
  })

  const copyOf = (client: Client, at = 0): Client => {
    const copy = stand.client('127.0.0.1', at)
    for (const [name, value] of client.cookies) copy.cookies.set(name, value)
    return copy
  }

  test('is worth nothing after it, on either gateway, and what it comes with is not taken from the browser', async () => {
    const client = await signInProved(stand)
    stand.clock.advance(16 * minutes)
    const [here, there] = [copyOf(client), copyOf(client, 1)]
    const back = await stand.prove(client, '/reports')
    expect((await client.get(back.headers.location ?? '')).headers.location).toBe('/reports')
    expect((await client.get('/reports')).status).toBe(200)
    await stand.known()
    for (const copy of [here, there]) {
      const late = await copy.get('/patients/7', { navigation: false })
      expect([late.status, (late.json() as { reason: string }).reason]).toEqual([401, 'session-ended'])
      // An answer that is only late must not take the new companion from the browser that has it by now.
      expect(late.headers['set-cookie']).toBeUndefined()
      expect((await copy.get('/reports')).status).toBe(401)
      expect(copy.cookies.has('gatehouse')).toBe(false)
      expect(copy.cookies.has('sid')).toBe(true)
    }
    // Without any companion: the application's cookie alone, worth a password.
    const bare = await here.get('/reports', { navigation: false })
    expect([bare.status, (bare.json() as { error: string }).error]).toEqual([401, 'step_up_required'])
    expect((await client.get('/reports')).status).toBe(200)
    const seen = stand.application.arrived.length
    await copyOf(client, 1).get('/public/book')
    expect(stand.application.arrived.slice(seen).map(({ user }) => user)).toEqual(['ann'])
  })
})

describe('somebody with two practices', () => {
  test('confirms once for both', async () => {
    for (const practice of ['riverside', 'lakeview']) {
      await stand.require2fa(practice)
      await stand.control.saveMember(practice, 'usr_ben', (before) => ({ ...before, factors: ['totp'] }))
    }
    await stand.known()
    const client = stand.client()
    await stand.signIn(client, 'ben')
    const back = await stand.prove(client)
    await client.get(back.headers.location ?? '')
    for (const practice of ['riverside', 'lakeview']) {
      client.cookies.set('practice', practice)
      expect((await client.get('/patients/7')).text).toBe('page for ben')
    }
  })

  test('is let in by the one that asks for none; the other one asks when it is gone to', async () => {
    await stand.require2fa('riverside')
    const client = stand.client()
    expect((await stand.signIn(client, 'ben')).headers.location).toBe('/home')
    client.cookies.set('practice', 'riverside')
    expect((await client.get('/patients/7')).headers.location).toContain(step)
    client.cookies.set('practice', 'lakeview')
    expect((await client.get('/patients/7')).text).toBe('page for ben')
  })
})

test.each(['gatehouse-portal', '__Host-gatehouse-portal', 'Gatehouse.Portal', '__secure-gatehouse_portal'])(
  'the portal’s cookie as %s never reaches the application, nor may it set one',
  async (name) => {
    await stand.client().get('/public/book', { headers: { cookie: `${name}=secret; theme=dark` } })
    expect(stand.application.arrived.at(-1)?.headers.cookie).toBe('theme=dark')
    expect(setsOwnCookie(`${name}=forged; Path=/`, ownBeginnings('gatehouse'))).toBe(true)
  },
)
