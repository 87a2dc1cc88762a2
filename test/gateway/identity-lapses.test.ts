/**
 * Goal: whatever becomes of an application's cookie after the sign-in, it is worth what its person's session is worth.
 * Method: cookies rewritten, planted, shared and reused, `/me` that fails in every way, and clients that are no browsers.
 */

import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Config, configSchema } from '../../runtime/config.ts'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { connectRaw } from '../support/raw-http.ts'
import { startTokenApplication } from '../support/token-application.ts'

let stand: Stand
afterEach(() => stand.close())

const sessions = () => [...stand.control.sessions.values()].map(({ record }) => record)
const second = (client: Client): Client =>
  client.elsewhere({ base: stand.gateways[1]!.addresses.application })
const ask = (client: Client, headers: Record<string, string> = {}) =>
  client.get('/patients/7', { navigation: false, headers })
const status = async (client: Client, headers: Record<string, string> = {}): Promise<number> =>
  (await ask(client, headers)).status
const revoke = async (practice: string, user: string): Promise<void> => {
  await stand.control.revoke(practice, user)
  await eventually(
    () => stand.gateways.every(({ state }) => state.sequence() === stand.control.sequence()),
    'known to both',
  )
}
const withCookie = (sid: string, at = 0): Client => {
  const client = stand.client('127.0.0.1', at)
  client.cookies.set('sid', sid)
  return client
}
/** The application's word is asked for anew; the lease is renewed meanwhile. */
const forget = async (client: Client): Promise<void> => {
  stand.clock.elapse(31_000)
  await eventually(async () => (await client.get('/.gatehouse/status')).status === 200, 'answering')
  await eventually(() => stand.gateways.every(({ missing }) => missing().length === 0), 'ready again')
}

const change =
  (identity: object) =>
  (config: Config): Config => ({
    ...config,
    upstreams: config.upstreams.map((upstream) => ({
      ...upstream,
      identity: upstream.identity && { ...upstream.identity, ...identity },
    })),
  })

describe('an application that rewrites its cookie with each answer', () => {
  beforeEach(async () => {
    stand = await startStand({ gateways: 2, change: change({ binding: 'user' }) })
    stand.application.settings.rewrites = true
  })

  test('keeps one session over twenty cookies and both gateways', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const seen = new Set<string>()
    for (let i = 0; i < 10; i += 1) {
      for (const one of [client, second(client)]) expect(await status(one)).toBe(200)
      seen.add(client.cookies.get('sid')!)
    }
    expect(seen.size).toBe(10)
    expect(sessions()).toMatchObject([{ user: 'usr_ann', ended: null, cookieHash: null }])
    // One that it replaced is nobody's once the application's word on it is old, and the session goes on.
    await forget(client)
    expect(await status(withCookie([...seen][0]!))).toBe(401)
    expect(await status(client)).toBe(200)
  })

  test('is over with the revocation of its user, by whatever cookie, on both gateways', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    await status(client)
    const kept = client.cookies.get('sid')!
    await revoke('riverside', 'usr_ann')
    const seen = stand.application.arrived.length
    for (const one of [client, second(client), withCookie(kept), withCookie(kept, 1)])
      expect(await status(one)).toBe(401)
    const unseen = stand.application.signInDirectly('ann')
    for (const at of [0, 1]) expect(await status(withCookie(unseen, at))).toBe(401)
    expect(stand.application.arrived).toHaveLength(seen)
    const fresh = stand.client()
    await stand.signIn(fresh, 'ann')
    expect([await status(fresh), await status(second(fresh))]).toEqual([200, 200])
  })

  test('another person behind the companion ends the session, as ever', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    client.cookies.set('sid', stand.application.signInDirectly('ben'))
    expect(await status(client)).toBe(200)
    expect(sessions()[0]).toMatchObject({ user: 'usr_ann', ended: { why: 'identity-mismatch' } })
  })
})

describe('a session id from before the sign-in', () => {
  beforeEach(async () => {
    stand = await startStand({ gateways: 2 })
    stand.application.settings.rotates = false
  })

  test('that somebody else planted stays at level “password”, apart from the session it was signed in with', async () => {
    const victim = withCookie('planted')
    await stand.signIn(victim, 'ann')
    expect([await status(victim), victim.cookies.get('sid')]).toEqual([200, 'planted'])
    const [own] = sessions()
    const thief = withCookie('planted', 1)
    // As with any stolen cookie: a session of its own, without factors, and seen by admins.
    expect((await thief.get('/patients/7')).status).toBe(200)
    expect(sessions()).toMatchObject([{ id: own!.id }, { user: 'usr_ann', method: 'adopted', factor: null }])
    expect(thief.cookies.get('gatehouse')).not.toBe(victim.cookies.get('gatehouse'))
    await revoke('riverside', 'usr_ann')
    for (const one of [victim, thief, second(victim), withCookie('planted')])
      expect(await status(one)).toBe(401)
    await stand.signIn(victim, 'ann')
    // The old cookie is good again for whom signed in, and for nobody without that session's companion.
    expect(await status(withCookie('planted', 1))).toBe(401)
  })

  test('that was nobody’s a moment ago is asked about anew', async () => {
    stand.application.sessions.set('early', null)
    const client = withCookie('early')
    expect(await status(client)).toBe(401)
    client.cookies.set('sid', 'early')
    await stand.signIn(client, 'ann')
    expect(await status(client)).toBe(200)
  })
})

describe('hosts beside one another', () => {
  beforeEach(async () => {
    stand = await startStand({
      gateways: 2,
      change: (config) => {
        const [app] = config.upstreams
        const there = { ...app!, id: 'beside', hosts: ['b.example.test'] }
        return { ...config, upstreams: [{ ...app!, hosts: ['*'] }, there] }
      },
    })
    stand.application.settings.cookieTail = '; Domain=example.test'
  })
  const a = { host: 'a.example.test' }
  const b = { host: 'b.example.test' }

  test('a cookie for all of them is no more there than what the application says, and is adopted there', async () => {
    const client = stand.client()
    await client.post('/sign-in', { form: { user: 'ann', password: 'right' }, headers: a })
    expect(await status(client, a)).toBe(200)
    const there = withCookie(client.cookies.get('sid')!, 1)
    expect(await status(there, b)).toBe(200)
    expect(sessions()).toMatchObject([
      { upstream: 'app', method: 'app-password' },
      { upstream: 'beside', method: 'adopted', epochs: { riverside: 0 } },
    ])
    // A companion of the other host speaks for nobody here, and is left alone.
    expect(await status(client, b)).toBe(200)
    expect(sessions()[0]?.ended).toBeNull()
    await revoke('riverside', 'usr_ann')
    for (const [one, host] of [
      [client, a],
      [client, b],
      [there, b],
      [there, a],
    ] as const)
      expect(await status(one, host)).toBe(401)
  })

  test('two cookies of one name identify nobody, and both are taken away', async () => {
    const sid = stand.application.signInDirectly('ann')
    const answer = await ask(stand.client(), { ...a, cookie: `sid=${sid}; sid=other` })
    expect(answer.status).toBe(401)
    const gone = answer.headers['set-cookie'] ?? []
    expect(gone.map((line) => /Domain=(.*)$/.exec(line)?.[1])).toEqual([
      undefined,
      'a.example.test',
      'example.test',
    ])
    expect(gone.every((line) => line.startsWith('sid=; ') && line.includes('Max-Age=0'))).toBe(true)
    expect(stand.application.arrived).toHaveLength(0)
  })
})

describe('an application that was started anew', () => {
  beforeEach(async () => {
    stand = await startStand({ gateways: 2 })
  })

  test('has lost its sessions: their people are nobody, and sign in again', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    expect([await status(client), await status(second(client))]).toEqual([200, 200])
    stand.application.sessions.clear()
    await forget(client)
    const seen = stand.application.arrived.length
    expect([await status(client), await status(second(client))]).toEqual([401, 401])
    expect(stand.application.arrived).toHaveLength(seen)
    expect((await stand.signIn(client, 'ann')).status).toBe(303)
    expect(await status(client)).toBe(200)
  })

  test('gives a cookie’s id to somebody else: they are judged as themselves, with nothing of the one before', async () => {
    const client = stand.client()
    await stand.signIn(client, 'owner')
    expect((await client.get('/payments')).status).toBe(200)
    const sid = client.cookies.get('sid')!
    stand.application.sessions.clear()
    stand.application.sessions.set(sid, 'ann')
    await forget(client)
    for (const one of [client, withCookie(sid), withCookie(sid, 1)]) {
      expect(await status(one)).toBe(200)
      expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-user']).toBe('usr_ann')
    }
    expect(sessions()[0]).toMatchObject({ user: 'usr_owner', ended: { why: 'identity-mismatch' } })
  })
})

describe('an application that says 200 for nobody', () => {
  const saying = (nobody: object | null) => (config: Config) => {
    const [app] = config.upstreams
    const introspection = { ...app!.identity!.introspection, path: '/me?format=json', nobody }
    return configSchema.parse({
      ...config,
      upstreams: [{ ...app, identity: { ...app!.identity, introspection } }],
    })
  }
  test.each([
    ['by its user', { field: 'id', values: [0] }],
    ['by a field of its own', { field: 'known', values: ['no', false] }],
  ])('is understood %s: strangers are asked to sign in, and people are known', async (_, nobody) => {
    stand = await startStand({ change: saying(nobody) })
    stand.application.settings.saysNobody = true
    expect(await status(withCookie('invented'))).toBe(401)
    const client = stand.client()
    await stand.signIn(client, 'ann')
    expect(await status(client)).toBe(200)
    expect(sessions()).toMatchObject([{ user: 'usr_ann', method: 'app-password' }])
  })

  test('is somebody called 0 to whom nobody told; a text "0" is not the number', async () => {
    stand = await startStand({ change: saying({ field: 'id', values: ['0'] }) })
    stand.application.settings.saysNobody = true
    // Known by a name that the directory has not.
    expect(await status(withCookie('invented'))).toBe(403)
  })
})

describe('a word that cannot be had', () => {
  beforeEach(async () => {
    stand = await startStand({ gateways: 2 })
  })

  for (const mode of ['fails', 'hangs', 'drips', 'long', 'lies', 'twice'] as const)
    test(`(${mode}) is neither yes nor no: 503, nothing forwarded, no cookie lost; then it works again`, async () => {
      const client = stand.client()
      await stand.signIn(client, 'ann')
      const seen = stand.application.arrived.length
      stand.application.settings.me = mode
      const fetched = await ask(second(client))
      expect([fetched.status, fetched.headers['retry-after'] !== undefined]).toEqual([503, true])
      const stranger = withCookie(stand.application.signInDirectly('ben'))
      expect((await stranger.get('/patients/7')).status).toBe(503)
      expect(stand.application.arrived).toHaveLength(seen)
      expect([client.cookies.size, stranger.cookies.size]).toEqual([2, 1])
      // Public pages go on, and nobody is signed in there; a form is not sent without its person.
      expect((await stranger.get('/public/book')).text).toBe('page for nobody')
      expect((await stranger.post('/public/book', { form: { a: '1' } })).status).toBe(503)
      stand.application.settings.me = 'ok'
      await eventually(async () => (await status(second(client))) === 200, 'known again')
      expect(sessions()).toMatchObject([{ user: 'usr_ann', ended: null }])
    })

  test('(slow) is waited for once, however many ask', async () => {
    stand.application.settings.me = 'slow'
    const sid = stand.application.signInDirectly('ann')
    const all = await Promise.all(Array.from({ length: 20 }, () => status(withCookie(sid))))
    expect(new Set(all)).toEqual(new Set([200]))
    expect([stand.application.settings.asked, stand.control.calls.opened]).toEqual([1, 1])
  })
})

describe('clients that are no browsers', () => {
  let tokens: Awaited<ReturnType<typeof startTokenApplication>>
  const begin = async (bearer: object): Promise<void> => {
    const login = { match: 'POST /auth/token', success: { status: [200], jsonField: 'access_token' } }
    stand = await startStand({
      gateways: 2,
      change: (config) =>
        configSchema.parse({
          ...config,
          upstreams: config.upstreams.map(({ identity, ...upstream }) => ({
            ...upstream,
            url: tokens.url,
            identity: {
              ...{ signInPage: '/', bearer, login: [login] },
              introspection: { path: '/settings', user: 'user.username' },
            },
            practice: { fixed: 'riverside' },
          })),
        }),
    })
  }
  beforeEach(async () => {
    tokens = await startTokenApplication()
    await begin({})
  })
  afterEach(() => tokens.close())

  const call = async (token: string | null, at = 0): Promise<string> => {
    const url = new URL(stand.gateways[at]!.addresses.application)
    const client = await connectRaw(Number(url.port))
    const line = token === null ? '' : `Authorization: Bearer ${token}\r\n`
    client.write(`GET /flows HTTP/1.1\r\nHost: ${url.host}\r\n${line}Connection: close\r\n\r\n`)
    return client.closed()
  }

  test('without Sec-Fetch or a jar are adopted once, answered by status, and revoked', async () => {
    const nobody = await call(null)
    expect(nobody).toMatch(/^HTTP\/1\.1 401 /)
    expect(nobody).toMatch(/\r\ncontent-type: application\/problem\+json/i)
    const token = tokens.signInDirectly('ann')
    for (let i = 0; i < 10; i += 1) expect(await call(token)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await call(token, 1)).toMatch(/^HTTP\/1\.1 200 /)
    expect(stand.control.calls.opened).toBeLessThanOrEqual(2)
    expect(sessions().every(({ method }) => method === 'adopted')).toBe(true)
    await revoke('riverside', 'usr_ann')
    const seen = tokens.arrived.length
    for (const [which, at] of [
      [token, 0],
      [token, 1],
      [tokens.signInDirectly('ann'), 0],
    ] as const)
      expect(await call(which, at)).toMatch(/^HTTP\/1\.1 401 /)
    expect(tokens.arrived.slice(seen).filter(({ path }) => path === '/flows')).toEqual([])
  })

  describe('whose application makes a new token at each sign-in', () => {
    const signIn = async (at = 0): Promise<string> => {
      const form = { username: 'ann', password: 'right' }
      const answer = await stand.client('127.0.0.1', at).post('/auth/token', { form, navigation: false })
      return (JSON.parse(answer.text) as { access_token: string }).access_token
    }
    const works = (token: string): Promise<readonly boolean[]> =>
      Promise.all([0, 1].map(async (at) => (await call(token, at)).startsWith('HTTP/1.1 200 ')))

    test('are known by the sign-in that made theirs, on every gateway, and again after a revocation', async () => {
      await stand.close()
      await begin({ newAtSignIn: true })
      const [first, planted] = [await signIn(), tokens.signInDirectly('ann')]
      expect([await works(first), await works(planted)]).toEqual([
        [true, true],
        [true, true],
      ])
      expect(sessions().filter(({ method }) => method === 'app-password')).toHaveLength(1)
      await revoke('riverside', 'usr_ann')
      const fresh = await signIn(1)
      expect(await works(fresh)).toEqual([true, true])
      for (const old of [first, planted, tokens.signInDirectly('ann')])
        expect(await works(old)).toEqual([false, false])
      expect(sessions().filter(({ method }) => method === 'app-password')).toHaveLength(2)
    })

    test('are not, unless configuration says so', async () => {
      await signIn()
      await revoke('riverside', 'usr_ann')
      expect(await works(await signIn())).toEqual([false, false])
    })
  })

  test('sign in by an answer that is compressed, and get none of one that cannot be read', async () => {
    const form = { username: 'ann', password: 'right' }
    tokens.settings.coding = 'gzip'
    const good = await stand.client().post('/auth/token', { form, navigation: false })
    const { access_token: token } = JSON.parse(gunzipSync(good.body).toString()) as { access_token: string }
    expect(sessions()).toMatchObject([{ user: 'usr_ann', method: 'app-password' }])
    expect(await call(token)).toMatch(/^HTTP\/1\.1 200 /)
    tokens.settings.coding = 'zstd'
    const refused = await stand.client().post('/auth/token', { form, navigation: false })
    expect([refused.status, refused.headers['content-encoding']]).toEqual([503, undefined])
    const [unseen] = [...tokens.tokens.keys()].slice(-1)
    expect(refused.text).not.toContain(unseen)
    expect(sessions()).toHaveLength(2)
  })
})
