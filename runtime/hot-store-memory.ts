/**
 * The hot store in this process: for one machine without Redis, and for tests of everything above the contract.
 *
 * Not shared between processes and gone with this one, which loses nothing (PostgreSQL is the record). Expired
 * values are never answered: they are dropped when met, and a few at every write, so that no timer is needed and
 * a value nobody asks for again does not stay. A timer per key was refused: it costs more than the value.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'
import { never } from '../policies/instant.ts'
import { fault } from './fault.ts'
import type { HotStore, StreamEntry, StreamPosition } from './hot-store.ts'
import { comparePositions, isPosition, streamStart } from './stream-position.ts'

type Value = { readonly text: string; readonly expiresAt: Instant }
type Stream = { readonly entries: StreamEntry[]; last: StreamPosition; readonly waiting: Set<() => void> }

/** How many old values each write looks at for expiry. */
const sweptPerWrite = 4

const closed = () => fault('hot-store', 'closed', 'the in-process store was closed', 'no')

function createValues(now: () => Instant) {
  const values = new Map<string, Value>()
  let sweep = values.entries()
  const live = (key: string): Value | undefined => {
    const value = values.get(key)
    if (value === undefined || value.expiresAt > now()) return value
    values.delete(key)
    return undefined
  }
  const sweepSome = (): void => {
    const at = now()
    for (let looked = 0; looked < sweptPerWrite; looked++) {
      const next = sweep.next()
      if (next.done === true) {
        sweep = values.entries()
        return
      }
      if (next.value[1].expiresAt <= at) values.delete(next.value[0])
    }
  }
  return {
    live,
    remove: (key: string) => values.delete(key),
    put(key: string, text: string, expiresAt: Instant): void {
      values.set(key, { text, expiresAt })
      sweepSome()
    },
    clear: () => values.clear(),
  }
}

/** The index of the first entry after `position`; entries are in order. */
function firstAfter(entries: readonly StreamEntry[], position: StreamPosition): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && comparePositions(entry.position, position) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The position after `last` at the time `at`; grows even when the clock stands or goes back. */
function positionAfter(last: StreamPosition, at: Instant): StreamPosition {
  const fresh = `${at}-0`
  if (comparePositions(fresh, last) > 0) return fresh
  const [ms, sequence] = last.split('-')
  return `${ms}-${Number(sequence) + 1}`
}

function createStreams(now: () => Instant) {
  const streams = new Map<string, Stream>()
  const streamOf = (name: string): Stream => {
    const found = streams.get(name)
    if (found !== undefined) return found
    const fresh: Stream = { entries: [], last: streamStart, waiting: new Set() }
    streams.set(name, fresh)
    return fresh
  }
  return {
    streamOf,
    append(name: string, text: string, lengthMax: number): StreamPosition {
      const stream = streamOf(name)
      stream.last = positionAfter(stream.last, now())
      stream.entries.push({ position: stream.last, text })
      // Trimmed in bulk: taking one from the front at each append would cost the stream's length every time.
      if (stream.entries.length > lengthMax + Math.min(100, lengthMax))
        stream.entries.splice(0, stream.entries.length - lengthMax)
      for (const wake of [...stream.waiting]) wake()
      return stream.last
    },
    after(name: string, position: StreamPosition, countMax: number): readonly StreamEntry[] {
      const { entries } = streamOf(name)
      const first = firstAfter(entries, position)
      return entries.slice(first, first + countMax)
    },
    wakeAll(): void {
      for (const stream of streams.values()) for (const wake of [...stream.waiting]) wake()
    },
  }
}

/** Resolves when something was appended to the stream, the wait is over, or the store was closed. */
const woken = (stream: Stream, waitMs: DurationMs): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      stream.waiting.delete(wake)
      resolve()
    }
    const timer = setTimeout(wake, waitMs)
    stream.waiting.add(wake)
  })

/** A hot store of this process alone. `now` dates expiries and positions. */
export function createMemoryHotStore(options: { readonly now: () => Instant }): HotStore {
  const { now } = options
  const values = createValues(now)
  const streams = createStreams(now)
  let open = true

  /** Runs at once, answers like a store that is elsewhere: by promise, and never after it was closed. */
  const ask = async <T>(answer: () => T): Promise<T> => {
    if (!open) throw closed()
    return answer()
  }
  const expiry = (expiresInMs: DurationMs | null): Instant =>
    expiresInMs === null ? never : now() + expiresInMs

  return {
    kind: 'memory',
    read: (key) => ask(() => values.live(key)?.text ?? null),
    readMany: (keys) => ask(() => keys.map((key) => values.live(key)?.text ?? null)),
    write: (key, text, expiresInMs) => ask(() => values.put(key, text, expiry(expiresInMs))),
    writeIfAbsent: (key, text, expiresInMs) =>
      ask(() => {
        if (values.live(key) !== undefined) return false
        values.put(key, text, expiry(expiresInMs))
        return true
      }),
    remove: (key) => ask(() => void values.remove(key)),
    take: (key) =>
      ask(() => {
        const text = values.live(key)?.text ?? null
        values.remove(key)
        return text
      }),
    increment: (key, by, expiresInMs) =>
      ask(() => {
        const before = values.live(key)
        const count = Number(before?.text ?? 0) + by
        if (!Number.isSafeInteger(count)) throw fault('hot-store', 'refused', `${key} is no counter`, 'no')
        values.put(key, String(count), before?.expiresAt ?? now() + expiresInMs)
        return count
      }),
    append: (stream, text, lengthMax) => ask(() => streams.append(stream, text, lengthMax)),
    async readAfter(stream, position, countMax, waitMs) {
      if (!isPosition(position)) throw fault('hot-store', 'refused', `no position: ${position}`, 'no')
      if (!open) throw closed()
      // Looked at and waited for in one step: an append in between would wake nobody.
      const found = streams.after(stream, position, countMax)
      if (found.length > 0 || waitMs <= 0) return found
      await woken(streams.streamOf(stream), waitMs)
      return ask(() => streams.after(stream, position, countMax))
    },
    lastPosition: (stream) => ask(() => streams.streamOf(stream).entries.at(-1)?.position ?? streamStart),
    time: () => ask(now),
    complaints: () => ask(() => []),
    async close() {
      open = false
      values.clear()
      streams.wakeAll()
    },
  }
}
