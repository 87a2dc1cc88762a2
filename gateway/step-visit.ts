/**
 * Somebody at the step: who they are, what they are asked for, where they were going; and how the step answers.
 *
 * It judges and releases nothing. Invariant: only the companion says whose step it is, and paths to return to are
 * visible ASCII of this origin, read from the page's own address, never from a header.
 */
import type { RouteRequirement } from '../policies/routes.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { ownPath } from '../runtime/own-path.ts'
import { policyFor } from '../runtime/pages/page-script.ts'
import type { Companion } from './companion.ts'
import type { Endings } from './endings.ts'
import type { Exchange, WholeResponse } from './exchange.ts'
import type { Credential } from './identity/credential.ts'
import type { Identifier } from './identity/identify.ts'
import type { Parked } from './parked.ts'
import type { Directory, Question } from './questions.ts'
import { type Refusals, stepPath } from './refusals.ts'
import type { RouteDuties } from './route-duties.ts'
import type { MirroredSession, Sessions } from './sessions.ts'
import type { WindowCounter } from './window-counter.ts'

/** What the step needs. */
export type StepParts = {
  readonly companion: Companion
  readonly sessions: Sessions
  readonly endings: Endings
  readonly identifier: Identifier
  readonly directory: Directory
  readonly controlPlane: ControlPlane | null
  readonly parked: Parked
  /** The application's routes; `signIn` of them is what sign-ins are judged by. */
  readonly duties: RouteDuties
  readonly refusals: Refusals
  /** How often one browser, and one address, may ask. */
  readonly rate: WindowCounter
  /** How often one browser may be handed over to the portal. */
  readonly handOvers: WindowCounter
  readonly clock: Clock
  readonly log: Log
  /** Whether knowledge is fresh enough to decide with. */
  isAlive(): boolean
  endSession(credential: Credential): Promise<void>
}

/** Somebody at the step. */
export type Visit = {
  readonly parts: StepParts
  readonly exchange: Exchange
  readonly token: string
  readonly session: MirroredSession
  readonly query: URLSearchParams
  /** A same-origin path where they were going. */
  readonly to: string | null
  /** The reference code they came with. */
  readonly code: string | null
}

/** A redirect to a path of this origin. */
export const seeOther = (location: string, setCookies: readonly string[] = []): WholeResponse => ({
  status: 303,
  headers: [
    'Cache-Control',
    'no-store',
    'Location',
    location,
    ...setCookies.flatMap((one) => ['Set-Cookie', one]),
  ],
  body: '',
})

/** How often a waiting page asks, in seconds. */
export const waitSeconds = 10

/** The same answer, which its page asks for again by itself. */
export const again = (response: WholeResponse): WholeResponse => ({
  ...response,
  headers: [...response.headers, 'Refresh', String(waitSeconds)],
})

/** A page of the step. `headers`: what is special to it. */
export const stepPage = (
  status: number,
  body: string,
  referrer: 'same-origin' | 'no-referrer',
  headers: readonly string[],
): WholeResponse => ({
  status,
  headers: [
    ...['Cache-Control', 'no-store', 'Content-Type', 'text/html; charset=utf-8'],
    ...['Content-Security-Policy', policyFor(body), 'X-Content-Type-Options', 'nosniff'],
    ...['Referrer-Policy', referrer, ...headers],
  ],
  body,
})

/** Where people of this application sign in. */
export const signInPage = ({ upstream }: Exchange): string => upstream.identity?.signInPage ?? '/'

/** Where they were going, from the page's own address: a path of this origin that is none of ours. */
export const wishedPath = (text: string | null): string | null =>
  text?.toLowerCase().startsWith('/.gatehouse') === true ? null : ownPath(text)

/** The question of a sign-in: staff controls alone, and any membership suffices. */
export const signInQuestion = (
  signIn: RouteRequirement,
  exchange: Exchange,
  session: MirroredSession,
): Question => ({
  method: exchange.method,
  requirements: [signIn],
  address: exchange.client,
  session,
  accompanied: true,
  sources: { placed: [], carried: null, doubtful: false },
  picking: true,
})

/** Somebody with this companion at the step. */
export function visitOf(
  parts: StepParts,
  exchange: Exchange,
  token: string,
  session: MirroredSession,
): Visit {
  const query = new URLSearchParams(exchange.target.query)
  const code = query.get('code')
  return {
    ...{ parts, exchange, token, session, query, to: wishedPath(query.get('to')) },
    code: code !== null && /^GH-[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(code) ? code : null,
  }
}

/** `path` for the same visit, without what was typed or proved: `extra` is added to its query. */
export function addressOf(
  { code, to }: Visit,
  extra: Readonly<Record<string, string>> = {},
  path = stepPath,
): string {
  const query = new URLSearchParams({
    ...(code === null ? {} : { code }),
    ...(to === null ? {} : { to }),
    ...extra,
  })
  return query.size === 0 ? path : `${path}?${query}`
}
