// The live schedule: a WebSocket per open schedule page, told of every booking and every tick.
//
// Not a second way to book: the only message understood is a ping.
// Invariant: a socket is opened only for staff of the practice its cookies name, and hears only of that one.
// Refused: per-message compression; it costs memory per socket and the messages are small.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { admit } from './admission.ts'
import type { Desk, StaffVisitor } from './desk.ts'
import type { Happening } from './happenings.ts'

/** The socket side of the application. */
export type LiveSocket = {
  /** Takes an upgrade request; answers 401, 403 or 404 by itself when it is not welcome. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Ends every open socket. */
  readonly close: () => void
}

const messageBytesMax = 16 * 1024
const laggingBytesMax = 1024 * 1024

function refuse(socket: Duplex, status: string): void {
  const body = JSON.stringify({ error: status.slice(4).toLowerCase() })
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}

function isPing(raw: string): boolean {
  try {
    const message: unknown = JSON.parse(raw)
    return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ping'
  } catch {
    return false
  }
}

function updateOf({ id, at, kind, appointment }: Happening, { records }: StaffVisitor) {
  const appointments = appointment ? [appointment] : records.visits(records.moment().day)
  return { type: 'update', id, at, cause: kind, appointments }
}

function serve(desk: Desk, socket: WebSocket, staff: StaffVisitor): void {
  const send = (message: unknown): void => {
    // A reader that far behind is gone or stuck; its page reconnects and reads the day anew.
    if (socket.bufferedAmount > laggingBytesMax) socket.terminate()
    else socket.send(JSON.stringify(message))
  }
  const unlisten = desk.happenings.listen(staff.practice.id, (happening) => {
    if (happening.kind === 'appointment' || happening.kind === 'tick') send(updateOf(happening, staff))
  })
  socket.on('close', unlisten)
  socket.on('error', () => socket.terminate())
  socket.on('message', (raw) => {
    if (isPing(String(raw))) send({ type: 'pong' })
  })
  send({ type: 'hello', practice: staff.practice.id, at: desk.now() })
}

/** A socket side without open sockets. */
export function openLiveSocket(desk: Desk): LiveSocket {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
  })
  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      if (request.url?.split('?')[0] !== '/live/schedule') return refuse(socket, '404 Not Found')
      const admission = admit(desk, request.headers.cookie)
      if (admission.kind === 'nobody') return refuse(socket, '401 Unauthorized')
      if (admission.kind !== 'staff') return refuse(socket, '403 Forbidden')
      server.handleUpgrade(request, socket, head, (opened) => serve(desk, opened, admission.staff))
    },
    close() {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}
