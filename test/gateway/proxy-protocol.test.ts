/**
 * Goal: a listed peer says whose connection it brings and must; what anybody else says of themselves changes nothing.
 * Method: raw connections from several addresses of loopback to the real listener, plain and over TLS, cut and spoofed.
 */
import type { Socket } from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import type { ListenerTls } from '../../gateway/listener-tls.ts'
import { selfSigned } from '../support/certificates.ts'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import type { StandOptions } from '../support/engine-stand.ts'
import { eventually } from '../support/gateway-stand.ts'
import { announcing, announcingLine, binaryHeader } from '../support/proxy-headers.ts'
import { answering, connectRaw, type RawClient } from '../support/raw-http.ts'

const secured: ListenerTls = {
  ...selfSigned({ names: ['app.test'] }),
  minVersion: 'TLSv1.2',
  requestCert: false,
  rejectUnauthorized: false,
  secureOptions: 0,
  handshakeTimeout: 2_000,
}
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const kept = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'
const balancer = '127.0.0.2'
const stranger = '127.0.0.3'
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

const stage = createStage('own')
afterEach(stage.end)

const start = (options: StandOptions = {}) =>
  stage.raw(answering(ok), { proxyProtocol: { from: [balancer], deadlineMs: 5_000 }, ...options })

const come = (from: string): Promise<RawClient> => connectRaw(stage.stand.port, from)

/** Sends the bytes from there, and resolves with all that came back until the end. */
const send = async (from: string, ...parts: readonly (string | Buffer)[]): Promise<string> => {
  const client = await come(from)
  client.write(Buffer.concat(parts.map((part) => (typeof part === 'string' ? latin1(part) : part))))
  return client.closed()
}

const peers = (): readonly (string | undefined)[] => stage.stand.seen.map(({ peer }) => peer?.text)
const clients = (): readonly string[] => stage.stand.seen.map(({ client }) => client.text)

const counted = async (what: string): Promise<number> => {
  const series = `gatehouse_malformed_requests_total{what="${what}"}`
  const line = (await stage.stand.metrics.text()).body.split('\n').find((one) => one.startsWith(series))
  return Number(line?.split(' ')[1] ?? 0)
}

/** TLS on a connection that has been opened already. */
const shakeHands = (socket: Socket): Promise<tls.TLSSocket> =>
  new Promise((resolve, reject) => {
    const over = tls.connect({ socket, rejectUnauthorized: false }, () => resolve(over))
    over.on('error', reject)
  })

const askOver = async (over: tls.TLSSocket): Promise<string> => {
  let text = ''
  over.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  over.write(rawGet())
  await new Promise((resolve) => over.once('close', resolve))
  return text
}

describe('a listed peer', () => {
  it('announces its client, in both versions and both families, and speaks for itself where it says so', async () => {
    await start()
    const heads = [
      announcingLine('203.0.113.7'),
      announcingLine('2001:db8::7'),
      announcing('203.0.113.8'),
      announcing('2001:db8::8', Buffer.alloc(300, 4)),
      'PROXY UNKNOWN\r\n',
      binaryHeader(0x20, 0, Buffer.alloc(0)),
    ]
    for (const head of heads) expect(statusOf(await send(balancer, head, rawGet()))).toBe(200)
    const expected = ['203.0.113.7', '2001:db8::7', '203.0.113.8', '2001:db8::8', balancer, balancer]
    expect(peers()).toEqual(expected)
    expect(clients()).toEqual(expected)
  })

  it('announces once for all requests of a connection, with the header cut at every byte', async () => {
    await start()
    const bytes = Buffer.concat([announcing('203.0.113.7'), latin1(kept)])
    const client = await come(balancer)
    client.socket.setNoDelay(true)
    for (const byte of bytes) {
      client.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await client.until(/ok$/)
    client.write(kept)
    await client.until(/ok[\s\S]*ok$/)
    expect(peers()).toEqual(['203.0.113.7', '203.0.113.7'])
    // Behind a header, the end of a connection is an ordinary one.
    client.socket.end()
    await client.closed()
    expect(await counted('proxy-protocol')).toBe(0)
  })

  it('without a header, with a broken one or with a second one is heard no further', async () => {
    await start()
    const broken = [
      kept,
      latin1('\x16\x03\x01\x02\x00'),
      'PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n',
      `PROXY UNKNOWN ${'x'.repeat(200)}`,
      binaryHeader(0x21, 0, Buffer.alloc(0)),
      binaryHeader(0x21, 0x31, Buffer.alloc(216)),
      announcing('203.0.113.7', Buffer.alloc(3_000)),
    ]
    for (const bytes of broken) expect(await send(balancer, bytes, kept)).toBe('')
    expect(await counted('proxy-protocol')).toBe(broken.length)
    const twice = await send(balancer, announcing('203.0.113.7'), announcingLine('203.0.113.8'), kept)
    expect(statusOf(twice)).toBeGreaterThanOrEqual(400)
    expect(stage.stand.seen).toEqual([])
  })

  it('that leaves early is let go, and one that only looks is not counted', async () => {
    await start()
    const [looking, cut] = [await come(balancer), await come(balancer)]
    looking.socket.end()
    cut.write('PROXY TCP4 203.')
    cut.socket.end()
    expect([await looking.closed(), await cut.closed()]).toEqual(['', ''])
    expect(await counted('proxy-protocol')).toBe(1)
  })

  it('has its own deadline, which no dripping moves; a head’s deadline begins behind it', async () => {
    await start({ proxyProtocol: { from: [balancer], deadlineMs: 400 }, limits: { headDeadlineMs: 300 } })
    const [silent, slow, inTime] = [await come(balancer), await come(balancer), await come(balancer)]
    slow.write('PROXY UNKNOWN ')
    const drip = setInterval(() => slow.write('x'), 20)
    inTime.write(Buffer.concat([announcing('203.0.113.7'), latin1('GET /x HTTP/1.1\r\n')]))
    expect([await silent.closed(), await slow.closed()]).toEqual(['', ''])
    clearInterval(drip)
    expect(statusOf(await inTime.closed())).toBe(408)
    expect(stage.stand.seen).toEqual([])
  })
})

describe('anybody else', () => {
  it('is who they are, and a header of theirs is no request', async () => {
    await start()
    expect(statusOf(await send(stranger, rawGet()))).toBe(200)
    expect(peers()).toEqual([stranger])
    const spoofed = [announcingLine('203.0.113.7'), announcing('203.0.113.7'), 'PROXY UNKNOWN\r\n']
    for (const head of spoofed) expect(statusOf(await send(stranger, head, kept))).toBeGreaterThanOrEqual(400)
    expect(stage.stand.seen).toHaveLength(1)
    expect(await counted('head')).toBe(spoofed.length)
    expect(stage.app.connections).toHaveLength(1)
  })

  it('cannot hide a header in an announced connection’s request, nor in one of nobody listed', async () => {
    await stage.raw(answering(ok))
    expect(statusOf(await send(balancer, announcing('203.0.113.7'), kept))).toBe(400)
    expect(statusOf(await send(balancer, announcingLine('203.0.113.7'), kept))).toBeGreaterThanOrEqual(400)
    expect(stage.stand.seen).toEqual([])
  })
})

describe('whom is announced', () => {
  const asked = (client: string): Promise<string> =>
    send(
      balancer,
      announcing(client),
      'GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.9\r\nConnection: close\r\n\r\n',
    )

  it('is believed about X-Forwarded-For as a peer would be: where listed, and not otherwise', async () => {
    await start({ trustedProxies: ['203.0.113.7', balancer] })
    await asked('203.0.113.7')
    await asked('203.0.113.8')
    expect(peers()).toEqual(['203.0.113.7', '203.0.113.8'])
    expect(clients()).toEqual(['198.51.100.9', '203.0.113.8'])
  })

  it.each([['plain', false] as const, ['over TLS', true] as const])(
    'is counted per address, not the balancer, %s; who goes makes room',
    async (_, isSecured) => {
      await start({ limits: { connectionsPerAddressMax: 2 }, ...(isSecured ? { tls: secured } : {}) })
      const open = async (client: string): Promise<Socket> => {
        const { socket, write } = await come(balancer)
        write(announcing(client))
        if (isSecured) return shakeHands(socket)
        return socket
      }
      const answered = (socket: Socket): Promise<boolean> =>
        new Promise((resolve) => {
          socket.once('data', () => resolve(true)).once('close', () => resolve(false))
          socket.write(kept)
        })
      const held = [await open('203.0.113.7'), await open('203.0.113.7'), await open('203.0.113.8')]
      for (const socket of held) expect(await answered(socket)).toBe(true)
      const refused = await open('203.0.113.7').then(answered, () => false)
      expect(refused).toBe(false)
      expect(await counted('too-many-connections')).toBe(1)
      held[0]!.destroy()
      await eventually(async () => {
        const next = await open('203.0.113.7').catch(() => null)
        const isServed = next !== null && (await answered(next))
        next?.destroy()
        return isServed
      }, 'there is room')
      for (const socket of held) socket.destroy()
    },
  )
})

describe('over TLS', () => {
  it('the header comes before the handshake; who is not listed and brings none is who they are', async () => {
    await start({ tls: secured })
    const client = await come(balancer)
    client.write(announcing('203.0.113.7'))
    expect(statusOf(await askOver(await shakeHands(client.socket)))).toBe(200)
    expect(statusOf(await askOver(await shakeHands((await come(stranger)).socket)))).toBe(200)
    expect(peers()).toEqual(['203.0.113.7', stranger])
  })

  it('also in one piece with the client’s first bytes', async () => {
    await start({ tls: secured })
    const { socket } = await come(balancer)
    // Held back until the handshake has begun, so that header and handshake leave together.
    socket.cork()
    socket.write(announcing('203.0.113.9'))
    const shaken = shakeHands(socket)
    setImmediate(() => socket.uncork())
    expect(statusOf(await askOver(await shaken))).toBe(200)
    expect(peers()).toEqual(['203.0.113.9'])
  })

  it('a handshake without a header, and a header of anybody else or inside of TLS, are heard no further', async () => {
    await start({ tls: secured })
    await expect(shakeHands((await come(balancer)).socket)).rejects.toThrow()
    const spoofing = await come(stranger)
    spoofing.write(announcing('203.0.113.7'))
    await expect(shakeHands(spoofing.socket)).rejects.toThrow()
    const inside = await shakeHands((await come(stranger)).socket)
    inside.write(announcing('203.0.113.7'))
    expect(statusOf(await askOver(inside))).toBe(400)
    expect(stage.stand.seen).toEqual([])
  })
})
