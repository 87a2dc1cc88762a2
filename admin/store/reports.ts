/**
 * What gateways reported, as rows: last seen, refusals, acknowledgements, traffic facts, entry hits, unmapped routes.
 *
 * Each function takes many reports of one kind and needs a handful of statements for all. Applying one twice is
 * harmless where the report has a name of its own or only moves a value forward; counts are kept right by the
 * cursor, which moves in the same transaction (`admin/jobs.ts`).
 */
import { sql } from 'kysely'
import type { DurationMs } from '../../policies/instant.ts'
import type { Report } from '../../runtime/records.ts'
import { noteAddress } from './address-use.ts'
import type { Tx } from './database.ts'

/** Reports of one kind. */
export type ReportOf<K extends Report['kind']> = Extract<Report, { readonly kind: K }>

/** One traffic fact per user × address × route in so long. */
export const factBucketMs: DurationMs = 15 * 60_000

const dayMs: DurationMs = 86_400_000
const unmappedMax = 10_000

/** The newest of the reports that share a name. */
function newestBy<R extends { readonly at: number }>(
  reports: readonly R[],
  name: (report: R) => string,
): readonly R[] {
  const newest = new Map<string, R>()
  for (const report of reports) {
    const before = newest.get(name(report))
    if (before === undefined || before.at <= report.at) newest.set(name(report), report)
  }
  // One order for all transactions, so that two of them cannot wait for each other.
  return [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, report]) => report)
}

/** Moves sessions' last seen, last address and open streams forward. */
export async function applySeen(tx: Tx, reports: readonly ReportOf<'seen'>[]): Promise<void> {
  for (const { session, at, address, streams } of newestBy(reports, (report) => report.session)) {
    const row = await tx
      .updateTable('session')
      .set({ last_seen_at: at, address_last: address, streams: Math.max(0, streams) })
      .where('id', '=', session)
      .where('last_seen_at', '<=', at)
      .where('ended_at', 'is', null)
      .returning('user_id')
      .executeTakeFirst()
    if (row !== undefined) await noteAddress(tx, row.user_id, address, at)
  }
}

/** Notes which sequence each gateway has in force. */
export async function applyAcks(tx: Tx, reports: readonly ReportOf<'ack'>[]): Promise<void> {
  for (const { gateway, sequence, at } of newestBy(reports, (report) => report.gateway))
    await tx
      .insertInto('gateway_ack')
      .values({ gateway, sequence, at })
      .onConflict((oc) =>
        oc.column('gateway').doUpdateSet({ sequence, at }).where('gateway_ack.at', '<=', at),
      )
      .execute()
}

const refusalRow = (report: ReportOf<'refusal'>) => ({
  code: report.code,
  monitored: report.monitored,
  at: report.at,
  last_at: report.at,
  minute: Math.floor(report.at / 60_000),
  gateway: report.gateway,
  practice: report.practice,
  user_id: report.user,
  session: report.session,
  address: report.address,
  upstream: report.upstream,
  method: report.method,
  route: report.route,
  verdict: report.verdict,
  reason: report.reason,
  control: report.control,
  revision: report.revision,
  failing: [...report.failing],
  asked: report.asked === undefined ? null : JSON.stringify(report.asked),
})

/** Writes refusals to the decision log: one row per reference code; without a code one per person, reason and minute. */
export async function applyRefusals(tx: Tx, reports: readonly ReportOf<'refusal'>[]): Promise<void> {
  const coded = reports.filter(({ code }) => code !== null).map(refusalRow)
  if (coded.length > 0)
    await tx
      .insertInto('decision_log')
      .values(coded)
      .onConflict((oc) => oc.column('code').doNothing())
      .execute()
  for (const report of reports.filter(({ code }) => code === null))
    await tx
      .insertInto('decision_log')
      .values(refusalRow(report))
      .onConflict((oc) =>
        oc
          .expression(sql`coalesce(practice, ''), coalesce(user_id, ''), address, route, reason, minute`)
          .where('code', 'is', null)
          .doUpdateSet((eb) => ({
            count: eb('decision_log.count', '+', 1),
            last_at: eb.fn('greatest', ['decision_log.last_at', eb.val(report.at)]),
          })),
      )
      .execute()
}

/** Keeps one traffic fact per user × address × route × 15 minutes. */
export async function applyFacts(tx: Tx, reports: readonly ReportOf<'fact'>[]): Promise<void> {
  const rows = reports.map((report) => ({
    practice: report.practice,
    user_id: report.user,
    address: report.address,
    route: report.route,
    bucket: Math.floor(report.at / factBucketMs),
    assurance: report.assurance,
    at: report.at,
  }))
  if (rows.length > 0)
    await tx
      .insertInto('traffic_fact')
      .values(rows)
      .onConflict((oc) => oc.doNothing())
      .execute()
}

/** Adds matches of allowlist entries to their days. */
export async function applyHits(tx: Tx, reports: readonly ReportOf<'hit'>[]): Promise<void> {
  for (const { practice, entry, at, count } of reports)
    await tx
      .insertInto('entry_hit')
      .values({ practice, entry, day: Math.floor(at / dayMs), count, last_at: at })
      .onConflict((oc) =>
        oc.columns(['practice', 'entry', 'day']).doUpdateSet((eb) => ({
          count: eb('entry_hit.count', '+', count),
          last_at: eb.fn('greatest', ['entry_hit.last_at', eb.val(at)]),
        })),
      )
      .execute()
}

/** Counts requests that no route pattern matched, by template; at most 10,000 templates are kept. */
export async function applyUnmapped(tx: Tx, reports: readonly ReportOf<'unmapped'>[]): Promise<void> {
  if (reports.length === 0) return
  const known = await tx
    .selectFrom('unmapped_route')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  for (const { upstream, method, template, count, at } of reports) {
    const moved = await tx
      .updateTable('unmapped_route')
      .set((eb) => ({
        count: eb('count', '+', count),
        last_at: eb.fn('greatest', ['last_at', eb.val(at)]),
      }))
      .where('upstream', '=', upstream)
      .where('method', '=', method)
      .where('template', '=', template)
      .executeTakeFirst()
    if (moved.numUpdatedRows > 0n || known.count >= unmappedMax) continue
    await tx
      .insertInto('unmapped_route')
      .values({ upstream, method, template, count, first_at: at, last_at: at })
      .onConflict((oc) => oc.doNothing())
      .execute()
    known.count += 1
  }
}
