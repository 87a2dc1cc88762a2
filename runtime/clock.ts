/**
 * The two clocks as one argument: what time it is, and how much time has passed.
 *
 * They are told apart because the first jumps (an operator or NTP sets it) and the second never does. Deadlines and
 * leases count on `monotonic`; records and decisions are dated with `now`. Reading `Date.now()` where it is needed
 * was refused: only a main holds the machine's clocks, and a test hands in its own.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'

/** Both clocks. `monotonic` counts from an arbitrary start, in milliseconds with fractions. */
export type Clock = { readonly now: () => Instant; readonly monotonic: () => DurationMs }
