/**
 * What the control plane does by itself: consumes reports, signs checkpoints, takes back what nobody confirmed, ends
 * what has expired, forgets what need not be kept, compiles timetables again before they run out.
 *
 * Each job is a function that a test calls; `start` only calls them in turn. All are bounded and may be repeated;
 * two control planes doing the same one at a time get in nobody's way. (Manifests are the publisher's.)
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Log } from '../runtime/log.ts'
import type { Signer } from '../runtime/signing.ts'
import { idempotencyKeptMs } from './api/idempotency.ts'
import { beginCanaryRound } from './canary.ts'
import { revertOverdue } from './commit-confirm.ts'
import { tellExpired } from './ip-list/expiry.ts'
import { type JobLoop, startLoop } from './job-loop.ts'
import { type ConsumerParts, consumeReports } from './report-consumer.ts'
import { settleRequests } from './requests/access-requests.ts'
import { settleDue } from './scheduled-changes.ts'
import type { Store } from './store/database.ts'
import { forgetHits } from './store/entry-hits.ts'
import { writeCheckpoints } from './store/event-checkpoints.ts'
import { announcePolicy } from './store/outbox.ts'
import { forgetPermits } from './store/permit-counts.ts'
import { readSetting, writeSetting } from './store/settings.ts'
import { forgetOldVisits } from './two-factor/expiry.ts'

/** What jobs work with. `reports: null`: there is no hot store to consume from. */
export type JobParts = {
  readonly store: Store
  readonly reports: Pick<ConsumerParts, 'hotStore' | 'fleet'> | null
  readonly signer: Signer
  readonly kick: () => void
  /** Absent: nobody counts what becomes of the canary. */
  readonly countCanaries?: ConsumerParts['countCanaries']
  readonly now: () => Instant
  readonly log: Log
}

/** The jobs. Each answers how many things it did and rejects with a `Fault`; the loops of `start` log and go on. */
export type Jobs = {
  /** Takes reports; waits up to `waitMs` for the first. Answers the entries taken. */
  readonly consume: (waitMs: DurationMs) => Promise<number>
  readonly checkpoint: () => Promise<number>
  /**
   * Ends sessions past their deadline, requests that nobody decided, approvals and visits of the portal that are over;
   * tells of allowlist entries that have expired.
   */
  readonly expire: () => Promise<number>
  /** Takes back saves that had to be confirmed and were not; gateways have fallen back by themselves. */
  readonly revert: () => Promise<number>
  /** Brings into force what waited for its time. */
  readonly schedule: () => Promise<number>
  /** Begins a round of the canary if one is due. */
  readonly canary: () => Promise<number>
  /** Announces every policy once a day, so that its timetable's horizon moves on. */
  readonly refresh: () => Promise<number>
  /** Deletes facts, refusals, counts, sessions, outbox rows and addresses that are older than they need be. */
  readonly prune: () => Promise<number>
  readonly start: () => void
  readonly close: () => Promise<void>
}

const hourMs: DurationMs = 3_600_000
const dayMs: DurationMs = 24 * hourMs
const keptMs = {
  outbox: dayMs,
  facts: 30 * dayMs,
  hits: 30 * dayMs,
  lastHit: 400 * dayMs,
  addresses: 31 * dayMs,
  sessions: 90 * dayMs,
  decisions: 90 * dayMs,
  requests: 90 * dayMs,
  scheduled: 90 * dayMs,
  learned: 90 * dayMs,
  gateways: dayMs,
  sources: 30 * dayMs,
} as const
const deletedMax = 5_000
const reportsWaitMs: DurationMs = 1_000
const refreshSetting = 'policies-refreshed-at'

async function expire({ store, now }: JobParts): Promise<number> {
  const at = now()
  const sessions = await store.transaction(async (tx) => {
    const due = tx
      .selectFrom('session')
      .select('id')
      .where('ended_at', 'is', null)
      .where('absolute_deadline', '<=', at)
      .limit(deletedMax)
    const ended = await tx
      .updateTable('session')
      .set((eb) => ({ ended_at: eb.ref('absolute_deadline'), ended_why: 'expired', streams: 0 }))
      .where('id', 'in', due)
      .executeTakeFirst()
    await tx.deleteFrom('publication').where('expires_at', '<=', at).execute()
    const requests = await settleRequests(tx, null, at)
    return Number(ended.numUpdatedRows) + requests + (await forgetOldVisits(tx, at))
  })
  return sessions + (await tellExpired(store, at))
}

async function revert({ store, now, kick, log }: JobParts): Promise<number> {
  const practices = await revertOverdue(store, now())
  for (const practice of practices) log.warn({ practice }, 'a save was taken back: nobody confirmed it')
  if (practices.length > 0) kick()
  return practices.length
}

async function schedule({ store, now, kick, log }: JobParts): Promise<number> {
  const settled = await settleDue(store, now())
  for (const { practice, applied, sentence } of settled)
    if (applied) log.info({ practice }, 'a scheduled change came into force')
    else log.warn({ practice, why: sentence }, 'a scheduled change did not come into force')
  if (settled.length > 0) kick()
  return settled.length
}

function refresh({ store, now, kick }: JobParts): Promise<number> {
  const at = now()
  return store
    .transaction(async (tx) => {
      // Of two control planes the second waits here, and then finds it done.
      await sql`select pg_advisory_xact_lock(hashtextextended(${refreshSetting}, 4249))`.execute(tx)
      const last = await readSetting(tx, refreshSetting)
      if (typeof last === 'number' && at - last < dayMs) return 0
      await writeSetting(tx, refreshSetting, at)
      // The first round only notes the time: everything was compiled when it was published.
      if (typeof last !== 'number') return 0
      const practices = await tx.selectFrom('practice').select('id').orderBy('id').execute()
      for (const { id } of practices) await announcePolicy(tx, id, at)
      return practices.length
    })
    .then((count) => {
      if (count > 0) kick()
      return count
    })
}

async function prune({ store, now }: JobParts): Promise<number> {
  const at = now()
  const day = Math.floor((at - keptMs.hits) / dayMs)
  const deletions = await store.read((rows) =>
    Promise.all([
      rows
        .deleteFrom('outbox')
        .where('saved_at', '<', at - keptMs.outbox)
        .where('sequence', 'is not', null)
        .executeTakeFirst(),
      rows
        .deleteFrom('traffic_fact')
        .where('at', '<', at - keptMs.facts)
        .executeTakeFirst(),
      forgetHits(rows, day, Math.floor((at - keptMs.lastHit) / dayMs)),
      rows
        .deleteFrom('address_use')
        .where('last_at', '<', at - keptMs.addresses)
        .executeTakeFirst(),
      rows
        .deleteFrom('decision_log')
        .where('at', '<', at - keptMs.decisions)
        .executeTakeFirst(),
      forgetPermits(rows, at - keptMs.decisions),
      rows
        .deleteFrom('gateway_ack')
        .where('at', '<', at - keptMs.gateways)
        .executeTakeFirst(),
      // Of a gateway that is gone; one that is there and silent is still missed.
      rows
        .deleteFrom('canary_answer')
        .where('at', '<', at - keptMs.gateways)
        .where('gateway', 'not in', rows.selectFrom('gateway_ack').select('gateway'))
        .executeTakeFirst(),
      rows
        .deleteFrom('learned_route')
        .where('last_at', '<', at - keptMs.learned)
        .executeTakeFirst(),
      rows
        .deleteFrom('report_source')
        .where('at', '<', at - keptMs.sources)
        .executeTakeFirst(),
      rows
        .deleteFrom('access_request')
        .where('decided_at', '<', at - keptMs.requests)
        .where('status', '!=', 'approved')
        .executeTakeFirst(),
      rows
        .deleteFrom('scheduled_change')
        .where('settled_at', '<', at - keptMs.scheduled)
        .executeTakeFirst(),
      rows
        .deleteFrom('session')
        .where('ended_at', '<', at - keptMs.sessions)
        .executeTakeFirst(),
      rows
        .deleteFrom('admin_session')
        .where('deadline', '<', at - keptMs.sessions)
        .executeTakeFirst(),
      rows
        .deleteFrom('idempotency_key')
        .where('begun_at', '<', at - idempotencyKeptMs)
        .executeTakeFirst(),
    ]),
  )
  return deletions.reduce((sum, deletion) => sum + Number(deletion.numDeletedRows), 0)
}

/** Creates the jobs; nothing runs before `start`. */
export function createJobs(parts: JobParts): Jobs {
  const { store, signer, now, log } = parts
  let loops: readonly JobLoop[] = []
  const closing = Promise.withResolvers<void>()
  const jobs: Jobs = {
    consume: async (waitMs) => {
      if (parts.reports === null) return 0
      const counting = parts.countCanaries === undefined ? {} : { countCanaries: parts.countCanaries }
      const consumer = { store, now, log, closing: closing.promise, ...counting, ...parts.reports }
      const { entries } = await consumeReports(consumer, waitMs)
      return entries
    },
    checkpoint: () => writeCheckpoints(store, signer, now(), hourMs),
    expire: () => expire(parts),
    revert: () => revert(parts),
    schedule: () => schedule(parts),
    canary: async () => {
      const results = await beginCanaryRound(store, now())
      if (results === null) return 0
      parts.kick()
      parts.countCanaries?.(results)
      return 1
    },
    refresh: () => refresh(parts),
    prune: () => prune(parts),
    start: () => {
      if (loops.length > 0) return
      loops = [
        // It waits in the store: an acknowledgement is somebody's "active everywhere".
        ...(parts.reports === null
          ? []
          : [startLoop(log, 'reports', 250, 'waits', () => jobs.consume(reportsWaitMs))]),
        startLoop(log, 'checkpoints', 60_000, false, jobs.checkpoint),
        startLoop(log, 'reversion', 1_000, false, jobs.revert),
        startLoop(log, 'schedule', 1_000, false, jobs.schedule),
        startLoop(log, 'canary', 5_000, false, jobs.canary),
        startLoop(log, 'expiry', 60_000, false, jobs.expire),
        startLoop(log, 'refresh', 600_000, false, jobs.refresh),
        startLoop(log, 'pruning', 3_600_000, false, jobs.prune),
      ]
    },
    close: async () => {
      for (const { stop } of loops) stop()
      closing.resolve()
      await Promise.all(loops.map(({ done }) => done))
      loops = []
    },
  }
  return jobs
}
