/**
 * Goal: calls share a bounded number of connections fairly, and every call ends once, whatever dies when.
 * Method: raw applications on loopback that the test answers by hand, listeners that note what they hear.
 */
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { createOwnUpstreams } from '../../../gateway/http1/upstream-pool.ts'
import type { UpstreamCall, UpstreamRequest, Upstreams } from '../../../gateway/upstreams.ts'
import { configSchema, type UpstreamConfig } from '../../../runtime/config.ts'
import { isFault } from '../../../runtime/fault.ts'
import { realSchedule } from '../../support/engine-stand.ts'
import { type Accepted, answering, type RawServer, startRawServer } from '../../support/raw-http.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

let app: RawServer
let upstream: UpstreamConfig
let upstreams: Upstreams
let elapsed = 0

const start = async (
  answer?: (accepted: Accepted) => void,
  { connectionsMax = 10, settings = {} }: { connectionsMax?: number; settings?: object } = {},
): Promise<void> => {
  app = await startRawServer(answer)
  const config = configSchema.parse({ upstreams: [{ id: 'app', name: 'App', url: app.url, ...settings }] })
  upstream = config.upstreams[0]!
  upstreams = createOwnUpstreams({ connectionsMax, monotonic: () => elapsed, schedule: realSchedule })
}
afterEach(async () => {
  await upstreams.close()
  await app.close()
})

type Heard = { readonly call: UpstreamCall; readonly done: Promise<string>; body(): string; paused: boolean }

/** Sends; `done` is the status or the kind of failure. `takes`: how often data is taken before the listener wants a rest. */
const send = (wish: Partial<UpstreamRequest> = {}, takes = Infinity): Heard => {
  const { promise: done, resolve } = Promise.withResolvers<string>()
  let status = 0
  let body = ''
  let left = takes
  let ends = 0
  const once = (text: string): void => {
    ends += 1
    resolve(ends === 1 ? text : `heard ${ends} ends`)
  }
  const call = upstreams.send(
    upstream,
    { method: 'GET', target: '/x', headers: ['Host', 'a'], body: null, ...wish },
    {
      informed: () => {},
      begun: (begun) => {
        status = begun
      },
      data(chunk) {
        body += Buffer.from(chunk).toString('latin1')
        left -= 1
        heard.paused = left < 0
        return !heard.paused
      },
      lulled: () => {},
      ended: () => once(String(status)),
      failed: (error) => once(isFault(error) ? `${error.source} ${error.kind}` : 'no fault'),
    },
  )
  const heard: Heard = { call, done, body: () => body, paused: false }
  return heard
}

describe('connections', () => {
  it('who finds none free waits, first come first served; who goes away meanwhile is not sent', async () => {
    await start(undefined, { connectionsMax: 1 })
    const calls = ['/1', '/2', '/3', '/4'].map((target) => send({ target }))
    const { socket, until } = await app.connection(0)
    await until(/\/1 /)
    calls[2]!.call.abort()
    socket.write(ok)
    await until(/\/2 /)
    socket.write(ok)
    await until(/\/4 /)
    socket.write(ok)
    expect(await Promise.all([0, 1, 3].map((at) => calls[at]!.done))).toEqual(['200', '200', '200'])
    expect([app.connections.length, app.connections[0]!.received().includes('/3')]).toEqual([1, false])
  })

  it('who waits gets the place of a connection that is closed', async () => {
    await start(
      ({ socket }) =>
        void socket.once('data', () => socket.end(ok.replace('\r\n', '\r\nConnection: close\r\n'))),
      {
        connectionsMax: 1,
      },
    )
    const calls = Array.from({ length: 4 }, () => send())
    expect(await Promise.all(calls.map(({ done }) => done))).toEqual(['200', '200', '200', '200'])
    expect(app.connections).toHaveLength(4)
  })

  it('who waits too long is told so, and the others go on', async () => {
    await start(undefined, { connectionsMax: 1, settings: { firstByteTimeoutMs: 60 } })
    const [first, second] = [send({ body: Readable.from([]) }), send()]
    expect(await second!.done).toBe('upstream timeout')
    expect(await first!.done).toBe('upstream timeout')
  })

  it.each([
    ['for a second less than the application says', 'Keep-Alive: timeout=3', 1_999, 2_000],
    ['for four seconds if it says nothing', 'X: 1', 3_999, 4_000],
  ])('are kept %s', async (_, line, within, beyond) => {
    await start(answering(ok.replace('\r\n', `\r\n${line}\r\n`)))
    await send().done
    elapsed += within
    await send().done
    expect(app.connections).toHaveLength(1)
    elapsed += beyond
    await send().done
    expect(app.connections).toHaveLength(2)
  })

  it('are not kept where the application lets go of them within a second', async () => {
    await start(answering(ok.replace('\r\n', '\r\nKeep-Alive: timeout=1\r\n')))
    for (let n = 0; n < 3; n += 1) expect(await send().done).toBe('200')
    expect(app.connections).toHaveLength(3)
  })

  it.each([
    ['to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 46'],
    ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 46'],
    ['304 in chunks', 'GET', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked'],
  ])(
    'are not kept behind an answer %s: its content, should it come, would answer somebody else',
    async (_, method, head) => {
      let asked = 0
      await start(({ socket }) => {
        socket.on('data', () => {
          asked += 1
          socket.write(asked === 1 ? `${head}\r\n\r\n` : ok)
        })
      })
      await send({ method }).done
      expect([await send().done, app.connections.length]).toEqual(['200', 2])
    },
  )

  it('of several that died together none is tried after another', async () => {
    let warm = true
    await start(({ socket }) => {
      let served = 0
      socket.on('data', () => {
        served += 1
        if (warm || served === 1) socket.write(ok)
        else socket.resetAndDestroy()
      })
    })
    await Promise.all(Array.from({ length: 5 }, () => send().done))
    warm = false
    expect(await send().done).toBe('200')
    expect(app.connections).toHaveLength(6)
  })

  it('that cannot be had are a failure of each call', async () => {
    await start()
    await app.close()
    expect(await send().done).toBe('upstream unreachable')
    expect(await send({ method: 'POST' }).done).toBe('upstream unreachable')
  })
})

describe('content', () => {
  it('comes no faster than it is taken, and none is lost', async () => {
    const size = 5_000_000
    await start(({ socket }) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
        socket.write(Buffer.alloc(size, 'x'))
      })
    })
    const heard = send({}, 3)
    while (!heard.paused) await new Promise((wake) => setImmediate(wake))
    const had = heard.body().length
    for (let n = 0; n < 50; n += 1) await new Promise((wake) => setImmediate(wake))
    expect([heard.body().length, had < size / 2]).toEqual([had, true])
    const pump = setInterval(() => heard.call.resume(), 0)
    expect(await heard.done).toBe('200')
    clearInterval(pump)
    expect(heard.body().length).toBe(size)
    // The connection is good for more, though it was paused when the answer ended.
    app.connections[0]!.socket.once('data', () => app.connections[0]!.socket.write(ok))
    expect([await send().done, app.connections.length]).toEqual(['200', 1])
  })

  it('is not hurried on by a call that was over before', async () => {
    await start(({ socket }) => {
      socket.once('data', () => {
        socket.write(ok)
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n')
          socket.write(Buffer.alloc(5_000_000, 'x'))
        })
      })
    })
    const before = send()
    await before.done
    const heard = send({}, 1)
    while (!heard.paused) await new Promise((wake) => setImmediate(wake))
    const had = heard.body().length
    for (let n = 0; n < 50; n += 1) {
      before.call.resume()
      await new Promise((wake) => setImmediate(wake))
    }
    expect([app.connections.length, heard.body().length]).toEqual([1, had])
    heard.call.abort()
  })

  it.each([
    ['more than announced', ['abc', 'def'], '5', 'downstream garbage', /abc/],
    ['less than announced', ['abc'], '5', 'downstream truncated', /abc$/],
  ])('%s is never sent as a whole', async (_, parts, length, kind, received) => {
    await start()
    const heard = send({
      method: 'POST',
      headers: ['Host', 'a', 'Content-Length', length],
      body: Readable.from(
        parts.map((part) => Buffer.from(part)),
        { objectMode: false },
      ),
    })
    const { closed } = await app.connection(0)
    expect(await heard.done).toBe(kind)
    expect(await closed()).toMatch(received)
  })

  it('that breaks off takes its connection with it, without a last chunk', async () => {
    await start()
    const body = new Readable({ read() {} })
    const heard = send({ method: 'POST', body })
    body.push('abc')
    const { until, closed } = await app.connection(0)
    await until(/abc/)
    body.destroy(new Error('gone'))
    expect(await heard.done).toMatch(/self|downstream/)
    expect(await closed()).not.toMatch(/0\r\n\r\n$/)
  })

  it('that is still being sent when the answer is complete is given up, and so is the connection', async () => {
    await start(({ socket }) => void socket.once('data', () => socket.write(ok)))
    const body = new Readable({ read() {} })
    const heard = send({ method: 'POST', body })
    body.push('abc')
    expect(await heard.done).toBe('200')
    await app.connections[0]!.closed()
    expect(body.destroyed).toBe(true)
  })
})
