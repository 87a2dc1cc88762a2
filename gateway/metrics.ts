/**
 * What operators see of a gateway, as Prometheus metrics.
 *
 * It is not a log and names nobody: labels come from closed sets in this program, never from a request, so that no
 * client can grow the number of series (CVE-2023-45142). Invariant: counting on the hot path is an addition to a
 * typed array; label objects are made when somebody scrapes. prom-client's own counters were refused there: a
 * labelled observation costs a microsecond.
 */
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import { type Decision, type Reason, reasons } from '../policies/decision.ts'
import type { DurationMs } from '../policies/instant.ts'
import type { RouteClass } from '../policies/routes.ts'
import type { FaultKind } from '../runtime/fault.ts'
import type { CutReason } from './exchange.ts'
import { type LiveKind, liveKinds } from './exchanges.ts'
import { createLatency, type Latency } from './latency.ts'
import type { CertificateStanding } from './live-certificates.ts'
import { type Oddness, oddnesses } from './target.ts'

/** What the engine counts. */
export type EngineCounters = {
  /** An answer whose head went to a client: the application's, or one of the gateway's own. */
  answered(source: 'application' | 'gateway', status: number): void
  upstreamFailed(kind: FaultKind | 'self'): void
  cut(reason: CutReason, kind: LiveKind): void
  /** A request that was refused before it was one: bad head, bad target, too many connections. */
  malformed(what: MalformedKind): void
}

/** Why something was no request. */
export type MalformedKind = (typeof malformedKinds)[number]

/** What the judge counts. */
export type JudgeCounters = {
  requested(routeClass: RouteClass): void
  /** `mode`: `monitor` for what would have been refused. `durationMs`: of deciding alone, monotonic. */
  decided(decision: Pick<Decision, 'reason'>, mode: 'enforce' | 'monitor', durationMs: DurationMs): void
  /** A path that back ends could read in several ways. */
  oddPath(how: Oddness): void
  /** A request whose practice could not be told, so that every membership had to allow. */
  practiceUnclear(why: (typeof practiceDoubts)[number]): void
  /** A request that named a person as only an identity proxy may, and did not come from one. */
  spoofed(): void
  /** A service token that is unknown here. */
  tokenNotAccepted(): void
}

/** The metrics of one gateway. */
export type Metrics = {
  readonly engine: EngineCounters
  readonly judge: JudgeCounters
  readonly latency: Latency
  /** A value that is read when somebody scrapes; `name` without the `gatehouse_` prefix. */
  gauge(name: string, help: string, read: () => number): void
  /** Values with labels from a closed set or from configuration, read when somebody scrapes. */
  gauges(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => readonly LabelledValue[],
  ): void
  /** A total that somebody else counts; `name` ends in `_total`. */
  total(name: string, help: string, read: () => number): void
  /** Open exchanges by kind. */
  watchExchanges(counts: () => Readonly<Record<LiveKind, number>>): void
  /** The gateway's certificates, by the file they were read from. */
  watchCertificates(standings: () => readonly CertificateStanding[]): void
  /** The exposition text and its content type. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>
}

const malformedKinds = [
  'head',
  'target',
  'host',
  'hop',
  'timeout',
  'too-many-connections',
  'too-many-exchanges',
  'forward-auth',
  'proxy-protocol',
  'http2',
] as const
const routeClasses = ['public', 'staff', 'picker', 'background', 'login', 'logout'] as const
const modes = ['enforce', 'monitor'] as const
const practiceDoubts = ['conflicting', 'unresolved'] as const
const sources = ['application', 'gateway'] as const
const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
const faultKinds = [
  'unreachable',
  'timeout',
  'refused',
  'untrusted',
  'reset',
  'garbage',
  'truncated',
  'full',
  'closed',
  'self',
] as const
const reasonNames = Object.keys(reasons) as readonly Reason[]
const cutReasons: readonly CutReason[] = [...reasonNames, 'knowledge-stale', 'draining']
/** Upper bounds of the decision histogram, in microseconds. */
const durationBoundsUs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 50_000] as const

type Labels = Readonly<Record<string, string>>

/** One value of a gauge. */
export type LabelledValue = readonly [labels: Labels, value: number]

/** A counter over a closed set of rows; `add(row)` is the hot path. */
type Table = { add(row: number): void }

/**
 * Tables of at most so many rows show those that never happened, so that the first error has a rate; of larger ones the
 * text would be mostly zeros.
 */
const zerosMax = 16

const createTable = (registry: Registry, name: string, help: string, rows: readonly Labels[]): Table => {
  const counts = new Float64Array(rows.length)
  const showsZeros = rows.length <= zerosMax
  new Counter({
    name,
    help,
    labelNames: Object.keys(rows[0] ?? {}),
    registers: [registry],
    collect() {
      this.reset()
      rows.forEach((labels, row) => {
        const count = counts[row] ?? 0
        if (showsZeros || count > 0) this.inc(labels, count)
      })
    },
  })
  return {
    add(row) {
      if (row >= 0 && row < counts.length) counts[row] = (counts[row] ?? 0) + 1
    },
  }
}

/** Row numbers of one label's values. */
const indexOf = <T extends string>(values: readonly T[]): ((value: T) => number) => {
  const rows = new Map<string, number>(values.map((value, row) => [value, row]))
  return (value) => rows.get(value) ?? -1
}

/** A histogram in typed arrays, shown to the registry as what it asks of any metric. */
const createDurations = (registry: Registry, name: string, help: string): ((ms: DurationMs) => void) => {
  const buckets = new Float64Array(durationBoundsUs.length + 1)
  let sum = 0
  const get = async () => {
    let count = 0
    const values = durationBoundsUs.map((bound, i) => {
      count += buckets[i] ?? 0
      return { metricName: `${name}_bucket`, labels: { le: String(bound / 1e6) }, value: count }
    })
    count += buckets[durationBoundsUs.length] ?? 0
    const all = { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count }
    const ends = [
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ]
    return { name, help, type: 'histogram', values: [...values, all, ...ends], aggregator: 'sum' }
  }
  // The registry asks a metric for its name and `get`, nothing else; its type is a union of classes.
  registry.registerMetric({ name, help, get } as unknown as Metric)
  return (ms) => {
    const us = ms * 1_000
    let bucket = 0
    while (bucket < durationBoundsUs.length && us > (durationBoundsUs[bucket] ?? 0)) bucket += 1
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
    sum += ms / 1_000
  }
}

const createEngineCounters = (registry: Registry): EngineCounters => {
  const pairs = sources.flatMap((source) => statusClasses.map((status) => ({ source, status })))
  const answers = createTable(registry, 'gatehouse_responses_total', 'Answers by who gave them.', pairs)
  const faults = createTable(
    registry,
    'gatehouse_upstream_failures_total',
    'Requests that an application did not answer properly.',
    faultKinds.map((kind) => ({ kind })),
  )
  const cuts = createTable(
    registry,
    'gatehouse_exchanges_cut_total',
    'Live exchanges that were ended by the gateway.',
    cutReasons.flatMap((cause) => liveKinds.map((kind) => ({ cause, kind }))),
  )
  const malformed = createTable(
    registry,
    'gatehouse_malformed_requests_total',
    'Requests refused before anything was decided.',
    malformedKinds.map((what) => ({ what })),
  )
  const faultRow = indexOf<FaultKind | 'self'>(faultKinds)
  const cutRow = indexOf(cutReasons)
  const kindRow = indexOf<LiveKind>(liveKinds)
  const malformedRow = indexOf<MalformedKind>(malformedKinds)
  return {
    answered: (source, status) =>
      answers.add(
        (source === 'application' ? 0 : statusClasses.length) +
          Math.min(4, Math.max(0, Math.floor(status / 100) - 1)),
      ),
    upstreamFailed: (kind) => faults.add(faultRow(kind)),
    cut: (reason, kind) => cuts.add(cutRow(reason) * liveKinds.length + kindRow(kind)),
    malformed: (what) => malformed.add(malformedRow(what)),
  }
}

const createJudgeCounters = (registry: Registry): JudgeCounters => {
  const requests = createTable(
    registry,
    'gatehouse_requests_total',
    'Requests by route class.',
    routeClasses.map((routeClass) => ({ class: routeClass })),
  )
  const decisions = createTable(
    registry,
    'gatehouse_decisions_total',
    'Decisions; mode "monitor": what would have been refused.',
    reasonNames.flatMap((reason) =>
      modes.map((mode) => ({
        verdict: reasons[reason].verdict,
        reason,
        control: reasons[reason].control ?? 'none',
        mode,
      })),
    ),
  )
  const durations = createDurations(
    registry,
    'gatehouse_decision_duration_seconds',
    'Time that deciding took.',
  )
  const oddPaths = createTable(
    registry,
    'gatehouse_odd_paths_total',
    'Requests whose path back ends could read in several ways.',
    oddnesses.map((how) => ({ how })),
  )
  const unclear = createTable(
    registry,
    'gatehouse_practices_unclear_total',
    'Requests of which every membership had to allow, since their practice could not be told.',
    practiceDoubts.map((why) => ({ why })),
  )
  const spoofs = createTable(
    registry,
    'gatehouse_identity_spoofs_total',
    'Requests that named a person in the headers of an identity proxy, and did not come from one.',
    [{}],
  )
  const wrongTokens = createTable(
    registry,
    'gatehouse_service_tokens_refused_total',
    'Requests with a service token that is not known here.',
    [{}],
  )
  const oddRow = indexOf(oddnesses)
  const doubtRow = indexOf(practiceDoubts)
  const classRow = indexOf<RouteClass>(routeClasses)
  const reasonRow = indexOf(reasonNames)
  return {
    requested: (routeClass) => requests.add(classRow(routeClass)),
    oddPath: (how) => oddPaths.add(oddRow(how)),
    practiceUnclear: (why) => unclear.add(doubtRow(why)),
    spoofed: () => spoofs.add(0),
    tokenNotAccepted: () => wrongTokens.add(0),
    decided(decision, mode, durationMs) {
      decisions.add(reasonRow(decision.reason) * modes.length + (mode === 'enforce' ? 0 : 1))
      durations(durationMs)
    },
  }
}

const watchCertificates = (registry: Registry, standings: () => readonly CertificateStanding[]): void => {
  const perFile = (name: string, help: string, read: (standing: CertificateStanding) => number): void => {
    new Gauge({
      name: `gatehouse_certificate_${name}`,
      help,
      labelNames: ['file'],
      registers: [registry],
      collect() {
        this.reset()
        for (const standing of standings()) this.set({ file: standing.file }, read(standing))
      },
    })
  }
  perFile(
    'expires_seconds',
    'When the certificate in use runs out, in seconds since 1970.',
    ({ expiresAt }) => expiresAt / 1_000,
  )
  perFile('outdated', 'Whether the files hold something newer that could not be taken.', ({ isOutdated }) =>
    isOutdated ? 1 : 0,
  )
}

/** Metrics in a registry of their own; with those of the process unless `bare`. */
export const createMetrics = (options: { readonly bare?: boolean } = {}): Metrics => {
  const registry = new Registry()
  if (options.bare !== true) {
    collectDefaultMetrics({ register: registry })
    // Gauges whose names end in _total: promtool refuses them.
    for (const name of ['handles', 'requests', 'resources'])
      registry.removeSingleMetric(`nodejs_active_${name}_total`)
  }
  return {
    engine: createEngineCounters(registry),
    judge: createJudgeCounters(registry),
    latency: createLatency(registry),
    gauge(name, help, read) {
      new Gauge({
        name: `gatehouse_${name}`,
        help,
        registers: [registry],
        collect() {
          this.set(read())
        },
      })
    },
    gauges(name, help, labelNames, read) {
      new Gauge({
        ...{ name: `gatehouse_${name}`, help, labelNames: [...labelNames], registers: [registry] },
        collect() {
          this.reset()
          for (const [labels, value] of read()) this.set(labels, value)
        },
      })
    },
    total(name, help, read) {
      new Counter({
        name: `gatehouse_${name}`,
        help,
        registers: [registry],
        collect() {
          this.reset()
          this.inc(read())
        },
      })
    },
    watchExchanges(counts) {
      new Gauge({
        name: 'gatehouse_open_exchanges',
        help: 'Exchanges open now.',
        labelNames: ['kind'],
        registers: [registry],
        collect() {
          const now = counts()
          for (const kind of liveKinds) this.set({ kind }, now[kind])
        },
      })
    },
    watchCertificates: (standings) => watchCertificates(registry, standings),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
