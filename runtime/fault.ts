/**
 * Faults: the world failed (a store, a peer, an application), as data: whose fault, what, and whether to try again.
 *
 * Not for bad input (`problem.ts`) and not for refusals (a decision is an answer). The cause stays inside for
 * logs; only `sentence` may reach a person. Error subclasses per kind were refused: one table reads better.
 */

/** Who failed. */
export type FaultSource = 'hot-store' | 'database' | 'control-plane' | 'upstream' | 'downstream' | 'self'

/** What went wrong. `untrusted`: the peer could not prove who it is. */
export type FaultKind =
  | 'unreachable'
  | 'timeout'
  | 'refused'
  | 'untrusted'
  | 'reset'
  | 'garbage'
  | 'truncated'
  | 'full'
  | 'closed'

/** Whether trying again may help: never, always, or only on a fresh connection. */
export type Retry = 'no' | 'yes' | 'fresh-connection'

/** A failure of the world. */
export type Fault = Error & {
  readonly fault: true
  readonly source: FaultSource
  readonly kind: FaultKind
  readonly retry: Retry
}

/** A fault with its cause, ready to be thrown or to reject with. */
export const fault = (
  source: FaultSource,
  kind: FaultKind,
  what: string,
  retry: Retry = 'yes',
  cause?: unknown,
): Fault =>
  Object.assign(new Error(`${source}: ${kind}: ${what}`, cause === undefined ? undefined : { cause }), {
    fault: true as const,
    source,
    kind,
    retry,
  })

/** Whether a caught value is a fault. */
export const isFault = (value: unknown): value is Fault =>
  value instanceof Error && 'fault' in value && value.fault === true
