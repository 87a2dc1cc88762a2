/**
 * Goal: WebSockets pass unchanged after the application's own 101, and a cut ends both sides with a reason.
 * Method: the `ws` package as application and as client, raw sockets where bytes matter.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Decision } from '../../policies/decision.ts'
import { decisionOf } from '../support/decisions.ts'
import {
  engines,
  judged,
  type Stand,
  type StandOptions,
  standing,
  startStand,
} from '../support/engine-stand.ts'
import { type Accepted, connectRaw, type RawServer, startRawServer } from '../support/raw-http.ts'

describe.each(engines)('the engine "%s"', (engine) => {
  let sockets: WebSocketServer | null = null
  let app: RawServer | null = null
  let stand: Stand

  const startEcho = async (options: StandOptions = {}): Promise<WebSocketServer> => {
    sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
    await new Promise((resolve) => sockets!.once('listening', resolve))
    sockets.on('connection', (socket) =>
      socket.on('message', (bytes, isBinary) => socket.send(bytes, { binary: isBinary })),
    )
    stand = await startStand(`http://127.0.0.1:${(sockets.address() as AddressInfo).port}`, {
      engine,
      ...options,
    })
    return sockets
  }

  const startRaw = async (
    answer: (accepted: Accepted) => void,
    options: StandOptions = {},
  ): Promise<RawServer> => {
    app = await startRawServer(answer)
    stand = await startStand(app.url, { engine, ...options })
    return app
  }

  afterEach(async () => {
    await stand.close()
    for (const client of sockets?.clients ?? []) client.terminate()
    await new Promise<void>((resolve) => (sockets === null ? resolve() : sockets.close(() => resolve())))
    sockets = null
    await app?.close()
    app = null
  })

  const open = async (path = '/live'): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${stand.port}${path}`, { perMessageDeflate: true })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return socket
  }
  const nextMessage = (socket: WebSocket): Promise<Buffer> =>
    new Promise((resolve) => socket.once('message', (bytes) => resolve(bytes as Buffer)))
  const closed = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
    new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    )

  const key = 'AAAAAAAAAAAAAAAAAAAAAA=='
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const handshake =
    `GET /live HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x-odd\r\n\r\n`
  const switching = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
  const text = (words: string): Buffer =>
    Buffer.concat([Buffer.from([0x81, words.length]), Buffer.from(words)])

  /** A Close frame of 17 bytes with code 1008, as latin1. */
  const goodbye = Buffer.from([0x88, 17, 0x03, 0xf0]).toString('latin1')

  /** A standing that a test can end. */
  const revocable = () => {
    let now: Decision = decisionOf('ok')
    return {
      of: standing(() => now),
      revoke: (reason: Decision['reason']) => {
        now = decisionOf(reason)
      },
    }
  }

  describe('a permitted WebSocket', () => {
    it('echoes, compressed, small and large, in order', async () => {
      await startEcho()
      const socket = await open()
      expect(socket.extensions).toMatch(/permessage-deflate/)
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 2_000_000]) {
        const bytes = Buffer.alloc(size, size % 251)
        socket.send(bytes)
        expect(Buffer.compare(await nextMessage(socket), bytes)).toBe(0)
      }
      expect(stand.exchanges.counts().websocket).toBe(1)
      socket.close(1000)
      expect((await closed(socket)).code).toBe(1000)
      await stand.exchanges.emptied()
    })

    it('the handshake passes with its protocols and extensions, our headers and no body', async () => {
      const raw = await startRaw(({ socket }) => void socket.once('data', () => socket.write(switching)))
      const client = await connectRaw(stand.port)
      client.write(handshake)
      const answer = await client.until(/\r\n\r\n$/)
      const head = raw.connections[0]!.received()
      expect(head).toMatch(/^GET \/live HTTP\/1\.1\r\nHost: a\r\n/)
      expect(head).toMatch(/Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x-odd\r\n/)
      expect(head).toMatch(/X-Forwarded-For: 127\.0\.0\.1/)
      expect(head.match(/connection: upgrade\r\n/gi)).toHaveLength(1)
      expect(head).not.toMatch(/keep-alive|content-length|transfer-encoding/i)
      expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/)
      expect(answer).toContain(`Sec-WebSocket-Accept: ${accept}`)
      client.socket.destroy()
    })

    it('bytes sent ahead wait for the 101', async () => {
      const raw = await startRaw(() => {})
      const client = await connectRaw(stand.port)
      client.write(`${handshake}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
      const accepted = await raw.connection(0)
      const head = await accepted.until(/\r\n\r\n/)
      expect(head).not.toContain('smuggled')
      accepted.socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
      const answer = await client.closed()
      expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*no$/)
      expect(answer).toMatch(/connection: close/i)
      expect(accepted.received()).not.toContain('smuggled')
      expect(stand.seen).toHaveLength(1)
    })

    it('what the application says right behind its 101 is not lost, nor what the client sent ahead', async () => {
      const raw = await startRaw(
        ({ socket }) =>
          void socket.once('data', () =>
            socket.write(Buffer.concat([Buffer.from(switching), text('hello')])),
          ),
      )
      const client = await connectRaw(stand.port)
      client.write(Buffer.concat([Buffer.from(handshake), text('early')]))
      await client.until(/hello$/)
      await raw.connections[0]!.until(/early$/)
      client.socket.destroy()
      await raw.connections[0]!.closed()
    })

    it.each([
      ['another key', switching.replace(accept, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')],
      ['no key', switching.replace(/Sec-WebSocket-Accept: .*\r\n/, '')],
      ['another protocol', switching.replace('Upgrade: websocket', 'Upgrade: h2c')],
      ['no upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
      ['garbage', 'nonsense\r\n\r\n'],
    ])('a 101 for %s is a 502', async (_, bytes) => {
      await startRaw(({ socket }) => void socket.once('data', () => socket.write(bytes)))
      const client = await connectRaw(stand.port)
      client.write(handshake)
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 502 /)
    })

    it('an application that keeps silent is a 504, one that hangs up a 502', async () => {
      await startRaw(() => {}, { upstream: { firstByteTimeoutMs: 100 } })
      const silent = await connectRaw(stand.port)
      silent.write(handshake)
      expect(await silent.closed()).toMatch(/^HTTP\/1\.1 504 /)
      await stand.close()
      await app!.close()
      await startRaw(({ socket }) => void socket.once('data', () => socket.destroy()))
      const gone = await connectRaw(stand.port)
      gone.write(handshake)
      expect(await gone.closed()).toMatch(/^HTTP\/1\.1 502 /)
      await stand.exchanges.emptied()
    })

    it('a slow reader holds the application back, in bounded memory', async () => {
      let sent = 0
      await startRaw(({ socket }) => {
        socket.once('data', () => {
          socket.write(switching)
          const frame = Buffer.concat([Buffer.from([0x82, 126, 0xff, 0xff]), Buffer.alloc(65_535)])
          const pump = (): void => {
            while (sent < 1_000) {
              sent += 1
              if (!socket.write(frame)) return void socket.once('drain', pump)
            }
          }
          pump()
        })
      })
      const client = await connectRaw(stand.port)
      client.write(handshake)
      await client.until(/101/)
      client.socket.pause()
      let before = -1
      while (before !== sent) {
        before = sent
        await new Promise((resolve) => setTimeout(resolve, 60))
      }
      expect(sent).toBeLessThan(500)
      client.socket.destroy()
    })
  })

  describe('a WebSocket that may not go on', () => {
    it.each([
      ['session-revoked', 1008, 'session-revoked'],
      ['outside-time-window', 1008, 'window-closed'],
      ['address-not-allowed', 1008, 'address-not-allowed'],
    ] as const)('%s: closed with %d %s on both sides at once', async (reason, code, words) => {
      const { of, revoke } = revocable()
      const echo = await startEcho({ judge: () => judged(of) })
      const socket = await open()
      const [server] = [...echo.clients]
      const ends = [closed(socket), closed(server!)] as const
      revoke(reason)
      stand.exchanges.recheck({ user: 'usr_1' })
      expect(await ends[0]).toEqual({ code, reason: words })
      await ends[1]
      expect(stand.exchanges.size()).toBe(0)
    })

    it('stale knowledge is 1013, draining 1001', async () => {
      await startEcho({ judge: () => judged() })
      const first = await open()
      const stale = closed(first)
      stand.exchanges.cutAll('knowledge-stale', 'judged')
      expect(await stale).toEqual({ code: 1013, reason: 'knowledge-stale' })
      const second = await open()
      const drained = closed(second)
      await stand.close(1_000)
      expect((await drained).code).toBe(1001)
    })

    it('no byte of the client passes once cut', async () => {
      const { of, revoke } = revocable()
      const raw = await startRaw(({ socket }) => void socket.once('data', () => socket.write(switching)), {
        judge: () => judged(of),
      })
      const client = await connectRaw(stand.port)
      client.write(handshake)
      await client.until(/101/)
      revoke('session-revoked')
      client.write('late')
      stand.exchanges.recheck({})
      await raw.connections[0]!.closed()
      expect(raw.connections[0]!.received()).not.toContain('late')
      expect((await client.closed()).endsWith(`${goodbye}session-revoked`)).toBe(true)
    })

    it('inside a small frame the rest of it passes first, then the Close frame', async () => {
      const { of, revoke } = revocable()
      const raw = await startRaw(({ socket }) => void socket.once('data', () => socket.write(switching)), {
        judge: () => judged(of),
      })
      const client = await connectRaw(stand.port)
      client.write(handshake)
      await client.until(/101/)
      raw.connections[0]!.socket.write(text('half and half').subarray(0, 6))
      await client.until(/half$/)
      revoke('session-revoked')
      stand.exchanges.recheck({})
      raw.connections[0]!.socket.write(Buffer.concat([text('half and half').subarray(6), text('never')]))
      const all = await client.closed()
      expect(all.endsWith(`half and half${goodbye}session-revoked`), all).toBe(true)
    })

    it.each([
      ['inside a large frame', Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3])],
      ['inside the head of a frame', Buffer.from([0x82, 126, 0])],
      ['inside a frame that never ends', text('half').subarray(0, 4)],
    ])('%s it is broken off without one', async (_, bytes) => {
      const { of, revoke } = revocable()
      const raw = await startRaw(({ socket }) => void socket.once('data', () => socket.write(switching)), {
        judge: () => judged(of),
      })
      const client = await connectRaw(stand.port)
      client.write(handshake)
      await client.until(/101/)
      const length = client.received().length
      raw.connections[0]!.socket.write(bytes)
      while (client.received().length <= length + 2) await new Promise((resolve) => setImmediate(resolve))
      revoke('session-revoked')
      stand.exchanges.recheck({})
      expect(await client.closed()).not.toContain('session-revoked')
      await raw.connections[0]!.closed()
    })

    it('refused before the handshake it is a plain status, and the application hears nothing', async () => {
      const raw = await startRaw(() => {}, {
        judge: () => ({
          act: 'answer',
          response: { status: 403, headers: ['Content-Type', 'text/plain'], body: 'no\n' },
          decision: null,
        }),
      })
      const client = await connectRaw(stand.port)
      client.write(handshake)
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\nno\n$/)
      expect(raw.connections).toHaveLength(0)
      await stand.exchanges.emptied()
      expect(stand.seen[0]!.kind).toBe('websocket')
    })

    it('revoked during the handshake it never opens', async () => {
      const { of, revoke } = revocable()
      const raw = await startRaw(() => {}, { judge: () => judged(of) })
      const client = await connectRaw(stand.port)
      client.write(handshake)
      const accepted = await raw.connection(0)
      await accepted.until(/\r\n\r\n/)
      revoke('session-revoked')
      stand.exchanges.recheck({ session: 's1' })
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 401 /)
      await accepted.closed()
    })
  })
})
