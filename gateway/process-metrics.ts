/**
 * What operators see of a gateway's process: what runs, how often it was replaced, how far what it may use is used.
 *
 * It counts no request (`metrics.ts`, `latency.ts` do). Invariant: everything is read when somebody scrapes, and costs a
 * request nothing; limits stand beside what they limit, so that an alert needs no configuration.
 */
import { version } from '../runtime/version.ts'
import type { Engine } from './engine.ts'
import type { Metrics } from './metrics.ts'

/** Shows what this process is and how far it is used. `replaced`: how often the worker in its place was. */
export function watchProcess(metrics: Metrics, engine: Engine, exchangesMax: number, replaced: number): void {
  metrics.gauges('build_info', 'Always 1: what runs here.', ['plane', 'version', 'node'], () => [
    [{ plane: 'gateway', version, node: process.version }, 1],
  ])
  metrics.total(
    'worker_restarts_total',
    'How often the worker in this place was replaced after it ended.',
    () => replaced,
  )
  metrics.gauge('open_exchanges_max', 'How many exchanges may be open at once.', () => exchangesMax)
  metrics.gauges('upstream_connections', 'Connections to an application.', ['upstream', 'state'], () =>
    engine.upstreamUses().flatMap(({ upstream, busy, idle }) => [
      [{ upstream, state: 'busy' }, busy],
      [{ upstream, state: 'idle' }, idle],
    ]),
  )
  metrics.gauges(
    'upstream_requests_waiting',
    'Requests that wait for a connection to an application.',
    ['upstream'],
    () => engine.upstreamUses().map(({ upstream, waiting }) => [{ upstream }, waiting]),
  )
}
