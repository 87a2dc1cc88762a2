/**
 * Goal: what is cut ends at once on both sides and never looks whole; what is draining may finish.
 * Method: raw sockets on loopback, standings that the test ends.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { Decision, Reason } from '../../policies/decision.ts'
import { decisionOf } from '../support/decisions.ts'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import { engines, forwarded, judged, standing } from '../support/engine-stand.ts'
import { answering, connectRaw, exchangeRaw } from '../support/raw-http.ts'

describe.each(engines)('the engine "%s"', (engine) => {
  const stage = createStage(engine)
  afterEach(stage.end)

  const revocable = () => {
    let now: Decision = decisionOf('ok')
    return {
      judge: () => judged(standing(() => now)),
      revoke(reason: Reason) {
        now = decisionOf(reason)
        stage.stand.exchanges.recheck({ user: 'usr_1' })
      },
    }
  }
  const begin =
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata:1\r\n'

  describe('a cut', () => {
    it('before the answer has begun it is a refusal, and the application is hung up on', async () => {
      const { judge, revoke } = revocable()
      const app = await stage.raw(() => {}, { judge })
      const client = await connectRaw(stage.stand.port)
      client.write(rawGet())
      const accepted = await app.connection(0)
      await accepted.until(/\r\n\r\n/)
      revoke('session-revoked')
      const answer = await client.closed()
      expect(statusOf(answer)).toBe(401)
      expect(answer).toMatch(/cache-control: no-store/i)
      expect(answer).toMatch(/"reason":"session-revoked"/)
      await accepted.closed()
    })

    it('within an event stream it breaks off, never ends', async () => {
      const { judge, revoke } = revocable()
      const app = await stage.raw(({ socket }) => void socket.once('data', () => socket.write(begin)), {
        judge,
      })
      const client = await connectRaw(stage.stand.port)
      client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(/data:1/)
      revoke('outside-time-window')
      expect(await client.closed()).not.toMatch(/0\r\n\r\n$/)
      await app.connections[0]!.closed()
      expect((await stage.stand.metrics.text()).body).toContain(
        'gatehouse_exchanges_cut_total{cause="outside-time-window",kind="events"} 1',
      )
    })

    it('of all that is judged, an event stream passes nothing in the turn before its goodbye, and breaks off', async () => {
      const app = await stage.raw(({ socket }) => void socket.once('data', () => socket.write(begin)), {
        judge: () => judged(),
      })
      const client = await connectRaw(stage.stand.port)
      client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(/data:1/)
      stage.stand.exchanges.cutAll('knowledge-stale', 'judged')
      expect(stage.stand.exchanges.size()).toBe(1)
      app.connections[0]!.socket.write('6\r\ndata:2\r\n0\r\n\r\n')
      const seen = await client.closed()
      expect(seen).not.toContain('data:2')
      expect(seen).not.toMatch(/0\r\n\r\n$/)
      expect(stage.stand.exchanges.size()).toBe(0)
    })

    it('within an upload it ends it for the application, unfinished', async () => {
      const { judge, revoke } = revocable()
      const app = await stage.raw(() => {}, { judge })
      const client = await connectRaw(stage.stand.port)
      client.write('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
      const accepted = await app.connection(0)
      await accepted.until(/abc/)
      revoke('session-revoked')
      expect(await client.until(/session-revoked/)).toMatch(/^HTTP\/1\.1 401/)
      expect(await accepted.closed()).not.toMatch(/0\r\n\r\n$/)
      client.socket.destroy()
    })

    it('of held answers releases nothing, however late they are settled', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      let settling = false
      const bytes = 'HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nContent-Length: 2\r\n\r\nok'
      await stage.raw(answering(bytes), {
        judge: () => ({
          ...forwarded(
            {},
            {
              bytesMax: 100,
              async settle(whole) {
                settling = true
                await promise
                return whole
              },
            },
          ),
          standing: standing(() => decisionOf('session-revoked')),
        }),
      })
      const client = await connectRaw(stage.stand.port)
      client.write(rawGet())
      while (!settling) await new Promise((wake) => setImmediate(wake))
      stage.stand.exchanges.recheck({})
      resolve()
      const answer = await client.closed()
      expect(statusOf(answer)).toBe(401)
      expect(answer).not.toContain('sid=1')
    })

    it('between judging and forwarding it is a refusal without a request', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const app = await stage.raw(() => {}, {
        judge: async () => {
          await promise
          return judged(standing(() => decisionOf('address-not-allowed')))
        },
      })
      const answer = exchangeRaw(stage.stand.port, rawGet())
      while (stage.stand.seen.length === 0) await new Promise((wake) => setImmediate(wake))
      stage.stand.exchanges.recheck({ practice: 'p1' })
      resolve()
      expect(statusOf(await answer)).toBe(403)
      expect(app.connections).toHaveLength(0)
    })

    it('an expired decision ends a stream within a sweep', async () => {
      await stage.raw(({ socket }) => void socket.once('data', () => socket.write(begin)), {
        judge: (exchange) => {
          const until = exchange.at + 1_000
          return judged(
            standing((at) => (at >= until ? decisionOf('address-not-allowed') : decisionOf('ok')), {
              decision: decisionOf('ok', { validUntil: until }),
            }),
          )
        },
      })
      const client = await connectRaw(stage.stand.port)
      client.write(rawGet())
      await client.until(/data:1/)
      stage.stand.clock.advance(1_000)
      await client.closed()
      expect(stage.stand.exchanges.size()).toBe(0)
    })
  })

  describe('closing the engine', () => {
    it('lets requests in flight finish, ends streams, takes no more', async () => {
      const app = await stage.raw(({ socket }) => {
        socket.once('data', (chunk) => {
          if (chunk.includes('/events')) socket.write(begin)
        })
      })
      const { stand } = stage
      const events = await connectRaw(stand.port)
      events.write(rawGet('/events'))
      await events.until(/data:1/)
      const slow = await connectRaw(stand.port)
      slow.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
      const accepted = await app.connection(1)
      await accepted.until(/slow/)
      const closing = stand.close(5_000)
      expect(await events.closed()).not.toMatch(/0\r\n\r\n$/)
      await expect(connectRaw(stand.port)).rejects.toThrow(/ECONNREFUSED/)
      accepted.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone')
      expect(await slow.closed()).toMatch(/done$/)
      await closing
    })

    it('does not wait for those who never finish', async () => {
      const app = await stage.raw(() => {})
      const client = await connectRaw(stage.stand.port)
      client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await app.connection(0)
      await stage.stand.close(20)
      expect(statusOf(await client.closed())).toBe(503)
    })
  })
})
