/**
 * An engine on loopback in front of a given address, with a judge that a test scripts; no stores, no control plane.
 *
 * Not the product's wiring (`gateway/main.ts`): only the HTTP side is on the stand. Time of decisions is the test's
 * clock; timeouts of sockets are real. Everything it starts, `close` ends.
 */

import { compileTrustedProxies } from '../../gateway/client-address.ts'
import { createEngine } from '../../gateway/engine.ts'
import type { Changes, Exchange, Held, Judge, Judgement, Standing } from '../../gateway/exchange.ts'
import { createExchanges, type Exchanges, type Schedule } from '../../gateway/exchanges.ts'
import type { ListenerTls } from '../../gateway/listener-tls.ts'
import { createMetrics, type Metrics } from '../../gateway/metrics.ts'
import type { Decision } from '../../policies/decision.ts'
import { configSchema, type Limits } from '../../runtime/config.ts'
import { type Log, silentLog } from '../../runtime/log.ts'
import { createClock, type TestClock } from './clock.ts'
import { decisionOf } from './decisions.ts'

/** Real timers as a `Schedule`. */
export const realSchedule: Schedule = (task, ms) => {
  const timer = setTimeout(task, ms)
  return () => clearTimeout(timer)
}

/** Nothing changed on the way. */
export const unchanged: Changes = { dropCookies: [], setRequest: [], setCookies: [] }

/** Forwards as a public route does. */
export const forwarded = (change: Partial<Changes> = {}, held: Held | null = null): Judgement => ({
  act: 'forward',
  changes: { ...unchanged, ...change },
  held,
  standing: null,
})

/** A standing whose decisions come from `again`; by default it permits for ever. */
export const standing = (
  again: (at: number) => Decision = () => decisionOf('ok'),
  about: Partial<Pick<Standing, 'user' | 'practices' | 'session' | 'decision'>> = {},
): Standing => ({
  decision: decisionOf('ok'),
  again,
  user: 'usr_1',
  practices: ['p1'],
  session: 's1',
  ...about,
})

/** Forwards as a staff route does. */
export const judged = (of: Standing = standing()): Judgement => ({
  act: 'forward',
  changes: unchanged,
  held: null,
  standing: of,
})

/** Both engines: what is proved of one is proved of the other. */
export const engines = ['own', 'node'] as const
/** One of them. */
export type EngineName = (typeof engines)[number]

/** What may be set differently. */
export type StandOptions = {
  /** Absent: as configuration has it by default. */
  readonly engine?: EngineName
  readonly judge?: Judge
  readonly limits?: Partial<Limits>
  readonly upstream?: Readonly<Record<string, unknown>>
  readonly trustedProxies?: readonly string[]
  /** Absent: nobody announces an address. */
  readonly proxyProtocol?: { readonly from: readonly string[]; readonly deadlineMs: number }
  readonly secure?: boolean
  readonly hosts?: readonly string[]
  /** Absent: plain HTTP. */
  readonly tls?: ListenerTls
  /** Absent: no. */
  readonly http2?: boolean
  readonly log?: Log
}

/** A running engine. */
export type Stand = {
  readonly port: number
  readonly base: string
  readonly clock: TestClock
  readonly exchanges: Exchanges
  readonly metrics: Metrics
  /** Every exchange the judge was asked about, in order. */
  readonly seen: readonly Exchange[]
  close(graceMs?: number): Promise<void>
}

/** Starts an engine for the application at `url`. */
export const startStand = async (url: string, options: StandOptions = {}): Promise<Stand> => {
  const config = configSchema.parse({
    upstreams: [{ id: 'app', name: 'App', url, ...options.upstream }],
    gateway: { limits: options.limits ?? {} },
  })
  const upstream = config.upstreams[0]!
  const clock = createClock()
  const metrics = createMetrics({ bare: true })
  const exchanges = createExchanges({
    now: clock.now,
    schedule: realSchedule,
    sweepMs: 20,
    onCut: metrics.engine.cut,
  })
  const trusted = compileTrustedProxies(options.trustedProxies ?? [])
  if (!trusted.ok) throw new Error(trusted.text)
  const announced = compileTrustedProxies(options.proxyProtocol?.from ?? [])
  if (!announced.ok) throw new Error(announced.text)
  const seen: Exchange[] = []
  const judge = options.judge ?? (() => forwarded())
  const engine = createEngine({
    judge: (exchange) => {
      seen.push(exchange)
      return judge(exchange)
    },
    engine: options.engine ?? config.gateway.engine,
    limits: config.gateway.limits,
    tls: options.tls ?? null,
    http2: options.http2 ?? false,
    trusts: trusted.trusts,
    proxyProtocol:
      options.proxyProtocol === undefined
        ? null
        : { announces: announced.trusts, deadlineMs: options.proxyProtocol.deadlineMs },
    companionName: 'gatehouse',
    secure: options.secure ?? false,
    lookUpstream: (host) => (options.hosts === undefined || options.hosts.includes(host) ? upstream : null),
    exchanges,
    counters: metrics.engine,
    latency: metrics.latency,
    log: options.log ?? silentLog,
    now: clock.now,
    monotonic: () => performance.now(),
    schedule: realSchedule,
  })
  const { port } = await engine.listen('127.0.0.1', 0)
  return {
    port,
    base: `http://127.0.0.1:${port}`,
    clock,
    exchanges,
    metrics,
    seen,
    async close(graceMs = 0) {
      await engine.close(graceMs)
      exchanges.stop()
    },
  }
}
