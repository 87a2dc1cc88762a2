/**
 * A gateway, started: the only place that wires the data plane together and the only one that makes its timers.
 *
 * It decides nothing. Invariant: it listens at once and refuses staff with 503 until it knows enough; losing the lease
 * cuts every judged stream in the same turn in which it is noticed; what was started is stopped again in reverse.
 * With every route public and no identity it needs neither store nor control plane and is a plain reverse proxy.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../runtime/clock.ts'
import type { Config, UpstreamConfig } from '../runtime/config.ts'
import { fleetKey, keepClusterKey } from '../runtime/fleet-seal.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { compileTrustedProxies } from './client-address.ts'
import { createCourt } from './court.ts'
import { openDiskCopy } from './disk-copy.ts'
import { createEngine } from './engine-node.ts'
import { createExchanges, type Schedule } from './exchanges.ts'
import { type ForwardAuthListener, startForwardAuth } from './forward-auth.ts'
import { createHeaderRules } from './headers.ts'
import type { KnowledgeSource } from './knowledge.ts'
import { createMetrics } from './metrics.ts'
import { createMind, watchMind } from './mind.ts'
import { startOperatorListener } from './operator-listener.ts'
import { createUpkeep } from './upkeep.ts'
import { openWatermark } from './watermark.ts'

/** What a gateway starts from. `store` and `controlPlane` are the caller's: they are not closed here. */
export type GatewayOptions = {
  readonly config: Config
  readonly store: HotStore | null
  /** `null` only where nobody is identified. */
  readonly controlPlane: ControlPlane | null
  readonly clock: Clock
  readonly log: Log
  /** Unique in the fleet; absent: by configuration, or random. */
  readonly id?: string
}

/** A running gateway. */
export type RunningGateway = {
  /** Where it listens, as origins. */
  readonly addresses: {
    readonly application: string
    readonly metrics: string
    /** Where proxies ask; `null`: nowhere. */
    readonly forwardAuth: string | null
  }
  /** What is missing before it should get traffic; empty: ready. */
  missing(): readonly string[]
  /** Resolves once staff routes can be judged. */
  ready(): Promise<void>
  /** What tests and operators look at. */
  readonly state: {
    openExchanges(): number
    sequence(): number
    source(): KnowledgeSource
    mirroredSessions(): number
  }
  /** Stops taking requests, lets those in flight end, closes all. */
  close(): Promise<void>
}

/** How long starting waits for knowledge; listening does not wait for it. */
const firstKnowledgeMs = 3_000
const drainMs = 5_000

const schedule: Schedule = (task, ms) => {
  const timer = setTimeout(task, ms)
  return () => clearTimeout(timer)
}

const hostAndPort = (listen: string): { readonly host: string; readonly port: number } => {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}

const originOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Which upstream answers to a host; exact names before `*`. */
function upstreamLookup(upstreams: readonly UpstreamConfig[]): (host: string) => UpstreamConfig | null {
  const exact = new Map(
    upstreams.flatMap((upstream) => upstream.hosts.map((host) => [host.toLowerCase(), upstream])),
  )
  return (host) => exact.get(host) ?? exact.get(host.replace(/:\d*$/, '')) ?? exact.get('*') ?? null
}

const clusterKeyOf = (config: Config): string => {
  if (config.clusterKey !== null) return config.clusterKey
  const kept = keepClusterKey(join(config.dataDir, 'cluster-key'))
  if (!kept.ok) throw new Error(kept.problems.map(({ path, sentence }) => `${path}: ${sentence}`).join('\n'))
  return kept.value
}

const proxiesOf = (texts: readonly string[], key: string) => {
  const compiled = compileTrustedProxies(texts)
  if (!compiled.ok) throw new Error(`${key}: ${compiled.text} is no range that may be trusted`)
  return compiled.trusts
}

/** Listeners, mirrors and judge, wired and not started. */
async function assemble(options: GatewayOptions) {
  const { config, clock, log, store, controlPlane } = options
  const { limits } = config.gateway
  const clusterKey = clusterKeyOf(config)
  const trusts = proxiesOf(config.gateway.trustedProxies, 'gateway.trustedProxies')
  const id = options.id ?? config.gateway.id ?? `gateway-${randomUUID().slice(0, 8)}`
  const parts = { id, config, store, controlPlane, clock, log, clusterKey, seal: fleetKey(clusterKey) }
  const metrics = createMetrics()
  const watermark = await openWatermark(config.dataDir, (error) =>
    log.error({ error, dataDir: config.dataDir }, 'the floor of knowledge cannot be kept on disk'),
  )
  const copy = await openDiskCopy(config.dataDir, (error) =>
    log.error({ error, dataDir: config.dataDir }, 'knowledge cannot be copied to disk'),
  )
  const exchanges = createExchanges({
    now: clock.now,
    schedule,
    sweepMs: limits.sweepMs,
    onCut: metrics.engine.cut,
    onFault: (error) => log.error({ error }, 'a live exchange could not be judged again'),
  })
  const origin = config.origins.application ?? `http://${config.listen.application}`
  const mind = createMind(parts, exchanges, { watermark, copy })
  const court = createCourt(parts, origin, mind, metrics)
  metrics.watchExchanges(exchanges.counts)
  watchMind(metrics, mind)
  const engine = createEngine({
    ...{ limits, trusts, exchanges, log, schedule },
    judge: court.judge,
    companionName: config.gateway.companionName,
    secure: origin.startsWith('https:'),
    lookUpstream: upstreamLookup(config.upstreams),
    counters: metrics.engine,
    now: clock.now,
    monotonic: clock.monotonic,
  })
  const upkeep = createUpkeep({ mind, court, exchanges, clock, log, store, beatMs: config.gateway.beatMs })
  const identifies = config.upstreams.some((upstream) => upstream.identity !== null)
  const missing = (): readonly string[] => [
    ...(identifies && !mind.lease.alive() ? ['knowledge of practices and sessions'] : []),
    ...(upkeep.isClockRight() ? [] : ['a clock that agrees with the hot store']),
  ]
  return { metrics, watermark, copy, exchanges, mind, court, engine, upkeep, identifies, missing, trusts }
}

type Assembly = Awaited<ReturnType<typeof assemble>>

/** Where other proxies ask, if configuration has them; `null`: nowhere. */
async function listenForProxies(
  { config, clock, log }: GatewayOptions,
  { court, mind, metrics, trusts }: Assembly,
): Promise<ForwardAuthListener | null> {
  const { forwardAuth, limits, companionName } = config.gateway
  const { listen, secret } = forwardAuth
  if (listen === null || secret === null) return null
  const { host, port } = hostAndPort(listen)
  const parts = {
    ...{ judge: court.judge, limits, trusts, log, now: clock.now, duties: mind.duties },
    rules: createHeaderRules(companionName),
    asks: proxiesOf(forwardAuth.peers, 'gateway.forwardAuth.peers'),
    secret,
    lookUpstream: upstreamLookup(config.upstreams),
    refused: () => metrics.engine.malformed('forward-auth'),
  }
  return startForwardAuth(parts, host, port)
}

type Beside = { close(): Promise<void> }

/** Stops all that was started; in reverse, requests in flight first. */
async function stop(assembly: Assembly, beside: readonly Beside[]): Promise<void> {
  const { engine, upkeep, mind, exchanges, watermark, copy, court } = assembly
  await engine.close(drainMs)
  upkeep.close()
  mind.knowledge.close()
  exchanges.stop()
  await mind.reports.close()
  await watermark.close()
  await copy.close()
  await court.dispatcher.destroy()
  await Promise.all(beside.map((listener) => listener.close()))
}

const within = (ms: number, done: Promise<void>): Promise<void> =>
  new Promise((resolve) => {
    const cancel = schedule(resolve, ms)
    void done.then(() => {
      cancel()
      resolve()
    })
  })

/**
 * Starts a gateway: listens at once, then waits up to 3 s for its first knowledge. Rejects with the system's error when
 * an address is taken, or with an error that names what in the configuration cannot be used.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config } = options
  const assembly = await assemble(options)
  const { engine, mind, exchanges, metrics, missing, identifies, upkeep } = assembly
  const at = hostAndPort(config.listen.application)
  const metricsAt = hostAndPort(config.listen.gatewayMetrics)
  const beside: Beside[] = []
  try {
    const operating = await startOperatorListener(
      { metrics: metrics.text, missing },
      metricsAt.host,
      metricsAt.port,
    )
    beside.push(operating)
    const asked = await listenForProxies(options, assembly)
    if (asked !== null) beside.push(asked)
    const address = await engine.listen(at.host, at.port)
    if (identifies) {
      upkeep.start()
      await within(firstKnowledgeMs, mind.knowledge.known())
    }
    return {
      addresses: {
        application: originOf(address),
        metrics: originOf(operating),
        forwardAuth: asked === null ? null : originOf(asked),
      },
      missing,
      ready: () => (identifies ? mind.knowledge.known() : Promise.resolve()),
      state: {
        openExchanges: exchanges.size,
        sequence: mind.knowledge.sequence,
        source: mind.knowledge.source,
        mirroredSessions: () => mind.sessions.size,
      },
      close: () => stop(assembly, beside),
    }
  } catch (error) {
    await stop(assembly, beside)
    throw error
  }
}
