/**
 * What is to be sent once everything that has arrived in this turn of the event loop has been read.
 *
 * It sends nothing itself and keeps no order between connections. Invariant: whoever asks is called once, in the same turn,
 * behind all that was there to read. Sending at once was refused: under load each write then wakes a process that has gone
 * back to sleep since the one before, and waking costs the kernel more than writing (4 µs of 23 a request, 32 connections).
 */

/** Sends what it has kept. Must not throw. */
export type Sender = { sendKept(): void }

let due: Sender[] = []

const sendAll = (): void => {
  const senders = due
  due = []
  for (const sender of senders) sender.sendKept()
}

/** Has `sender` called in this turn of the event loop; it must not ask again before it is. */
export const sendBehind = (sender: Sender): void => {
  due.push(sender)
  if (due.length === 1) setImmediate(sendAll)
}

/** Content of at most so many bytes is joined with the text before it, since one write of one string costs half of a gathered one. */
export const joinedBytesMax = 4_096

/** Bytes as text that is sent as latin1. */
export const latin1 = (chunk: Uint8Array): string =>
  (Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)).toString(
    'latin1',
  )
