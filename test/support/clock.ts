/**
 * The clock that tests hand to planes and decisions in place of Date.now.
 *
 * Not vitest's fake timers: sockets, PostgreSQL and Redis go on in real time. Invariant: it stands still unless told,
 * and never goes back by itself. Refused: a global stub, because two planes in one test may need different times.
 */

/** A clock that moves when told. Instants are milliseconds since the epoch. */
export type TestClock = {
  /** The instant shown; hand this very function to what takes `now` (it needs no `this`). */
  readonly now: () => number
  /** Shows that instant from now on, earlier ones included: a clock that jumps back is a test too. */
  readonly set: (instant: number) => void
  /** Goes on by that many milliseconds. */
  readonly advance: (ms: number) => void
}

/** A standing clock; shows 2026-03-02T10:00:00Z, a plain Monday morning, unless told otherwise. */
export const createClock = (start: number = Date.UTC(2026, 2, 2, 10)): TestClock => {
  let shown = start
  return {
    now: () => shown,
    set: (instant) => {
      shown = instant
    },
    advance: (ms) => {
      shown += ms
    },
  }
}
