/**
 * A list of ranges that can be asked which of them lie on, around or inside another, without comparing each with each.
 *
 * CIDR ranges are nested or apart, so a range masked to every length there is finds all around it, and those inside it
 * follow each other in the order of their first addresses. Invariant: it agrees with comparing each with each (a property
 * of its test), and holds no more than the list. A table for each length was refused: a list can have 128 of them.
 */
import { parseRange, type Range } from '../../policies/address.ts'

/** An item with a range. */
export type Ranged = { readonly id: string; readonly label: string; readonly range: string }

/** An item near a range, by the length of its prefix. */
export type Near<T> = { readonly item: T; readonly prefix: number }

/** `near`: what lies on, around or inside a range, most specific first, in the list's order where equal; at most `countMax`. */
export type RangeIndex<T> = { readonly near: (range: Range, countMax: number) => readonly Near<T>[] }

const words = (prefix: number, word: number): number => {
  const bits = Math.min(32, Math.max(0, prefix - word * 32))
  return bits === 0 ? 0 : -1 << (32 - bits)
}

/** A range cut to a length, as a key. An IPv4 address lies in the last word, its mask therefore too. */
export function rangeKey({ family, w0, w1, w2, w3 }: Range, prefix: number): string {
  if (family === 4) return `4/${prefix}/${w3 & words(prefix, 0)}`
  return `6/${prefix}/${w0 & words(prefix, 0)}/${w1 & words(prefix, 1)}/${w2 & words(prefix, 2)}/${w3 & words(prefix, 3)}`
}

type Parsed<T> = { readonly item: T; readonly range: Range; readonly place: number }

const addTo = <T>(map: Map<string, T[]>, key: string, item: T): void => {
  const there = map.get(key)
  if (there === undefined) map.set(key, [item])
  else there.push(item)
}

/** By first address, families apart. */
const byStart = (a: Range, b: Range): number =>
  a.family - b.family ||
  (a.w0 >>> 0) - (b.w0 >>> 0) ||
  (a.w1 >>> 0) - (b.w1 >>> 0) ||
  (a.w2 >>> 0) - (b.w2 >>> 0) ||
  (a.w3 >>> 0) - (b.w3 >>> 0)

const startsWithin = (wide: Range, { family, w0, w1, w2, w3 }: Range): boolean =>
  family === wide.family &&
  (w0 & wide.m0) === wide.w0 &&
  (w1 & wide.m1) === wide.w1 &&
  (w2 & wide.m2) === wide.w2 &&
  (w3 & wide.m3) === wide.w3

/** Most specific first, in the list's order where equal. */
const bySpecificity = <T>(a: Parsed<T>, b: Parsed<T>): number =>
  b.range.prefix - a.range.prefix || a.place - b.place

/** The place of the first that does not start before `range`. */
function firstFrom<T>(ordered: readonly Parsed<T>[], range: Range): number {
  let [low, high] = [0, ordered.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const there = ordered[middle]
    if (there !== undefined && byStart(there.range, range) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** What lies inside `range`, without being it: they start one after the other. At most `countMax`, most specific first. */
function insideOf<T>(ordered: readonly Parsed<T>[], range: Range, countMax: number): readonly Parsed<T>[] {
  const best: Parsed<T>[] = []
  for (let at = firstFrom(ordered, range); ; at += 1) {
    const one = ordered[at]
    if (one === undefined || !startsWithin(range, one.range)) return best
    if (one.range.prefix <= range.prefix) continue
    const last = best.at(-1)
    if (best.length === countMax && last !== undefined && bySpecificity(one, last) >= 0) continue
    best.push(one)
    best.sort(bySpecificity)
    if (best.length > countMax) best.pop()
  }
}

/** The index of a list; ranges that cannot be read are near nothing. About two microseconds for each item. */
export function createRangeIndex<T extends Ranged>(items: readonly T[]): RangeIndex<T> {
  const parsed: Parsed<T>[] = items.flatMap((item, place) => {
    const range = parseRange(item.range)?.range
    return range === undefined ? [] : [{ item, range, place }]
  })
  const byKey = new Map<string, Parsed<T>[]>()
  const lengths = { 4: new Set<number>(), 6: new Set<number>() }
  for (const one of parsed) {
    addTo(byKey, rangeKey(one.range, one.range.prefix), one)
    lengths[one.range.family].add(one.range.prefix)
  }
  const ordered = parsed.toSorted((a, b) => byStart(a.range, b.range))
  return {
    near(range, countMax) {
      const around = [...lengths[range.family]]
        .filter((length) => length <= range.prefix)
        .sort((a, b) => b - a)
        .flatMap((length) => byKey.get(rangeKey(range, length)) ?? [])
      return [...insideOf(ordered, range, countMax), ...around]
        .slice(0, countMax)
        .map(({ item, range: { prefix } }) => ({ item, prefix }))
    },
  }
}
