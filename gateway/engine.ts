/**
 * The engine: whatever speaks HTTP with clients, the calls to applications, and one judge in between.
 *
 * It limits, streams and cuts; it parses nothing and never decides. Invariant: nothing of a request reaches an application before
 * the judge has permitted it *and* it is registered for being judged again (see `exchanges.ts`); a judge that throws
 * is a 500; an error in one exchange ends that exchange and no other. A middleware chain was refused: there is
 * exactly one judge (see `exchange.ts`).
 */
import { randomBytes } from 'node:crypto'
import { parseAddress } from '../policies/address.ts'
import type { Decision } from '../policies/decision.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Config, Limits, UpstreamConfig } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { badRequestTitle, failureTexts, requestTexts } from '../runtime/pages/texts-failures.ts'
import { sendWhole } from './answers.ts'
import { clientAddress, type TrustedProxies } from './client-address.ts'
import { clientKind } from './client-kind.ts'
import type { Downstream, Listener, Receiver } from './downstream.ts'
import type { CutReason, Exchange, Judge, Judgement, WholeResponse } from './exchange.ts'
import type { Exchanges, Reservation, Schedule } from './exchanges.ts'
import { createHeaderRules } from './headers.ts'
import type { ProxyProtocol } from './http1/announced-peers.ts'
import { createOwnListener } from './http1/listener.ts'
import { createOwnUpstreams } from './http1/upstream-pool.ts'
import type { Latency } from './latency.ts'
import { createNodeListener } from './listener-node.ts'
import type { ListenerTls } from './listener-tls.ts'
import type { EngineCounters, MalformedKind } from './metrics.ts'
import { createPassage, type Passage, type PassageTools } from './passage.ts'
import { provedNames } from './peer-certificate.ts'
import { answerCut, answerFailure, type Failure } from './refusal.ts'
import { createRequestBody } from './request-body.ts'
import type { RequestHead } from './request-head.ts'
import { parseTarget, type Target } from './target.ts'
import { createUpgrade, type Upgrade } from './upgrades.ts'
import { createUpstreams } from './upstream-node.ts'
import type { Upstreams, UpstreamUse } from './upstreams.ts'

/** What an engine needs. */
export type EngineOptions = {
  readonly judge: Judge
  /** What speaks HTTP, on both sides (configuration `gateway.engine`). */
  readonly engine: Config['gateway']['engine']
  readonly limits: Limits
  readonly trusts: TrustedProxies
  /** Configuration `gateway.companionName`; the cookie never passes, in any spelling or with any prefix. */
  readonly companionName: string
  /** Absent or `null`: plain HTTP. */
  readonly tls?: ListenerTls | null
  /** Whose connections announce their clients; the own engine's alone. Absent or `null`: nobody's. */
  readonly proxyProtocol?: ProxyProtocol | null
  /** Whether HTTP/2 is offered over TLS; the own engine's alone. Absent: no. */
  readonly http2?: boolean
  /** Whether browsers come by https, by configuration (`origins.application`, `gateway.tls`), never by a header. */
  readonly secure: boolean
  /** `host` in lower case with its port as sent; `null`: nobody answers to it. */
  readonly lookUpstream: (host: string) => UpstreamConfig | null
  readonly exchanges: Exchanges
  readonly counters: EngineCounters
  readonly latency: Latency
  readonly log: Log
  readonly now: () => Instant
  readonly monotonic: () => DurationMs
  /** Real timers for timeouts; `setTimeout` in mains. */
  readonly schedule: Schedule
  /** The answer when an exchange is cut before one had begun; default: `refusal.ts`, without pages. */
  readonly answerCut?: (exchange: Exchange, reason: CutReason, decision: Decision | null) => WholeResponse
}

/** An engine that does not listen yet. */
export type Engine = {
  /** Port 0: any. Rejects when the address is taken. */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>
  /**
   * Streams end at once, other exchanges get `graceMs`; resolves when every connection is closed. Idle connections
   * get `lingerMs` (default: none) to bring one more request, whose answer says that they are closed.
   */
  close(graceMs: DurationMs, lingerMs?: DurationMs): Promise<void>
  /** The connections to each application that was asked so far. */
  upstreamUses(): readonly UpstreamUse[]
}

/** How long a tunnel's goodbye may take once everything else is over. */
const lastFlushMs = 400

/** The sign-in page of an exchange's application, as refusals need it. */
export const signInOf = (
  upstream: UpstreamConfig,
): { page: string; returnParameter: string | null } | null =>
  upstream.identity === null
    ? null
    : {
        page: upstream.identity.signInPage,
        returnParameter: upstream.identity.mode === 'own' ? 'to' : upstream.identity.returnParameter,
      }

const plainCut = (exchange: Exchange, reason: CutReason, decision: Decision | null): WholeResponse =>
  answerCut(
    { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) },
    reason,
    decision,
  )

type EngineState = {
  readonly options: EngineOptions
  readonly tools: PassageTools
  readonly idPrefix: string
  count: number
  draining: boolean
}

const turnAway = (state: EngineState, client: Downstream, failure: Failure, kind: MalformedKind): void => {
  const { counters } = state.options
  counters.malformed(kind)
  counters.answered('gateway', failure.status)
  const { method, headers } = client.received
  // Behind what could not be read, nothing can.
  sendWhole(client, answerFailure({ kind: clientKind(headers, null), method, headers }, failure), true)
}

const badRequest = (status: Failure['status'], sentence: string): Failure => ({
  status,
  title: badRequestTitle,
  sentence,
})

const busy: Failure = {
  status: 503,
  ...failureTexts.busy,
  retryAfterMs: 1_000,
}

type Readable = { readonly head: RequestHead; readonly upstream: UpstreamConfig; readonly target: Target }

/** What can be known of a request before it is an exchange; `null`: it has been turned away. */
const readRequest = (state: EngineState, client: Downstream): Readable | null => {
  const { options } = state
  const { checked } = client
  if (!checked.ok) {
    turnAway(state, client, badRequest(checked.status, checked.sentence), 'head')
    return null
  }
  const { head } = checked
  const upstream = options.lookUpstream(head.host)
  if (upstream === null) {
    turnAway(state, client, badRequest(404, requestTexts.noSuchHost), 'host')
    return null
  }
  const parsed = parseTarget(client.received.method, client.received.target, head.host)
  if (!parsed.ok) {
    turnAway(state, client, badRequest(parsed.status, parsed.sentence), 'target')
    return null
  }
  if (options.exchanges.size() < options.limits.exchangesMax) return { head, upstream, target: parsed.target }
  turnAway(state, client, busy, 'too-many-exchanges')
  return null
}

const createExchange = (
  state: EngineState,
  { received: { method, headers }, peer, socket }: Downstream,
  { head, upstream, target }: Readable,
  body: Exchange['body'],
): Exchange | null => {
  const { options } = state
  // The client is gone already: nobody to answer, nobody to judge.
  if (peer === null) return null
  const { address, malformed } = clientAddress(peer, headers, options.trusts)
  if (malformed) options.counters.malformed('hop')
  state.count += 1
  const at = options.now()
  return {
    id: `${state.idPrefix}${state.count.toString(36)}`,
    at,
    method,
    target,
    host: head.host,
    headers,
    secure: options.secure,
    peer,
    peerNames: provedNames(socket, at),
    client: address,
    kind: clientKind(headers, head.upgrade),
    upgrade: head.upgrade,
    upstream,
    body,
  }
}

const proceed = (
  passage: Passage,
  upgrade: Upgrade | null,
  reservation: Reservation,
  judgement: Judgement,
): void => {
  if (passage.isOver()) return
  if (judgement.act === 'answer') {
    passage.answer(judgement.response)
    return
  }
  // A handshake's answer is not held, so what must be held is no handshake.
  if (upgrade !== null && judgement.held !== null) {
    passage.fail(badRequest(400, requestTexts.noWebSocket))
    return
  }
  // In one synchronous step: registered, compared with what is known now, forwarded.
  const admission = reservation.admit(judgement.standing)
  if (!admission.admitted) passage.cut(admission.reason, admission.decision)
  else if (upgrade === null) passage.forward(judgement)
  else upgrade.forward(judgement, () => reservation.release())
}

const failUnjudged = (log: Log, passage: Passage, error: unknown): void => {
  log.error({ error, exchange: passage.exchange.id }, 'an exchange could not be judged')
  passage.fail({
    status: 500,
    ...failureTexts.unjudged,
  })
}

/** Once the judge has thought it over. */
const proceedLater = async (
  log: Log,
  passage: Passage,
  upgrade: Upgrade | null,
  reservation: Reservation,
  judged: Promise<Judgement>,
): Promise<void> => {
  try {
    proceed(passage, upgrade, reservation, await judged)
  } catch (error) {
    failUnjudged(log, passage, error)
  }
}

const judgeExchange = (
  { judge, log }: EngineOptions,
  passage: Passage,
  upgrade: Upgrade | null,
  reservation: Reservation,
): void => {
  try {
    const judged = judge(passage.exchange)
    if (judged instanceof Promise) void proceedLater(log, passage, upgrade, reservation, judged)
    else proceed(passage, upgrade, reservation, judged)
  } catch (error) {
    failUnjudged(log, passage, error)
  }
}

const receive = (state: EngineState, client: Downstream): void => {
  const readable = readRequest(state, client)
  if (readable === null) return
  if (state.draining || !readable.head.mayPersist) client.closeBehind()
  const body = createRequestBody(client.body, readable.head)
  const exchange = createExchange(state, client, readable, body.whole)
  if (exchange === null) {
    client.breakOff()
    return
  }
  const passage = createPassage(state.tools, exchange, client, body)
  const upgrade = exchange.upgrade === null ? null : createUpgrade(state.tools, passage, client)
  const reservation = state.options.exchanges.reserve(upgrade ?? passage)
  passage.occupy(reservation)
  client.attend(passage)
  judgeExchange(state.options, passage, upgrade, reservation)
}

const close = async (
  state: EngineState,
  listener: Listener,
  graceMs: DurationMs,
  lingerMs: DurationMs,
): Promise<void> => {
  const { exchanges, schedule } = state.options
  const within = (ms: DurationMs, done: Promise<void>): Promise<void> =>
    new Promise((resolve) => {
      const cancel = schedule(resolve, ms)
      void done.then(() => {
        cancel()
        resolve()
      })
    })
  state.draining = true
  exchanges.cutAll('draining', 'streams')
  const stopped = listener.stop()
  if (lingerMs > 0) await within(lingerMs, stopped)
  listener.closeIdle()
  await within(graceMs, exchanges.emptied())
  exchanges.cutAll('draining', 'everything')
  listener.closeIdle()
  await within(lastFlushMs, stopped)
  listener.destroyAll()
  await stopped
  await state.tools.upstreams.close()
}

const upstreamsOf = ({ engine, limits, monotonic, schedule }: EngineOptions): Upstreams => {
  const connectionsMax = limits.exchangesMax
  return engine === 'node'
    ? createUpstreams(connectionsMax)
    : createOwnUpstreams({ connectionsMax, monotonic, schedule })
}

/** An engine for one listener of the application's origin. */
export const createEngine = (options: EngineOptions): Engine => {
  const state: EngineState = {
    options,
    tools: {
      upstreams: upstreamsOf(options),
      rules: createHeaderRules(options.companionName),
      counters: options.counters,
      latency: options.latency,
      log: options.log,
      schedule: options.schedule,
      monotonic: options.monotonic,
      answerCut: options.answerCut ?? plainCut,
    },
    idPrefix: `${randomBytes(6).toString('hex')}-`,
    count: 0,
    draining: false,
  }
  const receiver: Receiver = {
    request(client) {
      try {
        receive(state, client)
      } catch (error) {
        options.log.error({ error }, 'a request could not be received')
        client.breakOff()
      }
    },
    malformed: (kind) => options.counters.malformed(kind),
    isTrusted(remoteAddress) {
      const address = parseAddress(remoteAddress)
      return address !== null && options.trusts(address)
    },
  }
  const listener =
    options.engine === 'own' ? createOwnListener(options, receiver) : createNodeListener(options, receiver)
  return {
    listen: listener.listen,
    close: (graceMs, lingerMs = 0) => close(state, listener, graceMs, lingerMs),
    upstreamUses: state.tools.upstreams.uses,
  }
}
