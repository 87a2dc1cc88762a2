/**
 * A listener with our own HTTP/1.1, on node:net or node:tls.
 *
 * It reads no request (`connection.ts` does) and no announcement of a proxy (`announced-peers.ts` does). Invariant: each
 * connection that was accepted is served until it is closed or handed over, and is on the one wheel of deadlines as long;
 * none is served for whom nobody knows whom it is from. HTTP/2 is spoken where TLS agreed on it (ALPN), and agreed on only
 * where it is configured; without an agreement it is HTTP/1.1.
 */
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import { type Address, parseAddress } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { limitConnections } from '../connection-limits.ts'
import type { Listener, Receiver } from '../downstream.ts'
import { countAddressStreams } from '../http2/address-streams.ts'
import { type Session, serveSession } from '../http2/session.ts'
import type { ListenerOptions } from '../listener-node.ts'
import type { ListenerTls } from '../listener-tls.ts'
import { bind } from '../listening.ts'
import { hearPeer, type ProxyProtocol } from './announced-peers.ts'
import { type Connection, type ConnectionParts, serveConnection } from './connection.ts'
import { createTimerWheel } from './timer-wheel.ts'

/** What this listener needs besides. */
export type OwnListenerOptions = ListenerOptions & {
  readonly now: () => Instant
  /** Whose connections begin with a header of the PROXY protocol; absent or `null`: nobody's. */
  readonly proxyProtocol?: ProxyProtocol | null
  /** Over TLS, to clients that prefer it; absent: no. */
  readonly http2?: boolean
  readonly monotonic: () => DurationMs
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

const settings = { noDelay: true, allowHalfOpen: true }

const createTlsServer = (secured: ListenerTls, http2: boolean, receiver: Receiver): tls.Server => {
  const ALPNProtocols = http2 ? ['h2', 'http/1.1'] : ['http/1.1']
  const server = tls.createServer({ ...settings, ...secured, ALPNProtocols })
  secured.adopt?.(server)
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== 'ECONNRESET') receiver.malformed('head')
    socket.destroy()
  })
  return server
}

/** The two ends of a connection: the same for a socket and for TLS on it, which does not tell what it stands on. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

/** Where connections come from: `server` is to listen, `sockets` are open. */
type Arrivals = { readonly server: net.Server; readonly sockets: ReadonlySet<Socket> }

/** Whom a connection is from, by the connection itself. */
const arriveByThemselves = (
  secured: tls.Server | null,
  { limits }: OwnListenerOptions,
  receiver: Receiver,
  serve: (socket: Socket, peer: Address | null) => void,
): Arrivals => {
  const server = secured ?? net.createServer(settings)
  const { sockets } = limitConnections(server, limits, receiver)
  server.on(secured === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    // Beyond a limit it was closed unread.
    if (!socket.destroyed) serve(socket, parseAddress(socket.remoteAddress ?? ''))
  })
  return { server, sockets }
}

/** Whom a connection is from, as listed peers announce it before TLS or HTTP begins. */
const arriveAnnounced = (
  secured: tls.Server | null,
  protocol: ProxyProtocol,
  { limits, schedule }: OwnListenerOptions,
  receiver: Receiver,
  serve: (socket: Socket, peer: Address) => void,
): Arrivals => {
  const server = net.createServer(settings)
  const { sockets, admits } = limitConnections(server, limits, receiver, protocol.announces)
  const shaking = new Map<string, Address>()
  const shakeHands = (socket: Socket, peer: Address, over: tls.Server): void => {
    const ends = endsOf(socket)
    // Already gone, or the end of one between the same ends has not been heard of: no telling them apart.
    if (socket.remotePort === undefined || shaking.has(ends)) {
      socket.destroy()
      return
    }
    shaking.set(ends, peer)
    socket.once('close', () => shaking.delete(ends))
    over.emit('connection', socket)
  }
  secured?.on('secureConnection', (socket) => {
    const peer = shaking.get(endsOf(socket))
    if (peer === undefined) socket.destroy()
    else serve(socket, peer)
  })
  server.on('connection', (socket: Socket) => {
    // Beyond a limit it was closed unread.
    if (socket.destroyed) return
    const isAdmitted = (client: Address): boolean => admits(socket, client.text)
    hearPeer({ protocol, receiver, schedule }, socket, isAdmitted, (peer) => {
      if (secured !== null) shakeHands(socket, peer, secured)
      else {
        serve(socket, peer)
        socket.resume()
      }
    })
  })
  return { server, sockets }
}

/** Speaks with a client as was agreed, from then on. */
type Speaker = {
  serve(socket: Socket, peer: Address | null): void
  readonly connections: ReadonlyMap<Socket, Connection>
  readonly sessions: ReadonlySet<Session>
}

const createSpeaker = (
  { limits, schedule, now, monotonic }: OwnListenerOptions,
  receiver: Receiver,
): Speaker => {
  const connections = new Map<Socket, Connection>()
  const sessions = new Set<Session>()
  const wheel = createTimerWheel(schedule, revolutionOf(limits))
  const date = createDates(now)
  const parts: ConnectionParts = {
    ...{ limits, receiver, schedule, wheel, date },
    persistLines: `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(limits.keepAliveMs / 1_000)}\r\n`,
  }
  const streams = countAddressStreams(limits, receiver)
  const serveStreams = (socket: tls.TLSSocket, peer: Address | null): void => {
    const session = serveSession({ limits, receiver, wheel, date, monotonic, streams }, socket, peer, () =>
      sessions.delete(session),
    )
    sessions.add(session)
  }
  return {
    connections,
    sessions,
    serve(socket, peer) {
      if (socket instanceof tls.TLSSocket && socket.alpnProtocol === 'h2') {
        serveStreams(socket, peer)
        return
      }
      connections.set(
        socket,
        serveConnection(parts, socket, peer, () => connections.delete(socket)),
      )
    },
  }
}

/** The listener; `receiver` hears of everything that arrives. */
export const createOwnListener = (options: OwnListenerOptions, receiver: Receiver): Listener => {
  const { tls: security = null, proxyProtocol = null, http2 = false } = options
  const { serve, connections, sessions } = createSpeaker(options, receiver)
  const secured = security === null ? null : createTlsServer(security, http2, receiver)
  const { server, sockets } =
    proxyProtocol === null
      ? arriveByThemselves(secured, options, receiver, serve)
      : arriveAnnounced(secured, proxyProtocol, options, receiver, serve)
  return {
    listen: (host, port) => bind(server, host, port),
    stop() {
      for (const session of sessions) session.announceEnd()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
    closeIdle() {
      for (const connection of connections.values()) connection.closeIdle()
      for (const session of sessions) if (session.isIdle()) session.close()
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
