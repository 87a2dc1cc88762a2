/**
 * Windows, closures and hours in the words of people: "Mon to Fri 08:00–18:00", "Open until Mon 23 Nov 2026, 18:00".
 *
 * It decides nothing and reads no clock. Invariant: a window that runs into the next day says so, because "22:00–06:00"
 * alone is read in two ways.
 */
import { localText, parseDay, type Weekday, weekdays } from '../../policies/calendar.ts'
import type { TimeException, TimeWindow } from '../../policies/document.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import type { Week } from '../../policies/week.ts'

const dayNames: Readonly<Record<Weekday, string>> = {
  mon: 'Mon',
  tue: 'Tue',
  wed: 'Wed',
  thu: 'Thu',
  fri: 'Fri',
  sat: 'Sat',
  sun: 'Sun',
}

/** "Every day", "Mon to Fri", "Mon, Wed": days in the order of the week. */
export function daysText(days: readonly Weekday[]): string {
  const places = weekdays.flatMap((day, place) => (days.includes(day) ? [place] : []))
  const [first = 0] = places
  const last = places.at(-1) ?? first
  const named = (place: number): string => dayNames[weekdays[place] ?? 'mon']
  if (places.length === 7) return 'Every day'
  if (places.length > 2 && last - first === places.length - 1) return `${named(first)} to ${named(last)}`
  return places.map(named).join(', ')
}

const hoursText = (start: string, end: string): string => {
  if (start === '00:00' && end === '24:00') return 'all day'
  return end < start ? `${start}–${end} the next day` : `${start}–${end}`
}

const dateText = (date: string): string =>
  localText(parseDay(date) * 86_400_000)
    .split(',')[0]
    ?.slice(4) ?? date

/** The whole window: "Mon to Fri 08:00–18:00, from 1 Dec 2026, in America/Denver". */
export function windowSentence(window: TimeWindow): string {
  const { days, start, end, validFrom, validTo, zone, insteadOfRoleHours } = window
  return [
    `${daysText(days)} ${hoursText(start, end)}`,
    ...(validFrom === null ? [] : [`from ${dateText(validFrom)}`]),
    ...(validTo === null ? [] : [`until ${dateText(validTo)}`]),
    ...(zone === null ? [] : [`in ${zone}`]),
    ...(insteadOfRoleHours ? ['instead of role hours'] : []),
  ].join(', ')
}

/** "Closed 24 Dec 2026 to 26 Dec 2026, all day". */
export function exceptionSentence({ kind, from, to, start, end }: TimeException): string {
  const dates = from === to ? dateText(from) : `${dateText(from)} to ${dateText(to)}`
  const daily = from === to ? '' : start === '00:00' && end === '24:00' ? '' : 'daily '
  return `${kind === 'closure' ? 'Closed' : 'Open'} ${dates}, ${daily}${hoursText(start, end)}`
}

/** What holds now: "Open until Mon 23 Nov 2026, 18:00", "Closed, with no opening ahead". */
export function stateSentence({ open, changesAt, zone }: Pick<Week, 'open' | 'changesAt' | 'zone'>): string {
  if (changesAt === null) return open ? 'Open, without an end' : 'Closed, with no opening ahead'
  return `${open ? 'Open' : 'Closed'} until ${momentText(zone, changesAt)}`
}

/** What of a window deserves a thought before it surprises somebody. */
export function windowNotes(window: TimeWindow): readonly string[] {
  if (window.end > window.start) return []
  return [
    `It runs into the next day: it begins at ${window.start} and ends at ${window.end} the morning after.`,
  ]
}
