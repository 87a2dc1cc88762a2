/**
 * Deadlines of many connections by one timer.
 *
 * It decides nothing: each item says when it is due and what becomes of it then. Invariant: every item is looked at once
 * in a revolution, and none is called due early. It tells time by its own turns, so that a process that was held up does
 * not hold that against its clients. A timer for each connection was refused: most deadlines move with every request and
 * are never reached.
 */
import type { DurationMs } from '../../policies/instant.ts'
import type { Schedule } from '../exchanges.ts'

/** Something with a deadline. */
export type Timed = {
  /** By the wheel's clock; asked once in a revolution. */
  dueMs(): DurationMs
  /** May take itself off. */
  expire(): void
}

/** The wheel; it turns while anything is on it. */
export type TimerWheel = {
  /** The time as of the last turn. */
  now(): DurationMs
  add(timed: Timed): () => void
}

const bucketCount = 4

/** A wheel that takes `revolutionMs` to look at everything. */
export const createTimerWheel = (schedule: Schedule, revolutionMs: DurationMs): TimerWheel => {
  const buckets = Array.from({ length: bucketCount }, () => new Set<Timed>())
  const stepMs = revolutionMs / bucketCount
  let size = 0
  let next = 0
  let isTurning = false
  let clockMs: DurationMs = 0

  const turn = (): void => {
    clockMs += stepMs
    const bucket = buckets[next]
    next = (next + 1) % bucketCount
    // Who set a deadline meanwhile reckoned with the time of the last turn.
    const isDueMs = clockMs - stepMs
    for (const timed of bucket ?? []) if (isDueMs >= timed.dueMs()) timed.expire()
    isTurning = size > 0
    if (isTurning) schedule(turn, stepMs)
  }

  return {
    now: () => clockMs,
    add(timed) {
      const bucket = buckets[next] ?? new Set()
      if (!isTurning) {
        isTurning = true
        schedule(turn, stepMs)
      }
      bucket.add(timed)
      size += 1
      return () => {
        if (bucket.delete(timed)) size -= 1
      }
    },
  }
}
