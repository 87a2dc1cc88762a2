/**
 * Who of the security admins would still get in after a change, and from where (SPEC §4, lockout guard).
 *
 * It refuses nothing itself: the admin API answers 409 `lockout-risk` with what is found here. Asked are the same gates
 * that will judge the admins, up to the hours; a second factor can be shown or set up, so it locks nobody out.
 * Invariant: an unknown is a risk. Comparing address lists was refused: roles, hours and expiries lock out as well.
 */
import type { Member, Session, UserId } from './access-request.ts'
import { type Address, parseAddress } from './address.ts'
import { compile } from './compile.ts'
import { viewOf } from './decide.ts'
import type { Reason } from './decision.ts'
import type { PolicyDocument } from './document.ts'
import { gatesBeforeTwoFactor } from './gates.ts'
import { type Instant, never } from './instant.ts'
import { effectivePermissions } from './permissions.ts'
import { securityAdminPermission } from './permissions-gatehouse.ts'
import type { Checked } from './problem.ts'
import { loadSnapshot, type PolicySnapshot } from './snapshot.ts'
import { momentText } from './timetable-zone.ts'

/** What keeps a member out: the reason, until when (`null`: by itself never); or nothing, until when. */
export type Reach = {
  readonly passes: boolean
  readonly reason: Reason
  readonly until: Instant
  readonly opensAt: Instant | null
}

/** A session as if the member had signed in this moment. */
const freshSession = (member: Member, at: Instant): Session => ({
  kind: 'session',
  id: 'lockout-guard',
  user: member.user,
  member,
  epoch: member.epoch,
  held: false,
  ended: false,
  startedAt: at,
  lastSeenAt: at,
  factor: null,
  deviceTrustedUntil: null,
  boundTo: null,
})

/** How far a member who signs in at `at` from the address would come, before any second factor and permission. */
export const reachOf = (snapshot: PolicySnapshot, member: Member, address: Address, at: Instant): Reach => {
  const subject = freshSession(member, at)
  const request = { method: 'GET', route: 'lockout-guard', address, practice: snapshot.practice.id, subject }
  const view = viewOf(snapshot, request, at)
  let until = never
  for (const gate of gatesBeforeTwoFactor) {
    // A fresh sign-in starts the session's own clocks again.
    if (snapshot.modes[gate.control] !== 'enforce' || gate.name === 'idle' || gate.name === 'absolute')
      continue
    const answer = gate.ask(view)
    if (answer.reason !== 'ok') return { passes: false, ...answer }
    // Only a list that shrinks by itself is a risk: sessions start anew, timetables are compiled again.
    if (gate.name === 'address') until = Math.min(until, answer.until)
  }
  return { passes: true, reason: 'ok', until, opensAt: null }
}

/** Whether a member who signs in at `at` from the address would get in, a second factor granted. */
export const wouldPass = (snapshot: PolicySnapshot, member: Member, address: Address, at: Instant): boolean =>
  reachOf(snapshot, member, address, at).passes

/** Whether the document's roles make the member a security admin. */
export const isSecurityAdmin = (document: PolicyDocument, member: Member): boolean => {
  const roles = document.roles.filter(({ id }) => member.roles.includes(id))
  const granted = new Set(roles.flatMap(({ permissions }) => permissions))
  return effectivePermissions(granted, document.controls.permission).effective.has(securityAdminPermission)
}

/** The members who may change security settings under this document; suspended ones do not count. */
export const securityAdmins = (document: PolicyDocument, members: readonly Member[]): readonly Member[] =>
  members.filter((member) => !member.suspended && isSecurityAdmin(document, member))

/** A change and who makes it. */
export type LockoutQuestion = {
  /** The document as it would be saved. */
  readonly document: PolicyDocument
  /** The document in force; `null`: a new practice. */
  readonly before: PolicyDocument | null
  /** Everyone of the practice, as they would be after the change. */
  readonly members: readonly Member[]
  readonly acting: UserId
  /** Addresses used in the last 30 days, of both families, per security admin; the acting admin's current one too. */
  readonly addresses: ReadonlyMap<UserId, readonly Address[]>
  readonly at: Instant
}

/** One way in which the change could lock admins out. `user: null`: nobody else would be left. */
export type LockoutFinding = {
  readonly kind: 'acting-refused' | 'acting-not-admin' | 'acting-expires' | 'no-other-admin'
  readonly user: UserId | null
  readonly address: string | null
  readonly sentence: string
}

/** Stands for an admin of whom no address is known: on no allowlist. */
const unknownAddress = parseAddress('0.0.0.0')

const addressesOf = ({ addresses }: LockoutQuestion, { user }: Member): readonly Address[] => {
  const known = addresses.get(user) ?? []
  return known.length > 0 || unknownAddress === null ? known : [unknownAddress]
}

const snapshotOf = (document: PolicyDocument, at: Instant): Checked<PolicySnapshot> => {
  const compiled = compile(document, at)
  return compiled.ok ? { ok: true, value: loadSnapshot(compiled.value, 0, new Map()) } : compiled
}

const actingFindings = (
  question: LockoutQuestion,
  snapshot: PolicySnapshot,
  before: PolicySnapshot | null,
): readonly LockoutFinding[] => {
  const { document, members, acting, at } = question
  const member = members.find(({ user }) => user === acting)
  if (member === undefined || member.suspended || !isSecurityAdmin(document, member)) {
    const sentence = 'You would no longer be allowed to change security settings.'
    return [{ kind: 'acting-not-admin', user: acting, address: null, sentence }]
  }
  const found: LockoutFinding[] = []
  for (const address of addressesOf(question, member)) {
    const reach = reachOf(snapshot, member, address, at)
    const finding = { user: acting, address: address.text }
    if (!reach.passes) {
      const what =
        reach.reason === 'address-not-allowed' ? 'this address is not listed' : 'it is outside your hours'
      const sentence = `You would be refused from ${address.text}: ${what}.`
      found.push({ kind: 'acting-refused', ...finding, sentence })
    } else if (reach.until !== never) {
      const earlier = before === null ? null : reachOf(before, member, address, at)
      if (earlier?.passes === true && earlier.until <= reach.until) continue
      const when = momentText(snapshot.practice.zone, reach.until)
      const sentence = `You would be refused from ${address.text} after ${when}, when an entry expires.`
      found.push({ kind: 'acting-expires', ...finding, sentence })
    }
  }
  return found
}

/** Another admin counts if they get in now, or at their next opening, from any address they have used. */
const otherPasses = (question: LockoutQuestion, snapshot: PolicySnapshot, member: Member): boolean =>
  addressesOf(question, member).some((address) => {
    const reach = reachOf(snapshot, member, address, question.at)
    return reach.passes || (reach.reason === 'outside-time-window' && reach.opensAt !== null)
  })

/**
 * What the change would do to those who could undo it; an empty list: no risk. Problems where the document does not
 * compile. The acting admin must pass from *every* address; of the others one must, where there is another one.
 */
export const lockoutRisk = (question: LockoutQuestion): Checked<readonly LockoutFinding[]> => {
  const { document, before, members, acting, at } = question
  const after = snapshotOf(document, at)
  if (!after.ok) return after
  const earlier = before === null ? null : snapshotOf(before, at)
  const found = [...actingFindings(question, after.value, earlier?.ok === true ? earlier.value : null)]
  const isOther = ({ user }: Member): boolean => user !== acting
  const others = securityAdmins(document, members).filter(isOther)
  const othersBefore = before === null ? [] : securityAdmins(before, members).filter(isOther)
  const passing = others.some((member) => otherPasses(question, after.value, member))
  if ((others.length > 0 || othersBefore.length > 0) && !passing) {
    const names = (others.length > 0 ? others : othersBefore).map(({ name }) => name).join(', ')
    const sentence = `No other security admin would get in (${names}).`
    found.push({ kind: 'no-other-admin', user: null, address: null, sentence })
  }
  return { ok: true, value: found }
}
