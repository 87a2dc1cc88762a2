/**
 * Goal: bytes are a header of the PROXY protocol exactly when a second reading says so, however they are cut.
 * Method: examples as proxies write them and as attackers would, every cut of each, and mutated headers as a property.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readProxyHeader } from '../../../gateway/http1/proxy-header.ts'
import { announcing, announcingLine, binaryHeader, readSlowly } from '../../support/proxy-headers.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

const reading = (bytes: Buffer): string => {
  const read = readProxyHeader(bytes)
  return typeof read === 'string' ? read : `${read.length} ${read.client?.text ?? 'itself'}`
}

const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
const extensions = Buffer.from([0xea, 0, 3, 1, 65, 66, 0x03, 0, 4, 1, 2, 3, 4])

const headers: readonly (readonly [what: string, bytes: Buffer, client: string])[] = [
  ['IPv4 as a line', latin1(announcingLine('203.0.113.7')), '203.0.113.7'],
  ['IPv6 as a line', latin1(announcingLine('2001:DB8::7')), '2001:db8::7'],
  ['mapped IPv4 as a line', latin1('PROXY TCP6 ::ffff:203.0.113.7 ::1 0 65535\r\n'), '203.0.113.7'],
  ['the longest line of addresses', latin1(`PROXY TCP6 ${longest} ${longest} 65535 65535\r\n`), longest],
  ['an unknown client as a line', latin1('PROXY UNKNOWN\r\n'), 'itself'],
  ['an unknown client with what is not to be read', latin1('PROXY UNKNOWN 1.2.3.4 x 1 2\r\n'), 'itself'],
  ['107 bytes', latin1(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`), 'itself'],
  ['IPv4 in bytes', announcing('203.0.113.7'), '203.0.113.7'],
  ['IPv6 in bytes', announcing('2001:db8::7'), '2001:db8::7'],
  ['mapped IPv4 in bytes', announcing('::ffff:cb00:7107'), '203.0.113.7'],
  ['extensions', announcing('203.0.113.7', extensions), '203.0.113.7'],
  ['as many extensions as may be', announcing('203.0.113.7', Buffer.alloc(2_020)), '203.0.113.7'],
  ['LOCAL', binaryHeader(0x20, 0, Buffer.alloc(0)), 'itself'],
  ['LOCAL with addresses that are not to be read', binaryHeader(0x20, 0x11, Buffer.alloc(12)), 'itself'],
  ['LOCAL of an unheard-of family', binaryHeader(0x20, 0x7f, extensions), 'itself'],
]

describe('a header', () => {
  it.each(headers)('%s: is read at its last byte and not one earlier', (_, bytes, client) => {
    for (let cut = 0; cut < bytes.length; cut += 1) expect(reading(bytes.subarray(0, cut))).toBe('partial')
    const whole = `${bytes.length} ${client}`
    expect(reading(bytes)).toBe(whole)
    for (const rest of ['G', '\r\n', announcingLine('198.51.100.1'), '\0'.repeat(200)])
      expect(reading(Buffer.concat([bytes, latin1(rest)]))).toBe(whole)
  })
})

const v4 = '203.0.113.7 192.0.2.1'
const nothings: readonly (readonly [what: string, bytes: Buffer | string])[] = [
  ['a request', 'GET / HTTP/1.1\r\n'],
  ['a beginning of TLS', '\x16\x03\x01\x02\x00'],
  ['lower case', `proxy TCP4 ${v4} 1 2\r\n`],
  ['a space before', ` PROXY TCP4 ${v4} 1 2\r\n`],
  ['two spaces', `PROXY  TCP4 ${v4} 1 2\r\n`],
  ['a tab', `PROXY TCP4\t${v4} 1 2\r\n`],
  ['a space behind', `PROXY TCP4 ${v4} 1 2 \r\n`],
  ['one field more', `PROXY TCP4 ${v4} 1 2 3\r\n`],
  ['one field less', `PROXY TCP4 ${v4} 1\r\n`],
  ['a bare LF', `PROXY TCP4 ${v4} 1 2\n`],
  ['a bare CR', `PROXY TCP4 ${v4} 1 2\rX`],
  ['a NUL', `PROXY TCP4 ${v4}\0 1 2\r\n`],
  ['a byte beyond ASCII', `PROXY UNKNOWN \xe9\r\n`],
  ['an octet with a leading zero', 'PROXY TCP4 203.0.113.07 192.0.2.1 1 2\r\n'],
  ['a short address', 'PROXY TCP4 203.113.7 192.0.2.1 1 2\r\n'],
  ['IPv6 under TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
  ['IPv4 under TCP6', `PROXY TCP6 ${v4} 1 2\r\n`],
  ['mixed families', 'PROXY TCP4 203.0.113.7 ::1 1 2\r\n'],
  ['a zone id', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
  ['a destination that is none', 'PROXY TCP4 203.0.113.7 192.0.2.999 1 2\r\n'],
  ['a port with a leading zero', `PROXY TCP4 ${v4} 01 2\r\n`],
  ['a signed port', `PROXY TCP4 ${v4} +1 2\r\n`],
  ['a port that is none', `PROXY TCP4 ${v4} 1 65536\r\n`],
  ['UDP', `PROXY UDP4 ${v4} 1 2\r\n`],
  ['UNKNOWN and something at once', 'PROXY UNKNOWNX\r\n'],
  ['108 bytes', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`],
  ['a line without an end', `PROXY TCP4 ${'1'.repeat(200)}`],
  ['another version', binaryHeader(0x11, 0x11, Buffer.alloc(12))],
  ['another command', binaryHeader(0x22, 0x11, Buffer.alloc(12))],
  ['a client of no family', binaryHeader(0x21, 0x00, Buffer.alloc(0))],
  ['a client of a TCP of no family', binaryHeader(0x21, 0x01, Buffer.alloc(12))],
  ['a client by UDP', binaryHeader(0x21, 0x12, Buffer.alloc(12))],
  ['a client by UDP over IPv6', binaryHeader(0x21, 0x22, Buffer.alloc(36))],
  ['a client on a Unix socket', binaryHeader(0x21, 0x31, Buffer.alloc(216))],
  ['IPv4 addresses cut short', binaryHeader(0x21, 0x11, Buffer.alloc(11))],
  ['IPv6 addresses cut short', binaryHeader(0x21, 0x21, Buffer.alloc(35))],
  ['one extension byte too many', announcing('203.0.113.7', Buffer.alloc(2_021))],
  ['a LOCAL that is too long', binaryHeader(0x20, 0, Buffer.alloc(2_033))],
]

it.each(nothings)('%s: is no header', (_, bytes) => {
  expect(reading(typeof bytes === 'string' ? latin1(bytes) : bytes)).toBe('malformed')
})

it('agrees with the slow reading, also where bytes of a header were changed, lost, doubled or cut', () => {
  const spoiled = fc
    .record({
      of: fc.constantFrom(...headers.map(([, bytes]) => bytes)),
      at: fc.nat(130),
      by: fc.constantFrom('change', 'lose', 'double', 'cut', 'keep'),
      to: fc.oneof(fc.nat(255), fc.constantFrom(0x0d, 0x0a, 0x20, 0x30, 0x3a, 0x2e, 0x11, 0x20, 0x21)),
      rest: fc.uint8Array({ maxLength: 300 }),
    })
    .map(({ of, at, by, to, rest }) => {
      const place = at % of.length
      const [left, right] = [of.subarray(0, place), of.subarray(place)]
      if (by === 'change') return Buffer.concat([left, Buffer.from([to]), right.subarray(1), rest])
      if (by === 'lose') return Buffer.concat([left, right.subarray(1), rest])
      if (by === 'double') return Buffer.concat([left, right.subarray(0, 1), right, rest])
      return by === 'cut' ? left : Buffer.concat([of, rest])
    })
  let whole = 0
  fc.assert(
    fc.property(spoiled, (bytes) => {
      const [quick, slow] = [reading(bytes), readSlowly(bytes)]
      if (slow === null) {
        expect(quick).toMatch(/^(?:partial|malformed)$/)
        return
      }
      whole += 1
      expect(quick).toBe(slow)
      // What has been read stays read, and its beginnings stay open.
      const length = Number(slow.split(' ')[0])
      expect(reading(bytes.subarray(0, length))).toBe(slow)
      expect(reading(bytes.subarray(0, length - 1))).toBe('partial')
    }),
    { numRuns: 5_000 },
  )
  expect(whole).toBeGreaterThan(1_000)
})
