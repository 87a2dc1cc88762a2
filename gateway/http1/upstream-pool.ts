/**
 * The calls to the applications on connections of our own: kept ones first, new ones up to a limit, then a queue.
 *
 * It parses nothing (`upstream-connection.ts` does), follows no redirect and adds no header but framing. Invariant: that of
 * `upstreams.ts`. Pipelining was refused: what waits behind a slow answer cannot be called back.
 */
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import type { DurationMs } from '../../policies/instant.ts'
import type { UpstreamConfig } from '../../runtime/config.ts'
import { fault } from '../../runtime/fault.ts'
import type { Schedule } from '../exchanges.ts'
import { upstreamFault } from '../upstream-faults.ts'
import { upstreamHost, upstreamTls } from '../upstream-tls.ts'
import {
  mayBeSentAgain,
  type UpstreamCall,
  type UpstreamRequest,
  type UpstreamSink,
  type Upstreams,
} from '../upstreams.ts'
import type { ResponseHead } from './response-head.ts'
import { createTimerWheel } from './timer-wheel.ts'
import {
  type AnswerListener,
  type Connection,
  createConnection,
  type Patience,
} from './upstream-connection.ts'
import { sendBehind } from './write-behind.ts'

/** What the calls need. `connectionsMax`: at most so many at once to each application. */
export type PoolOptions = {
  readonly connectionsMax: number
  readonly monotonic: () => DurationMs
  readonly schedule: Schedule
}

/** How long a connection is kept idle where the application does not say how long it does, and at most. */
const keepMs: DurationMs = 4_000
const keepMsMax: DurationMs = 600_000
/** Before the application closes it: requests under way must not meet its end. */
const keepMarginMs: DurationMs = 1_000

type Idle = { readonly connection: Connection; readonly until: DurationMs }

type Pool = {
  readonly upstream: UpstreamConfig
  readonly options: PoolOptions
  readonly patience: Patience
  /** Newest last. */
  readonly idle: Idle[]
  readonly waiting: Call[]
  readonly all: Set<{ destroy(): void }>
  closed: boolean
}

const nothing = (): void => {}

/** One call; a class, as everything that is made for each request (`turn.ts` says why). */
class Call implements UpstreamCall, AnswerListener {
  readonly pool: Pool
  readonly request: UpstreamRequest
  connection: Connection | null = null
  /** Calls off connecting or waiting. */
  callOff: () => void = nothing
  isOver = false
  private readonly sink: UpstreamSink
  private hasAnswer = false
  private hasRetried = false

  constructor(pool: Pool, request: UpstreamRequest, sink: UpstreamSink) {
    this.pool = pool
    this.request = request
    this.sink = sink
  }

  answered(): void {
    this.hasAnswer = true
  }

  head({ status, reason, headers }: ResponseHead): void {
    if (this.isOver) return
    if (status < 200) this.sink.informed(status, headers)
    else this.sink.begun(status, reason, headers)
  }

  data(piece: Buffer): boolean {
    return this.isOver || this.sink.data(piece)
  }

  lulled(): void {
    if (!this.isOver) this.sink.lulled()
  }

  ended(): void {
    if (this.isOver) return
    this.isOver = true
    this.sink.ended()
  }

  failed(error: unknown): void {
    if (this.isOver) return
    const failure = upstreamFault(error, this.hasAnswer ? 'the answer broke off' : 'no answer')
    const mayRetry =
      !this.hasRetried &&
      !this.hasAnswer &&
      mayBeSentAgain(this.request) &&
      this.connection?.isUsed() === true
    if (mayRetry && failure.kind === 'reset') {
      this.hasRetried = true
      this.connection = null
      // Others that were kept may have died with it.
      connect(this)
      return
    }
    this.isOver = true
    this.sink.failed(failure)
  }

  abort(): void {
    if (this.isOver) return
    this.isOver = true
    this.callOff()
    this.connection?.destroy()
  }

  resume(): void {
    // Its connection may be another call's by now.
    if (!this.isOver) this.connection?.resume()
  }
}

const askOn = (call: Call, connection: Connection): void => {
  call.connection = connection
  connection.ask(call.request, call)
}

/** The next call that waits gets the connection; without one it is kept for a while. */
const keep = (pool: Pool, connection: Connection, keepsSeconds: number | null): void => {
  const keptMs = keepsSeconds === null ? keepMs : Math.min(keepMsMax, keepsSeconds * 1_000 - keepMarginMs)
  if (keptMs <= 0 || pool.closed) {
    connection.destroy()
    return
  }
  const next = pool.waiting.shift()
  if (next === undefined) {
    connection.rest(keptMs)
    pool.idle.push({ connection, until: pool.options.monotonic() + keptMs })
    return
  }
  next.callOff()
  askOn(next, connection)
}

/** A kept connection, the one used last; those beyond their time are closed. */
const takeIdle = (pool: Pool): Connection | null => {
  for (let last = pool.idle.pop(); last !== undefined; last = pool.idle.pop()) {
    if (last.connection.isOpen() && last.until > pool.options.monotonic()) return last.connection
    last.connection.destroy()
  }
  return null
}

/** A place has become free: who has waited longest opens a connection of their own. */
const advance = (pool: Pool): void => {
  if (pool.closed || pool.all.size >= pool.options.connectionsMax) return
  const next = pool.waiting.shift()
  if (next === undefined) return
  next.callOff()
  connect(next)
}

const openSocket = (upstream: UpstreamConfig): { readonly socket: Socket; readonly ready: string } => {
  const { protocol, port } = new URL(upstream.url)
  const host = upstreamHost(upstream)
  const address = {
    host,
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    noDelay: true,
  }
  if (protocol !== 'https:') return { socket: net.connect(address), ready: 'connect' }
  const { ca, servername, rejectUnauthorized } = upstreamTls(upstream)
  const socket = tls.connect({
    ...{ ...address, rejectUnauthorized, ALPNProtocols: ['http/1.1'] },
    ...(servername === '' ? {} : { servername }),
    ...(ca === undefined ? {} : { ca: [...ca] }),
  })
  return { socket, ready: 'secureConnect' }
}

/** Opens a connection for a call. */
const connect = (call: Call): void => {
  const { pool } = call
  const { upstream, options } = pool
  const { socket, ready } = openSocket(upstream)
  pool.all.add(socket)
  const leave = (): void => {
    pool.all.delete(socket)
    advance(pool)
  }
  const fail = (error: unknown): void => {
    cancel()
    socket.destroy()
    call.failed(error)
  }
  const cancel = options.schedule(
    () => fail(fault('upstream', 'timeout', 'connecting', 'no')),
    upstream.connectTimeoutMs,
  )
  const onClose = (): void => {
    leave()
    fail(fault('upstream', 'reset', 'it closed the connection at once', 'no'))
  }
  call.callOff = () => {
    cancel()
    socket.destroy()
  }
  socket.on('error', fail).on('close', onClose)
  socket.once(ready, () => {
    cancel()
    socket.off('error', fail).off('close', onClose)
    const connection = createConnection(socket, pool.patience, {
      idle: (one, keepsSeconds) => keep(pool, one, keepsSeconds),
      closed(one) {
        const at = pool.idle.findIndex((idle) => idle.connection === one)
        if (at >= 0) pool.idle.splice(at, 1)
        leave()
      },
    })
    call.callOff = nothing
    if (call.isOver) connection.destroy()
    else askOn(call, connection)
  })
}

/** Waits for a connection, at most as long as for an answer. */
const wait = (call: Call): void => {
  const { pool } = call
  const giveUp = (): void => {
    const at = pool.waiting.indexOf(call)
    if (at >= 0) pool.waiting.splice(at, 1)
  }
  const cancel = pool.options.schedule(() => {
    giveUp()
    call.failed(fault('upstream', 'timeout', 'every connection is in use', 'no'))
  }, pool.upstream.firstByteTimeoutMs)
  call.callOff = () => {
    cancel()
    giveUp()
  }
  pool.waiting.push(call)
}

const start = (call: Call): void => {
  const { pool } = call
  const kept = takeIdle(pool)
  if (kept !== null) askOn(call, kept)
  else if (pool.all.size < pool.options.connectionsMax) connect(call)
  else wait(call)
}

const createPool = (upstream: UpstreamConfig, options: PoolOptions): Pool => {
  // Read now, so that a file that cannot be used is an error of the first request and not of a socket.
  if (upstream.url.startsWith('https:')) upstreamTls(upstream)
  const { firstByteTimeoutMs: firstByteMs, idleTimeoutMs: idleMs } = upstream
  // Fine enough for the shorter of the two, and never busy.
  const revolutionMs = Math.min(1_000, Math.max(40, Math.min(firstByteMs, idleMs) / 4))
  const wheel = createTimerWheel(options.schedule, revolutionMs)
  const patience = { firstByteMs, idleMs, monotonic: options.monotonic, wheel, sendBehind }
  return { upstream, options, patience, idle: [], waiting: [], all: new Set(), closed: false }
}

/** Pools are made on first use. */
export const createOwnUpstreams = (options: PoolOptions): Upstreams => {
  const pools = new Map<UpstreamConfig, Pool>()
  const poolOf = (upstream: UpstreamConfig): Pool => {
    const known = pools.get(upstream)
    if (known !== undefined) return known
    const made = createPool(upstream, options)
    pools.set(upstream, made)
    return made
  }
  return {
    send(upstream, request, sink) {
      const call = new Call(poolOf(upstream), request, sink)
      start(call)
      return call
    },
    uses: () =>
      [...pools.values()].map(({ upstream, all, idle, waiting }) => ({
        ...{ upstream: upstream.id, idle: idle.length, waiting: waiting.length },
        busy: all.size - idle.length,
      })),
    async close() {
      for (const pool of pools.values()) {
        pool.closed = true
        for (const socket of pool.all) socket.destroy()
      }
    },
  }
}
