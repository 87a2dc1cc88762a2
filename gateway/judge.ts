/**
 * The one judge: who asks, may they, and what is said or changed (DESIGN §4).
 *
 * | class | lease | identity | then |
 * | --- | --- | --- | --- |
 * | public | not needed | where a credential comes | a worthless credential is dropped; all else passes |
 * | login | needed by `held-login` | as public | watched, held, judged before release |
 * | logout | not needed | as public | watched; success ends the session |
 * | staff, picker, background | alive, else 503 | must be a session | `decide` for every requirement |
 *
 * Invariant: it never throws, and no path to `forward` on a judged route passes anything but a permit. What is mirrored
 * is answered in the same turn; only what must be asked for is awaited, and then judged by what is known after the wait.
 * Keeping refusals as permits are kept (`kept-permits.ts`) was refused: they would be filled by whoever knocks.
 */
import type { Decision } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import { noticeOf } from './answer-notices.ts'
import {
  type Case,
  forward,
  isReplaced,
  type JudgeParts,
  refuseNobody,
  type Session,
  staleCompanion,
  tellApplication,
} from './case.ts'
import { asksForStream, isPreflight } from './client-kind.ts'
import { cookieLines } from './cookies.ts'
import { signInOf } from './engine.ts'
import type { Exchange, Judge, Judgement, Standing } from './exchange.ts'
import { cookieChanges, expiredCredential, identityHeaders, toldUntil, unchanged } from './forwarding.ts'
import type { Identified } from './identity/identify.ts'
import type { KeptPermit, Passing } from './kept-permits.ts'
import { answerOwnPath, isOwnPath } from './own-paths.ts'
import { ownText } from './own-text.ts'
import {
  areConflicting,
  isByHostAlone,
  type PracticeSources,
  practiceScope,
  practiceSources,
} from './practice.ts'
import { judgePublic } from './public-routes.ts'
import { answer, isRevokedEverywhere, plainDecision, type Question, scopeOf } from './questions.ts'
import { answerCut, answerFailure } from './refusal.ts'
import type { MirroredSession } from './sessions.ts'
import { type Oddness, oddnessOf } from './target.ts'

const stale = (exchange: Exchange): Judgement => ({
  act: 'answer',
  response: answerCut(
    { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) },
    'knowledge-stale',
    null,
  ),
  decision: null,
})

function sourcesOf({ exchange, site, carried }: Case, who: Session): PracticeSources {
  const claimed = who.claimed ?? null
  const { known, lines } = carried
  const { host, headers, target } = exchange
  if (claimed === null && known?.said?.host === host) return known.said.sources
  const config = site.upstream.practice
  const words = { headers, claimed, cookie: known?.practice }
  const sources = practiceSources(config, host, target.readings, lines, words)
  if (claimed === null && known !== null && isByHostAlone(config))
    known.said = { host: ownText(host), sources }
  return sources
}

const questionOf = (
  { exchange, duties }: Case,
  { session, accompanied }: Session,
  sources: PracticeSources,
): Question => ({
  method: exchange.method,
  requirements: duties.judged,
  address: exchange.client,
  session,
  accompanied,
  sources,
  picking: duties.picking,
})

/** Judged again in the sweep, by what the mirrors hold then. */
function standingOf({ parts }: Case, question: Question, decision: Decision): Standing {
  const { tokenHash, record } = question.session
  const { practices, resolved } = scopeOf(parts.directory, question)
  return {
    decision,
    user: record.user,
    // Unresolved questions widen with the memberships: every change concerns them.
    practices: resolved ? practices : [],
    session: record.id,
    again(at) {
      const known = parts.sessions.known(tokenHash)
      const session = known === null || known === 'absent' ? question.session : known
      return answer(parts.directory, { ...question, session }, at)
    },
  }
}

/** Gathers which roles sent a request that no route maps, for a proposed route table. */
function learn({ parts, exchange, site }: Case, question: Question, known: string): void {
  const { directory, traffic } = parts
  const { user } = question.session.record
  const template = site.learned?.template(exchange.target.path, known, user) ?? known
  const { upstream, method } = { upstream: site.upstream.id, method: exchange.method }
  for (const practice of scopeOf(directory, question).practices)
    traffic.used({ practice, upstream, method, template }, directory.member(practice, user)?.roles ?? [])
}

/** What a person's request leaves behind besides its permit. */
function noteUse({ parts, exchange, duties }: Case, session: MirroredSession, at: Instant): void {
  const stream = asksForStream(exchange)
  if (stream || duties.background) session.streams = true
  if (!stream && !duties.background) parts.lastSeen.renew(session, at, exchange.client.text)
}

/** Lists a request that no route maps, or whose path is odd; here alone, since strangers could fill the list. */
function listOddities(of: Case, question: Question, odd: Oddness | null, isUnmapped: boolean): void {
  const { parts, exchange, site } = of
  const { id } = site.upstream
  const template = site.duties.template(exchange.target.path)
  if (isUnmapped) parts.traffic.unmapped(id, exchange.method, template)
  if (isUnmapped && site.upstream.learn !== 'off') learn(of, question, template)
  if (odd !== null) parts.traffic.unmapped(id, exchange.method, template, odd)
}

function permit(of: Case, who: Session, question: Question, decision: Decision, at: Instant): Judgement {
  const { parts, exchange, duties, site, carried } = of
  const { session } = who
  noteUse(of, session, at)
  if (decision.wouldRefuse.length > 0) parts.verdicts.monitored(exchange, question, decision, at)
  const tally = parts.traffic.passed(question, at)
  const odd = oddnessOf(exchange.target)
  const isUnmapped = duties.judged.some((requirement) => !requirement.mapped)
  if (isUnmapped || odd !== null) listOddities(of, question, odd, isUnmapped)
  const changes = cookieChanges(carried, who, parts.companion, at)
  const told = identityHeaders(parts.directory, parts.asserter, question, site.upstream.id, at)
  const judgement: Passing = {
    act: 'forward',
    changes:
      changes === unchanged ? told : { ...changes, setRequest: [...changes.setRequest, ...told.setRequest] },
    held: null,
    standing: standingOf(of, question, decision),
    notice: noticeOf(of, session),
  }
  // What is listed or recorded with each request is not kept; nor is what only this exchange's head would be kept for.
  const isPlain = changes === unchanged && exchange.target.readings.length === 1 && carried.known !== null
  if (
    isPlain &&
    scopeOf(parts.directory, question).resolved &&
    !isUnmapped &&
    decision.wouldRefuse.length === 0
  )
    parts.permits.keep(
      duties,
      { question, credential: carried.credential, decision, judgement, tally },
      at,
      toldUntil(at),
    )
  return judgement
}

/** Gives a kept permit again, and counts it. */
function permitAgain(of: Case, kept: KeptPermit, at: Instant): Judgement {
  const { parts } = of
  parts.counters.decided(kept.decision, 'enforce', 0)
  noteUse(of, kept.question.session, at)
  kept.tally = parts.traffic.passed(kept.question, at, kept.tally)
  return kept.judgement
}

/** Whether the credential in the browser is worth nothing after this refusal; revoked in one practice it still is. */
const isOver = ({ directory }: JudgeParts, session: MirroredSession, { reason }: Decision): boolean =>
  reason === 'session-ended' ||
  reason === 'session-idle' ||
  reason === 'session-expired' ||
  (reason === 'practice-retired' && session.record.ended !== null) ||
  (reason === 'session-revoked' && isRevokedEverywhere(directory, session))

/** Refused for want of a second factor, with the companion that it can be proved for. */
function challengeFactor(of: Case, who: Session, question: Question, decision: Decision): Judgement {
  const { parts, exchange } = of
  const given = who.give === null ? [] : [parts.companion.give(who.give, exchange.secure)]
  const response = parts.refusals.stepUp(exchange, question, decision, [...who.renewed, ...given])
  return { act: 'answer', response, decision }
}

/** What a refusal takes out of the browser. */
function expiredBy(of: Case, session: MirroredSession, decision: Decision): readonly string[] {
  const { parts, exchange } = of
  if (isReplaced(of, session)) return staleCompanion(of)
  if (isOver(parts, session, decision)) {
    tellApplication(of, session)
    // A page that opens its socket again shows nothing of the refusal: the next page does, while the credential tells why.
    if (exchange.kind === 'websocket') return []
    return [...expiredCredential(exchange), parts.companion.take(exchange.secure)]
  }
  return decision.reason === 'sign-in-held' ? expiredCredential(exchange) : []
}

function refuseSession(of: Case, who: Session, question: Question, decision: Decision): Judgement {
  const { parts, exchange } = of
  const { session } = who
  // Without its companion nothing could be proved: there is no way to show.
  if (decision.control === 'two-factor' && who.accompanied)
    return challengeFactor(of, who, question, decision)
  const setCookies = expiredBy(of, session, decision)
  // Recorded first, as it was judged; then ended: an idle session's cookie could be adopted anew without its companion.
  const response = parts.refusals.refuse(exchange, question, decision, setCookies)
  if (decision.reason === 'session-idle' || decision.reason === 'session-expired')
    void parts.endings.end(session, 'expired')
  return { act: 'answer', response, decision }
}

/** Practices that should be asked, for which the session was opened, and whose members known here miss its user. */
const unheardPractices = ({ directory }: JudgeParts, { session, sources }: Question): readonly string[] => {
  const { user, epochs } = session.record
  const unheard = Object.keys(epochs).filter(
    (practice) => directory.member(practice, user) === null && directory.retired(practice) === null,
  )
  if (unheard.length === 0) return unheard
  const { practices } = practiceScope(sources, [...directory.practicesOf(user), ...unheard])
  return unheard.filter((practice) => practices.includes(practice))
}

function judgeSession(of: Case, who: Session): Judgement | Promise<Judgement> {
  const { parts, exchange, duties } = of
  const { session, accompanied } = who
  const sources = sourcesOf(of, who)
  const { method, client } = exchange
  if (who.give === null && who.renewed.length === 0) {
    const now = parts.clock.now()
    const { credential } = of.carried
    const asked = { duties, method, address: client.text, session, accompanied, sources, credential }
    const kept = parts.permits.find(asked, now)
    if (kept !== null) return permitAgain(of, kept, now)
  }
  const question = questionOf(of, who, sources)
  if (!scopeOf(parts.directory, question).resolved)
    parts.counters.practiceUnclear(areConflicting(question.sources) ? 'conflicting' : 'unresolved')
  const settle = (isLastWord: boolean): Judgement | Promise<Judgement> => {
    if (!parts.isAlive()) return stale(exchange)
    const startedAt = parts.clock.monotonic()
    const at = parts.clock.now()
    const decision = answer(parts.directory, question, at)
    if (!isLastWord) {
      // Another gateway may have seen them, or somebody was made a member a moment ago.
      if (decision.reason === 'session-idle') return parts.lastSeen.refresh(session).then(() => settle(true))
      // Where every membership must allow, one that is not heard of yet would be one that was not asked.
      const unheard = unheardPractices(parts, question)
      if (unheard.length > 0) return parts.catchUp(unheard, who.session.record.user).then(() => settle(true))
    }
    parts.counters.decided(decision, 'enforce', parts.clock.monotonic() - startedAt)
    for (const reason of decision.wouldRefuse) parts.counters.decided({ reason }, 'monitor', 0)
    return decision.verdict === 'permit'
      ? permit(of, who, question, decision, at)
      : refuseSession(of, who, question, decision)
  }
  return settle(false)
}

function judgeStaff(of: Case, who: Identified): Judgement | Promise<Judgement> {
  const { exchange } = of
  switch (who.kind) {
    case 'anonymous':
      return refuseNobody(of, 'not-signed-in', who.spoilt ? expiredCredential(exchange) : who.renewed)
    case 'patient':
      return refuseNobody(of, 'not-a-member', who.renewed)
    case 'indeterminate':
      return refuseNobody(of, 'identity-unavailable', [])
    case 'unwelcome':
      return refuseNobody(of, who.reason, [])
    case 'session':
      return judgeSession(of, who)
  }
}

const guarded = (parts: JudgeParts, exchange: Exchange, error: unknown): Judgement => {
  parts.log.error({ error, exchange: exchange.id }, 'a request could not be judged')
  const failure = { status: 500, ...failureTexts.undecided } as const
  return { act: 'answer', response: answerFailure(exchange, failure), decision: null }
}

function judgeIdentified(of: Case, who: Identified): Judgement | Promise<Judgement> {
  return of.duties.judged.length > 0 ? judgeStaff(of, who) : judgePublic(of, who)
}

/** Whether what is judged can be judged no more; to be asked after every wait. */
const isStale = ({ parts, duties }: Case): boolean => duties.judged.length > 0 && !parts.isAlive()

/** In the turn in which knowledge was found to be fresh, or need not be. */
function judgeCarried(of: Case): Judgement | Promise<Judgement> {
  const { identity, carried, exchange } = of
  const who = identity.identifier.now(carried)
  if (who !== null) return judgeIdentified(of, who)
  return identity.identifier
    .find(carried)
    .then((found) => (isStale(of) ? stale(exchange) : judgeIdentified(of, found)))
}

function judgeRequest(parts: JudgeParts, exchange: Exchange): Judgement | Promise<Judgement> {
  const site = parts.sites.get(exchange.upstream.id)
  if (site === undefined) throw new Error(`no site ${exchange.upstream.id}`)
  if (isOwnPath(exchange)) return answerOwnPath(parts, site, exchange)
  const duties = site.duties.find(exchange)
  const [first] = duties.judged
  parts.counters.requested(
    first?.class ?? (duties.login !== null ? 'login' : duties.logout ? 'logout' : 'public'),
  )
  const odd = oddnessOf(exchange.target)
  if (odd !== null) parts.counters.oddPath(odd)
  if (duties.refused) {
    const failure = { status: 400, ...failureTexts.ambiguousPath } as const
    return { act: 'answer', response: answerFailure(exchange, failure), decision: null }
  }
  const judged = first !== undefined
  if (judged && isPreflight(exchange))
    return forward({ dropCookies: [], setRequest: ['cookie', ''], setCookies: [] })
  if (parts.machines.isCarried(exchange)) {
    if (judged && !parts.isAlive()) return stale(exchange)
    const judgement = parts.machines.judge(site, exchange, duties)
    if (judgement !== null) return judgement
  }
  const { identity } = site
  if (identity === null) {
    if (!judged) return forward(unchanged)
    const decision = plainDecision('not-signed-in')
    parts.counters.decided(decision, 'enforce', 0)
    return { act: 'answer', response: parts.refusals.refuse(exchange, null, decision, []), decision }
  }
  if (judged && !parts.isAlive()) return stale(exchange)
  const carried = identity.identifier.carried(exchange, cookieLines(exchange.headers))
  if (carried.spoofed) parts.counters.spoofed()
  const of: Case = { parts, site, identity, exchange, duties, carried }
  if (carried.companion === null) return judgeCarried(of)
  const gated = identity.access.gate(exchange, duties, carried.companion)
  return gated instanceof Promise
    ? gated.then((held) => held ?? (isStale(of) ? stale(exchange) : judgeCarried(of)))
    : (gated ?? judgeCarried(of))
}

/** The judge of a gateway. */
export const createJudge =
  (parts: JudgeParts): Judge =>
  (exchange) => {
    try {
      const judgement = judgeRequest(parts, exchange)
      return judgement instanceof Promise
        ? judgement.catch((error: unknown) => guarded(parts, exchange, error))
        : judgement
    } catch (error) {
      return guarded(parts, exchange, error)
    }
  }
