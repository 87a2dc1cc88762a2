/**
 * The judge with all that it speaks through: sites, refusals, records of what was refused and what passed.
 *
 * Only wiring; it decides nothing. Invariant: there is one judge, and every way to an application goes through it.
 */
import { Agent, type Dispatcher } from 'undici'
import type { Limits, UpstreamConfig } from '../runtime/config.ts'
import { readTrustedProxies } from '../runtime/forwarded.ts'
import { keys } from '../runtime/keys.ts'
import { createAsserter } from './assertion.ts'
import { createCompanion } from './companion.ts'
import type { Judge } from './exchange.ts'
import { createJudge } from './judge.ts'
import { createKeptPermits } from './kept-permits.ts'
import { createLastSeen, type LastSeen } from './last-seen.ts'
import type { Metrics } from './metrics.ts'
import type { GatewayParts, Mind } from './mind.ts'
import { createRefusals } from './refusals.ts'
import { createServiceTokens } from './service-tokens.ts'
import { createSites } from './site.ts'
import { createSupportJudge } from './support-header.ts'
import { createTraffic, type Traffic } from './traffic.ts'
import { createConnector } from './upstream-connect.ts'
import { createVerdictLog, type VerdictLog } from './verdict-log.ts'
import { createWindowCounter } from './window-counter.ts'

/** A judge and what must be looked after. `dispatcher`: its own connections to applications. */
export type Court = {
  readonly judge: Judge
  readonly lastSeen: LastSeen
  readonly traffic: Traffic
  readonly verdicts: VerdictLog
  readonly dispatcher: { destroy(): Promise<void> }
}

/** Service tokens of one address that are not accepted; a machine has one, and it is right. */
const wrongTokensPerMinute = 30

/** Sessions of which permits are kept: of people at work now. */
const permitsKeptMax = 10_000

/** Whether a sign-in could be judged and recorded now: fresh knowledge, and a control plane with its database. */
const readiness =
  ({ controlPlane }: GatewayParts, { lease }: Mind) =>
  async (): Promise<boolean> => {
    if (!lease.alive() || controlPlane === null) return false
    try {
      await controlPlane.record(keys.manifest)
      return true
    } catch {
      return false
    }
  }

/** What applications are asked through: connections of each one's own, since each is trusted on its own terms. */
const createDispatchers = (upstreams: readonly UpstreamConfig[], limits: Limits) => {
  // One half for strangers, one for those who are known (`introspect.ts`).
  const connections = 2 * limits.introspectionsInFlightMax
  // Made at once, so that no gateway starts with a CA file that cannot be used.
  const all = new Map<string, Dispatcher>(
    upstreams.map((upstream) => [
      upstream.id,
      new Agent({ connections, pipelining: 1, connect: createConnector(upstream) }),
    ]),
  )
  return {
    of(upstream: UpstreamConfig): Dispatcher {
      const found = all.get(upstream.id)
      if (found === undefined) throw new Error(`no upstream ${upstream.id}`)
      return found
    },
    async destroy(): Promise<void> {
      await Promise.all([...all.values()].map((dispatcher) => dispatcher.destroy()))
    },
  }
}

/** The court of one gateway; `origin`: the application as browsers call it. */
export function createCourt(parts: GatewayParts, origin: string, mind: Mind, metrics: Metrics): Court {
  const { id, config, store, controlPlane, clock, log } = parts
  const { directory, sessions, reports, endings, lease, knowledge } = mind
  const { limits } = config.gateway
  const companion = createCompanion(config.gateway.companionName)
  const dispatchers = createDispatchers(config.upstreams, limits)
  const verdicts = createVerdictLog({ gateway: id, directory, reports, log })
  const traffic = createTraffic(directory, reports)
  const refusals = createRefusals({ directory, verdicts, clock })
  const lastSeen = createLastSeen({ store, fleetKey: parts.seal, clock, reports })
  const shared = { limits, clock, log, companion, sessions, endings, directory, reports, store, controlPlane }
  const sites = createSites(
    {
      ...shared,
      gateway: id,
      fleetKey: parts.seal,
      dispatcherOf: dispatchers.of,
      origin,
      apply: knowledge.apply,
      // One that cannot be reached is not known to be emptied: then the control plane is asked for everything.
      mayAdopt: () => !knowledge.isUnseeded(),
      isReady: readiness(parts, mind),
      isAlive: lease.alive,
      refusals,
    },
    config.upstreams,
    mind.duties,
  )
  const asserter = createAsserter(parts.clusterKey, origin)
  const machines = createServiceTokens(
    {
      ...{ directory, companion, asserter, verdicts, traffic, reports, clock, counters: metrics.judge },
      wrongTokens: createWindowCounter({
        ...{ limit: wrongTokensPerMinute, windowMs: 60_000, keysMax: 100_000, monotonic: clock.monotonic },
      }),
      tokenOf: directory.token,
    },
    config.gateway.tokenHeader,
  )
  const plain = createJudge({
    ...{ sites, companion, sessions, endings, lastSeen, directory, refusals, verdicts, traffic, clock, log },
    ...{ asserter, machines, permits: createKeptPermits(directory, permitsKeptMax) },
    counters: metrics.judge,
    observedBytesMax: limits.observedBodyBytesMax,
    isAlive: lease.alive,
    catchUp: knowledge.catchUp,
  })
  const { secret, from } = config.gateway.explain
  const ranges = readTrustedProxies(from, 'gateway.explain.from')
  const judge =
    secret === null || !ranges.ok
      ? plain
      : createSupportJudge(plain, { gateway: id, secret, from: ranges.value, duties: mind.duties })
  return { judge, lastSeen, traffic, verdicts, dispatcher: dispatchers }
}
