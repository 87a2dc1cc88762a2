/**
 * The calls to the applications, on undici's dispatcher: pools, timeouts, one careful retry, back-pressure.
 *
 * It decides nothing, follows no redirect, decompresses nothing and adds no header but framing. Invariant: a call
 * tells its sink either `ended` after a complete answer or `failed`, never both, never a truncated answer as ended;
 * a request that the application may have begun to work on is not sent twice. `fetch` was refused: it follows,
 * decodes, joins headers and buffers.
 */
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { buildConnector, type Dispatcher, Pool } from 'undici'
import type { UpstreamConfig } from '../runtime/config.ts'
import { type Fault, fault } from '../runtime/fault.ts'
import type { RawHeaders } from './exchange.ts'
import { upstreamFault } from './upstream-faults.ts'

/** A request ready to be sent: headers after hygiene. */
export type UpstreamRequest = {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  readonly body: Uint8Array | Readable | null
}

/** Who listens to an answer. Nothing here may throw. */
export type UpstreamSink = {
  /** An interim answer (102, 103). */
  informed(status: number, headers: RawHeaders): void
  begun(status: number, reason: string, headers: RawHeaders): void
  /** Answers whether more may come; else `resume` is awaited. */
  data(chunk: Uint8Array): boolean
  ended(): void
  failed(fault: Fault): void
}

/** A call under way. `abort`: the application's connection is closed at once, the sink hears no more. */
export type UpstreamCall = { abort(): void; resume(): void }

/** All applications of one gateway. */
export type Upstreams = {
  send(upstream: UpstreamConfig, request: UpstreamRequest, sink: UpstreamSink): UpstreamCall
  /** Closes every connection. */
  close(): Promise<void>
}

/** Heads of answers may be larger than ours: applications set many cookies. */
const answerHeadBytesMax = 65_536

const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Errors of connections over which an earlier answer had come: they may have died of old age. */
const errorsOnUsed = new WeakSet<object>()

const isOnUsedConnection = (error: object): boolean => {
  if (errorsOnUsed.has(error)) return true
  if (!('socket' in error) || typeof error.socket !== 'object' || error.socket === null) return false
  return 'bytesRead' in error.socket && Number(error.socket.bytesRead) > 0
}

const createPool = (upstream: UpstreamConfig, connectionsMax: number): Pool => {
  const { hostname } = new URL(upstream.url)
  const bare = hostname.replace(/^\[|\]$/g, '')
  const connect = buildConnector({ timeout: upstream.connectTimeoutMs, allowH2: false })
  return new Pool(upstream.url, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    headersTimeout: upstream.firstByteTimeoutMs,
    bodyTimeout: upstream.idleTimeoutMs,
    maxHeaderSize: answerHeadBytesMax,
    strictContentLength: true,
    connect: (options, callback) => {
      // The certificate must be the configured host's, whatever Host the browser sent.
      const { servername: _, ...rest } = options
      const named = isIP(bare) === 0 ? { ...rest, servername: bare } : rest
      connect(named, (...result) => {
        const [error, socket] = result
        if (error === null && socket !== null)
          socket.once('error', (failure) => {
            if (socket.bytesRead > 0) errorsOnUsed.add(failure)
          })
        callback(...result)
      })
    },
  })
}

const textOf = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value))

const rawHeadersOf = (controller: Dispatcher.DispatchController): RawHeaders =>
  Array.isArray(controller.rawHeaders) ? controller.rawHeaders.map(textOf) : []

type Call = {
  readonly pool: Pool
  readonly request: UpstreamRequest
  readonly servername: string
  readonly sink: UpstreamSink
  controller: Dispatcher.DispatchController | null
  /** The first byte of an answer has come. */
  answered: boolean
  tries: number
  over: boolean
}

const failCall = (call: Call, error: unknown): void => {
  if (call.over) return
  const mayRetry =
    call.tries === 1 &&
    !call.answered &&
    call.request.body === null &&
    idempotent.has(call.request.method) &&
    typeof error === 'object' &&
    error !== null &&
    isOnUsedConnection(error)
  const failure = upstreamFault(error, call.answered ? 'the answer broke off' : 'no answer')
  if (mayRetry && failure.kind === 'reset') dispatch(call)
  else {
    call.over = true
    call.sink.failed(failure)
  }
}

const begin = (
  call: Call,
  controller: Dispatcher.DispatchController,
  status: number,
  reason: string,
): void => {
  if (call.over) return
  const headers = rawHeadersOf(controller)
  if (status >= 200) call.sink.begun(status, reason, headers)
  else if (status !== 101) call.sink.informed(status, headers)
  else {
    // Nobody asked to switch protocols, so nothing after this could be read.
    failCall(call, fault('upstream', 'garbage', 'a 101 that was not asked for', 'no'))
    controller.abort(new Error('unasked 101'))
  }
}

const dispatch = (call: Call): void => {
  const { request, pool, servername } = call
  call.tries += 1
  const options: Dispatcher.DispatchOptions & { readonly servername: string } = {
    path: request.target,
    method: request.method,
    headers: [...request.headers],
    body: request.body,
    servername,
  }
  try {
    pool.dispatch(options, {
      onRequestStart(controller) {
        call.controller = controller
        if (call.over) controller.abort(new Error('aborted'))
      },
      onResponseStarted() {
        call.answered = true
      },
      onResponseStart(controller, status, _headers, reason) {
        call.answered = true
        begin(call, controller, status, reason ?? '')
      },
      onResponseData(controller, chunk) {
        if (!call.over && !call.sink.data(chunk)) controller.pause()
      },
      onResponseEnd() {
        if (call.over) return
        call.over = true
        call.sink.ended()
      },
      onResponseError(_controller, error) {
        failCall(call, error)
      },
    })
  } catch (error) {
    failCall(call, error)
  }
}

/** Pools are made on first use; at most `connectionsMax` connections to each application. */
export const createUpstreams = (connectionsMax: number): Upstreams => {
  const pools = new Map<UpstreamConfig, Pool>()
  return {
    send(upstream, request, sink) {
      const pool = pools.get(upstream) ?? createPool(upstream, connectionsMax)
      pools.set(upstream, pool)
      const servername = new URL(upstream.url).hostname
      const call: Call = {
        pool,
        request,
        servername,
        sink,
        controller: null,
        answered: false,
        tries: 0,
        over: false,
      }
      dispatch(call)
      return {
        abort() {
          if (call.over) return
          call.over = true
          call.controller?.abort(new Error('aborted'))
        },
        resume: () => call.controller?.resume(),
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}
