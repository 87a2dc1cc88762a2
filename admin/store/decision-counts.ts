/**
 * How many decisions there were in each step of a span of time, by verdict, for a chart.
 *
 * Single refusals are `admin/api/decision-log.ts`. Invariant: one query over one index range, at most 31 days long, whose
 * answer has a row for each step and verdict and none for each refusal, so that a flood of refusals makes no flood of rows.
 * Permits are counted by the hour (`permit-counts.ts`): of shorter steps they are not known.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'
import { countPermits } from './permit-counts.ts'

const minuteMs: DurationMs = 60_000
const stepsMs: readonly DurationMs[] = [5, 15, 60, 180, 720, 1_440].map((minutes) => minutes * minuteMs)
/** How many steps a chart has at most. */
const stepsMax = 62

/** What was counted in one step. `monitored`: what would have been refused, were it enforced. */
export type DecisionCount = {
  readonly at: Instant
  /** `null`: steps are shorter than an hour, which is what permits are counted by. */
  readonly permitted: number | null
  readonly refused: number
  readonly challenged: number
  readonly unavailable: number
  readonly monitored: number
}

/** The length of the steps that a span is counted in: the shortest that makes at most 62 of it. */
export const stepOf = (spanMs: DurationMs): DurationMs =>
  stepsMs.find((stepMs) => spanMs / stepMs <= stepsMax) ?? stepsMs.at(-1) ?? minuteMs

/** The counts of a practice from `from` on, step by step to `to`; a step without any has zeros. */
export async function countDecisions(
  rows: Rows,
  practice: string,
  { from, to, stepMs }: { readonly from: Instant; readonly to: Instant; readonly stepMs: DurationMs },
): Promise<readonly DecisionCount[]> {
  const { rows: found } = await sql<{
    readonly step: string
    readonly verdict: string
    readonly monitored: boolean
    readonly count: string
  }>`
    select (at - ${from}::bigint) / ${stepMs}::bigint as step, verdict, monitored, sum(count) as count
    from decision_log
    where practice = ${practice} and at >= ${from}::bigint and at < ${to}::bigint
    group by 1, 2, 3`.execute(rows)
  const permits = await countPermits(rows, practice, { from, to, stepMs })
  const length = Math.ceil((to - from) / stepMs)
  const counts = Array.from({ length }, (_, step) => ({
    ...{ at: from + step * stepMs, permitted: permits === null ? null : (permits.get(step) ?? 0) },
    ...{ refused: 0, challenged: 0, unavailable: 0, monitored: 0 },
  }))
  for (const { step, verdict, monitored, count } of found) {
    const there = counts[Number(step)]
    if (there === undefined) continue
    const kind = monitored
      ? 'monitored'
      : verdict === 'challenge'
        ? 'challenged'
        : verdict === 'unavailable'
          ? 'unavailable'
          : 'refused'
    there[kind] += Number(count)
  }
  return counts
}
