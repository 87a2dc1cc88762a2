/**
 * Goal: a set of ranges answers as a plain loop does, by an algorithm that suits its length.
 * Method: properties against that loop for every shape, with nested, equal, adjoining and expiring ranges.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Address, parseRange, type Range, rangeContains } from '../../policies/address.ts'
import { type AddressItem, addressSet } from '../../policies/address-set.ts'
import { type Instant, never } from '../../policies/instant.ts'
import { addressOf } from '../support/policy-cases.ts'

const rangeOf = (text: string): Range => parseRange(text)!.range

/** Addresses in a corner of the space, so that ranges nest and meet. */
const fourTexts = fc
  .tuple(
    fc.constantFrom(0, 10, 203, 255),
    fc.constantFrom(0, 255),
    fc.constantFrom(0, 1, 255),
    fc.integer({ min: 0, max: 255 }),
  )
  .map((octets) => octets.join('.'))
const sixTexts = fc
  .array(fc.constantFrom('0', '1', '8000', 'ffff'), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.join(':'))
const rangeTexts = fc.oneof(
  fc
    .tuple(fourTexts, fc.constantFrom(1, 7, 8, 15, 16, 24, 25, 30, 31, 32))
    .map(([text, prefix]) => `${text}/${prefix}`),
  fc
    .tuple(sixTexts, fc.constantFrom(1, 16, 31, 32, 33, 48, 64, 65, 96, 127, 128))
    .map(([text, prefix]) => `${text}/${prefix}`),
)
const items = (maxLength: number): fc.Arbitrary<AddressItem[]> =>
  fc
    .array(fc.tuple(rangeTexts, fc.constantFrom(never, 10, 20, 30)), { maxLength })
    .map((given) => given.map(([text, expiresAt], entry) => ({ range: rangeOf(text), expiresAt, entry })))

const loop = (list: readonly AddressItem[], address: Address, at: Instant) => {
  const around = list.filter(({ range }) => rangeContains(range, address))
  const live = around.filter(({ expiresAt }) => expiresAt > at)
  return {
    until: Math.max(0, ...around.map(({ expiresAt }) => expiresAt)),
    prefix: Math.max(-1, ...live.map(({ range }) => range.prefix)),
    longest: live,
  }
}

const compare = (list: readonly AddressItem[], address: Address): void => {
  const set = addressSet(list)
  for (const at of [0, 10, 15, 20, 30, 40]) {
    const expected = loop(list, address, at)
    expect(set.until(address)).toBe(expected.until)
    expect(set.prefix(address, at)).toBe(expected.prefix)
    const found = list.find(({ entry }) => entry === set.find(address, at))
    expect(found?.range.prefix ?? -1).toBe(expected.prefix)
    expect(found === undefined || expected.longest.includes(found)).toBe(true)
  }
}

describe('an address set', () => {
  it('answers as a loop does, whatever its shape', () => {
    const shapes = new Set<string>()
    const texts = fc.oneof(fourTexts, sixTexts)
    fc.assert(
      fc.property(
        fc.oneof(items(1), items(8), items(60)),
        fc.array(texts, { minLength: 12 }),
        (list, asked) => {
          shapes.add(addressSet(list).shape)
          for (const text of asked) compare(list, addressOf(text))
          // The ends of each range are where a search goes wrong.
          for (const { range } of list) compare(list, { text: '', ...range })
        },
      ),
      { numRuns: 150, seed: 4 },
    )
    expect([...shapes].sort()).toEqual(['few', 'many', 'none', 'one'])
  })

  it.each([
    [0, 'none'],
    [1, 'one'],
    [2, 'few'],
    [8, 'few'],
    [9, 'many'],
  ] as const)('chooses for %i ranges: %s', (count, shape) => {
    const list = Array.from({ length: count }, (_, at) => ({
      range: rangeOf(`10.0.${at}.0/24`),
      expiresAt: never,
      entry: at,
    }))
    expect(addressSet(list).shape).toBe(shape)
  })

  it('holds all addresses there are, to the last one', () => {
    const whole = [
      '0.0.0.0/1',
      '128.0.0.0/1',
      '::/1',
      '8000::/1',
      '255.255.255.255/32',
      'ffff::/16',
      '10.0.0.0/8',
      '::/64',
      '1.2.3.4/32',
    ]
    const list = whole.map((text, entry) => ({ range: rangeOf(text), expiresAt: never, entry }))
    for (const text of [
      '0.0.0.0',
      '255.255.255.255',
      '127.255.255.255',
      '128.0.0.0',
      '::',
      `ffff${':ffff'.repeat(7)}`,
    ]) {
      compare(list, addressOf(text))
    }
  })

  it('finds one of 100,000 ranges of both families', () => {
    const list: AddressItem[] = []
    for (let at = 0; at < 50_000; at++) {
      const range = at % 2 === 0 ? `10.${at >> 8}.${at & 255}.0/24` : `10.${at >> 8}.${at & 255}.64/26`
      list.push({ range: rangeOf(range), expiresAt: never, entry: list.length })
      list.push({ range: rangeOf(`2001:db8:${at.toString(16)}::/48`), expiresAt: never, entry: list.length })
    }
    const set = addressSet(list)
    expect(set.shape).toBe('many')
    for (let at = 0; at < 50_000; at += 997) {
      expect(set.find(addressOf(`10.${at >> 8}.${at & 255}.65`), 0)).toBe(at * 2)
      expect(set.find(addressOf(`2001:db8:${at.toString(16)}:1::7`), 0)).toBe(at * 2 + 1)
      expect(set.find(addressOf(`2001:db9:${at.toString(16)}:1::7`), 0)).toBe(-1)
    }
    expect(set.until(addressOf('10.0.1.1'))).toBe(0)
  })
})
