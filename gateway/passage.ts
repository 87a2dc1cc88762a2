/**
 * One exchange on its way: how it is answered, forwarded, and ended, whatever comes first.
 *
 * It decides nothing and reads no policy. Invariant: exactly one of these ends it, and the others then do nothing: an
 * answer of our own, the application's complete answer, a broken-off one (the browser's connection is destroyed,
 * never completed), a cut, or the browser going away (the application's connection is closed). Promises per
 * chunk were refused: callbacks carry the bytes, and back-pressure is a boolean.
 */
import type { Decision } from '../policies/decision.ts'
import type { DurationMs } from '../policies/instant.ts'
import type { UpstreamConfig } from '../runtime/config.ts'
import { type Fault, fault, isFault } from '../runtime/fault.ts'
import type { Log } from '../runtime/log.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import { sendWhole, swallowBody } from './answers.ts'
import { setCookieLines } from './cookies.ts'
import type { Attendant, Downstream } from './downstream.ts'
import type { CutReason, Exchange, Held, Judgement, RawHeaders, WholeResponse } from './exchange.ts'
import type { Live, LiveKind, Schedule } from './exchanges.ts'
import type { HeaderRules, RequestFacts } from './headers.ts'
import { vouchingNames } from './identity/trusted-header.ts'
import type { Latency } from './latency.ts'
import type { EngineCounters } from './metrics.ts'
import { answerFailure, type Failure } from './refusal.ts'
import type { RequestBody } from './request-body.ts'
import { failureOf } from './upstream-failures.ts'
import type { UpstreamCall, UpstreamRequest, UpstreamSink, Upstreams } from './upstreams.ts'

/** What a judgement to forward says. */
export type Forwarding = Extract<Judgement, { readonly act: 'forward' }>

/** What every exchange of an engine shares. */
export type PassageTools = {
  readonly upstreams: Upstreams
  readonly rules: HeaderRules
  readonly counters: EngineCounters
  readonly latency: Latency
  readonly log: Log
  readonly schedule: Schedule
  readonly monotonic: () => DurationMs
  /** The answer to a client whose exchange is cut before one had begun. */
  readonly answerCut: (exchange: Exchange, reason: CutReason, decision: Decision | null) => WholeResponse
}

/** One exchange. */
export type Passage = Live &
  Attendant & {
    readonly exchange: Exchange
    /** An answer of the gateway's own; nothing was or will be forwarded after it. */
    answer(whole: WholeResponse): void
    fail(failure: Failure): void
    /** Forwards an ordinary request and relays what comes. */
    forward(forwarding: Forwarding): void
    /** Relays an answer that comes by another way than `forward`. */
    sink(forwarding: Forwarding): UpstreamSink
    /** A tunnel takes over the browser's side; `false`: too late, this has ended. */
    handOver(): boolean
    /** Notes the call to abort should this end first. */
    follow(call: UpstreamCall): void
    isOver(): boolean
  }

/** After so long without a first byte an idle GET is a long poll (SPEC §6 ends those at once). */
const pollMs: DurationMs = 5_000

const ourFault: Failure = {
  status: 500,
  ...failureTexts.mistake,
}

const plainReason = (reason: string): string => (/^[\x20-\x7e]{1,100}$/.test(reason) ? reason : '')

type State = {
  readonly tools: PassageTools
  readonly exchange: Exchange
  readonly client: Downstream
  readonly body: RequestBody
  readonly startedAt: DurationMs
  /** `null`: the application has not been asked. */
  sentAt: DurationMs | null
  call: UpstreamCall | null
  kind: 'request' | 'events'
  /** Bytes of an answer have gone to the browser, or are about to. */
  begun: boolean
  /** Bytes have followed the head. */
  hasCompany: boolean
  /** Nothing more of the answer passes; a cut follows. */
  held: boolean
  over: boolean
  /** Calls off the limit on all of it, where there is one. */
  endDeadline: () => void
}

const finish = (state: State): boolean => {
  if (state.over) return false
  state.over = true
  state.endDeadline()
  return true
}

const answer = (state: State, whole: WholeResponse): void => {
  if (!finish(state)) return
  state.call?.abort()
  if (state.begun) {
    state.client.breakOff()
    return
  }
  try {
    if (state.body.isUnfinished()) swallowBody(state.client, state.tools.schedule)
    sendWhole(state.client, whole, false)
    state.tools.counters.answered('gateway', whole.status)
    if (state.sentAt === null) state.tools.latency.answered(state.tools.monotonic() - state.startedAt)
  } catch (error) {
    state.tools.log.error({ error, exchange: state.exchange.id }, 'an answer could not be written')
    state.client.breakOff()
  }
}

const fail = (state: State, failure: Failure): void => answer(state, answerFailure(state.exchange, failure))

const failByFault = (state: State, reason: Fault): void => {
  if (state.over) return
  const { tools, exchange } = state
  // The browser going away, or failing to send, is no failure of the application.
  if (reason.source === 'downstream') {
    finish(state)
    state.client.breakOff()
    return
  }
  tools.counters.upstreamFailed(reason.source === 'upstream' ? reason.kind : 'self')
  if (reason.source === 'upstream') tools.latency.upstreamFailed(exchange.upstream.id)
  const line = { error: reason, exchange: exchange.id, upstream: exchange.upstream.id }
  if (reason.source === 'self') tools.log.error(line, 'a request could not be forwarded')
  else tools.log.warn(line, 'the application failed')
  fail(state, failureOf(reason))
}

/** Does what must not throw; if it does, the exchange ends here and nothing else is harmed. */
const guard = (state: State, what: () => void): void => {
  try {
    what()
  } catch (error) {
    failByFault(state, isFault(error) ? error : fault('self', 'garbage', 'an exchange failed', 'no', error))
  }
}

/** Interim answers are a courtesy: hints only, and none while an answer is held. */
const relayInterim = (state: State, status: number, headers: RawHeaders): void => {
  if (state.over || state.begun || state.exchange.upgrade !== null || state.client.received.version !== '1.1')
    return
  const hints: string[] = []
  for (let i = 0; i < headers.length; i += 2)
    if ((headers[i] ?? '').toLowerCase() === 'link') hints.push('Link', headers[i + 1] ?? '')
  if (status === 103 && hints.length > 0) state.client.inform(103, hints)
  if (status === 102) state.client.inform(102, [])
}

const noteSent = (state: State): void => {
  const { tools, startedAt } = state
  const at = tools.monotonic()
  state.sentAt = at
  tools.latency.forwarded(at - startedAt)
}

const noteAnswered = ({ tools, exchange, sentAt }: State, status: number): void => {
  if (sentAt !== null)
    tools.latency.upstreamAnswered(exchange.upstream.id, status, tools.monotonic() - sentAt)
}

const isEventStream = (headers: RawHeaders): boolean => {
  for (let i = 0; i < headers.length; i += 2)
    if ((headers[i] ?? '').toLowerCase() === 'content-type')
      return /^\s*text\/event-stream\b/i.test(headers[i + 1] ?? '')
  return false
}

const flushHead = (state: State): void => {
  if (!state.hasCompany && !state.over) state.client.flush()
}

/** Passes an answer on as it comes. */
const streamingSink = (state: State, { changes, notice }: Forwarding): UpstreamSink => {
  const { client, tools } = state
  return {
    informed: (status, headers) => guard(state, () => relayInterim(state, status, headers)),
    begun: (status, reason, headers) =>
      guard(state, () => {
        if (state.over) return
        notice?.(setCookieLines(headers))
        const out = tools.rules.forResponse(headers, status, changes)
        if (isEventStream(headers)) {
          state.kind = 'events'
          state.endDeadline()
        }
        client.begin(status, plainReason(reason), out)
        state.begun = true
        tools.counters.answered('application', status)
        noteAnswered(state, status)
        // The head travels with the first bytes, or alone if they let us wait (events).
        process.nextTick(flushHead, state)
      }),
    data(chunk) {
      if (state.over || state.held) return true
      state.hasCompany = true
      return client.write(chunk)
    },
    ended() {
      // What lost bytes must not look whole.
      if (state.held || !finish(state)) return
      if (state.body.isUnfinished()) swallowBody(client, tools.schedule)
      client.end()
    },
    failed: (reason) => failByFault(state, reason),
  }
}

/** Keeps an answer until the judge has spoken; whatever goes wrong, nothing of it is released. */
const holdingSink = (state: State, { changes }: Forwarding, held: Held): UpstreamSink => {
  const { tools } = state
  const parts: Uint8Array[] = []
  let size = 0
  let head = { status: 502, headers: [] as readonly string[] }
  const settle = async (): Promise<void> => {
    const settled = await held.settle({ ...head, body: Buffer.concat(parts) })
    const cookies = changes.setCookies.flatMap((line) => ['Set-Cookie', line])
    answer(state, { ...settled, headers: [...settled.headers, ...cookies] })
  }
  return {
    informed: () => {},
    begun: (status, _reason, headers) =>
      guard(state, () => {
        noteAnswered(state, status)
        head = { status, headers: tools.rules.forResponse(headers, status, { setCookies: [] }) }
      }),
    data(chunk) {
      size += chunk.length
      if (size <= held.bytesMax) parts.push(chunk)
      else failByFault(state, fault('upstream', 'full', 'a held answer is too large', 'no'))
      return true
    },
    ended() {
      if (state.over) return
      state.endDeadline()
      settle().catch((error: unknown) => {
        if (state.over) return
        tools.log.error({ error, exchange: state.exchange.id }, 'a held answer could not be settled')
        fail(state, ourFault)
      })
    },
    failed: (reason) => failByFault(state, reason),
  }
}

const sinkOf = (state: State, forwarding: Forwarding): UpstreamSink =>
  forwarding.held === null
    ? streamingSink(state, forwarding)
    : holdingSink(state, forwarding, forwarding.held)

/** One list per application, so that the filter made for it is found again. */
const guardedNames = new WeakMap<UpstreamConfig, readonly string[]>()

/** The cookies that are judged by: who asks, and in which practice. */
const guardedOf = (upstream: UpstreamConfig): readonly string[] => {
  const known = guardedNames.get(upstream)
  if (known !== undefined) return known
  const practice = upstream.practice.cookie?.name
  const names = [...(upstream.identity?.cookies ?? []), ...(practice === undefined ? [] : [practice])]
  guardedNames.set(upstream, names)
  return names
}

/** What header hygiene must know of an exchange. */
export const requestFacts = (exchange: Exchange, observed: boolean): RequestFacts => ({
  client: exchange.client,
  host: exchange.host,
  secure: exchange.secure,
  credentials: guardedOf(exchange.upstream),
  vouching: vouchingNames(exchange.upstream),
  observed,
})

/** The limit on the whole of an ordinary exchange with the application (`totalTimeoutMs`). */
const startDeadline = (state: State): void => {
  const { totalTimeoutMs } = state.exchange.upstream
  if (totalTimeoutMs === null) return
  state.endDeadline = state.tools.schedule(
    () => failByFault(state, fault('upstream', 'timeout', 'the whole answer takes too long', 'no')),
    totalTimeoutMs,
  )
}

const forward = (state: State, forwarding: Forwarding): void => {
  const { exchange, tools, body } = state
  const facts = requestFacts(exchange, forwarding.held !== null)
  const request: UpstreamRequest = {
    method: exchange.method,
    target: exchange.target.raw,
    headers: tools.rules.forRequest(exchange.headers, facts, forwarding.changes),
    body: body.forUpstream(),
  }
  startDeadline(state)
  noteSent(state)
  const call = tools.upstreams.send(exchange.upstream, request, sinkOf(state, forwarding))
  if (state.over) call.abort()
  else state.call = call
}

const kindOf = (state: State): LiveKind => {
  if (state.exchange.upgrade !== null) return 'websocket'
  if (state.begun) return state.kind
  const waits = state.call !== null && state.exchange.method === 'GET' && !state.body.isUnfinished()
  return waits && state.tools.monotonic() - state.startedAt >= pollMs ? 'poll' : 'request'
}

/** The passage of one exchange; nothing has been written to its `client` so far. */
export const createPassage = (
  tools: PassageTools,
  exchange: Exchange,
  client: Downstream,
  body: RequestBody,
): Passage => {
  const state: State = {
    tools,
    exchange,
    client,
    body,
    startedAt: tools.monotonic(),
    sentAt: null,
    call: null,
    kind: 'request',
    begun: false,
    hasCompany: false,
    held: false,
    over: false,
    endDeadline: () => {},
  }
  return {
    exchange,
    kind: () => kindOf(state),
    hold() {
      // Only of these there are thousands; of an upload the other side would have to be held too.
      state.held ||= state.begun && state.kind === 'events' && !state.body.isUnfinished()
      return state.held
    },
    cut: (reason, decision) => guard(state, () => answer(state, tools.answerCut(exchange, reason, decision))),
    answer: (whole) => answer(state, whole),
    fail: (failure) => fail(state, failure),
    forward: (forwarding) => guard(state, () => forward(state, forwarding)),
    follow(call) {
      if (state.over) call.abort()
      else state.call = call
    },
    sink(forwarding) {
      noteSent(state)
      return sinkOf(state, forwarding)
    },
    handOver() {
      if (!finish(state)) return false
      noteAnswered(state, 101)
      return true
    },
    isOver: () => state.over,
    drained: () => state.call?.resume(),
    closed() {
      if (finish(state)) state.call?.abort()
    },
    isStalled: () => body.isWanted() || client.needsDrain(),
  }
}
