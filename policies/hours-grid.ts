/**
 * Who of a practice is in at which hour of the days to come: people with the same hours together, and how many each hour.
 *
 * It decides nothing: hours are read off the timetable by `week.ts`. Invariant: an hour is full only if every minute of it
 * on the practice's wall is open; whoever is not in scope of `time` is in at every hour. An hour shown twice on a night
 * of clock change is one hour here, one that is skipped is closed. A line per person was refused: in a practice of
 * hundreds there are a handful of different weeks.
 */
import type { Member } from './access-request.ts'
import type { Instant } from './instant.ts'
import type { PolicySnapshot } from './snapshot.ts'
import { type DayHours, describeDays } from './week.ts'

/** People whose days are alike. `days`: 24 signs each, `1` in, `0` out, `~` in for a part of the hour. */
export type SameHours = { readonly days: readonly string[]; readonly people: readonly Member[] }

/** The grid. `counts`: by day and hour, how many are in for at least a part of it. */
export type HoursGrid = {
  readonly dates: readonly DayHours[]
  readonly groups: readonly SameHours[]
  readonly counts: readonly (readonly number[])[]
}

const hours = Array.from({ length: 24 }, (_, hour) => hour)

const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))

const signOf = (day: DayHours, hour: number): string => {
  const open = day.hours.reduce((sum, { start, end }) => {
    const from = Math.max(minutesOf(start), hour * 60)
    return sum + Math.max(0, Math.min(minutesOf(end), hour * 60 + 60) - from)
  }, 0)
  return open >= 60 ? '1' : open > 0 ? '~' : '0'
}

/** Who speaks on somebody's hours: people of whom this is the same have the same hours. */
const sourcesOf = ({ userParts }: PolicySnapshot, { user, roles, grants }: Member): string =>
  userParts.has(user) || grants.length > 0 ? user : [...new Set(roles)].sort().join(' ')

/**
 * The grid of `count` days from today on for these people, the largest group first. `isInScope` says whom `time` concerns.
 * About 0.1 ms for each different set of roles.
 */
export function hoursGrid(
  snapshot: PolicySnapshot,
  members: readonly Member[],
  at: Instant,
  { count, isInScope }: { readonly count: number; readonly isInScope: (member: Member) => boolean },
): HoursGrid {
  const nobody: Member = {
    ...{ user: '', name: '', login: '', email: null, roles: [], suspended: false, epoch: 0, factors: [] },
    ...{ enrolBy: null, grants: [] },
  }
  const dates = describeDays(snapshot, nobody, at, count).days
  const always = dates.map(() => '1'.repeat(24))
  const known = new Map<string, readonly string[]>()
  const groups = new Map<string, { days: readonly string[]; people: Member[] }>()
  for (const member of members) {
    const key = sourcesOf(snapshot, member)
    const days = isInScope(member)
      ? (known.get(key) ??
        describeDays(snapshot, member, at, count).days.map((day) =>
          hours.map((hour) => signOf(day, hour)).join(''),
        ))
      : always
    if (days !== always) known.set(key, days)
    const group = groups.get(days.join()) ?? { days, people: [] }
    group.people.push(member)
    groups.set(days.join(), group)
  }
  const all = [...groups.values()].sort((a, b) => b.people.length - a.people.length)
  const counts = dates.map((_, day) =>
    hours.map((hour) =>
      all.reduce((sum, { days, people }) => sum + (days[day]?.[hour] === '0' ? 0 : people.length), 0),
    ),
  )
  return { dates, groups: all, counts }
}
