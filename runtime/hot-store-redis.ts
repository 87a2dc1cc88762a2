/**
 * The hot store on Redis (6.2 or newer) or Valkey: one server, a primary that Sentinels name, or a Cluster.
 *
 * Every call answers or rejects within its deadline, also when Redis is stopped, gone or half-open
 * (`redis-connection.ts`). Waiting reads have connections of their own, since a blocked connection delays everything
 * behind it. Invariant: an answer of another form than Redis gives is a fault, never a value. Client tracking and
 * pub/sub were refused: both lose messages over a reconnect.
 */
import type { DurationMs } from '../policies/instant.ts'
import { fault, isFault } from './fault.ts'
import type { HotStore, StreamEntry } from './hot-store.ts'
import { clusterKey } from './keys.ts'
import { type Log, silentLog } from './log.ts'
import { connectRedis, type RedisConnection } from './redis-connection.ts'
import type { RedisPlace } from './redis-place.ts'
import { complaintsOf } from './redis-set-up.ts'
import { isPosition, streamStart } from './stream-position.ts'

/** The only field of a stream entry. */
const entryField = 't'

/** Counts, and gives a counter without an expiry one: also one whose key expired between two commands. */
const incrementScript = `
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return count`

const garbage = (command: string) =>
  fault('hot-store', 'garbage', `${command}: an answer of another form than Redis gives`, 'no')

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

/** Connections for waiting reads: one per reader at a time, dropped after any failure. */
function createWaiters(open: () => RedisConnection) {
  const idle: RedisConnection[] = []
  const busy = new Set<RedisConnection>()
  return {
    async use<T>(work: (connection: RedisConnection) => Promise<T>): Promise<T> {
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

/** Asks Redis, with the store's deadline. */
type Call = (command: string, ...args: readonly (string | number)[]) => Promise<unknown>

const expiry = (ms: DurationMs | null): readonly (string | number)[] => (ms === null ? [] : ['PX', px(ms)])

/** The name a key has on the servers. */
type Naming = (key: string) => string

function valueCalls(call: Call, nameOf: Naming): Pick<HotStore, Values> {
  const read = async (key: string): Promise<string | null> =>
    textOrNull('GET', await call('GET', nameOf(key)))
  return {
    read,
    // Sent without waiting in between, so one round trip; MGET would demand one slot in a cluster.
    readMany: (keys) => Promise.all(keys.map(read)),
    async write(key, text, expiresInMs) {
      await call('SET', nameOf(key), text, ...expiry(expiresInMs))
    },
    async writeIfAbsent(key, text, expiresInMs) {
      return (await call('SET', nameOf(key), text, ...expiry(expiresInMs), 'NX')) !== null
    },
    async remove(key) {
      await call('DEL', nameOf(key))
    },
    take: async (key) => textOrNull('GETDEL', await call('GETDEL', nameOf(key))),
    increment: async (key, by, expiresInMs) =>
      numberOf('EVAL', await call('EVAL', incrementScript, 1, nameOf(key), by, px(expiresInMs))),
  }
}
type Values = 'read' | 'readMany' | 'write' | 'writeIfAbsent' | 'remove' | 'take' | 'increment'

/** `wait` asks on a connection that may block for that long. */
function streamCalls(
  call: Call,
  nameOf: Naming,
  wait: (waitMs: DurationMs, ...command: Parameters<Call>) => Promise<unknown>,
): Pick<HotStore, 'append' | 'readAfter' | 'lastPosition'> {
  return {
    append: async (stream, text, lengthMax) =>
      textOf('XADD', await call('XADD', nameOf(stream), 'MAXLEN', '~', lengthMax, '*', entryField, text)),
    async readAfter(stream, position, countMax, waitMs) {
      if (!isPosition(position)) throw fault('hot-store', 'refused', `no position: ${position}`, 'no')
      const tail = ['STREAMS', nameOf(stream), position]
      if (waitMs <= 0) return readEntries(await call('XREAD', 'COUNT', countMax, ...tail))
      return readEntries(await wait(waitMs, 'XREAD', 'COUNT', countMax, 'BLOCK', px(waitMs), ...tail))
    },
    async lastPosition(stream) {
      const newest = entriesOf('XREVRANGE', await call('XREVRANGE', nameOf(stream), '+', '-', 'COUNT', 1))
      return newest[0]?.position ?? streamStart
    },
  }
}

/**
 * A hot store on the Redis at that place. Connects in the background: until it is there, calls reject with a fault of
 * kind `unreachable`. `deadlineMs` bounds every call (waiting reads: on top of their wait).
 */
export function createRedisHotStore(
  options: RedisPlace & { readonly deadlineMs?: DurationMs; readonly log?: Log },
): HotStore {
  const { deadlineMs = 1_000, log = silentLog } = options
  const main = connectRedis(
    options,
    'gatehouse',
    { connectMs: deadlineMs, socketTimeoutMs: 2 * deadlineMs },
    log,
  )
  // Quiet by nature, so silence is no sign; each wait has its own deadline and a failed connection is dropped.
  const waiters = createWaiters(() =>
    connectRedis(options, 'gatehouse-waiting', { connectMs: deadlineMs, socketTimeoutMs: null }, log),
  )
  const nameOf = 'cluster' in options ? clusterKey : (key: string) => key
  let open = true

  const guard = (): void => {
    if (!open) throw fault('hot-store', 'closed', 'the store was closed', 'no')
  }
  const call: Call = async (command, ...args) => {
    guard()
    return main.call(deadlineMs, command, ...args)
  }

  return {
    kind: 'redis',
    ...valueCalls(call, nameOf),
    ...streamCalls(call, nameOf, async (waitMs, ...command) => {
      guard()
      return waiters.use((waiter) => waiter.call(waitMs + deadlineMs, ...command))
    }),
    async time() {
      const answer = await call('TIME')
      if (!Array.isArray(answer)) throw garbage('TIME')
      return numberOf('TIME', answer[0]) * 1_000 + Math.floor(numberOf('TIME', answer[1]) / 1_000)
    },
    async complaints() {
      guard()
      const each = await main.callEach(deadlineMs, 'INFO').catch((error: unknown) => {
        // Some hosted services forbid it; not being told is a complaint, not a failure.
        if (isFault(error) && error.kind === 'refused') return ['']
        throw error
      })
      return complaintsOf(
        each.map((info) => textOf('INFO', info)),
        'cluster' in options ? 'cluster' : 'sentinels' in options ? 'sentinels' : 'one',
      )
    },
    async close() {
      open = false
      main.close()
      waiters.closeAll()
    },
  }
}
