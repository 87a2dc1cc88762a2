/**
 * What a gateway knows and keeps knowing: mirrors, lease, their keeper, and the way back to the control plane.
 *
 * Only wiring; it starts nothing (`upkeep.ts` does) and decides nothing. Invariant: every change of a mirror reaches
 * the live exchanges in the turn in which it is applied.
 */
import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import type { RouteRequirement } from '../policies/routes.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Config } from '../runtime/config.ts'
import { overrideFileOf } from '../runtime/host-override.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import { createLease, type Lease } from '../runtime/lease.ts'
import type { Log } from '../runtime/log.ts'
import { claimedVersion } from '../runtime/signing.ts'
import { withCanary } from './canary.ts'
import type { DiskCopy } from './disk-copy.ts'
import { createEndings, type Endings } from './endings.ts'
import type { Exchanges } from './exchanges.ts'
import { createOverride, type Override } from './host-override.ts'
import { createKeyOfTruth, type KeyOfTruth } from './key-of-truth.ts'
import { createKnowledge, type Knowledge } from './knowledge.ts'
import type { Metrics } from './metrics.ts'
import type { Directory } from './questions.ts'
import { createReports, type Reports } from './reports.ts'
import { createRouteDuties, type RouteDuties } from './route-duties.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { createSnapshots, type Snapshots } from './snapshots.ts'
import type { Watermark } from './watermark.ts'

/** What all parts of one gateway are made from. `id`: its own in the fleet. */
export type GatewayParts = {
  readonly id: string
  readonly config: Config
  readonly store: HotStore | null
  readonly controlPlane: ControlPlane | null
  readonly clock: Clock
  readonly log: Log
  readonly clusterKey: string
  readonly seal: KeyObject
  /** Whom the override's file must belong to. */
  readonly overrideOwner: number
}

/** What a gateway keeps on disk: the floor of its knowledge, and a copy to start from. */
export type Disk = { readonly watermark: Watermark; readonly copy: DiskCopy }

/** What a gateway knows, and the ways to more. */
export type Mind = {
  readonly truth: KeyOfTruth
  /** Routes by upstream id. */
  readonly duties: ReadonlyMap<string, RouteDuties>
  readonly snapshots: Snapshots
  /** What is asked of practices and people: the mirror, with the operator's override laid over it. */
  readonly directory: Directory & Pick<Snapshots, 'token'>
  readonly override: Override
  readonly sessions: Sessions
  readonly lease: Lease
  readonly knowledge: Knowledge
  readonly reports: Reports
  readonly endings: Endings
  /** Starts from what lies on disk and keeps up to date from there on. */
  begin(): void
  /** Tells the control plane up to which sequence everything is applied. */
  acknowledge(sequence: number): void
}

/** Acknowledges; what is new goes at once, since somebody waits for "active everywhere". */
function createAcknowledging({ id, clock }: GatewayParts, reports: Reports) {
  let told = -1
  const acknowledge = (sequence: number): void => {
    if (sequence < 0) return
    reports.add({ kind: 'ack', gateway: id, sequence, at: clock.now() })
    if (sequence !== told) void reports.flush()
    told = sequence
  }
  return { acknowledge, isNew: (sequence: number): boolean => sequence > told }
}

/** What is known of practices with the operator's override laid over it. */
function overridden(
  { id, config, log, clock, overrideOwner }: GatewayParts,
  snapshots: Snapshots,
  reports: Reports,
  exchanges: Exchanges,
): Pick<Mind, 'override' | 'directory'> {
  const override = createOverride({
    ...{ gateway: id, file: overrideFileOf(config), spool: join(config.dataDir, 'override-spool.jsonl') },
    ...{ reports, log, now: clock.now, owner: overrideOwner },
    onChange: () => exchanges.recheck({}),
  })
  override.look()
  const directory: Mind['directory'] = {
    ...snapshots,
    practice(practice, at) {
      const known = snapshots.practice(practice, at)
      return known === null ? null : override.over(known, practice, at)
    },
  }
  return { override, directory }
}

/** The mind of one gateway, knowing nothing yet; throws on routes that configuration should have refused. */
export function createMind(parts: GatewayParts, exchanges: Exchanges, { watermark, copy }: Disk): Mind {
  const { id, config, store, controlPlane, clock, log, seal } = parts
  const configured = config.controlPlane.publicKey
  const truth = createKeyOfTruth({ configured, controlPlane, kept: copy.publicKey, keep: copy.keepKey }, log)
  const { verifier } = truth
  const duties = new Map(config.upstreams.map((upstream) => [upstream.id, createRouteDuties(upstream)]))
  const routes = new Map<string, RouteRequirement>(
    [...duties.values()].flatMap(({ requirements }) => [...requirements]),
  )
  const onBad = (key: string): void => {
    const place = key.replace(/\{.*\}/, '{…}')
    log.error({ key: place }, 'a record is not as it was signed: the last good one stays')
  }
  const onFault = (error: unknown): void => log.debug({ error }, 'reports wait')
  const reports = createReports({ store, fleetKey: seal, onFault })
  const mirror = createSnapshots({
    verifier,
    routes,
    onChange: (scopes) => {
      for (const scope of scopes) exchanges.recheck(scope)
    },
    onApplied: copy.keep,
    onBad,
  })
  const snapshots = withCanary(mirror, { gateway: id, verifier, clock, reports })
  const lease = createLease({ leaseMs: config.gateway.leaseMs, monotonic: clock.monotonic })
  const sessions = createSessions({
    ...{ store, controlPlane, verifier, clock, onBad },
    sessionsMax: config.gateway.limits.sessionsMirroredMax,
    trusts: (manifest) =>
      knowledge.isSeeded() &&
      knowledge.source() === 'hot-store' &&
      // Read in the same breath: a store that was swapped since the last beat is behind this.
      (claimedVersion(manifest) ?? -1) >= (watermark.highest() ?? 0),
    onChange: ({ record }) => exchanges.recheck({ session: record.id }),
  })
  const { acknowledge, isNew } = createAcknowledging(parts, reports)
  const knowledge: Knowledge = createKnowledge({
    ...{ gateway: id, store, controlPlane, verifier, snapshots, sessions, watermark, lease, clock, log },
    beatMs: config.gateway.beatMs,
    onSequence: (sequence) => {
      if (isNew(sequence)) acknowledge(sequence)
    },
  })
  const endings = createEndings(controlPlane, sessions, (error) =>
    log.warn({ error }, 'the control plane could not be told that a session ended'),
  )
  const begin = (): void => {
    const restored = copy.restore(snapshots)
    if (restored > 0) log.info({ records: restored }, 'knowledge from disk; it counts once it is fresh')
    knowledge.start()
  }
  const { override, directory } = overridden(parts, snapshots, reports, exchanges)
  return {
    truth,
    duties,
    snapshots,
    directory,
    override,
    lease,
    sessions,
    reports,
    knowledge,
    endings,
    begin,
    acknowledge,
  }
}

/** Shows a mind to operators. */
export function watchMind(metrics: Metrics, mind: Mind): void {
  const { lease, knowledge, sessions, snapshots, reports, override } = mind
  metrics.gauge('host_override_active', 'Whether the operator has addresses and hours watched only.', () =>
    override.isOn() ? 1 : 0,
  )
  metrics.gauge('knowledge_age_seconds', 'Since knowledge was last known to be complete.', () =>
    Math.min(1e9, lease.ageMs() / 1_000),
  )
  metrics.gauge(
    'change_feed_lag_seconds',
    'What the last proof of being up to date took, all before it applied.',
    () => lease.lagMs() / 1_000,
  )
  metrics.gauge('knowledge_sequence', 'The highest sequence applied.', knowledge.sequence)
  metrics.gauge('hot_store_seeded', 'Whether the hot store may be believed.', () =>
    knowledge.isSeeded() ? 1 : 0,
  )
  metrics.gauge('mirrored_sessions', 'Sessions held in memory.', () => sessions.size)
  metrics.gauge('mirrored_practices', 'Practices held in memory.', () => snapshots.counts().practices)
  const countBad = (): number => snapshots.counts().bad
  metrics.total('bad_records_total', 'Records that did not open or compile.', countBad)
  const countDropped = (): number => reports.counts().dropped
  metrics.total('reports_dropped_total', 'Reports dropped for want of room.', countDropped)
}
