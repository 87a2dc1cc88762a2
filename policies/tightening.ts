/**
 * Whether a new document can refuse somebody whom the old one lets pass: what has to be confirmed (SPEC §4).
 *
 * It asks two documents, no directory and no traffic: who is on holiday today must count as well. Invariant: what it
 * does not understand as a relaxation counts as a tightening. Judging the recorded traffic instead was refused: a change
 * would be safe only because nobody has come yet. What a new sign-in cures (shorter sessions) refuses nobody.
 */
import { parseRange, rangeContains } from './address.ts'
import type { Audience, IpEntry, PolicyDocument, Role, Scope, TimeException, TimeWindow } from './document.ts'
import type { Instant } from './instant.ts'

type Controls = PolicyDocument['controls']
type Scoped = { readonly mode: Controls['ip']['mode']; readonly scope: Scope }

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

const hasAll = (some: readonly string[], of: readonly string[]): boolean => {
  const held = new Set(some)
  return of.every((one) => held.has(one))
}

/** Whether somebody may be in the new scope who was not in the old one. */
function isWider(before: Scope, after: Scope): boolean {
  if (!hasAll(after.exempt.roles, before.exempt.roles) || !hasAll(after.exempt.users, before.exempt.users))
    return true
  if (before.include === 'everyone') return false
  if (after.include === 'everyone') return true
  return (
    !hasAll(before.include.roles, after.include.roles) || !hasAll(before.include.users, after.include.users)
  )
}

/** Enforced for somebody for whom it was not. */
const isEnforcedAnew = (before: Scoped, after: Scoped): boolean =>
  after.mode === 'enforce' && (before.mode !== 'enforce' || isWider(before.scope, after.scope))

const servesAsMany = (before: Audience, after: Audience): boolean =>
  after === 'practice' || same(before, after)

const holdsRange = (after: string, before: string): boolean => {
  if (after === before) return true
  const [outer, inner] = [parseRange(after)?.range, parseRange(before)?.range]
  if (outer === undefined || inner === undefined) return false
  return outer.prefix <= inner.prefix && rangeContains(outer, { ...inner, text: before })
}

const lastsAsLong = (before: Instant | null, after: Instant | null): boolean =>
  after === null || (before !== null && after >= before)

const covers = (after: IpEntry | undefined, before: IpEntry): boolean =>
  after?.on === true &&
  servesAsMany(before.audience, after.audience) &&
  lastsAsLong(before.expiresAt, after.expiresAt) &&
  holdsRange(after.range, before.range)

/** Whether an entry that lets somebody in has gone or become smaller, with no other of the same range for it. */
function isListNarrowed(before: PolicyDocument, after: PolicyDocument, at: Instant): boolean {
  const byId = new Map(after.ipEntries.map((entry) => [entry.id, entry]))
  const byRange = new Map<string, IpEntry[]>()
  for (const entry of after.ipEntries) {
    const others = byRange.get(entry.range)
    if (others === undefined) byRange.set(entry.range, [entry])
    else others.push(entry)
  }
  return before.ipEntries.some((entry) => {
    if (!entry.on || (entry.expiresAt !== null && entry.expiresAt <= at)) return false
    if (covers(byId.get(entry.id), entry)) return false
    return !(byRange.get(entry.range) ?? []).some((other) => covers(other, entry))
  })
}

const isSignInNarrowed = (before: Controls['ip'], after: Controls['ip']): boolean =>
  after.signInOnlyFromListed && !before.signInOnlyFromListed

/** What two-factor makes of the allowlist: it may spare the listed, and factors are set up from listed networks. */
const factorsLookAtList = ({ ip, twoFactor }: Controls): boolean =>
  twoFactor.mode === 'enforce' && (ip.mode !== 'off' || twoFactor.notFromListedNetworks)

function isAddressTightened(before: PolicyDocument, after: PolicyDocument, at: Instant): boolean {
  const [was, is] = [before.controls, after.controls]
  if (isEnforcedAnew(was.ip, is.ip)) return true
  if (is.ip.mode === 'enforce' && isSignInNarrowed(was.ip, is.ip)) return true
  const looks = is.ip.mode === 'enforce' || factorsLookAtList(is)
  if (looks && isListNarrowed(before, after, at)) return true
  return factorsLookAtList(is) && was.ip.mode === 'off' && is.ip.mode !== 'off'
}

/** Days and dates no fewer, no earlier end and no later start; a window over midnight must stay as it is. */
function isWindowKept(before: TimeWindow, after: TimeWindow | undefined): boolean {
  if (after === undefined) return false
  const plain = ({ label: _, ...rest }: TimeWindow) => rest
  if (same(plain(before), plain(after))) return true
  if (before.zone !== after.zone || before.insteadOfRoleHours || after.insteadOfRoleHours) return false
  if (before.end < before.start || after.end < after.start) return false
  return (
    servesAsMany(before.audience, after.audience) &&
    hasAll(after.days, before.days) &&
    after.start <= before.start &&
    after.end >= before.end &&
    (after.validFrom === null || (before.validFrom !== null && after.validFrom <= before.validFrom)) &&
    (after.validTo === null || (before.validTo !== null && after.validTo >= before.validTo))
  )
}

/** Those of a kind that `one` has and `other` has not exactly so. */
const hasMore = (
  kind: TimeException['kind'],
  one: readonly TimeException[],
  other: readonly TimeException[],
): boolean => {
  const plain = ({ label: _, ...rest }: TimeException) => JSON.stringify(rest)
  const known = new Set(other.map(plain))
  return one.some((exception) => exception.kind === kind && !known.has(plain(exception)))
}

function areHoursTightened(before: PolicyDocument, after: PolicyDocument): boolean {
  if (after.controls.time.mode !== 'enforce') return false
  if (isEnforcedAnew(before.controls.time, after.controls.time)) return true
  if (before.practice.zone !== after.practice.zone) return true
  const later = new Map(after.timeWindows.map((window) => [window.id, window]))
  const earlier = new Set(before.timeWindows.map(({ id }) => id))
  return (
    before.timeWindows.some((window) => !isWindowKept(window, later.get(window.id))) ||
    // One that stands instead of the role's hours takes those away.
    after.timeWindows.some(({ id, insteadOfRoleHours }) => insteadOfRoleHours && !earlier.has(id)) ||
    hasMore('closure', after.exceptions, before.exceptions) ||
    hasMore('opening', before.exceptions, after.exceptions)
  )
}

const isShorter = (before: number | null, after: number | null): boolean =>
  after !== null && (before === null || after < before)

function isFactorTightened(before: PolicyDocument, after: PolicyDocument): boolean {
  const [was, is] = [before.controls.twoFactor, after.controls.twoFactor]
  const groups = Object.entries(after.stepUp).some(([group, { maxAgeMs, phishingResistant }]) => {
    const old = Object.hasOwn(before.stepUp, group) ? before.stepUp[group] : undefined
    return (
      old === undefined || maxAgeMs < old.maxAgeMs || (phishingResistant && old.phishingResistant === false)
    )
  })
  if (groups) return true
  if (is.mode !== 'enforce') return false
  return (
    isEnforcedAnew(was, is) ||
    is.graceMs < was.graceMs ||
    isShorter(was.maxAgeMs, is.maxAgeMs) ||
    is.rememberDeviceMs < was.rememberDeviceMs ||
    (was.notFromListedNetworks && !is.notFromListedNetworks) ||
    (was.sms === true && is.sms !== true) ||
    (was.trust.app && !is.trust.app) ||
    (was.trust.google && !is.trust.google)
  )
}

function arePermissionsTightened(before: PolicyDocument, after: PolicyDocument): boolean {
  const [was, is] = [before.controls.permission, after.controls.permission]
  if (is.mode !== 'enforce') return false
  if (was.mode !== 'enforce' || (is.hiddenBlockers && !was.hiddenBlockers)) return true
  const later = new Map(after.roles.map((role) => [role.id, role]))
  const keepsAll = (role: Role): boolean =>
    hasAll(later.get(role.id)?.permissions ?? [], role.permissions) && later.has(role.id)
  return !before.roles.every(keepsAll)
}

/** A way of signing in that is closed: who knows no other cannot sign in anew. */
const isSignInTightened = (before: PolicyDocument, after: PolicyDocument): boolean =>
  (['password', 'passkey', 'provider'] as const).some((way) => before.signIn[way] && !after.signIn[way])

/**
 * Whether somebody who passes under `before` may be refused, or asked for more, under `after`. Entries that have
 * expired by `at` let nobody in, so that removing them refuses nobody.
 */
export const canRefuseMore = (before: PolicyDocument, after: PolicyDocument, at: Instant): boolean =>
  isAddressTightened(before, after, at) ||
  areHoursTightened(before, after) ||
  isFactorTightened(before, after) ||
  isSignInTightened(before, after) ||
  arePermissionsTightened(before, after)

/** Gatehouse's own permissions that a role has gained: they count whatever the control's mode. */
const givesOurs = (before: PolicyDocument, after: PolicyDocument): boolean => {
  const earlier = new Map(before.roles.map((role) => [role.id, role.permissions]))
  return after.roles.some(({ id, permissions }) =>
    permissions.some((one) => one.startsWith('gw.') && !(earlier.get(id) ?? []).includes(one)),
  )
}

/** Whether something lasts longer: the own time of a role where it has one, which `null` takes away. */
const isLonger = (before: number | null, after: number | null): boolean => isShorter(after, before)

/** A role whose people stay in for longer. A new one is nobody's yet. */
const roleAsksLonger = (before: PolicyDocument, after: PolicyDocument): boolean => {
  const earlier = new Map(before.roles.map((role) => [role.id, role]))
  return after.roles.some(({ id, idleMs, absoluteMs }) => {
    const was = earlier.get(id)
    return was !== undefined && (isLonger(was.idleMs, idleMs) || isLonger(was.absoluteMs, absoluteMs))
  })
}

const asksLonger = (before: PolicyDocument, after: PolicyDocument): boolean => {
  const [was, is] = [before.sessions, after.sessions]
  return (
    is.idleMs > was.idleMs ||
    is.absoluteMs > was.absoluteMs ||
    (was.bindToNetwork && !is.bindToNetwork) ||
    isLonger(was.concurrentMax, is.concurrentMax) ||
    roleAsksLonger(before, after)
  )
}

/** Emergency access is opened, or is open and lasts longer. */
const isEmergencyWider = ({ emergency: was }: PolicyDocument, { emergency: is }: PolicyDocument): boolean =>
  is.allowed && (!was.allowed || is.lastsMs > was.lastsMs)

/**
 * Whether the practice is easier to get into under `after` than under `before`: going back could refuse somebody, a role
 * gains a permission of Gatehouse's own, emergency access is opened or lasts longer, or sessions last longer or are more.
 */
export const isWeaker = (before: PolicyDocument, after: PolicyDocument, at: Instant): boolean =>
  canRefuseMore(after, before, at) ||
  givesOurs(before, after) ||
  isEmergencyWider(before, after) ||
  asksLonger(before, after)
