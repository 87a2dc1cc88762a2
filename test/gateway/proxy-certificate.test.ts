/**
 * Goal: a proxy that must show a certificate is heard with a verified one of a listed name, and nobody else ever is.
 * Method: a gateway that speaks TLS; clients with every wrong certificate, resumed sessions and a clock that goes on.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alternativeNames } from '../../gateway/peer-certificate.ts'
import { type Config, configSchema } from '../../runtime/config.ts'
import { checkConfig } from '../../runtime/config-checks.ts'
import { type Certified, createAuthority, selfSigned } from '../support/certificates.ts'
import { type Stand, startStand } from '../support/gateway-stand.ts'

const proxy = '127.0.0.50'
const secret = 'a-secret-of-the-identity-proxy-0123456789'
const authority = createAuthority('Proxies')
const own = createAuthority('Web').issue({ names: ['app.test'] })
const shown = authority.issue({ names: ['identity.internal'] })
const byUri = authority.issue({ names: ['spiffe://clinic/identity'], common: 'x' })
const byCommon = authority.issue({ names: ['10.0.0.1'], common: 'Identity proxy' })
const certificateNames = ['dns:identity.internal', 'uri:spiffe://clinic/identity', 'cn:Identity proxy']

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-proxy-certificate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const files = {
  certificateFile: write('own.pem', own.cert),
  keyFile: write('own.key', own.key),
  clientCaFile: write('proxies.pem', authority.cert),
}

/** Two applications of the same people: the one asks for a certificate, `both.test` for the secret besides. */
const demanding = (config: Config): Config => {
  const rules = { peers: [proxy], user: 'X-Remote-User', practices: 'X-Remote-Groups' }
  const identityOf = (more: object) => ({
    ...{ trustedHeader: { ...rules, certificateNames, ...more }, signInPage: '/oauth2/start' },
  })
  return configSchema.parse({
    ...config,
    gateway: {
      ...config.gateway,
      leaseMs: 30_000,
      tls: files,
      forwardAuth: { listen: '127.0.0.1:0', peers: [proxy], certificateNames: ['dns:identity.internal'] },
    },
    upstreams: config.upstreams.flatMap((upstream) => [
      { ...upstream, identity: identityOf({}) },
      { ...upstream, id: 'both', hosts: ['both.test'], identity: identityOf({ secret }) },
    ]),
  })
}

let stand: Stand
beforeAll(async () => {
  stand = await startStand({ change: demanding })
})
afterAll(() => stand.close())

type Asking = {
  readonly certificate?: Certified | null
  readonly from?: string
  readonly headers?: Record<string, string>
  readonly path?: string
  readonly base?: string
  readonly agent?: https.Agent
}
const vouching = { 'x-remote-user': 'ann', 'x-remote-groups': 'riverside', accept: 'application/json' }

const answered = async (request: ReturnType<typeof https.request>): Promise<IncomingMessage> => {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.on('response', (response) => response.resume().on('end', () => resolve(response)))
  request.on('error', reject).end()
  return promise
}
const send = ({ certificate = shown, from = proxy, headers = {}, agent, ...asking }: Asking) =>
  answered(
    https.request(
      new URL(asking.path ?? '/patients/7', asking.base ?? stand.gateways[0]!.addresses.application),
      {
        ...{ rejectUnauthorized: false, localAddress: from, agent: agent ?? false, ...certificate },
        headers: { ...vouching, ...headers },
      },
    ),
  )
const ask = async (asking: Asking): Promise<number | undefined> => (await send(asking)).statusCode

const wrong: readonly (readonly [string, Certified | null])[] = [
  ['no certificate', null],
  ['one by another authority', createAuthority('Proxies').issue({ names: ['identity.internal'] })],
  ['one that nobody vouches for', selfSigned({ names: ['identity.internal'] })],
  ['one that has expired', authority.issue({ names: ['identity.internal'], daysLeft: -1 })],
  ['one of another name', authority.issue({ names: ['desk.internal'] })],
  ['one of a name with more in front', authority.issue({ names: ['x.identity.internal'] })],
  ['a wildcard', authority.issue({ names: ['*.internal'] })],
  ['the host’s name as a common name', authority.issue({ names: ['10.0.0.1'], common: 'identity.internal' })],
  ['the common name as a host’s', authority.issue({ names: ['Identity proxy'], common: 'x' })],
  ['a name with a list in it', authority.issue({ names: ['a, DNS:identity.internal'], common: 'x' })],
]

describe('an identity proxy with a certificate', () => {
  test('vouches by each of its names, and people without one come in beside it', async () => {
    for (const certificate of [shown, byUri, byCommon]) expect(await ask({ certificate })).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-user']).toBe('usr_ann')
    expect(await ask({ certificate: null, from: '127.0.0.9', path: '/public/book' })).toBe(200)
  })

  test.each(wrong)('names nobody with %s', async (_, certificate) => {
    const before = stand.application.arrived.length
    expect(await ask({ certificate })).toBe(401)
    expect(stand.application.arrived).toHaveLength(before)
    expect(await ask({ certificate, path: '/public/book' })).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers['x-remote-user']).toBeUndefined()
  })

  test('is not believed from an address that is not listed', async () => {
    expect(await ask({ from: '127.0.0.51' })).toBe(401)
  })

  test('needs the secret as well where both are demanded: neither stands in for the other', async () => {
    const host = { host: 'both.test' }
    const both = { ...host, 'x-identity-secret': secret }
    expect(await ask({ headers: both })).toBe(200)
    expect(await ask({ headers: both, certificate: null })).toBe(401)
    expect(await ask({ headers: both, certificate: selfSigned({ names: ['identity.internal'] }) })).toBe(401)
    expect(await ask({ headers: host })).toBe(401)
    expect(await ask({ headers: { ...host, 'x-identity-secret': `${secret}x` } })).toBe(401)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('gains nothing by resuming a session (%s)', async (version) => {
    const port = Number(new URL(stand.gateways[0]!.addresses.application).port)
    const connect = (certificate: Certified, session?: Buffer) =>
      tls.connect({
        ...{ port, host: '127.0.0.1', localAddress: proxy, rejectUnauthorized: false, maxVersion: version },
        ...{ ...certificate, ...(session === undefined ? {} : { session }) },
      })
    const statusOver = async (socket: tls.TLSSocket): Promise<string> => {
      const head = Object.entries({ host: 'app.test', ...vouching }).map(
        ([name, value]) => `${name}: ${value}`,
      )
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
      })
      socket.write(`GET /patients/7 HTTP/1.1\r\n${head.join('\r\n')}\r\nconnection: close\r\n\r\n`)
      await new Promise((resolve) => socket.once('close', resolve))
      return text.slice(9, 12)
    }
    const stranger = selfSigned({ names: ['identity.internal'] })
    for (const [certificate, status] of [
      [stranger, '401'],
      [shown, '200'],
    ] as const) {
      const first = connect(certificate)
      const sessions: (Buffer | undefined)[] = []
      first.on('session', (session: Buffer) => sessions.push(session))
      first.once('secureConnect', () => sessions.push(first.getSession()))
      expect(await statusOver(first)).toBe(status)
      expect(sessions).not.toHaveLength(0)
      const second = connect(certificate, sessions.at(-1))
      const reused = new Promise((resolve) =>
        second.once('secureConnect', () => resolve(second.isSessionReused())),
      )
      expect(await statusOver(second)).toBe(status)
      expect(await reused).toBe(false)
    }
  })

  test('is asked for the same on a WebSocket', async () => {
    const handshake = async (certificate: Certified | null): Promise<number | undefined> => {
      const request = https.request(new URL('/live', stand.gateways[0]!.addresses.application), {
        ...{ rejectUnauthorized: false, localAddress: proxy, agent: false, ...certificate },
        headers: {
          ...vouching,
          ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      })
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      request.on('upgrade', (response, socket) => {
        socket.destroy()
        resolve(response)
      })
      request.on('response', (response) => resolve(response.resume()))
      request.on('error', reject).end()
      return (await promise).statusCode
    }
    expect(await handshake(shown)).toBe(101)
    expect(await handshake(null)).toBe(401)
  })

  test('gives cookies for https alone, since the connection is', async () => {
    const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const given = (await send({ headers: { ...page, 'x-remote-user': 'ben' } })).headers
    expect(given['set-cookie']?.join()).toMatch(/^__Host-gatehouse=.*; Secure/)
  })
})

describe('a proxy that asks (forward-auth) with a certificate', () => {
  const told = {
    ...{ 'x-forwarded-method': 'GET', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.test' },
    ...{ 'x-forwarded-uri': '/public/book', 'x-forwarded-for': '127.0.0.1' },
  }
  const check = (certificate: Certified | null, from = proxy) =>
    ask({ certificate, from, headers: told, path: '/check', base: stand.gateways[0]!.addresses.forwardAuth! })

  test('is heard without a secret, from its address', async () => {
    expect(await check(shown)).toBe(200)
    expect(await check(shown, '127.0.0.51')).toBe(403)
    // A name that is listed for the identity proxy is not one of those that may ask.
    expect(await check(byUri)).toBe(403)
  })

  test.each(wrong)('is not heard with %s', async (_, certificate) => {
    expect(await check(certificate)).toBe(403)
  })
})

describe('the listener', () => {
  test('is not taken below TLS 1.2, and not in plain HTTP', async () => {
    const { port } = new URL(stand.gateways[0]!.addresses.application)
    const old = tls.connect({
      ...{ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false, ciphers: 'DEFAULT@SECLEVEL=0' },
      ...{ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' },
    })
    const error = await new Promise<Error>((resolve) => old.once('error', resolve))
    expect(String(error)).toMatch(/protocol version/)
    await expect(fetch(`http://127.0.0.1:${port}/public/book`)).rejects.toThrow()
  })

  test('keeps its pair whatever becomes of the files; the next start names what is wrong with them', async () => {
    const other = createAuthority().issue({ names: ['app.test'] })
    const restart = () => stand.startOne('gateway-next')
    const cases: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
      ['own.key', other.key, /gateway\.tls\.keyFile: .*own\.key is not the key of the first certificate/],
      ['own.key', 'nothing', /gateway\.tls\.keyFile: .*own\.key holds no private key/],
      ['own.pem', 'nothing', /gateway\.tls\.certificateFile: .*own\.pem holds no certificate in PEM/],
      ['proxies.pem', 'nothing', /gateway\.tls\.clientCaFile: .*proxies\.pem holds no certificate/],
    ]
    for (const [name, text, problem] of cases) {
      const good = { 'own.key': own.key, 'own.pem': own.cert, 'proxies.pem': authority.cert }
      write(name, text)
      await expect(restart()).rejects.toThrow(problem)
      expect(await ask({})).toBe(200)
      write(name, good[name as keyof typeof good])
    }
    rmSync(files.keyFile)
    await expect(restart()).rejects.toThrow(/gateway\.tls\.keyFile: .*own\.key cannot be read \(ENOENT\)/)
    write('own.pem', other.cert)
    write('own.key', other.key)
    const next = await restart()
    const { promise, resolve } = Promise.withResolvers<string>()
    const socket = tls.connect(
      {
        port: Number(new URL(next.addresses.application).port),
        host: '127.0.0.1',
        rejectUnauthorized: false,
      },
      () => resolve(socket.getPeerX509Certificate()!.toString()),
    )
    expect(await promise).toBe(other.cert)
    socket.destroy()
    await next.close()
  })

  test('does not go on believing a certificate that runs out on an open connection', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    const connections = new Set<unknown>()
    agent.on('free', (socket) => connections.add(socket))
    expect(await ask({ agent })).toBe(200)
    stand.clock.advance(6 * 86_400_000)
    expect(await ask({ agent })).toBe(401)
    expect(connections.size).toBe(1)
    agent.destroy()
  })
})

test('names are read only off a text that is what it always is', () => {
  expect(alternativeNames('DNS:A.test, IP Address:10.0.0.1, URI:spiffe://a/b')).toEqual([
    'dns:a.test',
    'uri:spiffe://a/b',
  ])
  expect(alternativeNames('DNS:"a, DNS:identity.internal", DNS:b')).toEqual(['dns:b'])
  for (const text of ['', 'DNS:a"b, DNS:c', 'DNS:a, , DNS:b', 'DNS:"a', 'DNS:a\\b, DNS:c', 'x DNS:a;'])
    expect(alternativeNames(text), text).toEqual([])
})

describe('what is configured', () => {
  const problemsOf = (change: { gateway?: object; trustedHeader?: object; origins?: object }) =>
    checkConfig(
      configSchema.parse({
        origins: change.origins ?? {},
        gateway: change.gateway ?? {},
        upstreams: [
          {
            ...{ id: 'app', name: 'App', url: 'http://127.0.0.1:3000', practice: { fixed: 'main' } },
            identity:
              change.trustedHeader === undefined
                ? null
                : {
                    signInPage: '/in',
                    trustedHeader: { peers: [proxy], user: 'X-U', ...change.trustedHeader },
                  },
          },
        ],
      }),
    ).map(({ path, sentence }) => `${path}: ${sentence}`)
  const names = { certificateNames: ['dns:identity.internal'] }

  test.each([
    ['neither proof', { trustedHeader: {} }, /trustedHeader\.secret: must be given, or certificateNames/],
    [
      'a key alone',
      { gateway: { tls: { keyFile: 'own.key' } } },
      /gateway\.tls\.keyFile: needs certificateFile/,
    ],
    [
      'a certificate alone',
      { gateway: { tls: { certificateFile: 'own.pem' } } },
      /gateway\.tls\.keyFile: must be given/,
    ],
    ['names without TLS', { trustedHeader: names }, /certificateNames: needs gateway\.tls\.clientCaFile/],
    [
      'names without an authority',
      { trustedHeader: names, gateway: { tls: { ...files, clientCaFile: null } } },
      /upstreams\[0\]\.identity\.trustedHeader\.certificateNames: needs gateway\.tls\.clientCaFile/,
    ],
    ['an authority for nobody', { gateway: { tls: files } }, /clientCaFile: would protect nothing/],
    [
      'an origin that is not https',
      { gateway: { tls: { ...files, clientCaFile: null } }, origins: { application: 'http://app.test' } },
      /origins\.application: must begin with https/,
    ],
    [
      'names for asking proxies alone',
      { gateway: { forwardAuth: { listen: '127.0.0.1:0', peers: [proxy], ...names } } },
      /gateway\.forwardAuth\.certificateNames: needs/,
    ],
  ])('%s is a Problem', (_, change, sentence) => {
    expect(problemsOf(change)).toEqual([expect.stringMatching(sentence)])
  })

  test('a name must say what it is a name of', () => {
    for (const name of ['identity.internal', 'dns:Identity.internal', 'dns:', 'ip:10.0.0.1', 'cn:a\nb'])
      expect(() => problemsOf({ trustedHeader: { certificateNames: [name] } }), name).toThrow()
  })
})
