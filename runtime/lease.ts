/**
 * The lease on knowledge (SPEC §11): how long a gateway may go on deciding with what it knows.
 *
 * Counted on the monotonic clock and from the *sending* of the question whose answer renewed it, because an answer
 * says how things stood when it was asked, not when it came. It decides nothing: who finds it dead answers 503.
 * Counting from the wall clock was refused: set back by an hour, it would forgive an hour of silence.
 */
import type { DurationMs } from '../policies/instant.ts'

/** A lease. Dead until first renewed. */
export type Lease = {
  /** Renews from a question sent at `sentAt` (monotonic). Never shortens: an older question changes nothing. */
  renew(sentAt: DurationMs): void
  /** Whether knowledge is fresh enough to decide with. */
  alive(): boolean
  /** Until it ends unless renewed; 0 when dead. */
  remainingMs(): DurationMs
  /** Since the question that renewed it last; infinite before the first. */
  ageMs(): DurationMs
  /** How long the answer that renewed it last took; 0 before the first. */
  lagMs(): DurationMs
  /** When that question was sent (monotonic); minus infinity before the first. Grows with each renewal. */
  renewedAt(): DurationMs
}

/** A lease of `leaseMs`, not yet alive. */
export function createLease(options: {
  readonly leaseMs: DurationMs
  readonly monotonic: () => DurationMs
}): Lease {
  const { leaseMs, monotonic } = options
  let renewedFrom = Number.NEGATIVE_INFINITY
  let lagMs: DurationMs = 0
  const ageMs = (): DurationMs => monotonic() - renewedFrom
  return {
    renew(sentAt) {
      // A moment still to come is a mistake of ours, and must not become a longer lease; so must not NaN.
      const at = monotonic()
      if (!(sentAt > renewedFrom && sentAt <= at)) return
      renewedFrom = sentAt
      lagMs = at - sentAt
    },
    alive: () => ageMs() < leaseMs,
    remainingMs: () => Math.max(0, leaseMs - ageMs()),
    ageMs,
    lagMs: () => lagMs,
    renewedAt: () => renewedFrom,
  }
}
