/**
 * One connection to an application: a request out, its answer in, then perhaps the next one.
 *
 * It opens no connection and chooses none (`upstream-pool.ts` does). Invariant: the listener hears either `ended`, after a
 * complete answer and never after a truncated one, or `failed`, and nothing after that; a connection goes on only when
 * both the request was sent and its answer was read to the last byte, and nothing came behind it: an answer that nobody
 * asked for must not become somebody's. Reading ahead of the listener was refused: what it does not take is not read.
 */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { DurationMs } from '../../policies/instant.ts'
import { fault } from '../../runtime/fault.ts'
import { answerHeadBytesMax, interimsMax, type UpstreamRequest } from '../upstreams.ts'
import { type ChunkedDecoder, createChunkedDecoder } from './chunked.ts'
import { type RequestFraming, writeRequestHead } from './request-writer.ts'
import { type ResponseHead, readResponseHead } from './response-head.ts'
import type { TimerWheel } from './timer-wheel.ts'
import { sendContent } from './upstream-content.ts'
import { joinedBytesMax, latin1, type Sender } from './write-behind.ts'

/** Who listens to the answer of one request. Nothing here may throw. */
export type AnswerListener = {
  /** The first byte of an answer is there. */
  answered(): void
  head(head: ResponseHead): void
  /** Answers whether more may come; else `resume` is awaited. The bytes are the listener's. */
  data(piece: Buffer): boolean
  /** Nothing more is at hand for now. */
  lulled(): void
  ended(): void
  failed(error: unknown): void
}

/** How long the application may keep silent, and what tells the time. */
export type Patience = {
  readonly firstByteMs: DurationMs
  readonly idleMs: DurationMs
  readonly monotonic: () => DurationMs
  /** On which its connections are while they are open. */
  readonly wheel: TimerWheel
  /** `sendBehind`, but in tests. */
  readonly sendBehind: (sender: Sender) => void
}

/** An open connection. */
export type Connection = {
  /** Sends a request; only while idle. */
  ask(request: UpstreamRequest, listener: AnswerListener): void
  /** Is closed after so long, unless it is asked before. */
  rest(ms: DurationMs): void
  resume(): void
  /** Closes it; the listener hears no more. */
  destroy(): void
  /** Whether an answer was read on it, so that it may since have died of old age. */
  isUsed(): boolean
  /** Whether nothing has ended it as far as is known. */
  isOpen(): boolean
}

/** What becomes of it. */
export type ConnectionEvents = {
  /** It may be asked again; the application keeps it for `keepsSeconds` where it said so. */
  idle(connection: Connection, keepsSeconds: number | null): void
  /** Once. */
  closed(connection: Connection): void
}

const headEnd = Buffer.from('\r\n\r\n')

type Ask = {
  readonly request: UpstreamRequest
  readonly listener: AnswerListener
  head: ResponseHead | null
  decoder: ChunkedDecoder | null
  /** Content bytes still to come, where their number is known. */
  left: number
  interims: number
  /** The request is on its way whole. */
  isSent: boolean
  /** By when a head that has begun must be whole; `null`: none has. */
  headBy: DurationMs | null
}

type State = Sender & {
  readonly socket: Socket
  readonly patience: Patience
  readonly onIdle: (keepsSeconds: number | null) => void
  ask: Ask | null
  /** By the wheel: since when nothing has moved. */
  since: DurationMs
  /** How long it rests while nobody asks. */
  restMs: DurationMs
  /** A request that is sent once all that has arrived is read; empty: there is none. */
  kept: string
  /** Bytes of a head that is not complete. */
  partial: Buffer | null
  used: boolean
  paused: boolean
  /** The other side has ended in order. */
  ended: boolean
}

const garbage = (what: string) => fault('upstream', 'garbage', what, 'no')
const closedEarly = (ask: Ask) =>
  ask.head === null
    ? fault('upstream', 'reset', 'it closed the connection before an answer', 'no')
    : fault('upstream', 'truncated', 'the answer broke off', 'no')

const moved = (state: State): void => {
  state.since = state.patience.wheel.now()
}

/** Stops sending what is not sent yet, and lets go of where it comes from. */
const dropBody = ({ request, isSent }: Ask): void => {
  const { body } = request
  if (!isSent && body !== null && !(body instanceof Uint8Array)) body.destroy()
}

const fail = (state: State, error: unknown): void => {
  const { ask } = state
  state.ask = null
  state.kept = ''
  state.socket.destroy()
  if (ask === null) return
  dropBody(ask)
  ask.listener.failed(error)
}

/** The answer is complete; `isClean`: nothing came behind it. */
const finish = (state: State, ask: Ask, head: ResponseHead, isClean: boolean): void => {
  state.ask = null
  state.used = true
  dropBody(ask)
  if (isClean && ask.isSent && head.persists && !state.ended) {
    if (state.paused) resume(state)
    state.onIdle(head.keepsSeconds)
  } else state.socket.destroy()
  ask.listener.ended()
}

const resume = (state: State): void => {
  state.paused = false
  state.socket.resume()
}

const deliver = (state: State, ask: Ask, piece: Buffer): void => {
  // The listener may have ended it all with the piece before.
  if (state.ask !== ask || ask.listener.data(piece)) return
  state.paused = true
  state.socket.pause()
}

const readChunks = (state: State, ask: Ask, head: ResponseHead, bytes: Buffer, from: number): void => {
  ask.decoder ??= createChunkedDecoder()
  const read = ask.decoder.read(bytes, from, (piece) => deliver(state, ask, piece))
  if (state.ask !== ask || read === 'more') return
  if (read === 'broken') fail(state, garbage('a chunk that is none'))
  else finish(state, ask, head, read.rest === bytes.length)
}

const readContent = (state: State, ask: Ask, head: ResponseHead, bytes: Buffer, from: number): void => {
  switch (head.framing) {
    case 'none':
      finish(state, ask, head, from === bytes.length)
      return
    case 'chunked':
      readChunks(state, ask, head, bytes, from)
      return
    case 'close':
      if (from < bytes.length) deliver(state, ask, bytes.subarray(from))
      return
    case 'length': {
      const end = Math.min(bytes.length, from + ask.left)
      ask.left -= end - from
      if (end > from) deliver(state, ask, bytes.subarray(from, end))
      if (ask.left === 0 && state.ask === ask) finish(state, ask, head, end === bytes.length)
    }
  }
}

/** An interim answer was told; true: the real one is still to come. */
const isInterim = (state: State, ask: Ask, head: ResponseHead): boolean => {
  if (head.status >= 200) return false
  ask.interims += 1
  ask.headBy = null
  // Nobody asked to switch protocols, so nothing after that could be read.
  if (head.status === 101) fail(state, garbage('a 101 that was not asked for'))
  else if (ask.interims > interimsMax) fail(state, garbage('interim answers without end'))
  else ask.listener.head(head)
  return true
}

/** Reads one head at `from`; answers where it ended, or -1: no more can be read now. */
const readHead = (state: State, ask: Ask, bytes: Buffer, from: number): number => {
  const end = bytes.indexOf(headEnd, from)
  const size = (end < 0 ? bytes.length : end + 4) - from
  if (size > answerHeadBytesMax) {
    fail(state, garbage('a head that is too large'))
    return -1
  }
  if (end < 0) {
    state.partial = from === 0 ? bytes : bytes.subarray(from)
    const now = state.patience.monotonic()
    ask.headBy ??= now + state.patience.firstByteMs
    if (now > ask.headBy) fail(state, fault('upstream', 'timeout', 'its head takes too long', 'no'))
    return -1
  }
  const read = readResponseHead(bytes, from, end + 4, ask.request.method)
  if (!read.ok) {
    fail(state, garbage(read.why))
    return -1
  }
  if (isInterim(state, ask, read.head)) return state.ask === ask ? end + 4 : -1
  ask.head = read.head
  ask.left = read.head.length
  ask.listener.head(read.head)
  return state.ask === ask ? end + 4 : -1
}

const receive = (state: State, chunk: Buffer): void => {
  const { ask } = state
  if (ask === null) {
    state.socket.destroy()
    return
  }
  // It was said before we asked, as some do who then close.
  if (state.kept !== '') {
    fail(state, fault('upstream', 'reset', 'it said something before it was asked', 'no'))
    return
  }
  moved(state)
  if (ask.head !== null) readContent(state, ask, ask.head, chunk, 0)
  else {
    ask.listener.answered()
    const bytes = state.partial === null ? chunk : Buffer.concat([state.partial, chunk])
    state.partial = null
    let at = 0
    while (at >= 0 && ask.head === null && at < bytes.length) at = readHead(state, ask, bytes, at)
    if (at >= 0 && ask.head !== null) readContent(state, ask, ask.head, bytes, at)
  }
  if (state.ask === ask) ask.listener.lulled()
}

/** The other side has sent all that it will. */
const end = (state: State): void => {
  state.ended = true
  const { ask } = state
  if (ask === null) state.socket.destroy()
  else if (ask.head?.framing === 'close') finish(state, ask, ask.head, true)
  else fail(state, closedEarly(ask))
}

const dueMs = ({ ask, since, restMs, patience }: State): DurationMs => {
  if (ask === null) return since + restMs
  return since + (ask.head === null ? patience.firstByteMs : patience.idleMs)
}

const timeOut = (state: State): void => {
  const { ask, socket, patience } = state
  if (ask === null) socket.destroy()
  // Not its silence: whoever reads takes nothing more for now.
  else if (state.paused) state.since = patience.wheel.now()
  else
    fail(
      state,
      fault('upstream', 'timeout', ask.head === null ? 'no answer' : 'silence within an answer', 'no'),
    )
}

const sendKept = (state: State): void => {
  const { ask, kept, socket } = state
  state.kept = ''
  if (ask === null || kept === '') return
  ask.isSent = true
  socket.write(kept, 'latin1')
}

const sendStream = (state: State, ask: Ask, body: Readable, framing: RequestFraming): void =>
  sendContent(state.socket, body, framing.kind === 'length' ? framing.bytes : null, {
    isWanted: () => state.ask === ask,
    moved: () => moved(state),
    sent() {
      ask.isSent = true
    },
    failed: (error) => fail(state, error),
  })

const send = (state: State, ask: Ask): void => {
  const { socket } = state
  const { method, target, headers, tail, body } = ask.request
  const isStream = body !== null && !(body instanceof Uint8Array)
  const content = body === null ? null : isStream ? 'stream' : body.length
  const { text, framing } = writeRequestHead({ method, target, headers, tail, content })
  if (isStream) {
    socket.write(text, 'latin1')
    sendStream(state, ask, body, framing)
    return
  }
  if (body === null || body.length <= joinedBytesMax) {
    state.kept = body === null ? text : text + latin1(body)
    state.patience.sendBehind(state)
    return
  }
  ask.isSent = true
  socket.cork()
  socket.write(text, 'latin1')
  socket.write(body)
  socket.uncork()
}

const ask = (state: State, request: UpstreamRequest, listener: AnswerListener): void => {
  const asked: Ask = {
    request,
    listener,
    head: null,
    decoder: null,
    left: 0,
    interims: 0,
    isSent: false,
    headBy: null,
  }
  state.ask = asked
  moved(state)
  try {
    send(state, asked)
  } catch (error) {
    fail(state, error)
  }
}

const destroy = (state: State): void => {
  const { ask } = state
  state.ask = null
  state.kept = ''
  if (ask !== null) dropBody(ask)
  state.socket.destroy()
}

/** A connection over a socket that is connected, and secure where it must be. It belongs to the connection from now on. */
export const createConnection = (
  socket: Socket,
  patience: Patience,
  events: ConnectionEvents,
): Connection => {
  const { wheel } = patience
  const state: State = {
    ...{ socket, patience, ask: null, since: wheel.now(), restMs: 0, kept: '' },
    ...{ partial: null, used: false, paused: false, ended: false },
    sendKept: () => sendKept(state),
    onIdle: (keepsSeconds) => events.idle(connection, keepsSeconds),
  }
  const connection: Connection = {
    ask: (request, listener) => ask(state, request, listener),
    rest(ms) {
      state.since = wheel.now()
      state.restMs = ms
    },
    resume() {
      if (state.paused) resume(state)
    },
    destroy: () => destroy(state),
    isUsed: () => state.used,
    isOpen: () => !state.ended && !socket.destroyed,
  }
  const leave = wheel.add({ dueMs: () => dueMs(state), expire: () => timeOut(state) })
  socket
    .on('data', (chunk: Buffer) => receive(state, chunk))
    .on('end', () => end(state))
    .on('error', (error) => fail(state, error))
    .on('close', () => {
      leave()
      if (state.ask !== null) fail(state, closedEarly(state.ask))
      events.closed(connection)
    })
  return connection
}
