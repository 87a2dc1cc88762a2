/**
 * Goal: request bodies arrive whole or not at all, clients that leave or stall are let go, a broken judge lets nothing pass.
 * Method: real sockets on loopback; nothing waits for time to pass where an event can be awaited.
 */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import { engines, forwarded, judged } from '../support/engine-stand.ts'
import { answering, connectRaw, exchangeRaw } from '../support/raw-http.ts'

describe.each(engines)('the engine "%s"', (engine) => {
  const stage = createStage(engine)
  afterEach(stage.end)

  describe('bodies', () => {
    it('an upload and a download of megabytes arrive byte for byte', async () => {
      const upload = randomBytes(3_000_000)
      const download = randomBytes(5_000_000)
      const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
      await stage.http((request, response) => {
        const seen = createHash('sha256')
        request.on('data', (chunk: Buffer) => seen.update(chunk))
        request.on('end', () => {
          response.setHeader('x-seen', seen.digest('hex'))
          response.end(download)
        })
      })
      const body = new ReadableStream({
        start(controller) {
          for (let i = 0; i < upload.length; i += 50_000) controller.enqueue(upload.subarray(i, i + 50_000))
          controller.close()
        },
      })
      const answer = await fetch(`${stage.stand.base}/x`, {
        method: 'POST',
        body,
        duplex: 'half',
      } as RequestInit)
      expect(answer.headers.get('x-seen')).toBe(hash(upload))
      expect(hash(Buffer.from(await answer.arrayBuffer()))).toBe(hash(download))
    })

    it('100 Continue is sent once the judge has permitted, not before and not on a refusal', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      await stage.http(
        (request, response) => void request.on('data', () => {}).on('end', () => response.end('done')),
        {
          judge: async (exchange) => {
            if (exchange.target.path === '/refused')
              return { act: 'answer', response: { status: 403, headers: [], body: 'no' }, decision: null }
            await promise
            return forwarded()
          },
        },
      )
      const ask = (path: string): string =>
        `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n`
      const client = await connectRaw(stage.stand.port)
      client.write(ask('/x'))
      const refused = await exchangeRaw(stage.stand.port, ask('/refused'))
      expect(refused).toMatch(/^HTTP\/1\.1 403/)
      expect(refused).not.toContain('100 Continue')
      expect(client.received()).toBe('')
      resolve()
      await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
      client.write('data')
      expect(await client.closed()).toMatch(/HTTP\/1\.1 200 OK[\s\S]*done$/)
    })

    it('what the judge has read is what is forwarded', async () => {
      let shown: string | null = null
      await stage.http(
        (request, response) => {
          const parts: Buffer[] = []
          request
            .on('data', (part: Buffer) => parts.push(part))
            .on('end', () => response.end(`${request.headers['content-length']}:${Buffer.concat(parts)}`))
        },
        {
          judge: async (exchange) => {
            const bytes = await exchange.body(100)
            shown = bytes === null ? null : Buffer.from(bytes).toString()
            return forwarded()
          },
        },
      )
      const chunked =
        'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nuser\r\n3\r\n=me\r\n0\r\n\r\n'
      expect(await exchangeRaw(stage.stand.port, chunked)).toMatch(/7:user=me/)
      expect(shown).toBe('user=me')
      const long = 'x'.repeat(5_000)
      const plain = `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n${long}`
      expect(await exchangeRaw(stage.stand.port, plain)).toContain(`5000:${long}`)
      expect(shown).toBeNull()
      const unknown = `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n${long}\r\n0\r\n\r\n`
      expect(await exchangeRaw(stage.stand.port, unknown)).toContain(`:${long}`)
      expect(shown).toBeNull()
    })

    it('an answer that comes before the upload is complete reaches its sender', async () => {
      await stage.raw(
        answering('HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig'),
      )
      const client = await connectRaw(stage.stand.port)
      client.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc')
      expect(await client.until(/big$/)).toMatch(/^HTTP\/1\.1 413/)
      client.socket.destroy()
    })

    it('a refused upload gets its answer, and the connection goes on when the body was small', async () => {
      await stage.raw(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), {
        judge: (exchange) =>
          exchange.method === 'POST'
            ? { act: 'answer', response: { status: 403, headers: [], body: 'no' }, decision: null }
            : forwarded(),
      })
      const client = await connectRaw(stage.stand.port)
      client.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc')
      await client.until(/no$/)
      client.write('defGET /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      expect(await client.closed()).toMatch(/HTTP\/1\.1 403[\s\S]*HTTP\/1\.1 200/)
      expect(stage.app.connections[0]!.received()).not.toMatch(/POST|abc/)
    })

    it('a refused upload that goes on is cut off, and harms nobody else', async () => {
      await stage.raw(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), {
        judge: (exchange) =>
          exchange.method === 'POST'
            ? { act: 'answer', response: { status: 403, headers: [], body: 'no' }, decision: null }
            : forwarded(),
      })
      const client = await connectRaw(stage.stand.port)
      client.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\nabc')
      await client.until(/no$/)
      client.write(Buffer.alloc(2_000_000, 97))
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 403/)
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(200)
    })

    it('an upload that its client breaks off is never completed for the application', async () => {
      const raw = await stage.raw(() => {})
      const client = await connectRaw(stage.stand.port)
      client.write('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
      const accepted = await raw.connection(0)
      await accepted.until(/abc/)
      client.socket.destroy()
      expect(await accepted.closed()).not.toMatch(/0\r\n\r\n$/)
    })

    it('a slow reader holds the application back, in bounded memory', async () => {
      let written = 0
      const total = 64_000_000
      await stage.http((_request, response) => {
        const part = Buffer.alloc(64_000, 97)
        const pump = (): void => {
          while (written < total) {
            written += part.length
            if (!response.write(part)) return void response.once('drain', pump)
          }
          response.end()
        }
        pump()
      })
      const client = await connectRaw(stage.stand.port)
      client.socket.pause()
      client.write(rawGet())
      // The application stops writing when every buffer on the way is full.
      let before = -1
      while (before !== written) {
        before = written
        await new Promise((resolve) => setTimeout(resolve, 60))
      }
      expect(written).toBeGreaterThan(0)
      expect(written).toBeLessThan(total / 2)
      client.socket.destroy()
    })
  })

  describe('clients that go away', () => {
    it('200 aborted requests leave no connection to the application', async () => {
      const raw = await stage.raw(() => {})
      const clients = await Promise.all(Array.from({ length: 200 }, () => connectRaw(stage.stand.port)))
      for (const client of clients) client.write(rawGet())
      await raw.connection(199)
      await Promise.all(raw.connections.map((accepted) => accepted.until(/GET/)))
      for (const client of clients) client.socket.destroy()
      await Promise.all(raw.connections.map((accepted) => accepted.closed()))
      await stage.stand.exchanges.emptied()
      expect(raw.connections).toHaveLength(200)
      expect(stage.stand.exchanges.size()).toBe(0)
    })

    it('a client that leaves while it is judged causes no request', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const raw = await stage.raw(() => {}, {
        judge: async () => {
          await promise
          return judged()
        },
      })
      const client = await connectRaw(stage.stand.port)
      client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      while (stage.stand.seen.length === 0) await new Promise((wake) => setImmediate(wake))
      client.socket.destroy()
      await stage.stand.exchanges.emptied()
      resolve()
      await new Promise((wake) => setImmediate(wake))
      expect(raw.connections).toHaveLength(0)
    })
  })

  describe('limits', () => {
    it('a slow head is 408', async () => {
      await stage.raw(() => {}, { limits: { headDeadlineMs: 200 } })
      const client = await connectRaw(stage.stand.port)
      client.write('GET /x HTTP/1.1\r\nHost: a\r\n')
      expect(statusOf(await client.closed())).toBe(408)
    })

    it('an upload that stalls is ended, a waiting answer is not', async () => {
      const raw = await stage.raw(() => {}, { limits: { bodyIdleMs: 150 } })
      const waiting = await connectRaw(stage.stand.port)
      waiting.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      const stalled = await connectRaw(stage.stand.port)
      stalled.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
      await stalled.closed()
      expect(waiting.socket.destroyed).toBe(false)
      raw.connections[0]!.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      await waiting.until(/ok$/)
      waiting.socket.destroy()
    })

    it('connections per address are limited, unless they come from a trusted proxy', async () => {
      await stage.raw(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), {
        limits: { connectionsPerAddressMax: 2 },
        trustedProxies: ['127.0.0.9'],
      })
      const first = await connectRaw(stage.stand.port)
      const second = await connectRaw(stage.stand.port)
      const third = await connectRaw(stage.stand.port)
      expect(await third.closed()).toBe('')
      for (const client of [first, second]) client.socket.destroy()
      await Promise.all([first.closed(), second.closed()])
      const many = await Promise.all(
        Array.from({ length: 5 }, () => connectRaw(stage.stand.port, '127.0.0.9')),
      )
      for (const client of many) client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await Promise.all(many.map((client) => client.until(/200 OK/)))
      for (const client of many) client.socket.destroy()
    })

    it('exchanges beyond the limit are 503 and never judged', async () => {
      const raw = await stage.raw(() => {}, { limits: { exchangesMax: 1 } })
      const first = await connectRaw(stage.stand.port)
      first.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await raw.connection(0)
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(503)
      expect(stage.stand.seen).toHaveLength(1)
      first.socket.destroy()
    })

    it('a host that nobody answers to is 404', async () => {
      await stage.raw(() => {}, { hosts: ['known.example'] })
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(404)
      expect(stage.stand.seen).toHaveLength(0)
    })
  })

  describe('the judge', () => {
    it.each([
      [
        'throws',
        () => {
          throw new Error('broken')
        },
      ],
      ['rejects', () => Promise.reject(new Error('broken'))],
    ] as const)('that %s is a 500 and no request', async (_, judge) => {
      const raw = await stage.raw(() => {}, { judge })
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(statusOf(answer)).toBe(500)
      expect(answer).not.toContain('broken')
      expect(raw.connections).toHaveLength(0)
    })

    it('what breaks before it is asked ends that connection and no other', async () => {
      const hosts = {
        includes(host: string) {
          if (host === 'bad.example') throw new Error('broken')
          return true
        },
      }
      await stage.raw(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), { hosts: hosts as never })
      expect(await exchangeRaw(stage.stand.port, 'GET /x HTTP/1.1\r\nHost: bad.example\r\n\r\n')).toBe('')
      expect([stage.stand.seen.length, stage.stand.exchanges.size()]).toEqual([0, 0])
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(200)
    })

    it('that answers badly is broken off, and the next request is served', async () => {
      const raw = await stage.raw(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), {
        judge: (exchange) =>
          exchange.target.path === '/bad'
            ? { act: 'answer', response: { status: 200, headers: ['X', 'a\r\nb'], body: '' }, decision: null }
            : forwarded(),
      })
      expect(await exchangeRaw(stage.stand.port, rawGet('/bad'))).toBe('')
      expect(raw.connections).toHaveLength(0)
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet('/good')))).toBe(200)
    })
  })
})
