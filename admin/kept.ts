/**
 * A bounded memory of what is costly to make again: what was least lately asked for goes first.
 *
 * It knows nothing of what it keeps, and reads no clock. Invariant: no more than `countMax` values and no more weight than
 * `weightMax` lie here, but the newest stays however heavy it is, since whoever made it is about to use it. A time to live
 * was refused: what is kept under a revision does not age.
 */

/** A memory. Callers compare what they find with what they need: a key may be of an older revision. */
export type Kept<T> = {
  /** `null`: not here (any more). */
  readonly find: (key: string) => T | null
  readonly keep: (key: string, value: T) => void
}

/** How much it holds. */
export type KeptBounds<T> = {
  readonly countMax: number
  readonly weightMax: number
  readonly weightOf: (value: T) => number
}

/** An empty memory. */
export function createKept<T>({ countMax, weightMax, weightOf }: KeptBounds<T>): Kept<T> {
  const kept = new Map<string, T>()
  let weight = 0
  const drop = (key: string): void => {
    const known = kept.get(key)
    if (known !== undefined) weight -= weightOf(known)
    kept.delete(key)
  }
  return {
    find(key) {
      const known = kept.get(key)
      if (known === undefined) return null
      kept.delete(key)
      kept.set(key, known)
      return known
    },
    keep(key, value) {
      drop(key)
      kept.set(key, value)
      weight += weightOf(value)
      for (const oldest of kept.keys()) {
        if ((kept.size <= countMax && weight <= weightMax) || oldest === key) return
        drop(oldest)
      }
    },
  }
}
