/**
 * Goal: whatever is sent, the application gets at most one strictly valid request per decision, with our headers only.
 * Method: raw bytes in on loopback, raw bytes out at a recording server (BYPASSES 3, 9–13, 19).
 */
import { afterEach, describe, expect, it } from 'vitest'
import { engines, forwarded, type Stand, type StandOptions, startStand } from '../support/engine-stand.ts'
import { answering, connectRaw, exchangeRaw, type RawServer, startRawServer } from '../support/raw-http.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
describe.each(engines)('the engine "%s"', (engine) => {
  let app: RawServer
  let stand: Stand

  const start = async (options: StandOptions = {}, answer: string = ok): Promise<void> => {
    app = await startRawServer(answering(answer))
    stand = await startStand(app.url, { engine, ...options })
  }

  afterEach(async () => {
    await stand.close()
    await app.close()
  })

  const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
  const get = (extra: string, target = '/x'): string =>
    `GET ${target} HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n${extra}\r\n`
  /** What the application received of a request that was forwarded. */
  const forwardedHead = async (bytes: string): Promise<string> => {
    const before = app.connections.length
    const answer = await exchangeRaw(stand.port, bytes)
    expect(statusOf(answer), answer).toBe(200)
    const accepted = app.connections[before] ?? app.connections.at(-1)
    return accepted!.received()
  }
  const lines = (head: string): readonly string[] => head.split('\r\n').map((line) => line.toLowerCase())

  describe('requests that two parsers could read differently', () => {
    it.each([
      ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
      ['two equal Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400],
      ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
      ['a Host with a user', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 400],
      ['a Host list', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', 400],
      ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 400],
      [
        'CL and TE',
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
      ],
      [
        'TE and CL',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
        400,
      ],
      ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc', 400],
      ['a length list', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc', 400],
      ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc', 400],
      [',chunked', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n', 400],
      ['chunked,', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n', 400],
      [
        'gzip, chunked',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
        501,
      ],
      ['identity', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n', 501],
      ['xchunked', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', 501],
      [
        'two codings',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
      ],
      ['TE in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
      ['obs-fold', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', 400],
      ['a space before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n', 400],
      ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
      ['a bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n', 400],
      ['NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n', 400],
      ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['a fragment', 'GET /public#/../admin HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['an opaque target', 'GET http:http://h/admin HTTP/1.1\r\nHost: h\r\n\r\n', 400],
      ['a disagreeing URL', 'GET http://b/admin HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['TRACE', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 501],
      ['HTTP/2.0 in words', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
      ['HTTP/0.9', 'GET /\r\n\r\n', 505],
      ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      ['an unknown expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n', 417],
      [
        'Upgrade with a body',
        'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc',
        400,
      ],
      [
        'a WebSocket handshake with a body',
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 3\r\n\r\nabc',
        400,
      ],
      [
        'a WebSocket handshake without key',
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
        400,
      ],
    ])('%s', async (_, bytes, status) => {
      await start()
      const answer = await exchangeRaw(stand.port, `${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`)
      expect(statusOf(answer)).toBe(status)
      expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1)
      expect(answer).toMatch(/cache-control: no-store/i)
      expect(stand.seen).toHaveLength(0)
      expect(app.connections).toHaveLength(0)
    })

    it('a limit on the number of headers is a refusal, never a silent cut', async () => {
      await start({ limits: { headersMax: 20 } })
      const answer = await exchangeRaw(stand.port, get('X: 1\r\n'.repeat(30)))
      expect(statusOf(answer)).toBe(431)
      expect(app.connections).toHaveLength(0)
    })

    it('a head beyond its bytes is 431, a long target 414', async () => {
      await start({ limits: { headBytesMax: 4_096, targetBytesMax: 100 } })
      expect(statusOf(await exchangeRaw(stand.port, get(`X: ${'x'.repeat(5_000)}\r\n`)))).toBe(431)
      expect(statusOf(await exchangeRaw(stand.port, get('', `/${'x'.repeat(200)}`)))).toBe(414)
    })

    it('chunked bodies are framed anew: extensions and odd sizes go no further', async () => {
      await start()
      const head = await forwardedHead(
        'DELETE /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n' +
          '00003;ext="ab"\r\nabc\r\n0;x\r\nTrailer-Field: v\r\n\r\n',
      )
      expect(head).toMatch(/^DELETE \/x HTTP\/1\.1\r\n/)
      // Known in whole it gets a length, else it is chunked anew; never both, never the client's own framing.
      const isLength = /\r\ncontent-length: 3\r\n\r\nabc$/i.test(head)
      const isChunked = /\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/i.test(head)
      expect(isLength !== isChunked, head).toBe(true)
      expect(head.match(/content-length|transfer-encoding/gi)).toHaveLength(1)
      expect(head).not.toMatch(/trailer|ext=|chunked.*chunked/i)
    })

    it('a second request behind a chunked DELETE is a second decision', async () => {
      await start()
      const answer = await exchangeRaw(
        stand.port,
        'DELETE /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' +
          'GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      )
      expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
      expect(stand.seen.map((exchange) => exchange.target.raw)).toEqual(['/one', '/two'])
      const all = app.connections.map((connection) => connection.received()).join('')
      expect(all.match(/ HTTP\/1\.1\r\n/g)).toHaveLength(2)
    })
  })

  describe('headers on their way to the application', () => {
    it('identity headers never pass, in any spelling', async () => {
      await start({ judge: () => forwarded({ setRequest: ['x-gatehouse-user', 'usr_1'] }) })
      const spellings = [
        'X-Gatehouse-User',
        'x_gatehouse_user',
        'X.GATEHOUSE.User',
        'X-Gatehouse_Email',
        'x-gatehouse',
      ]
      const head = await forwardedHead(get(spellings.map((name) => `${name}: evil\r\n`).join('')))
      expect(head).not.toMatch(/evil/)
      expect(head.match(/gatehouse/gi)).toHaveLength(1)
      expect(lines(head)).toContain('x-gatehouse-user: usr_1')
    })

    it('overrides of method, path, host and prefix never pass', async () => {
      await start()
      const names = [
        'X-HTTP-Method',
        'X-HTTP-Method-Override',
        'x_http_method_override',
        'X-Method-Override',
        'X-Original-URL',
      ]
      const more = [
        'X-Rewrite-URL',
        'X.Rewrite.URL',
        'X-Forwarded-Prefix',
        'X-Forwarded-Uri',
        'X-Forwarded-Client-Cert',
      ]
      const head = await forwardedHead(get([...names, ...more].map((name) => `${name}: evil\r\n`).join('')))
      expect(head).not.toMatch(/evil/)
    })

    it('forwarding headers are rebuilt from what is known', async () => {
      await start()
      const head = await forwardedHead(
        get(
          'X-Forwarded-For: 10.9.9.9\r\nX_Forwarded_For: 10.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=10.9.9.9\r\nX-Real-IP: 10.9.9.9\r\n',
        ),
      )
      expect(lines(head)).toEqual(
        expect.arrayContaining([
          'x-forwarded-for: 127.0.0.1',
          'x-forwarded-proto: http',
          'x-forwarded-host: app.example',
          'x-forwarded-port: 80',
          'forwarded: for=127.0.0.1;host="app.example";proto=http',
          'x-real-ip: 127.0.0.1',
        ]),
      )
      expect(head).not.toMatch(/10\.9\.9\.9|evil/)
    })

    it('Connection removes what it names, but nothing of ours and nothing that was judged', async () => {
      await start({ judge: () => forwarded({ setRequest: ['x-gatehouse-user', 'usr_1'] }) })
      const head = await forwardedHead(
        'GET /x HTTP/1.1\r\nHost: app.example\r\nCookie: sid=1\r\nX-Mine: 1\r\nAuthorization: t\r\n' +
          'Connection: close, X-Mine, X-Gatehouse-User, X-Forwarded-For, Forwarded, Cookie, Authorization, Host\r\n\r\n',
      )
      expect(lines(head)).toEqual(
        expect.arrayContaining([
          'host: app.example',
          'cookie: sid=1',
          'authorization: t',
          'x-gatehouse-user: usr_1',
        ]),
      )
      expect(head).toMatch(/x-forwarded-for: 127/i)
      expect(head).not.toMatch(/x-mine/i)
    })

    it('look-alikes of framing and credentials are dropped', async () => {
      await start()
      const head = await forwardedHead(
        get(
          'Content_Length: 5\r\nTransfer_Encoding: chunked\r\nTransfer.Encoding: chunked\r\nHost_: evil\r\nAuthorization.: x\r\n',
        ),
      )
      expect(head).not.toMatch(/content.length|transfer.encoding|authorization_/i)
    })

    it('hop-by-hop headers stop here, trace context passes', async () => {
      await start()
      const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const head = await forwardedHead(
        get(
          `TE: trailers\r\nTrailer: x\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\ntraceparent: ${trace}\r\ntracestate: a=b\r\n`,
        ),
      )
      expect(head).not.toMatch(/^(te|trailer|keep-alive|proxy-|upgrade|http2-settings)/im)
      expect(lines(head)).toEqual(expect.arrayContaining([`traceparent: ${trace}`, 'tracestate: a=b']))
    })

    it('the companion never reaches the application, nor do look-alikes of its session cookie', async () => {
      await start({
        judge: () => forwarded({ dropCookies: ['old'] }),
        upstream: {
          identity: { cookies: ['app.sid'], introspection: { path: '/me' }, signInPage: '/login' },
        },
      })
      const head = await forwardedHead(
        get(
          'Cookie: theme=dark; gatehouse=SECRET; __Host-gatehouse=SECRET; \xa0__Host-gatehouse=SECRET; GATEHOUSE =SECRET; =gatehouse=SECRET\r\n' +
            'Cookie: app.sid=1; app_sid=FORGED; APP.SID=FORGED; old=FORGED; OLD=FORGED; z\r\n',
        ),
      )
      expect(head).not.toMatch(/SECRET|FORGED/)
      expect(lines(head)).toContain('cookie: theme=dark; app.sid=1; z')
    })

    it('a cookie header of which nothing is removed passes byte for byte', async () => {
      await start()
      const head = await forwardedHead(get('Cookie:   a=1;b="x y";;  c=\xe9 ;d\r\n'.replace(';;', ';')))
      expect(head).toContain('a=1;b="x y";  c=\xe9 ;d')
    })
  })

  describe('upgrades that are none', () => {
    it('Upgrade: h2c is answered as plain HTTP/1.1, and nothing behind it is taken for a request', async () => {
      await start()
      const answer = await exchangeRaw(
        stand.port,
        'GET /one HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n' +
          'GET /two HTTP/1.1\r\nHost: a\r\n\r\n',
      )
      expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(1)
      expect(answer).toMatch(/connection: close/i)
      expect(stand.seen.map((exchange) => [exchange.target.raw, exchange.upgrade])).toEqual([['/one', null]])
      expect(app.connections[0]!.received()).not.toMatch(/upgrade|two/i)
    })

    it('a handshake behind an unanswered request gets no 101 ahead of its answer', async () => {
      app = await startRawServer()
      stand = await startStand(app.url, { engine })
      const client = await connectRaw(stand.port)
      client.write(
        'GET /one HTTP/1.1\r\nHost: a\r\n\r\n' +
          'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      )
      // Node's engine hangs up; ours lets it wait its turn.
      if (engine === 'node') {
        expect(await client.closed()).toBe('')
        expect(stand.seen.map((exchange) => exchange.target.raw)).toEqual(['/one'])
        return
      }
      const first = await app.connection(0)
      await first.until(/one/)
      expect(stand.seen.map((exchange) => exchange.target.raw)).toEqual(['/one'])
      first.socket.write(ok)
      await client.until(/ok$/)
      await (await app.connection(1)).until(/GET \/ws /)
      expect(client.received()).not.toContain(' 101 ')
      client.socket.destroy()
    })
  })
})
