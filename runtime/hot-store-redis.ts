/**
 * The hot store on Redis (6.2 or newer) or Valkey, over ioredis.
 *
 * Every call answers or rejects within its deadline, also when Redis is stopped, gone or half-open; the connection
 * comes back by itself. A call that missed its deadline is never sent later (no offline queue, no resending): a
 * write from before an outage must not overwrite one from after it. Waiting reads have connections of their own,
 * since a blocked connection delays everything behind it. Client tracking and pub/sub were refused: both lose
 * messages over a reconnect.
 */
import { Redis } from 'ioredis'
import type { DurationMs } from '../policies/instant.ts'
import { type Fault, fault, isFault } from './fault.ts'
import type { HotStore, StreamEntry } from './hot-store.ts'
import { type Log, silentLog } from './log.ts'
import { isPosition, streamStart } from './stream-position.ts'

/** A connection that is asked with deadlines. */
type Connection = {
  call(deadlineMs: DurationMs, command: string, ...args: readonly (string | number)[]): Promise<unknown>
  close(): void
}

/** The only field of a stream entry. */
const entryField = 't'

/** Counts, and gives a counter without an expiry one: also one whose key expired between two commands. */
const incrementScript = `
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return count`

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

const garbage = (command: string) =>
  fault('hot-store', 'garbage', `${command}: an answer of another form than Redis gives`, 'no')

/** `answer`, or a fault once `ms` are over; what comes later is dropped. */
function within<T>(ms: DurationMs, answer: Promise<T>, late: () => Fault): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * A connection that keeps itself up. `connectMs` bounds how long a call waits for it to be there (a read that waits
 * half a minute for news must not wait as long for a server); `socketTimeoutMs`: silence after which it is renewed.
 */
function connect(
  url: string,
  name: string,
  bounds: { readonly connectMs: DurationMs; readonly socketTimeoutMs: DurationMs | null },
  log: Log,
): Connection {
  const { connectMs, socketTimeoutMs } = bounds
  const client = new Redis(url, {
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
  let lastError: unknown
  let lost = false
  let closed = false
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
  const closedFault = () => fault('hot-store', 'closed', 'the store was closed', 'no')
  const unreachable = (command: string) =>
    fault('hot-store', 'unreachable', `${command}: no connection`, 'yes', lastError)

  return {
    async call(deadlineMs, command, ...args) {
      let late = false
      const ask = async (): Promise<unknown> => {
        if (client.status !== 'ready' && !closed) {
          const ready = new Promise<void>((resolve) => waiting.add(resolve))
          await within(connectMs, ready, () => unreachable(command))
        }
        // A caller that was told of a failure must not see its command happen after all.
        return closed || late ? Promise.reject(closedFault()) : client.call(command, ...args)
      }
      try {
        return await within(deadlineMs, ask(), () => {
          late = true
          if (client.status !== 'ready') return unreachable(command)
          return fault('hot-store', 'timeout', `${command}: no answer in ${deadlineMs} ms`, 'yes', lastError)
        })
      } catch (error) {
        throw closed ? closedFault() : faultOf(error, command)
      }
    },
    close() {
      closed = true
      client.disconnect()
      wakeAll()
    },
  }
}

function textOrNull(command: string, answer: unknown): string | null {
  if (answer === null || typeof answer === 'string') return answer
  throw garbage(command)
}

function textOf(command: string, answer: unknown): string {
  if (typeof answer === 'string') return answer
  throw garbage(command)
}

function numberOf(command: string, answer: unknown): number {
  const number = typeof answer === 'string' ? Number(answer) : answer
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw garbage(command)
}

/** Entries `[[position, [field, text, …]], …]`; an entry without our field reads as an empty text. */
function entriesOf(command: string, answer: unknown): readonly StreamEntry[] {
  if (!Array.isArray(answer)) throw garbage(command)
  return answer.map((entry: unknown) => {
    if (!Array.isArray(entry)) throw garbage(command)
    const [position, fields] = entry as readonly unknown[]
    if (typeof position !== 'string' || !Array.isArray(fields)) throw garbage(command)
    const [field, text] = fields as readonly unknown[]
    return { position, text: field === entryField && typeof text === 'string' ? text : '' }
  })
}

/** `XREAD` answers nothing, or one stream with its entries. */
function readEntries(answer: unknown): readonly StreamEntry[] {
  if (answer === null) return []
  const stream = Array.isArray(answer) ? (answer[0] as unknown) : undefined
  if (!Array.isArray(stream)) throw garbage('XREAD')
  return entriesOf('XREAD', stream[1])
}

const infoField = (info: string, field: string): string | undefined =>
  info
    .split(/\r?\n/)
    .find((line) => line.startsWith(`${field}:`))
    ?.slice(field.length + 1)
    .trim()

/** What is wrong with how Redis is set up, read from its `INFO`. */
function complaintsOf(info: string): readonly string[] {
  const complaints: string[] = []
  const policy = infoField(info, 'maxmemory_policy')
  const [major = 0, minor = 0] = (infoField(info, 'redis_version') ?? '0').split('.').map(Number)
  if (policy === undefined)
    complaints.push('Redis does not tell its maxmemory-policy: make sure that it is noeviction')
  else if (policy !== 'noeviction')
    complaints.push(
      `Redis may drop sessions when it is full: set maxmemory-policy to noeviction (it is ${policy})`,
    )
  if (info !== '' && (major < 6 || (major === 6 && minor < 2)))
    complaints.push('Redis is older than 6.2: GETDEL is missing')
  return complaints
}

/** Connections for waiting reads: one per reader at a time, dropped after any failure. */
function createWaiters(open: () => Connection) {
  const idle: Connection[] = []
  const busy = new Set<Connection>()
  return {
    async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
      const connection = idle.pop() ?? open()
      busy.add(connection)
      try {
        const result = await work(connection)
        if (busy.delete(connection)) idle.push(connection)
        return result
      } catch (error) {
        // It may still be blocked on the server: whoever came next would wait behind it.
        if (busy.delete(connection)) connection.close()
        throw error
      }
    },
    closeAll(): void {
      for (const connection of [...idle, ...busy]) connection.close()
      idle.length = 0
      busy.clear()
    },
  }
}

/** Milliseconds as Redis takes an expiry: whole, at least 1. */
const px = (ms: DurationMs): number => Math.max(1, Math.ceil(ms))

/**
 * A hot store on the Redis at `url` (`redis://`, `rediss://`). Connects in the background: until it is there, calls
 * reject with a fault of kind `unreachable`. `deadlineMs` bounds every call (waiting reads: on top of their wait).
 */
export function createRedisHotStore(options: {
  readonly url: string
  readonly deadlineMs?: DurationMs
  readonly log?: Log
}): HotStore {
  const { url, deadlineMs = 1_000, log = silentLog } = options
  const main = connect(url, 'gatehouse', { connectMs: deadlineMs, socketTimeoutMs: 2 * deadlineMs }, log)
  // Quiet by nature, so silence is no sign; each wait has its own deadline and a failed connection is dropped.
  const waiters = createWaiters(() =>
    connect(url, 'gatehouse-waiting', { connectMs: deadlineMs, socketTimeoutMs: null }, log),
  )
  let open = true

  const guard = (): void => {
    if (!open) throw fault('hot-store', 'closed', 'the store was closed', 'no')
  }
  const call = async (command: string, ...args: readonly (string | number)[]): Promise<unknown> => {
    guard()
    return main.call(deadlineMs, command, ...args)
  }
  const read = async (key: string): Promise<string | null> => textOrNull('GET', await call('GET', key))
  const expiry = (ms: DurationMs | null): readonly (string | number)[] => (ms === null ? [] : ['PX', px(ms)])

  return {
    kind: 'redis',
    read,
    // Sent without waiting in between, so one round trip; MGET would demand one slot in a cluster.
    readMany: (keys) => Promise.all(keys.map(read)),
    async write(key, text, expiresInMs) {
      await call('SET', key, text, ...expiry(expiresInMs))
    },
    async writeIfAbsent(key, text, expiresInMs) {
      return (await call('SET', key, text, ...expiry(expiresInMs), 'NX')) !== null
    },
    async remove(key) {
      await call('DEL', key)
    },
    take: async (key) => textOrNull('GETDEL', await call('GETDEL', key)),
    increment: async (key, by, expiresInMs) =>
      numberOf('EVAL', await call('EVAL', incrementScript, 1, key, by, px(expiresInMs))),
    append: async (stream, text, lengthMax) =>
      textOf('XADD', await call('XADD', stream, 'MAXLEN', '~', lengthMax, '*', entryField, text)),
    async readAfter(stream, position, countMax, waitMs) {
      if (!isPosition(position)) throw fault('hot-store', 'refused', `no position: ${position}`, 'no')
      const tail = ['STREAMS', stream, position]
      if (waitMs <= 0) return readEntries(await call('XREAD', 'COUNT', countMax, ...tail))
      guard()
      const args = ['COUNT', countMax, 'BLOCK', px(waitMs), ...tail]
      return readEntries(await waiters.use((waiter) => waiter.call(waitMs + deadlineMs, 'XREAD', ...args)))
    },
    async lastPosition(stream) {
      const newest = entriesOf('XREVRANGE', await call('XREVRANGE', stream, '+', '-', 'COUNT', 1))
      return newest[0]?.position ?? streamStart
    },
    async time() {
      const answer = await call('TIME')
      if (!Array.isArray(answer)) throw garbage('TIME')
      return numberOf('TIME', answer[0]) * 1_000 + Math.floor(numberOf('TIME', answer[1]) / 1_000)
    },
    async complaints() {
      const info = await call('INFO').catch((error: unknown) => {
        // Some hosted services forbid it; not being told is a complaint, not a failure.
        if (isFault(error) && error.kind === 'refused') return ''
        throw error
      })
      return complaintsOf(textOf('INFO', info))
    },
    async close() {
      open = false
      main.close()
      waiters.closeAll()
    },
  }
}
