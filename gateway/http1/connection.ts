/**
 * One connection of a client: its requests one after the other, each answered before the next is read.
 *
 * It judges nothing: heads are read by `request-parser.ts` and checked by `checkHead`, the engine does the rest. Invariant:
 * bytes are read as a head only right behind a whole request on a connection that may go on; behind a refusal, a broken
 * body or a `Connection: close` nothing is read as anything. What a client sends ahead is bounded and waits. Reading
 * pipelined requests at once was refused: their answers would have to be kept in order, in memory.
 */
import type { Socket } from 'node:net'
import type { Address } from '../../policies/address.ts'
import type { DurationMs } from '../../policies/instant.ts'
import type { Limits } from '../../runtime/config.ts'
import type { Receiver } from '../downstream.ts'
import type { Schedule } from '../exchanges.ts'
import { rawAnswer } from '../raw-answer.ts'
import { checkHead } from '../request-head.ts'
import { createOutlet, type Outlet } from './outlet.ts'
import { behind } from './request-content.ts'
import { mayBecomeHead, parseRequestHead } from './request-parser.ts'
import type { Timed, TimerWheel } from './timer-wheel.ts'
import { Turn, type TurnGround } from './turn.ts'

/** What all connections of a listener share. */
export type ConnectionParts = {
  readonly limits: Limits
  readonly receiver: Receiver
  readonly wheel: TimerWheel
  readonly schedule: Schedule
  /** The header lines of an answer behind which another request may follow. */
  readonly persistLines: string
  /** The `Date` of this second. */
  readonly date: () => string
}

/** A connection as its listener sees it. */
export type Connection = {
  /** Closes it if nothing is being asked or answered. */
  closeIdle(): void
}

/** `lingering`: all is said, the rest is thrown away; `taken`: somebody else reads; `gone`: closed, or handed over. */
type Phase = 'open' | 'lingering' | 'taken' | 'gone'

/** A class, so that thousands of idle ones share its methods. */
class State implements TurnGround, Timed, Connection {
  readonly parts: ConnectionParts
  readonly socket: Socket
  readonly peer: Address | null
  readonly outlet: Outlet
  phase: Phase = 'open'
  /** What has come and is not read. */
  ahead: Buffer | null = null
  /** How much of it is known to be no whole head. */
  scanned = 0
  isEmptyLineRead = false
  turn: Turn | null = null
  served = 0
  /** No request is read behind the one under way. */
  last = false
  isReading = false
  /** Since when, by the wheel: idle, or a head is awaited, or nothing has moved. */
  since: DurationMs
  thrownAway = 0
  /** Takes our listeners off the socket. */
  letGo: (what: 'reading' | 'all') => void = () => {}

  constructor(parts: ConnectionParts, socket: Socket, peer: Address | null) {
    this.parts = parts
    this.socket = socket
    this.peer = peer
    this.since = parts.wheel.now()
    this.outlet = createOutlet(socket, this)
  }

  closeIdle(): void {
    if (this.phase !== 'open' || this.turn !== null || this.ahead !== null) return
    this.outlet.sendKept()
    this.socket.destroy()
  }

  isLast(): boolean {
    return this.last
  }

  beLast(): void {
    this.last = true
  }

  moved(): void {
    this.since = this.parts.wheel.now()
  }

  written(): void {
    settle(this)
  }

  ended(): void {
    settle(this)
  }

  wanted(): void {
    read(this)
  }

  takeAhead(size: number): Buffer | null {
    const { ahead } = this
    if (ahead === null || ahead.length < size) return null
    this.ahead = behind(ahead, size)
    return ahead.subarray(0, size)
  }

  breakOff(): void {
    breakOff(this)
  }

  takeReading(): Socket {
    return takeReading(this)
  }

  handOver(): void {
    handOver(this)
  }

  dueMs(): DurationMs {
    return dueMs(this)
  }

  expire(): void {
    expire(this)
  }
}

/** How much a client may send ahead of being answered; then it is not read from. */
const aheadBytesMax = 65_536
/** How much of what comes behind the last answer is thrown away, and for how long, so that it is not reset. */
const lingerBytesMax = 1_048_576
const lingerMs: DurationMs = 2_000

const cr = 0x0d
const lf = 0x0a
const headEnd = Buffer.from('\r\n\r\n', 'latin1')

/** Ends our side, behind all that was said. */
const endOurs = ({ outlet, socket }: State): void => {
  outlet.flush()
  outlet.sendKept()
  socket.end()
}

/** Ends our side, and throws away what still comes. */
const linger = (state: State): void => {
  state.phase = 'lingering'
  state.ahead = null
  state.since = state.parts.wheel.now()
  endOurs(state)
  state.socket.resume()
}

const breakOff = (state: State): void => {
  const { socket, outlet, turn } = state
  outlet.drop()
  // Answers before this one are whole.
  outlet.sendKept()
  // Where only the end of the connection ends an answer, an orderly end would lie.
  if (turn?.endsWithConnection() === true) socket.resetAndDestroy()
  else socket.destroy()
}

/** Answers what is no request. */
const refuse = (state: State, status: number, words: string): void => {
  state.parts.receiver.malformed(status === 408 ? 'timeout' : 'head')
  state.outlet.text(rawAnswer(status, words))
  linger(state)
}

/** The answer may have gone out in whole: then the next request is read, once this one is. */
const settle = (state: State): void => {
  const { turn } = state
  if (turn === null || turn.isClosed || state.phase === 'gone') return
  state.since = state.parts.wheel.now()
  if (!turn.isEnded || !state.outlet.isFree()) return
  turn.close()
  if (state.phase === 'taken') endTaken(state)
  else if (state.last) linger(state)
  else read(state)
}

/** Of a declined handshake: what the browser sends is somebody else's to hear, and then nobody's. */
const endTaken = (state: State): void => {
  const { socket, parts } = state
  endOurs(state)
  socket.on('data', () => {})
  socket.resume()
  socket.once(
    'close',
    parts.schedule(() => socket.destroy(), lingerMs),
  )
}

const takeReading = (state: State): Socket => {
  const { socket, ahead } = state
  state.phase = 'taken'
  state.letGo('reading')
  socket.pause()
  if (ahead !== null) socket.unshift(ahead)
  state.ahead = null
  return socket
}

const handOver = (state: State): void => {
  state.phase = 'gone'
  state.turn = null
  state.outlet.sendKept()
  state.letGo('all')
}

/** Begins with the request whose head is in the first `end` bytes; `null`: it is none. */
const startTurn = (state: State, bytes: Buffer, end: number): Turn | null => {
  const { limits } = state.parts
  const received = parseRequestHead(bytes, end)
  if (received === null) return null
  state.served += 1
  state.last = state.served >= limits.requestsPerConnectionMax
  state.turn = new Turn(state, received, checkHead(received, limits))
  return state.turn
}

/** Reads a head, if there is a whole one; false: not yet. */
const readHead = (state: State): boolean => {
  const { parts } = state
  let bytes = state.ahead
  if (bytes === null) return false
  // One empty line may stand before a request (RFC 9112 §2.2).
  if (!state.isEmptyLineRead && bytes[0] === cr && bytes[1] === lf) {
    state.isEmptyLineRead = true
    bytes = behind(bytes, 2)
    state.ahead = bytes
    state.scanned = 0
    if (bytes === null) return false
  }
  const end = bytes.indexOf(headEnd, Math.max(0, state.scanned - 3))
  if (end === -1 || end + 4 > parts.limits.headBytesMax) {
    if (!mayBecomeHead(bytes, state.scanned) || (state.isEmptyLineRead && bytes[0] === cr))
      refuse(state, 400, 'Bad Request')
    else if (bytes.length > parts.limits.headBytesMax) refuse(state, 431, 'Request Header Fields Too Large')
    state.scanned = bytes.length
    return false
  }
  state.ahead = behind(bytes, end + 4)
  state.scanned = 0
  state.isEmptyLineRead = false
  const turn = startTurn(state, bytes, end + 4)
  if (turn === null) {
    refuse(state, 400, 'Bad Request')
    return false
  }
  state.since = parts.wheel.now()
  parts.receiver.request(turn)
  return true
}

/** One step further; false: it cannot be taken now. */
const advance = (state: State): boolean => {
  const { turn } = state
  if (turn === null) return readHead(state)
  const rest = turn.body.take(state.ahead)
  if (rest === 'broken') {
    breakOff(state)
    return false
  }
  state.ahead = rest
  if (!turn.isClosed || state.last || !turn.body.isComplete()) return false
  state.turn = null
  return true
}

/** Reads on as far as it goes, and not further from the socket than may wait. */
const read = (state: State): void => {
  if (state.isReading) return
  state.isReading = true
  while (state.phase === 'open' && advance(state));
  state.isReading = false
  const { socket, ahead } = state
  if (state.phase !== 'open') return
  const isFull = ahead !== null && ahead.length > aheadBytesMax
  if (isFull && !socket.isPaused()) socket.pause()
  else if (!isFull && socket.isPaused()) socket.resume()
}

const hearBytes = (state: State, chunk: Buffer): void => {
  if (state.phase === 'lingering') {
    state.thrownAway += chunk.length
    if (state.thrownAway > lingerBytesMax) state.socket.destroy()
    return
  }
  const { turn, ahead, parts } = state
  // A head's deadline begins with its first byte; what is sent ahead of an answer is no sign of life.
  const isSign = turn === null ? ahead === null && state.served > 0 : !turn.body.isComplete()
  if (isSign) state.since = parts.wheel.now()
  state.ahead = ahead === null ? chunk : Buffer.concat([ahead, chunk])
  read(state)
}

/** The client sends no more. Who waits for an answer then is gone: there is no telling the two apart. */
const hearEnd = (state: State): void => {
  const { phase, turn, socket } = state
  if (phase !== 'open') return
  if (turn === null || turn.isEnded) endOurs(state)
  else socket.destroy()
}

const hearClose = (state: State): void => {
  state.phase = 'gone'
  if (state.turn === null) return
  state.turn.close()
  state.turn.body.lose()
}

const dueMs = ({ phase, turn, since, served, ahead, parts: { limits } }: State): DurationMs => {
  if (phase === 'lingering') return since + lingerMs
  if (turn !== null) return since + limits.bodyIdleMs
  return since + (served === 0 || ahead !== null ? limits.headDeadlineMs : limits.keepAliveMs)
}

const expire = (state: State): void => {
  const { phase, turn, socket, outlet } = state
  if (phase === 'lingering' || (turn === null && state.ahead === null)) socket.destroy()
  else if (turn === null) refuse(state, 408, 'Request Timeout')
  else if (turn.isEnded ? !outlet.isEmpty() : (turn.attendant?.isStalled() ?? true)) breakOff(state)
  else state.since = state.parts.wheel.now()
}

/**
 * Serves a connection until it closes or is handed over; `onGone` is called then, once. `peer`: whom it is from; `null`:
 * nobody can tell any more.
 */
export const serveConnection = (
  parts: ConnectionParts,
  socket: Socket,
  peer: Address | null,
  onGone: () => void,
): Connection => {
  const state = new State(parts, socket, peer)
  const onData = (chunk: Buffer): void => hearBytes(state, chunk)
  const onEnd = (): void => hearEnd(state)
  const onDrain = (): void => state.turn?.attendant?.drained()
  const onClose = (): void => {
    leave()
    hearClose(state)
  }
  const leaveWheel = parts.wheel.add(state)
  const leave = (): void => {
    leaveWheel()
    onGone()
  }
  state.letGo = (what) => {
    socket.off('data', onData).off('end', onEnd)
    if (what === 'reading') return
    socket.off('drain', onDrain).off('close', onClose)
    leave()
  }
  socket
    .on('data', onData)
    .on('end', onEnd)
    .on('drain', onDrain)
    .on('close', onClose)
    .on('error', () => {})
  return state
}
