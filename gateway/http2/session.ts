/**
 * One connection that speaks HTTP/2 with a client: its streams, its limits and its end.
 *
 * node and nghttp2 read its frames, with limits of their own (CONTINUATION, SETTINGS, header lists, memory); this counts
 * what they leave to others. Invariant: a stream costs its client as much as a request costs, whoever resets it: those
 * that end before their answer does are an allowance (CVE-2023-44487, CVE-2025-8671), and so is everything on the
 * connection that is neither head nor content. Who exceeds one is told ENHANCE_YOUR_CALM and hung up on.
 */
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Address } from '../../policies/address.ts'
import type { DurationMs } from '../../policies/instant.ts'
import type { Limits } from '../../runtime/config.ts'
import type { Receiver } from '../downstream.ts'
import type { TimerWheel } from '../http1/timer-wheel.ts'
import type { AddressStreams } from './address-streams.ts'
import { type Allowance, createTaker, type Taker } from './allowance.ts'
import { receiveStream, type StreamHooks } from './stream.ts'

/** What all connections of a listener share. */
export type SessionParts = {
  readonly limits: Limits
  readonly receiver: Receiver
  readonly wheel: TimerWheel
  readonly date: () => string
  readonly monotonic: () => DurationMs
  readonly streams: AddressStreams
}

/** A connection as its listener sees it. */
export type Session = {
  isIdle(): boolean
  /** Tells the client to ask elsewhere from now on; what it asks here all the same is answered. */
  announceEnd(): void
  /** Takes no more streams and closes behind the last; at once if there is none. */
  close(): void
}

/** Streams at one time on a connection; RFC 9113 §6.5.2 wants no fewer. */
const streamsMax = 100
/** Streams that end before their answer: as many as a browser calls off when its user leaves a page, twice. */
const resets: Allowance = { burst: 200, perSecond: 20 }
const pings: Allowance = { burst: 50, perSecond: 5 }
const settingsChanges: Allowance = { burst: 10, perSecond: 1 }
/**
 * Bytes that are neither head nor content: window updates, priorities, padding, empty frames; and content that was on its
 * way, a window for each stream, when its stream was reset.
 */
const overhead: Allowance = { burst: 1_048_576, perSecond: 65_536 }
/** Of what we send, so much may come back as window updates. */
const updateShare = 1 / 32

const optionsOf = ({ headBytesMax, headersMax }: Limits): Parameters<typeof performServerHandshake>[1] => {
  // Cookies may come in pieces; what is joined is counted again, exactly.
  const pairsMax = 2 * headersMax + 4
  return {
    maxHeaderListPairs: pairsMax,
    maxSendHeaderBlockLength: 262_144,
    maxSessionMemory: 10,
    maxSessionInvalidFrames: 20,
    maxSessionRejectedStreams: 20,
    maxSettings: 32,
    streamResetBurst: resets.burst,
    streamResetRate: resets.perSecond,
    // Applications may send a header twice, as they may by HTTP/1.1.
    strictSingleValueFields: false,
    settings: {
      enablePush: false,
      enableConnectProtocol: false,
      maxConcurrentStreams: streamsMax,
      maxHeaderListSize: headBytesMax + 32 * pairsMax,
      initialWindowSize: 65_535,
      headerTableSize: 4_096,
    },
  }
}

type State = {
  readonly parts: SessionParts
  readonly session: ServerHttp2Session
  readonly socket: TLSSocket
  readonly peer: Address | null
  readonly takeReset: Taker
  open: number
  served: number
  /** The client has said what it wants, which comes first. */
  isGreeted: boolean
  /** It is about to be hung up on; nothing that still comes is heard. */
  isFlooded: boolean
  /** Somebody has said that it ends, or it has been counted already why. */
  isEnding: boolean
  /** Since when no stream is open. */
  since: DurationMs
  /** When the session was first found to be over. */
  endedAt: DurationMs | null
  /** Bytes of heads and content since the last look, and the socket's totals at it. */
  heard: number
  bytesRead: number
  bytesWritten: number
}

/** The client does what no client has to; counted as every error of a connection is. */
const calm = (state: State): void => {
  if (state.isFlooded) return
  state.isFlooded = true
  const { session } = state
  // Not from within nghttp2's own reading, where older versions of node end the whole process. Without an error node would
  // say NO_ERROR, whatever the code.
  setImmediate(() =>
    session.destroy(new Error('the client floods the connection'), constants.NGHTTP2_ENHANCE_YOUR_CALM),
  )
}

/** Takes no more streams; closes behind the last. */
const close = (state: State): void => {
  state.isEnding = true
  state.session.close()
}

const hooksOf = (state: State, leave: () => void): StreamHooks => {
  const { parts, peer, socket } = state
  return {
    ...{ limits: parts.limits, wheel: parts.wheel, date: parts.date, peer, socket },
    heard(bytes) {
      state.heard += bytes
    },
    broken: () => parts.receiver.malformed('http2'),
    // What is wrong with one stream says nothing of the next: only who drains closes behind it.
    closeBehind() {
      if (state.isEnding) close(state)
    },
    closed(isWhole) {
      leave()
      state.open -= 1
      if (state.open === 0) state.since = parts.wheel.now()
      if (!isWhole && !state.takeReset(parts.monotonic())) calm(state)
    },
  }
}

const receive = (state: State, stream: ServerHttp2Stream, raw: readonly string[]): void => {
  const { parts, peer } = state
  // Reset already, in the turn in which it came: it costs its client all the same.
  if (stream.destroyed || peer === null || state.isFlooded) {
    stream.on('error', () => {})
    if (!state.takeReset(parts.monotonic())) calm(state)
    stream.destroy()
    return
  }
  const leave = parts.streams.enter(peer)
  if (leave === null) {
    stream.on('error', () => {})
    parts.receiver.malformed('too-many-exchanges')
    stream.close(constants.NGHTTP2_REFUSED_STREAM)
    if (!state.takeReset(parts.monotonic())) calm(state)
    return
  }
  state.open += 1
  state.served += 1
  const downstream = receiveStream(stream, raw, hooksOf(state, leave))
  if (state.served >= parts.limits.requestsPerConnectionMax) close(state)
  parts.receiver.request(downstream)
}

/** How long a client may take to close its side once ours is closed, and all has gone out. */
const lingerMs: DurationMs = 2_000

/** Closes a connection whose session is over and whose client does not: node waits for it without end. */
const lookAtEnd = (state: State): void => {
  const { socket, parts } = state
  state.endedAt ??= parts.wheel.now()
  const patienceMs = socket.writableLength === 0 ? lingerMs : parts.limits.bodyIdleMs
  if (parts.wheel.now() >= state.endedAt + patienceMs) socket.destroy()
}

/** Looks at what the connection was used for since the last look. */
const lookAt = (state: State, takeOverhead: Taker): void => {
  if (state.session.destroyed) {
    lookAtEnd(state)
    return
  }
  const { socket, parts, session, heard } = state
  const { bytesRead, bytesWritten } = socket
  const surplus =
    bytesRead - state.bytesRead - heard - Math.floor((bytesWritten - state.bytesWritten) * updateShare)
  Object.assign(state, { bytesRead, bytesWritten, heard: 0 })
  if (surplus > 0 && !takeOverhead(parts.monotonic(), surplus)) calm(state)
  if (state.open > 0) return
  // Closing waits for a head that has begun, of which the rest may never come.
  if (session.closed) session.destroy()
  const { headDeadlineMs, keepAliveMs } = parts.limits
  if (parts.wheel.now() < state.since + (state.served === 0 ? headDeadlineMs : keepAliveMs)) return
  if (!state.isGreeted) parts.receiver.malformed('timeout')
  close(state)
}

/** Hears what comes beside streams. */
const hearConnection = (state: State): void => {
  const { session, socket, parts } = state
  const end = (): void => {
    state.isEnding = true
  }
  const takePing = createTaker(pings)
  const takeSettings = createTaker(settingsChanges)
  session.on('ping', () => {
    if (!takePing(parts.monotonic())) calm(state)
  })
  session.on('remoteSettings', () => {
    state.isGreeted = true
    if (!takeSettings(parts.monotonic())) calm(state)
  })
  session.on('goaway', end)
  // nghttp2 ends connections by itself too, and says so to the client alone.
  session.on('close', () => {
    if (!state.isEnding) parts.receiver.malformed('http2')
  })
  session.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE' && !state.isEnding)
      parts.receiver.malformed('http2')
    end()
  })
  // Who sends no more and waits cannot be told from who is gone, as by HTTP/1.1.
  socket.once('end', () => {
    end()
    socket.destroy()
  })
}

/** Serves a connection on which HTTP/2 was agreed; `onGone` is called once, when it has closed. */
export const serveSession = (
  parts: SessionParts,
  socket: TLSSocket,
  peer: Address | null,
  onGone: () => void,
): Session => {
  const session = performServerHandshake(socket, optionsOf(parts.limits))
  const state: State = {
    ...{ parts, session, socket, peer, takeReset: createTaker(resets) },
    ...{
      open: 0,
      served: 0,
      isGreeted: false,
      isFlooded: false,
      isEnding: false,
      since: parts.wheel.now(),
      endedAt: null,
    },
    ...{ heard: 0, bytesRead: socket.bytesRead, bytesWritten: socket.bytesWritten },
  }
  session.on('stream', (stream, _headers, _flags, raw) => receive(state, stream, raw))
  hearConnection(state)
  const takeOverhead = createTaker(overhead)
  const leaveWheel = parts.wheel.add({ dueMs: () => 0, expire: () => lookAt(state, takeOverhead) })
  socket.once('close', () => {
    leaveWheel()
    onGone()
  })
  return {
    isIdle: () => state.open === 0,
    announceEnd() {
      state.isEnding = true
      if (!session.destroyed && !session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1)
    },
    close: () => close(state),
  }
}
