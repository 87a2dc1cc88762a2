/**
 * How many requests for access were asked and how many waited in each step of a span of time, and how long they waited.
 *
 * The requests themselves are `access-requests.ts`. Invariant: one walk over a practice's requests of at most 31 days, and a
 * row a step, however many asked; who decided nothing in time (expired) does not count as an answer.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'

/** What was counted in one step. `waiting`: at its end, or now in the step that runs. */
export type RequestCount = { readonly at: Instant; readonly asked: number; readonly waiting: number }

/** The steps, how many were decided in all, and within what time half of these were; `null`: none was. */
export type RequestCounts = {
  readonly counts: readonly RequestCount[]
  readonly decided: number
  readonly medianMs: DurationMs | null
}

/** A span of time in steps; `now` bounds what can have waited. */
export type CountedSpan = {
  readonly from: Instant
  readonly to: Instant
  readonly stepMs: DurationMs
  readonly now: Instant
}

/** The counts of a practice; a step in which nobody asked has zeros. */
export async function countRequests(
  rows: Rows,
  practice: string,
  { from, to, stepMs, now }: CountedSpan,
): Promise<RequestCounts> {
  const length = Math.ceil((to - from) / stepMs)
  const [steps, answered] = await Promise.all([
    sql<{ readonly step: number; readonly asked: string; readonly waiting: string }>`
      with r as (
        select created_at, least(coalesce(decided_at, expires_at), expires_at) as ended_at
        from access_request
        where practice = ${practice} and created_at < ${to}::bigint and expires_at >= ${from}::bigint
      ), s as (
        select step, ${from}::bigint + step * ${stepMs}::bigint as at,
          least(${from}::bigint + (step + 1) * ${stepMs}::bigint, ${now}::bigint + 1) as ends
        from generate_series(0, ${length - 1}::int) step
      )
      select s.step, count(*) filter (where r.created_at >= s.at) as asked,
        count(*) filter (where r.ended_at >= s.ends) as waiting
      from s join r on r.created_at < s.ends and (r.ended_at >= s.ends or r.created_at >= s.at)
      group by s.step`.execute(rows),
    sql<{ readonly decided: string; readonly median: number | null }>`
      select count(*) as decided, percentile_cont(0.5) within group (order by decided_at - created_at) as median
      from access_request
      where practice = ${practice} and created_at < ${to}::bigint and status not in ('pending', 'expired')
        and decided_at >= ${from}::bigint and decided_at < ${to}::bigint`.execute(rows),
  ])
  const counts = Array.from({ length }, (_, step) => ({ at: from + step * stepMs, asked: 0, waiting: 0 }))
  for (const { step, asked, waiting } of steps.rows) {
    const there = counts[step]
    if (there === undefined) continue
    there.asked = Number(asked)
    there.waiting = Number(waiting)
  }
  const [found] = answered.rows
  const median = found?.median ?? null
  return {
    counts,
    decided: Number(found?.decided ?? 0),
    medianMs: median === null ? null : Math.round(Number(median)),
  }
}
