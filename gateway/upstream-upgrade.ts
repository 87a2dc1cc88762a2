/**
 * The WebSocket handshake with an application, on a connection of its own (RFC 6455 §4).
 *
 * It passes no frame (`tunnel.ts` does) and answers nobody. Invariant: the sink hears `upgraded` only after a 101
 * that proves it understood this very handshake; any other answer is relayed like an ordinary one. Sending what
 * the browser wrote ahead of the 101 was refused: to an application that declines it is a second request
 * (CVE-2026-2833).
 */
import { hash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { UpstreamConfig } from '../runtime/config.ts'
import { fault } from '../runtime/fault.ts'
import type { RawHeaders } from './exchange.ts'
import type { Schedule } from './exchanges.ts'
import { upstreamFault } from './upstream-faults.ts'
import { upstreamHost, upstreamTls } from './upstream-tls.ts'
import { answerHeadBytesMax, type UpstreamCall, type UpstreamSink } from './upstreams.ts'

/** Who listens to a handshake. */
export type UpgradeSink = UpstreamSink & {
  /** The application switched; whatever it sent behind its 101 is still in `socket`. */
  upgraded(headers: RawHeaders, socket: Socket): void
}

/** A handshake: `key` is its `Sec-WebSocket-Key`; headers after hygiene, without `Connection` and `Upgrade`. */
export type UpgradeRequest = {
  readonly target: string
  readonly headers: readonly string[]
  readonly key: string
}

const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const valuesOf = (headers: RawHeaders, wanted: string): readonly string[] =>
  headers.filter((_, i) => i % 2 === 1 && (headers[i - 1] ?? '').toLowerCase() === wanted)

/** Whether the head of a 101 is the answer to `key`. */
const acceptsKey = (headers: RawHeaders, key: string): boolean => {
  const [accept, ...accepts] = valuesOf(headers, 'sec-websocket-accept')
  const [protocol, ...protocols] = valuesOf(headers, 'upgrade')
  return (
    accepts.length === 0 &&
    protocols.length === 0 &&
    protocol?.toLowerCase() === 'websocket' &&
    accept === hash('sha1', key + acceptSuffix, 'base64')
  )
}

const createRequest = (upstream: UpstreamConfig, request: UpgradeRequest): http.ClientRequest => {
  const { protocol, port } = new URL(upstream.url)
  const options = {
    host: upstreamHost(upstream),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    method: 'GET',
    path: request.target,
    headers: [...request.headers, 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
    agent: false,
    maxHeaderSize: answerHeadBytesMax,
    insecureHTTPParser: false,
  } as const
  if (protocol !== 'https:') return http.request(options)
  const { ca, ...tls } = upstreamTls(upstream)
  return https.request({ ...options, ...tls, ...(ca === undefined ? {} : { ca: [...ca] }) })
}

/** An answer that is no upgrade, told to the sink piece by piece. */
const relayDeclined = (answer: http.IncomingMessage, sink: UpgradeSink): void => {
  sink.begun(answer.statusCode ?? 502, answer.statusMessage ?? '', answer.rawHeaders)
  sink.lulled()
  answer
    .on('data', (chunk: Buffer) => {
      if (!sink.data(chunk)) answer.pause()
      sink.lulled()
    })
    .on('error', () => {})
    .on('close', () => {
      if (answer.complete) sink.ended()
      else sink.failed(fault('upstream', 'truncated', 'the answer broke off', 'no'))
    })
}

/** Starts the handshake; never retried. Timeouts are the upstream's own. */
export const openUpgrade = (
  upstream: UpstreamConfig,
  request: UpgradeRequest,
  sink: UpgradeSink,
  schedule: Schedule,
): UpstreamCall => {
  const call = createRequest(upstream, request)
  let answer: http.IncomingMessage | null = null
  let over = false
  const once = (then: () => void): void => {
    if (over) return
    over = true
    cancelTimer()
    then()
  }
  const fail = (error: unknown): void => {
    once(() => sink.failed(upstreamFault(error, 'no WebSocket handshake')))
    call.destroy()
  }
  let cancelTimer = schedule(
    () => fail(fault('upstream', 'timeout', 'connecting', 'no')),
    upstream.connectTimeoutMs,
  )
  call.on('socket', (socket) => {
    socket.once(socket instanceof Object && 'encrypted' in socket ? 'secureConnect' : 'connect', () => {
      cancelTimer()
      const waited = (): void => fail(fault('upstream', 'timeout', 'waiting for the handshake', 'no'))
      if (!over) cancelTimer = schedule(waited, upstream.firstByteTimeoutMs)
    })
  })
  call.on('error', fail)
  call.on('upgrade', (response: http.IncomingMessage, socket: Socket, head: Buffer) => {
    if (!acceptsKey(response.rawHeaders, request.key)) {
      socket.destroy()
      return fail(fault('upstream', 'garbage', 'a 101 to another handshake', 'no'))
    }
    if (over) return void socket.destroy()
    socket.setTimeout(0)
    if (head.length > 0) socket.unshift(head)
    once(() => sink.upgraded(response.rawHeaders, socket))
  })
  call.on('response', (response: http.IncomingMessage) => {
    if (over) return void response.destroy()
    if ((response.statusCode ?? 0) < 200)
      return fail(fault('upstream', 'garbage', 'a 101 that switches to nothing', 'no'))
    answer = response
    response.setTimeout(upstream.idleTimeoutMs, () => response.destroy())
    once(() => relayDeclined(response, sink))
  })
  call.end()
  return {
    abort() {
      over = true
      cancelTimer()
      answer?.removeAllListeners('data').removeAllListeners('close')
      call.destroy()
    },
    resume: () => void answer?.resume(),
  }
}
