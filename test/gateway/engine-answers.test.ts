/**
 * Goal: what the application says reaches the browser whole, streamed and unchanged, or visibly broken off.
 * Method: real sockets on loopback, a raw application that misbehaves on purpose, a judge that permits.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import { engines, forwarded, type StandOptions } from '../support/engine-stand.ts'
import { answering, connectRaw, exchangeRaw } from '../support/raw-http.ts'

describe.each(engines)('the engine "%s"', (engine) => {
  const stage = createStage(engine)
  afterEach(stage.end)

  describe('answers', () => {
    it('pass with their status, reason, headers and duplicates, without hop-by-hop', async () => {
      await stage.raw(
        answering(
          'HTTP/1.1 299 Quite So\r\nX-One: 1\r\nset-cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nX-Hop: x\r\nConnection: X-Hop\r\n' +
            'Keep-Alive: timeout=5\r\nAlt-Svc: h3=":443"\r\nX-Latin: caf\xe9\r\nContent-Length: 2\r\n\r\nok',
        ),
      )
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(answer).toMatch(/^HTTP\/1\.1 299 Quite So\r\n/)
      expect(answer).toMatch(/X-One: 1\r\nset-cookie: a=1\r\nSet-Cookie: b=2; Path=\/\r\n/)
      expect(answer).toContain('X-Latin: caf\xe9')
      expect(answer).not.toMatch(/x-hop|alt-svc|timeout=5/i)
      expect(answer).toMatch(/\r\n\r\nok$/)
    })

    it('the application cannot set the companion, in any spelling', async () => {
      const names = [
        'gatehouse',
        '__Host-gatehouse',
        '__Secure-gatehouse',
        'GATEHOUSE',
        ' gatehouse',
        '=gatehouse',
        '__host_gatehouse',
      ]
      const cookies = names.map((name) => `Set-Cookie: ${name}=EVIL; Path=/\r\n`).join('')
      await stage.raw(
        answering(`HTTP/1.1 200 OK\r\n${cookies}Set-Cookie: gatehouses=fine\r\nContent-Length: 0\r\n\r\n`),
        {
          judge: () => forwarded({ setCookies: ['gatehouse=ours; HttpOnly'] }),
        },
      )
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(answer).not.toContain('EVIL')
      expect(answer).toContain('gatehouses=fine')
      expect(answer).toContain('gatehouse=ours; HttpOnly')
      expect(answer).toMatch(/cache-control: no-store/i)
    })

    it('the judge hears which cookies an application sets', async () => {
      const heard: (readonly string[])[] = []
      await stage.raw(
        answering('HTTP/1.1 200 OK\r\nSet-Cookie: sid=; Max-Age=0\r\nContent-Length: 0\r\n\r\n'),
        {
          judge: () => ({
            act: 'forward',
            changes: { dropCookies: [], setRequest: [], setCookies: [] },
            held: null,
            standing: null,
            notice: (lines) => void heard.push(lines),
          }),
        },
      )
      await exchangeRaw(stage.stand.port, rawGet())
      expect(heard).toEqual([['sid=; Max-Age=0']])
    })

    it.each([
      ['HEAD', 'HEAD /x', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', /content-length: 500\r\n/i],
      ['204', 'GET /x', 'HTTP/1.1 204 No Content\r\n\r\n', /^HTTP\/1\.1 204/],
      ['304', 'GET /x', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', /etag: "a"/i],
    ])('%s has no body and ends at once', async (_, line, bytes, pattern) => {
      await stage.raw(answering(bytes))
      const answer = await exchangeRaw(
        stage.stand.port,
        `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      )
      expect(answer).toMatch(pattern)
      expect(answer).toMatch(/\r\n\r\n$/)
      expect(answer).not.toMatch(/transfer-encoding/i)
    })

    it('HTTP/1.0 clients get an unchunked answer', async () => {
      await stage.raw(
        answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'),
      )
      const answer = await exchangeRaw(stage.stand.port, rawGet('/x', '1.0'))
      expect(answer).not.toMatch(/transfer-encoding/i)
      expect(answer).toMatch(/\r\n\r\nabcde$/)
    })

    it('an answer that ends with its connection is passed on in whole', async () => {
      await stage.raw(({ socket }) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end'))
      })
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(answer).toMatch(/until the end\r\n0\r\n\r\n$/)
    })

    it('103 hints pass, and the answer after them', async () => {
      await stage.raw(
        answering(
          'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nSet-Cookie: gatehouse=x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
        ),
      )
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(answer).toMatch(
        /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
      )
    })

    it('a redirect is the browser\u2019s business', async () => {
      const raw = await stage.raw(
        answering('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'),
      )
      expect(await exchangeRaw(stage.stand.port, rawGet())).toMatch(
        /^HTTP\/1\.1 302 Found\r\nLocation: \/elsewhere/,
      )
      expect(raw.connections[0]!.received().match(/HTTP\/1\.1\r\n/g)).toHaveLength(1)
    })

    it('events arrive one by one, the head before the first of them', async () => {
      const raw = await stage.raw(({ socket }) => {
        socket.once('data', () =>
          socket.write(
            'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
          ),
        )
      })
      const client = await connectRaw(stage.stand.port)
      client.write(rawGet())
      await client.until(/text\/event-stream/)
      expect(stage.stand.exchanges.counts().events).toBe(1)
      for (const n of [1, 2, 3]) {
        raw.connections[0]!.socket.write(`9\r\ndata: ${n}\n\n\r\n`)
        await client.until(new RegExp(`data: ${n}\n\n`))
      }
      client.socket.destroy()
    })
  })

  describe('answers that break off', () => {
    const cases = [
      ['a length not reached', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
      ['chunks without their end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
      ['a cut chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'],
      ['garbage for a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n'],
    ] as const
    it.each(cases)('%s is never completed', async (_, bytes) => {
      await stage.raw(({ socket }) => {
        socket.once('data', () => socket.end(bytes))
      })
      const client = await connectRaw(stage.stand.port)
      client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      const answer = await client.closed()
      expect(answer).not.toMatch(/0\r\n\r\n$/)
      expect((await stage.stand.metrics.text()).body).toMatch(
        /gatehouse_upstream_failures_total\{kind="(truncated|reset|garbage)"\} 1/,
      )
    })

    it('an HTTP/1.0 client sees a reset, since an end would look whole', async () => {
      const raw = await stage.raw(({ socket }) => {
        socket.once('data', () =>
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
        )
      })
      const client = await connectRaw(stage.stand.port)
      client.write('GET /x HTTP/1.0\r\nHost: a\r\n\r\n')
      await client.until(/half/)
      raw.connections[0]!.socket.destroy()
      await client.closed()
      expect(client.wasReset()).toBe(true)
    })
  })

  describe('applications that give no answer', () => {
    it('a reset before the head is a 502 page', async () => {
      await stage.raw(({ socket }) => {
        socket.once('data', () => socket.resetAndDestroy())
      })
      const answer = await exchangeRaw(
        stage.stand.port,
        rawGet().replace('\r\n\r\n', '\r\nAccept: text/html\r\n\r\n'),
      )
      expect(statusOf(answer)).toBe(502)
      expect(answer).toMatch(/content-type: text\/html/i)
      expect(answer).toMatch(/proxy-status: gatehouse; error=connection_terminated/i)
      expect(answer).toMatch(/cache-control: no-store/i)
    })

    it('nobody there is a 503 that says when to come back', async () => {
      const raw = await stage.raw(() => {})
      await raw.close()
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(statusOf(answer)).toBe(503)
      expect(answer).toMatch(/retry-after: \d/i)
      expect(answer).not.toMatch(/ECONNREFUSED|127\.0\.0\.1:\d/)
    })

    it('silence is a 504', async () => {
      await stage.raw(() => {}, { upstream: { firstByteTimeoutMs: 150 } })
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(504)
    })

    it.each([
      ['not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
      [
        'a 101 nobody asked for',
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      ],
      ['a bare 101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
      [
        'both framings',
        'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ])('%s is a 502', async (_, bytes) => {
      await stage.raw(answering(bytes))
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(502)
    })

    it('a GET whose kept connection had died is sent once more, a POST is not', async () => {
      let requests = 0
      await stage.raw(({ socket }) => {
        socket.on('data', () => {
          requests += 1
          // The second request on a connection finds it dying.
          if (requests === 2 || requests === 5) socket.destroy()
          else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        })
      })
      const post = 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\na'
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(200)
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(200)
      expect(requests).toBe(3)
      expect(statusOf(await exchangeRaw(stage.stand.port, post))).toBe(200)
      expect(statusOf(await exchangeRaw(stage.stand.port, post))).toBe(502)
      expect(requests).toBe(5)
    })

    it('a GET on a fresh connection that dies is not sent again', async () => {
      const raw = await stage.raw(({ socket }) => {
        socket.once('data', () => socket.destroy())
      })
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(502)
      expect(raw.connections).toHaveLength(1)
    })
  })

  describe('held answers', () => {
    const hold = (
      settle: (body: string) => Promise<{ status: number; headers: string[]; body: string }>,
      bytesMax = 100,
    ): StandOptions => ({
      judge: () =>
        forwarded({}, { bytesMax, settle: (whole) => settle(`${whole.status} ${Buffer.from(whole.body)}`) }),
    })

    it('go out as the judge settles them, and are asked for uncompressed', async () => {
      const raw = await stage.raw(
        answering(
          'HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
        ),
        hold(async (body) => ({ status: 201, headers: ['X-Saw', body], body: 'settled' })),
      )
      const answer = await exchangeRaw(
        stage.stand.port,
        rawGet().replace('\r\n\r\n', '\r\nAccept-Encoding: gzip\r\n\r\n'),
      )
      expect(answer).toMatch(/^HTTP\/1\.1 201/)
      expect(answer).toMatch(/X-Saw: 200 abc/)
      expect(answer).toMatch(/settled$/)
      expect(answer).not.toContain('sid=1')
      expect(raw.connections[0]!.received()).toMatch(/accept-encoding: identity/i)
      expect(raw.connections[0]!.received()).not.toMatch(/gzip/)
    })

    it.each([
      [
        'too large',
        `HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nContent-Length: 200\r\n\r\n${'x'.repeat(200)}`,
        502,
      ],
      ['truncated', 'HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nContent-Length: 50\r\n\r\nhalf', 502],
    ])('%s: nothing of them is released', async (_, bytes, status) => {
      await stage.raw(
        ({ socket }) => void socket.once('data', () => socket.end(bytes)),
        hold(async () => ({ status: 200, headers: [], body: '' })),
      )
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(statusOf(answer)).toBe(status)
      expect(answer).not.toMatch(/sid=1|xxx|half/)
    })

    it('a settlement that fails releases nothing', async () => {
      await stage.raw(
        answering('HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nContent-Length: 3\r\n\r\nabc'),
        hold(() => Promise.reject(new Error('broken'))),
      )
      const answer = await exchangeRaw(stage.stand.port, rawGet())
      expect(statusOf(answer)).toBe(500)
      expect(answer).not.toMatch(/sid=1|abc/)
    })
  })
})
