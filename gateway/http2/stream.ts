/**
 * One stream of HTTP/2 as the engine sees it: a request, its content, and the way back.
 *
 * It judges nothing, and belongs to a connection that counts it (`session.ts`). Invariant: an attendant hears once that
 * all is over, and a stream that is broken off harms no other on its connection. WebSockets are not carried here: no
 * extended CONNECT (RFC 8441) is announced, so browsers open them by HTTP/1.1.
 */
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Address } from '../../policies/address.ts'
import type { DurationMs } from '../../policies/instant.ts'
import type { Limits } from '../../runtime/config.ts'
import type { Attendant, ClientBody, Downstream } from '../downstream.ts'
import { noContent } from '../http1/request-content.ts'
import type { TimerWheel } from '../http1/timer-wheel.ts'
import { type CheckedHead, checkHead } from '../request-head.ts'
import { createStreamAnswer, type StreamAnswer } from './answer.ts'
import { createStreamContent } from './request-content.ts'
import { isBadTrailer, readStreamHead } from './request-head.ts'

/** What a stream needs of its connection. */
export type StreamHooks = {
  readonly limits: Limits
  readonly wheel: TimerWheel
  readonly peer: Address | null
  /** Of the connection. */
  readonly socket: Socket
  readonly date: () => string
  /** Bytes of head or content were heard. */
  heard(bytes: number): void
  /** What followed the head did not fit it. */
  broken(): void
  /** No stream behind this one is taken, where the connection ends anyway. */
  closeBehind(): void
  /** Once; `isWhole`: the answer had been sent to its end. */
  closed(isWhole: boolean): void
}

type Watched = { attendant: Attendant | null; since: DurationMs }

/** Ends a stream on which nothing moves: the client neither sends what is awaited nor lets us send. */
const watch = (
  stream: ServerHttp2Stream,
  { limits, wheel }: StreamHooks,
  answer: StreamAnswer,
  watched: Watched,
): (() => void) =>
  wheel.add({
    dueMs: () => watched.since + limits.bodyIdleMs,
    expire() {
      if (answer.isEnded() || (watched.attendant?.isStalled() ?? true)) {
        answer.breakOff()
        if (!stream.destroyed) stream.destroy()
      } else watched.since = wheel.now()
    },
  })

const sizeOf = (raw: readonly string[]): number => raw.reduce((bytes, text) => bytes + text.length, 9)

const checkedOf = ({ received, sentence }: ReturnType<typeof readStreamHead>, limits: Limits): CheckedHead =>
  sentence === null ? checkHead(received, limits) : { ok: false, status: 400, sentence }

const notTaken = (): never => {
  throw new Error('invariant: a stream is no handshake')
}

/** What of a downstream is the stream's own. */
const downstreamOf = (
  stream: ServerHttp2Stream,
  hooks: StreamHooks,
  answer: StreamAnswer,
  watched: Watched,
): Omit<Downstream, 'received' | 'checked' | 'body'> => ({
  peer: hooks.peer,
  socket: hooks.socket,
  attend(attendant) {
    watched.attendant = attendant
  },
  begin: answer.begin,
  write(chunk) {
    const mayGoOn = answer.write(chunk)
    if (mayGoOn) watched.since = hooks.wheel.now()
    return mayGoOn
  },
  end() {
    watched.since = hooks.wheel.now()
    answer.end()
  },
  inform: answer.inform,
  // Heads go out by themselves.
  flush: () => {},
  needsDrain: () => stream.writableNeedDrain,
  closeBehind: hooks.closeBehind,
  breakOff: answer.breakOff,
  takeReading: notTaken,
  handOver: notTaken,
})

/** The request in `raw`, names and values in turn as they came, on a stream that nobody has touched. */
export const receiveStream = (
  stream: ServerHttp2Stream,
  raw: readonly string[],
  hooks: StreamHooks,
): Downstream => {
  const { wheel } = hooks
  const head = readStreamHead(raw, stream.endAfterHeaders)
  const checked = checkedOf(head, hooks.limits)
  const answer = createStreamAnswer(stream, head.received.method, hooks.date)
  const watched: Watched = { attendant: null, since: wheel.now() }
  const leaveWheel = watch(stream, hooks, answer, watched)
  hooks.heard(sizeOf(raw))
  const breakAsBroken = (): void => {
    hooks.broken()
    answer.breakOff()
  }
  stream.on('error', () => {})
  stream.on('trailers', (_headers, _flags, trailers: readonly string[]) => {
    hooks.heard(sizeOf(trailers))
    if (trailers.some((name, i) => i % 2 === 0 && isBadTrailer(name))) breakAsBroken()
  })
  stream.on('drain', () => {
    watched.since = wheel.now()
    watched.attendant?.drained()
  })
  // Nobody reads what follows a head that was refused.
  if (!checked.ok) stream.once('finish', () => stream.close())
  let body: ClientBody = noContent
  if (stream.endAfterHeaders) stream.resume()
  else if (checked.ok) {
    body = createStreamContent(stream, checked.head, {
      heard(bytes) {
        watched.since = wheel.now()
        hooks.heard(bytes)
      },
      broken: breakAsBroken,
    })
    // Nobody asks for content of which there is none; its end comes all the same.
    if (checked.head.framing === 'none') body.resume()
  }
  stream.once('close', () => {
    leaveWheel()
    // `finish` may never come where both sides end in order at once.
    hooks.closed(answer.isEnded() && stream.rstCode === 0)
    watched.attendant?.closed()
  })
  return { ...downstreamOf(stream, hooks, answer, watched), received: head.received, checked, body }
}
