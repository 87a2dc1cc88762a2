/**
 * The listener of the application's origin: node:http kept strict, with its limits and its deadlines.
 *
 * It decides nothing and forwards nothing. Invariant: every connection is counted until it is closed, in all and per
 * address; what the parser refuses is answered once and closed, and never while an answer is under way on that
 * connection. A limit per address on trusted proxies was refused: everybody comes through them.
 */
import http from 'node:http'
import https from 'node:https'
import net, { type Socket } from 'node:net'
import type { Limits } from '../runtime/config.ts'
import type { ListenerTls } from './listener-tls.ts'
import type { MalformedKind } from './metrics.ts'

/** Who is told of what arrives. Nothing here may throw. */
export type Receiver = {
  request(request: http.IncomingMessage, response: http.ServerResponse): void
  /** A WebSocket handshake; `ahead` are bytes that the client sent behind it. */
  upgrade(request: http.IncomingMessage, socket: Socket, ahead: Buffer): void
  /** Whether this request is handed to `upgrade`; all others are ordinary requests. */
  isUpgrade(request: http.IncomingMessage): boolean
  /** Whether the connection is in use, and if so whether its client lets us wait. */
  use(socket: Socket): 'idle' | 'busy' | 'stalled'
  malformed(kind: MalformedKind): void
  /** Whether connections from this address are not limited by number. */
  isTrusted(remoteAddress: string): boolean
}

/** A listener that is not listening yet. */
export type Listener = {
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>
  /** Accepts no more; connections stay, idle ones too. Resolves when every connection is closed. */
  stop(): Promise<void>
  closeIdle(): void
  /** Closes what is still open. */
  destroyAll(): void
}

const statusOf = (code: string): readonly [status: number, words: string] => {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Request Timeout']
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Request Header Fields Too Large']
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'Payload Too Large']
    default:
      return [400, 'Bad Request']
  }
}

const rawAnswer = (status: number, words: string): string =>
  `HTTP/1.1 ${status} ${words}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n` +
  `Content-Length: ${words.length + 1}\r\nConnection: close\r\n\r\n${words}\n`

const answerMalformed = (receiver: Receiver, error: NodeJS.ErrnoException, socket: Socket): void => {
  const code = error.code ?? ''
  // Nothing may be written into an answer that has begun, nor to a client that is gone.
  if (code === 'ECONNRESET' || !socket.writable || receiver.use(socket) !== 'idle') {
    socket.destroy()
    return
  }
  receiver.malformed(code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'head')
  socket.end(rawAnswer(...statusOf(code)), () => socket.destroySoon())
}

/** Counts connections and closes those beyond the limits. */
const limitConnections = (
  server: http.Server,
  sockets: Set<Socket>,
  limits: Limits,
  receiver: Receiver,
): void => {
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
}

const createServer = (limits: Limits, receiver: Receiver, tls: ListenerTls | null): http.Server => {
  const options: http.ServerOptions = {
    insecureHTTPParser: false,
    maxHeaderSize: limits.headBytesMax,
    // `checkHead` asks for exactly one Host and answers in our own words.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    headersTimeout: limits.headDeadlineMs,
    // Uploads may last; silence is watched by the connection's own timeout.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headDeadlineMs),
    noDelay: true,
    shouldUpgradeCallback: (request) => receiver.isUpgrade(request),
  }
  const server = tls === null ? http.createServer(options) : https.createServer({ ...options, ...tls })
  // Before node makes a `clientError` of it: there is nobody yet whom an answer would reach.
  server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code !== 'ECONNRESET') receiver.malformed('head')
    socket.destroy()
  })
  // Node cuts longer lists silently; `checkHead` refuses them.
  server.maxHeadersCount = 0
  server.on('request', receiver.request)
  server.on('checkContinue', receiver.request)
  server.on('checkExpectation', receiver.request)
  server.on('upgrade', receiver.upgrade)
  server.on('connect', (_request: http.IncomingMessage, socket: Socket) => {
    receiver.malformed('target')
    socket.on('error', () => {})
    socket.end(rawAnswer(400, 'Bad Request'), () => socket.destroySoon())
  })
  server.on('clientError', (error, socket) => answerMalformed(receiver, error, socket as Socket))
  server.setTimeout(limits.bodyIdleMs, (socket: Socket) => {
    if (receiver.use(socket) !== 'busy') socket.destroy()
  })
  return server
}

/** The listener, over TLS unless `tls` is `null`; `receiver` hears of everything that arrives. */
export const createListener = (limits: Limits, receiver: Receiver, tls: ListenerTls | null): Listener => {
  const sockets = new Set<Socket>()
  const server = createServer(limits, receiver, tls)
  limitConnections(server, sockets, limits, receiver)
  return {
    async listen(host, port) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
      await promise
      const bound = server.address()
      return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port }
    },
    // Not the server's own `close`, which ends idle connections at once: a request may be on its way on one.
    stop: () =>
      new Promise((resolve) => {
        net.Server.prototype.close.call(server, () => resolve())
      }),
    closeIdle: () => server.closeIdleConnections(),
    destroyAll() {
      for (const socket of sockets) socket.destroy()
      // Only the server's own `close` ends its watch over slow heads.
      server.close(() => {})
    },
  }
}
