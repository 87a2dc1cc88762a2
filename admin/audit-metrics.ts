/**
 * What operators see of the audit chains: broken ones, how far checkpoints and streams are behind, what waits for them.
 *
 * It checks and sends nothing. Invariant: labels are the configured names of streams, never a practice; what stands still
 * grows here without anything having to fail (an age counts from the event that waits).
 */
import { sql } from 'kysely'
import { Gauge, type Registry } from 'prom-client'
import type { Instant } from '../policies/instant.ts'
import type { Rows } from './store/database.ts'
import type { Outlet } from './store/forgetting-waits.ts'

/** How far a stream is. `seconds`: since the oldest event it has not got; `failures`: in a row. */
type StreamState = {
  readonly delivered: number
  readonly behind: number
  readonly seconds: number
  readonly failures: number
}

async function readStream(rows: Rows, { name, practices }: Outlet, at: Instant): Promise<StreamState> {
  const wanted = practices === 'all' ? null : [...practices]
  const { rows: found } = await sql<{ delivered: number; behind: number; oldest: number | null }>`
    select coalesce(sum(coalesce(c.seq, 0)), 0)::bigint as delivered,
      coalesce(sum(greatest(h.seq - coalesce(c.seq, 0), 0)), 0)::bigint as behind, min(e.at) as oldest
    from event_head h
    left join event_stream_cursor c on c.practice = h.practice and c.stream = ${name}
    left join lateral (
      select at from security_event s where s.practice = h.practice and s.seq > coalesce(c.seq, 0)
      order by s.seq limit 1
    ) e on h.seq > coalesce(c.seq, 0)
    where ${wanted}::text[] is null or h.practice = any(${wanted}::text[])`.execute(rows)
  const stream = await rows
    .selectFrom('event_stream')
    .select('failures')
    .where('name', '=', name)
    .executeTakeFirst()
  const { delivered = 0, behind = 0, oldest = null } = found[0] ?? {}
  const seconds = oldest === null ? 0 : Math.max(0, at - oldest) / 1_000
  return { delivered, behind, seconds, failures: stream?.failures ?? 0 }
}

/** The age of the oldest event that no checkpoint covers, in seconds; 0: every event is covered. */
async function readCheckpointAge(rows: Rows, at: Instant): Promise<number> {
  const { rows: found } = await sql<{ oldest: number | null }>`
    select min(e.at) as oldest from event_head h
    join security_event e on e.practice = h.practice and e.seq = h.checkpoint_seq + 1
    where h.seq > h.checkpoint_seq`.execute(rows)
  const oldest = found[0]?.oldest ?? null
  return oldest === null ? 0 : Math.max(0, at - oldest) / 1_000
}

/** Adds the gauges; answers how to read them all at once. */
export function createAuditGauges(
  registry: Registry,
  streams: readonly Outlet[],
): (rows: Rows, at: Instant) => Promise<void> {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `gatehouse_admin_audit_${name}`, help, labelNames, registers: [registry] })
  const broken = gauge('chains_broken', 'Audit chains found broken when they were last checked.')
  const unchecked = gauge(
    'check_age_seconds',
    'Since the chain that waited longest was checked; 0: none yet.',
  )
  const checkpoint = gauge('checkpoint_age_seconds', 'Age of the oldest event without a signed checkpoint.')
  const waiting = gauge('forgetting_waits', 'Chains whose events are kept longer, for a stream that lags.')
  const delivered = gauge('stream_delivered', 'Events that a stream has taken, all chains together.', [
    'stream',
  ])
  const behind = gauge('stream_behind', 'Events that a stream has not got yet.', ['stream'])
  const lag = gauge('stream_lag_seconds', 'Age of the oldest event that a stream has not got.', ['stream'])
  const failures = gauge('stream_failures', 'Failed tries of a stream in a row.', ['stream'])
  return async (rows, at) => {
    const checks = await rows
      .selectFrom('event_check')
      .select((eb) => [
        eb.fn.countAll<number>().filterWhere('ok', '=', false).as('broken'),
        eb.fn.min<number | null>('at').as('oldest'),
      ])
      .executeTakeFirstOrThrow()
    broken.set(checks.broken)
    unchecked.set(checks.oldest === null ? 0 : Math.max(0, at - checks.oldest) / 1_000)
    checkpoint.set(await readCheckpointAge(rows, at))
    const waits = await rows
      .selectFrom('event_forgetting_wait')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    waiting.set(waits.count)
    for (const stream of streams) {
      const state = await readStream(rows, stream, at)
      delivered.set({ stream: stream.name }, state.delivered)
      behind.set({ stream: stream.name }, state.behind)
      lag.set({ stream: stream.name }, state.seconds)
      failures.set({ stream: stream.name }, state.failures)
    }
  }
}
