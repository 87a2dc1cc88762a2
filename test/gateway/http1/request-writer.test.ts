/**
 * Goal: whatever the parts of a request hold, what is written is that one request, or nothing.
 * Method: arbitrary parts, injection among them, read back by llhttp.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RequestParts, writeRequestHead } from '../../../gateway/http1/request-writer.ts'
import { readRequests } from '../../support/llhttp.ts'

const parts = (change: Partial<RequestParts> = {}): RequestParts => ({
  ...{ method: 'GET', target: '/x', headers: ['Host', 'a'], content: null },
  ...change,
})

describe('a request’s head', () => {
  it.each([
    ['nothing', parts(), 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n', { kind: 'none' }],
    [
      'a POST without content says so',
      parts({ method: 'POST' }),
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
      { kind: 'length', bytes: 0 },
    ],
    [
      'known content has its own length, whatever was declared',
      parts({ method: 'PUT', headers: ['content-length', '9', 'X', '1'], content: 3 }),
      'PUT /x HTTP/1.1\r\nX: 1\r\nContent-Length: 3\r\n\r\n',
      { kind: 'length', bytes: 3 },
    ],
    [
      'content that follows has the length declared',
      parts({ method: 'PUT', headers: ['Content-Length', '9'], content: 'stream' }),
      'PUT /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n',
      { kind: 'length', bytes: 9 },
    ],
    [
      'or comes in chunks',
      parts({ method: 'PUT', content: 'stream' }),
      'PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
      { kind: 'chunked' },
    ],
  ] as const)('%s', (_, wish, text, framing) => {
    expect(writeRequestHead(wish)).toEqual({ text, framing })
  })

  it.each([
    ['a length that is none', parts({ headers: ['Content-Length', '1e3'] })],
    ['two lengths', parts({ headers: ['Content-Length', '1', 'content-length', '1'] })],
    ['a line break in a value', parts({ headers: ['X', 'a\r\nY: b'] })],
    ['a bare LF in a value', parts({ headers: ['X', 'a\nY: b'] })],
    ['a bare CR in a value', parts({ headers: ['X', 'a\rY: b'] })],
    ['a break in a name', parts({ headers: ['X: 1\r\nY', 'b'] })],
    ['a NUL', parts({ headers: ['X', 'a\0'] })],
    // Written as latin1 it would be a line feed.
    ['a character that is no byte', parts({ headers: ['X', 'a\u010aY: b'] })],
    ['a space in the target', parts({ target: '/x HTTP/1.1' })],
    ['an end of the head in the target', parts({ target: '/\r\n\r\n' })],
  ])('%s sends nothing', (_, wish) => {
    expect(() => writeRequestHead(wish)).toThrow(/self: garbage/)
  })

  it('is the same with a tail that comes again, the first time and each other, or is not written', () => {
    const value = fc.constantFrom('a', '', 'long '.repeat(100), '\u00ff', 'a\r\nY: b', 'a\n', '\u010a')
    const name = fc.constantFrom('X-A', 'Cookie', 'x_b', 'Content-Length', 'X: 1\r\nY')
    const lines = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((all) => all.flat())
    const textOf = (wish: RequestParts): unknown => {
      try {
        return writeRequestHead(wish)
      } catch {
        return 'nothing'
      }
    }
    fc.assert(
      fc.property(lines, lines, (first, tail) => {
        const headers = ['Host', 'a', ...first, ...tail]
        const whole = textOf(parts({ headers }))
        for (let times = 0; times < 3; times += 1)
          expect(textOf(parts({ headers: [...headers], tail }))).toEqual(whole)
      }),
    )
  })

  it('is read by llhttp as the parts it was made of, or is not written', () => {
    const trick = fc.constantFrom(
      '\r\n',
      '\n',
      '\r',
      '\0',
      ' ',
      '\t',
      'ĊX: y',
      ': ',
      'Content-Length: 5\r\n',
      '\x7f',
      'ÿ',
    )
    const plain = fc.string({ unit: fc.constantFrom(...'abcXYZ019-/=;,.'), maxLength: 12 })
    const text = fc.oneof(
      { weight: 6, arbitrary: plain },
      fc.tuple(plain, trick, plain).map((all) => all.join('')),
    )
    const name = fc.constantFrom('X-A', 'Cookie', 'Accept', 'x_b', 'X.C')
    let written = 0
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'POST', 'DELETE'),
        text,
        fc.array(fc.tuple(name, text), { maxLength: 4 }),
        fc.constantFrom(null, 0, 2),
        (method, path, lines, content) => {
          const wish = parts({ method, target: `/${path}`, headers: ['Host', 'a', ...lines.flat()], content })
          let head: string
          try {
            head = writeRequestHead(wish).text
          } catch {
            return
          }
          written += 1
          const body = 'x'.repeat(content ?? 0)
          const { messages, failed } = readRequests(Buffer.from(head + body, 'latin1'))
          const [one] = messages
          expect([failed, messages.length, one!.complete, one!.body]).toEqual([false, 1, true, body])
          expect([one!.method, one!.target]).toEqual([method, `/${path}`])
          const sent = one!.headers.filter((_, i) => (one!.headers[i - (i % 2)] ?? '') !== 'Content-Length')
          expect(sent).toEqual([
            'Host',
            'a',
            ...lines.flatMap(([key, value]) => [key, value.replace(/^[\t ]+|[\t ]+$/g, '')]),
          ])
        },
      ),
      { numRuns: 5_000, seed: 9 },
    )
    expect(written).toBeGreaterThan(1_500)
  })
})
