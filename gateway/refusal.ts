/**
 * Answers of the gateway's own in the form its client understands: refusals by a decision, and failures.
 *
 * It decides nothing and has no words of its own; pages and sentences come from `runtime/pages`. Invariant:
 * nothing refused may be cached, a refused form is never replayed, and no redirect leaves the origin. One shape for
 * all clients was refused: a page as the answer to a script's fetch breaks applications in silence.
 */

import type { Decision } from '../policies/decision.ts'
import type { DurationMs } from '../policies/instant.ts'
import { ownPath } from '../runtime/own-path.ts'
import type { HoursView } from '../runtime/pages/hours-part.ts'
import { policyFor } from '../runtime/pages/page-script.ts'
import { plainPage } from '../runtime/pages/plain-page.ts'
import { type RefusalView, refusalPage } from '../runtime/pages/refusal-page.ts'
import { reasonTexts } from '../runtime/pages/texts.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import { refusalTexts } from '../runtime/pages/texts-gateway.ts'
import { gatewayProblemsPath, gatewayProblemType, problemLink } from '../runtime/problem-kinds.ts'
import type { CutReason, Exchange, RawHeaders, WholeResponse } from './exchange.ts'

/** What of an exchange shapes an answer; a request whose target was bad has less than an exchange. */
export type RefusalFacts = Pick<Exchange, 'kind' | 'method' | 'headers'> & {
  /** The path and query asked for; `null` where there was none to be had. */
  readonly target: string | null
  /** Where a person without a session is sent, and how the target is handed over; `null`: nowhere. */
  readonly signIn: { readonly page: string; readonly returnParameter: string | null } | null
}

/** What the judge adds to a refusal. Absent parts are left out. */
export type RefusalExtra = {
  /** What the page shows besides; absent parts are left out of it. */
  readonly view?: Partial<
    Pick<
      RefusalView,
      | 'practice'
      | 'address'
      | 'now'
      | 'contact'
      | 'practices'
      | 'permissions'
      | 'confirm'
      | 'ask'
      | 'emergency'
      | 'emergencyUntil'
      | 'management'
    >
  >
  /** The reference code shown to people. */
  readonly code?: string
  /** One public sentence for scripts; absent: the reason's own. */
  readonly sentence?: string
  /** The permissions that were missing, by id. */
  readonly permissions?: readonly string[]
  /** `Set-Cookie` values: credentials that are expired in the browser. */
  readonly setCookies?: readonly string[]
  /** For step-up (RFC 9470): how fresh the second factor must be; `null`: any. */
  readonly maxAgeMs?: DurationMs | null
  /** When it is worth trying again, for `unavailable`; default 2 s. */
  readonly retryAfterMs?: DurationMs
  /** When the page asked for may be tried again by itself: what is left, with jitter; absent: never by itself. */
  readonly returnAfterMs?: DurationMs
  /** Where it is the hour; whether the page comes back by itself is added. */
  readonly hours?: Omit<HoursView, 'backMs'>
  /** Where the step that cures a challenge is taken, a path of this origin: navigations by GET are sent there. */
  readonly step?: string
  /** The request was a sign-in, which is done: its form is not lost, so that it too is sent to the step. */
  readonly afterSignIn?: boolean
}

/** A failure of the gateway's or the application's, told in public words. */
export type Failure = {
  readonly status: 400 | 403 | 404 | 408 | 413 | 414 | 417 | 429 | 431 | 500 | 501 | 502 | 503 | 504 | 505
  readonly title: string
  readonly sentence: string
  /** RFC 9209 error type; absent: none. */
  readonly proxyError?: string
  readonly retryAfterMs?: DurationMs
  /** The gateway's own reason, for scripts; absent: none. */
  readonly reason?: string
}

const pageHeaders = (body: string): RawHeaders => [
  'Content-Type',
  'text/html; charset=utf-8',
  'Content-Security-Policy',
  policyFor(body),
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'same-origin',
]

const headerOf = (headers: RawHeaders, wanted: string): string | null => {
  for (let i = 0; i < headers.length; i += 2)
    if ((headers[i] ?? '').toLowerCase() === wanted) return headers[i + 1] ?? ''
  return null
}

/** CORS for the refusal itself, so that the application's own script may read why (SPEC §2). */
const mirroredCors = (headers: RawHeaders): RawHeaders => {
  const origin = headerOf(headers, 'origin')
  if (origin === null || !/^(?:null|https?:\/\/[A-Za-z0-9.:[\]_-]{1,260})$/.test(origin)) return []
  return [
    'Access-Control-Allow-Origin',
    origin,
    'Access-Control-Allow-Credentials',
    'true',
    'Access-Control-Expose-Headers',
    'WWW-Authenticate, Retry-After, Link',
    'Vary',
    'Origin',
  ]
}

const noStore: RawHeaders = ['Cache-Control', 'no-store']

type Answer = {
  readonly status: number
  readonly title: string
  readonly sentence: string
  readonly headers: readonly string[]
  /** Made only where a page is what the client gets. */
  readonly page: () => string
  /** Members of the problem document beyond RFC 9457's own. */
  readonly members: Readonly<Record<string, unknown>>
  /** The kind of problem; `null`: the status says it all. */
  readonly name: string | null
}

const linkOf = (name: string | null): readonly string[] =>
  name === null ? [] : ['Link', problemLink(gatewayProblemsPath, name)]

const shape = (facts: Pick<RefusalFacts, 'kind' | 'headers'>, answer: Answer): WholeResponse => {
  const { status, title, sentence, headers } = answer
  const common = [...noStore, ...headers]
  switch (facts.kind) {
    case 'navigation': {
      const body = answer.page()
      return { status, headers: [...common, ...pageHeaders(body)], body }
    }
    case 'fetch': {
      const type = answer.name === null ? 'about:blank' : gatewayProblemType(answer.name)
      const problem = { type, title, status, detail: sentence, ...answer.members }
      return {
        status,
        headers: [
          ...[...common, 'Content-Type', 'application/problem+json', ...linkOf(answer.name)],
          ...mirroredCors(facts.headers),
        ],
        body: JSON.stringify(problem),
      }
    }
    case 'websocket':
      return {
        status,
        headers: [...common, 'Content-Type', 'text/plain; charset=utf-8'],
        body: `${sentence}\n`,
      }
    case 'asset':
      return { status: status === 401 ? 403 : status, headers: common, body: '' }
  }
}

const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD'

/** A path of this origin that a browser may be sent to, however long, and nothing that it could read as another host. */
export const samePath = (target: string | null): string | null => ownPath(target, Number.POSITIVE_INFINITY)

/** The sign-in page with the target as its return parameter; `null`: there is none, or this is it. */
const signInLocation = (facts: RefusalFacts): string | null => {
  const { signIn, target, method } = facts
  if (signIn === null || target === null || target.split('?', 1)[0] === signIn.page) return null
  const back = isReading(method) ? samePath(target) : null
  if (signIn.returnParameter === null || back === null) return signIn.page
  return `${signIn.page}?${signIn.returnParameter}=${encodeURIComponent(back)}`
}

const redirectOf = (facts: RefusalFacts, decision: Decision, extra: RefusalExtra): string | null => {
  if (facts.kind === 'navigation' && extra.afterSignIn === true) return extra.step ?? null
  if (facts.kind !== 'navigation' || facts.method !== 'GET') return null
  return extra.step ?? (decision.reason === 'not-signed-in' ? signInLocation(facts) : null)
}

/** What a browser can count down at all (2^31 ms, less a day). */
const returnMaxMs: DurationMs = 2_060_000_000

/** Seconds until the page tries again by itself; `null`: it does not. Only what was read from this origin is. */
const returnSeconds = (facts: RefusalFacts, { returnAfterMs }: RefusalExtra): number | null => {
  if (returnAfterMs === undefined || returnAfterMs > returnMaxMs) return null
  if (facts.kind !== 'navigation' || facts.method !== 'GET' || samePath(facts.target) === null) return null
  return Math.max(1, Math.ceil(returnAfterMs / 1000))
}

const hoursOf = (facts: RefusalFacts, extra: RefusalExtra): HoursView | null => {
  if (extra.hours === undefined) return null
  const seconds = returnSeconds(facts, extra)
  return { ...extra.hours, backMs: seconds === null ? null : seconds * 1_000 }
}

const pageOf = (facts: RefusalFacts, decision: Decision, extra: RefusalExtra): string =>
  refusalPage({
    practice: null,
    address: null,
    now: null,
    contact: null,
    practices: [],
    permissions: extra.permissions ?? [],
    ...{ confirm: null, ask: null, emergency: null, emergencyUntil: null, management: null },
    // Whoever is held and sent a form is told where the step is; pages are sent there.
    ...(decision.reason === 'sign-in-held' ? { confirm: extra.step ?? null } : {}),
    ...extra.view,
    reason: decision.reason,
    code: extra.code ?? null,
    retry: isReading(facts.method) ? samePath(facts.target) : null,
    signIn: signInLocation(facts),
    hours: hoursOf(facts, extra),
    entryNotSent: !isReading(facts.method),
  })

/** RFC 9470 where a second factor would help, RFC 6750 words otherwise. */
const challengeHeaders = (decision: Decision, extra: RefusalExtra): readonly string[] => {
  if (decision.verdict !== 'challenge') return []
  if (decision.control !== 'two-factor') return ['WWW-Authenticate', 'Bearer error="invalid_token"']
  const age = extra.maxAgeMs == null ? '' : `, max_age="${Math.floor(extra.maxAgeMs / 1000)}"`
  return [
    'WWW-Authenticate',
    `Bearer error="insufficient_user_authentication", acr_values="two-factor"${age}`,
  ]
}

const retryAfter = (ms: DurationMs): readonly string[] => [
  'Retry-After',
  String(Math.max(1, Math.ceil(ms / 1000))),
]

const cookieHeaders = (setCookies: readonly string[] | undefined): readonly string[] =>
  (setCookies ?? []).flatMap((line) => ['Set-Cookie', line])

const statusOf = (decision: Decision): 401 | 403 | 503 => {
  switch (decision.verdict) {
    case 'challenge':
      return 401
    case 'unavailable':
      return 503
    // A permit is nothing to refuse by; whoever asks gets no more than a refusal.
    case 'permit':
    case 'deny':
      return 403
  }
}

/** The refusal of a decision that is no permit, fit to its client (SPEC §2, last bullet). */
export const refuse = (facts: RefusalFacts, decision: Decision, extra: RefusalExtra = {}): WholeResponse => {
  const cookies = cookieHeaders(extra.setCookies)
  const location = redirectOf(facts, decision, extra)
  if (location !== null)
    return { status: 303, headers: [...noStore, 'Location', location, ...cookies], body: '' }
  const status = statusOf(decision)
  const words = reasonTexts[decision.reason]
  const retry = status === 503 ? retryAfter(extra.retryAfterMs ?? 2_000) : []
  const returns = returnSeconds(facts, extra)
  const refresh = returns === null ? [] : ['Refresh', String(returns)]
  const isStepUp = decision.verdict === 'challenge' && decision.control === 'two-factor'
  return shape(facts, {
    status,
    title: words.title,
    sentence: extra.sentence ?? words.why,
    headers: [...challengeHeaders(decision, extra), ...retry, ...refresh, ...cookies],
    page: () => pageOf(facts, decision, extra),
    name: decision.reason,
    members: {
      reason: decision.reason,
      control: decision.control,
      ...(isStepUp ? { error: 'step_up_required' } : {}),
      ...(extra.code === undefined ? {} : { code: extra.code }),
      ...(extra.step === undefined ? {} : { step: extra.step }),
      ...(extra.permissions === undefined ? {} : { permissions: extra.permissions }),
      ...(decision.opensAt === null ? {} : { opensAt: new Date(decision.opensAt).toISOString() }),
    },
  })
}

/** What was read may be asked for again where that can go better; a form is not sent again. */
const mayRetry = ({ method }: Pick<RefusalFacts, 'method'>, { status }: Failure): boolean =>
  isReading(method) &&
  (status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505))

/** A failure fit to its client: the same shapes, without a decision. */
export const answerFailure = (
  facts: Pick<RefusalFacts, 'kind' | 'method' | 'headers'>,
  failure: Failure,
): WholeResponse => {
  const unsent = isReading(facts.method) ? [] : [refusalTexts.perhapsNotSaved]
  return shape(facts, {
    status: failure.status,
    title: failure.title,
    sentence: failure.sentence,
    headers: [
      ...(failure.proxyError === undefined ? [] : ['Proxy-Status', `gatehouse; error=${failure.proxyError}`]),
      ...(failure.retryAfterMs === undefined ? [] : retryAfter(failure.retryAfterMs)),
    ],
    page: () => plainPage(failure.title, [failure.sentence, ...unsent], mayRetry(facts, failure)),
    name: null,
    members: failure.reason === undefined ? {} : { reason: failure.reason },
  })
}

/** What a client is told whose exchange the gateway itself ended before an answer had begun. */
export const answerCut = (
  facts: RefusalFacts,
  reason: CutReason,
  decision: Decision | null,
): WholeResponse => {
  if (decision !== null) return refuse(facts, decision)
  return answerFailure(facts, {
    status: 503,
    ...failureTexts[reason === 'draining' ? 'restarting' : 'unchecked'],
    retryAfterMs: 2_000,
    reason,
  })
}
