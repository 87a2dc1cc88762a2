/**
 * One connection to Redis that keeps itself up, and answers or rejects every call within its deadline.
 *
 * What is said over it is `hot-store-redis.ts`. Invariant: a call that failed is never sent later (no offline queue,
 * no resending), since a write from before an outage must not overwrite one from after it; and an `error` event
 * without a listener, which would end the process, cannot happen. ioredis' own queue and retries were refused.
 */
import type { DurationMs } from '../policies/instant.ts'
import { type Fault, fault, isFault } from './fault.ts'
import type { Log } from './log.ts'
import { type ClientBounds, openRedisClient } from './redis-client.ts'
import type { RedisPlace } from './redis-place.ts'

/** A connection that is asked with deadlines. */
export type RedisConnection = {
  call(deadlineMs: DurationMs, command: string, ...args: readonly (string | number)[]): Promise<unknown>
  /** The answer of every primary: of one, except in a Cluster. */
  callEach(deadlineMs: DurationMs, command: string): Promise<readonly unknown[]>
  close(): void
}

/** What Redis says, as whose fault it is. */
function faultOf(error: unknown, command: string): Fault {
  if (isFault(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  const of = (kind: Fault['kind'], retry: Fault['retry']) =>
    fault('hot-store', kind, `${command}: ${message}`, retry, error)
  if (/^OOM/.test(message)) return of('full', 'yes')
  if (/^(LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|TRYAGAIN)/.test(message)) return of('unreachable', 'yes')
  if (/^(READONLY|UNBLOCKED)/.test(message)) return of('refused', 'fresh-connection')
  if (/^(NOAUTH|WRONGPASS|NOPERM|WRONGTYPE|ERR|NOSCRIPT|EXECABORT)/.test(message)) return of('refused', 'no')
  if (/Connection is closed|retries per request|isn't writeable|ECONN|EPIPE|aborted/.test(message))
    return of('reset', 'fresh-connection')
  return of('unreachable', 'yes')
}

/** `answer`, or a fault once `ms` are over; what comes later is dropped. */
function within<T>(ms: DurationMs, answer: Promise<T>, late: () => Fault): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Follows a client's life: says once that it was lost and once that it is back, and lets calls wait for it. */
function watchClient(name: string, log: Log) {
  let lastError: unknown
  let lost = false
  const waiting = new Set<() => void>()
  const wakeAll = (): void => {
    for (const wake of waiting) wake()
    waiting.clear()
  }
  const unreachable = (command: string) =>
    fault('hot-store', 'unreachable', `${command}: no connection`, 'yes', lastError)
  const nodesLost = new Set<string>()
  return {
    wakeAll,
    unreachable,
    events: {
      lost(error: unknown): void {
        lastError = error
        if (!lost) log.warn({ error, connection: name }, 'hot store: connection lost')
        lost = true
      },
      ready(): void {
        if (lost) log.info({ connection: name }, 'hot store: connected again')
        lost = false
        lastError = undefined
        wakeAll()
      },
      nodeLost(node: string, error: unknown): void {
        lastError = error
        if (!nodesLost.has(node))
          log.warn({ error, node, connection: name }, 'hot store: a node of the cluster is lost')
        nodesLost.add(node)
      },
      nodeReady(node: string): void {
        if (nodesLost.delete(node))
          log.info({ node, connection: name }, 'hot store: a node of the cluster is there again')
      },
    },
    /** Resolves once it is connected, or was closed; rejects after `ms`. */
    async ready(ms: DurationMs, command: string): Promise<void> {
      let wake = (): void => {}
      const ready = new Promise<void>((resolve) => {
        wake = resolve
        waiting.add(resolve)
      })
      try {
        await within(ms, ready, () => unreachable(command))
      } finally {
        waiting.delete(wake)
      }
    },
  }
}

/**
 * A connection that keeps itself up. `connectMs` bounds how long a call waits for it to be there (a read that waits
 * half a minute for news must not wait as long for a server); `socketTimeoutMs`: silence after which it is renewed.
 */
export function connectRedis(
  place: RedisPlace,
  name: string,
  bounds: ClientBounds,
  log: Log,
): RedisConnection {
  const life = watchClient(name, log)
  const client = openRedisClient(place, name, bounds, life.events)
  let closed = false
  const closedFault = () => fault('hot-store', 'closed', 'the store was closed', 'no')

  const ask = async <T>(deadlineMs: DurationMs, command: string, send: () => Promise<T>): Promise<T> => {
    let late = false
    const sent = async (): Promise<T> => {
      if (!client.isReady() && !closed) await life.ready(bounds.connectMs, command)
      // A caller that was told of a failure must not see its command happen after all.
      return closed || late ? Promise.reject(closedFault()) : send()
    }
    try {
      return await within(deadlineMs, sent(), () => {
        late = true
        if (!client.isReady()) return life.unreachable(command)
        return fault('hot-store', 'timeout', `${command}: no answer in ${deadlineMs} ms`)
      })
    } catch (error) {
      const found = closed ? closedFault() : faultOf(error, command)
      if (found.retry !== 'no') client.doubt()
      throw found
    }
  }
  return {
    call: (deadlineMs, command, ...args) => ask(deadlineMs, command, () => client.send(command, args)),
    callEach: (deadlineMs, command) => ask(deadlineMs, command, () => client.sendToEach(command, [])),
    close() {
      closed = true
      client.close()
      life.wakeAll()
    },
  }
}
