/**
 * How many sign-ins each hour of the week had, on the practice's wall.
 *
 * Counted from the security events of some weeks; it remembers nothing. Invariant: hours are those of the wall on that
 * very day, clock changes included; the database groups by quarter of an hour, so that at most 2,700 rows come back
 * however many signed in. Time zones of the database were refused: its table may differ from the gateways'.
 */
import { sql } from 'kysely'
import { dayMs, dayOf, weekdayOf } from '../policies/calendar.ts'
import type { Instant } from '../policies/instant.ts'
import { offsetAt } from '../policies/timetable-zone.ts'
import type { Rows } from './store/database.ts'

const quarterMs = 900_000
const hourMs = 3_600_000

/** What is counted. `users`: of these alone; `null`: of everyone. */
export type SignInHoursWish = {
  readonly practice: string
  readonly zone: string
  readonly users: readonly string[] | null
  readonly at: Instant
  readonly days: number
}

/** Seven days, Monday first, of 24 counts. */
export async function signInsByHour(
  rows: Rows,
  { practice, zone, users, at, days }: SignInHoursWish,
): Promise<readonly (readonly number[])[]> {
  const counts = Array.from({ length: 7 }, () => new Array<number>(24).fill(0))
  if (users?.length === 0) return counts
  const quarter = sql<number>`(at / ${sql.lit(quarterMs)})`
  const found = await rows
    .selectFrom('security_event')
    .select([quarter.as('quarter'), sql<number>`count(*)`.as('count')])
    .where('practice', '=', practice)
    .where('at', '>=', at - days * dayMs)
    .where('at', '<=', at)
    .where('action', 'in', ['session.opened', 'session.adopted'])
    .where('target_kind', '=', 'user')
    .$if(users !== null, (query) => query.where('target_id', 'in', [...(users ?? [])]))
    .groupBy(quarter)
    .execute()
  for (const { quarter: place, count } of found) {
    const instant = Number(place) * quarterMs
    const local = instant + offsetAt(zone, instant)
    const day = dayOf(local)
    const hours = counts[weekdayOf(day)]
    const hour = Math.floor((local - day * dayMs) / hourMs)
    if (hours !== undefined) hours[hour] = (hours[hour] ?? 0) + Number(count)
  }
  return counts
}
