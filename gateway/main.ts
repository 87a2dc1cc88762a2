/**
 * A gateway, started: the only place that wires the data plane together and the only one that makes its timers.
 *
 * It decides nothing. Invariant: staff are refused with 503 until it knows enough; losing the lease stops every judged
 * stream in the same turn in which it is noticed; what was started is stopped again in reverse.
 * With every route public and no identity it needs neither store nor control plane and is a plain reverse proxy.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { DurationMs } from '../policies/instant.ts'
import type { Checked } from '../policies/problem.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Config, UpstreamConfig } from '../runtime/config.ts'
import { fleetKey, keepClusterKey } from '../runtime/fleet-seal.ts'
import { rootUser } from '../runtime/host-override.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { compileTrustedProxies } from './client-address.ts'
import { createCourt } from './court.ts'
import { openDiskCopy } from './disk-copy.ts'
import { createEngine } from './engine.ts'
import { createExchanges, type Schedule } from './exchanges.ts'
import { type ForwardAuthListener, startForwardAuth } from './forward-auth.ts'
import { createHeaderRules } from './headers.ts'
import type { ProxyProtocol } from './http1/announced-peers.ts'
import type { KnowledgeSource } from './knowledge.ts'
import type { ListenerTls } from './listener-tls.ts'
import { type LiveCertificates, openCertificates } from './live-certificates.ts'
import { createMetrics } from './metrics.ts'
import { createMind, watchMind } from './mind.ts'
import { startOperatorListener } from './operator-listener.ts'
import { watchProcess } from './process-metrics.ts'
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
  /** Absent: `at-once`. */
  readonly entrance?: Entrance
  /** How often who stood in this place before was replaced, since the supervisor began; absent: 0. */
  readonly replaced?: number
  /** Whom the operator's override must belong to; absent: root. */
  readonly overrideOwner?: number
}

/**
 * When a gateway begins to listen. `at-once`; `soon`: after its first knowledge, or 3 s; `knowing`: after its first
 * knowledge and never without: for one that others stand in for until then.
 */
export type Entrance = 'at-once' | 'soon' | 'knowing'

/** How a gateway is closed: what requests under way get, and what idle connections get to bring one more. */
export type Leave = { readonly graceMs: DurationMs; readonly lingerMs: DurationMs }

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
  /** Stops taking requests, lets those in flight end, closes all. Absent: as configured, without lingering. */
  close(leave?: Leave): Promise<void>
}

/** How long starting waits for knowledge; listening does not wait for it. */
const firstKnowledgeMs = 3_000

const schedule: Schedule = (task, ms) => {
  const timer = setTimeout(task, ms)
  return () => clearTimeout(timer)
}

const hostAndPort = (listen: string): { readonly host: string; readonly port: number } => {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}

type Bound = { readonly host: string; readonly port: number }

const originOf = ({ host, port }: Bound, tls: ListenerTls | null = null): string =>
  `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Which upstream answers to a host; exact names before `*`. */
function upstreamLookup(upstreams: readonly UpstreamConfig[]): (host: string) => UpstreamConfig | null {
  const exact = new Map(
    upstreams.flatMap((upstream) => upstream.hosts.map((host) => [host.toLowerCase(), upstream])),
  )
  return (host) => exact.get(host) ?? exact.get(host.replace(/:\d*$/, '')) ?? exact.get('*') ?? null
}

/** The value, or an error that names all that is wrong. */
const demanded = <T>(checked: Checked<T>): T => {
  if (checked.ok) return checked.value
  throw new Error(checked.problems.map(({ path, sentence }) => `${path}: ${sentence}`).join('\n'))
}

const clusterKeyOf = (config: Config): string => {
  if (config.clusterKey !== null) return config.clusterKey
  const kept = keepClusterKey(join(config.dataDir, 'cluster-key'))
  return demanded(kept)
}

const certificatesOf = async ({
  config: {
    gateway: { tls, limits },
  },
  clock,
  log,
}: GatewayOptions): Promise<LiveCertificates | null> =>
  demanded(
    await openCertificates(tls, { ...{ schedule, log, now: clock.now }, handshakeMs: limits.headDeadlineMs }),
  )

const proxiesOf = (texts: readonly string[], key: string) => {
  const compiled = compileTrustedProxies(texts)
  if (!compiled.ok) throw new Error(`${key}: ${compiled.text} is no range that may be trusted`)
  return compiled.trusts
}

const proxyProtocolOf = ({ gateway: { proxyProtocol } }: Config): ProxyProtocol | null =>
  proxyProtocol.from.length === 0
    ? null
    : {
        announces: proxiesOf(proxyProtocol.from, 'gateway.proxyProtocol.from'),
        deadlineMs: proxyProtocol.deadlineMs,
      }

/** What this gateway lacks to be ready; empty: it is. */
const missingNow = (of: {
  readonly leaving: { readonly begun: boolean }
  readonly identifies: boolean
  readonly mind: ReturnType<typeof createMind>
  readonly upkeep: ReturnType<typeof createUpkeep>
}): readonly string[] => [
  ...(of.leaving.begun ? ['the wish to go on: this gateway is stopping'] : []),
  ...(of.identifies && !of.mind.lease.alive() ? ['knowledge of practices and sessions'] : []),
  ...(of.upkeep.isClockRight() ? [] : ['a clock that agrees with the hot store']),
]

/** Listeners, mirrors and judge, wired and not started. */
async function assemble(options: GatewayOptions) {
  const { config, clock, log, store, controlPlane } = options
  const { limits } = config.gateway
  const clusterKey = clusterKeyOf(config)
  const certificates = await certificatesOf(options)
  const tls = certificates?.tls ?? null
  const trusts = proxiesOf(config.gateway.trustedProxies, 'gateway.trustedProxies')
  const id = options.id ?? config.gateway.id ?? `gateway-${randomUUID().slice(0, 8)}`
  const { overrideOwner = rootUser } = options
  const seal = fleetKey(clusterKey)
  const parts = { id, config, store, controlPlane, clock, log, clusterKey, seal, overrideOwner }
  const metrics = createMetrics()
  const watermark = await openWatermark(config.dataDir, (error) =>
    log.error({ error, dataDir: config.dataDir }, 'the floor of knowledge cannot be kept on disk'),
  )
  const copy = await openDiskCopy(config.dataDir, (error) =>
    log.error({ error, dataDir: config.dataDir }, 'knowledge cannot be copied to disk'),
  )
  const exchanges = createExchanges({
    now: clock.now,
    monotonic: clock.monotonic,
    schedule,
    sweepMs: limits.sweepMs,
    onCut: metrics.engine.cut,
    onFault: (error) => log.error({ error }, 'a live exchange could not be judged again'),
  })
  const scheme = tls === null ? 'http' : 'https'
  const origin = config.origins.application ?? `${scheme}://${config.listen.application}`
  const mind = createMind(parts, exchanges, { watermark, copy })
  const court = createCourt(parts, origin, mind, metrics)
  metrics.watchExchanges(exchanges.counts)
  metrics.watchCertificates(() => certificates?.standings() ?? [])
  watchMind(metrics, mind)
  const engine = createEngine({
    ...{ limits, trusts, exchanges, log, schedule, tls },
    judge: court.judge,
    ...{ engine: config.gateway.engine, http2: config.gateway.http2 },
    proxyProtocol: proxyProtocolOf(config),
    companionName: config.gateway.companionName,
    secure: origin.startsWith('https:'),
    lookUpstream: upstreamLookup(config.upstreams),
    ...{ counters: metrics.engine, latency: metrics.latency },
    ...{ now: clock.now, monotonic: clock.monotonic },
  })
  watchProcess(metrics, engine, limits.exchangesMax, options.replaced ?? 0)
  const upkeep = createUpkeep({ mind, court, exchanges, clock, log, store, beatMs: config.gateway.beatMs })
  const identifies = config.upstreams.some((upstream) => upstream.identity !== null)
  const leaving = { begun: false }
  return {
    metrics,
    watermark,
    copy,
    exchanges,
    mind,
    court,
    engine,
    upkeep,
    identifies,
    missing: () => missingNow({ leaving, identifies, mind, upkeep }),
    trusts,
    tls,
    certificates,
    leaving,
  }
}

type Assembly = Awaited<ReturnType<typeof assemble>>

/** Over TLS where they must show certificates; without, such a listener would hear nobody. */
const tlsForProxies = (tls: ListenerTls | null, names: readonly string[]): ListenerTls | null =>
  names.length === 0 ? null : tls

/** Where other proxies ask, if configuration has them; `null`: nowhere. */
async function listenForProxies(
  { config, clock, log }: GatewayOptions,
  { court, mind, metrics, trusts, tls }: Assembly,
): Promise<ForwardAuthListener | null> {
  const { forwardAuth, limits, companionName, tokenHeader } = config.gateway
  const { listen, certificateNames } = forwardAuth
  if (listen === null) return null
  const { host, port } = hostAndPort(listen)
  const parts = {
    ...{ judge: court.judge, limits, trusts, log, now: clock.now, duties: mind.duties },
    rules: createHeaderRules(companionName),
    asks: forwardAuth,
    tls: tlsForProxies(tls, certificateNames),
    tokenHeader,
    lookUpstream: upstreamLookup(config.upstreams),
    refused: () => metrics.engine.malformed('forward-auth'),
  }
  return startForwardAuth(parts, host, port)
}

/** What listens beside the application's listener; `null`: does not, or not yet. */
type Beside = {
  operating: Awaited<ReturnType<typeof startOperatorListener>> | null
  asked: ForwardAuthListener | null
}

/**
 * Stops all that was started; in reverse, requests in flight first. Who lingers has been replaced already, and leaves
 * the operators' port to the successor at once.
 */
async function stop(assembly: Assembly, { operating, asked }: Beside, leave: Leave): Promise<void> {
  const { engine, upkeep, mind, exchanges, watermark, copy, court, leaving } = assembly
  leaving.begun = true
  assembly.certificates?.close()
  if (leave.lingerMs > 0) await operating?.close()
  await Promise.all([engine.close(leave.graceMs, leave.lingerMs), asked?.close()])
  upkeep.close()
  mind.knowledge.close()
  exchanges.stop()
  await mind.reports.close()
  await watermark.close()
  await copy.close()
  await court.dispatcher.destroy()
  await operating?.close()
}

const within = (ms: number, done: Promise<void>): Promise<void> =>
  new Promise((resolve) => {
    const cancel = schedule(resolve, ms)
    void done.then(() => {
      cancel()
      resolve()
    })
  })

/** Waits for the first knowledge, as long as this entrance asks for. */
async function begin({ identifies, upkeep, mind }: Assembly, entrance: Entrance): Promise<void> {
  if (!identifies) return
  upkeep.start()
  const known = mind.knowledge.known()
  await (entrance === 'knowing' ? known : within(firstKnowledgeMs, known))
}

async function listen(options: GatewayOptions, assembly: Assembly, beside: Beside) {
  const { listen: configured } = options.config
  const at = hostAndPort(configured.application)
  const metricsAt = hostAndPort(configured.gatewayMetrics)
  const view = { metrics: assembly.metrics.text, missing: assembly.missing }
  const operating = await startOperatorListener(view, metricsAt.host, metricsAt.port)
  beside.operating = operating
  const asked = await listenForProxies(options, assembly)
  beside.asked = asked
  const address = await assembly.engine.listen(at.host, at.port)
  return {
    application: originOf(address, assembly.tls),
    metrics: originOf(operating),
    forwardAuth:
      asked === null
        ? null
        : originOf(asked, tlsForProxies(assembly.tls, options.config.gateway.forwardAuth.certificateNames)),
  }
}

/**
 * Starts a gateway: listens (at once, unless told otherwise) and waits up to 3 s for its first knowledge. Rejects with
 * the system's error when an address is taken, or with an error that names what in the configuration cannot be used.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config, entrance = 'at-once' } = options
  const assembly = await assemble(options)
  const { mind, exchanges, missing, identifies } = assembly
  const beside: Beside = { operating: null, asked: null }
  const ordinary: Leave = { graceMs: config.gateway.drainMs, lingerMs: 0 }
  try {
    if (entrance !== 'at-once') await begin(assembly, entrance)
    const addresses = await listen(options, assembly, beside)
    if (entrance === 'at-once') await begin(assembly, entrance)
    return {
      addresses,
      missing,
      ready: () => (identifies ? mind.knowledge.known() : Promise.resolve()),
      state: {
        openExchanges: exchanges.size,
        sequence: mind.knowledge.sequence,
        source: mind.knowledge.source,
        mirroredSessions: () => mind.sessions.size,
      },
      close: (leave = ordinary) => stop(assembly, beside, leave),
    }
  } catch (error) {
    await stop(assembly, beside, ordinary)
    throw error
  }
}
