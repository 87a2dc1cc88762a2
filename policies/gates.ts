/**
 * The gates: one question each, answered with an expiry, in the order of DESIGN §4.
 *
 * They do not walk (`decide.ts`, `explain.ts`) and write no sentences. Invariant L1: on [at, until) a gate gives the
 * same answer to the same request; L2: until > at. A gate that does not concern the subject passes, `never` ending.
 * Whatever is not known for certain (no member, a malformed range, a number that is none) refuses.
 */
import type { AccessRequest, Grant, Member, PermissionId, ServiceToken, Session } from './access-request.ts'
import { type Address, parseRange, rangeContains } from './address.ts'
import type { Control, Reason } from './decision.ts'
import { coveredUntil, hoursAt, nextStart } from './hours.ts'
import { type DurationMs, type Instant, never as imported } from './instant.ts'
import { requirementsOf } from './permissions.ts'
import type { RouteRequirement } from './routes.ts'
import { modeShifts, type Part, type PolicySnapshot, type ScopedControl, scopeBits } from './snapshot.ts'
import type { Interval } from './timeline.ts'

/** All that a gate may look at, resolved once per decision. */
export type View = {
  readonly snapshot: PolicySnapshot
  readonly request: AccessRequest
  readonly at: Instant
  /** `null`: the route is not in the table. */
  readonly route: RouteRequirement | null
  readonly session: Session | null
  readonly token: ServiceToken | null
  readonly member: Member | null
  readonly roles: readonly Part[]
  /** What the policy says of the user by name; `null`: nothing. */
  readonly own: Part | null
  /** `scopeBits` of the controls that concern the member. */
  readonly scope: number
}

/** A gate's answer; `ok` lets pass. `opensAt`: when a refusal ends by itself, `null`: never. */
export type Answer = { readonly reason: Reason; readonly until: Instant; readonly opensAt: Instant | null }

/** The gates by name; a closed set, so that each has its sentences. */
export type GateName =
  | 'identity'
  | 'held'
  | 'revoked'
  | 'ended'
  | 'suspended'
  | 'idle'
  | 'absolute'
  | 'network'
  | 'practice'
  | 'member'
  | 'address'
  | 'timetable'
  | 'hours'
  | 'enrolled'
  | 'verified'
  | 'factor-age'
  | 'factor-strength'
  | 'route'
  | 'permission'
  | 'token-expiry'
  | 'token-scope'
  | 'token-address'

/** One term of a compiled policy. */
export type Gate = {
  readonly name: GateName
  readonly control: Control
  /** Enforced whatever the practice's switch says: the session itself, and what configuration or a token says. */
  readonly always: boolean
  /** Where its mode lies in `modeBits`; that of `session`, always enforced, where `always`. */
  readonly shift: number
  ask(view: View): Answer
}

/** A constant of this module, which V8 folds; it would fetch an imported one each time, not knowing it for a number. */
const never: Instant = imported

/** Passes, and time cannot change it. */
export const pass: Answer = { reason: 'ok', until: never, opensAt: null }

/** Passes until then. */
export const passUntil = (until: Instant): Answer =>
  until === never ? pass : { reason: 'ok', until, opensAt: null }

/** Refuses, and time cannot change it. */
export const refuse = (reason: Reason): Answer => ({ reason, until: never, opensAt: null })

/** Refuses until it opens by itself. */
const refuseUntil = (reason: Reason, opensAt: Instant | null): Answer => ({
  reason,
  until: opensAt ?? never,
  opensAt,
})

/** Passes while `at` is before the deadline, then refuses for good. Not-a-number refuses. */
export const passBefore = (at: Instant, deadline: Instant, reason: Reason): Answer =>
  at < deadline ? passUntil(deadline) : refuse(reason)

/** Whether the control concerns the member (SPEC §1, scope with exemptions). */
export const isInScope = (view: View, control: ScopedControl): boolean =>
  (view.scope & scopeBits[control]) !== 0

/** Until when the address is on the allowlist for the member; 0 if it is not. Grants do not count. */
export const listedUntil = (view: View): Instant => {
  const { address } = view.request
  let until = view.snapshot.practicePart.addresses.until(address)
  // Most entries never expire, and nothing beats never.
  for (const { addresses } of view.roles) {
    if (until === never) return never
    const other = addresses.until(address)
    if (other > until) until = other
  }
  if (view.own === null || until === never) return until
  return Math.max(until, view.own.addresses.until(address))
}

const isInRange = (text: string | null, address: Address): boolean => {
  const parsed = text === null ? null : parseRange(text)
  return parsed !== null && rangeContains(parsed.range, address)
}

const noGrants: readonly Interval[] = []

/** The times of a member's grants that lift the control `time`: stay-late and emergency ones. */
export const timeLifts = (member: Member): readonly Interval[] =>
  member.grants.length === 0
    ? noGrants
    : member.grants
        .filter(({ kind }) => kind !== 'ip')
        .map(({ startsAt, endsAt }) => ({ from: startsAt, to: endsAt }))

/** The times of the member's grants that lift the control `ip` for the address asked about. */
const addressLifts = ({ member, request }: View): readonly Interval[] => {
  if (member === null || member.grants.length === 0) return noGrants
  const lifts = ({ kind, range }: Grant): boolean =>
    kind === 'break-glass' || (kind === 'ip' && isInRange(range, request.address))
  return member.grants.filter(lifts).map(({ startsAt, endsAt }) => ({ from: startsAt, to: endsAt }))
}

/** Passes while the intervals cover, refuses in between and tells the next start. */
const whileCovered = (intervals: readonly Interval[], at: Instant, reason: Reason): Answer => {
  const until = coveredUntil(intervals, at)
  return until > at ? passUntil(until) : refuseUntil(reason, nextStart(intervals, at))
}

/** The strictest of the practice's and the roles' limits. */
const idleLimit = ({ snapshot, roles }: View): DurationMs => {
  let ms = snapshot.practicePart.idleMs ?? never
  for (const { idleMs } of roles) if (idleMs !== null && idleMs < ms) ms = idleMs
  return ms
}

const absoluteLimit = ({ snapshot, roles }: View): DurationMs => {
  let ms = snapshot.practicePart.absoluteMs ?? never
  for (const { absoluteMs } of roles) if (absoluteMs !== null && absoluteMs < ms) ms = absoluteMs
  return ms
}

const askIdentity = ({ request }: View): Answer => {
  if (request.subject === 'indeterminate') return refuse('identity-unavailable')
  return request.subject === 'anonymous' ? refuse('not-signed-in') : pass
}

const askRevoked = ({ session, member, token }: View): Answer => {
  if (token !== null) return token.revoked ? refuse('token-revoked') : pass
  if (session === null || member === null) return pass
  return session.epoch >= member.epoch ? pass : refuse('session-revoked')
}

const askIdle = (view: View): Answer =>
  view.session === null
    ? pass
    : passBefore(view.at, view.session.lastSeenAt + idleLimit(view), 'session-idle')

const askAbsolute = (view: View): Answer =>
  view.session === null
    ? pass
    : passBefore(view.at, view.session.startedAt + absoluteLimit(view), 'session-expired')

const askNetwork = (view: View): Answer => {
  const bound = view.session?.boundTo ?? null
  if (bound === null || !view.snapshot.document.sessions.bindToNetwork) return pass
  return isInRange(bound, view.request.address) ? pass : refuse('network-changed')
}

const askMember = ({ snapshot, session, member, token }: View): Answer => {
  if (token !== null) return token.practice === snapshot.practice.id ? pass : refuse('not-a-member')
  if (session === null) return pass
  return member !== null && member.user === session.user ? pass : refuse('not-a-member')
}

const askTokenScope = ({ token, request }: View): Answer => {
  if (token === null) return pass
  const routed = token.routes === 'anything' || token.routes.includes(request.route)
  const allowed = token.methods === 'anything' || token.methods.includes(request.method)
  return routed && allowed ? pass : refuse('token-out-of-scope')
}

const askTokenAddress = (view: View): Answer => {
  const ranges = view.token?.ranges ?? 'anywhere'
  if (ranges === 'anywhere') return pass
  return ranges.some((range) => isInRange(range, view.request.address)) ? pass : refuse('address-not-allowed')
}

const askAddress = (view: View): Answer => {
  if (view.member === null || (view.scope & scopeBits.ip) === 0) return pass
  const until = listedUntil(view)
  const lifts = addressLifts(view)
  if (lifts.length === 0 && until > view.at) return passUntil(until)
  return whileCovered([{ from: 0, to: until }, ...lifts], view.at, 'address-not-allowed')
}

const askTimetable = (view: View): Answer => {
  if (view.member === null || (view.scope & scopeBits.time) === 0) return pass
  const { knownFrom: from, knownUntil: to } = view.snapshot
  const lifts = timeLifts(view.member)
  if (lifts.length === 0 && from <= view.at && view.at < to) return passUntil(to)
  return whileCovered([{ from, to }, ...lifts], view.at, 'timetable-exhausted')
}

const askHours = (view: View): Answer => {
  if (view.member === null || (view.scope & scopeBits.time) === 0) return pass
  const { snapshot, roles, own } = view
  const sources = { practice: snapshot.practicePart, roles, own, grants: timeLifts(view.member) }
  const { open, until, opensAt } = hoursAt(sources, view.at)
  return open ? passUntil(until) : refuseUntil('outside-time-window', opensAt)
}

/** Whether the route is in the table, or the table lets unmapped routes pass. */
const askMapped = ({ route }: View): Answer => {
  if (route === null) return refuse('route-unmapped')
  return route.mapped || route.unmapped === 'report' ? pass : refuse('route-unmapped')
}

/** Whether the subject was granted it; blockers are not looked at. */
const isGranted = ({ token, roles }: View, id: PermissionId): boolean => {
  if (token !== null) return token.permissions.includes(id)
  for (const { granted } of roles) if (granted.has(id)) return true
  return false
}

/** Whether it is granted and so is all that blocks it. */
const isEffective = (view: View, id: PermissionId): boolean => {
  // Mostly one role brings all of it; only what several bring together has to be put together.
  for (const { effective } of view.roles) if (effective.has(id)) return true
  for (const needed of requirementsOf(id, view.snapshot.document.controls.permission)) {
    if (!isGranted(view, needed)) return false
  }
  return true
}

const isPermitted = (view: View, permissions: NonNullable<RouteRequirement['permissions']>): boolean => {
  if ('any' in permissions) {
    for (const id of permissions.any) if (isEffective(view, id)) return true
    return false
  }
  for (const id of permissions.all) if (!isEffective(view, id)) return false
  return true
}

const askPermission = (view: View): Answer => {
  const { route, member, token } = view
  if (route === null || route.permissions === null || route.class === 'picker') return pass
  if (member === null && token === null) return pass
  return isPermitted(view, route.permissions) ? pass : refuse('permission-missing')
}

const gate = (name: GateName, control: Control, ask: (view: View) => Answer, always = false): Gate => ({
  name,
  control,
  always,
  shift: modeShifts[always ? 'session' : control],
  ask,
})

const identity = gate('identity', 'session', askIdentity)
const revoked = gate('revoked', 'session', askRevoked)
const practice = gate('practice', 'session', ({ request, snapshot }) =>
  request.practice === snapshot.practice.id ? pass : refuse('practice-unknown'),
)
const member = gate('member', 'session', askMember)
const mapped = gate('route', 'permission', askMapped, true)

/** What a person is asked before two-factor: the session, the address, the hours. */
export const gatesBeforeTwoFactor: readonly Gate[] = [
  identity,
  gate('held', 'session', ({ session }) => (session?.held === true ? refuse('sign-in-held') : pass)),
  revoked,
  gate('ended', 'session', ({ session }) => (session?.ended === true ? refuse('session-ended') : pass)),
  gate('suspended', 'session', (view) => (view.member?.suspended === true ? refuse('user-suspended') : pass)),
  gate('idle', 'session', askIdle),
  gate('absolute', 'session', askAbsolute),
  gate('network', 'session', askNetwork),
  practice,
  member,
  gate('address', 'ip', askAddress),
  gate('timetable', 'time', askTimetable),
  gate('hours', 'time', askHours),
]

/** What a person is asked after two-factor. */
export const gatesAfterTwoFactor: readonly Gate[] = [mapped, gate('permission', 'permission', askPermission)]

/** What a service token is asked: exempt from two-factor and time; its own lists hold whatever the switches say. */
export const tokenGates: readonly Gate[] = [
  revoked,
  practice,
  member,
  gate('token-expiry', 'session', ({ token, at }) =>
    token === null ? pass : passBefore(at, token.expiresAt, 'token-expired'),
  ),
  gate('token-scope', 'session', askTokenScope),
  gate('token-address', 'ip', askTokenAddress, true),
  mapped,
  gate('permission', 'permission', askPermission, true),
]
