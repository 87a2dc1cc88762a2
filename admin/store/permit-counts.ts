/**
 * How many requests were permitted, by practice and hour: written from gateways' reports, read by a chart.
 *
 * Who passed and where are traffic facts; refusals are the decision log. Invariant: a row a practice and an hour, however
 * much passes, and a report that is taken twice is kept out by its batch's number (`reports.ts`), not here.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'
import type { ReportOf } from './reports.ts'

/** What permits are counted by. */
export const permitHourMs: DurationMs = 3_600_000

const rowsMax = 1_000

/** Adds permitted requests to their hours. */
export async function applyPermits(tx: Tx, reports: readonly ReportOf<'permits'>[]): Promise<void> {
  type Permits = { readonly practice: string; readonly hour: number; count: number }
  const byHour = new Map<string, Permits>()
  for (const { practice, at, count } of reports) {
    const hour = Math.floor(at / permitHourMs)
    const key = `${practice} ${hour}`
    const permits = byHour.get(key) ?? { practice, hour, count: 0 }
    permits.count += count
    byHour.set(key, permits)
  }
  // One order for all transactions, so that two of them cannot wait for each other.
  const rows = [...byHour].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, permits]) => permits)
  for (let at = 0; at < rows.length; at += rowsMax)
    await tx
      .insertInto('permit_count')
      .values(rows.slice(at, at + rowsMax))
      .onConflict((oc) =>
        oc
          .columns(['practice', 'hour'])
          .doUpdateSet((eb) => ({ count: eb('permit_count.count', '+', eb.ref('excluded.count')) })),
      )
      .execute()
}

/** Permitted requests of a practice by the step their hour begins in; `null`: steps are shorter than what is counted by. */
export async function countPermits(
  rows: Rows,
  practice: string,
  { from, to, stepMs }: { readonly from: Instant; readonly to: Instant; readonly stepMs: DurationMs },
): Promise<ReadonlyMap<number, number> | null> {
  if (stepMs < permitHourMs) return null
  const { rows: found } = await sql<{ readonly step: string; readonly count: string }>`
    select (hour * ${permitHourMs}::bigint - ${from}::bigint) / ${stepMs}::bigint as step, sum(count) as count
    from permit_count
    where practice = ${practice}
      and hour >= ${Math.ceil(from / permitHourMs)}::bigint and hour < ${Math.ceil(to / permitHourMs)}::bigint
    group by 1`.execute(rows)
  return new Map(found.map(({ step, count }) => [Number(step), Number(count)]))
}

/** Forgets what was counted before `at`. */
export const forgetPermits = (rows: Rows, at: Instant) =>
  rows
    .deleteFrom('permit_count')
    .where('hour', '<', Math.floor(at / permitHourMs))
    .executeTakeFirst()
