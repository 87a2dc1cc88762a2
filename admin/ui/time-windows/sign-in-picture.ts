/**
 * Sign-ins by hour against the hours of a week: how high each bar is, and how many lie outside.
 *
 * Pure. Invariant: an hour counts as outside only if no minute of it is open, since a count knows no minutes; what is said
 * and what is drawn come from the same numbers.
 */
import { openMinutes, type WeekHours } from './week-hours.ts'

/** One hour of the week with its sign-ins. */
export type HourOfWeek = {
  readonly day: number
  readonly hour: number
  readonly count: number
  /** Of the busiest hour, 0 to 1. */
  readonly share: number
  readonly outside: boolean
}

/** All hours that had sign-ins, and the sum of those outside. */
export function signInPicture(
  counts: readonly (readonly number[])[],
  hours: WeekHours,
): { readonly hours: readonly HourOfWeek[]; readonly outside: number; readonly total: number } {
  const most = Math.max(1, ...counts.flat())
  const found = counts.flatMap((day, at) =>
    day.flatMap((count, hour): readonly HourOfWeek[] => {
      const from = (at * 24 + hour) * 60
      const outside = openMinutes(hours, { from, to: from + 60 }) === 0
      return count === 0 ? [] : [{ day: at, hour, count, share: count / most, outside }]
    }),
  )
  const sum = (of: readonly HourOfWeek[]) => of.reduce((total, { count }) => total + count, 0)
  return { hours: found, total: sum(found), outside: sum(found.filter(({ outside }) => outside)) }
}
