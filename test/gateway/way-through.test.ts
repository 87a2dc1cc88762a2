/**
 * Goal: what people really request passes unchanged, and what reaches the application is what the gateway says of it.
 * Method: a whole gateway on real sockets; raw targets and headers in, what arrived at the application read back; the
 * signed assertion checked by somebody else's verifier (jose) with the published keys.
 */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UpstreamConfig } from '../../runtime/config.ts'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { exchangeRaw } from '../support/raw-http.ts'

const routes: UpstreamConfig['routes'] = [
  { match: 'GET /sign-in', class: 'public' },
  { match: '* /public/**', class: 'public' },
  { match: 'GET /payments', any: ['manage-refunds'] },
  { match: 'GET /only-plain/:name', paths: 'strict' },
  { match: 'GET /npm/:name' },
]

let stand: Stand
let ann: Client
beforeAll(async () => {
  stand = await startStand({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map((upstream) => upstreamSchema.parse({ ...upstream, routes })),
    }),
  })
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, permission: { ...document.controls.permission, mode: 'enforce' } },
  }))
  ann = stand.client()
  await stand.signIn(ann, 'ann')
  await eventually(async () => (await ann.get('/payments')).status === 403, 'a permission is asked for')
})
afterAll(() => stand.close())

const port = (): number => Number(new URL(stand.gateways[0]!.addresses.application).port)

/** A raw GET with Ann's cookies; the status, and what arrived of it (`null`: nothing did). */
const ask = async (target: string, extra: readonly string[] = [], host = 'app.example') => {
  const before = stand.application.arrived.length
  const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, `Cookie: ${ann.cookieHeader()}`, ...extra]
  const answer = await exchangeRaw(port(), `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
  return { status, answer, arrived: stand.application.arrived.at(before) ?? null }
}

const metric = async (pattern: RegExp): Promise<readonly string[]> => {
  const text = await (await fetch(`${stand.gateways[0]!.addresses.metrics}/metrics`)).text()
  return text.split('\n').filter((line) => pattern.test(line))
}

describe('odd paths of real applications', () => {
  test.each([
    '/npm/@scope%2fpackage',
    '/api/v4/projects/group%2Fname/issues?scope=all%2F',
    '/page;jsessionid=0A1B2C?x=%zz',
    '/docs//chapter//1',
    '/backup/file.',
    '/files/Report%20100%25.pdf',
    '/wiki/C%23',
    '/Patients/ABC',
  ])('%s passes unchanged', async (target) => {
    const { status, arrived } = await ask(target)
    expect(status).toBe(200)
    expect(arrived).toMatchObject({ url: target, user: 'ann' })
  })

  test.each([
    '/%70ayments',
    '//payments',
    '/payments;v=1',
    '/payments.',
    '/PAYMENTS',
    '/payments%20',
    '/%2570ayments',
    '//x/payments',
    '/public%2f..%2fpayments',
    '/public/..;/payments',
    '/public/%2e%2e/payments',
  ])('%s is no way to a page that asks for a permission', async (target) => {
    const { status, arrived } = await ask(target)
    expect([400, 403]).toContain(status)
    expect(arrived).toBe(null)
  })

  test('a route that takes only plain paths refuses the others, and none for its capitals', async () => {
    expect((await ask('/only-plain/x')).status).toBe(200)
    expect((await ask('/only-plain/AB12')).status).toBe(200)
    for (const target of ['/only-plain/a%2Fb', '/only-plain/a;v=1', '/only-plain//a', '/only-plain/a.'])
      expect(await ask(target), target).toMatchObject({ status: 400, arrived: null })
  })

  test('are counted by what is odd about them', async () => {
    await ask('/npm/@scope%2Fpackage')
    expect((await metric(/^gatehouse_odd_paths_total\{how="encoded-slash"\} [1-9]/)).length).toBe(1)
    expect((await metric(/^gatehouse_odd_paths_total/)).length).toBeLessThanOrEqual(6)
  })
})

describe('targets that are no plain path', () => {
  test('absolute-form is judged and forwarded by its own path, where its authority is the Host', async () => {
    expect((await ask('http://app.example/ok?x=1')).arrived?.url).toBe('/ok?x=1')
    expect(await ask('http://app.example/payments')).toMatchObject({ status: 403, arrived: null })
    expect(await ask('http://other.example/ok')).toMatchObject({ status: 400, arrived: null })
  })

  test.each(['/public#/../payments', 'http:http://h/payments', 'http:///payments', '*', 'payments'])(
    '%s is 400',
    async (target) => expect(await ask(target)).toMatchObject({ status: 400, arrived: null }),
  )
})

describe('headers', () => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  test('of the client that could be taken for ours are replaced, whatever Connection says', async () => {
    const { arrived } = await ask('/ok', [
      ...['X-Gatehouse-User: evil', 'x_gatehouse_user: evil', 'X.Gatehouse.Roles: evil'],
      ...['X-Gatehouse-Assertion: evil', 'X-Forwarded-For: 10.9.9.9', 'X_Forwarded_Proto: https'],
      ...[
        'X-Forwarded-Host: evil',
        'X-Forwarded-Port: 666',
        'Forwarded: for=10.9.9.9',
        'X-Original-URL: /payments',
      ],
      ...['X-HTTP-Method-Override: DELETE', 'X-Forwarded-Prefix: /evil', 'X-Forwarded-Uri: /evil'],
      'Connection: X-Gatehouse-User, X-Gatehouse-Assertion, X-Forwarded-For, Forwarded, Cookie',
    ])
    expect(JSON.stringify(arrived?.headers)).not.toMatch(/evil|10\.9\.9\.9|666/)
    expect(arrived?.headers).toMatchObject({
      'x-gatehouse-user': 'usr_ann',
      'x-gatehouse-roles': 'front-desk',
      'x-gatehouse-practice': 'riverside',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'app.example',
      'x-forwarded-port': '80',
      forwarded: 'for=127.0.0.1;host="app.example";proto=http',
      cookie: `sid=${ann.cookies.get('sid')}`,
    })
    expect(
      Object.keys(arrived?.headers ?? {}).filter((name) => /override|original|prefix|uri/.test(name)),
    ).toEqual([])
  })

  test('the port is the one that the browser called', async () => {
    const { arrived } = await ask('/ok', [], 'app.example:8443')
    expect(arrived?.headers).toMatchObject({
      'x-forwarded-host': 'app.example:8443',
      'x-forwarded-port': '8443',
    })
  })

  test('of a trace pass as they are', async () => {
    const state = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'
    const { arrived } = await ask('/ok', [`traceparent: ${trace}`, `tracestate: ${state}`, 'baggage: a=1'])
    expect(arrived?.headers).toMatchObject({ traceparent: trace, tracestate: state, baggage: 'a=1' })
  })

  test('the assertion holds before somebody else’s verifier, for this application only', async () => {
    const { arrived } = await ask('/ok')
    const token = String(arrived?.headers['x-gatehouse-assertion'])
    const published = (await ann.get('/.gatehouse/jwks.json')).json() as JSONWebKeySet
    const keys = createLocalJWKSet(published)
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      audience: 'app',
      algorithms: ['EdDSA'],
    })
    expect(protectedHeader).toMatchObject({ typ: 'JWT', kid: published.keys[0]?.kid })
    expect(payload).toMatchObject({
      sub: 'usr_ann',
      practice: 'riverside',
      roles: ['front-desk'],
      acr: 'password',
    })
    expect(payload.sid).toBe(arrived?.headers['x-gatehouse-session'])
    expect(payload.exp! - payload.iat!).toBe(120)
    // No private half is published.
    expect(published.keys.every((key) => key.d === undefined)).toBe(true)
    await expect(jwtVerify(token, keys, { audience: 'another' })).rejects.toThrow('aud')
    const forged = `${token.slice(0, -6)}${token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`
    await expect(jwtVerify(forged, keys, { audience: 'app' })).rejects.toThrow('signature')
  })
})
