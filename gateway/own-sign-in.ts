/**
 * Signing in at the gateway itself: over to the portal, and back with a proof, for applications without a sign-in.
 *
 * Who somebody is, the portal finds out, on its own origin. Invariant: a proof counts only in the browser that began, which
 * holds a cookie of ours that no address ever shows, so that nobody can be signed in as somebody else by a link; the
 * companion is made at that moment and never before; and what is opened is judged as any other sign-in is. Letting the
 * portal give the session was refused: it cannot know whose browser began.
 */
import type { RouteRequirement } from '../policies/routes.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ControlPlane, SealedRecord, SessionOpened } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import { hashToken } from '../runtime/token.ts'
import { notAPage, tooOften } from './access-failures.ts'
import { cureOf, graceOf } from './asking.ts'
import { type Companion, mintToken } from './companion.ts'
import { cookieLines, expiredCookie, readCookie } from './cookies.ts'
import type { Endings } from './endings.ts'
import type { Exchange, Judgement, WholeResponse } from './exchange.ts'
import { deviceOf } from './identity/adoption.ts'
import { answer, type Directory, plainDecision, type Question } from './questions.ts'
import { answerFailure, type Failure } from './refusal.ts'
import { type Refusals, stepPath } from './refusals.ts'
import type { MirroredSession, Sessions } from './sessions.ts'
import { seeOther, signInQuestion, wishedPath } from './step-visit.ts'
import { parseTarget } from './target.ts'
import type { WindowCounter } from './window-counter.ts'

/** Signing in at one upstream's gateway. */
export type OwnSignIn = {
  /** Leads a browser to the portal. Never rejects. */
  begin(exchange: Exchange): Promise<Judgement>
  /** Whether this comes from there, with a proof. */
  isBack(exchange: Exchange): boolean
  /** Takes the proof, opens the session and judges it. Never rejects. */
  finish(exchange: Exchange): Promise<Judgement>
}

/** What it needs. */
export type OwnSignInParts = {
  readonly companion: Companion
  readonly sessions: Sessions
  readonly endings: Endings
  readonly directory: Directory
  readonly controlPlane: ControlPlane | null
  readonly refusals: Refusals
  /** The requirement that sign-ins are judged by. */
  readonly signIn: RouteRequirement
  /** Sign-ins per address. */
  readonly rate: WindowCounter
  readonly clock: Clock
  readonly log: Log
  apply(records: readonly SealedRecord[]): void
  /** Whether a session could be opened and judged now. Never rejects. */
  isReady(): Promise<boolean>
}

const tokenForm = /^[A-Za-z0-9_-]{43}$/
/** As long as somebody may take at the portal. */
const beginS = 600
const proofParameter = 'signed-in'

const away: Failure = {
  status: 503,
  ...failureTexts.signInNotJudged,
  retryAfterMs: 5_000,
}
const notBegun: Failure = {
  status: 403,
  ...failureTexts.signInNotBegun,
}

const wayClosed: Failure = {
  status: 403,
  ...failureTexts.signInWayClosed,
}

/** Begins with our name, so that no application ever sees it. */
const beginName = (secure: boolean): string => (secure ? '__Host-gatehouse-begin' : 'gatehouse-begin')

const beginCookie = (token: string, secure: boolean): string =>
  `${beginName(secure)}=${token}; Max-Age=${beginS}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`

const isPage = ({ kind, method }: Exchange): boolean => kind === 'navigation' && method === 'GET'

const queryOf = ({ target }: Exchange): URLSearchParams => new URLSearchParams(target.query)

/** A redirect from an address, or to one, that no other page shall learn of. */
const silently = (response: WholeResponse): WholeResponse => ({
  ...response,
  headers: [...response.headers, 'Referrer-Policy', 'no-referrer'],
})

async function begin(parts: OwnSignInParts, exchange: Exchange): Promise<WholeResponse> {
  const { secure, host, upstream, client } = exchange
  if (!isPage(exchange)) return answerFailure(exchange, notAPage)
  if (!parts.rate.take(client.text)) return answerFailure(exchange, tooOften)
  const { token, tokenHash: beginHash } = mintToken()
  try {
    const led = await parts.controlPlane?.beginSignIn({
      ...{ beginHash, upstream: upstream.id, origin: `${secure ? 'https' : 'http'}://${host}` },
      to: wishedPath(queryOf(exchange).get('to')),
    })
    if (led != null && /^https?:\/\/[^/?#@\s]+$/.test(led.portal))
      return silently(seeOther(`${led.portal}/sign-in?begin=${beginHash}`, [beginCookie(token, secure)]))
  } catch (error) {
    parts.log.warn({ error, upstream: upstream.id }, 'somebody could not be led to the portal to sign in')
  }
  return answerFailure(exchange, away)
}

/** Whether the control plane, and so every gateway, holds this session now. */
async function isHeld(
  parts: OwnSignInParts,
  { tokenHash }: MirroredSession,
  reason: string,
): Promise<boolean> {
  try {
    const sealed = (await parts.controlPlane?.changeSession({ to: 'held', tokenHash, reason })) ?? null
    return sealed !== null && parts.sessions.apply(sealed)?.record.held === true
  } catch (error) {
    parts.log.warn({ error }, 'a sign-in could not be held')
    return false
  }
}

/** The exchange as if it asked for the page they were going to, which is what a refusal is about. */
function goingTo(exchange: Exchange, to: string | null): Exchange {
  const parsed = parseTarget('GET', to ?? '/', exchange.host)
  return parsed.ok ? { ...exchange, target: parsed.target } : exchange
}

/** The answer to somebody whose session was just opened: let in, held, or refused for good. */
async function judgeOpened(
  parts: OwnSignInParts,
  exchange: Exchange,
  opened: { readonly session: MirroredSession; readonly token: string; readonly to: string | null },
): Promise<WholeResponse> {
  const { session, token, to } = opened
  const gone = expiredCookie(beginName(exchange.secure), exchange.secure)
  const given = [gone, parts.companion.give(token, exchange.secure)]
  // A copy: what is recorded is what was judged, and the mirrored one is held or ended before that.
  const question: Question = signInQuestion(parts.signIn, exchange, { ...session })
  const at = parts.clock.now()
  const decision = answer(parts.directory, question, at)
  if (decision.verdict === 'permit') {
    const grace = graceOf(parts.directory, question, at) !== null
    // They are told that a second factor is wanted before long, and let in where that cannot be.
    if (grace && (await isHeld(parts, session, 'two-factor-not-enrolled')))
      return seeOther(to === null ? stepPath : `${stepPath}?to=${encodeURIComponent(to)}`, given)
    return seeOther(to ?? '/', given)
  }
  if (cureOf(parts.directory, question, at) !== null && (await isHeld(parts, session, decision.reason)))
    return parts.refusals.hold(goingTo(exchange, to), question, decision, given, false)
  await parts.endings.end(session, 'refused')
  return parts.refusals.refuse(goingTo(exchange, to), question, decision, [gone])
}

async function openedBy(
  parts: OwnSignInParts,
  exchange: Exchange,
  answered: Extract<SessionOpened, { outcome: 'opened' }>,
  minted: { readonly token: string; readonly tokenHash: string; readonly to: string | null },
): Promise<WholeResponse> {
  parts.apply(answered.records)
  const session = parts.sessions.apply(answered.session)
  if (session === null || session.tokenHash !== minted.tokenHash) return answerFailure(exchange, away)
  // The portal may have taken its time: what was known then may be too old to judge by.
  if (await parts.isReady())
    return judgeOpened(parts, exchange, { session, token: minted.token, to: minted.to })
  await parts.endings.end(session, 'refused')
  return answerFailure(exchange, away)
}

async function finish(parts: OwnSignInParts, exchange: Exchange): Promise<WholeResponse> {
  const { secure, client, upstream } = exchange
  const lines = cookieLines(exchange.headers)
  const { value: begun } = readCookie(lines, beginName(secure))
  const proof = queryOf(exchange).get(proofParameter) ?? ''
  if (!isPage(exchange)) return answerFailure(exchange, notAPage)
  if (!parts.rate.take(`back ${client.text}`)) return answerFailure(exchange, tooOften)
  if (begun === null || !tokenForm.test(begun) || !tokenForm.test(proof))
    return answerFailure(exchange, notBegun)
  if (parts.controlPlane === null || !(await parts.isReady())) return answerFailure(exchange, away)
  const { token, tokenHash } = mintToken()
  try {
    const { answer: answered, to } = await parts.controlPlane.finishSignIn({
      ...{ upstream: upstream.id, beginHash: hashToken(begun), proofHash: hashToken(proof) },
      ...{ tokenHash, address: client.text, device: deviceOf(exchange) },
      replaces: parts.companion.read(lines, secure),
    })
    const wished = wishedPath(to)
    switch (answered.outcome) {
      case 'opened':
        return await openedBy(parts, exchange, answered, { token, tokenHash, to: wished })
      case 'no-proof':
        return answerFailure(exchange, notBegun)
      case 'way-closed':
        return answerFailure(exchange, wayClosed)
      case 'unknown-user':
      case 'suspended': {
        const reason = answered.outcome === 'suspended' ? 'user-suspended' : 'not-a-member'
        return parts.refusals.refuse(goingTo(exchange, wished), null, plainDecision(reason), [
          expiredCookie(beginName(secure), secure),
        ])
      }
    }
  } catch (error) {
    parts.log.warn({ error, upstream: upstream.id }, 'a sign-in at the portal could not be finished')
    return answerFailure(exchange, away)
  }
}

const judgement = (response: WholeResponse): Judgement => ({ act: 'answer', response, decision: null })

/** Signing in at the gateway of one upstream. */
export const createOwnSignIn = (parts: OwnSignInParts): OwnSignIn => ({
  begin: async (exchange) => judgement(await begin(parts, exchange)),
  isBack: (exchange) => queryOf(exchange).has(proofParameter),
  finish: async (exchange) => judgement(silently(await finish(parts, exchange))),
})
