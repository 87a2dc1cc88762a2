/**
 * Goal: no head of HTTP/2 becomes another request of HTTP/1.1 than the one that is judged; what could is refused.
 * Method: examples by section of RFC 9113; random heads full of what smuggles, written as HTTP/1.1 and read by both our
 * parser and llhttp.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRequestHead } from '../../../gateway/http1/request-parser.ts'
import { readStreamHead } from '../../../gateway/http2/request-head.ts'
import { checkHead } from '../../../gateway/request-head.ts'
import { configSchema } from '../../../runtime/config.ts'
import { readRequests } from '../../support/llhttp.ts'

const { limits } = configSchema.parse({}).gateway
const usual = [':method', 'GET', ':scheme', 'https', ':authority', 'app.example', ':path', '/x']
const withPseudo = (name: string, value: string): string[] => {
  const raw = [...usual]
  raw[raw.indexOf(name) + 1] = value
  return raw
}
const without = (name: string): string[] => usual.filter((_, i) => usual[i - (i % 2)] !== name)
/** The status, or the head that is judged. */
const read = (raw: readonly string[], endsStream = true) => {
  const { received, sentence } = readStreamHead(raw, endsStream)
  if (sentence !== null) return 400
  const checked = checkHead(received, limits)
  return checked.ok ? { ...received, ...checked.head } : checked.status
}

describe('what is accepted', () => {
  test('has its host first, its cookie joined, and its framing by whether content follows', () => {
    expect(read([...usual, 'cookie', 'a=1', 'x-a', 'b', 'cookie', 'c=2'])).toMatchObject({
      ...{
        method: 'GET',
        target: '/x',
        host: 'app.example',
        framing: 'none',
        mayPersist: true,
        upgrade: null,
      },
      headers: ['host', 'app.example', 'x-a', 'b', 'cookie', 'a=1; c=2'],
    })
    expect(read([...usual, 'cookie', 'a=1', 'cookie', ''])).toMatchObject({
      headers: ['host', 'app.example', 'cookie', 'a=1'],
    })
    expect(read(usual, false)).toMatchObject({ framing: 'chunked', length: null })
    expect(read([...usual, 'content-length', '5'], false)).toMatchObject({ framing: 'length', length: 5 })
    expect(read([...usual, 'content-length', '0'])).toMatchObject({ framing: 'none' })
    expect(read([...without(':authority'), 'host', 'app.example'])).toMatchObject({ host: 'app.example' })
    expect(read([...usual, 'host', 'APP.example'])).toMatchObject({ host: 'app.example' })
    expect(read([...usual, 'te', 'trailers'])).toMatchObject({ framing: 'none' })
  })
})

const wrong: readonly (readonly [string, readonly string[]])[] = [
  // §8.3: pseudo headers.
  ['an unknown pseudo header', [':x', 'y', ...usual]],
  ['one of answers', [':status', '200', ...usual]],
  ['extended CONNECT', [...withPseudo(':method', 'CONNECT'), ':protocol', 'websocket']],
  ['a pseudo header twice', [...usual, ':path', '/y']],
  ['one behind a header', [...usual.slice(0, 6), 'x-a', 'b', ':path', '/x']],
  ['one in capitals', [...without(':path'), ':PATH', '/x']],
  ...[':method', ':scheme', ':path'].map((name) => [`no ${name}`, without(name)] as const),
  ...[':method', ':scheme', ':authority', ':path'].map(
    (name) => [`an empty ${name}`, withPseudo(name, '')] as const,
  ),
  ['no host at all', without(':authority')],
  ['a method that is not registered', withPseudo(':method', 'GETX')],
  ['a method in small letters', withPseudo(':method', 'get')],
  ['a method with a request in it', withPseudo(':method', 'GET /admin HTTP/1.1\r\nx:')],
  ['http over TLS', withPseudo(':scheme', 'http')],
  ['CONNECT', [':method', 'CONNECT', ':authority', 'app.example:443']],
  // §8.3.1: the path is a path.
  ['a path that is a URL', withPseudo(':path', 'https://app.example/x')],
  ['a path without a slash', withPseudo(':path', 'x')],
  ['a path with a line break', withPseudo(':path', '/x HTTP/1.1\r\nhost: evil\r\n\r\n')],
  ['a path with a space', withPseudo(':path', '/x y')],
  ['a path with a tab', withPseudo(':path', '/x\ty')],
  ['a path with a byte beyond ASCII', withPseudo(':path', '/\xe4')],
  ['a path with a NUL', withPseudo(':path', '/x\0')],
  // Hosts.
  ['another Host than the authority', [...usual, 'host', 'other.example']],
  ['another port', [...usual, 'host', 'app.example:443']],
  ['two Hosts', [...without(':authority'), 'host', 'a', 'host', 'a']],
  ['two Hosts beside an authority', [...usual, 'host', 'app.example', 'host', 'app.example']],
  ['a person in the authority', withPseudo(':authority', 'me@app.example')],
  ['a path in the authority', withPseudo(':authority', 'app.example/admin')],
  ['a line break in the authority', withPseudo(':authority', 'a\r\nx: y')],
  // §8.2: names and values.
  ['a name in capitals', [...usual, 'X-A', 'b']],
  ['an empty name', [...usual, '', 'b']],
  ['a name with a colon', [...usual, 'x:y', 'b']],
  ['a name with a space', [...usual, 'transfer-encoding ', 'chunked']],
  ['a name with a line break', [...usual, 'x\r\ny', 'b']],
  ['a name beyond ASCII', [...usual, 'tran\xa0sfer', 'b']],
  ['a value with a line break', [...usual, 'x', 'a\r\ntransfer-encoding: chunked']],
  ['a value with a bare LF', [...usual, 'x', 'a\nb']],
  ['a value with a bare CR', [...usual, 'x', 'a\rb']],
  ['a value with a NUL', [...usual, 'x', 'a\0b']],
  ['a value that begins with a space', [...usual, 'content-length', ' 5']],
  ['a value that ends with a tab', [...usual, 'x', 'a\t']],
  ['a cookie with a line break', [...usual, 'cookie', 'a=1\r\nx: y']],
  // §8.2.2: headers of one connection.
  ...['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'transfer-encoding'].map(
    (name) => [`the header ${name}`, [...usual, name, 'chunked']] as const,
  ),
  ['te with more than trailers', [...usual, 'te', 'trailers, gzip']],
  ['te gzip', [...usual, 'te', 'gzip']],
  // §8.1.1: lengths.
  ['a length where nothing follows', [...usual, 'content-length', '5']],
  ['two lengths', [...usual, 'content-length', '0', 'content-length', '0']],
  ['a signed length', [...usual, 'content-length', '+0']],
]

test.each(wrong)('%s is refused', (_, raw) => {
  expect(read(raw)).toBe(400)
})

test('lengths are read once, and as digits alone, where content follows too', () => {
  for (const lengths of [['5', '5'], ['5', '6'], ['5, 5'], ['0x5'], ['-1'], ['']])
    expect(read([...usual, ...lengths.flatMap((length) => ['content-length', length])], false)).toBe(400)
})

test('limits are those of HTTP/1.1, and TRACE is not answered', () => {
  const many = Array.from({ length: 99 }, (_, at) => [`x-${at}`, '1']).flat()
  expect(read([...usual, ...many])).toMatchObject({ host: 'app.example' })
  expect(read([...usual, ...many, 'x', '1'])).toBe(431)
  expect(read([...usual, 'x', 'y'.repeat(16_384)])).toBe(431)
  expect(read(withPseudo(':path', `/${'x'.repeat(8_192)}`))).toBe(414)
  expect(read(withPseudo(':method', 'TRACE'))).toBe(501)
  expect(read([...usual, 'expect', 'a-miracle'])).toBe(417)
})

const oneOf = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values)
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z0-9-]{1,8}$/) },
  oneOf(
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    ';',
    '\x7f',
    '\xa0',
    '\x85',
    '\xff',
    'chunked',
    '0\r\n\r\n',
    'GET / HTTP/1.1',
  ),
)
const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''))
const name = fc.oneof(
  text,
  oneOf(
    'host',
    'cookie',
    'content-length',
    'transfer-encoding',
    'connection',
    'upgrade',
    'te',
    'expect',
    'X-Upper',
    ':path',
    ':x',
    'x',
  ),
)
const value = fc.oneof(
  text,
  oneOf('5', '0', 'chunked', 'close', 'websocket', 'app.example', '100-continue', 'a=1; b=2'),
)
const pseudo = fc.record({
  ':method': fc.oneof({ weight: 6, arbitrary: oneOf('GET', 'POST', 'HEAD', 'OPTIONS') }, text),
  ':scheme': fc.oneof({ weight: 6, arbitrary: fc.constant('https') }, text),
  ':authority': fc.oneof({ weight: 6, arbitrary: oneOf('app.example', 'a:8443') }, text),
  ':path': fc.oneof(
    { weight: 6, arbitrary: oneOf('/', '/x?y=%0d%0a', '/a b', '*') },
    text.map((path) => `/${path}`),
  ),
})
const head = fc
  .tuple(pseudo, fc.array(fc.tuple(name, value), { maxLength: 5 }))
  .map(([first, fields]) => [...Object.entries(first).flat(), ...fields.flat()])

test('whatever is accepted is, as lines of HTTP/1.1, that request and no other, for our parser and for llhttp', () => {
  let accepted = 0
  fc.assert(
    fc.property(head, fc.boolean(), (raw, endsStream) => {
      const one = read(raw, endsStream)
      if (typeof one === 'number') return
      accepted += 1
      const lines = one.headers.map((part, i) => (i % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('')
      const written = `${one.method} ${one.target} HTTP/1.1\r\n${lines}\r\n`
      const { method, target, version, headers } = one
      expect(parseRequestHead(Buffer.from(written, 'latin1'), written.length)).toEqual({
        method,
        target,
        version,
        headers,
      })
      const body = one.framing === 'chunked' ? '1\r\nx\r\n0\r\n\r\n' : 'x'.repeat(one.length ?? 0)
      const oracle = readRequests(Buffer.from(written + body, 'latin1'))
      expect(oracle.messages).toHaveLength(1)
      expect(oracle.messages[0]).toMatchObject({ method, target, headers, complete: true })
    }),
    { numRuns: 8_000 },
  )
  expect(accepted).toBeGreaterThan(800)
})
