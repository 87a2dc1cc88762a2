/**
 * How much each allowlist entry is used, from the daily counts that gateways' reports come to.
 *
 * Counting is the jobs'. Days are UTC days since the epoch, so "7 days" is today and the six before.
 */
import { type DeleteResult, sql } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'

/** An entry's use. */
export type EntryUse = { readonly lastAt: Instant; readonly hits7d: number }

const dayMs = 86_400_000
const days = 7

/** The use of each entry of a practice that was ever matched, by entry id; of `entries` alone where they are named. */
export async function readEntryUse(
  rows: Rows,
  practice: string,
  at: Instant,
  entries: readonly string[] | 'every' = 'every',
): Promise<ReadonlyMap<string, EntryUse>> {
  const since = Math.floor(at / dayMs) - days + 1
  const found = await rows
    .selectFrom('entry_hit')
    .select((eb) => [
      'entry',
      eb.fn.max('last_at').as('last'),
      eb.fn.coalesce(eb.fn.sum<number>('count').filterWhere('day', '>=', since), eb.lit(0)).as('hits'),
    ])
    .where('practice', '=', practice)
    .$if(entries !== 'every', (query) =>
      query.where(sql<boolean>`entry = any(${entries === 'every' ? [] : [...entries]}::text[])`),
    )
    .groupBy('entry')
    .execute()
  return new Map(found.map((row) => [row.entry, { lastAt: row.last, hits7d: Number(row.hits) }]))
}

/**
 * Forgets counts of days before `day`, but the last of each entry not before `lastDay`: an entry's last match is told
 * long after its counts have gone.
 */
export const forgetHits = (rows: Rows, day: number, lastDay: number): Promise<DeleteResult> =>
  rows
    .deleteFrom('entry_hit')
    .where('day', '<', day)
    .where((eb) =>
      eb.or([
        eb('day', '<', lastDay),
        sql<boolean>`exists (select from entry_hit later where later.practice = entry_hit.practice
          and later.entry = entry_hit.entry and later.day > entry_hit.day)`,
      ]),
    )
    .executeTakeFirst()
