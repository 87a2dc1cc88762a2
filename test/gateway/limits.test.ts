/**
 * Goal: each limit of a gateway holds at its number and not one earlier, and whoever stalls keeps nobody else waiting.
 * Method: real sockets on loopback at the limit and one past it; short configured deadlines, and events awaited.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { configSchema } from '../../runtime/config.ts'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import { engines } from '../support/engine-stand.ts'
import { eventually } from '../support/gateway-stand.ts'
import { answering, connectRaw, exchangeRaw, type RawClient } from '../support/raw-http.ts'

describe.each(engines)('the engine "%s"', (engine) => {
  const stage = createStage(engine)
  afterEach(stage.end)

  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const kept = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'

  const many = (count: number, from?: string): Promise<readonly RawClient[]> =>
    Promise.all(Array.from({ length: count }, () => connectRaw(stage.stand.port, from)))

  const leave = (clients: readonly RawClient[]): void => {
    for (const { socket } of clients) socket.destroy()
  }

  const counted = async (series: string): Promise<string | undefined> =>
    (await stage.stand.metrics.text()).body.split('\n').find((line) => line.startsWith(series))

  describe('a request’s head', () => {
    const start = (line: string): string => `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`

    it('has 16 KiB, and not a byte more', async () => {
      await stage.raw(answering(ok))
      const first = `${start('GET /x')}X-Long: `
      const filled = (bytes: number): string => `${first}${'x'.repeat(bytes - first.length - 4)}\r\n\r\n`
      expect(statusOf(await exchangeRaw(stage.stand.port, filled(16_384)))).toBe(200)
      expect(statusOf(await exchangeRaw(stage.stand.port, filled(16_385)))).toBe(431)
      expect(statusOf(await exchangeRaw(stage.stand.port, filled(20_000)))).toBe(431)
      expect(stage.stand.seen).toHaveLength(1)
    })

    it('has 100 headers, and not one more', async () => {
      await stage.raw(answering(ok))
      const filled = (count: number): string => {
        const more = Array.from({ length: count - 2 }, (_, at) => `X-${at}: 1\r\n`)
        return `${start('GET /x')}${more.join('')}\r\n`
      }
      expect(statusOf(await exchangeRaw(stage.stand.port, filled(100)))).toBe(200)
      expect(statusOf(await exchangeRaw(stage.stand.port, filled(101)))).toBe(431)
      expect(stage.stand.seen).toHaveLength(1)
    })

    it('has a target of 8 KiB, and not a byte more', async () => {
      await stage.raw(answering(ok))
      const filled = (bytes: number): string => `${start(`GET /${'x'.repeat(bytes - 1)}`)}\r\n`
      expect(statusOf(await exchangeRaw(stage.stand.port, filled(8_192)))).toBe(200)
      expect(statusOf(await exchangeRaw(stage.stand.port, filled(8_193)))).toBe(414)
      expect(stage.stand.seen).toHaveLength(1)
    })

    it('of an answer may be 64 KiB; a larger one is a 502', async () => {
      let size = 60_000
      await stage.raw(
        answering(() => `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(size)}\r\nContent-Length: 2\r\n\r\nok`),
      )
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(200)
      size = 66_000
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(502)
    })
  })

  describe('time', () => {
    it('a head that comes too slowly, or not at all, is closed; one that comes in time is served', async () => {
      await stage.raw(answering(ok), { limits: { headDeadlineMs: 400 } })
      const [silent, slow, inTime] = await many(3)
      slow!.write('GET /x HTTP/1.1\r\n')
      inTime!.write('GET /x HTTP/1.1\r\nHost: a\r\n')
      const drip = setInterval(() => slow!.write('X: 1\r\n'), 20)
      inTime!.write('\r\n')
      await inTime!.until(/ok$/)
      // Each byte is a sign of life and buys no time.
      expect(statusOf(await slow!.closed())).toBe(408)
      clearInterval(drip)
      expect(await silent!.closed()).toMatch(/^(?:HTTP\/1\.1 408 [\s\S]*)?$/)
      expect(stage.stand.seen).toHaveLength(1)
      leave([inTime!])
    })

    it('a connection that lies idle behind an answer is closed, without a word', async () => {
      await stage.raw(answering(ok), { limits: { keepAliveMs: 50 } })
      const client = await connectRaw(stage.stand.port)
      client.write(kept)
      await client.until(/ok$/)
      expect(await client.closed()).toMatch(/ok$/)
    })

    it('a reader that stalls is let go, and with it its application’s connection', async () => {
      const app = await stage.raw(
        ({ socket }) =>
          void socket.once('data', () => {
            const part = Buffer.alloc(65_536, 97)
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 640000000\r\n\r\n')
            const pump = (): void => {
              while (!socket.destroyed && socket.write(part)) {}
              socket.once('drain', pump)
            }
            pump()
          }),
        { limits: { bodyIdleMs: 150 } },
      )
      const client = await connectRaw(stage.stand.port)
      client.socket.pause()
      client.write(rawGet())
      await (await app.connection(0)).closed()
      await stage.stand.exchanges.emptied()
      client.socket.destroy()
    })
  })

  describe('numbers', () => {
    it('of connections in all: the next is closed unread, and one that goes makes room', async () => {
      await stage.raw(answering(ok), { limits: { connectionsMax: 3 } })
      const held = await many(3)
      expect(await (await connectRaw(stage.stand.port)).closed()).toBe('')
      for (const client of held) client.write(kept)
      await Promise.all(held.map((client) => client.until(/ok$/)))
      leave(held.slice(0, 1))
      await eventually(
        async () => statusOf(await exchangeRaw(stage.stand.port, rawGet()).catch(() => '')) === 200,
        'there is room',
      )
      expect(await counted('gatehouse_malformed_requests_total{what="too-many-connections"}')).toBeDefined()
      leave(held)
    })

    it('of connections per address: others are served meanwhile', async () => {
      await stage.raw(answering(ok), { limits: { connectionsPerAddressMax: 4 } })
      const held = await many(4, '127.0.0.2')
      expect(await (await connectRaw(stage.stand.port, '127.0.0.2')).closed()).toBe('')
      const others = await many(4, '127.0.0.3')
      for (const client of [...held, ...others]) client.write(kept)
      await Promise.all([...held, ...others].map((client) => client.until(/ok$/)))
      leave([...held, ...others])
    })

    it('of open exchanges: the next is a 503 that says when to come back, and one that ends makes room', async () => {
      const app = await stage.raw(undefined, { limits: { exchangesMax: 3 } })
      const held = await many(3)
      for (const client of held) client.write(kept)
      await app.connection(2)
      await Promise.all(app.connections.map(({ until }) => until(/GET/)))
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect([statusOf(answer), /retry-after: 1/i.test(answer)]).toEqual([503, true])
      expect(stage.stand.seen).toHaveLength(3)
      app.connections[0]!.socket.write(ok)
      await eventually(() => stage.stand.exchanges.size() === 2, 'one has ended')
      const next = await connectRaw(stage.stand.port)
      next.write(kept)
      await eventually(() => stage.stand.seen.length === 4, 'the next is judged')
      leave([...held, next])
    })
  })

  describe('those who stall', () => {
    it('with heads, bodies and reading, 600 at once, keep nobody waiting', async () => {
      const large = Buffer.alloc(16_000_000)
      await stage.http((request, response) => {
        if (request.url === '/large') response.end(large)
        else request.resume().on('end', () => response.end('ok'))
      })
      const stalled = await many(600, '127.0.0.4')
      for (const [at, client] of stalled.entries()) {
        if (at % 2 === 0) client.write('GET /x HTTP/1.1\r\nHost: a\r\nX: ')
        else if (at % 20 > 1) client.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na')
        else {
          client.socket.pause()
          client.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n')
        }
      }
      await eventually(() => stage.stand.exchanges.size() === 300, 'all that can be judged are')
      const waits: number[] = []
      for (let i = 0; i < 40; i += 1) {
        const at = performance.now()
        expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(200)
        waits.push(performance.now() - at)
      }
      expect(waits.toSorted((a, b) => a - b)[20]).toBeLessThan(100)
      expect(stalled.filter(({ socket }) => socket.destroyed)).toEqual([])
      leave(stalled)
    }, 30_000)
  })

  it('every number has its usual value in one place', () => {
    expect(configSchema.parse({}).gateway.limits).toMatchObject({
      headBytesMax: 16_384,
      headersMax: 100,
      targetBytesMax: 8_192,
      headDeadlineMs: 10_000,
      keepAliveMs: 65_000,
      bodyIdleMs: 60_000,
      connectionsMax: 20_000,
      connectionsPerAddressMax: 1_000,
      exchangesMax: 20_000,
    })
  })
})
