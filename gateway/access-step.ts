/**
 * The step on the application's origin: who is at it, what they still owe, and the release of a sign-in that waited.
 *
 * What can be asked for is `request-step.ts`'s, the second factor `factor-step.ts`'s. Invariant: a parked answer is
 * released only to a navigation with its companion, after `decide` permitted with what is known at that moment; no word
 * of the control plane's alone releases anything. Nothing here ends a session but the person's own wish: who waits for a
 * gateway that lags must not lose the sign-in.
 */
import type { ControlPlane } from '../runtime/internal.ts'
import { accountPath, securityManagementPath } from '../runtime/pages/management-line.ts'
import type { ParkedAnswer } from '../runtime/records.ts'
import { notAPage, notOurs, stale, tooOften } from './access-failures.ts'
import { readAccessForm } from './access-form.ts'
import { handOverToAdmin } from './admin-entry.ts'
import {
  askableKind,
  cureOf,
  emergencyPlaces,
  factorReason,
  type Grace,
  graceOf,
  releasedQuestion,
  requestsPath,
} from './asking.ts'
import { cookieLines } from './cookies.ts'
import type { Exchange, Judgement, WholeResponse } from './exchange.ts'
import {
  bringProof,
  handOver,
  heldQuestion,
  owedQuestion,
  pendingReason,
  showConfirmed,
  showFactor,
  showGrace,
  showLeave,
} from './factor-step.ts'
import { expiredCredential } from './forwarding.ts'
import type { Credential } from './identity/credential.ts'
import { readCredential } from './identity/credential.ts'
import { practicesPath, showPractices } from './practices-step.ts'
import { answer, plainDecision } from './questions.ts'
import { answerFailure, samePath } from './refusal.ts'
import { secondFactorPath } from './refusals.ts'
import { askAccess, heldAsking, showApproved, showRequests, withdrawAccess } from './request-step.ts'
import type { Duties } from './route-duties.ts'
import type { MirroredSession } from './sessions.ts'
import { showSignedIn, takeSignedIn } from './signed-in-requests.ts'
import {
  addressOf,
  again,
  type StepParts,
  seeOther,
  signInPage,
  signInQuestion,
  type Visit,
  visitOf,
} from './step-visit.ts'
import { createWaiting, type Waiting, waitAnswer } from './step-wait.ts'

/** The step of one upstream. */
export type AccessStep = {
  /**
   * What somebody gets whose sign-in is held and may yet be released: pages lead to the step, all that is judged is
   * refused. `companion`: its token's hash. `null`: no such companion, or nothing that the step concerns. Never rejects.
   */
  gate(exchange: Exchange, duties: Duties, companion: string): Judgement | null | Promise<Judgement | null>
  /** Answers at the step's own paths. */
  answer(exchange: Exchange): Promise<Judgement>
}

function sessionHere(parts: StepParts, exchange: Exchange, tokenHash: string) {
  const found = parts.sessions.known(tokenHash)
  // Unknown companions cost a look elsewhere: nobody may cause those without end.
  if (found === null && parts.rate.take(`address ${exchange.client.text}`))
    return parts.sessions.load(tokenHash)
  return found
}

/** Takes the application's credential out of a browser that came with one. */
const expiredOf = (exchange: Exchange): readonly string[] => {
  const names = exchange.upstream.identity?.cookies ?? []
  const reading = readCredential(exchange.upstream.id, names, cookieLines(exchange.headers))
  return reading === 'none' ? [] : expiredCredential(exchange)
}

const usable = (exchange: Exchange, found: MirroredSession | string | null): MirroredSession | null =>
  found !== null &&
  typeof found === 'object' &&
  found.record.ended === null &&
  found.record.upstream === exchange.upstream.id
    ? found
    : null

/** The status and target of a parked answer as a page that is opened now may follow it. */
function released(exchange: Exchange, parked: ParkedAnswer, to: string | null): WholeResponse {
  const base = `${exchange.secure ? 'https' : 'http'}://${exchange.host}`
  const target =
    parked.location === null ? null : URL.parse(parked.location, `${base}${exchange.target.path}`)
  const path =
    target === null || target.origin !== base
      ? null
      : samePath(`${target.pathname}${target.search}${target.hash}`)
  const response = seeOther(to ?? path ?? '/', parked.setCookies)
  return path !== null && to === null && parked.status === 302 ? { ...response, status: 302 } : response
}

/** Holds the session no longer; the answer is what `then` makes of that. Rejects when the control plane is away. */
async function enliven(
  { parts, exchange, session }: Visit,
  controlPlane: ControlPlane,
  then: () => WholeResponse,
): Promise<WholeResponse> {
  const sealed = await controlPlane.changeSession({ to: 'live', tokenHash: session.tokenHash })
  const live = sealed === null ? null : parts.sessions.apply(sealed)
  if (live === null || live.record.held || live.record.ended !== null)
    return seeOther(signInPage(exchange), [parts.companion.take(exchange.secure)])
  live.lastSeenAt = Math.max(live.lastSeenAt, parts.clock.now())
  return then()
}

/** Goes on after a sign-in here, at which no answer of the application waits. */
async function releaseOwn(visit: Visit, controlPlane: ControlPlane): Promise<WholeResponse> {
  const { parts, exchange, session, to } = visit
  try {
    return await enliven(visit, controlPlane, () => seeOther(to ?? '/'))
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a held sign-in could not be released')
    return again(answerFailure(exchange, stale))
  }
}

/** Goes on: the answer of the application that waited. Where there is none any more, they sign in again. */
async function release(visit: Visit): Promise<WholeResponse> {
  const { parts, exchange, session, token } = visit
  if (parts.controlPlane === null) return again(answerFailure(exchange, stale))
  if (exchange.upstream.identity?.mode === 'own') return releaseOwn(visit, parts.controlPlane)
  const taken = await parts.parked.take(token)
  if (taken === null) {
    // Another tab, or another gateway, may have gone on a moment ago.
    await parts.sessions.look(session)
    if (!session.record.held && session.record.ended === null) return seeOther(visit.to ?? '/')
    return session.record.factor === null ? showApproved(visit) : showConfirmed(visit)
  }
  try {
    return await enliven(visit, parts.controlPlane, () => released(exchange, taken.answer, visit.to))
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a held sign-in could not be released')
    await taken.putBack()
    return again(answerFailure(exchange, stale))
  }
}

/** What will be asked for soon of somebody who waits and could go on; `null`: nothing. */
const graceHere = (visit: Visit): Grace | null =>
  graceOf(visit.parts.directory, heldQuestion(visit), visit.parts.clock.now())

/** Permitted, to be asked for, to be confirmed, or refused by something that none of this cures. */
async function heldPage(visit: Visit): Promise<WholeResponse> {
  const { parts, exchange, query } = visit
  if (query.has('leave')) return showLeave(visit)
  const at = parts.clock.now()
  const question = heldQuestion(visit)
  const decision = answer(parts.directory, question, at)
  if (decision.verdict === 'permit') {
    const grace = graceHere(visit)
    return grace === null ? release(visit) : showGrace(visit, grace)
  }
  const cure = cureOf(parts.directory, question, at)
  if (cure === null) return again(parts.refusals.refuse(exchange, question, decision, []))
  return cure === 'two-factor' ? showFactor(visit) : showRequests(visit, heldAsking(visit, cure))
}

/**
 * Goes on while that is still permitted: without a second factor for now, or, confirmed too late, to the sign-in page,
 * which nobody sees while held. The next sign-in of the same person here keeps what was confirmed.
 */
async function goOn(visit: Visit, does: 'again' | 'later'): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  const decision = answer(parts.directory, heldQuestion(visit), parts.clock.now())
  if (decision.verdict !== 'permit') return seeOther(addressOf(visit))
  if (does === 'later') return release(visit)
  if (session.record.factor === null || parts.controlPlane === null) return seeOther(addressOf(visit))
  try {
    return await enliven(visit, parts.controlPlane, () => seeOther(signInPage(exchange)))
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a held sign-in could not be released')
    return again(answerFailure(exchange, stale))
  }
}

/** Ends the sign-in, here and at the application, and leaves nothing of it in the browser. */
async function leave({ parts, exchange, session, token }: Visit): Promise<WholeResponse> {
  const taken = session.record.held ? await parts.parked.take(token).catch(() => null) : null
  const carried = parts.identifier.carried(exchange, cookieLines(exchange.headers)).credential
  const own: Credential | null = typeof carried === 'string' ? null : carried
  const credential = taken === null ? own : { hash: '', pairs: taken.answer.pairs }
  await Promise.all([
    parts.endings.end(session, 'signed-out'),
    credential === null ? null : parts.endSession(credential),
  ])
  return seeOther(signInPage(exchange), [
    ...expiredCredential(exchange),
    parts.companion.take(exchange.secure),
  ])
}

/** Whether the application's own word names the same person now; tokens of scripts come with no page. */
async function isTheirs({
  parts,
  exchange,
  session,
}: Visit): Promise<{ readonly theirs: boolean; readonly setCookies: readonly string[] }> {
  if ((exchange.upstream.identity?.bearer ?? null) !== null) return { theirs: true, setCookies: [] }
  const carried = parts.identifier.carried(exchange, cookieLines(exchange.headers))
  const who = parts.identifier.now(carried) ?? (await parts.identifier.find(carried))
  const renewed = 'renewed' in who ? who.renewed : []
  if (who.kind !== 'session') return { theirs: false, setCookies: renewed }
  const given = who.give === null ? [] : [parts.companion.give(who.give, exchange.secure)]
  return {
    theirs: who.accompanied && who.session.tokenHash === session.tokenHash,
    setCookies: [...renewed, ...given],
  }
}

/** Of somebody who is signed in: what their way owes, or where it leads when it owes nothing. */
async function livePage(visit: Visit): Promise<WholeResponse> {
  const { setCookies, theirs } = await isTheirs(visit)
  const away = visit.to ?? '/'
  if (!theirs) return seeOther(away, setCookies)
  const shown = visit.query.has('leave')
    ? showLeave(visit)
    : pendingReason(visit) === null
      ? seeOther(away)
      : await showFactor(visit)
  return withCookies(shown, setCookies)
}

const withCookies = (response: WholeResponse, lines: readonly string[]): WholeResponse => ({
  ...response,
  headers: [...response.headers, ...lines.flatMap((line) => ['Set-Cookie', line])],
})

/** The way to the portal for whoever address or hour keeps out, and who may lift that for a while. */
async function emergency(visit: Visit): Promise<WholeResponse> {
  const { parts, session } = visit
  const question = session.record.held ? heldQuestion(visit) : owedQuestion(visit)
  const offered =
    question !== null && emergencyPlaces(parts.directory, question, parts.clock.now()).length > 0
  if (session.record.held) return offered ? handOver(visit, 'emergency') : seeOther(addressOf(visit))
  const { setCookies, theirs } = await isTheirs(visit)
  if (!theirs || !offered) return seeOther(visit.to ?? '/', setCookies)
  return withCookies(await handOver(visit, 'emergency'), setCookies)
}

/** The way to the portal, for whoever owes a second factor, or is signed in and wants to see theirs. */
async function secondFactor(visit: Visit): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  if (visit.query.has('emergency')) return emergency(visit)
  const pending = pendingReason(visit)
  if (session.record.held) {
    if (pending !== null) return handOver(visit, pending)
    return graceHere(visit) === null ? seeOther(addressOf(visit)) : handOver(visit, 'two-factor-not-enrolled')
  }
  const { setCookies, theirs } = await isTheirs(visit)
  const question = signInQuestion(parts.duties.signIn, exchange, session)
  const at = parts.clock.now()
  const reason = pending ?? factorReason(parts.directory, question, at)
  const may = reason !== null || answer(parts.directory, question, at).verdict === 'permit'
  // Whoever may not come in at all hears why on the way back.
  if (!theirs || !may) return seeOther(visit.to ?? '/', setCookies)
  return withCookies(await handOver(visit, reason), setCookies)
}

/** What is for whoever is signed in, and is so at the application too: others are led to where that is cured. */
async function signedIn(
  visit: Visit,
  show: () => WholeResponse | Promise<WholeResponse>,
): Promise<WholeResponse> {
  if (visit.session.record.held) return seeOther(addressOf(visit))
  const { setCookies, theirs } = await isTheirs(visit)
  if (!theirs) return seeOther(signInPage(visit.exchange), setCookies)
  return withCookies(await show(), setCookies)
}

/** A page of the step. */
function showPage(visit: Visit): Promise<WholeResponse> {
  const { exchange, session, query } = visit
  const { path } = exchange.target
  if (path === secondFactorPath || path === accountPath) return secondFactor(visit)
  // Whether they have a part there, the admin origin says itself.
  if (path === securityManagementPath) return signedIn(visit, () => handOverToAdmin(visit))
  if (path === practicesPath) return signedIn(visit, () => showPractices(visit))
  if (path === requestsPath) return signedIn(visit, () => showSignedIn(visit))
  const proof = query.get('proof')
  if (proof !== null) return bringProof(visit, proof)
  return session.record.held ? heldPage(visit) : livePage(visit)
}

async function takeForm(visit: Visit): Promise<WholeResponse> {
  const { parts, exchange, session, to } = visit
  const form = await readAccessForm(exchange, visit.token)
  if (form === null) return answerFailure(exchange, notOurs)
  if (form.does === 'leave') return leave(visit)
  if (exchange.target.path === requestsPath) return signedIn(visit, () => takeSignedIn(visit, form))
  if (!session.record.held) return seeOther(to ?? '/')
  if (form.does === 'again' || form.does === 'later') return goOn(visit, form.does)
  const kind = askableKind(parts.directory, heldQuestion(visit), parts.clock.now())
  const asking = kind === null ? null : heldAsking(visit, kind)
  return form.does === 'ask' ? askAccess(visit, asking, form) : withdrawAccess(visit, asking, form.practices)
}

async function answerStep(parts: StepParts, waiting: Waiting, exchange: Exchange): Promise<WholeResponse> {
  const lines = cookieLines(exchange.headers)
  const token = parts.companion.token(lines, exchange.secure)
  const tokenHash = parts.companion.read(lines, exchange.secure)
  if (token === null || tokenHash === null) return seeOther(signInPage(exchange))
  const session = usable(exchange, await sessionHere(parts, exchange, tokenHash))
  if (session === null) return seeOther(signInPage(exchange))
  const visit = visitOf(parts, exchange, token, session)
  if (!parts.rate.take(`browser ${tokenHash}`)) return again(answerFailure(exchange, tooOften))
  if (!parts.isAlive()) return again(answerFailure(exchange, stale))
  if (exchange.method !== 'GET') return takeForm(visit)
  if (exchange.kind === 'navigation') return showPage(visit)
  if (visit.query.has('wait') && exchange.kind === 'fetch') return waitAnswer(await waiting.forChange(visit))
  if (!session.record.held) return answerFailure(exchange, notAPage)
  const question = signInQuestion(parts.duties.signIn, exchange, session)
  return parts.refusals.hold(exchange, question, plainDecision('sign-in-held'), [], false)
}

/** The refusal of whoever is at a page or route while held; `null`: the step would not help them. */
function gateHeld(parts: StepParts, exchange: Exchange, session: MirroredSession): Judgement | null {
  const question = signInQuestion(parts.duties.signIn, exchange, session)
  const at = parts.clock.now()
  const wish = releasedQuestion(question, at)
  const helps =
    answer(parts.directory, wish, at).verdict === 'permit' || cureOf(parts.directory, wish, at) !== null
  if (!helps) return null
  const decision = plainDecision('sign-in-held')
  const response = parts.refusals.hold(exchange, question, decision, expiredOf(exchange), false)
  return { act: 'answer', response, decision }
}

const isPage = ({ kind, method }: Exchange): boolean => kind === 'navigation' && method === 'GET'

/** The step of one upstream. */
export const createAccessStep = (parts: StepParts, waiting: Waiting = createWaiting()): AccessStep => ({
  gate(exchange, duties, companion) {
    const concerned =
      duties.judged.length > 0 || (isPage(exchange) && duties.login === null && !duties.logout)
    if (!concerned) return null
    const known = parts.sessions.known(companion)
    // Nearly everybody: nothing here concerns them.
    if (known !== null && typeof known === 'object' && !known.record.held) return null
    if (!parts.isAlive()) return null
    const judge = (found: MirroredSession | string | null): Judgement | null => {
      const session = usable(exchange, found)
      return session?.record.held === true ? gateHeld(parts, exchange, session) : null
    }
    const found = sessionHere(parts, exchange, companion)
    return found instanceof Promise ? found.then(judge) : judge(found)
  },
  answer: async (exchange) => ({
    act: 'answer',
    response: await answerStep(parts, waiting, exchange),
    decision: null,
  }),
})
