/**
 * Consumes what gateways report through the hot store's bounded stream, each entry exactly once.
 *
 * Entries carry the fleet's seal; what does not open is counted and skipped. The cursor moves in the transaction of
 * the effects, so a crash repeats nothing, and of two control planes the slower one finds its entries taken. Entries are
 * numbered by the gateway that sent them: one that was sent twice is skipped, one that never came is counted.
 * Acting on the stream without a cursor in the database was refused: entry hits would count twice.
 */
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { openFleet } from '../runtime/fleet-seal.ts'
import type { HotStore, StreamEntry, StreamPosition } from '../runtime/hot-store.ts'
import { keys } from '../runtime/keys.ts'
import type { Log } from '../runtime/log.ts'
import { type Report, reportSchema } from '../runtime/records.ts'
import { comparePositions, isPosition, streamStart } from '../runtime/stream-position.ts'
import { applyCanaries, type CanaryResult } from './canary.ts'
import { knownActions } from './events/event-actions.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { appendEvent } from './store/events.ts'
import { applyUses } from './store/learned-routes.ts'
import { applyPermits } from './store/permit-counts.ts'
import { markEnforced } from './store/publish-state.ts'
import {
  applyAcks,
  applyFacts,
  applyHits,
  applyRefusals,
  applyRepeats,
  applySeen,
  applyUnmapped,
  type ReportOf,
  takeBatches,
} from './store/reports.ts'
import { applyTokensUsed } from './store/service-tokens.ts'

/** What a consumer works with. `fleet`: the key of the fleet's seal; `closing`: whoever waits for a report stops then. */
export type ConsumerParts = {
  readonly store: Store
  readonly hotStore: HotStore
  readonly fleet: KeyObject
  readonly now: () => Instant
  readonly log: Log
  readonly closing?: Promise<void>
  /** What the canary's answers come to; told once they are committed. */
  readonly countCanaries?: (results: readonly CanaryResult[]) => void
}

/** What one round did. `entries`: stream entries taken; `refused`: of these, how many did not open. */
export type Consumed = { readonly entries: number; readonly reports: number; readonly refused: number }

const entriesMax = 200
const reportsSchema = z.array(reportSchema).max(500)

function openEntry(fleet: KeyObject, entry: StreamEntry): readonly Report[] | null {
  const text = openFleet(fleet, keys.reports, entry.text)
  if (text === null) return null
  try {
    const parsed = reportsSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

/** Where the cursor stands, without waiting for anybody who is moving it: it is asked for again before it moves. */
async function findCursor(rows: Rows): Promise<StreamPosition> {
  const row = await rows
    .selectFrom('report_cursor')
    .select('position')
    .where('stream', '=', keys.reports)
    .executeTakeFirst()
  return row !== undefined && isPosition(row.position) ? row.position : streamStart
}

async function readCursor(tx: Tx): Promise<StreamPosition> {
  await tx
    .insertInto('report_cursor')
    .values({ stream: keys.reports, position: streamStart })
    .onConflict((oc) => oc.doNothing())
    .execute()
  const row = await tx
    .selectFrom('report_cursor')
    .select('position')
    .where('stream', '=', keys.reports)
    .forUpdate()
    .executeTakeFirstOrThrow()
  return isPosition(row.position) ? row.position : streamStart
}

const moveCursor = (tx: Tx, position: StreamPosition) =>
  tx.updateTable('report_cursor').set({ position }).where('stream', '=', keys.reports).execute()

/** Gateways' own events go to the chain of their practice, or of the gateway where there is none such. */
async function applyEvents(tx: Tx, reports: readonly ReportOf<'event'>[]): Promise<void> {
  if (reports.length === 0) return
  const practices = await tx.selectFrom('practice').select('id').execute()
  const known = new Set(practices.map(({ id }) => id))
  const ordered = [...reports].sort((a, b) => ((a.practice ?? '~') < (b.practice ?? '~') ? -1 : 1))
  for (const report of ordered)
    await appendEvent(tx, {
      practice: report.practice !== null && known.has(report.practice) ? report.practice : null,
      at: report.at,
      actor: { kind: 'gateway', id: report.gateway, name: report.gateway },
      origin: 'auto',
      action: knownActions.has(report.name) ? report.name : 'gateway.event',
      target: report.user === null ? null : { kind: 'user', id: report.user, name: report.user },
      before: null,
      after: knownActions.has(report.name) ? report.detail : { ...report.detail, name: report.name },
    })
}

const ofKind = <K extends Report['kind']>(reports: readonly Report[], kind: K): readonly ReportOf<K>[] =>
  reports.filter((report): report is ReportOf<K> => report.kind === kind)

async function applyReports(
  tx: Tx,
  reports: readonly Report[],
  at: Instant,
): Promise<readonly CanaryResult[]> {
  const acks = ofKind(reports, 'ack')
  await applySeen(tx, ofKind(reports, 'seen'))
  await applyTokensUsed(tx, ofKind(reports, 'token-used'))
  await applyRefusals(tx, ofKind(reports, 'refusal'))
  await applyRepeats(tx, ofKind(reports, 'repeat'))
  await applyFacts(tx, ofKind(reports, 'fact'))
  await applyHits(tx, ofKind(reports, 'hit'))
  await applyPermits(tx, ofKind(reports, 'permits'))
  await applyUnmapped(tx, ofKind(reports, 'unmapped'))
  await applyUses(tx, ofKind(reports, 'use'))
  await applyAcks(tx, acks)
  if (acks.length > 0) await markEnforced(tx, at)
  await applyEvents(tx, ofKind(reports, 'event'))
  return applyCanaries(tx, ofKind(reports, 'canary'), at)
}

/** A stream that ends before the cursor was born anew: read it from its start. */
async function rewindIfReborn(
  { store, hotStore, log }: ConsumerParts,
  cursor: StreamPosition,
): Promise<void> {
  if (cursor === streamStart) return
  const last = await hotStore.lastPosition(keys.reports)
  if (comparePositions(last, cursor) >= 0) return
  log.info({ cursor, last }, 'the stream of reports was born anew')
  await store.transaction(async (tx) => {
    if ((await readCursor(tx)) === cursor) await moveCursor(tx, streamStart)
  })
}

/**
 * Takes the next entries (at most 200) and applies them; waits up to `waitMs` for the first. Rejects with a `Fault`
 * of the store or the database, having changed nothing.
 */
export async function consumeReports(parts: ConsumerParts, waitMs: DurationMs): Promise<Consumed> {
  const { store, hotStore, fleet, now, log, closing } = parts
  const cursor = await store.read(findCursor)
  const reading = hotStore.readAfter(keys.reports, cursor, entriesMax, waitMs)
  // What is read and not taken is read again by whoever is next: only the cursor counts.
  const entries = await (closing === undefined ? reading : Promise.race([reading, closing.then(() => [])]))
  const last = entries.at(-1)
  if (last === undefined) {
    await rewindIfReborn(parts, cursor)
    return { entries: 0, reports: 0, refused: 0 }
  }
  const opened = entries.map((entry) => openEntry(fleet, entry))
  const batches = opened.filter((list) => list !== null)
  const refused = opened.length - batches.length
  const taken = await store.transaction(async (tx) => {
    if ((await readCursor(tx)) !== cursor) return null
    const at = now()
    const { reports, lost } = await takeBatches(tx, batches, at)
    const canaries = await applyReports(tx, reports, at)
    await moveCursor(tx, last.position)
    return { reports: reports.length, lost, canaries }
  })
  if (taken !== null) parts.countCanaries?.(taken.canaries)
  if (taken !== null && taken.lost > 0)
    log.warn({ lost: taken.lost }, 'batches of reports were lost: the hot store was emptied, or kept too few')
  if (refused > 0)
    log.warn({ refused }, 'reports without the seal of this fleet, or of another form, were skipped')
  return taken === null
    ? { entries: 0, reports: 0, refused: 0 }
    : { entries: entries.length, reports: taken.reports, refused }
}
