/**
 * The calls to the applications, as everybody who makes or carries them knows them, and what holds for each of them.
 *
 * Not how they are made: `http1/upstream-pool.ts` does that on connections of our own, `upstream-node.ts` on undici.
 * Invariant: a call tells its sink either `ended` after a complete answer or `failed`, never both, never a truncated answer
 * as ended; a request that the application may have begun to work on is not sent twice. Numbers of each client's own were
 * refused: which of them speaks must make no difference to what passes.
 */
import type { Readable } from 'node:stream'
import type { UpstreamConfig } from '../runtime/config.ts'
import type { Fault } from '../runtime/fault.ts'
import type { RawHeaders } from './exchange.ts'

/** A request ready to be sent: headers after hygiene. */
export type UpstreamRequest = {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  /** The last of `headers`, as a list that comes again and again, so that it need not be written each time; absent: none. */
  readonly tail?: readonly string[] | undefined
  readonly body: Uint8Array | Readable | null
}

/** Who listens to an answer. Nothing here may throw. */
export type UpstreamSink = {
  /** An interim answer (102, 103, and others that mean nothing here). */
  informed(status: number, headers: RawHeaders): void
  begun(status: number, reason: string, headers: RawHeaders): void
  /** Answers whether more may come; else `resume` is awaited. */
  data(chunk: Uint8Array): boolean
  /** Nothing more is at hand for now: what was kept for company goes on. Not told behind an end. */
  lulled(): void
  ended(): void
  failed(fault: Fault): void
}

/** A call under way. `abort`: the application's connection is closed at once, the sink hears no more. */
export type UpstreamCall = { abort(): void; resume(): void }

/** How far the connections to an application are used. `waiting`: requests for which there is none. */
export type UpstreamUse = {
  readonly upstream: string
  readonly busy: number
  readonly idle: number
  readonly waiting: number
}

/** All applications of one gateway. */
export type Upstreams = {
  send(upstream: UpstreamConfig, request: UpstreamRequest, sink: UpstreamSink): UpstreamCall
  /** Of the applications that were asked so far. */
  uses(): readonly UpstreamUse[]
  /** Closes every connection. */
  close(): Promise<void>
}

/** Heads of answers may be larger than ours: applications set many cookies. */
export const answerHeadBytesMax = 65_536

/** Interim answers before the real one: each is a sign of life that puts off the timeout, so they are counted. */
export const interimsMax = 100

const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/**
 * Whether a request may be sent once more after the kept connection that it was sent on died without a byte of an answer:
 * idempotent by RFC 9110 §9.2.2, and without content, which may have gone out in part.
 */
export const mayBeSentAgain = ({ method, body }: UpstreamRequest): boolean =>
  body === null && idempotent.has(method)
