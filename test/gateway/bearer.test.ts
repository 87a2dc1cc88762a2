/**
 * Goal: an application whose pages hold a token is guarded as one with a cookie, its WebSocket included, and the companion
 * opens nothing else. Method: two gateways on one store with the configuration that docs/integrating.md prints.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Config } from '../../runtime/config.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import type { Answer, Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { openSocket } from '../support/streams.ts'
import { startTokenApplication } from '../support/token-application.ts'
import { writtenUpstream } from '../support/written-config.ts'

const office = {
  id: 'office',
  range: '127.0.0.9/32',
  label: 'Office',
  audience: 'practice' as const,
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'test',
  createdAt: 0,
}

let application: Awaited<ReturnType<typeof startTokenApplication>>
let stand: Stand

const change = (config: Config): Config => {
  const upstream = writtenUpstream('docs/integrating.md', 'node-red')
  const practice = { ...upstream.practice, fixed: 'riverside' }
  return { ...config, upstreams: [{ ...upstream, url: application.url, practice }] }
}

beforeEach(async () => {
  application = await startTokenApplication()
  stand = await startStand({ gateways: 2, change })
})
afterEach(async () => {
  await stand?.close()
  await application?.close()
})

const base = (at = 0): string => stand.gateways[at]!.addresses.application
const post = (client: Client, username: string, token: string | null = null): Promise<Answer> =>
  client.post('/auth/token', {
    form: { username, password: 'right' },
    navigation: false,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  })
const signIn = async (client: Client, username: string): Promise<string> => {
  const answer = await post(client, username)
  expect(answer.status).toBe(200)
  return (answer.json() as { access_token: string }).access_token
}
const ask = (client: Client, token: string, path = '/flows'): Promise<Answer> =>
  client.get(path, { navigation: false, headers: { authorization: `Bearer ${token}` } })
const last = () => application.arrived.at(-1)
const sessionIds = (): readonly string[] =>
  [...stand.control.sessions].filter(([, { record }]) => record.ended === null).map(([id]) => id)

const elsewhere = (upstream: Config['upstreams'][number]): Config['upstreams'][number] => ({
  ...upstream,
  id: 'elsewhere',
  hosts: ['elsewhere.test'],
})

/** The status a handshake with exactly these headers gets; 101 is closed at once. */
const handshake = (headers: Record<string, string>, app = base()): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${app.replace('http', 'ws')}/comms`, { headers })
    socket.on('error', () => {})
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    socket.on('open', () => {
      resolve(101)
      socket.close()
    })
  })

describe('the token', () => {
  test('is bound at the sign-in, and no request without it passes', async () => {
    const client = stand.client()
    const token = await signIn(client, 'ann')
    expect([...client.cookies.keys()]).toEqual(['gatehouse'])
    const answer = await ask(client, token)
    expect([answer.status, answer.json()]).toMatchObject([200, { user: { username: 'ann' } }])
    expect(last()?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'x-gatehouse-user': 'usr_ann' })
    expect(last()?.headers.cookie).toBeUndefined()
    expect(sessionIds()).toHaveLength(1)
    const seen = application.arrived.length
    // The companion alone names nobody but in a handshake.
    for (const headers of [{}, { origin: base() }])
      expect((await client.get('/flows', { navigation: false, headers })).status).toBe(401)
    expect((await client.get(`/flows?access_token=${encodeURIComponent(token)}`)).status).toBe(303)
    for (const authorization of [
      'Bearer',
      `Bearer  ${token}`,
      `Bearer ${token} x`,
      `x, Bearer ${token}`,
      'Basic YTpi',
    ])
      expect((await client.get('/flows', { navigation: false, headers: { authorization } })).status).toBe(401)
    const twice = { authorization: [`Bearer ${token}`, `Bearer ${token}`] as unknown as string }
    expect((await client.get('/flows', { navigation: false, headers: twice })).status).toBe(401)
    expect((await ask(stand.client(), 'invented')).status).toBe(401)
    expect(application.arrived.slice(seen).filter(({ path }) => path === '/flows')).toEqual([])
  })

  test('that failed to sign in opens no session', async () => {
    const client = stand.client()
    const answer = await client.post('/auth/token', {
      form: { username: 'ann', password: 'wrong' },
      navigation: false,
    })
    expect([answer.status, client.cookies.size, stand.control.sessions.size]).toEqual([403, 0, 0])
  })

  test('from around the gateway is adopted, unless its user was revoked', async () => {
    const client = stand.client()
    const token = application.signInDirectly('ann')
    expect((await ask(client, token)).status).toBe(200)
    expect([...stand.control.sessions.values()][0]?.record.method).toBe('adopted')
    expect(client.cookies.has('gatehouse')).toBe(true)
    await stand.control.revoke('riverside', 'usr_ann')
    await eventually(async () => (await ask(client, token)).status === 401, 'refused')
    expect((await ask(stand.client(), application.signInDirectly('ann'))).status).toBe(401)
  })

  test('of an ended session reaches the application on no route, and signing in anew with it does not help', async () => {
    const client = stand.client()
    const token = await signIn(client, 'ann')
    application.settings.deaf = true
    await stand.control.revoke('riverside', 'usr_ann')
    await eventually(async () => (await ask(client, token)).status === 401, 'refused')
    for (const at of [0, 1]) {
      const other = stand.client('127.0.0.1', at)
      expect((await ask(other, token)).status).toBe(401)
      expect((await ask(other, token, '/')).text).toBe('shell for nobody')
      expect(application.arrived.findLast(({ path }) => path === '/')?.headers.authorization).toBeUndefined()
    }
    // The application was told of it, by each gateway once.
    await eventually(
      () => application.arrived.filter(({ path }) => path === '/auth/revoke').length === 2,
      'told',
    )
    expect((await post(client, 'ann', token)).status).toBe(200)
    expect(last()?.path).toBe('/settings')
    expect(
      application.arrived.findLast(({ path }) => path === '/auth/token')?.headers.authorization,
    ).toBeUndefined()
  })

  test('is worth nothing after the sign-out of the application', async () => {
    const client = stand.client()
    const token = await signIn(client, 'ann')
    const out = { json: { token }, headers: { authorization: `Bearer ${token}` } }
    expect((await client.post('/auth/revoke', out)).status).toBe(200)
    expect(client.cookies.size).toBe(0)
    expect(sessionIds()).toEqual([])
    // Even if the application went on to believe it.
    application.tokens.set(token, 'ann')
    expect((await ask(client, token)).status).toBe(401)
  })
})

describe('the WebSocket', () => {
  test('opens by the companion on both gateways, and is cut with its session', async () => {
    const client = stand.client()
    const token = await signIn(client, 'ann')
    const sockets = await Promise.all([0, 1].map((at) => openSocket(base(at), '/comms', client)))
    for (const socket of sockets) {
      socket.send(JSON.stringify({ auth: token }))
      expect(JSON.parse(await socket.next())).toEqual({ auth: 'ok', user: 'ann' })
    }
    expect(application.arrived.findLast(({ method }) => method === 'WS')?.headers).toMatchObject({
      'x-gatehouse-user': 'usr_ann',
    })
    await stand.control.revoke('riverside', 'usr_ann')
    for (const socket of sockets)
      expect(await socket.ended).toEqual({ code: 1008, reason: 'session-revoked' })
    for (const at of [0, 1])
      await expect(openSocket(base(at), '/comms', client)).rejects.toMatchObject({ status: 401 })
  })

  test('does not open to other origins, without an origin, or with an invented companion', async () => {
    const client = stand.client()
    await signIn(client, 'ann')
    const cookie = client.cookieHeader()
    const host = new URL(base()).host
    const refused = [
      { cookie },
      { cookie, origin: 'null' },
      { cookie, origin: `https://${host}` },
      { cookie, origin: 'http://127.0.0.1:1' },
      { cookie, origin: `http://${host}.evil.example` },
      { cookie, origin: base(), authorization: 'Bearer invented' },
      { cookie, origin: base(), authorization: 'Bearer' },
      { cookie: `gatehouse=${'A'.repeat(43)}`, origin: base() },
      { cookie: `${cookie}; ${cookie.replace(/.$/, 'x')}`, origin: base() },
      { origin: base() },
    ]
    for (const headers of refused) expect([headers, await handshake(headers)]).toEqual([headers, 401])
    expect(application.arrived.some(({ method }) => method === 'WS')).toBe(false)
    expect(await handshake({ cookie, origin: base() })).toBe(101)
  })

  test('does not open by the companion of another upstream', async () => {
    const both = await startStand({
      change(config) {
        const { upstreams } = change(config)
        return { ...config, upstreams: [...upstreams, ...upstreams.map(elsewhere)] }
      },
    })
    try {
      const app = both.gateways[0]!.addresses.application
      const client = both.client()
      const form = { username: 'ann', password: 'right' }
      await client.post('/auth/token', { form, navigation: false, headers: { host: 'elsewhere.test' } })
      const socket = (host: string) =>
        handshake({ cookie: client.cookieHeader(), host, origin: `http://${host}` }, app)
      expect(await socket('elsewhere.test')).toBe(101)
      expect(await socket(new URL(app).host)).toBe(401)
    } finally {
      await both.close()
    }
  })

  test('needs a token in its handshake where configuration does not say otherwise', async () => {
    const plain = await startStand({
      change: (config) => ({
        ...config,
        upstreams: change(config).upstreams.map(({ identity, ...upstream }) => ({
          ...upstream,
          identity: identity && {
            ...identity,
            bearer: { tokenField: 'access_token', webSockets: 'token' as const, newAtSignIn: false },
          },
        })),
      }),
    })
    try {
      const client = plain.client()
      const token = await signIn(client, 'ann')
      const app = plain.gateways[0]!.addresses.application
      const cookie = client.cookieHeader()
      await expect(openSocket(app, '/comms', client)).rejects.toMatchObject({ status: 401 })
      const socket = new WebSocket(`${app.replace('http', 'ws')}/comms`, {
        headers: { cookie, origin: app, authorization: `Bearer ${token}` },
      })
      await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))
      socket.close()
    } finally {
      await plain.close()
    }
  })

  test('does not open by a session whose token another session has lost', async () => {
    application.settings.keepsToken = 'one-token-for-all-sign-ins'
    const [first, second] = [stand.client(), stand.client()]
    await signIn(first, 'ann')
    stand.clock.advance(1_000)
    const token = await signIn(second, 'ann')
    const out = { json: { token }, headers: { authorization: `Bearer ${token}` } }
    expect((await second.post('/auth/revoke', out)).status).toBe(200)
    for (const at of [0, 1])
      expect(await handshake({ cookie: first.cookieHeader(), origin: base(at) }, base(at))).toBe(401)
  })

  test('lets strangers cause a bounded number of look-ups', async () => {
    const statuses = new Set<number>()
    for (let i = 0; i < 130; i += 1)
      statuses.add(await handshake({ cookie: `gatehouse=${String(i).padStart(43, 'A')}`, origin: base() }))
    expect([...statuses]).toEqual([401, 503])
  })
})

test('a sign-in that is held gives no token, is ended at the application, and works once it was approved', async () => {
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [office],
  }))
  await eventually(
    () => stand.gateways.every(({ state }) => state.sequence() === stand.control.sequence()),
    'known to both',
  )
  const client = stand.client()
  const answer = await post(client, 'ann')
  expect([answer.status, answer.json()]).toMatchObject([401, { reason: 'sign-in-held' }])
  expect([...client.cookies.keys()]).toEqual(['gatehouse'])
  expect(application.tokens.size).toBe(0)
  await expect(openSocket(base(), '/comms', client)).rejects.toMatchObject({ status: 401 })
  expect((await client.get('/')).headers.location).toMatch(/^\/\.gatehouse\/access\?/)
  await stand.control.saveMember('riverside', 'usr_ann', (member) => ({
    ...member,
    grants: [
      { id: 'grt_1', kind: 'ip', range: '127.0.0.1/32', startsAt: 0, endsAt: stand.clock.now() + 86_400_000 },
    ],
  }))
  const page = async (): Promise<Answer> => client.get('/.gatehouse/access')
  await eventually(async () => (await page()).text.includes('Approved: sign in again'), 'approved')
  // The way to sign in again does not lead back here.
  const token = /name="token" value="([^"]+)"/.exec((await page()).text)?.[1] ?? ''
  const left = await client.post('/.gatehouse/access', {
    form: { token, do: 'leave' },
    headers: { origin: base() },
  })
  expect([left.status, left.headers.location]).toEqual([303, '/'])
  expect((await client.get('/')).text).toBe('shell for nobody')
  expect((await ask(client, await signIn(client, 'ann'))).status).toBe(200)
})

test('a configuration names one kind of credential', () => {
  const wrong = (identity: object) => {
    const upstream = { id: 'a', name: 'A', url: 'http://127.0.0.1:1', identity, practice: { fixed: 'p' } }
    const base = { signInPage: '/', introspection: { path: '/me' } }
    const routes = [{ match: 'GET /', class: 'public' }]
    const overrides = {
      practices: [{ id: 'p', name: 'P', zone: 'UTC' }],
      upstreams: [{ ...upstream, routes, identity: { ...base, ...identity } }],
    }
    const loaded = loadConfig({ file: null, environment: {}, overrides })
    return loaded.ok ? [] : loaded.problems.map(({ path }) => path)
  }
  const at = 'upstreams[0].identity'
  expect(wrong({ bearer: {} })).toEqual([])
  expect(wrong({ cookies: ['sid'] })).toEqual([])
  expect(wrong({})).toEqual([`${at}.cookies`])
  expect(wrong({ cookies: ['sid'], bearer: {} })).toEqual([`${at}.cookies`])
  expect(
    wrong({ cookies: ['sid'], endSession: { method: 'POST', path: '/out', tokenField: 'token' } }),
  ).toEqual([`${at}.endSession.tokenField`])
})
