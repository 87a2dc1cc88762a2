/**
 * What speaks for the network of a pending request: who else of the practice was let in from there.
 *
 * A hint and no rule: nothing is decided by it. Invariant: only sessions that were let in count (a thief's held ones would
 * vouch for each other), only of other members, only of the last 30 days.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'

/** Colleagues seen on a request's network. */
export type Colleagues = { readonly count: number; readonly names: readonly string[] }

const seenMs: DurationMs = 30 * 86_400_000

/** Colleagues by request id, for those of `ids` that have any; names in order, three at most. */
export async function findColleagues(
  rows: Rows,
  practice: string,
  ids: readonly string[],
  at: Instant,
): Promise<ReadonlyMap<string, Colleagues>> {
  if (ids.length === 0) return new Map()
  // Where members were, first and once: not a look at every member's sessions for each request.
  const found = await rows
    .with('seen', (db) =>
      db
        .selectFrom('membership as m')
        .innerJoin('session as s', 's.user_id', 'm.user_id')
        .innerJoin('app_user as u', 'u.id', 'm.user_id')
        .select([
          'u.id',
          'u.name',
          sql`s.address_first::inet`.as('first'),
          sql`s.address_last::inet`.as('last'),
        ])
        .distinct()
        .where('m.practice', '=', practice)
        .where('s.held', '=', false)
        .where('s.last_seen_at', '>', at - seenMs),
    )
    .selectFrom('access_request as r')
    .innerJoin('seen', (join) => join.onRef('seen.id', '!=', 'r.user_id'))
    .select('r.id')
    .select(sql<string[]>`(array_agg(distinct seen.name order by seen.name))`.as('names'))
    .select(sql<number>`count(distinct seen.id)`.as('count'))
    .where('r.practice', '=', practice)
    .where('r.id', 'in', [...ids])
    .where(sql<boolean>`(seen.first <<= r.network or seen.last <<= r.network)`)
    .groupBy('r.id')
    .execute()
  return new Map(found.map(({ id, names, count }) => [id, { count, names: names.slice(0, 3) }]))
}
