/**
 * Goal: where people sign in at the gateway, only the browser that began is signed in, and the sign-in is judged as any
 * other. Method: two gateways on one store; the control plane of the test lays proofs as the portal's would.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hashToken } from '../../runtime/token.ts'
import type { Answer, Client } from '../support/client.ts'
import { type FactorStand, hashOf, startFactorStand, step } from '../support/factor-stand.ts'
import { providerRules, withOwnSignIn } from '../support/own-identity.ts'

const page = '/.gatehouse/sign-in'

let stand: FactorStand
beforeEach(async () => {
  stand = await startFactorStand((config) => ({
    ...config,
    upstreams: config.upstreams.map((upstream) => ({
      ...withOwnSignIn(upstream, [providerRules('https://provider.example')]),
      practice: { ...upstream.practice, cookie: null, fixed: 'riverside' },
    })),
  }))
})
afterEach(() => stand.close())

/** Begins as a browser does that was sent to sign in; what was begun. */
const begin = async (client: Client, to = '/patients/7'): Promise<string> => {
  const answer = await client.get(`${page}?to=${encodeURIComponent(to)}`)
  expect(answer.status).toBe(303)
  return /begin=([A-Za-z0-9_-]{43})$/.exec(answer.headers.location ?? '')?.[1] ?? ''
}

const bringBack = (client: Client, proof: string): Promise<Answer> => client.get(`${step}?signed-in=${proof}`)

const signIn = async (client: Client, user = 'ann', to?: string): Promise<Answer> =>
  bringBack(client, stand.control.laySignIn(await begin(client, to), user))

const arrivals = (): number => stand.application.arrived.length

describe('somebody without a session', () => {
  test('is led to the portal with the hash of a cookie that no address shows', async () => {
    const client = stand.client()
    const asked = await client.get('/patients/7?tab=2')
    expect([asked.status, asked.headers.location]).toEqual([303, `${page}?to=%2Fpatients%2F7%3Ftab%3D2`])
    const answer = await client.get(asked.headers.location ?? '')
    const token = client.cookies.get('gatehouse-begin') ?? ''
    expect(answer.headers.location).toBe(`http://portal.example/sign-in?begin=${hashToken(token)}`)
    expect(answer.headers['set-cookie']).toEqual([
      `gatehouse-begin=${token}; Max-Age=600; Path=/; HttpOnly; SameSite=Lax`,
    ])
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
    expect([...stand.control.signIns.values()]).toEqual([
      { beginHash: hashToken(token), upstream: 'app', origin: stand.base(), to: '/patients/7?tab=2' },
    ])
    expect(arrivals()).toBe(0)
  })

  test('is led nowhere by a script, and to no other origin', async () => {
    expect((await stand.client().get(page, { navigation: false })).status).toBe(400)
    expect(stand.control.signIns.size).toBe(0)
    await begin(stand.client(), '//evil.example/')
    await begin(stand.client(), '/.gatehouse/access?leave')
    expect([...stand.control.signIns.values()].map(({ to }) => to)).toEqual([null, null])
  })

  test('is told so while the control plane is away', async () => {
    stand.control.stop()
    const answer = await stand.client().get(page)
    expect(answer.status).toBe(503)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })
})

describe('a proof', () => {
  test('signs in the browser that began: a new companion, and the application is told who it is', async () => {
    const client = stand.client()
    client.cookies.set('gatehouse', 'A'.repeat(43))
    const answer = await signIn(client)
    expect([answer.status, answer.headers.location]).toEqual([303, '/patients/7'])
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
    expect(client.cookies.has('gatehouse-begin')).toBe(false)
    expect(client.cookies.get('gatehouse')).not.toBe('A'.repeat(43))
    expect(stand.sessionOf(client)).toMatchObject({ user: 'usr_ann', method: 'own-oidc', cookieHash: null })
    for (const at of [0, 1]) {
      expect((await stand.elsewhere(client, at).get('/patients/7')).status).toBe(200)
      const { headers } = stand.application.arrived.at(-1)!
      expect(headers['x-gatehouse-user']).toBe('usr_ann')
      expect(headers['x-gatehouse-assertion']).toMatch(/^ey/)
      expect(headers.cookie ?? '').not.toContain('gatehouse')
    }
  })

  test.each([
    [
      'of somebody else’s beginning',
      async (victim: Client, attacker: Client) => {
        await begin(victim)
        return stand.control.laySignIn(await begin(attacker), 'ben')
      },
    ],
    [
      'in a browser that began nothing',
      async (_: Client, attacker: Client) => stand.control.laySignIn(await begin(attacker), 'ben'),
    ],
    [
      'that was never laid',
      async (victim: Client) => {
        await begin(victim)
        return 'B'.repeat(43)
      },
    ],
    [
      'of another form',
      async (victim: Client) => {
        await begin(victim)
        return 'x'
      },
    ],
  ])('%s signs nobody in', async (_, lay) => {
    const [victim, attacker] = [stand.client(), stand.client('127.0.0.66')]
    const answer = await bringBack(victim, await lay(victim, attacker))
    expect(answer.status).toBe(403)
    expect(victim.cookies.has('gatehouse')).toBe(false)
    expect(stand.control.sessions.size).toBe(0)
    expect((await victim.get('/patients/7')).status).toBe(303)
    expect(arrivals()).toBe(0)
  })

  test('counts once, for a minute, and not for a script', async () => {
    const client = stand.client()
    const proof = stand.control.laySignIn(await begin(client), 'ann')
    const again = client.elsewhere({})
    const token = client.cookies.get('gatehouse-begin') ?? ''
    expect((await client.get(`${step}?signed-in=${proof}`, { navigation: false })).status).toBe(400)
    expect((await bringBack(client, proof)).status).toBe(303)
    again.cookies.set('gatehouse-begin', token)
    expect((await bringBack(again, proof)).status).toBe(403)
    const late = stand.client()
    const lateProof = stand.control.laySignIn(await begin(late), 'ann')
    stand.clock.advance(60_001)
    await stand.known()
    expect((await bringBack(late, lateProof)).status).toBe(403)
    expect(stand.control.sessions.size).toBe(1)
  })

  test('of somebody whom the directory does not know opens nothing', async () => {
    const client = stand.client()
    expect((await signIn(client, 'stranger')).status).toBe(403)
    expect(client.cookies.has('gatehouse')).toBe(false)
    expect(arrivals()).toBe(0)
  })
})

test('by a way that the practice has closed opens nothing, and says what to do', async () => {
  const client = stand.client()
  const answer = await signIn(client, 'closed')
  expect(answer.status).toBe(403)
  expect(answer.text).toContain('choose another way')
  expect(client.cookies.has('gatehouse')).toBe(false)
  expect(stand.control.sessions.size).toBe(0)
  expect(arrivals()).toBe(0)
})

describe('a sign-in here', () => {
  test('that owes a second factor is held, goes on to where it was going, and reaches nothing before', async () => {
    await stand.require2fa()
    await stand.member({ factors: ['totp'] })
    const client = stand.client()
    const held = await signIn(client)
    expect(held.headers.location).toMatch(/^\/\.gatehouse\/access\?code=GH-.*&to=%2Fpatients%2F7$/)
    expect(stand.sessionOf(client)).toMatchObject({ held: true, factor: null })
    expect((await stand.elsewhere(client).get('/patients/7')).headers.location).toMatch(
      /^\/\.gatehouse\/access/,
    )
    expect((await client.get('/patients/7', { navigation: false })).status).toBe(401)
    expect((await client.get(held.headers.location ?? '')).text).toContain('One more step')
    const back = await stand.prove(client, '/patients/7')
    const gone = await client.get(back.headers.location ?? '')
    expect(gone.headers.location).toBe('/patients/7')
    expect(arrivals()).toBe(0)
    expect((await client.get('/patients/7')).status).toBe(200)
    expect(stand.sessionOf(client)).toMatchObject({ held: false })
  })

  test('is over at once when it is revoked, and leads to signing in again, which counts', async () => {
    const client = stand.client()
    await signIn(client)
    expect((await client.get('/patients/7')).status).toBe(200)
    await stand.control.revoke('riverside', 'usr_ann')
    await stand.known()
    for (const at of [0, 1])
      expect((await stand.elsewhere(client, at).get('/patients/7', { navigation: false })).status).toBe(401)
    expect((await signIn(client)).headers.location).toBe('/patients/7')
    expect((await client.get('/patients/7')).status).toBe(200)
  })

  test('ends the one before it, and leaving ends it', async () => {
    const client = stand.client()
    await signIn(client)
    const before = hashOf(client)
    await signIn(client)
    expect(stand.control.sessions.get(before)?.record.ended?.why).toBe('replaced')
    const form = await client.get(`${step}?leave`)
    const token = /name="token" value="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const left = await client.post(step, {
      form: { token, do: 'leave' },
      headers: { origin: stand.base(), 'sec-fetch-site': 'same-origin' },
    })
    expect(left.headers.location).toBe(page)
    expect(client.cookies.has('gatehouse')).toBe(false)
  })

  test('does not open a WebSocket from a page of another origin', async () => {
    const client = stand.client()
    await signIn(client)
    const shake = (origin: string) =>
      client.get('/patients/7', {
        navigation: false,
        headers: {
          ...{ connection: 'Upgrade', upgrade: 'websocket', origin, 'sec-websocket-version': '13' },
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      })
    expect((await shake('http://127.0.0.1:1')).status).toBe(401)
  })
})
