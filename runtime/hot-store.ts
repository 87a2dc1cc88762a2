/**
 * The hot store: what both planes share between their processes. Redis in production, in-process without it.
 *
 * It is a cache and a bus, never the record (that is PostgreSQL): losing all of it loses nothing. Values are
 * texts whose trust comes from their signature (`signing.ts`), never from where they lay. One conformance suite
 * runs on both implementations. A pub/sub channel was refused: it loses messages over a reconnect, streams don't.
 *
 * Every call rejects with a `Fault` (source `hot-store`) when the store does not answer within its deadline.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { SetUpComplaint } from './redis-set-up.ts'

/** Position in a stream, as Redis writes it (`1700000000000-0`); `'0-0'` is before the first entry. */
export type StreamPosition = string

/** One entry of a stream. */
export type StreamEntry = { readonly position: StreamPosition; readonly text: string }

/** The contract. Keys come from `keys.ts` only. */
export type HotStore = {
  /** `redis` or `memory`: for banners and metrics only. */
  readonly kind: 'redis' | 'memory'
  /** The value or `null`. */
  read(key: string): Promise<string | null>
  /** Values in the order of the keys. One round trip where the keys share a slot. */
  readMany(keys: readonly string[]): Promise<readonly (string | null)[]>
  /** Sets the value; `expiresInMs: null` keeps it. */
  write(key: string, text: string, expiresInMs: DurationMs | null): Promise<void>
  /** Sets only if absent; answers whether it was set. */
  writeIfAbsent(key: string, text: string, expiresInMs: DurationMs | null): Promise<boolean>
  remove(key: string): Promise<void>
  /** Reads and removes in one step, so that of several takers exactly one gets the value (tickets, codes). */
  take(key: string): Promise<string | null>
  /** Adds and answers the new count; the expiry is set when the counter is born. */
  increment(key: string, by: number, expiresInMs: DurationMs): Promise<number>
  /** Appends and answers the position; old entries beyond about `lengthMax` are dropped. */
  append(stream: string, text: string, lengthMax: number): Promise<StreamPosition>
  /** Entries after `position`, oldest first, at most `countMax`; waits up to `waitMs` for the first (0: does not wait). */
  readAfter(
    stream: string,
    position: StreamPosition,
    countMax: number,
    waitMs: DurationMs,
  ): Promise<readonly StreamEntry[]>
  /** The position of the newest entry, `'0-0'` for an empty stream. */
  lastPosition(stream: string): Promise<StreamPosition>
  /** The store's own clock, for skew checks. */
  time(): Promise<Instant>
  /** Problems of how the store is set up (`maxmemory-policy` other than `noeviction`), the worst first; empty: none. */
  complaints(): Promise<readonly SetUpComplaint[]>
  close(): Promise<void>
}
