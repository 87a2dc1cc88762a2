/**
 * One exchange on its way: how it is answered, forwarded, and ended, whatever comes first.
 *
 * It decides nothing and reads no policy. Invariant: exactly one of these ends it, and the others then do nothing: an
 * answer of our own, the application's complete answer, a broken-off one (the browser's connection is destroyed,
 * never completed), a cut, or the browser going away (the application's connection is closed). Promises per
 * chunk were refused: callbacks carry the bytes, and back-pressure is a boolean. A class, as everything that is made for
 * each request (`http1/turn.ts` says why).
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
import type { Live, LiveKind, Reservation, Schedule } from './exchanges.ts'
import { type HeaderRules, type RequestFacts, tailOf } from './headers.ts'
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
    /** Its place among the live ones, given back when the client has had its answer or is gone. */
    occupy(place: Reservation): void
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

const plainReason = (reason: string): string => (/^[\x20-\x7e]{1,100}$/.test(reason) ? reason : '')

const isEventStream = (headers: RawHeaders): boolean => {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length === 12 && name.toLowerCase() === 'content-type')
      return /^\s*text\/event-stream\b/i.test(headers[i + 1] ?? '')
  }
  return false
}

/** The hints of an interim answer. */
const hintsOf = (headers: RawHeaders): readonly string[] => {
  const hints: string[] = []
  for (let i = 0; i < headers.length; i += 2)
    if ((headers[i] ?? '').toLowerCase() === 'link') hints.push('Link', headers[i + 1] ?? '')
  return hints
}

/** Keeps an answer until the judge has spoken; whatever goes wrong, nothing of it is released. */
const holdingSink = (way: PassageState, { changes }: Forwarding, held: Held): UpstreamSink => {
  const { tools } = way
  const parts: Uint8Array[] = []
  let size = 0
  let head = { status: 502, headers: [] as readonly string[] }
  const settle = async (): Promise<void> => {
    const settled = await held.settle({ ...head, body: Buffer.concat(parts) })
    const cookies = changes.setCookies.flatMap((line) => ['Set-Cookie', line])
    way.answer({ ...settled, headers: [...settled.headers, ...cookies] })
  }
  return {
    informed: () => {},
    begun(status, _reason, headers) {
      try {
        way.noteAnswered(status)
        head = { status, headers: tools.rules.forResponse(headers, status, { setCookies: [] }) }
      } catch (error) {
        way.failBy(error)
      }
    },
    data(chunk) {
      size += chunk.length
      if (size <= held.bytesMax) parts.push(chunk)
      else way.failed(fault('upstream', 'full', 'a held answer is too large', 'no'))
      return true
    },
    lulled: () => {},
    ended() {
      if (way.isOver()) return
      way.endDeadline()
      settle().catch((error: unknown) => {
        if (way.isOver()) return
        tools.log.error({ error, exchange: way.exchange.id }, 'a held answer could not be settled')
        way.fail(ourFault)
      })
    },
    failed: (reason) => way.failed(reason),
  }
}

/** A passage; it is the sink of the answer that it passes on as it comes. */
class PassageState implements Passage, UpstreamSink {
  readonly tools: PassageTools
  readonly exchange: Exchange
  private readonly client: Downstream
  private readonly body: RequestBody
  private readonly startedAt: DurationMs
  /** `null`: the application has not been asked. */
  private sentAt: DurationMs | null = null
  private place: Reservation | null = null
  private call: UpstreamCall | null = null
  private forwarding: Forwarding | null = null
  private isEvents = false
  /** Bytes of an answer have gone to the browser, or are about to. */
  private hasBegun = false
  /** Nothing more of the answer passes; a cut follows. */
  private isHeld = false
  private hasEnded = false
  /** Calls off the limit on all of it, where there is one. */
  private deadline: (() => void) | null = null

  constructor(tools: PassageTools, exchange: Exchange, client: Downstream, body: RequestBody) {
    this.tools = tools
    this.exchange = exchange
    this.client = client
    this.body = body
    this.startedAt = tools.monotonic()
  }

  endDeadline(): void {
    this.deadline?.()
    this.deadline = null
  }

  private finish(): boolean {
    if (this.hasEnded) return false
    this.hasEnded = true
    if (this.deadline !== null) this.endDeadline()
    return true
  }

  isOver(): boolean {
    return this.hasEnded
  }

  occupy(place: Reservation): void {
    this.place = place
  }

  kind(): LiveKind {
    const { exchange, tools } = this
    if (exchange.upgrade !== null) return 'websocket'
    if (this.hasBegun) return this.isEvents ? 'events' : 'request'
    const waits = this.call !== null && exchange.method === 'GET' && !this.body.isUnfinished()
    return waits && tools.monotonic() - this.startedAt >= pollMs ? 'poll' : 'request'
  }

  hold(): boolean {
    // Only of these there are thousands; of an upload the other side would have to be held too.
    this.isHeld ||= this.hasBegun && this.isEvents && !this.body.isUnfinished()
    return this.isHeld
  }

  cut(reason: CutReason, decision: Decision | null): void {
    try {
      this.answer(this.tools.answerCut(this.exchange, reason, decision))
    } catch (error) {
      this.failBy(error)
    }
  }

  answer(whole: WholeResponse): void {
    if (!this.finish()) return
    const { tools, client, body, exchange } = this
    this.call?.abort()
    if (this.hasBegun) {
      client.breakOff()
      return
    }
    try {
      if (body.isUnfinished()) swallowBody(client, tools.schedule)
      sendWhole(client, whole, false)
      tools.counters.answered('gateway', whole.status)
      if (this.sentAt === null) tools.latency.answered(tools.monotonic() - this.startedAt)
    } catch (error) {
      tools.log.error({ error, exchange: exchange.id }, 'an answer could not be written')
      client.breakOff()
    }
  }

  fail(failure: Failure): void {
    this.answer(answerFailure(this.exchange, failure))
  }

  /** Ends this exchange by what was thrown in it; nothing else is harmed. */
  failBy(error: unknown): void {
    this.failed(isFault(error) ? error : fault('self', 'garbage', 'an exchange failed', 'no', error))
  }

  failed(reason: Fault): void {
    if (this.hasEnded) return
    const { tools, exchange } = this
    // The browser going away, or failing to send, is no failure of the application.
    if (reason.source === 'downstream') {
      this.finish()
      this.client.breakOff()
      return
    }
    tools.counters.upstreamFailed(reason.source === 'upstream' ? reason.kind : 'self')
    if (reason.source === 'upstream') tools.latency.upstreamFailed(exchange.upstream.id)
    const line = { error: reason, exchange: exchange.id, upstream: exchange.upstream.id }
    if (reason.source === 'self') tools.log.error(line, 'a request could not be forwarded')
    else tools.log.warn(line, 'the application failed')
    this.fail(failureOf(reason))
  }

  noteAnswered(status: number): void {
    const { tools, exchange, sentAt } = this
    if (sentAt !== null)
      tools.latency.upstreamAnswered(exchange.upstream.id, status, tools.monotonic() - sentAt)
  }

  /** Interim answers are a courtesy: hints only, and none while an answer is held. */
  informed(status: number, headers: RawHeaders): void {
    const { client, exchange } = this
    if (this.hasEnded || this.hasBegun || exchange.upgrade !== null || client.received.version !== '1.1')
      return
    try {
      const hints = status === 103 ? hintsOf(headers) : []
      if (hints.length > 0) client.inform(103, hints)
      if (status === 102) client.inform(102, [])
    } catch (error) {
      this.failBy(error)
    }
  }

  begun(status: number, reason: string, headers: RawHeaders): void {
    const { forwarding, tools, client } = this
    if (this.hasEnded || forwarding === null) return
    try {
      forwarding.notice?.(setCookieLines(headers))
      const out = tools.rules.forResponse(headers, status, forwarding.changes)
      if (isEventStream(headers)) {
        this.isEvents = true
        this.endDeadline()
      }
      client.begin(status, plainReason(reason), out)
      this.hasBegun = true
      tools.counters.answered('application', status)
      this.noteAnswered(status)
    } catch (error) {
      this.failBy(error)
    }
  }

  data(chunk: Uint8Array): boolean {
    return this.hasEnded || this.isHeld || this.client.write(chunk)
  }

  lulled(): void {
    if (this.hasBegun && !this.hasEnded) this.client.flush()
  }

  ended(): void {
    // What lost bytes must not look whole.
    if (this.isHeld || !this.finish()) return
    if (this.body.isUnfinished()) swallowBody(this.client, this.tools.schedule)
    this.client.end()
  }

  /** The limit on the whole of an ordinary exchange with the application (`totalTimeoutMs`). */
  private startDeadline(): void {
    const { totalTimeoutMs } = this.exchange.upstream
    if (totalTimeoutMs === null) return
    this.deadline = this.tools.schedule(
      () => this.failed(fault('upstream', 'timeout', 'the whole answer takes too long', 'no')),
      totalTimeoutMs,
    )
  }

  forward(forwarding: Forwarding): void {
    const { exchange, tools, body } = this
    try {
      const facts = requestFacts(exchange, forwarding.held !== null)
      const request: UpstreamRequest = {
        method: exchange.method,
        target: exchange.target.raw,
        headers: tools.rules.forRequest(exchange.headers, facts, forwarding.changes),
        tail: tailOf(forwarding.changes),
        body: body.forUpstream(),
      }
      this.startDeadline()
      this.follow(tools.upstreams.send(exchange.upstream, request, this.sink(forwarding)))
    } catch (error) {
      this.failBy(error)
    }
  }

  sink(forwarding: Forwarding): UpstreamSink {
    const { tools, startedAt } = this
    this.sentAt = tools.monotonic()
    tools.latency.forwarded(this.sentAt - startedAt)
    if (forwarding.held !== null) return holdingSink(this, forwarding, forwarding.held)
    this.forwarding = forwarding
    return this
  }

  follow(call: UpstreamCall): void {
    if (this.hasEnded) call.abort()
    else this.call = call
  }

  handOver(): boolean {
    if (!this.finish()) return false
    this.noteAnswered(101)
    return true
  }

  drained(): void {
    this.call?.resume()
  }

  closed(): void {
    if (this.finish()) this.call?.abort()
    this.place?.release()
  }

  isStalled(): boolean {
    return this.body.isWanted() || this.client.needsDrain()
  }
}

/** The passage of one exchange; nothing has been written to its `client` so far. */
export const createPassage = (
  tools: PassageTools,
  exchange: Exchange,
  client: Downstream,
  body: RequestBody,
): Passage => new PassageState(tools, exchange, client, body)
