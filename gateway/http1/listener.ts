/**
 * A listener with our own HTTP/1.1, on node:net or node:tls.
 *
 * It reads no request (`connection.ts` does). Invariant: each connection that was accepted is served until it is closed or
 * handed over, and is on the one wheel of deadlines as long. HTTP/2 is not offered: no other protocol is agreed on than
 * the one that is spoken.
 */
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { limitConnections } from '../connection-limits.ts'
import type { Listener, Receiver } from '../downstream.ts'
import type { ListenerOptions } from '../listener-node.ts'
import { bind } from '../listening.ts'
import { type Connection, type ConnectionParts, serveConnection } from './connection.ts'
import { createTimerWheel } from './timer-wheel.ts'

/** What this listener needs besides. */
export type OwnListenerOptions = ListenerOptions & {
  readonly now: () => Instant
}

/** The `Date` of answers, made once a second. */
const createDates = (now: () => Instant): (() => string) => {
  let second = -1
  let text = ''
  return () => {
    const current = Math.floor(now() / 1_000)
    if (current !== second) {
      second = current
      text = new Date(current * 1_000).toUTCString()
    }
    return text
  }
}

/** Fine enough for the shortest deadline, and never busy. */
const revolutionOf = ({ headDeadlineMs, keepAliveMs, bodyIdleMs }: ListenerOptions['limits']): DurationMs =>
  Math.min(1_000, Math.max(40, Math.min(headDeadlineMs, keepAliveMs, bodyIdleMs) / 4))

const createServer = ({ tls: secured }: OwnListenerOptions, receiver: Receiver): net.Server => {
  const settings = { noDelay: true, allowHalfOpen: true }
  if (secured === undefined || secured === null) return net.createServer(settings)
  const server = tls.createServer({ ...settings, ...secured, ALPNProtocols: ['http/1.1'] })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== 'ECONNRESET') receiver.malformed('head')
    socket.destroy()
  })
  return server
}

/** The listener; `receiver` hears of everything that arrives. */
export const createOwnListener = (options: OwnListenerOptions, receiver: Receiver): Listener => {
  const { limits, schedule, now } = options
  const connections = new Map<Socket, Connection>()
  const parts: ConnectionParts = {
    ...{ limits, receiver, schedule },
    wheel: createTimerWheel(schedule, revolutionOf(limits)),
    persistLines: `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(limits.keepAliveMs / 1_000)}\r\n`,
    date: createDates(now),
  }
  const server = createServer(options, receiver)
  const sockets = limitConnections(server, limits, receiver)
  server.on(server instanceof tls.Server ? 'secureConnection' : 'connection', (socket: Socket) => {
    // Beyond a limit it was closed unread.
    if (socket.destroyed) return
    connections.set(
      socket,
      serveConnection(parts, socket, () => connections.delete(socket)),
    )
  })
  return {
    listen: (host, port) => bind(server, host, port),
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
    closeIdle() {
      for (const [socket, connection] of connections) if (connection.isIdle()) socket.destroy()
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
