/**
 * The decision: walks the gates, stops at the first that refuses, and says until when that holds.
 *
 * It asks nothing itself and writes no sentence (`explain.ts` walks the same list). Invariant L3: the decision, with
 * what monitored controls would have refused, is constant on [at, validUntil), since the walk depends only on the
 * answers of the gates asked and `validUntil` is the earliest of their expiries. L4: it never throws, never awaits.
 */
import type { AccessRequest } from './access-request.ts'
import { type Decision, type Reason, type Revision, reasons } from './decision.ts'
import { type Gate, gatesAfterTwoFactor, gatesBeforeTwoFactor, pass, tokenGates, type View } from './gates.ts'
import { type Instant, never as imported } from './instant.ts'
import type { RouteClass } from './routes.ts'
import { type Part, type PolicySnapshot, unknownRolePart } from './snapshot.ts'
import { twoFactorGates } from './two-factor.ts'

/** Classes on which no staff control acts: patients are never locked out, and everybody may sign in or out. */
export const isUnguarded = (routeClass: RouteClass): boolean =>
  routeClass === 'public' || routeClass === 'login' || routeClass === 'logout'

const personGates: readonly Gate[] = [...gatesBeforeTwoFactor, ...twoFactorGates, ...gatesAfterTwoFactor]

/** The gates that this subject meets, in order. */
export const gatesFor = (view: View): readonly Gate[] => (view.token === null ? personGates : tokenGates)

// Constants of this module, which V8 folds; imported ones it would fetch each time, not knowing what they are.
const never: Instant = imported
const quiet = pass

// The modes as `modeBits` has them; whatever is neither enforces.
const off = 0
const monitor = 1

const noParts: readonly Part[] = []
const nothing: readonly Reason[] = []

/** The controls that concern a member: any role in scope and not exempt; the user's own exemption beats all. */
const scopeOf = (everyone: number, roles: readonly Part[], own: Part | null): number => {
  let scope = roles.length === 0 ? everyone : 0
  for (const { included, exempt } of roles) scope |= (everyone | included) & ~exempt
  return own === null ? scope : (scope | own.included) & ~own.exempt
}

/** What the gates look at, resolved once. */
export const viewOf = (snapshot: PolicySnapshot, request: AccessRequest, at: Instant): View => {
  const { subject } = request
  const session = typeof subject === 'object' && subject.kind === 'session' ? subject : null
  const token = typeof subject === 'object' && subject.kind === 'token' ? subject : null
  const member = session === null ? null : session.member
  const route = snapshot.routes.get(request.route) ?? null
  if (member === null) {
    return { snapshot, request, at, route, session, token, member, roles: noParts, own: null, scope: 0 }
  }
  const count = member.roles.length
  const roles = new Array<Part>(count)
  for (let at = 0; at < count; at++) {
    roles[at] = snapshot.roleParts.get(member.roles[at] ?? '') ?? unknownRolePart
  }
  const own = snapshot.userParts.get(member.user) ?? null
  const scope = scopeOf(snapshot.everyone, roles, own)
  return { snapshot, request, at, route, session, token, member, roles, own, scope }
}

const permitUntil = (revision: Revision, validUntil: Instant, wouldRefuse: readonly Reason[]): Decision => ({
  verdict: 'permit',
  reason: 'ok',
  control: null,
  revision,
  validUntil,
  opensAt: null,
  wouldRefuse,
})

const decisionOf = (
  reason: Reason,
  revision: Revision,
  validUntil: Instant,
  opensAt: Instant | null,
  wouldRefuse: readonly Reason[],
): Decision => {
  const { verdict, control } = reasons[reason]
  return { verdict, reason, control, revision, validUntil, opensAt, wouldRefuse }
}

/**
 * The answer to one request at `at` under one practice's policy. About 0.5 µs for a usual practice
 * (bench/results/decide.md). A route that the snapshot does not know is refused as unmapped, after everything else.
 */
export const decide = (snapshot: PolicySnapshot, request: AccessRequest, at: Instant): Decision => {
  const { revision, modeBits } = snapshot
  const view = viewOf(snapshot, request, at)
  if (view.route !== null && isUnguarded(view.route.class)) {
    return permitUntil(revision, never, nothing)
  }
  let validUntil = never
  let wouldRefuse = nothing
  for (const gate of gatesFor(view)) {
    const mode = (modeBits >> gate.shift) & 3
    if (mode === off) continue
    const answer = gate.ask(view)
    // Most gates have nothing to say to most requests.
    if (answer === quiet) continue
    const { reason, until, opensAt } = answer
    if (until < validUntil) validUntil = until
    if (reason === 'ok') continue
    if (mode !== monitor) return decisionOf(reason, revision, validUntil, opensAt, wouldRefuse)
    // The first refusal of a control is the one to record; the others follow from it.
    if (!wouldRefuse.some((earlier) => reasons[earlier].control === gate.control)) {
      wouldRefuse = [...wouldRefuse, reason]
    }
  }
  return permitUntil(revision, validUntil, wouldRefuse)
}

/** One practice's policy and the question to it. */
export type Asked = { readonly snapshot: PolicySnapshot; readonly request: AccessRequest }

const order: ReadonlyMap<Reason, number> = new Map(
  (Object.keys(reasons) as Reason[]).map((reason, at) => [reason, at]),
)
const rank = ({ reason }: Decision): number => order.get(reason) ?? 0

/** Nobody to ask means no: an empty list is never a permit (L6). */
const nobodyAsked: Decision = decisionOf('practice-unknown', 0, never, null, nothing)

const earliest = (decisions: readonly Decision[]): Instant =>
  decisions.reduce((until, { validUntil }) => Math.min(until, validUntil), never)

const unionOf = (decisions: readonly Decision[]): readonly Reason[] => {
  const all = new Set(decisions.flatMap(({ wouldRefuse }) => wouldRefuse))
  return all.size === 0 ? nothing : [...all]
}

/**
 * Permits only if every one does. Of several refusals the one earliest in gate order speaks: no step-up is asked for
 * what another practice refuses anyway. Valid until the first of them changes.
 */
export const decideEvery = (asked: readonly Asked[], at: Instant): Decision => {
  const decisions = asked.map(({ snapshot, request }) => decide(snapshot, request, at))
  const [first = nobodyAsked] = decisions
  const validUntil = earliest(decisions)
  let worst: Decision | null = null
  for (const decision of decisions) {
    if (decision.verdict !== 'permit' && (worst === null || rank(decision) < rank(worst))) worst = decision
  }
  return { ...(worst ?? first), validUntil, wouldRefuse: unionOf(decisions) }
}

/**
 * Permits if one does, for as long as the one that lasts longest does. Where all refuse, the one latest in gate order
 * speaks (it is closest to a permit), valid until the first of them changes.
 */
export const decideAny = (asked: readonly Asked[], at: Instant): Decision => {
  const decisions = asked.map(({ snapshot, request }) => decide(snapshot, request, at))
  let best: Decision | null = null
  for (const decision of decisions) {
    if (decision.verdict === 'permit' && (best === null || decision.validUntil > best.validUntil))
      best = decision
  }
  if (best !== null) return best
  for (const decision of decisions) if (best === null || rank(decision) > rank(best)) best = decision
  return best === null ? nobodyAsked : { ...best, validUntil: earliest(decisions) }
}
