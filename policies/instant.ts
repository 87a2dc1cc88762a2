/**
 * Instants and durations: the only notion of time that a decision knows.
 *
 * An instant is a whole number of milliseconds since 1970-01-01T00:00Z. Nothing here reads a clock; every
 * function that needs the time is handed it. A branded class was refused: numbers compare and travel as JSON.
 */

/** Milliseconds since the epoch, a whole number. */
export type Instant = number

/** A length of time in milliseconds. Names that hold one end in `Ms`. */
export type DurationMs = number

/** The instant that never comes: what a term answers when only a change of knowledge can change its answer. */
export const never: Instant = Number.MAX_SAFE_INTEGER
