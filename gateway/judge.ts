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
 * Invariant: it never throws, and no path to `forward` on a judged route passes anything but a permit. What is
 * mirrored is answered in the same turn; only what must be asked for is awaited, and then judged by what is known
 * after the wait. A cache of verdicts was refused: `decide` is cheaper than finding an old answer.
 */
import type { Decision, reasons } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import type { Asserter } from './assertion.ts'
import { asksForStream, isPreflight } from './client-kind.ts'
import type { Companion } from './companion.ts'
import { cookieLines, readSetCookie } from './cookies.ts'
import type { Endings } from './endings.ts'
import { signInOf } from './engine-node.ts'
import type { Changes, Exchange, Held, Judge, Judgement, Standing } from './exchange.ts'
import {
  cookieChanges,
  expiredCredential,
  identityHeaders,
  losesCredential,
  unchanged,
  withoutCookies,
  withoutCredential,
} from './forwarding.ts'
import type { Carried, Identified } from './identity/identify.ts'
import type { LastSeen } from './last-seen.ts'
import type { JudgeCounters } from './metrics.ts'
import { answerOwnPath, isOwnPath } from './own-paths.ts'
import { practiceScope, practiceSources } from './practice.ts'
import {
  answer,
  type Directory,
  isRevokedEverywhere,
  plainDecision,
  type Question,
  scopeOf,
} from './questions.ts'
import { answerCut, answerFailure } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import type { Duties } from './route-duties.ts'
import type { MirroredSession, Sessions } from './sessions.ts'
import type { Site, SiteIdentity } from './site.ts'
import type { Traffic } from './traffic.ts'
import type { VerdictLog } from './verdict-log.ts'

/** What the judge needs. */
export type JudgeParts = {
  readonly sites: ReadonlyMap<string, Site>
  readonly companion: Companion
  readonly sessions: Sessions
  readonly endings: Endings
  readonly lastSeen: LastSeen
  readonly directory: Directory
  readonly asserter: Asserter
  readonly refusals: Refusals
  readonly verdicts: VerdictLog
  readonly traffic: Traffic
  readonly counters: JudgeCounters
  readonly observedBytesMax: number
  readonly clock: Clock
  readonly log: Log
  /** Whether knowledge is fresh enough to decide with. */
  isAlive(): boolean
  /** Reads the members of these practices anew, for this user's sake. Never rejects. */
  catchUp(practices: readonly string[], user: string): Promise<void>
}

type Session = Extract<Identified, { kind: 'session' }>

/** A request as judged: what it owes, and what it carries. */
type Case = {
  readonly parts: JudgeParts
  readonly site: Site
  readonly identity: SiteIdentity
  readonly exchange: Exchange
  readonly duties: Duties
  readonly carried: Carried
}

const forward = (changes: Changes): Judgement => ({ act: 'forward', changes, held: null, standing: null })

const stale = (exchange: Exchange): Judgement => ({
  act: 'answer',
  response: answerCut(
    { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) },
    'knowledge-stale',
    null,
  ),
  decision: null,
})

/** A credential that may not reach the application on any route. */
const isWorthless = ({ directory }: JudgeParts, session: MirroredSession): boolean =>
  session.record.ended !== null || session.record.held || isRevokedEverywhere(directory, session)

/** Ends the session that the application itself has cleared. */
const noticeOf =
  ({ parts, exchange, identity, carried }: Case, { session }: Session) =>
  (lines: readonly string[]) => {
    const names = exchange.upstream.identity?.cookies ?? []
    const at = parts.clock.now()
    const cleared = lines.some((line) => {
      const change = readSetCookie(line, at)
      return change?.cleared === true && names.includes(change.name)
    })
    if (!cleared) return
    if (typeof carried.credential !== 'string') identity.introspector.forget(carried.credential)
    void parts.endings.end(session, 'app-signed-out')
  }

/** A sign-out on its way: where the application agrees, the gateway's session ends with its own. */
const heldSignOut = ({ parts, exchange, identity, carried }: Case, session: MirroredSession): Held => ({
  bytesMax: parts.observedBytesMax,
  async settle(response) {
    if (typeof carried.credential !== 'string') identity.introspector.forget(carried.credential)
    if (response.status >= 400) return response
    await parts.endings.end(session, 'app-signed-out')
    return {
      ...response,
      headers: [...response.headers, 'Set-Cookie', parts.companion.take(exchange.secure)],
    }
  },
})

/** On routes without staff controls: what may go on of the credential. `null`: nothing clear is known, and it matters. */
function publicChanges(of: Case, who: Identified): Changes | null {
  const { parts, exchange, carried } = of
  switch (who.kind) {
    case 'anonymous':
      if (who.spoilt) return withoutCookies(exchange)
      return cookieChanges(carried, who, parts.companion, parts.clock.now())
    case 'patient':
      return cookieChanges(carried, who, parts.companion, parts.clock.now())
    case 'indeterminate':
      // A page can be had without it; a form would lose what was entered.
      return exchange.method === 'GET' || exchange.method === 'HEAD'
        ? withoutCredential(exchange, null, false)
        : null
    case 'unwelcome':
      return withoutCredential(exchange, null, false)
    case 'session':
      if (isReplaced(who.session))
        return { ...withoutCredential(exchange, null, false), setCookies: staleCompanion(of) }
      return isWorthless(parts, who.session)
        ? withoutCredential(exchange, parts.companion, true)
        : cookieChanges(carried, who, parts.companion, parts.clock.now())
  }
}

function judgePublic(of: Case, who: Identified): Judgement | Promise<Judgement> {
  const { duties, identity } = of
  const changes = publicChanges(of, who)
  if (changes === null) return refuseNobody(of, 'identity-unavailable', [])
  const drop = losesCredential(changes)
  if (duties.login !== null) return identity.signIn(of.carried, duties.login, drop)
  if (who.kind !== 'session' || drop) return forward(changes)
  if (!duties.logout)
    return { act: 'forward', changes, held: null, standing: null, notice: noticeOf(of, who) }
  // Nobody who leaves is given a companion.
  return {
    act: 'forward',
    changes: { ...changes, setCookies: who.renewed },
    held: heldSignOut(of, who.session),
    standing: null,
  }
}

function refuseNobody(
  { parts, exchange }: Case,
  reason: keyof typeof reasons,
  setCookies: readonly string[],
): Judgement {
  const decision = plainDecision(reason)
  parts.counters.decided(decision, 'enforce', 0)
  return { act: 'answer', response: parts.refusals.refuse(exchange, null, decision, setCookies), decision }
}

const questionOf = (
  { exchange, duties, site, carried }: Case,
  { session, accompanied }: Session,
): Question => ({
  method: exchange.method,
  requirements: duties.judged,
  address: exchange.client,
  session,
  accompanied,
  sources: practiceSources(
    site.upstream.practice,
    exchange.host.replace(/:\d*$/, ''),
    exchange.target.readings,
    carried.lines,
  ),
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

function permit(of: Case, who: Session, question: Question, decision: Decision, at: Instant): Judgement {
  const { parts, exchange, duties, site, carried } = of
  const { session } = who
  const stream = asksForStream(exchange)
  if (stream || duties.background) session.streams = true
  if (!stream && !duties.background) parts.lastSeen.renew(session, at, exchange.client.text)
  if (decision.wouldRefuse.length > 0) parts.verdicts.monitored(exchange, question, decision, at)
  parts.traffic.passed(exchange, question, at)
  if (duties.judged.some((requirement) => !requirement.mapped))
    parts.traffic.unmapped(site.upstream.id, exchange.method, site.duties.template(exchange.target.path))
  const cookies = cookieChanges(carried, who, parts.companion, at)
  const told = identityHeaders(parts.directory, parts.asserter, question, site.upstream.id, at)
  return {
    act: 'forward',
    changes: { ...cookies, setRequest: [...cookies.setRequest, ...told] },
    held: null,
    standing: standingOf(of, question, decision),
    notice: noticeOf(of, who),
  }
}

/** Whether the browser's session goes on under another token: what it has by now must not be taken away. */
const isReplaced = ({ record }: MirroredSession): boolean => record.ended?.why === 'replaced'

/** A page that still comes with the old companion has missed the new one; a script's answer may only be late. */
const staleCompanion = ({ parts, exchange }: Case): readonly string[] =>
  exchange.kind === 'navigation' ? [parts.companion.take(exchange.secure)] : []

/** Whether the credential in the browser is worth nothing after this refusal; revoked in one practice it still is. */
const isOver = ({ directory }: JudgeParts, session: MirroredSession, { reason }: Decision): boolean =>
  reason === 'session-ended' ||
  reason === 'session-idle' ||
  reason === 'session-expired' ||
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
  if (isReplaced(session)) return staleCompanion(of)
  if (isOver(parts, session, decision))
    return [...expiredCredential(exchange), parts.companion.take(exchange.secure)]
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
  const unheard = Object.keys(epochs).filter((practice) => directory.member(practice, user) === null)
  if (unheard.length === 0) return unheard
  const { practices } = practiceScope(sources, [...directory.practicesOf(user), ...unheard])
  return unheard.filter((practice) => practices.includes(practice))
}

function judgeSession(of: Case, who: Session): Judgement | Promise<Judgement> {
  const { parts, exchange } = of
  const question = questionOf(of, who)
  const settle = (isLastWord: boolean): Judgement | Promise<Judgement> => {
    if (!parts.isAlive()) return stale(exchange)
    const startedAt = parts.clock.monotonic()
    const at = parts.clock.now()
    const decision = answer(parts.directory, question, at)
    if (!isLastWord) {
      // Another gateway may have seen them, or somebody was made a member a moment ago.
      if (decision.reason === 'session-idle')
        return parts.lastSeen.refresh(who.session).then(() => settle(true))
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
  const { parts, exchange } = of
  if (!parts.isAlive()) return stale(exchange)
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
  const failure = {
    status: 500,
    title: 'Something went wrong here',
    sentence: 'The gateway could not decide about this request.',
  } as const
  return { act: 'answer', response: answerFailure(exchange, failure), decision: null }
}

function judgeIdentified(of: Case, who: Identified): Judgement | Promise<Judgement> {
  return of.duties.judged.length > 0 ? judgeStaff(of, who) : judgePublic(of, who)
}

function judgeCarried(of: Case): Judgement | Promise<Judgement> {
  const { identity, carried } = of
  const who = identity.identifier.now(carried)
  return who === null
    ? identity.identifier.find(carried).then((found) => judgeIdentified(of, found))
    : judgeIdentified(of, who)
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
  if (duties.refused) {
    const sentence = 'This path can be read in more than one way, and this page takes none such.'
    const failure = { status: 400, title: 'This address was not understood', sentence } as const
    return { act: 'answer', response: answerFailure(exchange, failure), decision: null }
  }
  const judged = first !== undefined
  if (judged && isPreflight(exchange))
    return forward({ dropCookies: [], setRequest: ['cookie', ''], setCookies: [] })
  const { identity } = site
  if (identity === null) {
    if (!judged) return forward(unchanged)
    const decision = plainDecision('not-signed-in')
    parts.counters.decided(decision, 'enforce', 0)
    return { act: 'answer', response: parts.refusals.refuse(exchange, null, decision, []), decision }
  }
  if (judged && !parts.isAlive()) return stale(exchange)
  const carried = identity.identifier.carried(exchange, cookieLines(exchange.headers))
  const of: Case = { parts, site, identity, exchange, duties, carried }
  if (carried.companion === null) return judgeCarried(of)
  const gated = identity.access.gate(exchange, duties, carried.companion)
  return gated instanceof Promise
    ? gated.then((held) => held ?? judgeCarried(of))
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
