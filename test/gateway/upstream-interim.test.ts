/**
 * Goal: interim answers never harm the real one (RFC 9110 §15.2), and trailers pass neither way.
 * Method: a raw application that says more than it was asked for; the bytes at both ends.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import { engines } from '../support/engine-stand.ts'
import { answering, connectRaw, exchangeRaw } from '../support/raw-http.ts'

describe.each(engines)('the engine "%s"', (engine) => {
  const stage = createStage(engine)
  afterEach(stage.end)

  const go = 'HTTP/1.1 100 Continue\r\n\r\n'
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const post = 'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\ndata'

  describe('interim answers that nobody asked for', () => {
    it.each([
      ['100', go],
      ['100 with headers', 'HTTP/1.1 100 Continue\r\nX-Note: 1\r\nSet-Cookie: sid=EVIL\r\n\r\n'],
      ['several', `${go}HTTP/1.1 150 Whatever\r\n\r\n${go}`],
      ['103 without hints', 'HTTP/1.1 103 Early Hints\r\nX-Note: 1\r\n\r\n'],
    ])('%s: dropped, and the answer passes', async (_, interim) => {
      await stage.raw(answering(interim + ok))
      for (const request of [post, rawGet(), rawGet('/x', '1.0')]) {
        const answer = await exchangeRaw(stage.stand.port, request)
        expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/)
        expect(answer).not.toMatch(/HTTP\/1\.1 1|X-Note|EVIL/)
      }
      // Framing held on the kept connection: three requests, each once.
      expect(stage.app.connections).toHaveLength(1)
      expect(stage.app.connections[0]!.received().match(/ \/x HTTP/g)).toHaveLength(3)
    })

    it('arriving byte by byte', async () => {
      const app = await stage.raw()
      const client = await connectRaw(stage.stand.port)
      client.write(post)
      const { socket, until } = await app.connection(0)
      await until(/data$/)
      socket.setNoDelay(true)
      for (const byte of go + ok)
        await new Promise<void>((resolve) => {
          socket.write(byte)
          setImmediate(resolve)
        })
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*ok$/)
    })

    it('before the answer to HEAD, and before 204', async () => {
      await stage.raw(answering(`${go}HTTP/1.1 204 No Content\r\n\r\n`))
      expect(statusOf(await exchangeRaw(stage.stand.port, rawGet()))).toBe(204)
      const head = 'HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
      expect(statusOf(await exchangeRaw(stage.stand.port, head))).toBe(204)
    })

    it('a client that waits for 100 gets one, the gateway’s', async () => {
      const app = await stage.raw(answering(go + ok))
      const client = await connectRaw(stage.stand.port)
      client.write(post.replace('\r\n\r\ndata', '\r\nExpect: 100-continue\r\n\r\n'))
      await client.until(/100 Continue\r\n\r\n/)
      client.write('data')
      expect((await client.closed()).match(/100 Continue/g)).toHaveLength(1)
      expect(app.connections[0]!.received()).not.toMatch(/expect/i)
    })

    it('nothing but interim answers is a 502, and a POST is not sent again', async () => {
      const app = await stage.raw(({ socket }) => void socket.on('data', () => socket.end(go)))
      expect(statusOf(await exchangeRaw(stage.stand.port, post))).toBe(502)
      expect(app.connections).toHaveLength(1)
    })

    it('without end are a 502, however often they put the timeout off', async () => {
      await stage.raw(answering('HTTP/1.1 102 Processing\r\n\r\n'.repeat(101)))
      const answer = await exchangeRaw(stage.stand.port, rawGet('/x', '1.0'))
      expect(statusOf(answer)).toBe(502)
      expect((await stage.stand.metrics.text()).body).toContain('upstream_failures_total{kind="garbage"} 1')
    })

    it('before a 101 do not disturb the handshake', async () => {
      // The answer to the key of RFC 6455 §1.3.
      const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
      await stage.raw(
        answering(
          `${go}HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n` +
            `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        ),
      )
      const client = await connectRaw(stage.stand.port)
      client.write(
        'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      )
      expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 101 /)
      client.socket.destroy()
    })
  })

  describe('trailers', () => {
    it('of an answer are dropped, its body is whole', async () => {
      await stage.raw(
        answering(
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Set-Cookie\r\n\r\n' +
            '5\r\nwhole\r\n0\r\nX-Sum: 1\r\nSet-Cookie: gatehouse=EVIL\r\n\r\n',
        ),
      )
      for (let i = 0; i < 2; i += 1) {
        const answer = await exchangeRaw(stage.stand.port, rawGet())
        expect(answer).toMatch(/5\r\nwhole\r\n0\r\n\r\n$/)
        expect(answer).not.toMatch(/X-Sum|EVIL/)
      }
      expect(stage.app.connections).toHaveLength(1)
    })

    it('of a request are dropped, its body is whole', async () => {
      const app = await stage.raw(async ({ socket, until }) => {
        await until(/whole/)
        socket.write(ok)
      })
      await exchangeRaw(
        stage.stand.port,
        'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTrailer: X-Gatehouse-User\r\n' +
          'Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\nX-Gatehouse-User: root\r\nCookie: sid=1\r\n\r\n',
      )
      expect(app.connections[0]!.received()).toMatch(/whole(?:\r\n0\r\n\r\n)?$/)
      expect(app.connections[0]!.received()).not.toMatch(/root|sid=1|trailer/i)
    })
  })
})
