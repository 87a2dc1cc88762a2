/**
 * A member's approved times, of this week for the Access Restricted page and day by day for the admins' preview.
 *
 * It decides nothing: it reads `hoursAt` from edge to edge and writes down what the practice's wall shows.
 * Invariant: what it lists as open is open to `decide`, minute for minute; grants and exceptions are in it. Listing the
 * windows as configured was refused: on a holiday the page would promise hours that are closed.
 */
import type { Member } from './access-request.ts'
import { clockText, dayMs, dayOf, dayText, type Weekday, weekdayOf, weekdays } from './calendar.ts'
import { timeLifts } from './gates.ts'
import { type HoursSources, hoursAt } from './hours.ts'
import type { Instant } from './instant.ts'
import { type PolicySnapshot, rolePartsOf } from './snapshot.ts'
import { type Interval, mergeIntervals } from './timeline.ts'
import { momentText, offsetAt, offsetSegments } from './timetable-zone.ts'

/** One day as the practice's wall shows it. */
export type DayHours = {
  /** `YYYY-MM-DD`. */
  readonly date: string
  readonly weekday: Weekday
  readonly isToday: boolean
  /** Approved times, `HH:MM`, the end at most `24:00`; empty: none. */
  readonly hours: readonly { readonly start: string; readonly end: string }[]
}

/** Some days in a row, in the practice's zone. */
export type Week = {
  readonly zone: string
  /** The current date and time there: `Mon 23 Nov 2026, 08:00`. */
  readonly now: string
  readonly days: readonly DayHours[]
  readonly open: boolean
  /** When the current state ends by itself; `null`: not as far as the timetable is known. */
  readonly changesAt: Instant | null
}

const sourcesOf = (snapshot: PolicySnapshot, member: Member): HoursSources => ({
  practice: snapshot.practicePart,
  roles: rolePartsOf(snapshot, member),
  own: snapshot.userParts.get(member.user) ?? null,
  grants: timeLifts(member),
})

/** The open stretches of [from, to), in instants. */
const openStretches = (sources: HoursSources, from: Instant, to: Instant): readonly Interval[] => {
  const found: Interval[] = []
  for (let at = from; at < to; ) {
    const { open, until } = hoursAt(sources, at)
    if (open) found.push({ from: at, to: Math.min(until, to) })
    at = until
  }
  return found
}

/** The same stretches in local time: a repeated hour is shown once, a skipped one not at all. */
const localStretches = (
  stretches: readonly Interval[],
  zone: string,
  from: Instant,
  to: Instant,
): readonly Interval[] => {
  const local: Interval[] = []
  for (const segment of offsetSegments(zone, from, to)) {
    for (const stretch of stretches) {
      const start = Math.max(stretch.from, segment.from) + segment.offsetMs
      const end = Math.min(stretch.to, segment.to) + segment.offsetMs
      if (start < end) local.push({ from: start, to: end })
    }
  }
  const edges = mergeIntervals(local)
  return edges.flatMap((edge, at) => (at % 2 === 0 ? [{ from: edge, to: edges[at + 1] ?? edge }] : []))
}

/** `count` days from the day number `first` on, and what holds at `at`. */
const describe = (
  snapshot: PolicySnapshot,
  member: Member,
  at: Instant,
  { first, count }: { readonly first: number; readonly count: number },
): Week => {
  const { zone } = snapshot.practice
  const sources = sourcesOf(snapshot, member)
  const today = todayIn(zone, at)
  // A day of slack on either side covers every offset there is.
  const [from, to] = [(first - 1) * dayMs, (first + count + 1) * dayMs]
  const stretches = localStretches(openStretches(sources, from, to), zone, from, to)
  const days = Array.from({ length: count }, (_, index): DayHours => {
    const day = first + index
    const hours = stretches
      .map((stretch) => ({
        start: Math.max(stretch.from - day * dayMs, 0),
        end: Math.min(stretch.to - day * dayMs, dayMs),
      }))
      .filter(({ start, end }) => start < end)
      .map(({ start, end }) => ({ start: clockText(start), end: clockText(end) }))
    const weekday = weekdays[weekdayOf(day)] ?? 'mon'
    return { date: dayText(day), weekday, isToday: day === today, hours }
  })
  const { open, until } = hoursAt(sources, at)
  const changesAt = until >= snapshot.knownUntil ? null : until
  return { zone, now: momentText(zone, at), days, open, changesAt }
}

/** Whether a member's hours are open at `at`, whether or not `time` is enforced for them. */
export const isOpenAt = (snapshot: PolicySnapshot, member: Member, at: Instant): boolean =>
  hoursAt(sourcesOf(snapshot, member), at).open

const todayIn = (zone: string, at: Instant): number => dayOf(at + offsetAt(zone, at))

/**
 * The week around `at`, Monday to Sunday, for a member, whether or not `time` is enforced for them. Beyond what the
 * timetable covers (`knownFrom` … `knownUntil`) nothing is open. About 0.1 ms.
 */
export const describeWeek = (snapshot: PolicySnapshot, member: Member, at: Instant): Week => {
  const today = todayIn(snapshot.practice.zone, at)
  return describe(snapshot, member, at, { first: today - weekdayOf(today), count: 7 })
}

/** `count` days from today on (1 to 400), otherwise as `describeWeek`. */
export const describeDays = (snapshot: PolicySnapshot, member: Member, at: Instant, count: number): Week =>
  describe(snapshot, member, at, { first: todayIn(snapshot.practice.zone, at), count })
