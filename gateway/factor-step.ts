/**
 * The step of somebody whose second factor is asked for: over to the portal with a ticket, and back with a proof.
 *
 * Codes are checked by the control plane, on the portal's own origin; nothing is typed here. Invariant: a proof counts
 * only for the session whose companion this browser brought along with it, so that a code coaxed out of somebody on
 * another machine raises nobody; and whatever the proof said, the way on is judged anew. Letting the portal raise the
 * session by itself was refused: it cannot know whose browser began.
 */

import type { ControlPlane } from '../runtime/internal.ts'
import { type FactorView, factorPage } from '../runtime/pages/factor-page.ts'
import { accountPath } from '../runtime/pages/management-line.ts'
import { hashToken, newToken } from '../runtime/token.ts'
import { tooOften } from './access-failures.ts'
import { formToken } from './access-form.ts'
import {
  type FactorReason,
  factorReason,
  factorReasonAnywhere,
  type Grace,
  releasedQuestion,
} from './asking.ts'
import { mintToken } from './companion.ts'
import { cookieLines } from './cookies.ts'
import { emergencyEnd } from './emergency-shown.ts'
import type { WholeResponse } from './exchange.ts'
import { isClaimed, practiceSources } from './practice.ts'
import type { Question } from './questions.ts'
import { answerFailure } from './refusal.ts'
import { secondFactorPath } from './refusals.ts'
import { readableNear, spanText } from './shown-hours.ts'
import {
  addressOf,
  again,
  seeOther,
  signInPage,
  signInQuestion,
  stepPage,
  type Visit,
  wishedPath,
} from './step-visit.ts'
import { parseTarget } from './target.ts'

/** What a held sign-in waits for, as if it were not held. */
export const heldQuestion = ({ parts, exchange, session }: Visit): Question =>
  releasedQuestion(signInQuestion(parts.duties.signIn, exchange, session), parts.clock.now())

/** The request that was refused, `METHOD path`, where it was not the page they return to. */
const refusedRequest = ({ query, to }: Visit): { readonly method: string; readonly path: string } | null => {
  const [, method = '', path = ''] = /^([A-Z]{1,20}) (.+)$/.exec(query.get('for') ?? '') ?? []
  const wished = wishedPath(path === '' ? null : path)
  if (wished !== null) return { method, path: wished }
  return to === null ? null : { method: 'GET', path: to }
}

/** The question that the request they were refused with would meet now; `null`: none is named, or nobody is judged there. */
export function owedQuestion(visit: Visit): Question | null {
  const { parts, exchange, session } = visit
  const refused = refusedRequest(visit)
  if (refused === null) return null
  const { method, path } = refused
  const parsed = parseTarget(method, path, exchange.host)
  if (!parsed.ok) return null
  const { target } = parsed
  const duties = parts.duties.find({ method, host: exchange.host, target })
  if (duties.judged.length === 0) return null
  return {
    method,
    requirements: duties.judged,
    address: exchange.client,
    session,
    accompanied: true,
    sources: practiceSources(
      exchange.upstream.practice,
      exchange.host,
      target.readings,
      cookieLines(exchange.headers),
      { headers: exchange.headers, claimed: null },
    ),
    picking: duties.picking,
  }
}

/** Why a second factor is asked for on the way they were going; `null`: it is not. */
export function pendingReason(visit: Visit): FactorReason | null {
  const { parts, session, exchange } = visit
  const question = session.record.held ? heldQuestion(visit) : owedQuestion(visit)
  if (question === null) return null
  const reason = factorReason(parts.directory, question, parts.clock.now())
  // A header, or the application's word, named their practice there and cannot be heard here: any that asks will do.
  const { upstream } = exchange
  const isSaidElsewhere = upstream.practice.header !== null || isClaimed(upstream)
  return (
    reason ?? (isSaidElsewhere ? factorReasonAnywhere(parts.directory, question, parts.clock.now()) : null)
  )
}

/** Another gateway may have heard of their factor a moment ago. */
const lookAgain = ({ parts, session }: Visit): Promise<void> => parts.sessions.look(session)

const refusedFor = ({ query }: Visit): Readonly<Record<string, string>> => {
  const text = query.get('for')
  return text === null ? {} : { for: text }
}

function viewOf(visit: Visit, state: FactorView['state'], reason: FactorView['reason']): FactorView {
  const extra = refusedFor(visit)
  return {
    ...{ state, reason, deadline: null, code: visit.code, token: formToken(visit.token) },
    next: addressOf(visit, extra, secondFactorPath),
    here: addressOf(visit, extra),
    back: visit.session.record.held ? addressOf(visit) : '/',
    emergencyUntil: emergencyEnd(visit.parts.directory, visit.session.record.user, visit.parts.clock.now()),
  }
}

const show = (view: FactorView, status = 200, headers: readonly string[] = []): WholeResponse =>
  stepPage(status, factorPage(view), 'same-origin', headers)

/** A page whose own address bears a proof: it tells nobody, and so has no form, which browsers would send from nowhere. */
const showSecretly = (view: FactorView, status: number): WholeResponse =>
  stepPage(status, factorPage({ ...view, token: null }), 'no-referrer', [])

/** The way to the portal; where it was gone already and that was not enough, what is missing. */
export async function showFactor(visit: Visit): Promise<WholeResponse> {
  await lookAgain(visit)
  const reason = pendingReason(visit)
  if (reason === null) return seeOther(addressOf(visit))
  if (visit.query.has('still')) return show(viewOf(visit, 'missing', reason))
  const view = viewOf(visit, 'go', reason)
  return show(view, 200, ['Refresh', `0;url=${view.next}`])
}

/** What somebody sees who must have a second factor before long, and has none. */
export function showGrace(visit: Visit, { practice, enrolBy }: Grace): WholeResponse {
  const { directory, clock } = visit.parts
  const at = clock.now()
  const zone = directory.practice(practice, at)?.snapshot.practice.zone ?? 'UTC'
  return show({
    ...viewOf(visit, 'grace', 'two-factor-not-enrolled'),
    deadline: { text: readableNear(enrolBy, zone), left: spanText(enrolBy - at) },
    code: null,
  })
}

/** What somebody sees who confirmed after their sign-in had run out. */
export const showConfirmed = (visit: Visit): WholeResponse => show(viewOf(visit, 'again', null))

/** Whether they would rather be somebody else. */
export const showLeave = (visit: Visit): WholeResponse => show(viewOf(visit, 'leave', null))

/** Hands this browser over to the portal; `reason: null`: to see their factors. */
export async function handOver(
  visit: Visit,
  reason: FactorReason | 'emergency' | null,
): Promise<WholeResponse> {
  const { parts, exchange, session, to } = visit
  const address = exchange.client.text
  if (!parts.handOvers.take(session.tokenHash) || !parts.rate.take(`hand-over ${address}`))
    return again(answerFailure(exchange, tooOften))
  const ticket = newToken()
  try {
    const handed = await parts.controlPlane?.handOver({
      ticketHash: hashToken(ticket),
      tokenHash: session.tokenHash,
      origin: `${exchange.secure ? 'https' : 'http'}://${exchange.host}`,
      ...{ reason, to, address },
    })
    if (handed === null) return seeOther(signInPage(exchange), [parts.companion.take(exchange.secure)])
    if (handed !== undefined && /^https?:\/\/[^/?#@\s]+$/.test(handed.portal)) {
      const account = reason === null && exchange.target.path === accountPath ? '&at=account' : ''
      const response = seeOther(`${handed.portal}/hand-over?ticket=${ticket}${account}`)
      return { ...response, headers: [...response.headers, 'Referrer-Policy', 'no-referrer'] }
    }
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'somebody could not be handed over to the portal')
  }
  return again(show(viewOf(visit, 'away', reason === 'emergency' ? null : reason), 503))
}

/** The visit of the same person after their session was raised: under a new token, which this browser alone is given. */
async function raised(visit: Visit, proof: string, controlPlane: ControlPlane): Promise<Visit | null> {
  const { parts, session, token } = visit
  if (!/^[A-Za-z0-9_-]{43}$/.test(proof)) return null
  const next = mintToken()
  const told = await controlPlane.proveFactor({
    tokenHash: session.tokenHash,
    proofHash: hashToken(proof),
    renewedHash: next.tokenHash,
  })
  const live = told === null ? null : parts.sessions.apply(told.session)
  if (told === null || live === null || live.tokenHash !== next.tokenHash) return null
  live.lastSeenAt = Math.max(live.lastSeenAt, session.lastSeenAt)
  if (session.record.held) await parts.parked.move(token, next.token)
  parts.sessions.apply(told.replaced)
  return { ...visit, token: next.token, session: live }
}

/** Takes the proof that the portal gave this browser, once, and leads to the same step without it. */
export async function bringProof(visit: Visit, proof: string): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  try {
    if (parts.controlPlane === null) throw new Error('there is no control plane')
    const proved = await raised(visit, proof, parts.controlPlane)
    // Brought twice, by a reload: the first time counted.
    if (proved === null) await lookAgain(visit)
    const reason = pendingReason(proved ?? visit)
    if (proved === null && reason !== null) return showSecretly(viewOf(visit, 'late', reason), 403)
    const given = proved === null ? [] : [parts.companion.give(proved.token, exchange.secure)]
    const response = seeOther(addressOf(visit, reason === null ? {} : { still: '1' }), given)
    return { ...response, headers: [...response.headers, 'Referrer-Policy', 'no-referrer'] }
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a proof could not be taken to the control plane')
    return again(showSecretly({ ...viewOf(visit, 'away', null), next: '' }, 503))
  }
}
