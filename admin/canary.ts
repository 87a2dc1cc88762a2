/**
 * The control plane's side of the canary: begins a round when one is due, and makes figures of what gateways answer.
 *
 * The steps are `runtime/canary.ts`. Invariant: of all control planes one begins a round, by one compare-and-set; a time
 * runs from the save of the change to the gateway's word that it decides by it, the way back included, on one clock: what
 * is told is never shorter than it was. Alerts are the operators' rules on the figures.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { type CanaryChange, canaryStep, canaryTargetMs } from '../runtime/canary.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { announceCanary } from './store/outbox.ts'
import { listLiveGateways } from './store/publish-state.ts'
import type { ReportOf } from './store/reports.ts'

/**
 * What became of a change on one gateway. `wrong`: it decided something else than the change says; `missed`: it is live,
 * took part before, and has said nothing until the next round.
 */
export type CanaryOutcome = 'in-time' | 'late' | 'missed' | 'wrong'

/** One outcome. `ms`: how long it took; `null`: it did not come. */
export type CanaryResult = {
  readonly change: CanaryChange
  readonly outcome: CanaryOutcome
  readonly ms: DurationMs | null
}

const everyMs: DurationMs = 30_000

const readRound = (rows: Rows) => rows.selectFrom('canary').select(['round', 'saved_at']).executeTakeFirst()

/** Live gateways that answered an earlier round and not this one. */
async function listMissed(tx: Tx, round: number, at: Instant): Promise<number> {
  const live = new Set((await listLiveGateways(tx, at)).map(({ gateway }) => gateway))
  const behind = await tx.selectFrom('canary_answer').select('gateway').where('round', '<', round).execute()
  return behind.filter(({ gateway }) => live.has(gateway)).length
}

/**
 * Begins the next round if the last one is half a minute old; the first begins half a minute after the first call. Answers
 * what was missed in the round that ended; `null`: none was due, or another control plane began it.
 */
export function beginCanaryRound(store: Store, at: Instant): Promise<readonly CanaryResult[] | null> {
  return store.transaction(async (tx) => {
    await tx
      .insertInto('canary')
      .values({ round: 0, saved_at: at })
      .onConflict((oc) => oc.doNothing())
      .execute()
    const begun = await tx
      .updateTable('canary')
      .set((eb) => ({ round: eb('round', '+', 1), saved_at: at }))
      .where((eb) => eb.or([eb('saved_at', '<=', at - everyMs), eb('saved_at', '>', at + everyMs)]))
      .returning('round')
      .executeTakeFirst()
    if (begun === undefined) return null
    const { change } = canaryStep(begun.round - 1)
    const missed = await listMissed(tx, begun.round - 1, at)
    await announceCanary(tx, begun.round, at)
    return Array.from({ length: missed }, () => ({ change, outcome: 'missed', ms: null }) as const)
  })
}

/** Notes what gateways decided; answers what to count, once the transaction is committed. */
export async function applyCanaries(
  tx: Tx,
  reports: readonly ReportOf<'canary'>[],
  at: Instant,
): Promise<readonly CanaryResult[]> {
  if (reports.length === 0) return []
  const now = await readRound(tx)
  const results: CanaryResult[] = []
  for (const { gateway, round, reason } of reports) {
    // Of a round that has ended: it was counted as missed.
    if (now === undefined || round !== now.round) continue
    const noted = await tx
      .insertInto('canary_answer')
      .values({ gateway, round, reason, at })
      .onConflict((oc) =>
        oc.column('gateway').doUpdateSet({ round, reason, at }).where('canary_answer.round', '<', round),
      )
      .returning('gateway')
      .executeTakeFirst()
    if (noted === undefined) continue
    const { change, expected } = canaryStep(round)
    const ms = Math.max(0, at - now.saved_at)
    const outcome = reason !== expected ? 'wrong' : ms <= canaryTargetMs ? 'in-time' : 'late'
    results.push({ change, outcome, ms: outcome === 'wrong' ? null : ms })
  }
  return results
}

/** Adds the figures; answers how to count. */
export function createCanaryFigures(registry: Registry): (results: readonly CanaryResult[]) => void {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'gatehouse_admin_canary_seconds',
    help: 'From the save of a change of the canary until a gateway said that it decides by it.',
    labelNames: ['change'],
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const outcomes = new Counter({
    name: 'gatehouse_admin_canary_total',
    help: 'Changes of the canary by what became of each on each gateway.',
    labelNames: ['change', 'outcome'],
    registers,
  })
  new Gauge({
    name: 'gatehouse_admin_canary_target_seconds',
    help: 'Within which a change is to be enforced everywhere.',
    registers,
  }).set(canaryTargetMs / 1_000)
  for (const change of ['policy', 'revocation'] as const)
    for (const outcome of ['in-time', 'late', 'missed', 'wrong'] as const)
      outcomes.inc({ change, outcome }, 0)
  return (results) => {
    for (const { change, outcome, ms } of results) {
      outcomes.inc({ change, outcome })
      if (ms !== null) seconds.observe({ change }, ms / 1_000)
    }
  }
}
