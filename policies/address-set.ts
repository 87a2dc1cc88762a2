/**
 * A set of address ranges, each with an expiry: is an address in it, until when, and by which range.
 *
 * It knows no person or scope (one set per audience, `snapshot.ts`). The algorithm follows the list's shape: none and
 * one are a compare, a few are a loop, many are sorted intervals, searched within one stretch. Nested ranges are flattened
 * to disjoint stretches, each knowing its innermost range; a range knows the next one around it. Invariant: every
 * shape answers as a plain loop over the ranges does. A set that is empty contains nothing (L6).
 */
import { type Address, type Range, rangeContains } from './address.ts'
import { type Buckets, bucketOf, bucketsOf } from './buckets.ts'
import type { Instant } from './instant.ts'

/** A range with its expiry (`never`: none); `entry` is the caller's own number for it, 0 or more. */
export type AddressItem = { readonly range: Range; readonly expiresAt: Instant; readonly entry: number }

/** An immutable set of ranges. */
export type AddressSet = {
  /** Which algorithm was chosen. */
  readonly shape: 'none' | 'one' | 'few' | 'many'
  /** Until when the address is contained: the last expiry of the ranges around it; 0 if there is none. */
  until(address: Address): Instant
  /** `entry` of the longest prefix around the address that has not expired at `at`; -1 if there is none. */
  find(address: Address, at: Instant): number
  /** The length of that prefix; -1 if there is none. */
  prefix(address: Address, at: Instant): number
}

/** Up to here a loop beats a search. */
const fewMax = 8

const untilIn = (items: readonly AddressItem[], address: Address): Instant => {
  let until = 0
  for (const item of items) {
    if (item.expiresAt > until && rangeContains(item.range, address)) until = item.expiresAt
  }
  return until
}

const longestIn = (items: readonly AddressItem[], address: Address, at: Instant): AddressItem | null => {
  let best: AddressItem | null = null
  for (const item of items) {
    if (item.expiresAt <= at || !rangeContains(item.range, address)) continue
    if (best === null || item.range.prefix > best.range.prefix) best = item
  }
  return best
}

const loopSet = (shape: AddressSet['shape'], items: readonly AddressItem[]): AddressSet => ({
  shape,
  until: (address) => untilIn(items, address),
  find: (address, at) => longestIn(items, address, at)?.entry ?? -1,
  prefix: (address, at) => longestIn(items, address, at)?.range.prefix ?? -1,
})

/** Compares words as unsigned numbers, most significant first. */
const compareWords = (a: Uint32Array, at: number, b: Uint32Array, bt: number): number => {
  for (let i = 0; i < 4; i++) {
    const difference = (a[at + i] as number) - (b[bt + i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** The first word after a range, or `null` past the end of all addresses. */
const afterRange = (range: Range): Uint32Array | null => {
  const words = Uint32Array.of(range.w0, range.w1, range.w2, range.w3)
  const masks = Uint32Array.of(range.m0, range.m1, range.m2, range.m3)
  const first = range.family === 4 ? 3 : 0
  for (let i = first; i < 4; i++) words[i] = (words[i] as number) | ~(masks[i] as number)
  for (let i = 3; i >= first; i--) {
    words[i] = (words[i] as number) + 1
    if (words[i] !== 0) return words
  }
  return null
}

const startOf = (range: Range): Uint32Array => Uint32Array.of(range.w0, range.w1, range.w2, range.w3)

/** Disjoint stretches of one family: where each starts, and its innermost item (-1: none). */
type Flat = {
  readonly starts: Uint32Array
  readonly innermost: Int32Array
  readonly items: readonly AddressItem[]
  /** For each item the next one around it, -1: none. */
  readonly around: Int32Array
  /** For each item the last expiry of it and all around it. */
  readonly until: Float64Array
}

const flatten = (given: readonly AddressItem[]): Flat => {
  const keyed = given.map((item) => ({ item, start: startOf(item.range) }))
  keyed.sort((a, b) => compareWords(a.start, 0, b.start, 0) || a.item.range.prefix - b.item.range.prefix)
  const items = keyed.map(({ item }) => item)
  const around = new Int32Array(items.length).fill(-1)
  const until = new Float64Array(items.length)
  const starts: Uint32Array[] = []
  const innermost: number[] = []
  const open: { readonly index: number; readonly end: Uint32Array | null }[] = []
  const begin = (start: Uint32Array, index: number): void => {
    const last = starts.at(-1)
    // A stretch of no length is overwritten by what begins at the same address.
    if (last !== undefined && compareWords(last, 0, start, 0) === 0) innermost[innermost.length - 1] = index
    else {
      starts.push(start)
      innermost.push(index)
    }
  }
  const closeUpTo = (start: Uint32Array | null): void => {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      if (start !== null && (top.end === null || compareWords(top.end, 0, start, 0) > 0)) return
      open.pop()
      if (top.end !== null) begin(top.end, open.at(-1)?.index ?? -1)
    }
  }
  for (const [index, { item, start }] of keyed.entries()) {
    closeUpTo(start)
    const outer = open.at(-1)?.index ?? -1
    around[index] = outer
    until[index] = Math.max(item.expiresAt, outer === -1 ? 0 : (until[outer] as number))
    begin(start, index)
    open.push({ index, end: afterRange(item.range) })
  }
  closeUpTo(null)
  const flat = new Uint32Array(starts.length * 4)
  for (const [at, start] of starts.entries()) flat.set(start, at * 4)
  return { starts: flat, innermost: Int32Array.from(innermost), items, around, until }
}

/** The same for IPv4, of which one word differs: half the memory, one compare a step. */
type FlatFour = {
  readonly starts: Float64Array
  readonly innermost: Int32Array
  readonly buckets: Buckets
}

const flatFour = (flat: Flat): FlatFour => {
  const starts = Float64Array.from(flat.starts.filter((_, at) => at % 4 === 3))
  return { starts, innermost: flat.innermost, buckets: bucketsOf(starts) }
}

/** The innermost item around an IPv4 address, -1: none. */
const searchFour = ({ starts, innermost, buckets }: FlatFour, word: number): number => {
  if (starts.length === 0 || word < buckets.first) return -1
  // An address after the last start lies in the last stretch.
  const bucket = bucketOf(buckets, word < buckets.last ? word : buckets.last)
  let low = buckets.starts[bucket] as number
  let high = buckets.starts[bucket + 1] as number
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] as number) <= word) low = middle + 1
    else high = middle
  }
  return innermost[low - 1] as number
}

/** As much of an IPv6 address as a number holds, 53 bits; rises with the address. */
const keyOf = (w0: number, w1: number): number => (w0 >>> 0) * 0x20_0000 + (w1 >>> 11)

const bucketsOfSix = ({ starts }: Flat): Buckets => {
  const keys = new Float64Array(starts.length / 4)
  for (let at = 0; at < keys.length; at++) {
    keys[at] = keyOf(starts[at * 4] as number, starts[at * 4 + 1] as number)
  }
  return bucketsOf(keys)
}

/** Whether stretch `at` starts at or before the address. */
const startsBefore = (starts: Uint32Array, at: number, address: Address): boolean => {
  const i = at * 4
  const [w0, w1, w2] = [address.w0 >>> 0, address.w1 >>> 0, address.w2 >>> 0]
  if (starts[i] !== w0) return (starts[i] as number) < w0
  if (starts[i + 1] !== w1) return (starts[i + 1] as number) < w1
  if (starts[i + 2] !== w2) return (starts[i + 2] as number) < w2
  return (starts[i + 3] as number) <= address.w3 >>> 0
}

const searchSix = (flat: Flat, buckets: Buckets, address: Address): number => {
  const key = keyOf(address.w0, address.w1)
  if (flat.innermost.length === 0 || key < buckets.first) return -1
  const bucket = bucketOf(buckets, key < buckets.last ? key : buckets.last)
  let low = buckets.starts[bucket] as number
  let high = buckets.starts[bucket + 1] as number
  while (low < high) {
    const middle = (low + high) >>> 1
    if (startsBefore(flat.starts, middle, address)) low = middle + 1
    else high = middle
  }
  return low === 0 ? -1 : (flat.innermost[low - 1] as number)
}

/** The innermost item of `flat` around which nothing has expired yet, walking outwards. */
const unexpired = (flat: Flat, innermost: number, at: Instant): AddressItem | null => {
  for (let index = innermost; index !== -1; index = flat.around[index] as number) {
    const item = flat.items[index]
    if (item !== undefined && item.expiresAt > at) return item
  }
  return null
}

const sortedSet = (items: readonly AddressItem[]): AddressSet => {
  const four = flatten(items.filter(({ range }) => range.family === 4))
  const six = flatten(items.filter(({ range }) => range.family === 6))
  const fourWords = flatFour(four)
  const sixBuckets = bucketsOfSix(six)
  const search = (address: Address): number =>
    address.family === 4 ? searchFour(fourWords, address.w3 >>> 0) : searchSix(six, sixBuckets, address)
  const find = (address: Address, at: Instant): AddressItem | null =>
    unexpired(address.family === 4 ? four : six, search(address), at)
  return {
    shape: 'many',
    until: (address) => {
      const index = search(address)
      return index === -1 ? 0 : ((address.family === 4 ? four : six).until[index] as number)
    },
    find: (address, at) => find(address, at)?.entry ?? -1,
    prefix: (address, at) => find(address, at)?.range.prefix ?? -1,
  }
}

/** The set of these ranges; 100,000 of them take about 0.2 s. Order does not matter. */
export const addressSet = (items: readonly AddressItem[]): AddressSet => {
  if (items.length === 0) return loopSet('none', items)
  if (items.length === 1) return loopSet('one', items)
  return items.length <= fewMax ? loopSet('few', items) : sortedSet(items)
}
