/**
 * The oracle for timetables: reads a wall clock at one instant and compares what it shows with the window.
 *
 * It knows no edge, segment or offset; only what `Intl` shows for an instant, asked anew each time. Slow and plain on
 * purpose. Refused: luxon, which the compiler under test uses.
 */
import type { PolicyDocument, TimeException, TimeWindow } from '../../policies/document.ts'
import type { Instant } from '../../policies/instant.ts'

/** What a wall in a zone shows: an ISO date and `HH:MM:SS`. */
export type Wall = { readonly date: string; readonly time: string }

const formats = new Map<string, Intl.DateTimeFormat>()

/** What a correct clock on a wall in the zone shows at an instant. */
export const readWall = (zone: string, at: Instant): Wall => {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  formats.set(zone, format)
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return {
    date: `${part['year']}-${part['month']}-${part['day']}`,
    time: `${part['hour']}:${part['minute']}:${part['second']}`,
  }
}

const dayBefore = (date: string): string =>
  new Date(Date.parse(`${date}T12:00:00Z`) - 86_400_000).toISOString().slice(0, 10)

const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const weekdayOf = (date: string): string => weekdayNames[new Date(`${date}T12:00:00Z`).getUTCDay()] ?? ''

/** Whether the wall shows a time within start–end on a day that `counts`, the evening before included. */
const shows = (wall: Wall, start: string, end: string, counts: (date: string) => boolean): boolean => {
  const [from, to] = [`${start}:00`, `${end}:00`]
  if (from < to) return counts(wall.date) && wall.time >= from && wall.time < to
  return (counts(wall.date) && wall.time >= from) || (counts(dayBefore(wall.date)) && wall.time < to)
}

/** Whether a window is open at an instant. */
export const isWindowOpen = (window: TimeWindow, practiceZone: string, at: Instant): boolean =>
  shows(
    readWall(window.zone ?? practiceZone, at),
    window.start,
    window.end,
    (date) =>
      (window.days as readonly string[]).includes(weekdayOf(date)) &&
      (window.validFrom === null || date >= window.validFrom) &&
      (window.validTo === null || date <= window.validTo),
  )

/** Whether a closure or opening holds at an instant. */
export const isExceptionOn = (exception: TimeException, zone: string, at: Instant): boolean =>
  shows(
    readWall(zone, at),
    exception.start,
    exception.end,
    (date) => date >= exception.from && date <= exception.to,
  )

/** Whether a person with these roles may be in, by SPEC §6 read aloud; grants are not looked at. */
export const mayBeIn = (
  document: PolicyDocument,
  user: string,
  roles: readonly string[],
  at: Instant,
): boolean => {
  const { zone } = document.practice
  const concerns = (audience: TimeWindow['audience']): boolean =>
    audience === 'practice' || ('role' in audience ? roles.includes(audience.role) : audience.user === user)
  const on = (kind: TimeException['kind']): boolean =>
    document.exceptions.some(
      (one) => one.kind === kind && concerns(one.audience) && isExceptionOn(one, zone, at),
    )
  if (on('opening')) return true
  if (on('closure')) return false
  const isOwn = ({ audience }: TimeWindow): boolean => audience !== 'practice' && 'user' in audience
  const windows = document.timeWindows.filter(({ audience }) => concerns(audience))
  const replaced = windows.some((window) => {
    const { date } = readWall(window.zone ?? zone, at)
    const valid = (window.validFrom ?? date) <= date && date <= (window.validTo ?? date)
    return isOwn(window) && window.insteadOfRoleHours && valid
  })
  return windows.some((window) => (isOwn(window) || !replaced) && isWindowOpen(window, zone, at))
}
