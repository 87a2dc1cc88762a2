/**
 * How long to wait after a failed try, and when to give up: the same for mail and webhooks.
 *
 * It counts nothing itself. Invariant: pauses grow up to an hour and tries end, after about eight hours, so that a dead
 * receiver costs little and is found in the log. Trying for ever was refused: the queue would only grow.
 */
import type { DurationMs } from '../../policies/instant.ts'

/** Longer than the longest try: a row claimed for so long is nobody else's meanwhile. */
export const claimMs: DurationMs = 120_000

/** After so many tries it is given up. */
export const triesMax = 12

/** The longest pause: what is due later than that was queued under a clock that has been put right, and is due now. */
export const pauseMaxMs: DurationMs = 3_600_000

/** The pause after the `tries`-th failed try (from 1): 30 s, doubled each time, an hour at most. */
export const pauseAfter = (tries: number): DurationMs => Math.min(30_000 * 2 ** (tries - 1), pauseMaxMs)
