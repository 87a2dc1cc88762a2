/**
 * Goal: who floods a connection by HTTP/2 costs us no more than its allowance, is hung up on, and keeps nobody waiting.
 * Method: each known attack written as frames, against an engine with a raw application; others are served meanwhile.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { listenerTls } from '../../support/certificates.ts'
import { createStage } from '../../support/engine-stage.ts'
import {
  block,
  connectFrames,
  type FrameClient,
  flags,
  frame,
  frames,
  frameTypes,
  kept,
  newest,
  usual,
} from '../../support/frames.ts'
import { eventually } from '../../support/gateway-stand.ts'
import { answering } from '../../support/raw-http.ts'

const tls = listenerTls()
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const stage = createStage('own')
afterEach(() => stage.end())

const counted = async (what: string): Promise<number> => {
  const { body } = await stage.stand.metrics.text()
  return Number(new RegExp(`malformed_requests_total\\{what="${what}"\\} (\\d+)`).exec(body)?.[1] ?? 0)
}
const isServed = async (): Promise<void> => {
  const other = await connectFrames(stage.stand.port)
  other.write(frames.headers(1, usual('/other')))
  expect(await other.status(1)).toBe(200)
  other.socket.destroy()
}
const odd = (at: number): number => 2 * at + 1
const times = (count: number, make: (at: number) => Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)))

/** An application that answers `/other` alone. */
const waiting = () =>
  stage.raw(
    ({ socket }) =>
      void socket.on('data', (bytes: Buffer) => {
        if (bytes.toString('latin1').startsWith('GET /other')) socket.write(ok)
      }),
    { tls, http2: true },
  )

/** Streams that end before their answer, a thousand of them; `seen` of the judge: no more than the allowance. */
const resets: readonly (readonly [string, (id: number) => Uint8Array])[] = [
  ['reset by the client (CVE-2023-44487)', (id) => frames.reset(id)],
  ['reset without an error', (id) => frames.reset(id, 0)],
  // CVE-2025-8671: the client has the server reset them.
  ['with a window update of nothing', (id) => frames.update(id, 0)],
  [
    'with a window that overflows',
    (id) => Buffer.concat([frames.update(id, 2 ** 31 - 1), frames.update(id, 2 ** 31 - 1)]),
  ],
  ['with content behind their end', (id) => frames.data(id, 'x')],
  ['with a second head behind their end', (id) => frames.headers(id)],
  [
    'with a dependency on themselves',
    (id) => frame(frameTypes.priority, 0, id, Buffer.from([0, 0, 0, id, 1])),
  ],
  ['with a priority of the wrong size', (id) => frame(frameTypes.priority, 0, id, Buffer.alloc(4))],
]

describe('a thousand streams', () => {
  test.each(resets)('%s', async (_, end) => {
    const app = await waiting()
    const client = await connectFrames(stage.stand.port)
    for (let at = 0; at < 1_000 && !client.socket.destroyed; at += 50) {
      client.write(times(50, (more) => Buffer.concat([frames.headers(odd(at + more)), end(odd(at + more))])))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await client.closed()
    expect(stage.stand.seen.length).toBeLessThanOrEqual(230)
    await eventually(async () => (await counted('http2')) === 1, 'it is counted once')
    await eventually(() => stage.stand.exchanges.size() === 0, 'nothing is left under way')
    await eventually(
      () => app.connections.every(({ socket }) => socket.destroyed),
      'the application is hung up on',
    )
    await isServed()
  })
})

test('streams beyond a hundred at one time may be tried again; who was told of the number is hung up on', async () => {
  await waiting()
  const client = await connectFrames(stage.stand.port)
  client.write(times(103, (at) => frames.headers(odd(at))))
  await client.until(() => [100, 101, 102].every((at) => client.resetOf(odd(at)) === 7))
  expect(stage.stand.seen).toHaveLength(100)
  client.write(frames.reset(1), frames.headers(odd(200), usual('/other')))
  expect(await client.status(odd(200))).toBe(200)
  client.write(
    frame(frameTypes.settings, flags.ack, 0),
    times(3, (at) => frames.headers(odd(201 + at))),
  )
  await client.closed()
  await eventually(async () => (await counted('http2')) === 1, 'it is counted once')
  await eventually(() => stage.stand.exchanges.size() === 0, 'nothing is left')
})

const floods: readonly (readonly [string, () => Uint8Array])[] = [
  ['SETTINGS', () => frames.settings([[1, 0]])],
  ['PING', () => frames.ping()],
  ['acknowledgements of PING', () => frame(frameTypes.ping, flags.ack, 0, Buffer.alloc(8))],
  ['window updates', () => frames.update(0, 1)],
  ['priorities', () => frame(frameTypes.priority, 0, 1, Buffer.from([0, 0, 0, 0, 1]))],
  ['frames of no known type', () => frame(0x42, 0, 0, Buffer.alloc(64))],
  ['empty DATA', () => frames.data(1, '')],
  [
    'DATA that is all padding',
    () => frame(frameTypes.data, flags.padded, 1, Buffer.from([200, ...Buffer.alloc(200)])),
  ],
]

test.each(floods)('a flood of %s is ended', async (_, make) => {
  await waiting()
  const client = await connectFrames(stage.stand.port)
  client.write(frames.headers(1, usual('/up', 'POST'), flags.endHeaders))
  const piece = times(500, make)
  while (!client.socket.destroyed) {
    if (!client.socket.write(piece))
      await Promise.race([new Promise((r) => client.socket.once('drain', r)), client.closed()])
    else await new Promise((resolve) => setImmediate(resolve))
  }
  await client.closed()
  await eventually(async () => (await counted('http2')) === 1, 'it is counted once')
  await isServed()
})

describe('a head', () => {
  const begun = frame(frameTypes.headers, flags.endStream, 1, block(usual()))

  test.each([
    [
      'of 64 KiB in endless pieces',
      () => frame(frameTypes.continuation, 0, 1, block([['x', 'y'.repeat(8_000)]])),
    ],
    ['of endless empty pieces', () => frame(frameTypes.continuation, 0, 1)],
  ])('%s is given up (CONTINUATION flood, CVE-2024-27983)', async (_, piece) => {
    await waiting()
    const client = await connectFrames(stage.stand.port)
    client.write(begun, times(200, piece))
    await client.closed()
    expect(stage.stand.seen).toHaveLength(0)
    await isServed()
  })

  test('of a few bytes that name megabytes is refused unread (HPACK bomb), again and again', async () => {
    await waiting()
    const client = await connectFrames(stage.stand.port)
    const bomb = Buffer.concat([
      block(usual()),
      kept('x', 'y'.repeat(3_900)),
      ...Array.from({ length: 10_000 }, () => newest),
    ])
    for (let at = 0; at < 300 && !client.socket.destroyed; at++) {
      client.write(frame(frameTypes.headers, flags.endStream | flags.endHeaders, odd(at), bomb))
      if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await client.closed()
    expect(stage.stand.seen).toHaveLength(0)
    await isServed()
  })

  test('of more than 16 KiB, or with more than 100 headers, is answered 431', async () => {
    await waiting()
    const client = await connectFrames(stage.stand.port)
    const many = Array.from({ length: 101 }, (_, at) => [`x-${at}`, '1'] as const)
    client.write(
      frame(frameTypes.headers, flags.endStream, 1, block([...usual(), ['x', 'y'.repeat(16_000)]])),
      frame(frameTypes.continuation, flags.endHeaders, 1, block([['z', 'y'.repeat(400)]])),
      frames.headers(3, [...usual(), ...many]),
    )
    expect(await client.status(3)).toBe(431)
    expect(await client.status(1)).toBe(431)
    expect(stage.stand.seen).toHaveLength(0)
    client.socket.destroy()
  })
})

describe('silence', () => {
  const soon = { headDeadlineMs: 200, keepAliveMs: 250, bodyIdleMs: 200 }
  const start = () =>
    stage.raw(
      ({ socket }) =>
        void socket.on('data', (bytes: Buffer) => {
          const line = bytes.toString('latin1')
          if (line.startsWith('GET /other')) socket.write(ok)
          if (line.startsWith('GET /large'))
            socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n${'x'.repeat(900_000)}`)
        }),
      { tls, http2: true, limits: soon },
    )
  const closesBy = async (client: FrameClient): Promise<void> => {
    await client.closed()
    expect(stage.stand.exchanges.size()).toBe(0)
  }

  test('before the first word, within a head, behind an answer: each connection is closed', async () => {
    await start()
    const { port } = stage.stand
    const mute = await connectFrames(port, Buffer.alloc(0))
    const junk = await connectFrames(port, Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
    const greeted = await connectFrames(port)
    const within = await connectFrames(port)
    within.write(frame(frameTypes.headers, flags.endStream, 1, block(usual())))
    const behind = await connectFrames(port)
    behind.write(frames.headers(1, usual('/other')))
    expect(await behind.status(1)).toBe(200)
    // Signs of life that cost nothing keep nothing open.
    const pinging = setInterval(() => greeted.write(frames.ping()), 50)
    await Promise.all([mute, junk, greeted, within, behind].map(closesBy))
    clearInterval(pinging)
    expect(behind.goneAway()).toBe(0)
  })

  test('of who does not close its side when ours is closed ends all the same', async () => {
    await stage.raw(answering(ok), { tls, http2: true, limits: { ...soon, connectionsMax: 1 } })
    const { port } = stage.stand
    const client = await connectFrames(port, undefined, '127.0.0.1', true)
    client.write(frames.headers(1))
    expect(await client.status(1)).toBe(200)
    await new Promise((resolve) => client.socket.once('end', resolve))
    await eventually(
      () =>
        connectFrames(port).then(
          ({ socket }) => socket.destroy() !== undefined,
          () => false,
        ),
      'there is room again',
    )
    expect(client.socket.destroyed).toBe(false)
    client.socket.destroy()
  })

  test('of who grants no window, or sends no content, ends the stream and frees the application', async () => {
    const app = await start()
    const client = await connectFrames(stage.stand.port)
    client.write(
      frames.settings([[4, 0]]),
      frames.headers(1, usual('/large')),
      frames.headers(3, usual('/other')),
      frames.headers(5, usual('/up', 'POST'), flags.endHeaders),
      frames.data(5, 'abc'),
    )
    await client.until(() => [1, 3, 5].every((id) => client.resetOf(id) !== null))
    expect(stage.stand.seen).toHaveLength(3)
    await eventually(() => stage.stand.exchanges.size() === 0, 'nothing is left')
    const upload = app.connections.find((connection) => /POST/.test(connection.received()))!
    expect(await upload.closed()).not.toMatch(/0\r\n\r\n$/)
    client.socket.destroy()
  })
})

test('an address has so many streams over all its connections, a trusted proxy any number', async () => {
  await stage.raw(() => {}, {
    ...{ tls, http2: true, limits: { connectionsPerAddressMax: 5 }, trustedProxies: ['127.0.0.9'] },
  })
  const { port } = stage.stand
  const [one, two] = [await connectFrames(port), await connectFrames(port)]
  one.write(times(3, (at) => frames.headers(odd(at))))
  two.write(times(2, (at) => frames.headers(odd(at))))
  await eventually(() => stage.stand.seen.length === 5, 'five are under way')
  two.write(frames.headers(5))
  await two.until(() => two.resetOf(5) === 7)
  expect(await counted('too-many-exchanges')).toBe(1)
  one.write(frames.reset(1))
  await eventually(() => stage.stand.exchanges.size() === 4, 'one has ended')
  two.write(frames.headers(7))
  await eventually(() => stage.stand.seen.length === 6, 'another may begin')
  const proxy = await connectFrames(port, undefined, '127.0.0.9')
  proxy.write(times(20, (at) => frames.headers(odd(at))))
  await eventually(() => stage.stand.seen.length === 26, 'all of the proxy’s')
  for (const client of [one, two, proxy]) client.socket.destroy()
})

test('a thousand requests that are answered cost no allowance, with content and without', async () => {
  await stage.raw(answering(ok), { tls, http2: true })
  const client = await connectFrames(stage.stand.port)
  for (let at = 0; at < 1_000; at += 50) {
    const last = odd(at + 49)
    client.write(
      times(50, (more) =>
        more % 2 === 0
          ? frames.headers(odd(at + more))
          : Buffer.concat([
              frames.headers(odd(at + more), usual('/x', 'POST'), flags.endHeaders),
              frames.data(odd(at + more), 'abc', flags.endStream),
            ]),
      ),
    )
    expect(await client.status(last)).toBe(200)
    await client.until(() => client.content(last) === 'ok')
    client.write(frames.update(0, 10_000))
  }
  await eventually(() => stage.stand.exchanges.size() === 0, 'all are over')
  expect(stage.stand.seen).toHaveLength(1_000)
  expect(client.goneAway()).toBeNull()
  client.socket.destroy()
})

test('a connection has so many requests, and says when the last was taken', async () => {
  await stage.raw(answering(ok), { tls, http2: true, limits: { requestsPerConnectionMax: 3 } })
  const client = await connectFrames(stage.stand.port)
  client.write(times(5, (at) => frames.headers(odd(at))))
  await client.closed()
  expect(client.goneAway()).toBe(0)
  for (const id of [1, 3, 5]) expect(await client.status(id)).toBe(200)
  expect(stage.stand.seen).toHaveLength(3)
})
