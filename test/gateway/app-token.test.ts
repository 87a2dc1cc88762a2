/**
 * Goal: a token names somebody only if the configured issuer signed it for this application and it has not run out.
 * Method: tokens made by hand with real keys, right and wrong in one thing each; a key server that can be stopped.
 */
import { createHmac, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTokenReader, openTokenKeys } from '../../gateway/identity/app-token.ts'
import type { Introspected } from '../../gateway/identity/introspect.ts'
import { configSchema, type UpstreamConfig } from '../../runtime/config.ts'
import { checkConfig } from '../../runtime/config-checks.ts'

const at = Date.UTC(2026, 10, 2, 9)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const secret = randomBytes(32).toString('base64url')
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

let folder = ''
let server: http.Server
let jwks = ''
const served = { asked: 0, status: 200 }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-token-'))
  writeFileSync(join(folder, 'rsa.pem'), pemOf(rsa.publicKey))
  writeFileSync(join(folder, 'secret'), `${secret}\n`)
  writeFileSync(join(folder, 'short'), 'short')
  const keys = [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }]
  server = http.createServer((_, response) => {
    served.asked += 1
    response.writeHead(served.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  jwks = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/keys` : ''
})

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const part = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const good = {
  iss: 'https://app.test',
  aud: 'practice',
  sub: 'ann',
  exp: at / 1_000 + 60,
  practices: ['riverside'],
}
type Made = { readonly header?: object; readonly claims?: object | string; readonly by?: KeyObject | string }
const made = ({ header = {}, claims = {}, by = rsa.privateKey }: Made = {}): string => {
  const body = typeof claims === 'string' ? claims : { ...good, ...claims }
  const signed = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(body)}`
  const signature =
    typeof by === 'string'
      ? createHmac('sha256', by).update(signed).digest('base64url')
      : createSign('sha256').update(signed).sign(by, 'base64url')
  return `${signed}.${signature}`
}

const upstreamOf = (jwt: object): UpstreamConfig => {
  const upstream = configSchema.parse({
    upstreams: [
      {
        id: 'app',
        name: 'App',
        url: 'http://127.0.0.1:1',
        identity: {
          cookies: ['token'],
          signInPage: '/in',
          jwt: {
            algorithms: ['RS256'],
            issuer: 'https://app.test',
            audience: 'practice',
            practices: 'practices',
            ...jwt,
          },
        },
      },
    ],
  }).upstreams[0]
  if (upstream === undefined) throw new Error('no upstream')
  return upstream
}

const readerOf = (jwt: object) => {
  const upstream = upstreamOf(jwt)
  const rules = upstream.identity!.jwt!
  const keys = openTokenKeys(rules, upstream.url)
  if (!keys.ok) throw new Error(JSON.stringify(keys.problems))
  const read = createTokenReader({ upstream, rules, keys: keys.value, clock: { now: () => at } })
  return (token: string) => read({ hash: 'h', pairs: [['token', token]] })
}
const withFile = (jwt: object = {}) => readerOf({ keyFile: join(folder, 'rsa.pem'), ...jwt })
const kindOf = async (read: ReturnType<typeof readerOf>, token: string): Promise<Introspected['kind']> =>
  (await read(token)).answer.kind

describe('a token', () => {
  test('that is right names its person, and is kept no longer than it lasts', async () => {
    const { answer, keptMs } = await withFile()(made())
    expect(answer).toMatchObject({
      kind: 'known',
      identity: { appUser: 'ann', kind: 'staff', practices: [{ id: 'riverside', roles: [] }] },
    })
    expect(keptMs).toBe(30_000)
    expect((await withFile()(made({ claims: { exp: at / 1_000 + 1 } }))).keptMs).toBe(6_000)
  })

  test.each([
    ['has run out', made({ claims: { exp: at / 1_000 - 6 } })],
    ['never runs out', made({ claims: { exp: undefined } })],
    ['is not valid yet', made({ claims: { nbf: at / 1_000 + 60 } })],
    ['is another issuer’s', made({ claims: { iss: 'https://app.test.evil.test' } })],
    ['is for another audience', made({ claims: { aud: 'billing' } })],
    ['has no audience', made({ claims: { aud: undefined } })],
    ['is signed by somebody else', made({ by: stranger.privateKey })],
    ['is not signed', `${part({ alg: 'none' })}.${part(good)}.`],
    ['says none and carries a signature', made({ header: { alg: 'none' } })],
    ['uses the public key as a shared secret', made({ header: { alg: 'HS256' }, by: pemOf(rsa.publicKey) })],
    ['names an algorithm that is not configured', made({ header: { alg: 'RS512' } })],
    [
      'brings its own key',
      made({ header: { jwk: stranger.publicKey.export({ format: 'jwk' }) }, by: stranger.privateKey }),
    ],
    ['asks for an extension', made({ header: { crit: ['exp2'], exp2: 1 } })],
    ['leaves its payload unencoded', made({ header: { b64: false, crit: ['b64'] } })],
    ['is junk', 'a.b.c'],
    ['is empty', ''],
    ['has a fourth part', `${made()}.x`],
    ['is cut', made().slice(0, -4)],
  ])('that %s is nobody’s', async (_, token) => {
    expect(await kindOf(withFile(), token)).toBe('anonymous')
  })

  test('that is signed and names nobody clearly is not believed either way', async () => {
    expect(await kindOf(withFile(), made({ claims: { sub: undefined } }))).toBe('indeterminate')
    const twice = JSON.stringify(good).replace('"sub":"ann"', '"sub":"ann","sub":"owner"')
    expect(twice).toContain('owner')
    expect(await kindOf(withFile(), made({ claims: twice }))).toBe('indeterminate')
  })

  test('of another type is refused where a type is asked for', async () => {
    const read = withFile({ type: 'at+jwt' })
    expect(await kindOf(read, made())).toBe('anonymous')
    expect(await kindOf(read, made({ header: { typ: 'at+jwt' } }))).toBe('known')
  })

  test('with a shared secret is verified by it alone', async () => {
    const read = readerOf({ algorithms: ['HS256'], keyFile: join(folder, 'secret') })
    expect(await kindOf(read, made({ header: { alg: 'HS256' }, by: secret }))).toBe('known')
    expect(await kindOf(read, made({ header: { alg: 'HS256' }, by: `${secret}x` }))).toBe('anonymous')
    expect(await kindOf(read, made())).toBe('anonymous')
  })
})

describe('keys', () => {
  test('that cannot be had make a token indeterminate; invented key ids cause no second question', async () => {
    served.status = 500
    const read = readerOf({ jwks })
    expect(await kindOf(read, made({ header: { kid: 'one' } }))).toBe('indeterminate')
    served.status = 200
    expect(await kindOf(read, made({ header: { kid: 'one' } }))).toBe('known')
    const before = served.asked
    for (let i = 0; i < 20; i += 1)
      expect(await kindOf(read, made({ header: { kid: `made-up-${i}` } }))).toBe('anonymous')
    expect(served.asked).toBe(before)
  })

  test.each([
    ['short', ['HS256'], 'too short'],
    ['rsa.pem', ['HS256'], 'not a shared secret'],
    ['secret', ['RS256'], 'no public key'],
    ['absent', ['RS256'], 'cannot be read'],
  ])('of file %s for %s are refused', (name, algorithms, sentence) => {
    const rules = upstreamOf({ algorithms, keyFile: join(folder, name) }).identity!.jwt!
    const opened = openTokenKeys(rules, 'http://127.0.0.1:1')
    expect(opened).toMatchObject({ ok: false, problems: [{ sentence: expect.stringContaining(sentence) }] })
  })

  test('of an elliptic curve are taken where configured', async () => {
    writeFileSync(join(folder, 'ec.pem'), pemOf(ec.publicKey))
    const read = readerOf({ algorithms: ['ES256'], keyFile: join(folder, 'ec.pem') })
    const signed = `${part({ alg: 'ES256' })}.${part(good)}`
    const signature = createSign('sha256')
      .update(signed)
      .sign({ key: ec.privateKey, dsaEncoding: 'ieee-p1363' }, 'base64url')
    expect(await kindOf(read, `${signed}.${signature}`)).toBe('known')
  })
})

test('a configuration that mixes kinds of keys, or has none or two sources of them, is refused', () => {
  const problemsOf = (jwt: object): readonly string[] => {
    const config = configSchema.parse({ upstreams: [] })
    return checkConfig({ ...config, upstreams: [upstreamOf(jwt)] }).map(({ path }) => path)
  }
  expect(problemsOf({})).toContain('upstreams[0].identity.jwt.jwks')
  expect(problemsOf({ jwks: '/keys', keyFile: 'x' })).toContain('upstreams[0].identity.jwt.jwks')
  expect(problemsOf({ jwks: '/keys', algorithms: ['RS256', 'HS256'] })).toContain(
    'upstreams[0].identity.jwt.algorithms',
  )
  expect(problemsOf({ jwks: '/keys', algorithms: ['HS256'] })).toContain('upstreams[0].identity.jwt.jwks')
  expect(problemsOf({ jwks: '/keys' }).filter((path) => path.includes('jwt'))).toEqual([])
})
