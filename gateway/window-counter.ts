/**
 * Counts per key in fixed windows, bounded: for limits that protect an application from being asked too much.
 *
 * It is local to one gateway; limits shared by the fleet live in the hot store. Invariant: at most `keysMax` keys
 * are held; when full, an unknown key is refused rather than an old one forgotten, so that a flood of addresses
 * cannot reset the count of one. A sliding log per key was refused: it stores every hit.
 */
import type { DurationMs } from '../policies/instant.ts'

/** Answers whether one more is within the limit, and counts it. */
export type WindowCounter = {
  take(key: string): boolean
  /** Milliseconds until the present window ends: what Retry-After says. */
  remainingMs(): DurationMs
}

/** A counter of at most `limit` per key in each window of `windowMs` on the monotonic clock. */
export function createWindowCounter(options: {
  readonly limit: number
  readonly windowMs: DurationMs
  readonly keysMax: number
  readonly monotonic: () => DurationMs
}): WindowCounter {
  const counts = new Map<string, number>()
  let endsAt = options.monotonic() + options.windowMs
  const roll = (): number => {
    const at = options.monotonic()
    if (at >= endsAt) {
      counts.clear()
      endsAt = at + options.windowMs
    }
    return at
  }
  return {
    take(key) {
      roll()
      const count = counts.get(key) ?? 0
      if (count >= options.limit || (count === 0 && counts.size >= options.keysMax)) return false
      counts.set(key, count + 1)
      return true
    },
    remainingMs: () => endsAt - roll(),
  }
}
