/**
 * A listener on node:http, kept strict, with its limits and its deadlines.
 *
 * It decides nothing and forwards nothing. Invariant: what the parser refuses is answered once and closed, and never
 * while an answer is under way on that connection; behind a request that closes its connection none is heard. Node's
 * own `close` was refused, which ends idle connections at once.
 */
import http from 'node:http'
import https from 'node:https'
import net, { type Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { DurationMs } from '../policies/instant.ts'
import type { Limits } from '../runtime/config.ts'
import { limitConnections } from './connection-limits.ts'
import type { Attendant, Downstream, Listener, Receiver } from './downstream.ts'
import { createNodeDownstream } from './downstream-node.ts'
import type { Schedule } from './exchanges.ts'
import type { ListenerTls } from './listener-tls.ts'
import { bind } from './listening.ts'
import { rawAnswer } from './raw-answer.ts'
import { checkHead } from './request-head.ts'

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

/** What a listener needs. */
export type ListenerOptions = {
  readonly limits: Limits
  /** Absent or `null`: plain HTTP. */
  readonly tls?: ListenerTls | null
  readonly schedule: Schedule
}

/** The use that connections are in. */
type Use = {
  /** By whom each connection's exchange is looked after; absent: it is idle. */
  readonly attendants: WeakMap<Socket, Attendant>
  /** Connections on which nothing more is heard. */
  readonly spent: WeakSet<Socket>
}

/** How long a declined handshake's answer may take to go out once it has ended. */
const lastFlushMs: DurationMs = 400

const answerMalformed = (
  receiver: Receiver,
  { attendants }: Use,
  error: NodeJS.ErrnoException,
  socket: Socket,
): void => {
  const code = error.code ?? ''
  // Nothing may be written into an answer that has begun, nor to a client that is gone.
  if (code === 'ECONNRESET' || !socket.writable || attendants.has(socket)) {
    socket.destroy()
    return
  }
  receiver.malformed(code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'head')
  socket.end(rawAnswer(...statusOf(code)), () => socket.destroySoon())
}

/** The request as the engine sees it, noted while it is looked after. */
const downstreamOf = (
  { limits }: ListenerOptions,
  { attendants, spent }: Use,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  upgraded: Socket | null,
): Downstream => {
  const { socket } = request
  return createNodeDownstream(request, response, limits, {
    upgraded,
    attended: (attendant) => void attendants.set(socket, attendant),
    closed(attendant) {
      if (attendants.get(socket) === attendant) attendants.delete(socket)
    },
    closesBehind: () => void spent.add(socket),
  })
}

/** An upgrade gets a response of its own on the bare socket, for every answer that is no 101. */
const receiveUpgrade = (
  options: ListenerOptions,
  receiver: Receiver,
  use: Use,
  request: http.IncomingMessage,
  socket: Socket,
  ahead: Buffer,
): void => {
  socket.on('error', () => {})
  // A handshake sent behind an unanswered request: its 101 would overtake the answer.
  if (use.attendants.has(socket)) {
    socket.destroy()
    return
  }
  socket.setTimeout(0)
  if (ahead.length > 0) socket.unshift(ahead)
  const response = new http.ServerResponse(request)
  response.assignSocket(socket)
  response.on('finish', () => {
    response.detachSocket(socket)
    // As node does for the responses of its own server.
    process.nextTick(() => response.emit('close'))
    socket.end()
    socket.resume()
    const cancel = options.schedule(() => socket.destroy(), lastFlushMs)
    socket.once('close', cancel)
  })
  if (!use.spent.has(socket)) receiver.request(downstreamOf(options, use, request, response, socket))
}

/** Whether node should hand this request to `upgrade`: only what `checkHead` finds to be a whole handshake. */
const isUpgrade = (limits: Limits, request: http.IncomingMessage): boolean => {
  const { method = '', url: target = '', httpVersion: version, rawHeaders: headers } = request
  const checked = checkHead({ method, target, version, headers }, limits)
  return checked.ok && checked.head.upgrade !== null
}

const createServer = (options: ListenerOptions, receiver: Receiver): http.Server => {
  const { limits, tls = null } = options
  const use: Use = { attendants: new WeakMap(), spent: new WeakSet() }
  const receive = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    if (!use.spent.has(request.socket)) receiver.request(downstreamOf(options, use, request, response, null))
  }
  const settings: http.ServerOptions = {
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
    shouldUpgradeCallback: (request) => isUpgrade(limits, request),
  }
  const server = tls === null ? http.createServer(settings) : https.createServer({ ...settings, ...tls })
  if (server instanceof TlsServer) tls?.adopt?.(server)
  // Before node makes a `clientError` of it: there is nobody yet whom an answer would reach.
  server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code !== 'ECONNRESET') receiver.malformed('head')
    socket.destroy()
  })
  // Node cuts longer lists silently; `checkHead` refuses them.
  server.maxHeadersCount = 0
  server.maxRequestsPerSocket = limits.requestsPerConnectionMax
  server.on('request', receive)
  server.on('checkContinue', receive)
  server.on('checkExpectation', receive)
  server.on('upgrade', (request: http.IncomingMessage, socket: Socket, ahead: Buffer) =>
    receiveUpgrade(options, receiver, use, request, socket, ahead),
  )
  server.on('connect', (_request: http.IncomingMessage, socket: Socket) => {
    receiver.malformed('target')
    socket.on('error', () => {})
    socket.end(rawAnswer(400, 'Bad Request'), () => socket.destroySoon())
  })
  server.on('clientError', (error, socket) => answerMalformed(receiver, use, error, socket as Socket))
  server.setTimeout(limits.bodyIdleMs, (socket: Socket) => {
    if (use.attendants.get(socket)?.isStalled() ?? true) socket.destroy()
  })
  return server
}

/** The listener; `receiver` hears of everything that arrives. */
export const createNodeListener = (options: ListenerOptions, receiver: Receiver): Listener => {
  const server = createServer(options, receiver)
  const { sockets } = limitConnections(server, options.limits, receiver)
  return {
    listen: (host, port) => bind(server, host, port),
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
