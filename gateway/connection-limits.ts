/**
 * How many connections a listener holds, in all and from one address.
 *
 * It reads nothing of them. Invariant: every connection is counted until it is closed; one beyond a limit is closed
 * unread. A limit per address on trusted proxies was refused: everybody comes through them.
 */
import type { Server, Socket } from 'node:net'
import type { Limits } from '../runtime/config.ts'
import type { Receiver } from './downstream.ts'

/** Counts connections of `server` and closes those beyond the limits; answers with those that are open. */
export const limitConnections = (server: Server, limits: Limits, receiver: Receiver): ReadonlySet<Socket> => {
  const sockets = new Set<Socket>()
  const perAddress = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (perAddress.get(address) ?? 0) + 1
    const isOver = count > limits.connectionsPerAddressMax && !receiver.isTrusted(address)
    if (isOver || sockets.size >= limits.connectionsMax) {
      receiver.malformed('too-many-connections')
      socket.destroy()
      return
    }
    sockets.add(socket)
    perAddress.set(address, count)
    socket.once('close', () => {
      sockets.delete(socket)
      const left = (perAddress.get(address) ?? 1) - 1
      if (left === 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
  })
  return sockets
}
