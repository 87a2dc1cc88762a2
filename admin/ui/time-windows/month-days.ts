/**
 * The days of a month in weeks from Monday on, and which closures and openings lie on them.
 *
 * Pure; days are texts like 2026-12-24, which sort as they follow each other. Invariant: a month has whole weeks, and
 * every day of it once.
 */

const dayMs = 86_400_000

/** Some days after (before) a day. */
export const dayAfter = (date: string, days = 1): string =>
  new Date(Date.parse(`${date}T00:00Z`) + days * dayMs).toISOString().slice(0, 10)

/** Weeks of seven days that hold the month `2026-12`, the days around it included. */
export function weeksOfMonth(month: string): readonly (readonly string[])[] {
  const first = `${month}-01`
  const weekday = (new Date(`${first}T00:00Z`).getUTCDay() + 6) % 7
  const weeks: string[][] = []
  for (let date = dayAfter(first, -weekday); weeks.length === 0 || date.startsWith(month); ) {
    const week = Array.from({ length: 7 }, (_, place) => dayAfter(date, place))
    weeks.push(week)
    date = dayAfter(date, 7)
  }
  return weeks
}

/** The month before (-1) or after (1). */
export function monthAfter(month: string, step: 1 | -1): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + step, 1)).toISOString().slice(0, 7)
}

/** Those that lie on a day. */
export const onDay = <T extends { readonly from: string; readonly to: string }>(
  exceptions: readonly T[],
  date: string,
): readonly T[] => exceptions.filter(({ from, to }) => from <= date && date <= to)
