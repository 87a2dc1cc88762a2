/**
 * Goal: no answer of an application ends the process, and none that is broken reaches a browser as a whole one.
 * Method: mutated answers (seeded) through the gateway and straight to node:http, whose verdict on each is compared.
 */
import http from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stand, startStand } from '../support/engine-stand.ts'
import { type RawServer, startRawServer } from '../support/raw-http.ts'

let app: RawServer
let stand: Stand
const answers = new Map<string, string>()

beforeAll(async () => {
  app = await startRawServer(({ socket }) => {
    socket.once('data', (chunk) => {
      const name = /\/(\d+) HTTP/.exec(chunk.toString('latin1'))?.[1] ?? ''
      socket.end(
        Buffer.from(answers.get(name) ?? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nalive', 'latin1'),
      )
    })
  })
  stand = await startStand(app.url)
})

afterAll(async () => {
  await stand.close()
  await app.close()
})

/** What a strict client makes of an answer; `null`: it was broken. */
const read = (base: string, name: string): Promise<{ status: number; body: string } | null> =>
  new Promise((resolve) => {
    const request = http.get(`${base}/${name}`, { agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', () => {})
      response.on('close', () =>
        resolve(
          response.complete
            ? { status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('latin1') }
            : null,
        ),
      )
    })
    request.on('upgrade', (_response, socket) => {
      socket.destroy()
      resolve(null)
    })
    request.on('error', () => resolve(null))
  })

const line = fc.constantFrom(
  ...[
    'Content-Length: 5',
    'Content-Length: 3',
    'Content-Length: 50',
    'Content-Length: -1',
    'Content-Length: 5, 5',
  ],
  ...['Transfer-Encoding: chunked', 'Transfer-Encoding: ,chunked', 'Transfer-Encoding: chunked, gzip'],
  ...['__proto__: x', 'constructor: x', 'Set-Cookie: a=1', 'Set-Cookie: __proto__=1', 'Connection: close'],
  ...[
    'Connection: x, __proto__',
    'Keep-Alive: timeout=-1',
    'Keep-Alive: timeout=1e9',
    'Trailer: x',
    'X: \xff',
  ],
  ...[
    'X: a\r\n b',
    'X',
    ': x',
    'X: \0',
    'Upgrade: h2c',
    'Content-Type: text/event-stream',
    'Content-Encoding: gzip',
  ],
)
const first = fc.constantFrom(
  ...[
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.0 200 OK',
    'HTTP/1.1 299',
    'HTTP/1.1 204 No',
  ],
  ...[
    'HTTP/1.1 304 Not',
    'HTTP/1.1 99 X',
    'HTTP/1.1 1000 X',
    'HTTP/2.0 200 OK',
    'HTTP/1.1 200 \x01',
    'ICY 200 OK',
  ],
)
const body = fc.constantFrom(
  ...[
    'whole',
    'whole',
    '',
    '5\r\nwhole\r\n0\r\n\r\n',
    '5\r\nwhole\r\n0\r\nT: x\r\n\r\n',
    '5\r\nwho',
    '5\r\nwhole\r\n',
  ],
  ...['ffffffffffffffff\r\n', 'zz\r\n', '-1\r\n', '5;x=y\r\nwhole\r\n0\r\n\r\n', '5\nwhole\n0\n\n'],
)
const interim = fc.constantFrom(
  ...['', '', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n'],
  ...[
    'HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  ],
)
const mild = fc.constantFrom('__proto__: x', 'Set-Cookie: __proto__=1', 'X: \xff', 'Keep-Alive: timeout=1e9')
/** Header lines and a body: half of them fit each other. */
const framed = fc.oneof(
  fc.tuple(fc.array(line, { maxLength: 3 }), body),
  fc.tuple(
    mild.map((one) => ['Content-Length: 5', one]),
    fc.constant('whole'),
  ),
  fc.tuple(
    mild.map((one) => [one, 'Transfer-Encoding: chunked']),
    fc.constant('5;x=y\r\nwhole\r\n0\r\nT: x\r\n\r\n'),
  ),
)
const answer = fc
  .tuple(interim, first, framed, fc.integer({ min: 0, max: 300 }))
  .map(([early, status, [lines, text], cut]) => {
    const whole = `${early}${[status, ...lines, '', ''].join('\r\n')}${text}`
    return whole.slice(0, Math.ceil((cut / 100) * whole.length))
  })

/** What follows a complete answer is beside it: node minds that, others go on without the connection. */
const isWhole = (text: string, { status, body: had }: { status: number; body: string }): boolean =>
  status === 204 || status === 304 ? had === '' : text.includes(`Content-Length: ${had.length}\r\n`)

it('a broken answer is a 502 or visibly broken off; a good one is itself or refused', async () => {
  const texts = fc.sample(answer, { numRuns: 1_500, seed: 12 })
  let good = 0
  for (let from = 0; from < texts.length; from += 50)
    await Promise.all(
      texts.slice(from, from + 50).map(async (text, i) => {
        const name = String(from + i)
        answers.set(name, text)
        const [direct, through] = await Promise.all([read(app.url, name), read(stand.base, name)])
        if (direct !== null && through !== null && through.status !== 502) {
          good += 1
          expect([text, through]).toEqual([text, direct])
        } else if (through !== null && through.status !== 502)
          expect([text, isWhole(text, through)]).toEqual([text, true])
      }),
    )
  expect(good).toBeGreaterThan(200)
  expect(await read(stand.base, 'last')).toEqual({ status: 200, body: 'alive' })
  await stand.exchanges.emptied()
}, 60_000)
