/**
 * The lockout guard: whom a new policy would shut out who must not be (SPEC §4).
 *
 * Asked before every save: the acting admin from every address they used in 30 days, and one more security admin
 * where one exists, must still pass wherever they pass now — at once, and when entries expire. It asks `decide`
 * itself, old policy against new, so it cannot disagree with the gateways. A second factor that can be shown or set
 * up shuts nobody out; one that could not be set up from there does. Counting entries was refused: a list can be
 * long and still not hold the admin's own address.
 */
import type { Member, Session } from '../policies/access-request.ts'
import { parseAddress, parseRange, type Range, rangeContains } from '../policies/address.ts'
import { compile } from '../policies/compile.ts'
import type { Decision, Reason } from '../policies/decision.ts'
import type { PolicyDocument } from '../policies/document.ts'
import { type Instant, never } from '../policies/instant.ts'
import { loadSnapshot } from '../policies/snapshot.ts'
import { adminRoutes, decideForAdmin, flawlessSession, standIn } from './admin-judging.ts'
import type { Deed } from './deed.ts'
import { securityAdmins } from './directory/security-admins.ts'
import { listAddresses } from './store/address-use.ts'
import type { Rows } from './store/database.ts'

/** Somebody who would be shut out, from where and why; `address: null`: from wherever. */
export type LockedOut = {
  readonly user: string
  readonly name: string
  readonly address: string | null
  readonly sentence: string
}

/** People who went from one network to another and are let in there instead: the change only follows them. */
export type Move = { readonly from: Range; readonly to: string }

/** A change of policy to guard. `move`: whoever was seen in `from` counts as coming from `to` under the new policy. */
export type GuardedChange = {
  readonly move?: Move | null
  readonly before: PolicyDocument
  readonly after: PolicyDocument
  /** As they would be. */
  readonly members: readonly Member[]
  /** As they are, where their roles change too; absent: the same. */
  readonly membersBefore?: readonly Member[]
  readonly deed: Deed
}

type Judge = (member: Member, address: string, at: Instant) => Decision | null

const guardedReasons: ReadonlySet<Reason> = new Set(['address-not-allowed', 'outside-time-window'])
const expiriesMax = 500

/** A judge under a document; answers `null` for an address that is none. `null` for a document that does not compile. */
function judgeOf(
  document: PolicyDocument,
  at: Instant,
  sessionOf: (member: Member, at: Instant) => Session = flawlessSession,
): Judge | null {
  const compiled = compile(document, at, process.versions.tz)
  if (!compiled.ok) return null
  const snapshot = loadSnapshot(compiled.value, 1, adminRoutes)
  return (member, text, when) => {
    const address = parseAddress(text)
    return address === null ? null : decideForAdmin(snapshot, sessionOf(member, when), address, when)
  }
}

const refused = (decision: Decision | null): Decision | null =>
  decision !== null && decision.verdict !== 'permit' && guardedReasons.has(decision.reason) ? decision : null

/** The same, with a password and nothing else, and no grace left. */
const passwordSession = (member: Member, at: Instant): Session => ({
  ...flawlessSession(member, at),
  member: { ...member, enrolBy: null },
  factor: null,
})

/** Whether somebody could not set up the second factor that they would be asked for, from an address. */
type CannotEnrol = (member: Member, address: string, at: Instant) => boolean

const nobody: CannotEnrol = () => false

/**
 * A factor is set up from listed networks only, where the allowlist is looked at at all: in monitor mode an address may
 * pass and still be none to set one up from. Under `enforce` such an address does not pass in the first place.
 */
function cannotEnrolUnder(document: PolicyDocument, at: Instant): CannotEnrol {
  const { ip, twoFactor } = document.controls
  if (twoFactor.mode !== 'enforce' || ip.mode !== 'monitor') return nobody
  const listed: PolicyDocument['controls'] = { ...document.controls, ip: { ...ip, mode: 'enforce' } }
  const asks = judgeOf(document, at, passwordSession)
  const enrols = judgeOf({ ...document, controls: listed }, at)
  if (asks === null) return nobody
  return (member, address, when) => {
    if (member.factors.length > 0) return false
    if (asks(member, address, when)?.reason !== 'two-factor-not-enrolled') return false
    return enrols === null || enrols(member, address, when)?.reason === 'address-not-allowed'
  }
}

type Expiring = { readonly range: Range; readonly at: Instant }

/** The entries that will expire, read once for all members and addresses. */
const expiringOf = (document: PolicyDocument, at: Instant): readonly Expiring[] =>
  document.ipEntries.flatMap(({ on, expiresAt, range: text }) => {
    const range = on && expiresAt !== null && expiresAt > at ? parseRange(text)?.range : undefined
    return range === undefined || expiresAt === null || expiresAt >= never ? [] : [{ range, at: expiresAt }]
  })

/**
 * Now, and each instant at which something ends that lets the member in from the address: refusals by address begin
 * nowhere else. Hours are judged now only, since windows close by design. Of very many the last count, at which what is
 * over is over for good.
 */
function instantsOf(
  expiring: readonly Expiring[],
  { grants }: Member,
  text: string,
  at: Instant,
): readonly Instant[] {
  const address = parseAddress(text)
  if (address === null) return [at]
  const expiries = expiring.filter(({ range }) => rangeContains(range, address)).map((one) => one.at)
  const ends = grants.map(({ endsAt }) => endsAt).filter((end) => end > at && end < never)
  const later = [...new Set([...expiries, ...ends])].sort((a, b) => a - b)
  return [at, ...later.slice(-expiriesMax)]
}

function sentenceOf(decision: Decision, address: string, when: Instant, at: Instant): string {
  const from = when === at ? '' : `from ${new Date(when).toISOString()} on, `
  return decision.reason === 'outside-time-window'
    ? 'is outside the approved hours'
    : `${from}${address} is not on the allowlist`
}

type Guard = {
  readonly change: GuardedChange
  readonly after: Judge
  readonly before: () => Judge | null
  readonly expiring: readonly Expiring[]
  readonly cannotEnrol: CannotEnrol
}

/** Whether a refusal is no news: the old policy had it too, or refused the address outright. Another hour excuses none. */
const wasSo = (decision: Decision, earlier: Decision | null): boolean =>
  earlier !== null && (earlier.reason === 'address-not-allowed' || earlier.reason === decision.reason)

const movedTo = (move: Move | null | undefined, text: string): string => {
  const address = parseAddress(text)
  return move != null && address !== null && rangeContains(move.from, address) ? move.to : text
}

const asTheyAre = ({ membersBefore }: GuardedChange, member: Member): Member =>
  membersBefore?.find(({ user }) => user === member.user) ?? member

/** How a member is shut out from an address under the new policy and not under the old; `null`: they are not. */
function newlyRefused(guard: Guard, member: Member, seen: string): LockedOut | null {
  const { change, after, before, expiring } = guard
  const { at } = change.deed
  const address = movedTo(change.move, seen)
  for (const when of instantsOf(expiring, member, address, at)) {
    const decision = refused(after(member, address, when))
    if (decision === null || (when !== at && decision.reason !== 'address-not-allowed')) continue
    if (wasSo(decision, refused(before()?.(asTheyAre(change, member), seen, when) ?? null))) continue
    return {
      user: member.user,
      name: member.name,
      address,
      sentence: sentenceOf(decision, address, when, at),
    }
  }
  if (!guard.cannotEnrol(member, address, at)) return null
  if (cannotEnrolUnder(change.before, at)(asTheyAre(change, member), address, at)) return null
  const sentence = `needs a second factor and has none; ${address} is not on the allowlist, so none can be set up there`
  return { user: member.user, name: member.name, address, sentence }
}

const actingMember = ({ members, deed }: GuardedChange): Member | null => {
  if (deed.actor.kind !== 'user' && deed.actor.kind !== 'admin') return null
  return members.find(({ user }) => user === deed.actor.id) ?? standIn(deed.actor)
}

/** The other security admins, all of them, if none would be left who passes from everywhere they came from. */
function othersLockedOut(
  guard: Guard,
  others: readonly (readonly [Member, readonly string[]])[],
): readonly LockedOut[] {
  const lost: LockedOut[] = []
  let known = 0
  for (const [member, addresses] of others) {
    if (addresses.length === 0) continue
    known += 1
    const hit = addresses.flatMap((address) => newlyRefused(guard, member, address) ?? [])
    if (hit.length === 0) return []
    lost.push(...hit)
  }
  return known === 0 ? [] : lost
}

const shutsNobodyOut = ({ ip, time, twoFactor }: PolicyDocument['controls']): boolean =>
  ip.mode !== 'enforce' && time.mode !== 'enforce' && (ip.mode !== 'monitor' || twoFactor.mode !== 'enforce')

/** Everyone whom the change would shut out although they must not be; empty: it may be saved. */
export async function findLockedOut(rows: Rows, change: GuardedChange): Promise<readonly LockedOut[]> {
  const { before, after, members, deed } = change
  if (shutsNobodyOut(after.controls)) return []
  const judge = judgeOf(after, deed.at)
  if (judge === null) return []
  let old: Judge | null | undefined
  const guard: Guard = {
    change,
    after: judge,
    before: () => {
      if (old === undefined) old = judgeOf(before, deed.at)
      return old
    },
    expiring: expiringOf(after, deed.at),
    cannotEnrol: cannotEnrolUnder(after, deed.at),
  }
  const acting = actingMember(change)
  const others = securityAdmins(after, members).filter(({ user }) => user !== acting?.user)
  const subjects = [...others.map(({ user }) => user), ...(acting === null ? [] : [acting.user])]
  const used = await listAddresses(rows, subjects, deed.at)
  const mine =
    acting === null
      ? []
      : [...new Set([...(deed.address ? [deed.address] : []), ...(used.get(acting.user) ?? [])])]
  const lockedOut =
    acting === null ? [] : mine.flatMap((address) => newlyRefused(guard, acting, address) ?? [])
  const rest = othersLockedOut(
    guard,
    others.map((member) => [member, used.get(member.user) ?? []]),
  )
  return [...lockedOut, ...rest]
}

/**
 * Why the one who acts would not pass under a document from the address they act from; `null`: they would. Judged are
 * the address and the hour, as above. An address that is not known is on no list; machines are nobody who could pass.
 */
export function refusalOfActing(
  document: PolicyDocument,
  members: readonly Member[],
  deed: Deed,
): string | null {
  const acting = actingMember({ before: document, after: document, members, deed })
  if (acting === null) return 'only somebody who is signed in can say so'
  // A stand-in is for own accounts: a user who is no member is nobody here.
  if (deed.actor.kind === 'user' && !members.some(({ user }) => user === deed.actor.id))
    return 'you are no member of this practice'
  const address = deed.address ?? '0.0.0.0'
  const decision = judgeOf(document, deed.at)?.(acting, address, deed.at) ?? null
  if (decision === null) return `${address} cannot be judged`
  if (decision.verdict === 'permit') return null
  return guardedReasons.has(decision.reason)
    ? sentenceOf(decision, address, deed.at, deed.at)
    : `you would be refused (${decision.reason})`
}
