/**
 * One connection to Redis that keeps itself up, and answers or rejects every call within its deadline.
 *
 * What is said over it is `hot-store-redis.ts`. Invariant: a call that failed is never sent later (no offline queue,
 * no resending), since a write from before an outage must not overwrite one from after it; and an `error` event
 * without a listener, which would end the process, cannot happen. ioredis' own queue and retries were refused.
 */
import { Redis } from 'ioredis'
import type { DurationMs } from '../policies/instant.ts'
import { type Fault, fault, isFault } from './fault.ts'
import type { Log } from './log.ts'

/** A connection that is asked with deadlines. */
export type RedisConnection = {
  call(deadlineMs: DurationMs, command: string, ...args: readonly (string | number)[]): Promise<unknown>
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

const openClient = (url: string, name: string, socketTimeoutMs: DurationMs | null): Redis =>
  new Redis(url, {
    protocol: 2,
    connectionName: name,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 500) + Math.floor(Math.random() * 50),
    // After a failover the old address may be a replica that only reads: look for the primary again.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...(socketTimeoutMs === null ? {} : { socketTimeout: socketTimeoutMs }),
  })

/** Follows a client's life: says once that it was lost and once that it is back, and lets calls wait for it. */
function watchClient(client: Redis, name: string, log: Log) {
  let lastError: unknown
  let lost = false
  const waiting = new Set<() => void>()
  const wakeAll = (): void => {
    for (const wake of waiting) wake()
    waiting.clear()
  }
  client.on('error', (error: unknown) => {
    lastError = error
    if (!lost) log.warn({ error, connection: name }, 'hot store: connection lost')
    lost = true
  })
  client.on('ready', () => {
    if (lost) log.info({ connection: name }, 'hot store: connected again')
    lost = false
    lastError = undefined
    wakeAll()
  })
  const unreachable = (command: string) =>
    fault('hot-store', 'unreachable', `${command}: no connection`, 'yes', lastError)
  return {
    wakeAll,
    unreachable,
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
  url: string,
  name: string,
  bounds: { readonly connectMs: DurationMs; readonly socketTimeoutMs: DurationMs | null },
  log: Log,
): RedisConnection {
  const client = openClient(url, name, bounds.socketTimeoutMs)
  const life = watchClient(client, name, log)
  let closed = false
  const closedFault = () => fault('hot-store', 'closed', 'the store was closed', 'no')

  return {
    async call(deadlineMs, command, ...args) {
      let late = false
      const ask = async (): Promise<unknown> => {
        if (client.status !== 'ready' && !closed) await life.ready(bounds.connectMs, command)
        // A caller that was told of a failure must not see its command happen after all.
        return closed || late ? Promise.reject(closedFault()) : client.call(command, ...args)
      }
      try {
        return await within(deadlineMs, ask(), () => {
          late = true
          if (client.status !== 'ready') return life.unreachable(command)
          return fault('hot-store', 'timeout', `${command}: no answer in ${deadlineMs} ms`)
        })
      } catch (error) {
        throw closed ? closedFault() : faultOf(error, command)
      }
    },
    close() {
      closed = true
      client.disconnect()
      life.wakeAll()
    },
  }
}
