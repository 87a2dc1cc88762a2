/**
 * What goes out on a connection, joined into as few writes as can be.
 *
 * It knows nothing of messages. Invariant: order is kept, and what is held back goes out at the latest when the turn of
 * the event loop that brought it is over, but for text alone, which waits for `flush`. Corking every answer was refused:
 * one write of one string costs half of a gathered one.
 */
import type { Socket } from 'node:net'

/** The way out of one connection. */
export type Outlet = {
  /** Latin1 text; waits for bytes or `flush`. */
  text(piece: string): void
  /** Answers whether more may be written at once. */
  bytes(chunk: Uint8Array): boolean
  flush(): void
  /** Nothing is held back, and the system has taken all. */
  isEmpty(): boolean
  /** Forgets what is held back. */
  drop(): void
}

/** Smaller pieces are copied and joined, larger ones are written as they are. */
const joinedBytesMax = 4_096
const heldBytesMax = 16_384

const latin1 = (chunk: Uint8Array): string =>
  (Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)).toString(
    'latin1',
  )

/** The outlet of `socket`; `onWritten` is called each time that the system has taken something. */
export const createOutlet = (socket: Socket, onWritten: () => void): Outlet => {
  let held = ''
  let isDue = false
  const flush = (): void => {
    if (held === '') return
    const text = held
    held = ''
    if (!socket.destroyed) socket.write(text, 'latin1', onWritten)
  }
  const flushDue = (): void => {
    isDue = false
    flush()
  }
  return {
    text(piece) {
      held += piece
    },
    bytes(chunk) {
      if (chunk.length > joinedBytesMax) {
        socket.cork()
        flush()
        const mayGoOn = socket.write(chunk, onWritten)
        socket.uncork()
        return mayGoOn
      }
      held += latin1(chunk)
      if (held.length > heldBytesMax) flush()
      else if (!isDue) {
        isDue = true
        process.nextTick(flushDue)
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
