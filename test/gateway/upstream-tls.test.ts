/**
 * Goal: an application over https is believed to be the right one by its certificate, or gets nothing; no way around.
 * Method: TLS servers on loopback with certificates made here; what they received, what the browser and the log are told.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Agent } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { createTokenReader, openTokenKeys } from '../../gateway/identity/app-token.ts'
import { createConnector } from '../../gateway/upstream-connect.ts'
import { configSchema } from '../../runtime/config.ts'
import { type LogFields, silentLog } from '../../runtime/log.ts'
import { type Certified, createAuthority, selfSigned } from '../support/certificates.ts'
import { rawGet, statusOf } from '../support/engine-stage.ts'
import { type Stand, startStand } from '../support/engine-stand.ts'
import { startStand as startGatewayStand } from '../support/gateway-stand.ts'
import { exchangeRaw } from '../support/raw-http.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const portOf = (server: net.Server): number => (server.address() as AddressInfo).port

const listening = async <S extends net.Server>(server: S): Promise<S> => {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket) => void sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return server
}

/** A file that lives as long as the test. */
const fileWith = (text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  ends.push(async () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'ca.pem')
  writeFileSync(file, text)
  return file
}

/** An application over TLS that notes what reaches it, and an engine before it. */
const start = async (identity: Certified, trust: { caFile?: string; serverName?: string } = {}) => {
  const arrived: string[] = []
  const server = await listening(
    https.createServer(identity, (request, response) => {
      arrived.push(`${request.method} ${request.headers.host}`)
      response.end('over TLS')
    }),
  )
  server.on('upgrade', (_request, socket) => {
    arrived.push('upgrade')
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
  })
  const told: LogFields[] = []
  const log = { ...silentLog, warn: (fields: LogFields) => void told.push(fields) }
  const stand = await startStand(`https://127.0.0.1:${portOf(server)}`, { upstream: { tls: trust }, log })
  ends.push(() => stand.close())
  return { stand, arrived, told }
}

const handshake =
  'GET /ws HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

const bothWays = async ({ port }: Stand): Promise<readonly number[]> =>
  [await exchangeRaw(port, rawGet()), await exchangeRaw(port, handshake)].map(statusOf)

describe('a certificate that holds', () => {
  it('by the configured authority, for the address itself; the browser’s Host goes on', async () => {
    const authority = createAuthority()
    const { stand, arrived } = await start(authority.issue({ names: ['127.0.0.1'] }), {
      caFile: fileWith(authority.cert),
    })
    expect(await exchangeRaw(stand.port, rawGet())).toMatch(/^HTTP\/1\.1 200 [\s\S]*over TLS/)
    expect(statusOf(await exchangeRaw(stand.port, handshake))).toBe(403)
    expect(arrived).toEqual(['GET app.example', 'upgrade'])
  })

  it('by the configured name, where it says another than the address', async () => {
    const authority = createAuthority()
    const identity = authority.issue({ names: ['practice.internal'] })
    const caFile = fileWith(authority.cert)
    const { stand } = await start(identity, { caFile, serverName: 'practice.internal' })
    expect(await bothWays(stand)).toEqual([200, 403])
  })

  it('by itself, where the file holds that very one; others in the file do not disturb', async () => {
    const own = selfSigned({ names: ['127.0.0.1'] })
    const { stand } = await start(own, { caFile: fileWith(createAuthority().cert + own.cert) })
    expect(await bothWays(stand)).toEqual([200, 403])
  })
})

describe('a certificate that does not hold is a 502 that says why in the log, and nothing is sent', () => {
  const authority = createAuthority()
  const other = createAuthority()
  const cases = [
    ['self-signed', selfSigned({ names: ['127.0.0.1'] }), null, {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'of an authority that nobody configured',
      authority.issue({ names: ['127.0.0.1'] }),
      null,
      {},
      'UNABLE_TO',
    ],
    ['of another authority', other.issue({ names: ['127.0.0.1'] }), authority, {}, 'UNABLE_TO'],
    ['expired', authority.issue({ names: ['127.0.0.1'], daysLeft: -1 }), authority, {}, 'CERT_HAS_EXPIRED'],
    // The Host that the browsers of these tests send must not make it right.
    ['for another name', authority.issue({ names: ['app.example'] }), authority, {}, 'ALTNAME_INVALID'],
    [
      'for the address, where a name is configured',
      authority.issue({ names: ['127.0.0.1'] }),
      authority,
      { serverName: 'practice.internal' },
      'ALTNAME_INVALID',
    ],
  ] as const
  it.each(cases)('%s', async (_, identity, trusted, trust, code) => {
    const given = trusted === null ? trust : { ...trust, caFile: fileWith(trusted.cert) }
    const { stand, arrived, told } = await start(identity, given)
    const answer = await exchangeRaw(stand.port, rawGet())
    expect(statusOf(answer)).toBe(502)
    expect(answer).toMatch(/proxy-status: gatehouse; error=tls_certificate_error/i)
    expect(answer).toContain('could not prove that it is the right one')
    expect(answer).not.toMatch(/CERT|127\.0\.0\.1|self.signed/)
    expect(statusOf(await exchangeRaw(stand.port, handshake))).toBe(502)
    expect(arrived).toEqual([])
    expect(told).toHaveLength(2)
    for (const { error } of told) {
      expect(String(error)).toContain(code)
      expect(String(error)).toContain('tls.caFile')
    }
    expect((await stand.metrics.text()).body).toContain(
      'gatehouse_upstream_failures_total{kind="untrusted"} 2',
    )
  })

  it('whatever the environment says', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const { stand, arrived } = await start(selfSigned({ names: ['127.0.0.1'] }))
      expect(await bothWays(stand)).toEqual([502, 502])
      expect(arrived).toEqual([])
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
  })
})

describe('https that is none', () => {
  it('a plain application is a 502', async () => {
    const server = await listening(http.createServer((_request, response) => response.end('plain')))
    const stand = await startStand(`https://127.0.0.1:${portOf(server)}`)
    ends.push(() => stand.close())
    expect(await bothWays(stand)).toEqual([502, 502])
  })

  it('one that never shakes hands is a 504 once connecting takes too long', async () => {
    const server = await listening(net.createServer(() => {}))
    const upstream = { connectTimeoutMs: 100 }
    const stand = await startStand(`https://127.0.0.1:${portOf(server)}`, { upstream })
    ends.push(() => stand.close())
    expect(await bothWays(stand)).toEqual([504, 504])
  })
})

describe('questions of the gateway’s own', () => {
  /** TLS in front of a plain port. */
  const startRelay = async (identity: Certified) => {
    const to = { port: 0 }
    const server = await listening(
      tls.createServer(identity, (socket) => {
        const inner = net.connect(to.port, '127.0.0.1')
        socket.pipe(inner).pipe(socket)
        for (const one of [socket, inner])
          one.on('error', () => {
            inner.destroy()
            socket.destroy()
          })
      }),
    )
    return { to, url: `https://127.0.0.1:${portOf(server)}` }
  }

  it.each([
    ['configured', 200],
    ['unknown', 503],
  ] as const)('who somebody is, of an application with a %s authority: %i', async (which, status) => {
    const authority = createAuthority()
    const relay = await startRelay(authority.issue({ names: ['127.0.0.1'] }))
    const caFile = fileWith((which === 'configured' ? authority : createAuthority()).cert)
    const stand = await startGatewayStand({
      change: (config) => {
        relay.to.port = Number(new URL(config.upstreams[0]!.url).port)
        const tls = { caFile, serverName: null }
        return { ...config, upstreams: config.upstreams.map((one) => ({ ...one, url: relay.url, tls })) }
      },
    })
    ends.push(stand.close)
    const client = stand.client()
    client.cookies.set('sid', stand.application.signInDirectly('ann'))
    const answer = await client.get('/patients/7', { navigation: false })
    expect(answer.status).toBe(status)
  })

  it('the keys of its tokens', async () => {
    const authority = createAuthority()
    const keys = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k' }
    const server = await listening(
      https.createServer(authority.issue({ names: ['127.0.0.1'] }), (_request, response) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ keys: [jwk] }))
      }),
    )
    const read = async (caFile: string): Promise<string> => {
      const url = `https://127.0.0.1:${portOf(server)}`
      const jwt = { algorithms: ['ES256'], issuer: 'i', audience: 'a', jwks: '/keys', practices: 'p' }
      const identity = { cookies: ['t'], jwt, signInPage: '/' }
      const parsed = configSchema.parse({
        upstreams: [{ id: 'app', name: 'App', url, identity, tls: { caFile } }],
      })
      const upstream = parsed.upstreams[0]!
      const rules = upstream.identity!.jwt!
      const dispatcher = new Agent({ connect: createConnector(upstream) })
      ends.push(() => dispatcher.destroy())
      const opened = openTokenKeys(rules, url, dispatcher)
      if (!opened.ok) throw new Error('no keys')
      const token = await new SignJWT({ p: [{ id: 'oak', roles: [] }] })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setSubject('ann')
        .setIssuer('i')
        .setAudience('a')
        .setExpirationTime('5m')
        .sign(keys.privateKey)
      const reader = createTokenReader({ upstream, rules, keys: opened.value, clock: { now: Date.now } })
      const { answer } = await reader({ hash: 'h', pairs: [['t', token]] })
      return answer.kind
    }
    expect(await read(fileWith(authority.cert))).toBe('known')
    expect(await read(fileWith(createAuthority().cert))).toBe('indeterminate')
  })
})

describe('a CA file that cannot be used', () => {
  it.each([
    ['is not there', null, /tls\.caFile \/nowhere\/ca\.pem cannot be read \(ENOENT\)/],
    ['holds no certificate', 'hello', /tls\.caFile .* holds no certificate in PEM/],
    [
      'holds a broken one',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      /tls\.caFile .* holds a certificate that cannot be read/,
    ],
  ] as const)('%s: the gateway does not start', async (_, text, why) => {
    const caFile = text === null ? '/nowhere/ca.pem' : fileWith(text)
    const starting = startGatewayStand({
      change: (config) => ({
        ...config,
        upstreams: config.upstreams.map((one) => ({
          ...one,
          url: 'https://127.0.0.1:1',
          tls: { caFile, serverName: null },
        })),
      }),
    })
    await expect(starting).rejects.toThrow(why)
  })
})
