/**
 * Positions in a stream, compared as the store orders them: by millisecond, then by sequence.
 *
 * Not a clock: the milliseconds are the store's, and only their order counts. Comparing the texts was refused,
 * since `9-0` sorts after `10-0`.
 */
import type { StreamPosition } from './hot-store.ts'

/** Before the first entry of every stream. */
export const streamStart: StreamPosition = '0-0'

/** Reports whether a text has the form of a position. */
export const isPosition = (text: string): boolean => /^\d{1,16}-\d{1,16}$/.test(text)

/** Negative: `a` comes before `b`; 0: the same; positive: after. */
export function comparePositions(a: StreamPosition, b: StreamPosition): number {
  const dashA = a.indexOf('-')
  const dashB = b.indexOf('-')
  return (
    Number(a.slice(0, dashA)) - Number(b.slice(0, dashB)) ||
    Number(a.slice(dashA + 1)) - Number(b.slice(dashB + 1))
  )
}
