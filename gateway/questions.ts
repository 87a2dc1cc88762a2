/**
 * From what is known of a request to the questions `decide` answers, and its answers to one decision.
 *
 * Every requirement of every reading must permit, in every practice asked (or in any, for routes where a practice is
 * chosen). Invariant: nothing known means no; no path here yields a permit that `decide` did not give. Synchronous,
 * so that a live exchange can be judged again in the sweep.
 */
import type { AccessSubject, Member, PracticeId, Session } from '../policies/access-request.ts'
import { type Address, bindingOf, parseAddress, rangeText } from '../policies/address.ts'
import { type Asked, decide } from '../policies/decide.ts'
import { decideRoutes } from '../policies/decide-routes.ts'
import { type Decision, type Reason, reasons } from '../policies/decision.ts'
import { explain, failingReasons } from '../policies/explain.ts'
import { type DurationMs, type Instant, never } from '../policies/instant.ts'
import type { RouteRequirement } from '../policies/routes.ts'
import type { PolicySnapshot } from '../policies/snapshot.ts'
import type { RecordedQuestion, RetiredPractice, SessionRecord } from '../runtime/records.ts'
import { type PracticeScope, type PracticeSources, practiceScope } from './practice.ts'
import type { MirroredSession } from './sessions.ts'

/** A practice as known now. `until`: when this snapshot gives way to another by itself; `never`: it does not. */
export type KnownPractice = { readonly snapshot: PolicySnapshot; readonly until: Instant }

/** What is known of practices and people; the mirror's reading side. */
export type Directory = {
  practice(practice: PracticeId, at: Instant): KnownPractice | null
  member(practice: PracticeId, user: string): Member | null
  practicesOf(user: string): readonly PracticeId[]
  /** A practice that is no longer at Gatehouse; `null`: it is, or was never. */
  retired(practice: PracticeId): RetiredPractice | null
}

/** One question: a person at a route, not yet seen through a practice. */
export type Question = {
  readonly method: string
  /** Never empty; the first is the raw reading's. */
  readonly requirements: readonly RouteRequirement[]
  readonly address: Address
  readonly session: MirroredSession
  readonly accompanied: boolean
  readonly sources: PracticeSources
  /** Any membership suffices. */
  readonly picking: boolean
}

const nothing: readonly Reason[] = []

/** A decision that needs no policy: nobody, nothing clear, no membership. */
export const plainDecision = (reason: Reason): Decision => ({
  ...reasons[reason],
  reason,
  revision: 0,
  validUntil: never,
  opensAt: null,
  wouldRefuse: nothing,
})

/** By record, whose address never changes. */
const networks = new WeakMap<SessionRecord, string>()

/** The network that a session is bound to where a practice binds them; `null`: its address is none. */
const networkOf = (record: SessionRecord): string | null => {
  const known = networks.get(record)
  if (known !== undefined) return known
  const parsed = parseAddress(record.address)
  if (parsed === null) return null
  const network = rangeText(bindingOf(parsed))
  networks.set(record, network)
  return network
}

/** What a record says of a practice itself: practices are named by others, and one may be called `constructor`. */
const own = (of: Readonly<Record<PracticeId, number>>, practice: PracticeId): number | null =>
  Object.hasOwn(of, practice) ? (of[practice] ?? null) : null

/** The session as one practice sees it. */
function sessionIn(question: Question, practice: PracticeId, member: Member | null): Session {
  const { record, lastSeenAt } = question.session
  return {
    kind: 'session',
    id: record.id,
    user: record.user,
    member,
    epoch: own(record.epochs, practice) ?? 0,
    held: record.held,
    ended: record.ended !== null,
    startedAt: record.startedAt,
    lastSeenAt,
    factor: question.accompanied ? record.factor : null,
    deviceTrustedUntil: question.accompanied ? own(record.trustedDevices, practice) : null,
    boundTo: networkOf(record),
  }
}

/**
 * The practices a question is about. One that is no longer here counts where it is carried, though nobody is a member of it
 * any more: the application still scopes its data by that value. Where a practice is chosen it must not stand in the way.
 */
export function scopeOf(directory: Directory, question: Question): PracticeScope {
  const { sources, picking } = question
  const memberships = directory.practicesOf(question.session.record.user)
  const { carried } = sources
  const isGone = !picking && carried !== null && directory.retired(carried) !== null
  return practiceScope(sources, isGone ? [...memberships, carried] : memberships)
}

/** The practice that somebody belonged to who belongs nowhere any more, since it is no longer here; `null`: no such. */
export const goneOf = (directory: Directory, { session }: Question): PracticeId | null =>
  Object.keys(session.record.epochs).find((practice) => directory.retired(practice) !== null) ?? null

type Asking = { readonly asked: readonly (readonly Asked[])[]; readonly until: Instant }

/** What to ask, per requirement; a reason where something is not known. */
function askingOf(directory: Directory, question: Question, at: Instant): Asking | Reason {
  const { practices } = scopeOf(directory, question)
  if (practices.length === 0)
    return goneOf(directory, question) === null ? 'not-a-member' : 'practice-retired'
  let until = never
  const parts: {
    readonly known: KnownPractice
    readonly practice: PracticeId
    readonly subject: AccessSubject
  }[] = []
  for (const practice of practices) {
    const known = directory.practice(practice, at)
    if (known === null) return directory.retired(practice) === null ? 'practice-unknown' : 'practice-retired'
    if (known.until < until) until = known.until
    const member = directory.member(practice, question.session.record.user)
    parts.push({ known, practice, subject: sessionIn(question, practice, member) })
  }
  const { method, address } = question
  const asked = question.requirements.map(({ id }) =>
    parts.map(({ known, practice, subject }) => ({
      snapshot: known.snapshot,
      request: { method, route: id, address, practice, subject },
    })),
  )
  return { asked, until }
}

const rank = new Map<Reason, number>((Object.keys(reasons) as Reason[]).map((reason, at) => [reason, at]))

/** The decision on a question with what is known now. */
export function answer(directory: Directory, question: Question, at: Instant): Decision {
  // It has changed and nobody could say how: neither yes nor no.
  if (question.session.wanted > question.session.version) return plainDecision('identity-unavailable')
  const asking = askingOf(directory, question, at)
  if (typeof asking === 'string') return plainDecision(asking)
  const { asked, until } = asking
  const decision = decideRoutes(asked, question.picking, at)
  return decision.validUntil <= until ? decision : { ...decision, validUntil: until }
}

/** What is recorded with a refusal: the practice that spoke (`null`: several or none) and all failing reasons. */
export type Failing = {
  readonly practice: PracticeId | null
  readonly route: string
  readonly reasons: readonly Reason[]
}

/** Further ahead nobody is told that hours end: it is another day's matter, and policies change. */
const hoursEndMaxMs: DurationMs = 86_400_000

/**
 * When the hours of a practice end within a day for somebody who may come in there now; `null`: they do not, the hour is
 * not asked of them, or they may not come in.
 */
export function hoursEnd(
  directory: Directory,
  question: Question,
  practice: PracticeId,
  at: Instant,
): Instant | null {
  const sources = { placed: [practice], carried: null, doubtful: false }
  const asking = askingOf(directory, { ...question, sources }, at)
  const asked = typeof asking === 'string' ? undefined : asking.asked[0]?.[0]
  if (asked === undefined) return null
  const { decision, gates } = explain(asked.snapshot, asked.request, at)
  if (decision.verdict !== 'permit') return null
  const ends = gates.flatMap(({ control, mode, until }) =>
    control === 'time' && mode === 'enforce' ? [until] : [],
  )
  const end = Math.min(never, ...ends)
  return end - at <= hoursEndMaxMs ? end : null
}

/** All failing reasons of a refused question, in gate order. */
export function failingOf(
  directory: Directory,
  question: Question,
  decision: Decision,
  at: Instant,
): Failing {
  const [first] = question.requirements
  const asking = askingOf(directory, question, at)
  if (typeof asking === 'string')
    return { practice: null, route: first?.id ?? '', reasons: [decision.reason] }
  const flat = asking.asked.flat()
  const spoke = flat.find(({ snapshot, request }) => decide(snapshot, request, at).reason === decision.reason)
  const failing = new Set(flat.flatMap(({ snapshot, request }) => failingReasons(snapshot, request, at)))
  const sorted = [...failing].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))
  const { practices, resolved } = scopeOf(directory, question)
  return {
    practice: resolved || practices.length === 1 ? (practices[0] ?? null) : (spoke?.request.practice ?? null),
    route: spoke?.request.route ?? first?.id ?? '',
    reasons: sorted.length === 0 ? [decision.reason] : sorted,
  }
}

/** A route's requirement as records have it: copied, since a record outlives the table. */
const recordedRoute = ({ permissions, ...route }: RouteRequirement): RecordedQuestion['routes'][number] => ({
  ...route,
  permissions:
    permissions === null
      ? null
      : 'any' in permissions
        ? { any: [...permissions.any] }
        : { all: [...permissions.all] },
})

/** The member as records have them: what gates look at, no name and no address of theirs. */
const recordedMember = (member: Member): RecordedQuestion['practices'][number]['member'] => ({
  roles: [...member.roles],
  suspended: member.suspended,
  epoch: member.epoch,
  factors: [...member.factors],
  enrolBy: member.enrolBy,
  grants: [...member.grants],
})

/**
 * The question with all that `decide` looks at, so that it can be asked again long after: `null` is nobody of the
 * directory, whom no policy was asked about. No bearer, no path but the route's own pattern.
 */
export function recordedQuestion(
  directory: Directory,
  question: Question | null,
  at: Instant,
): RecordedQuestion {
  if (question === null)
    return { at, picking: false, resolved: true, routes: [], session: null, practices: [] }
  const { record } = question.session
  const { practices, resolved } = scopeOf(directory, question)
  // What no practice has a say in (the session itself) is the same through all of them.
  const { startedAt, lastSeenAt, held, ended, factor, boundTo } = sessionIn(question, '', null)
  return {
    at,
    picking: question.picking,
    resolved,
    routes: question.requirements.map(recordedRoute),
    session: { startedAt, lastSeenAt, held, ended, factor, boundTo },
    practices: practices.map((practice) => {
      const snapshot = directory.practice(practice, at)?.snapshot ?? null
      const member = directory.member(practice, record.user)
      const { epoch, deviceTrustedUntil } = sessionIn(question, practice, member)
      return {
        practice,
        policy:
          snapshot === null
            ? null
            : {
                ...{ revision: snapshot.revision, compiledAt: snapshot.compiledAt, tzdata: snapshot.tzdata },
                ...(snapshot.observed ? { observed: true as const } : {}),
              },
        epoch,
        deviceTrustedUntil,
        member: member === null ? null : recordedMember(member),
      }
    }),
  }
}

/** Whether every practice of the session's user has revoked it: its credential is worth nothing anywhere. */
export function isRevokedEverywhere(directory: Directory, session: MirroredSession): boolean {
  const { user, epochs } = session.record
  const practices = directory.practicesOf(user)
  return (
    practices.length > 0 &&
    practices.every((practice) => {
      const member = directory.member(practice, user)
      return member !== null && ((own(epochs, practice) ?? 0) < member.epoch || member.suspended)
    })
  )
}
