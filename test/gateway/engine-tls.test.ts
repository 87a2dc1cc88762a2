/**
 * Goal: over TLS everything is as without: bodies whole, connections kept, WebSockets passed and cut; what is no TLS ends.
 * Method: both engines with a certificate of their own, node's https and the `ws` package as clients, raw bytes for noise.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { ListenerTls } from '../../gateway/listener-tls.ts'
import type { Decision } from '../../policies/decision.ts'
import { selfSigned } from '../support/certificates.ts'
import { decisionOf } from '../support/decisions.ts'
import { createStage, statusOf } from '../support/engine-stage.ts'
import { engines, judged, type Stand, standing, startStand } from '../support/engine-stand.ts'
import { eventually } from '../support/gateway-stand.ts'
import { answering, connectRaw } from '../support/raw-http.ts'

const secured: ListenerTls = {
  ...selfSigned({ names: ['app.test'] }),
  minVersion: 'TLSv1.2',
  requestCert: false,
  rejectUnauthorized: false,
  secureOptions: 0,
  handshakeTimeout: 300,
}
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe.each(engines)('the engine "%s" over TLS', (engine) => {
  const stage = createStage(engine)
  let stand: Stand | null = null
  afterEach(async () => {
    await stand?.close()
    stand = null
    await stage.end()
  })

  it('carries megabytes both ways on a connection that is kept', async () => {
    const [upload, download] = [randomBytes(2_000_000), randomBytes(3_000_000)]
    await stage.http(
      (request, response) => {
        const seen = createHash('sha256')
        request.on('data', (chunk: Buffer) => seen.update(chunk))
        request.on('end', () => response.setHeader('x-seen', seen.digest('hex')).end(download))
      },
      { tls: secured },
    )
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    const { port } = stage.stand
    const send = (): Promise<readonly [seen: unknown, got: string, reused: boolean]> =>
      new Promise((resolve, reject) => {
        const request = https.request({ port, host: '127.0.0.1', method: 'POST', agent }, (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('end', () =>
            resolve([response.headers['x-seen'], hashOf(Buffer.concat(parts)), request.reusedSocket]),
          )
        })
        request.on('error', reject).end(upload)
      })
    expect(await send()).toEqual([hashOf(upload), hashOf(download), false])
    expect(await send()).toEqual([hashOf(upload), hashOf(download), true])
    agent.destroy()
  })

  it('passes a WebSocket and cuts it with a reason', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => sockets.once('listening', resolve))
    sockets.on('connection', (socket) => socket.on('message', (bytes) => socket.send(bytes)))
    let now: Decision = decisionOf('ok')
    stand = await startStand(`http://127.0.0.1:${(sockets.address() as AddressInfo).port}`, {
      engine,
      tls: secured,
      judge: () => judged(standing(() => now)),
    })
    const client = new WebSocket(`wss://127.0.0.1:${stand.port}/live`, { rejectUnauthorized: false })
    await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject))
    const bytes = randomBytes(500_000)
    client.send(bytes)
    const echoed = await new Promise<Buffer>((resolve) =>
      client.once('message', (data) => resolve(data as Buffer)),
    )
    expect(hashOf(echoed)).toBe(hashOf(bytes))
    const closed = new Promise<number>((resolve) => client.once('close', resolve))
    now = decisionOf('session-revoked')
    stand.exchanges.recheck({ user: 'usr_1' })
    expect(await closed).toBe(1008)
    await new Promise<void>((resolve) => sockets.close(() => resolve()))
  })

  it('agrees on HTTP/1.1 and on nothing else', async () => {
    await stage.raw(answering(ok), { tls: secured })
    const { port } = stage.stand
    const offer = (ALPNProtocols: string[]): Promise<string | false | null> =>
      new Promise((resolve) => {
        const socket = tls.connect(
          { port, host: '127.0.0.1', ALPNProtocols, rejectUnauthorized: false },
          () => {
            resolve(socket.alpnProtocol)
            socket.destroy()
          },
        )
        socket.on('error', () => resolve('refused'))
      })
    expect(await offer(['h2', 'http/1.1'])).toBe('http/1.1')
    expect(await offer(['h2'])).toBe('refused')
  })

  it('ends what is no TLS and what never shakes hands, and serves the others', async () => {
    await stage.raw(answering(ok), { tls: secured })
    const plain = await connectRaw(stage.stand.port)
    plain.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    const silent = await connectRaw(stage.stand.port)
    expect(statusOf(await plain.closed())).toBe(0)
    expect(await silent.closed()).toBe('')
    const { statusCode } = await new Promise<IncomingMessage>((resolve, reject) =>
      https
        .get({ port: stage.stand.port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, resolve)
        .on('error', reject),
    )
    expect(statusCode).toBe(200)
    await eventually(
      async () => /what="head"\} [12]/.test((await stage.stand.metrics.text()).body),
      'what was no TLS is counted',
    )
    expect(stage.stand.seen).toHaveLength(1)
  })
})
