/**
 * Goal: behind nginx and behind Caddy, set up as documented, the same requests pass and are refused as in the path, and
 * nobody but a listed proxy with the secret is heard. Method: Debian's own programs with the documentation's very
 * set-ups, ports replaced; a gateway that is asked, and asked wrongly.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Config } from '../../runtime/config.ts'
import { type Client, createClient } from '../support/client.ts'
import { freePort } from '../support/free-port.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { type PeerProxy, startCaddy, startNginx } from '../support/peer-proxies.ts'

const secret = 'a-secret-of-at-least-32-characters'
const office = {
  id: 'office',
  range: '127.0.0.1/32',
  label: 'Office',
  audience: 'practice' as const,
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'test',
  createdAt: 0,
}

/** The same application under another name, where pages hold a token. */
const withToken = (upstream: Config['upstreams'][number]): Config['upstreams'][number] => ({
  ...upstream,
  ...{ id: 'token', hosts: ['token.test'] },
  identity: upstream.identity && {
    ...upstream.identity,
    ...{ cookies: [], bearer: { tokenField: 'token', webSockets: 'token' as const, newAtSignIn: false } },
  },
})

let stand: Stand
const peers = new Map<string, PeerProxy>()
const portOf = (origin: string): string => new URL(origin).port

/** The documentation's set-up for this language, with the ports of this test. */
const documented = (language: string, port: number): string => {
  const text = readFileSync(new URL('../../docs/forward-auth.md', import.meta.url), 'utf8')
  const setup = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(text)?.[1]
  if (setup === undefined) throw new Error(`no set-up for ${language}`)
  const { application, forwardAuth } = stand.gateways[0]!.addresses
  return setup
    .replaceAll('8000', String(port))
    .replaceAll('127.0.0.1:8086', `127.0.0.1:${portOf(forwardAuth ?? '')}`)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${portOf(application)}`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${portOf(stand.application.url)}`)
}

beforeAll(async () => {
  stand = await startStand({
    change: (config) => ({
      ...config,
      upstreams: [...config.upstreams, ...config.upstreams.slice(0, 1).map(withToken)],
      gateway: {
        ...config.gateway,
        leaseMs: 30_000,
        trustedProxies: ['127.0.0.1'],
        forwardAuth: { listen: '127.0.0.1:0', peers: ['127.0.0.1'], secret, certificateNames: [] },
      },
    }),
  })
  await stand.control.savePolicy('riverside', ({ controls, ...document }) => ({
    ...document,
    controls: { ...controls, permission: { ...controls.permission, mode: 'enforce' } },
  }))
  // Who may see patients and not payments, nor delete anything.
  await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, roles: ['hygienist'] }))
  const ports = [await freePort(), await freePort()] as const
  peers.set('nginx', await startNginx(ports[0], documented('nginx', ports[0])))
  peers.set('caddy', await startCaddy(ports[1], documented('caddy', ports[1])))
}, 120_000)

afterAll(async () => {
  await Promise.all([...peers.values()].map((peer) => peer.stop()))
  await stand.close()
})

const last = () => stand.application.arrived.at(-1)

describe.each(['nginx', 'caddy'])('behind %s', (name) => {
  const client = (from = '127.0.0.1'): Client => createClient(peers.get(name)!.url, from)
  const signedIn = async (user: string): Promise<Client> => {
    const person = client()
    expect((await stand.signIn(person, user)).status).toBe(303)
    return person
  }

  test('somebody unknown is sent to the sign-in; a script is told so', async () => {
    const page = await client().get('/patients/7')
    expect([page.status, page.headers.location]).toEqual([303, '/sign-in?next=%2Fpatients%2F7'])
    const asked = await client().get('/patients/7', { navigation: false })
    expect([asked.status, asked.headers['content-type']]).toEqual([401, 'application/problem+json'])
  })

  test('a sign-in passes through the gateway, and the application is told who asks', async () => {
    const ann = await signedIn('ann')
    expect(ann.cookies.has('gatehouse')).toBe(true)
    expect((await ann.get('/patients/7')).text).toBe('page for ann')
    expect(last()?.headers).toMatchObject({
      'x-gatehouse-user': 'usr_ann',
      'x-gatehouse-practice': 'riverside',
    })
    expect(last()?.headers.cookie).toMatch(/^sid=[^;]+$/)
  })

  test('what is refused in the path is refused here, with its page', async () => {
    const ann = await signedIn('ann')
    const seen = stand.application.arrived.length
    const refused = await ann.get('/payments')
    expect(refused.status).toBe(403)
    expect(refused.text).toMatch(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/)
    const form = await ann.post('/patients/7?x=/public', { form: { _method: 'DELETE' } })
    expect(form.status).toBe(403)
    expect(stand.application.arrived).toHaveLength(seen)
  })

  test('nothing that a client writes stands in for what the proxy says', async () => {
    const ann = await signedIn('ann')
    const forged = {
      'x-forwarded-uri': '/public/book',
      'x-forwarded-method': 'GET',
      'x-forwarded-for': '127.0.0.1',
      'x-original-url': '/public/book',
      'x-gatehouse-forward-auth': 'x',
    }
    expect((await ann.get('/payments', { headers: forged })).status).toBe(403)
    expect(
      (await client().get('/public/book', { headers: { 'x-gatehouse-user': 'usr_owner' } })).status,
    ).toBe(200)
    expect(last()?.headers['x-gatehouse-user'] ?? '').toBe('')
  })

  test('no header of a client makes another request of the one that was judged', async () => {
    const ann = await signedIn('ann')
    const seen = stand.application.arrived.length
    for (const override of ['x-http-method-override', 'x-original-url', 'x-rewrite-url'])
      expect((await ann.get('/patients/7', { headers: { [override]: 'DELETE' } })).status).toBe(403)
    expect(stand.application.arrived).toHaveLength(seen)
  })

  test('no other spelling of who asks reaches the application', async () => {
    const { status } = await client().get('/public/book', { headers: { X_Gatehouse_User: 'usr_owner' } })
    // nginx leaves such a header out by itself.
    expect(status).toBe(name === 'nginx' ? 200 : 403)
    expect(stand.application.arrived.some(({ headers }) => 'x_gatehouse_user' in headers)).toBe(false)
  })

  test('a revoked user is refused at the next request, and their cookie goes nowhere', async () => {
    const ben = await signedIn('ben')
    ben.cookies.set('practice', 'riverside')
    expect((await ben.get('/patients/7')).status).toBe(200)
    await stand.control.revoke('riverside', 'usr_ben')
    await stand.control.revoke('lakeview', 'usr_ben')
    await eventually(
      async () => (await ben.get('/patients/7', { navigation: false })).status === 401,
      'refused',
    )
    expect((await ben.get('/public/book')).text).toBe('page for nobody')
    expect(last()?.headers.cookie ?? '').not.toContain('sid=')
  })

  test('a token that is worth nothing goes nowhere; any other goes on as it is', async () => {
    const send = async (headers: Readonly<Record<string, string>>) => {
      expect((await client().get('/public/book', { headers })).status).toBe(200)
      return last()?.headers.authorization
    }
    expect(await send({ host: 'token.test', authorization: 'Bearer a b' })).toBeUndefined()
    expect(await send({ host: 'token.test', authorization: 'Basic YTpi' })).toBe('Basic YTpi')
    expect(await send({ authorization: 'Bearer a' })).toBe('Bearer a')
    expect(await send({})).toBeUndefined()
  })

  test('the allowlist holds for the client’s own address', async () => {
    const ann = await signedIn('ann')
    await stand.control.savePolicy('riverside', (document) => ({
      ...document,
      controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
      ipEntries: [office],
    }))
    try {
      const elsewhere = ann.elsewhere({ from: '127.0.0.9' })
      await eventually(async () => (await elsewhere.get('/patients/7')).status === 403, 'refused elsewhere')
      expect((await ann.get('/patients/7')).status).toBe(200)
    } finally {
      await stand.control.savePolicy('riverside', (document) => ({
        ...document,
        controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'off' } },
        ipEntries: [],
      }))
      await eventually(
        () => stand.gateways.every(({ state }) => state.sequence() === stand.control.sequence()),
        'known again',
      )
    }
  })
})

describe('asked directly', () => {
  const told = {
    'x-gatehouse-forward-auth': secret,
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'app.test',
    'x-forwarded-uri': '/public/book',
    'x-forwarded-for': '127.0.0.1',
  }
  const ask = async (path: string, headers: Readonly<Record<string, string>>, from = '127.0.0.1') =>
    createClient(stand.gateways[0]!.addresses.forwardAuth ?? '', from).get(path, {
      headers,
      navigation: false,
    })
  const without = (name: string): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(told).filter(([key]) => key !== name))

  test('a proxy that says all of it once is answered', async () => {
    for (const path of ['/check', '/forward']) expect((await ask(path, told)).status).toBe(200)
  })

  test('anybody else is not', async () => {
    expect((await ask('/check', told, '127.0.0.9')).status).toBe(403)
    expect((await ask('/check', without('x-gatehouse-forward-auth'))).status).toBe(403)
    expect((await ask('/check', { ...told, 'x-gatehouse-forward-auth': `${secret}x` })).status).toBe(403)
  })

  test('what is missing, malformed or ambiguous is refused', async () => {
    for (const name of Object.keys(told).slice(1))
      expect((await ask('/check', without(name))).status).toBe(400)
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { 'x-forwarded-method': 'get' },
      { 'x-forwarded-proto': 'ftp' },
      { 'x-forwarded-host': 'a.test, b.test' },
      { 'x-forwarded-uri': '/public/../payments' },
      { 'x-forwarded-uri': 'http://other.test/public/book' },
      { 'x-forwarded-uri': '/public/book#/payments' },
      { 'x-forwarded-for': 'nobody' },
    ]
    for (const change of wrong) expect((await ask('/check', { ...told, ...change })).status).toBe(400)
    expect((await ask('/elsewhere', told)).status).toBe(400)
  })

  test('a preflight, which nobody judges, becomes no other request', async () => {
    const preflight = {
      ...{ 'x-forwarded-method': 'OPTIONS', 'x-forwarded-uri': '/patients/7' },
      ...{ origin: 'http://a.test', 'access-control-request-method': 'GET' },
    }
    expect((await ask('/check', { ...told, ...preflight })).status).toBe(200)
    const overriding = { ...told, ...preflight, 'x-http-method-override': 'GET' }
    expect((await ask('/check', overriding)).status).toBe(403)
  })

  test('no refusal, no page of the gateway’s own and no sign-in is ever answered with 2xx', async () => {
    const uris = ['/patients/7', '/.gatehouse/jwks.json', '/.gatehouse/status', '/sign-in', '/sign-out']
    for (const uri of uris)
      for (const method of ['GET', 'POST'])
        for (const path of ['/check', '/forward']) {
          const { status } = await ask(path, {
            ...told,
            'x-forwarded-uri': uri,
            'x-forwarded-method': method,
          })
          // The sign-in's page is public; posting it is watched elsewhere.
          if (uri === '/sign-in' && method === 'GET') expect(status).toBe(200)
          else expect(status).toBeGreaterThanOrEqual(300)
          if (path === '/check') expect([200, 401, 403]).toContain(status)
        }
  })
})
