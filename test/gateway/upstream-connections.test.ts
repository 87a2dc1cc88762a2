/**
 * Goal: connections to an application are kept, limited in time and let go; nothing that may have begun is sent twice.
 * Method: raw applications on loopback that die at chosen moments; their connections and requests counted.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import { engines } from '../support/engine-stand.ts'
import { eventually } from '../support/gateway-stand.ts'
import { type Accepted, answering, connectRaw, exchangeRaw } from '../support/raw-http.ts'

describe.each(engines)('the engine "%s"', (engine) => {
  const stage = createStage(engine)
  afterEach(stage.end)

  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const ask = (line: string, body = ''): string =>
    `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`

  describe('kept connections', () => {
    it('fifty requests one after the other need one, ten at a time need ten', async () => {
      const app = await stage.raw(answering(ok))
      for (let i = 0; i < 50; i += 1) await exchangeRaw(stage.stand.port, rawGet())
      expect(app.connections).toHaveLength(1)
      const ten = Array.from({ length: 10 }, () => exchangeRaw(stage.stand.port, rawGet()))
      expect((await Promise.all(ten)).map(statusOf)).toEqual(Array(10).fill(200))
      expect(app.connections.length).toBeLessThanOrEqual(10)
    })

    it.each([
      ['says close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
      ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ])('not one whose application %s', async (_, bytes) => {
      const app = await stage.raw(answering(bytes))
      for (let i = 0; i < 3; i += 1) expect(await exchangeRaw(stage.stand.port, rawGet())).toMatch(/ok$/)
      expect(app.connections).toHaveLength(3)
    })

    it('one that the application closed while it lay idle costs nobody an error, POST or not', async () => {
      const app = await stage.raw(answering(ok))
      for (const line of ['POST /x', 'GET /x', 'PATCH /x', 'POST /x']) {
        const answer = await exchangeRaw(stage.stand.port, ask(line, line.startsWith('GET') ? '' : 'a'))
        expect(statusOf(answer)).toBe(200)
        const last = app.connections.at(-1)!
        last.socket.end()
        await last.closed()
      }
      expect(app.connections).toHaveLength(4)
    })

    it('an answer nobody asked for on an idle connection is nobody’s answer', async () => {
      const app = await stage.raw(answering(ok))
      await exchangeRaw(stage.stand.port, rawGet())
      const first = app.connections[0]!
      first.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL')
      await first.closed()
      expect(await exchangeRaw(stage.stand.port, rawGet())).toMatch(/\r\n\r\nok$/)
    })
  })

  describe('a kept connection that dies under a request', () => {
    const deaths: Readonly<Record<string, (accepted: Accepted) => void>> = {
      'by an end': ({ socket }) => void socket.end(),
      'by a reset': ({ socket }) => void socket.resetAndDestroy(),
      'within the head of an answer': ({ socket }) => void socket.end('HTTP/1.1 20'),
      'after an interim answer': ({ socket }) => void socket.end('HTTP/1.1 100 Continue\r\n\r\n'),
      'within an answer': ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha'),
    }
    /** Whether an answer had begun when it died: then even a GET is not asked again. */
    const hadBegun = (how: string): boolean => !how.startsWith('by')
    const lines = [
      ...(['GET', 'HEAD', 'OPTIONS', 'DELETE'] as const).map((method) => [method, '', true] as const),
      ...(['POST', 'PATCH'] as const).map((method) => [method, '', false] as const),
      ...(['POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) => [method, 'body', false] as const),
    ]

    it.each(Object.keys(deaths))('%s: sent again only if that can do no harm', async (how) => {
      const arrivals = new Map<string, number>()
      await stage.raw((accepted) => {
        const { socket } = accepted
        let served = 0
        socket.on('data', (chunk) => {
          for (const [, target = ''] of chunk.toString('latin1').matchAll(/[A-Z]+ (\S+) HTTP\/1\.1\r\n/g)) {
            arrivals.set(target, (arrivals.get(target) ?? 0) + 1)
            served += 1
            if (target !== '/warm' && served > 1 && arrivals.get(target) === 1) deaths[how]!(accepted)
            else if (target.startsWith('/HEAD')) socket.write('HTTP/1.1 299 OK\r\n\r\n')
            else socket.write(target === '/warm' ? ok : ok.replace('200', '299'))
          }
        })
      })
      for (const [at, [method, body, mayRepeat]] of lines.entries()) {
        expect(statusOf(await exchangeRaw(stage.stand.port, ask('GET /warm')))).toBe(200)
        const target = `/${method}-${at}`
        const answer = await exchangeRaw(stage.stand.port, ask(`${method} ${target}`, body))
        const repeats = mayRepeat && !hadBegun(how)
        expect([target, arrivals.get(target)]).toEqual([target, repeats ? 2 : 1])
        if (repeats) expect([target, statusOf(answer)]).toEqual([target, 299])
        else if (how !== 'within an answer') expect([target, statusOf(answer)]).toEqual([target, 502])
        // HEAD has no body to break off.
        else if (method !== 'HEAD') expect(answer).not.toMatch(/ok$/)
      }
    })

    it('is tried once more and not for ever', async () => {
      let requests = 0
      const app = await stage.raw(({ socket }) => {
        let served = 0
        socket.on('data', () => {
          requests += 1
          served += 1
          if (served === 1) socket.write(ok)
          else socket.destroy()
        })
      })
      // Two kept connections, both about to die.
      const both = await Promise.all([0, 1].map(() => exchangeRaw(stage.stand.port, rawGet())))
      expect([both.map(statusOf), app.connections.length]).toEqual([[200, 200], 2])
      const status = statusOf(await exchangeRaw(stage.stand.port, rawGet()))
      expect([200, 502]).toContain(status)
      expect(requests).toBe(4)
    })
  })

  describe('time', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'

    it('silence within an answer breaks it off', async () => {
      await stage.raw(answering(`${head}\r\n4\r\nhalf\r\n`), { upstream: { idleTimeoutMs: 100 } })
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(answer).toMatch(/half\r\n$/)
      expect((await stage.stand.metrics.text()).body).toContain('upstream_failures_total{kind="timeout"} 1')
    })

    it('all of it together: a 504 before an answer, broken off within one', async () => {
      await stage.raw(
        ({ socket }) => {
          socket.on('data', (chunk) => {
            if (chunk.includes('/half')) socket.write(`${head}\r\n4\r\nhalf\r\n`)
          })
        },
        { upstream: { totalTimeoutMs: 80 } },
      )
      const none = await exchangeRaw(stage.stand.port, rawGet('/none'))
      expect(statusOf(none)).toBe(504)
      expect(none).toMatch(/proxy-status: gatehouse; error=http_response_timeout/i)
      expect(await exchangeRaw(stage.stand.port, rawGet('/half'))).toMatch(/half\r\n$/)
      await Promise.all(stage.app.connections.map(({ closed }) => closed()))
      expect((await stage.stand.metrics.text()).body).toContain('upstream_failures_total{kind="timeout"} 2')
    })

    it('of event streams and WebSockets is not limited as a whole', async () => {
      const app = await stage.raw(
        ({ socket }) => {
          socket.on('data', (chunk) => {
            if (chunk.includes('/events')) socket.write(`${head}Content-Type: text/event-stream\r\n\r\n`)
            if (chunk.includes('/ws'))
              socket.write(
                'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
                  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
              )
          })
        },
        { upstream: { totalTimeoutMs: 80 } },
      )
      const events = await connectRaw(stage.stand.port)
      events.write(rawGet('/events'))
      await events.until(/event-stream[\s\S]*\r\n\r\n/)
      const socket = await connectRaw(stage.stand.port)
      socket.write(
        'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      )
      await socket.until(/101/)
      // By when this one has had all its time, so had those.
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet('/none')))).toBe(504)
      app.connections[0]!.socket.write('9\r\ndata: 1\n\n\r\n')
      await events.until(/data: 1/)
      app.connections[1]!.socket.write(Buffer.from([0x81, 2, 0x68, 0x69]))
      await socket.until(/hi/)
      for (const client of [events, socket]) client.socket.destroy()
    })
  })

  describe('clients that go away', () => {
    it('close the connection to the application within 100 ms', async () => {
      const app = await stage.raw()
      const delays: number[] = []
      for (let i = 0; i < 21; i += 1) {
        const client = await connectRaw(stage.stand.port)
        client.write(rawGet())
        const accepted = await app.connection(i)
        await accepted.until(/GET/)
        const at = performance.now()
        client.socket.destroy()
        await accepted.closed()
        delays.push(performance.now() - at)
      }
      // The middle one: a busy machine may be late once.
      expect(delays.toSorted((a, b) => a - b)[10]).toBeLessThan(100)
    })

    it('1,000 times, at every stage of an exchange, leave no socket behind', async () => {
      const app = await stage.raw(({ socket }) => {
        socket.on('data', (chunk) => {
          if (chunk.includes('/half')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf')
        })
      })
      const sockets = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
      const before = sockets()
      const stages = [
        [rawGet('/waiting'), /GET/],
        [rawGet('/half'), /GET/],
        ['POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc', /abc/],
        [
          'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
          /websocket/i,
        ],
      ] as const
      const sent = (at: number): string =>
        `${stages[at % 4]![0]}${at % 8 === 7 ? 'frames ahead of the 101' : ''}`
      for (let wave = 0; wave < 10; wave += 1) {
        const first = app.connections.length
        const clients = await Promise.all(Array.from({ length: 100 }, () => connectRaw(stage.stand.port)))
        for (const [at, client] of clients.entries()) client.write(sent(at))
        await app.connection(first + 99)
        const own = app.connections.slice(first)
        await Promise.all(own.map(({ until }) => until(/GET|abc/)))
        await Promise.all(clients.map((client, at) => (at % 4 === 1 ? client.until(/half/) : null)))
        for (const client of clients) client.socket.destroy()
        await Promise.all(own.map(({ closed }) => closed()))
      }
      await stage.stand.exchanges.emptied()
      expect([app.connections.length, stage.stand.exchanges.size()]).toEqual([1_000, 0])
      await eventually(() => sockets() <= before, 'every socket is gone')
    }, 30_000)
  })
})
