/**
 * How often something may happen on one connection: a burst, and so many a second on the long run.
 *
 * It does nothing to anybody who takes too much. Invariant: no more than the burst is ever saved up. Counting from a
 * connection's beginning was refused: one that lives for days would use up any number.
 */
import type { DurationMs } from '../../policies/instant.ts'

/** `burst` at once, `perSecond` later. */
export type Allowance = { readonly burst: number; readonly perSecond: number }

/** Takes `count` of it at `nowMs` (monotonic); false: it is used up. */
export type Taker = (nowMs: DurationMs, count?: number) => boolean

/** A full allowance. */
export const createTaker = ({ burst, perSecond }: Allowance): Taker => {
  let left = burst
  let since: DurationMs | null = null
  return (nowMs, count = 1) => {
    left = Math.min(burst, left + (Math.max(0, nowMs - (since ?? nowMs)) * perSecond) / 1_000)
    since = nowMs
    left -= count
    return left >= 0
  }
}
