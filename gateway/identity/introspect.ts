/**
 * The application's word on credentials (SPEC §2, introspection): whose each is, asked once and remembered briefly.
 *
 * How it is asked for (`who-am-i.ts`) or read off the credential itself (`app-token.ts`) is not here. Invariant: a
 * word counts only while it is fresh (30 s at most, 1 s for "nobody"); one flight per credential; strangers'
 * credentials are limited per address and in flight, so that inventing them reaches the application no faster.
 */
import type { DurationMs } from '../../policies/instant.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Limits, UpstreamConfig } from '../../runtime/config.ts'
import type { AppIdentity } from '../../runtime/internal.ts'
import { type BoundedMap, createBoundedMap } from '../bounded-map.ts'
import { createWindowCounter } from '../window-counter.ts'
import { type Credential, overlayCredential } from './credential.ts'

/** Whose a credential is. `renewed`: the application's `Set-Cookie` lines for session cookies, for every waiter. */
export type Introspected =
  | { readonly kind: 'known'; readonly identity: AppIdentity; readonly renewed: readonly string[] }
  | { readonly kind: 'anonymous'; readonly renewed: readonly string[] }
  | { readonly kind: 'indeterminate'; readonly why: string }

/** An answer, and how long it may be kept. */
export type Told = { readonly answer: Introspected; readonly keptMs: DurationMs }

/** Finds out whose a credential is. Never rejects, and ends by itself. */
export type AskOnce = (credential: Credential) => Promise<Told>

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

const strangersMax = 10_000

/** "Could not be found out", and why. */
export const indeterminate = (why: string): Introspected => ({ kind: 'indeterminate', why })

/** How long "could not be found out" is not asked again. */
const indeterminateMs: DurationMs = 250

/** How long an answer may be kept: `positiveMs` where it names somebody, `negativeMs` where it says nobody. */
export const keptMs = ({ kind }: Introspected, positiveMs: DurationMs, negativeMs: DurationMs): DurationMs =>
  kind === 'known' ? positiveMs : kind === 'anonymous' ? negativeMs : indeterminateMs

/** What an introspector is made from. `onAnswer` for metrics and logs. */
export type IntrospectorParts = {
  readonly upstream: UpstreamConfig
  readonly limits: Limits
  readonly clock: Clock
  readonly ask: AskOnce
  onAnswer(answer: Introspected): void
}

type State = {
  readonly parts: IntrospectorParts
  readonly good: BoundedMap<string, Remembered>
  readonly others: BoundedMap<string, Remembered>
  readonly flights: Map<string, Promise<Introspected>>
}

function remember({ parts, good, others }: State, credential: Credential, told: Told): void {
  const { upstream, clock } = parts
  const { answer, keptMs } = told
  const askedAt = clock.monotonic()
  const until = askedAt + keptMs
  good.delete(credential.hash)
  others.delete(credential.hash)
  if (answer.kind !== 'known') {
    others.set(credential.hash, { answer, askedAt, until })
    return
  }
  good.set(credential.hash, { answer, askedAt, until })
  const cookies = upstream.identity?.cookies ?? []
  const after = overlayCredential(upstream.id, cookies, credential, answer.renewed, clock.now())
  // The renewed credential is the same person's; asking about it might renew it once more.
  if (after !== 'none' && after.hash !== credential.hash)
    good.set(after.hash, { answer: { ...answer, renewed: [] }, askedAt, until })
}

function fly(state: State, credential: Credential): Promise<Introspected> {
  const { flights, parts } = state
  const flight = parts.ask(credential).then((told) => {
    // A flight that was superseded (a sign-in went past meanwhile) may answer its waiters, but is not remembered.
    if (flights.get(credential.hash) === flight) {
      flights.delete(credential.hash)
      remember(state, credential, told)
    }
    parts.onAnswer(told.answer)
    return told.answer
  })
  flights.set(credential.hash, flight)
  return flight
}

function freshOf({ good, others }: State, credential: Credential, at: DurationMs): Remembered | null {
  const found = good.get(credential.hash) ?? others.get(credential.hash)
  return found !== undefined && found.until > at ? found : null
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
      const at = clock.monotonic()
      const found = freshOf(state, credential, at)
      if (found === null) return null
      // Asked ahead, so that people who work never wait for it.
      const isOld = (at - found.askedAt) * 3 > (found.until - found.askedAt) * 2
      if (isOld && found.answer.kind === 'known' && !flights.has(credential.hash) && hasRoom(false))
        void fly(state, credential)
      return found.answer
    },
    async ask(credential, address) {
      const found = freshOf(state, credential, clock.monotonic())
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
