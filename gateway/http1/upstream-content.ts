/**
 * The content of a request that comes while it is sent to an application.
 *
 * It writes no head and keeps no connection. Invariant: exactly as many bytes as were announced are sent, or chunks whose
 * last is sent only behind the proper end of what they came from; anything else fails the request, and with it its
 * connection. Piping was refused: a pipe ends what it writes to when its source ends, however that came about.
 */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { fault } from '../../runtime/fault.ts'

/** What sending tells, and may ask. */
type ContentEvents = {
  /** Whether the request is still under way. */
  isWanted(): boolean
  moved(): void
  /** All of it is on its way. */
  sent(): void
  failed(error: unknown): void
}

/** Answers whether more may be written. */
const writeChunk = (socket: Socket, chunk: Buffer): boolean => {
  // An empty one would be the last.
  if (chunk.length === 0) return true
  socket.cork()
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
  socket.write(chunk)
  const isTaken = socket.write('\r\n', 'latin1')
  socket.uncork()
  return isTaken
}

/** Sends the bytes of `body` as they come, exactly `length` of them; `null`: in chunks. */
export const sendContent = (
  socket: Socket,
  body: Readable,
  length: number | null,
  { isWanted, moved, sent: whole, failed }: ContentEvents,
): void => {
  let sent = 0
  const onDrain = (): void => {
    moved()
    body.resume()
  }
  const stop = (): void => {
    socket.off('drain', onDrain)
    body.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
  }
  const breakOff = (error: unknown): void => {
    stop()
    if (isWanted()) failed(error)
  }
  const onData = (chunk: Buffer): void => {
    sent += chunk.length
    moved()
    if (!isWanted()) stop()
    else if (length !== null && sent > length)
      breakOff(fault('downstream', 'garbage', 'more content than announced', 'no'))
    else if (!(length === null ? writeChunk(socket, chunk) : socket.write(chunk))) body.pause()
  }
  const onEnd = (): void => {
    stop()
    if (!isWanted()) return
    if (length !== null && sent !== length)
      breakOff(fault('downstream', 'truncated', 'less content than announced', 'no'))
    else {
      if (length === null) socket.write('0\r\n\r\n', 'latin1')
      whole()
    }
  }
  const onClose = (error?: unknown): void =>
    breakOff(error ?? fault('downstream', 'closed', 'the content broke off', 'no'))
  socket.on('drain', onDrain)
  body.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
}
