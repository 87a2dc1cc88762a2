/**
 * Goal: however an application signs its people in, the gateway's session is theirs, or there is none.
 * Method: one case a way of signing in: in steps, by callback, by link, by script; two gateways before a fake application.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Config, configSchema } from '../../runtime/config.ts'
import type { Client } from '../support/client.ts'
import type { Coding } from '../support/fake-application.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

/** The application's other ways to sign in, each as it would be configured. */
const withWays = (config: Config): Config => {
  const [upstream] = config.upstreams
  const success = { status: [302, 303], setCookie: 'sid', locationNot: ['/sign-in?error'] }
  const followed = { body: 'none', success }
  const login = [
    ...upstream!.identity!.login,
    { match: 'POST /first-step', success: { status: [303] } },
    { ...followed, match: 'GET /callback', kind: 'callback' },
    { ...followed, match: 'GET /callback-failed', kind: 'callback' },
    { ...followed, match: 'GET /magic', kind: 'magic-link' },
    { match: 'POST /api/login', body: 'json', success: { status: [200], jsonField: 'ok' } },
  ]
  return configSchema.parse({
    ...config,
    upstreams: [{ ...upstream, identity: { ...upstream!.identity, login } }],
  })
}

let stand: Stand
beforeEach(async () => {
  stand = await startStand({ gateways: 2, change: withWays })
})
afterEach(() => stand.close())

const sessions = () => [...stand.control.sessions.values()].map(({ record }) => record)
const second = (client: Client): Client =>
  client.elsewhere({ base: stand.gateways[1]!.addresses.application })
const status = async (client: Client): Promise<number> =>
  (await client.get('/patients/7', { navigation: false })).status
const right = { user: 'ann', password: 'right' }

const office = {
  id: 'office',
  range: '127.0.0.9/32',
  label: 'Office',
  audience: 'practice',
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'test',
  createdAt: 0,
} as const
const fromOfficeOnly = async (): Promise<void> => {
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [office],
    requests: { ...document.requests, ip: false },
  }))
  await eventually(
    () => stand.gateways.every(({ state }) => state.sequence() === stand.control.sequence()),
    'known to both',
  )
}

describe('a sign-in in steps', () => {
  for (const rotates of [true, false])
    test(`opens a session at the last one alone; the application ${rotates ? 'renews' : 'keeps'} its cookie`, async () => {
      stand.application.settings.rotates = rotates
      const client = stand.client()
      const first = await client.post('/first-step', { form: { user: 'ann' } })
      expect([first.status, first.headers.location]).toEqual([303, '/sign-in?step=2'])
      expect([...client.cookies.keys()]).toEqual(['sid'])
      expect(await status(client)).toBe(401)
      expect(sessions()).toEqual([])
      const half = client.cookies.get('sid')
      expect((await stand.signIn(client, 'ann')).status).toBe(303)
      expect(client.cookies.get('sid') === half).toBe(!rotates)
      expect(sessions()).toMatchObject([{ user: 'usr_ann', method: 'app-password' }])
      expect([await status(client), await status(second(client))]).toEqual([200, 200])
    })

  test('does not let the first step’s cookie be more than nobody’s on another gateway', async () => {
    const client = stand.client()
    await client.post('/first-step', { form: { user: 'ann' } })
    for (const one of [client, second(client)]) {
      expect(await status(one)).toBe(401)
      expect((await one.get('/public/book')).status).toBe(200)
    }
    expect(stand.application.arrived.every(({ user }) => user === null)).toBe(true)
  })
})

describe('a sign-in by callback', () => {
  test('without a name opens the session of whom the application names', async () => {
    const client = stand.client()
    const answer = await client.get('/callback?code=abc&state=def')
    expect([answer.status, answer.headers.location]).toEqual([303, '/home'])
    expect(sessions()).toMatchObject([{ user: 'usr_ann', method: 'app-callback' }])
    expect(stand.application.arrived.at(-1)?.url).toBe('/callback?code=abc&state=def')
    expect([await status(client), await status(second(client))]).toEqual([200, 200])
  })

  test('that failed passes and opens nothing, though its status is that of a success', async () => {
    const client = stand.client()
    const answer = await client.get('/callback-failed?error=access_denied')
    expect(answer.headers.location).toBe('/sign-in?error=access_denied')
    expect([client.cookies.size, sessions().length]).toEqual([0, 0])
  })

  test('over another person’s session ends that one', async () => {
    const client = stand.client()
    await stand.signIn(client, 'owner')
    await client.get('/callback')
    expect(sessions()).toMatchObject([
      { user: 'usr_owner', ended: { why: 'replaced' } },
      { user: 'usr_ann', ended: null },
    ])
  })

  test('is watched on HEAD as on GET, and no other method reaches it', async () => {
    const other = stand.client()
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await other.send('/callback', { method, navigation: false })).status, method).toBe(401)
    expect([other.cookies.size, stand.application.arrived.length]).toEqual([0, 0])
    const client = stand.client()
    expect((await client.send('/callback', { method: 'HEAD' })).status).toBe(303)
    expect(sessions()).toMatchObject([{ user: 'usr_ann', method: 'app-callback' }])
    expect(client.cookies.has('gatehouse')).toBe(true)
  })
})

describe('a magic link', () => {
  test('opens one session, by the last of several cookies; used again, none', async () => {
    stand.application.links.set('t1', 'ben')
    const client = stand.client()
    const answer = await client.get('/magic?token=t1')
    expect(answer.status).toBe(302)
    expect(stand.application.sessions.get(client.cookies.get('sid')!)).toBe('ben')
    expect(client.cookies.get('theme')).toBe('dark')
    expect(sessions()).toMatchObject([{ user: 'usr_ben', method: 'app-callback' }])
    const late = stand.client()
    expect((await late.get('/magic?token=t1')).status).toBe(410)
    expect([late.cookies.size, sessions().length]).toEqual([0, 1])
  })

  test('from a network that is not allowed gives nothing, and is used up', async () => {
    stand.application.links.set('t2', 'ann')
    await fromOfficeOnly()
    const client = stand.client()
    const answer = await client.get('/magic?token=t2')
    expect(answer.status).toBe(403)
    expect(answer.headers.location).toBeUndefined()
    expect([...client.cookies.keys()].filter((name) => name !== 'gatehouse')).toEqual([])
    expect(stand.application.links.size).toBe(0)
  })
})

describe('a sign-in by script', () => {
  test('that is refused with 200 and a cookie opens nothing; the right one does', async () => {
    const client = stand.client()
    const wrong = await client.post('/api/login', { json: { user: 'ann', password: 'wrong' } })
    expect([wrong.status, wrong.json()]).toEqual([200, { ok: false, error: 'wrong password' }])
    expect([...client.cookies.keys()]).toEqual(['sid'])
    expect([sessions().length, await status(client)]).toEqual([0, 401])
    const good = await client.post('/api/login', { json: right })
    expect([good.status, good.json()]).toEqual([200, { ok: true }])
    expect(sessions()).toMatchObject([{ user: 'usr_ann' }])
    expect([await status(client), await status(second(client))]).toEqual([200, 200])
    // A wrong password for somebody else, over a session that lives: that one is left as it is.
    await client.post('/api/login', { json: { user: 'ben', password: 'wrong' } })
    expect([sessions().length, await status(client)]).toEqual([1, 200])
  })

  test('that says it failed, and did not, is judged all the same', async () => {
    await fromOfficeOnly()
    const client = stand.client()
    const answer = await client.post('/api/login', { json: right })
    expect(answer.status).toBe(403)
    expect(client.cookies.has('sid')).toBe(false)
  })

  test('names its fields once: doubled keys name nobody, and the application alone says who it was', async () => {
    const client = stand.client()
    const body = '{"user":"ann","password":"right","user":"ben"}'
    await client.post('/api/login', { body, headers: { 'content-type': 'application/json' } })
    expect(sessions()).toMatchObject([{ user: 'usr_ben' }])
    expect(await status(client)).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-user']).toBe('usr_ben')
  })
})

describe('answers that are compressed, though nobody asked for it', () => {
  for (const coding of ['gzip', 'br', 'deflate'] as const)
    test(`by ${coding}: signing in and being known work, and the browser gets them as they came`, async () => {
      stand.application.settings.coding = coding
      const client = stand.client()
      const wrong = await client.post('/api/login', { json: { user: 'ann', password: 'wrong' } })
      expect([wrong.headers['content-encoding'], sessions().length]).toEqual([coding, 0])
      const good = await client.post('/api/login', { json: right })
      expect([good.status, good.headers['content-encoding'], sessions().length]).toEqual([200, coding, 1])
      expect([await status(client), await status(second(client))]).toEqual([200, 200])
      expect(
        stand.application.arrived.find(({ url }) => url === '/api/login')?.headers['accept-encoding'],
      ).toBe('identity')
    })

  for (const coding of ['zstd', 'cut', 'bomb'] satisfies readonly Coding[])
    test(`beyond reading (${coding}): nobody is known, nothing is released, no cookie is taken away`, async () => {
      const client = stand.client()
      await stand.signIn(client, 'ann')
      stand.application.settings.coding = coding
      const elsewhere = second(client)
      expect(await status(elsewhere)).toBe(503)
      expect(client.cookies.has('sid')).toBe(true)
      const other = stand.client()
      const answer = await other.post('/api/login', { json: right })
      expect([answer.status, other.cookies.size, sessions().length]).toEqual([503, 0, 1])
      stand.application.settings.coding = null
      await eventually(async () => (await status(elsewhere)) === 200, 'known again')
    })
})
