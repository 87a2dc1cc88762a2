/**
 * Hours as a page shows them: moments in the practice's zone, how long it is until then, and somebody's week.
 *
 * It decides nothing; what is open when is `policies/week.ts`'s. Invariant: it is told of the person who asks alone, and every
 * moment says whose clock it is read from.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { Weekday } from '../policies/calendar.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { describeWeek } from '../policies/week.ts'
import type { HoursView } from '../runtime/pages/hours-part.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { Directory } from './questions.ts'

/** Hours without what the page itself does. */
export type ShownHours = Omit<HoursView, 'backMs'>

type Shape = 'moment' | 'long' | 'short'

const shapes: Readonly<Record<Shape, Intl.DateTimeFormatOptions>> = {
  moment: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  long: { weekday: 'long', month: 'long', day: 'numeric' },
  short: { weekday: 'short', month: 'short', day: 'numeric' },
}

const zonesMax = 200

/** By zone and shape: making one costs fifty times what formatting with it does. Zones are the practices' own. */
const formats = createBoundedMap<string, Intl.DateTimeFormat>(zonesMax * 3)

const formatOf = (shape: Shape, zone: string): Intl.DateTimeFormat => {
  const key = `${shape} ${zone}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', {
    ...shapes[shape],
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short', timeZone: zone },
  })
  formats.set(key, made)
  return made
}

/** A moment as a page says it: `Monday, November 23, 2026 at 07:58 MST`. */
export const readableMoment = (at: Instant, zone: string): string => formatOf('moment', zone).format(at)

/** The same without its year, for a moment that is near: `Monday, November 23 at 07:58 MST`; `short`: `Mon, Nov 23 at 07:58 MST`. */
export const readableNear = (at: Instant, zone: string, length: 'long' | 'short' = 'long'): string =>
  formatOf(length, zone)
    .format(at)
    .replace(/, (?=\d\d:)/, ' at ')

/** "2 d 3 h", "2 h 15 min", "1 min": the two largest units, rounded up to the minute. */
export const spanText = (ms: DurationMs): string => {
  const minutes = Math.max(1, Math.ceil(ms / 60_000))
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(minutes / 1_440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ]
  const first = Math.max(
    0,
    parts.findIndex(([count]) => count > 0),
  )
  const shown = parts.slice(first, first + 2)
  return shown.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(' ')
}

const dayNames: Readonly<Record<Weekday, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
}

/** Whose hours: those of `user` at `practice`, which open by themselves at `opensAt` (`null`: never). */
type Whose = {
  readonly practice: PracticeId
  readonly user: string
  readonly opensAt: Instant | null
  readonly at: Instant
}

/** The hours, ready to read. An unknown practice or person has no week. */
export function shownHours(directory: Directory, { practice, user, opensAt, at }: Whose): ShownHours {
  const snapshot = directory.practice(practice, at)?.snapshot ?? null
  const member = directory.member(practice, user)
  const zone = snapshot?.practice.zone ?? 'UTC'
  const week = snapshot === null || member === null ? null : describeWeek(snapshot, member, at)
  return {
    ...{ at, zone, now: readableMoment(at, zone) },
    clock: week?.now.slice(-5) ?? '00:00',
    week: (week?.days ?? []).map(({ weekday, isToday, hours }) => ({
      ...{ name: dayNames[weekday], isToday, hours },
    })),
    opens:
      opensAt === null
        ? null
        : { text: readableNear(opensAt, zone), span: spanText(opensAt - at), leftMs: opensAt - at },
  }
}
