// Repeatable chance: a small generator seeded from text, for made-up but always identical records.
//
// Not randomness: never use it for ids or tokens that must not be guessed.
// Invariant: the same seed text gives the same sequence on every machine.
// Refused: Math.random with a fixed fixture file; the day's schedule must exist for any day.

/** A seeded source of choices. */
export type Draws = {
  /** A whole number from `low` to `high`, both included. */
  readonly between: (low: number, high: number) => number
  /** One element of a list that must not be empty. */
  readonly pick: <T>(list: readonly T[]) => T
  /** Whether an event of this chance (0–1) happens. */
  readonly chance: (probability: number) => boolean
  /** The same elements in another order. */
  readonly shuffle: <T>(list: readonly T[]) => readonly T[]
}

function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}

/** A source of choices for this seed text (FNV-1a into mulberry32). */
export function drawsFrom(seed: string): Draws {
  let state = hashText(seed)

  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))

  function pick<T>(list: readonly T[]): T {
    const chosen = list[between(0, list.length - 1)]
    if (chosen === undefined) throw new Error('cannot pick from an empty list')
    return chosen
  }

  function shuffle<T>(list: readonly T[]): readonly T[] {
    const left = [...list]
    const order: T[] = []
    while (left.length > 0) order.push(...left.splice(between(0, left.length - 1), 1))
    return order
  }

  return { between, pick, chance: (probability) => next() < probability, shuffle }
}
