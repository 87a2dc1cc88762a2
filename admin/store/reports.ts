/**
 * What gateways reported, as rows: last seen, refusals, acknowledgements, traffic facts, entry hits, unmapped routes.
 *
 * Each function takes many reports of one kind and needs a handful of statements for all. Applying one twice is
 * harmless where the report has a name of its own or only moves a value forward; counts are kept right by the
 * cursor, which moves in the same transaction (`admin/jobs.ts`).
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Report } from '../../runtime/records.ts'
import { noteAddress } from './address-use.ts'
import type { Tx } from './database.ts'

/** Reports of one kind. */
export type ReportOf<K extends Report['kind']> = Extract<Report, { readonly kind: K }>

/** One traffic fact per user × address × route in so long. */
export const factBucketMs: DurationMs = 15 * 60_000

const dayMs: DurationMs = 86_400_000
const unmappedMax = 10_000

/**
 * The reports of these entries, without those that were taken before, and how many entries never came: each begins with
 * its gateway's number (those of earlier gateways do not, and are all taken).
 */
export async function takeBatches(
  tx: Tx,
  batches: readonly (readonly Report[])[],
  at: Instant,
): Promise<{ readonly reports: readonly Report[]; readonly lost: number }> {
  const heads = batches.flatMap(([first]) => (first?.kind === 'batch' ? [first] : []))
  const sources = [...new Set(heads.map(({ source }) => source))].sort()
  const rows =
    sources.length === 0
      ? []
      : await tx.selectFrom('report_source').selectAll().where('source', 'in', sources).execute()
  const taken = new Map(rows.map(({ source, number }) => [source, number]))
  const lost = new Map<string, number>()
  const reports: Report[] = []
  for (const batch of batches) {
    const [first] = batch
    if (first?.kind === 'batch') {
      const { source, number } = first
      const before = taken.get(source) ?? 0
      if (number <= before) continue
      taken.set(source, number)
      lost.set(source, (lost.get(source) ?? 0) + number - before - 1)
    }
    reports.push(...batch)
  }
  for (const source of sources)
    await tx
      .insertInto('report_source')
      .values({ source, number: taken.get(source) ?? 1, lost: lost.get(source) ?? 0, at })
      .onConflict((oc) =>
        oc.column('source').doUpdateSet((eb) => ({
          number: eb.ref('excluded.number'),
          lost: eb('report_source.lost', '+', eb.ref('excluded.lost')),
          at,
        })),
      )
      .execute()
  return { reports, lost: [...lost.values()].reduce((sum, count) => sum + count, 0) }
}

const rowsMax = 1_000

/** Rows in parts that one statement can carry: PostgreSQL takes 65,535 values. */
function* inStatements<R>(rows: readonly R[]): Generator<readonly R[]> {
  for (let at = 0; at < rows.length; at += rowsMax) yield rows.slice(at, at + rowsMax)
}

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
  count: report.count ?? 1,
  gateway: report.gateway,
  practice: report.practice,
  user_id: report.user,
  session: report.session,
  token: report.token ?? null,
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
  for (const rows of inStatements(coded))
    await tx
      .insertInto('decision_log')
      .values(rows)
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
            count: eb('decision_log.count', '+', report.count ?? 1),
            last_at: eb.fn('greatest', ['decision_log.last_at', eb.val(report.at)]),
          })),
      )
      .execute()
}

/** Notes how often refusals came in all. Each code is one gateway's, so the highest number told is the right one. */
export async function applyRepeats(tx: Tx, reports: readonly ReportOf<'repeat'>[]): Promise<void> {
  for (const { code, count, at } of newestBy(reports, (report) => report.code))
    await tx
      .updateTable('decision_log')
      .set((eb) => ({
        count: eb.fn('greatest', ['count', eb.val(count)]),
        last_at: eb.fn('greatest', ['last_at', eb.val(at)]),
      }))
      .where('code', '=', code)
      .execute()
}

/** Keeps one traffic fact per user × address × route × 15 minutes. */
export async function applyFacts(tx: Tx, reports: readonly ReportOf<'fact'>[]): Promise<void> {
  const facts = reports.map((report) => ({
    practice: report.practice,
    user_id: report.user,
    address: report.address,
    route: report.route,
    bucket: Math.floor(report.at / factBucketMs),
    assurance: report.assurance,
    at: report.at,
  }))
  for (const rows of inStatements(facts))
    await tx
      .insertInto('traffic_fact')
      .values(rows)
      .onConflict((oc) => oc.doNothing())
      .execute()
}

/** Adds matches of allowlist entries to their days. */
export async function applyHits(tx: Tx, reports: readonly ReportOf<'hit'>[]): Promise<void> {
  type Hits = {
    readonly practice: string
    readonly entry: string
    readonly day: number
    count: number
    last_at: number
  }
  const byDay = new Map<string, Hits>()
  for (const { practice, entry, at, count } of reports) {
    const day = Math.floor(at / dayMs)
    const key = `${practice} ${entry} ${day}`
    const hits = byDay.get(key) ?? { practice, entry, day, count: 0, last_at: at }
    hits.count += count
    hits.last_at = Math.max(hits.last_at, at)
    byDay.set(key, hits)
  }
  // One order for all transactions, as above.
  for (const [, hits] of [...byDay].sort(([a], [b]) => (a < b ? -1 : 1)))
    await tx
      .insertInto('entry_hit')
      .values(hits)
      .onConflict((oc) =>
        oc.columns(['practice', 'entry', 'day']).doUpdateSet((eb) => ({
          count: eb('entry_hit.count', '+', hits.count),
          last_at: eb.fn('greatest', ['entry_hit.last_at', eb.val(hits.last_at)]),
        })),
      )
      .execute()
}

/** Where the counts of further templates go once there are too many. */
const otherTemplates = '(others)'

/**
 * Counts requests that no route pattern matched, or whose path is odd, by template. At most 10,000 templates are kept;
 * what comes with another one is counted under one name, so that sums stay right.
 */
export async function applyUnmapped(tx: Tx, reports: readonly ReportOf<'unmapped'>[]): Promise<void> {
  if (reports.length === 0) return
  const known = await tx
    .selectFrom('unmapped_route')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  for (const { upstream, odd = '', count, at, ...asked } of reports) {
    const others = { method: '*', template: otherTemplates }
    const move = async ({ method, template }: typeof others): Promise<boolean> => {
      const moved = await tx
        .updateTable('unmapped_route')
        .set((eb) => ({
          count: eb('count', '+', count),
          last_at: eb.fn('greatest', ['last_at', eb.val(at)]),
        }))
        .where('upstream', '=', upstream)
        .where('method', '=', method)
        .where('template', '=', template)
        .where('odd', '=', odd)
        .executeTakeFirst()
      return moved.numUpdatedRows > 0n
    }
    const { method, template } = known.count >= unmappedMax ? others : asked
    if ((await move(asked)) || (await move({ method, template }))) continue
    await tx
      .insertInto('unmapped_route')
      .values({ upstream, method, template, odd, count, first_at: at, last_at: at })
      .execute()
    known.count += 1
  }
}
