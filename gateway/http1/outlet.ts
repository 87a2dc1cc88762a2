/**
 * What goes out on a connection, joined into as few writes as can be.
 *
 * It knows nothing of messages. Invariant: order is kept; what was flushed goes out in the same turn of the event loop, or at
 * once by `sendKept`, and nothing else does. Corking every answer was refused: one write of one string costs half of a
 * gathered one. So was asking the socket to call back after every write: mostly the system takes all at once, and then a
 * turn of the event loop is spent on hearing so.
 */
import type { Socket } from 'node:net'
import { joinedBytesMax, latin1, type Sender, sendBehind } from './write-behind.ts'

/** The way out of one connection. */
export type Outlet = Sender & {
  /** Latin1 text; waits for `flush`. */
  text(piece: string): void
  /** Answers whether more may be written at once. Small pieces wait for `flush`. */
  bytes(chunk: Uint8Array): boolean
  flush(): void
  /** All was flushed, and the system has taken what was sent. */
  isFree(): boolean
  /** Nothing is left that the system has not taken. */
  isEmpty(): boolean
  /** Forgets what was not flushed. */
  drop(): void
}

/** Who is told. `moved`: the system has taken all, within the call; `written`: later, something that it had not. */
type OutletHooks = { moved(): void; written(): void }

/** More is not held back for company. */
const heldBytesMax = 16_384

const nothing = new Uint8Array(0)

/** A class, so that thousands of connections share its methods. */
class SocketOutlet implements Outlet {
  private readonly socket: Socket
  private readonly hooks: OutletHooks
  private held = ''
  /** What was flushed and not sent. */
  private kept = ''
  private isDue = false
  private isAwaited = false

  constructor(socket: Socket, hooks: OutletHooks) {
    this.socket = socket
    this.hooks = hooks
  }

  text(piece: string): void {
    this.held += piece
  }

  bytes(chunk: Uint8Array): boolean {
    const { socket } = this
    if (chunk.length <= joinedBytesMax) {
      this.held += latin1(chunk)
      if (this.held.length > heldBytesMax) this.flush()
    } else {
      this.kept += this.held
      this.held = ''
      this.send(chunk)
    }
    return !socket.writableNeedDrain
  }

  flush(): void {
    if (this.held === '') return
    this.kept = this.kept === '' ? this.held : this.kept + this.held
    this.held = ''
    if (this.kept.length > heldBytesMax) this.send(null)
    else if (!this.isDue) {
      this.isDue = true
      sendBehind(this)
    }
  }

  sendKept(): void {
    this.isDue = false
    if (this.kept !== '') this.send(null)
  }

  isFree(): boolean {
    return this.held === '' && this.socket.writableLength === 0
  }

  isEmpty(): boolean {
    return this.kept === '' && this.isFree()
  }

  drop(): void {
    this.held = ''
  }

  /** Sends what is kept, and `chunk` behind it. */
  private send(chunk: Uint8Array | null): void {
    const { socket, kept, hooks } = this
    this.kept = ''
    if (socket.destroyed) return
    if (chunk === null) socket.write(kept, 'latin1')
    else {
      socket.cork()
      if (kept !== '') socket.write(kept, 'latin1')
      socket.write(chunk)
      socket.uncork()
    }
    if (socket.writableLength === 0) hooks.moved()
    else if (!this.isAwaited) this.awaitWritten()
  }

  /** Sees to it that we hear when what waits is taken. */
  private awaitWritten(): void {
    const { socket, hooks } = this
    this.isAwaited = true
    socket.write(nothing, () => {
      this.isAwaited = false
      if (socket.writableLength > 0 && !socket.destroyed) this.awaitWritten()
      hooks.written()
    })
  }
}

/** The outlet of `socket`. */
export const createOutlet = (socket: Socket, hooks: OutletHooks): Outlet => new SocketOutlet(socket, hooks)
