/**
 * Goal: no order of frames ends the process, leaves an exchange behind, or has the application read another request than was
 * judged. Method: random sequences of frames, good ones and broken ones, in random pieces; llhttp reads what the
 * application got.
 */
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { listenerTls } from '../../support/certificates.ts'
import { createStage } from '../../support/engine-stage.ts'
import {
  block,
  connectFrames,
  type Fields,
  flags,
  frame,
  frames,
  frameTypes,
  usual,
} from '../../support/frames.ts'
import { eventually } from '../../support/gateway-stand.ts'
import { readRequests } from '../../support/llhttp.ts'

const stage = createStage('own')
afterEach(() => stage.end())

const smuggled = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n'
const answers = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok',
  '',
]

const id = fc.constantFrom(0, 1, 1, 3, 3, 5, 7, 9, 2, 2 ** 31 - 1)
const bits = fc.constantFrom(0, flags.endStream, flags.endHeaders, flags.endStream | flags.endHeaders, 0xff)
const size = fc.constantFrom(0, 1, 16_384, 65_535, 2 ** 31 - 1, 2 ** 32 - 1)
const bytes = fc.uint8Array({ maxLength: 40 })
const fields: fc.Arbitrary<Fields> = fc
  .tuple(
    fc.constantFrom(usual(), usual('/up', 'POST'), usual('/x', 'HEAD'), usual().slice(1)),
    fc.array(
      fc.tuple(
        fc.constantFrom(
          'x',
          'cookie',
          'content-length',
          'transfer-encoding',
          'host',
          'te',
          'expect',
          ':path',
          'X',
          '',
        ),
        fc.constantFrom(
          'a',
          '5',
          '0',
          'chunked',
          'app.example',
          'trailers',
          '100-continue',
          smuggled,
          `a\r\nx: ${smuggled}`,
        ),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([first, more]) => [...first, ...more])

const written: fc.Arbitrary<Uint8Array> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(id, fields, bits).map(([at, list, more]) => frames.headers(at, list, more)),
  },
  {
    weight: 9,
    arbitrary: fc
      .tuple(id, fc.constantFrom('abc', '', smuggled), bits)
      .map(([at, text, more]) => frames.data(at, text, more)),
  },
  fc
    .tuple(id, bits, fields)
    .map(([at, more, list]) => frame(frameTypes.continuation, more, at, block(list.slice(4)))),
  fc.tuple(id, fc.constantFrom(0, 2, 8)).map(([at, code]) => frames.reset(at, code)),
  fc.tuple(id, size).map(([at, more]) => frames.update(at, more)),
  fc
    .array(fc.tuple(fc.integer({ min: 0, max: 9 }), size), { maxLength: 3 })
    .map((pairs) => frames.settings(pairs)),
  fc
    .tuple(fc.integer({ min: 0, max: 12 }), bits, id, bytes)
    .map(([type, more, at, payload]) => frame(type, more, at, payload)),
  { weight: 1, arbitrary: bytes },
)
/** Begins as clients do, so that there is something to break. */
const begun = fc
  .array(fc.tuple(fc.constantFrom(usual(), usual('/up', 'POST')), fc.boolean()), { maxLength: 4 })
  .map((heads) =>
    heads.map(([list, isWhole], at) =>
      frames.headers(2 * at + 1, list, isWhole ? flags.endStream | flags.endHeaders : flags.endHeaders),
    ),
  )
const conversation = fc.record({
  begun,
  pieces: fc.array(written, { maxLength: 12 }),
  cuts: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
  isAbrupt: fc.boolean(),
})

const runs = Number(process.env['GATEHOUSE_TEST_FUZZ_RUNS'] ?? 60)

test('any frames in any order', async () => {
  let turn = 0
  const app = await stage.raw(
    ({ socket }) => void socket.on('data', () => socket.write(answers[turn++ % answers.length]!)),
    { tls: listenerTls(), http2: true, limits: { bodyIdleMs: 300, keepAliveMs: 300, headDeadlineMs: 300 } },
  )
  await fc.assert(
    fc.asyncProperty(conversation, async ({ begun: first, pieces, cuts, isAbrupt }) => {
      const client = await connectFrames(stage.stand.port)
      let rest = Buffer.concat([...first, ...pieces])
      for (let at = 0; rest.length > 0 && !client.socket.destroyed; at++) {
        const cut = cuts[at % cuts.length]!
        client.write(rest.subarray(0, cut))
        rest = rest.subarray(cut)
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (isAbrupt) client.socket.destroy()
      else client.socket.end()
      await client.closed()
    }),
    { numRuns: runs },
  )
  await eventually(() => stage.stand.exchanges.size() === 0, 'no exchange is left')
  const judged = new Set(stage.stand.seen.map(({ method, target }) => `${method} ${target.raw}`))
  let count = 0
  for (const connection of app.connections)
    for (const { method, target, headers } of readRequests(Buffer.from(connection.received(), 'latin1'))
      .messages) {
      count += 1
      expect(judged).toContain(`${method} ${target}`)
      expect(headers.filter((_, i) => headers[i - 1]?.toLowerCase() === 'host')).toEqual(['app.example'])
    }
  expect(count).toBeGreaterThan(runs / 10)
  expect(count).toBeLessThanOrEqual(stage.stand.seen.length)
})
