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
  const found = await rows
    .selectFrom('access_request as r')
    .innerJoin('membership as m', (join) =>
      join.onRef('m.practice', '=', 'r.practice').onRef('m.user_id', '!=', 'r.user_id'),
    )
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .select('r.id')
    .select(sql<string[]>`array_agg(u.name order by u.name)`.as('names'))
    .where('r.practice', '=', practice)
    .where('r.id', 'in', [...ids])
    .where(
      sql<boolean>`exists (select 1 from session s where s.user_id = m.user_id and not s.held
        and s.last_seen_at > ${at - seenMs}
        and (s.address_first::inet <<= r.network or s.address_last::inet <<= r.network))`,
    )
    .groupBy('r.id')
    .execute()
  return new Map(found.map(({ id, names }) => [id, { count: names.length, names: names.slice(0, 3) }]))
}
