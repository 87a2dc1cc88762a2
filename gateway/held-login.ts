/**
 * A sign-in on its way: checked before it is forwarded, its answer held, and judged before anything is released.
 *
 * Invariant: nothing of a successful sign-in (no `Set-Cookie`, no `Location`, no body) reaches the browser unless the
 * application's own word on the *resulting* credential named the user and some practice of theirs permits; a refusal
 * that a step may cure parks the answer and holds the session; every failure on the way discards it. Releasing first
 * and refusing at the next request was refused: the browser would hold a live credential of the application.
 */
import type { Decision } from '../policies/decision.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { RouteRequirement } from '../policies/routes.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Limits } from '../runtime/config.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { shortHash } from '../runtime/log.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import type { ParkedAnswer } from '../runtime/records.ts'
import { cureOf, graceOf } from './asking.ts'
import type { Companion } from './companion.ts'
import { readSetCookie, setCookieLines } from './cookies.ts'
import type { Endings } from './endings.ts'
import type { Exchange, Judgement, RawHeaders, WholeResponse } from './exchange.ts'
import { expiredCookies, withoutToken } from './forwarding.ts'
import type { Opened, Openings } from './identity/adoption.ts'
import { type Credential, credentialAfter } from './identity/credential.ts'
import type { Carried } from './identity/identify.ts'
import type { Introspector } from './identity/introspect.ts'
import { isSuccess, readSignInBody } from './identity/observe.ts'
import { plainAnswer } from './identity/plain-body.ts'
import { type Parked, parkedForMs } from './parked.ts'
import { answer, type Directory, plainDecision, type Question } from './questions.ts'
import { answerFailure, type Failure } from './refusal.ts'
import { type Refusals, stepPath } from './refusals.ts'
import type { LoginRule } from './route-duties.ts'
import type { MirroredSession, Sessions } from './sessions.ts'
import { seeOther } from './step-visit.ts'
import type { WindowCounter } from './window-counter.ts'

/**
 * Watches sign-ins of one upstream. `drop`: the request's own credential is not forwarded. `before`: the application's id
 * of whom that credential belonged to when it came; `null`: nobody's for certain.
 */
export type HeldLogin = (
  carried: Carried,
  rule: LoginRule,
  drop: boolean,
  before: string | null,
) => Promise<Judgement>

/** What it needs. */
export type HeldLoginParts = {
  readonly limits: Limits
  readonly clock: Clock
  readonly log: Log
  readonly companion: Companion
  readonly introspector: Introspector
  readonly sessions: Sessions
  readonly openings: Openings
  readonly endings: Endings
  readonly directory: Directory
  /** The requirement that sign-ins are judged by. */
  readonly signIn: RouteRequirement
  /** Sign-ins per address. */
  readonly rate: WindowCounter
  /** Whether a session could be opened now: the control plane answers and knowledge is fresh. Never rejects. */
  isReady(): Promise<boolean>
  /** Tells the application that its session ends, best effort; never rejects. */
  endSession(credential: Credential): Promise<void>
  readonly controlPlane: ControlPlane | null
  readonly parked: Parked
  /** Records a refusal and shows the way to the step that may cure it. */
  readonly hold: Refusals['hold']
  /** Records a refusal and shapes it. */
  refuse(
    exchange: Exchange,
    question: Question | null,
    decision: Decision,
    setCookies: readonly string[],
  ): WholeResponse
}

const methods = {
  password: 'app-password',
  callback: 'app-callback',
  'magic-link': 'app-callback',
  reset: 'app-password',
} as const

const notNow: Failure = {
  status: 503,
  ...failureTexts.signInNotSent,
  retryAfterMs: 5_000,
}
const notChecked: Failure = {
  status: 503,
  ...failureTexts.signInNotChecked,
  retryAfterMs: 5_000,
}

const refusedFailure = (exchange: Exchange, failure: Failure): Judgement => ({
  act: 'answer',
  response: answerFailure(exchange, failure),
  decision: null,
})

const headerText = (headers: RawHeaders, wanted: string): string | null => {
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i]?.toLowerCase() === wanted) return headers[i + 1] ?? null
  return null
}

const withCookies = (response: WholeResponse, lines: readonly string[]): WholeResponse =>
  lines.length === 0
    ? response
    : { ...response, headers: [...response.headers, ...lines.flatMap((line) => ['Set-Cookie', line])] }

const takesToken = ({ upstream }: Exchange): boolean => (upstream.identity?.bearer ?? null) !== null

/** What is kept of the application's answer; a credential that it did not set anew is put beside it. */
function parkedAnswer(
  carried: Carried,
  after: Credential,
  response: WholeResponse,
  at: number,
): ParkedAnswer {
  const lines = setCookieLines(response.headers)
  const set = new Set(lines.map((line) => readSetCookie(line, at)?.name))
  const secure = carried.exchange.secure ? '; Secure' : ''
  const kept = after.pairs.filter(([name]) => !set.has(name))
  return {
    status: response.status,
    location: headerText(response.headers, 'location'),
    setCookies: [
      ...lines,
      ...kept.map(([name, value]) => `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}`),
    ],
    pairs: after.pairs.map(([name, value]) => [name, value]),
  }
}

/** A sign-in that the application agreed to, before anything of it is released. */
type SignedIn = {
  readonly carried: Carried
  readonly after: Credential
  readonly opened: Extract<Opened, { kind: 'opened' }>
  readonly response: WholeResponse
}

/** Whether the control plane, and so every gateway, holds this session now. */
async function isHeld(
  parts: HeldLoginParts,
  { carried, opened }: SignedIn,
  reason: string,
): Promise<boolean> {
  const { tokenHash } = opened.session
  try {
    const sealed = (await parts.controlPlane?.changeSession({ to: 'held', tokenHash, reason })) ?? null
    return sealed !== null && parts.sessions.apply(sealed)?.record.held === true
  } catch (error) {
    parts.log.warn({ error, upstream: carried.exchange.upstream.id }, 'a sign-in could not be held')
    return false
  }
}

const park = (
  parts: HeldLoginParts,
  { carried, after, opened, response }: SignedIn,
  forMs: DurationMs,
): Promise<boolean> => {
  const answered = parkedAnswer(carried, after, response, parts.clock.now())
  return parts.parked.park(opened.token, opened.session.record.user, answered, forMs)
}

/** Holds a sign-in until its step is done; `null`: it could not be held. The application's answer stays here. */
async function hold(
  parts: HeldLoginParts,
  signedIn: SignedIn,
  refused: { readonly question: Question; readonly decision: Decision },
  forMs: DurationMs,
): Promise<WholeResponse | null> {
  const { carried, after, opened } = signedIn
  const { exchange } = carried
  if (!(await isHeld(parts, signedIn, refused.decision.reason))) return null
  // A token goes to the script that asked for it, never to a page later: approval leads to another sign-in.
  if (takesToken(exchange)) await parts.endSession(after)
  else if (!(await park(parts, signedIn, forMs)))
    parts.log.warn(
      { session: opened.session.record.id },
      'an answer could not be parked: the step will ask for another sign-in',
    )
  const setCookies = [...keptCookies(carried, after), parts.companion.give(opened.token, exchange.secure)]
  return parts.hold(exchange, refused.question, refused.decision, setCookies, true)
}

/**
 * Holds a permitted sign-in of somebody who must set up a second factor before long, to tell them so; `null`: nobody to
 * tell, or no way to. Only pages are held: a script would take the notice for a refusal.
 */
async function holdToTell(
  parts: HeldLoginParts,
  signedIn: SignedIn,
  question: Question,
): Promise<WholeResponse | null> {
  const { carried, after, opened } = signedIn
  const { exchange } = carried
  if (exchange.kind !== 'navigation' || takesToken(exchange)) return null
  if (graceOf(parts.directory, question, parts.clock.now()) === null) return null
  if (!(await park(parts, signedIn, parkedForMs.factor))) return null
  if (!(await isHeld(parts, signedIn, 'two-factor-not-enrolled'))) return null
  return seeOther(stepPath, [
    ...keptCookies(carried, after),
    parts.companion.give(opened.token, exchange.secure),
  ])
}

/** The answer to a person who signed in while `session` was just opened: released, held, or refused for good. */
async function judgeOpened(parts: HeldLoginParts, signedIn: SignedIn): Promise<WholeResponse> {
  const { carried, after, opened, response } = signedIn
  const { exchange } = carried
  const question: Question = {
    method: exchange.method,
    requirements: [parts.signIn],
    address: exchange.client,
    // A copy: what is recorded is what was judged, and the mirrored one is held or ended before that.
    session: { ...opened.session },
    accompanied: true,
    sources: { placed: [], carried: null, doubtful: false },
    picking: true,
  }
  const at = parts.clock.now()
  const decision = answer(parts.directory, question, at)
  if (decision.verdict === 'permit') {
    const told = await holdToTell(parts, signedIn, question)
    return told ?? withCookies(response, [parts.companion.give(opened.token, exchange.secure)])
  }
  const cure = cureOf(parts.directory, question, at)
  if (cure !== null) {
    const forMs = cure === 'two-factor' ? parkedForMs.factor : parkedForMs.approval
    const held = await hold(parts, signedIn, { question, decision }, forMs)
    if (held !== null) return held
  }
  await Promise.all([parts.endings.end(opened.session, 'refused'), parts.endSession(after)])
  return parts.refuse(exchange, question, decision, keptCookies(carried, after))
}

/** An application that keeps its cookie over a sign-in: the browser has it already, so it is taken away. */
const keptCookies = ({ credential, exchange }: Carried, after: Credential): readonly string[] =>
  typeof credential !== 'string' && credential.hash === after.hash && !takesToken(exchange)
    ? expiredCookies(
        exchange,
        after.pairs.map(([name]) => name),
      )
    : []

function priorSession(parts: HeldLoginParts, carried: Carried): MirroredSession | null {
  const found = carried.companion === null ? null : parts.sessions.known(carried.companion)
  return found === null || found === 'absent' || found.record.ended !== null ? null : found
}

/** A sign-in that was sent on. */
type Sent = {
  readonly carried: Carried
  readonly rule: LoginRule
  readonly drop: boolean
  readonly before: string | null
}

const keepsCredential = ({ carried: { credential } }: Sent, after: Credential): boolean =>
  typeof credential !== 'string' && credential.hash === after.hash

/** The credential that the answer may have made somebody's; `none`: the application will say so itself. */
function credentialToAskAbout(sent: Sent, response: WholeResponse, at: Instant): Credential | 'none' {
  const { carried, rule, drop } = sent
  const plain = plainAnswer(response)
  const after = credentialAfter(carried.exchange, drop ? 'none' : carried.credential, plain ?? response, at)
  if (after === 'none' || isSuccess(rule, plain ?? response, at)) return after
  // It may be a success: the application's word on the credential says.
  if (plain === null && rule.success.jsonField !== null) return after
  // A success that misses its configured sign would be released unjudged: a new credential is asked about all the same.
  return keepsCredential(sent, after) ? 'none' : after
}

async function settle(parts: HeldLoginParts, sent: Sent, response: WholeResponse): Promise<WholeResponse> {
  const { carried, rule } = sent
  const { exchange } = carried
  const { upstream } = exchange
  if (typeof carried.credential !== 'string') parts.introspector.forget(carried.credential)
  if (takesToken(exchange) && plainAnswer(response) === null) {
    parts.log.warn({ upstream: upstream.id }, 'a sign-in was answered in a coding that cannot be read')
    return answerFailure(exchange, notChecked)
  }
  const after = credentialToAskAbout(sent, response, parts.clock.now())
  if (after === 'none') return response
  const word = await parts.introspector.askAfresh(after)
  if (word.kind === 'indeterminate') {
    parts.log.warn({ upstream: upstream.id, why: word.why }, 'a sign-in could not be checked')
    await parts.endSession(after)
    return withCookies(answerFailure(exchange, notChecked), keptCookies(carried, after))
  }
  const told = withCookies(response, word.renewed)
  if (word.kind === 'anonymous' || word.identity.kind === 'patient') return told
  // The same cookie of the same person as before proves no sign-in, whatever the answer looks like: a wrong password
  // that is answered like a right one must not undo a revocation.
  if (keepsCredential(sent, after) && sent.before === word.identity.appUser) return told
  if (carried.companion !== null) await parts.sessions.load(carried.companion)
  const opened = await parts.openings.open(exchange, word.identity, {
    method: methods[rule.kind],
    replaces: priorSession(parts, carried)?.tokenHash ?? null,
    credential: after,
  })
  if (opened.kind === 'opened') {
    // The application may have taken its time: what was known when it was asked may be too old to judge by.
    if (await parts.isReady()) return judgeOpened(parts, { carried, after, opened, response: told })
    await parts.endings.end(opened.session, 'refused')
  }
  await parts.endSession(after)
  if (opened.kind !== 'unwelcome')
    return withCookies(answerFailure(exchange, notChecked), keptCookies(carried, after))
  return parts.refuse(exchange, null, plainDecision(opened.reason), keptCookies(carried, after))
}

/** Watches the sign-ins of one upstream. */
export const createHeldLogin =
  (parts: HeldLoginParts): HeldLogin =>
  async (carried, rule, drop, before) => {
    const { exchange } = carried
    if (!parts.rate.take(exchange.client.text))
      return refusedFailure(exchange, {
        status: 429,
        ...failureTexts.tooManySignIns,
        retryAfterMs: parts.rate.remainingMs(),
      })
    const body = readSignInBody(
      rule,
      exchange.headers,
      rule.body === 'none' ? new Uint8Array() : await exchange.body(parts.limits.observedBodyBytesMax),
    )
    if (!body.ok) return refusedFailure(exchange, body.failure)
    if (!(await parts.isReady())) return refusedFailure(exchange, notNow)
    if (body.hint !== null)
      parts.log.debug({ upstream: exchange.upstream.id, name: shortHash(body.hint) }, 'a sign-in goes past')
    return {
      act: 'forward',
      changes: {
        dropCookies: drop ? (exchange.upstream.identity?.cookies ?? []) : [],
        // What parsers could read in two ways is not only dropped by its name.
        setRequest: [
          ...(carried.credential === 'doubtful' ? ['cookie', ''] : []),
          ...(drop ? withoutToken(exchange) : []),
        ],
        setCookies: [],
      },
      held: {
        bytesMax: parts.limits.observedBodyBytesMax,
        settle: (response) => settle(parts, { carried, rule, drop, before }, response),
      },
      standing: null,
    }
  }
