/**
 * What goes out on a connection, joined into as few writes as can be.
 *
 * It knows nothing of messages. Invariant: order is kept, and what is held back goes out at `flush`, which whoever writes
 * calls when nothing more is at hand. Corking every answer was refused: one write of one string costs half of a gathered
 * one. So was asking the socket to call back after every write: mostly the system takes all at once, and then a turn of
 * the event loop is spent on hearing so.
 */
import type { Socket } from 'node:net'

/** The way out of one connection. */
export type Outlet = {
  /** Latin1 text; waits for `flush`. */
  text(piece: string): void
  /** Answers whether more may be written at once. Small pieces wait for `flush`. */
  bytes(chunk: Uint8Array): boolean
  flush(): void
  /** Nothing is held back, and the system has taken all. */
  isEmpty(): boolean
  /** Forgets what is held back. */
  drop(): void
}

/** Who is told. `moved`: the system has taken all, within the call; `written`: later, something that it had not. */
export type OutletHooks = { moved(): void; written(): void }

/** Smaller pieces are copied and joined, larger ones are written as they are. */
const joinedBytesMax = 4_096
const heldBytesMax = 16_384

const nothing = new Uint8Array(0)

const latin1 = (chunk: Uint8Array): string =>
  (Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)).toString(
    'latin1',
  )

/** The outlet of `socket`. */
export const createOutlet = (socket: Socket, { moved, written }: OutletHooks): Outlet => {
  let held = ''
  /** Behind a write: notes that all is gone, or sees to it that we hear when it is. */
  const note = (): void => {
    if (socket.writableLength === 0) moved()
    else socket.write(nothing, written)
  }
  const writeHeld = (): void => {
    const text = held
    held = ''
    socket.write(text, 'latin1')
  }
  const flush = (): void => {
    if (held === '') return
    if (socket.destroyed) {
      held = ''
      return
    }
    writeHeld()
    note()
  }
  return {
    text(piece) {
      held += piece
    },
    bytes(chunk) {
      if (chunk.length <= joinedBytesMax) {
        held += latin1(chunk)
        if (held.length > heldBytesMax) flush()
      } else if (!socket.destroyed) {
        socket.cork()
        if (held !== '') writeHeld()
        socket.write(chunk)
        socket.uncork()
        note()
      }
      return !socket.writableNeedDrain
    },
    flush,
    isEmpty: () => held === '' && socket.writableLength === 0,
    drop() {
      held = ''
    },
  }
}
