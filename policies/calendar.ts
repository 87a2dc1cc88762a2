/**
 * Calendar arithmetic on plain numbers: days since 1970-01-01 and milliseconds on a wall clock.
 *
 * It knows no zone and no clock (`timetable-zone.ts` knows offsets). A *local* time is what a wall shows, written as if it
 * were UTC milliseconds. Invariant: exact for all dates of the proleptic Gregorian calendar that fit a document.
 * `Date` was refused in this room: it reads the host's zone when one forgets to say otherwise.
 */
import type { DurationMs } from './instant.ts'

/** Milliseconds of a day on a wall. */
export const dayMs: DurationMs = 86_400_000

/** The days of the week as documents write them; index 0 is Monday. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** A day of the week. */
export type Weekday = (typeof weekdays)[number]

/** Days since 1970-01-01 of a civil date; month 1–12 (Howard Hinnant's `days_from_civil`). */
export const dayNumber = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The civil date of a day number; month 1–12. */
export const civilDate = (
  days: number,
): { readonly year: number; readonly month: number; readonly day: number } => {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 }
}

/** The day number of `YYYY-MM-DD`; NaN for other text. Documents are checked before. */
export const parseDay = (text: string): number => {
  const [year = Number.NaN, month = Number.NaN, day = Number.NaN] = text.split('-').map(Number)
  return dayNumber(year, month, day)
}

/** `YYYY-MM-DD` of a day number. */
export const dayText = (days: number): string => {
  const { year, month, day } = civilDate(days)
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/** Milliseconds after midnight of `HH:MM`; `24:00` is a whole day. */
export const parseClock = (text: string): DurationMs =>
  (Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))) * 60_000

/** `HH:MM` of milliseconds after midnight, seconds dropped. */
export const clockText = (ms: DurationMs): string => {
  const minutes = Math.floor(ms / 60_000)
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** The weekday of a day number, 0 = Monday. */
export const weekdayOf = (days: number): number => (((days + 3) % 7) + 7) % 7

/** The day number that a local time falls on. */
export const dayOf = (localMs: number): number => Math.floor(localMs / dayMs)

const weekdayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const monthNames = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
] as const

/** A local time as people read it: `Mon 23 Nov 2026, 08:00`. */
export const localText = (localMs: number): string => {
  const days = dayOf(localMs)
  const { year, month, day } = civilDate(days)
  return `${weekdayNames[weekdayOf(days)]} ${day} ${monthNames[month - 1]} ${year}, ${clockText(localMs - days * dayMs)}`
}
