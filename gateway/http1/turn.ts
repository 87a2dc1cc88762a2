/**
 * One request on a connection with its answer: what the engine sees of a client.
 *
 * It reads nothing from the connection and decides nothing. Invariant: what follows an answer's head is exactly what the
 * head announced, or the connection breaks off: a length is neither passed nor missed, chunks end only by `end`, and an
 * answer without content has none; once it is over, a turn writes nothing any more, whoever still holds it. A class, as
 * everything that is made for each request: closures for its dozen methods cost more than reading the head.
 */
import type { Socket } from 'node:net'
import type { Address } from '../../policies/address.ts'
import type { Attendant, Downstream } from '../downstream.ts'
import type { CheckedHead, ReceivedHead } from '../request-head.ts'
import { type AnswerFraming, headerLines, statusLine, writeAnswerHead } from './answer-head.ts'
import type { Outlet } from './outlet.ts'
import { createRequestContent, noContent, type RequestContent } from './request-content.ts'

/** The connection, as a turn on it uses it. */
export type TurnGround = {
  readonly socket: Socket
  readonly peer: Address | null
  readonly outlet: Outlet
  readonly parts: {
    /** The header lines of an answer behind which another request may follow. */
    readonly persistLines: string
    /** The `Date` of this second. */
    readonly date: () => string
  }
  /** Whether no request is read behind the one under way. */
  isLast(): boolean
  beLast(): void
  /** The last of the answer has been given to the outlet. */
  ended(): void
  /** Content of the request is wanted. */
  wanted(): void
  takeAhead(size: number): Buffer | null
  breakOff(): void
  takeReading(): Socket
  handOver(): void
}

/** A request that has been read, up to its content; its answer has not begun. */
export class Turn implements Downstream {
  readonly received: ReceivedHead
  readonly checked: CheckedHead
  readonly peer: Address | null
  readonly socket: Socket
  readonly body: RequestContent
  attendant: Attendant | null = null
  /** The answer has been sent, or nobody is there; the attendant has heard. */
  isClosed = false
  /** The answer's end has been given to the outlet. */
  isEnded = false
  private readonly ground: TurnGround
  private framing: AnswerFraming | null = null
  private left = 0
  /** The client waits for `100 Continue` before it sends its body. */
  private isAwaited: boolean

  constructor(ground: TurnGround, received: ReceivedHead, checked: CheckedHead) {
    this.ground = ground
    this.received = received
    this.checked = checked
    this.peer = ground.peer
    this.socket = ground.socket
    this.isAwaited = checked.ok && checked.head.expectsContinue
    this.body =
      checked.ok && checked.head.framing !== 'none'
        ? createRequestContent(checked.head, {
            wanted: () => ground.wanted(),
            takeAhead: (size) => ground.takeAhead(size),
            sendContinue: () => this.goOn(),
          })
        : noContent
  }

  private goOn(): void {
    if (this.isEnded) return
    this.isAwaited = false
    this.ground.outlet.text('HTTP/1.1 100 Continue\r\n\r\n')
    this.ground.outlet.flush()
  }

  /** It has begun, and only the connection's end would end it. */
  endsWithConnection(): boolean {
    return this.framing?.kind === 'close'
  }

  /** Nobody will hear of it any more. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.attendant?.closed()
  }

  attend(attendant: Attendant): void {
    this.attendant = attendant
  }

  begin(status: number, reason: string, headers: readonly string[]): void {
    const { ground, received } = this
    if (this.framing !== null) throw new Error('invariant: an answer begins once')
    // A client that was not told to go on may send its body or another request: nobody can tell which.
    if (this.isAwaited) ground.beLast()
    const { text, framing } = writeAnswerHead(status, reason, headers, {
      method: received.method,
      version: received.version,
      persists: !ground.isLast(),
      persistLines: ground.parts.persistLines,
      date: ground.parts.date,
    })
    this.framing = framing
    this.left = framing.length
    ground.outlet.text(text)
  }

  write(chunk: Uint8Array): boolean {
    const { framing } = this
    const { outlet } = this.ground
    if (framing === null || this.isEnded) throw new Error('invariant: content stands between head and end')
    const { length } = chunk
    // A chunk of no length would be the last.
    if (framing.kind === 'none' || length === 0) return true
    if (framing.kind === 'chunked') {
      outlet.text(`${length.toString(16)}\r\n`)
      const mayGoOn = outlet.bytes(chunk)
      outlet.text('\r\n')
      return mayGoOn
    }
    if (framing.kind === 'length') {
      this.left -= length
      if (this.left < 0) {
        this.ground.breakOff()
        return true
      }
    }
    return outlet.bytes(chunk)
  }

  end(): void {
    const { framing, ground } = this
    if (framing === null || this.isEnded) throw new Error('invariant: an answer ends once, behind its head')
    if (this.left !== 0) {
      ground.breakOff()
      return
    }
    this.isEnded = true
    if (framing.kind === 'chunked') ground.outlet.text('0\r\n\r\n')
    ground.outlet.flush()
    ground.ended()
  }

  inform(status: number, headers: readonly string[]): void {
    if (this.framing !== null) return
    this.ground.outlet.text(`${statusLine(status, '')}${headerLines(headers)}\r\n`)
    this.ground.outlet.flush()
  }

  flush(): void {
    if (!this.isEnded) this.ground.outlet.flush()
  }

  closeBehind(): void {
    if (!this.isClosed) this.ground.beLast()
  }

  needsDrain(): boolean {
    return this.socket.writableNeedDrain
  }

  breakOff(): void {
    if (!this.isClosed) this.ground.breakOff()
  }

  takeReading(): Socket {
    return this.ground.takeReading()
  }

  handOver(): void {
    this.ground.handOver()
  }
}
