/**
 * How long requests take, and where: with the gateway, and with each application (rate, errors and duration of each).
 *
 * It does not time decisions alone (`metrics.ts` does). Invariant: labels are the ids of configured applications and a
 * closed set; an observation is two additions, without a promise and without a label object. One figure for the whole
 * of a request was refused: it says that people wait, not for whom.
 */
import type { Registry } from 'prom-client'
import type { DurationMs } from '../policies/instant.ts'
import { createCounterCells, createHistogramCells } from './histogram-cells.ts'

/** What the engine times. */
export type Latency = {
  /** A request went on to an application so long after its head was read. */
  forwarded(ms: DurationMs): void
  /** The gateway itself answered, without asking an application, so long after the head was read. */
  answered(ms: DurationMs): void
  /** The head of an application's answer came so long after the request went out. */
  upstreamAnswered(upstream: string, status: number, ms: DurationMs): void
  /** An application gave no proper answer. */
  upstreamFailed(upstream: string): void
}

const outcomes = ['1xx', '2xx', '3xx', '4xx', '5xx', 'failed'] as const

/** Seconds. What a gateway adds: from a tenth of a millisecond, to what waits for a store or a control plane. */
const addedBounds = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5] as const
/** Seconds. What applications take. */
const upstreamBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const

/** The figures, at zero. */
export function createLatency(registry: Registry): Latency {
  const added = createHistogramCells(
    registry,
    {
      name: 'gatehouse_added_latency_seconds',
      help: 'From a request’s head until it went on to an application, or was answered here.',
      label: 'way',
    },
    addedBounds,
  )
  const waited = createHistogramCells(
    registry,
    {
      name: 'gatehouse_upstream_response_seconds',
      help: 'From sending a request to an application until the head of its answer.',
      label: 'upstream',
    },
    upstreamBounds,
  )
  const requests = createCounterCells(
    registry,
    {
      name: 'gatehouse_upstream_requests_total',
      help: 'Requests to an application by class of status; "failed": without a proper answer.',
      label: 'upstream',
    },
    outcomes,
  )
  return {
    forwarded: (ms) => added('forwarded', ms),
    answered: (ms) => added('answered', ms),
    upstreamAnswered(upstream, status, ms) {
      requests(upstream, outcomes[Math.min(4, Math.max(0, Math.floor(status / 100) - 1))] ?? 'failed')
      waited(upstream, ms)
    },
    upstreamFailed: (upstream) => requests(upstream, 'failed'),
  }
}
