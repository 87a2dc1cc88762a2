/**
 * Goal: the index of ranges finds what comparing each with each finds, in the same order.
 * Method: fast-check lists of nested and equal ranges of both families, against the naive loop.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRangeIndex } from '../../../admin/ip-list/range-index.ts'
import { parseRange, type Range, rangeContains, rangeText } from '../../../policies/address.ts'

const rangeIn = (text: string): Range => {
  const range = parseRange(text)?.range
  if (range === undefined) throw new Error(text)
  return range
}

/** Few first parts and many lengths, so that ranges nest. */
const text = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 8, max: 32 }))
    .map(([b, d, length]) => `203.${b}.0.${d}/${length}`),
  fc
    .tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 32, max: 128 }),
    )
    .map(([b, d, length]) => `2001:db8:${b}::${d.toString(16)}/${length}`),
)

const touches = (one: Range, other: Range): boolean => {
  if (one.family !== other.family) return false
  const [wide, narrow] = one.prefix <= other.prefix ? [one, other] : [other, one]
  const first = {
    family: narrow.family,
    text: '',
    w0: narrow.w0,
    w1: narrow.w1,
    w2: narrow.w2,
    w3: narrow.w3,
  }
  return rangeContains(wide, first)
}

test('near is what lies on, around or inside, most specific first, in the order of the list where equal', () => {
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 40 }),
      text,
      fc.integer({ min: 1, max: 8 }),
      (texts, asked, max) => {
        const items = texts.map((one, n) => ({ id: `e${n}`, label: '', range: rangeText(rangeIn(one)) }))
        const range = rangeIn(asked)
        const naive = items
          .map((item) => ({ item, range: rangeIn(item.range) }))
          .filter((one) => touches(range, one.range))
          .sort((a, b) => b.range.prefix - a.range.prefix)
          .slice(0, max)
        expect(
          createRangeIndex(items)
            .near(range, max)
            .map(({ item }) => item.id),
        ).toEqual(naive.map(({ item }) => item.id))
      },
    ),
  )
})

test('a range that cannot be read is near nothing', () => {
  const index = createRangeIndex([{ id: 'odd', label: '', range: 'nowhere' }])
  expect(index.near(rangeIn('0.0.0.0/0'), 5)).toEqual([])
})
