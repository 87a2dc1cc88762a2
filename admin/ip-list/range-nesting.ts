/**
 * Which ranges of a long list lie around, inside or on a given one, without comparing each with each.
 *
 * CIDR ranges are nested or apart, so masking a range to every prefix length there is finds all that lie around it.
 * Made for files of thousands of lines; a list that is asked again and again is `range-index.ts`.
 * Invariant: it agrees with comparing each with each (a property of its test).
 */
import { parseRange, type Range } from '../../policies/address.ts'
import { type Ranged, rangeKey } from './range-index.ts'

/** The nearest item on or around a range, and the first one inside it; `null`: none. */
export type Neighbours = {
  readonly around: Ranged | null
  readonly inside: Ranged | null
}

type Parsed = { readonly item: Ranged; readonly range: Range }

const parsedOf = (items: readonly Ranged[]): readonly Parsed[] =>
  items.flatMap((item) => {
    const parsed = parseRange(item.range)
    return parsed === null ? [] : [{ item, range: parsed.range }]
  })

/** The neighbours among `all` of each of `asked`, by id; an item is no neighbour of itself. */
export function neighboursOf(
  asked: readonly Ranged[],
  all: readonly Ranged[],
): ReadonlyMap<string, Neighbours> {
  const others = parsedOf(all)
  const byKey = new Map<string, Ranged[]>()
  const lengths = new Map<number, Set<number>>([
    [4, new Set()],
    [6, new Set()],
  ])
  for (const { item, range } of others) {
    const key = rangeKey(range, range.prefix)
    const there = byKey.get(key)
    if (there === undefined) byKey.set(key, [item])
    else there.push(item)
    lengths.get(range.family)?.add(range.prefix)
  }
  const questions = parsedOf(asked)
  const wanted = new Set(questions.map(({ range }) => rangeKey(range, range.prefix)))
  const widths = new Set(questions.map(({ range }) => range.prefix))
  const inside = new Map<string, Ranged>()
  for (const { item, range } of others)
    for (const width of widths) {
      if (width >= range.prefix) continue
      const key = rangeKey(range, width)
      if (wanted.has(key) && !inside.has(key)) inside.set(key, item)
    }
  return new Map(
    questions.map(({ item, range }) => {
      const around = [...(lengths.get(range.family) ?? [])]
        .filter((length) => length <= range.prefix)
        .sort((a, b) => b - a)
        .flatMap((length) => byKey.get(rangeKey(range, length)) ?? [])
        .find(({ id }) => id !== item.id)
      return [item.id, { around: around ?? null, inside: inside.get(rangeKey(range, range.prefix)) ?? null }]
    }),
  )
}
