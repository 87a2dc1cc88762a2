/**
 * How many connections a listener holds, in all and from one address.
 *
 * It reads nothing of them. Invariant: every connection is counted until it is closed; one beyond a limit is closed
 * unread. A limit per address on trusted proxies was refused: everybody comes through them. Of a connection whose peer
 * announces its client, that client is counted, once it is known.
 */
import type { Server, Socket } from 'node:net'
import { parseAddress } from '../policies/address.ts'
import type { Limits } from '../runtime/config.ts'
import type { TrustedProxies } from './client-address.ts'
import type { Receiver } from './downstream.ts'

/** The connections of a listener. */
export type CountedConnections = {
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>
  /** Counts the connection as one of `address`; false: that has too many, and the connection is closed. */
  admits(socket: Socket, address: string): boolean
}

/**
 * Counts connections of `server` and closes those beyond the limits. `announces`: peers that say later whom a
 * connection is from; absent: nobody does.
 */
export const limitConnections = (
  server: Server,
  limits: Limits,
  receiver: Receiver,
  announces: TrustedProxies | null = null,
): CountedConnections => {
  const sockets = new Set<Socket>()
  const perAddress = new Map<string, number>()
  const turnAway = (socket: Socket): false => {
    receiver.malformed('too-many-connections')
    socket.destroy()
    return false
  }
  const admits = (socket: Socket, address: string): boolean => {
    const count = (perAddress.get(address) ?? 0) + 1
    if (count > limits.connectionsPerAddressMax && !receiver.isTrusted(address)) return turnAway(socket)
    perAddress.set(address, count)
    socket.once('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1
      if (left === 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
    return true
  }
  server.on('connection', (socket: Socket) => {
    if (sockets.size >= limits.connectionsMax) {
      turnAway(socket)
      return
    }
    const parsed = parseAddress(socket.remoteAddress ?? '')
    const isAnnounced = parsed !== null && announces?.(parsed) === true
    if (!isAnnounced && !admits(socket, parsed?.text ?? '')) return
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return { sockets, admits }
}
