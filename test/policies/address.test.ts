/**
 * Goal: one address has one form, and what is no address to others is none to us (BYPASSES 8).
 * Method: examples that a security officer can read, and 20,000 seeded texts against Python's ipaddress.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isPrivate,
  networkOf,
  parseAddress,
  parseRange,
  rangeContains,
  rangeText,
} from '../../policies/address.ts'
import { addressOf } from '../support/policy-cases.ts'
import { readWithPython } from '../support/python-addresses.ts'

const rangeOf = (text: string) => {
  const parsed = parseRange(text)
  return parsed === null ? null : rangeText(parsed.range)
}

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    expect(parseAddress(text)?.text).toBe(canonical)
  })

  it.each([
    '',
    '192.0.2',
    '192.0.2.01',
    '0300.0.2.1',
    '0xc0.0.2.1',
    '3221225985',
    '192.0.2.256',
    '192.0.2.1.',
    ' 192.0.2.1',
    '192.0.2.1\n',
    '192.0.2.1:80',
    '[::1]',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    ':::',
    '12345::',
    '::192.0.2.1:5',
    '192.0.2.1::',
    'fe80::1%',
    'fe80::1%a%b',
    '192.0.2.1%eth0',
    '١.1.1.1',
    `::${'0'.repeat(500)}`,
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeNull()
  })
})

describe('a range', () => {
  it('is a /32 or a /64 where nothing is written', () => {
    expect(rangeOf('203.0.113.9')).toBe('203.0.113.9/32')
    expect(rangeOf('2001:db8::5')).toBe('2001:db8::/64')
    expect(rangeText(networkOf(addressOf('2001:db8::5')))).toBe('2001:db8::/64')
  })

  it('says when host bits were set, but not for a default prefix', () => {
    expect(parseRange('203.0.113.9/24')).toMatchObject({ hostBitsMasked: true })
    expect(parseRange('203.0.113.0/24')).toMatchObject({ hostBitsMasked: false })
    expect(parseRange('2001:db8::5')).toMatchObject({ hostBitsMasked: false })
  })

  it.each([
    '203.0.113.0/33',
    '203.0.113.0/',
    '203.0.113.0/024',
    '203.0.113.0/255.255.255.0',
    '::/129',
    '::ffff:1.2.3.4/95',
    '/8',
  ])('%s is none', (text) => {
    expect(parseRange(text)).toBeNull()
  })

  it('never contains addresses of the other family', () => {
    expect(rangeContains(parseRange('::/0')!.range, addressOf('192.0.2.1'))).toBe(false)
    expect(rangeContains(parseRange('0.0.0.0/0')!.range, addressOf('::'))).toBe(false)
  })

  it('is private only as a whole', () => {
    for (const text of ['10.0.0.0/8', '10.1.0.0/16', '100.64.0.1', 'fd00::/8', '127.0.0.1', '::1/128']) {
      expect(isPrivate(parseRange(text)!.range), text).toBe(true)
    }
    for (const text of ['10.0.0.0/7', '100.0.0.0/8', '8.8.8.8', '2001:db8::/32', '::/64']) {
      expect(isPrivate(parseRange(text)!.range), text).toBe(false)
    }
    expect(isPrivate(addressOf('192.168.1.1'))).toBe(true)
  })
})

const octets = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('0', '1', '10', '127', '192', '203', '255') },
  fc.constantFrom('256', '01', '00', '-1', '', '0x1', '1e1', '999', '٣'),
)
const quads = fc
  .tuple(fc.array(octets, { minLength: 4, maxLength: 4 }), fc.constantFrom('', '', '', '', '.', '.1', ' '))
  .map(([parts, tail]) => parts.join('.') + tail)
const groups = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('0', '1', 'ffff', 'FFFF', '2001', 'db8', '00ab', 'fe80') },
  fc.constantFrom('', '12345', 'g', '0000', '-1'),
)
const sixes = fc
  .record({
    head: fc.array(groups, { maxLength: 8 }),
    gap: fc.constantFrom('::', '::', ':', ''),
    tail: fc.array(groups, { maxLength: 6 }),
    quad: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, quads),
    zone: fc.constantFrom('', '', '', '%eth0', '%', '%a%b', '%25eth0'),
  })
  .map(({ head, gap, tail, quad, zone }) => {
    const end = [...tail, ...(quad === null ? [] : [quad])].join(':')
    return `${head.join(':')}${gap}${end}${zone}`
  })
const mapped = quads.map((quad) => `::ffff:${quad}`)
const prefixes = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 130 }).map((prefix) => `/${prefix}`) },
  fc.constantFrom('/', '/024', '/-1', '/+8', '/8/8', '/255.255.255.0', '/32 ', '/1e1'),
)
const texts = fc.tuple(fc.oneof(quads, sixes, mapped), prefixes).map(([address, prefix]) => address + prefix)

describe('agreement with Python', () => {
  it('holds for 20,000 generated texts', () => {
    const given = fc.sample(texts, { numRuns: 20_000, seed: 20261122 })
    const probes = [
      '1.1.1.1',
      '10.0.0.1',
      '192.0.2.1',
      '203.255.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '2001:db8::1',
      'fe80::1',
    ]
    const oracle = readWithPython(given, probes)
    let [addresses, ranges, refused] = [0, 0, 0]
    for (const [at, text] of given.entries()) {
      const python = oracle[at]!
      expect(parseAddress(text)?.text ?? null, `address ${text}`).toBe(python.address)
      const range = parseRange(text)?.range ?? null
      expect(range === null ? null : rangeText(range), `range ${text}`).toBe(python.range)
      if (range !== null) {
        const inside = probes.flatMap((probe, index) =>
          rangeContains(range, addressOf(probe)) ? [index] : [],
        )
        expect(inside, `contains ${text}`).toEqual(python.contains)
      }
      if (python.address !== null) addresses += 1
      else if (python.range !== null) ranges += 1
      else refused += 1
    }
    // Enough of each, or the agreement would say little.
    expect(Math.min(addresses, ranges, refused)).toBeGreaterThan(1_000)
  })
})
