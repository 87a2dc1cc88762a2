/**
 * Asks the application whose credential this is: one GET with nothing but that credential (SPEC §2).
 *
 * It opens no session and judges nobody. Invariant: an answer counts only while it is fresh (30 s at most, 1 s for
 * "nobody"), and whatever is not a clear answer (5xx, a timeout, too long, no JSON, a wrong type) is
 * `indeterminate`, never "nobody" and never somebody. One flight per credential; strangers' credentials are limited
 * per address and in flight, so that inventing cookies does not reach the application faster than that.
 * Believing the typed name of a sign-in instead was refused: parsers differ, the application's answer doesn't.
 */
import { type Dispatcher, request } from 'undici'
import type { Clock } from '../../runtime/clock.ts'
import type { Limits, UpstreamConfig } from '../../runtime/config.ts'
import type { AppIdentity } from '../../runtime/internal.ts'
import { type BoundedMap, createBoundedMap } from '../bounded-map.ts'
import { readSetCookie } from '../cookies.ts'
import { createWindowCounter } from '../window-counter.ts'
import { type Credential, credentialHeaders, overlayCredential } from './credential.ts'
import { parseStrictJson, readIdentity } from './json-claims.ts'

/** What the application answered. `renewed`: its `Set-Cookie` lines for session cookies, for every waiter. */
export type Introspected =
  | { readonly kind: 'known'; readonly identity: AppIdentity; readonly renewed: readonly string[] }
  | { readonly kind: 'anonymous'; readonly renewed: readonly string[] }
  | { readonly kind: 'indeterminate'; readonly why: string }

/** The application's word on credentials, remembered briefly. */
export type Introspector = {
  /** What is known and fresh; `null`: ask. Asks ahead by itself when an answer grows old. */
  known(credential: Credential): Introspected | null
  /** Asks unless known; `address` is who wants to know, for the limits. Never rejects. */
  ask(credential: Credential, address: string): Promise<Introspected>
  /** Asks in any case, without the limits for strangers: after an observed sign-in. Never rejects. */
  askAfresh(credential: Credential): Promise<Introspected>
  /** Forgets what is known: after a sign-in or sign-out went past. */
  forget(credential: Credential): void
  /** Flights under way and answers remembered: for metrics and tests. */
  size(): { readonly inFlight: number; readonly remembered: number }
}

type Remembered = { readonly answer: Introspected; readonly askedAt: number; readonly until: number }

const bodyBytesMax = 65_536
const strangersMax = 10_000

const indeterminate = (why: string): Introspected => ({ kind: 'indeterminate', why })

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > bodyBytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const listed = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

/** What an introspector is made from. `dispatcher`: undici's, shared per gateway; `onAnswer` for metrics and logs. */
export type IntrospectorParts = {
  readonly upstream: UpstreamConfig
  readonly limits: Limits
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  /** Sent with every question: what the application needs to recognise its own host and scheme. */
  readonly headers: Readonly<Record<string, string>>
  onAnswer(answer: Introspected): void
}

/** One question to the application, with a deadline over all of it. */
async function askOnce(parts: IntrospectorParts, credential: Credential): Promise<Introspected> {
  const { upstream, dispatcher } = parts
  const { now } = parts.clock
  const identity = upstream.identity
  if (identity === null) return indeterminate('no identity configured')
  const rules = identity.introspection
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(), rules.timeoutMs)
  try {
    const response = await request(new URL(rules.path, upstream.url), {
      method: 'GET',
      dispatcher,
      signal: ending.signal,
      headersTimeout: rules.timeoutMs,
      bodyTimeout: rules.timeoutMs,
      headers: {
        ...parts.headers,
        ...credentialHeaders(identity, credential),
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
    })
    const bytes = await readBounded(response.body)
    const renewed = listed(response.headers['set-cookie']).filter((line) => {
      const change = readSetCookie(line, now())
      return change !== null && identity.cookies.includes(change.name)
    })
    const { statusCode } = response
    if (statusCode === 401 || statusCode === 403) return { kind: 'anonymous', renewed }
    if (statusCode !== 200) return indeterminate(`status ${statusCode}`)
    if (bytes === null) return indeterminate('answer too long')
    const type = String(response.headers['content-type'] ?? '')
    if (!/^application\/([a-z0-9.+-]*\+)?json\s*(;|$)/i.test(type)) return indeterminate('answer is no JSON')
    const body = parseStrictJson(bytes)
    const found = body === undefined ? null : readIdentity(body, rules, upstream.practice.fixed)
    return found === null ? indeterminate('answer names nobody') : { kind: 'known', identity: found, renewed }
  } catch (error) {
    return indeterminate(ending.signal.aborted ? 'timeout' : String(error))
  } finally {
    clearTimeout(timer)
    ending.abort()
  }
}

type State = {
  readonly parts: IntrospectorParts
  readonly good: BoundedMap<string, Remembered>
  readonly others: BoundedMap<string, Remembered>
  readonly flights: Map<string, Promise<Introspected>>
}

/** How long "could not be found out" is not asked again. */
const indeterminateMs = 250

function remember({ parts, good, others }: State, credential: Credential, answer: Introspected): void {
  const { upstream, clock } = parts
  if (upstream.identity === null) return
  const { positiveMs, negativeMs } = upstream.identity.introspection
  const askedAt = clock.monotonic()
  good.delete(credential.hash)
  others.delete(credential.hash)
  if (answer.kind !== 'known') {
    const keptMs = answer.kind === 'anonymous' ? negativeMs : indeterminateMs
    others.set(credential.hash, { answer, askedAt, until: askedAt + keptMs })
    return
  }
  good.set(credential.hash, { answer, askedAt, until: askedAt + positiveMs })
  const { cookies } = upstream.identity
  const after = overlayCredential(upstream.id, cookies, credential, answer.renewed, clock.now())
  // The renewed credential is the same person's; asking about it might renew it once more.
  if (after !== 'none' && after.hash !== credential.hash)
    good.set(after.hash, { answer: { ...answer, renewed: [] }, askedAt, until: askedAt + positiveMs })
}

function fly(state: State, credential: Credential): Promise<Introspected> {
  const { flights, parts } = state
  const flight = askOnce(parts, credential).then((answer) => {
    // A flight that was superseded (a sign-in went past meanwhile) may answer its waiters, but is not remembered.
    if (flights.get(credential.hash) === flight) {
      flights.delete(credential.hash)
      remember(state, credential, answer)
    }
    parts.onAnswer(answer)
    return answer
  })
  flights.set(credential.hash, flight)
  return flight
}

function freshOf({ good, others, parts }: State, credential: Credential): Remembered | null {
  const found = good.get(credential.hash) ?? others.get(credential.hash)
  return found !== undefined && found.until > parts.clock.monotonic() ? found : null
}

/** An introspector of one upstream. */
export function createIntrospector(parts: IntrospectorParts): Introspector {
  const { limits, clock } = parts
  const state: State = {
    parts,
    good: createBoundedMap(limits.sessionsMirroredMax),
    others: createBoundedMap(strangersMax),
    flights: new Map(),
  }
  const { good, others, flights } = state
  const strangers = createWindowCounter({
    limit: limits.introspectionsPerAddressPerSecond,
    windowMs: 1_000,
    keysMax: strangersMax,
    monotonic: clock.monotonic,
  })
  const strangersInFlight = new Set<Promise<Introspected>>()
  // Strangers fill their own room only: who is known here must not wait for those who are not.
  const hasRoom = (isStranger: boolean): boolean =>
    (isStranger ? strangersInFlight.size : flights.size - strangersInFlight.size) <
    limits.introspectionsInFlightMax
  return {
    known(credential) {
      const found = freshOf(state, credential)
      if (found === null) return null
      // Asked ahead, so that people who work never wait for it.
      const isOld = (clock.monotonic() - found.askedAt) * 3 > (found.until - found.askedAt) * 2
      if (isOld && found.answer.kind === 'known' && !flights.has(credential.hash) && hasRoom(false))
        void fly(state, credential)
      return found.answer
    },
    async ask(credential, address) {
      const found = freshOf(state, credential)
      if (found !== null) return found.answer
      const flight = flights.get(credential.hash)
      if (flight !== undefined) return flight
      const isStranger = good.peek(credential.hash) === undefined
      if (!hasRoom(isStranger)) return indeterminate('too many in flight')
      if (!isStranger) return fly(state, credential)
      if (!strangers.take(address)) return indeterminate('too many from this address')
      const asked = fly(state, credential)
      strangersInFlight.add(asked)
      return asked.finally(() => strangersInFlight.delete(asked))
    },
    askAfresh: (credential) => fly(state, credential),
    forget(credential) {
      good.delete(credential.hash)
      others.delete(credential.hash)
      flights.delete(credential.hash)
    },
    size: () => ({ inFlight: flights.size, remembered: good.size + others.size }),
  }
}
