/**
 * The calls to the applications, on undici's dispatcher: pools, timeouts, one careful retry, back-pressure.
 *
 * It decides nothing, follows no redirect, decompresses nothing and adds no header but framing. Invariant: that of
 * `upstreams.ts`. `fetch` was refused: it follows, decodes, joins headers and buffers.
 */
import { type Dispatcher, Pool } from 'undici'
import type { UpstreamConfig } from '../runtime/config.ts'
import { fault } from '../runtime/fault.ts'
import type { RawHeaders } from './exchange.ts'
import { createConnector, isOnUsedConnection } from './upstream-connect.ts'
import { upstreamFault } from './upstream-faults.ts'
import {
  answerHeadBytesMax,
  interimsMax,
  mayBeSentAgain,
  type UpstreamRequest,
  type UpstreamSink,
  type Upstreams,
} from './upstreams.ts'

const createPool = (upstream: UpstreamConfig, connectionsMax: number): Pool =>
  new Pool(upstream.url, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    headersTimeout: upstream.firstByteTimeoutMs,
    bodyTimeout: upstream.idleTimeoutMs,
    maxHeaderSize: answerHeadBytesMax,
    strictContentLength: true,
    connect: createConnector(upstream),
  })

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
  interims: number
  tries: number
  over: boolean
}

const failCall = (call: Call, error: unknown): void => {
  if (call.over) return
  const mayRetry =
    call.tries === 1 &&
    !call.answered &&
    mayBeSentAgain(call.request) &&
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

const lull = (call: Call): void => {
  if (!call.over) call.sink.lulled()
}

const begin = (
  call: Call,
  controller: Dispatcher.DispatchController,
  status: number,
  reason: string,
): void => {
  if (call.over) return
  const headers = rawHeadersOf(controller)
  if (status >= 200) {
    call.sink.begun(status, reason, headers)
    // The head travels with the first bytes, or alone if they let us wait (events).
    process.nextTick(lull, call)
    return
  }
  call.interims += 1
  // Nobody asked to switch protocols, so nothing after that could be read.
  const wrong =
    status === 101
      ? 'a 101 that was not asked for'
      : call.interims > interimsMax
        ? 'interim answers without end'
        : null
  if (wrong === null) call.sink.informed(status, headers)
  else {
    failCall(call, fault('upstream', 'garbage', wrong, 'no'))
    controller.abort(new Error(wrong))
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
  const pools = new Map<UpstreamConfig, Pick<Call, 'pool' | 'servername'>>()
  const poolOf = (upstream: UpstreamConfig): Pick<Call, 'pool' | 'servername'> => {
    const known = pools.get(upstream)
    if (known !== undefined) return known
    const made = {
      pool: createPool(upstream, connectionsMax),
      servername: new URL(upstream.url).hostname,
    }
    pools.set(upstream, made)
    return made
  }
  return {
    send(upstream, request, sink) {
      const call: Call = {
        ...poolOf(upstream),
        request,
        sink,
        controller: null,
        answered: false,
        interims: 0,
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
    uses: () =>
      [...pools].map(([{ id }, { pool }]) => {
        const { connected, free, queued } = pool.stats
        return { upstream: id, busy: connected - free, idle: free, waiting: queued }
      }),
    close: async () => {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
    },
  }
}
