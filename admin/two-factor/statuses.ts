/**
 * Who of a practice has a second factor, who must have one, and until when they may still come without.
 *
 * It changes nothing and asks no gate of its own: who is in scope says `requirements.ts`. Invariant: the status is that
 * of the instant asked about. Storing a status was refused: it would be wrong whenever a policy or a role changes.
 */
import { sql } from 'kysely'
import type { FactorMethod, Member } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from '../store/database.ts'
import { requirementOf } from './requirements.ts'
import { pauseMaxMs } from './tries.ts'

/**
 * What an auditor would ask about, of somebody who has to have a second factor: none is set up (and the time for it is
 * over), text messages are all they have, or they could not come in without their device.
 */
export type FactorGap = 'not-set-up' | 'overdue' | 'sms-only' | 'no-recovery-codes'

/**
 * A member's second factor. `locked`: too many wrong codes, until `lockedUntil`. `deadline`: until when they pass without
 * one; `null`: no grace is running. `source`: who keeps the factor: Gatehouse, the application or a sign-in provider whose
 * word the practice takes and who gave it in the last 30 days; `null`: nobody.
 */
export type FactorStatus = {
  readonly user: string
  readonly name: string
  readonly login: string
  readonly roles: readonly string[]
  readonly status: 'off' | 'optional' | 'enabled' | 'required-enabled' | 'required-not-set-up' | 'locked'
  readonly methods: readonly FactorMethod[]
  readonly deadline: Instant | null
  readonly lastVerifiedAt: Instant | null
  readonly enrolledAt: Instant | null
  readonly recoveryCodesLeft: number
  readonly lockedUntil: Instant | null
  readonly source: 'gateway' | 'app' | 'provider' | null
  readonly gaps: readonly FactorGap[]
}

type Kept = {
  readonly isOff: boolean
  readonly isRequired: boolean
  readonly isEnrolled: boolean
  readonly isLocked: boolean
}

function statusOf({ isOff, isRequired, isEnrolled, isLocked }: Kept): FactorStatus['status'] {
  if (isLocked) return 'locked'
  if (isEnrolled) return isRequired ? 'required-enabled' : 'enabled'
  if (isRequired) return 'required-not-set-up'
  return isOff ? 'off' : 'optional'
}

const claimedMs: DurationMs = 30 * 86_400_000

type Claim = { readonly claimed: 'app' | 'google'; readonly claimed_at: Instant }

/** Of each member the newest factor that somebody else than Gatehouse vouched for in a session, where their word counts. */
async function claimsOf(
  rows: Rows,
  practice: string,
  methods: readonly string[],
  after: Instant,
): Promise<ReadonlyMap<string, Claim>> {
  if (methods.length === 0) return new Map()
  const { rows: found } = await sql<Claim & { readonly user: string }>`
    select distinct on (s.user_id) s.user_id as user, s.factor_method as claimed, s.factor_verified_at as claimed_at
    from session s join membership m on m.user_id = s.user_id
    where m.practice = ${practice} and s.factor_method = any(${[...methods]}::text[])
      and s.factor_verified_at > ${after}
    order by s.user_id, s.factor_verified_at desc`.execute(rows)
  return new Map(found.map((claim) => [claim.user, claim]))
}

type Found = {
  readonly methods: readonly FactorMethod[]
  readonly claimed: 'app' | 'google' | null
  readonly codes: number
  readonly enrol_by: Instant | null
}

function gapsOf(
  { methods, claimed, codes, enrol_by }: Found,
  isRequired: boolean,
  at: Instant,
): readonly FactorGap[] {
  if (!isRequired) return []
  if (methods.length === 0) {
    if (claimed !== null) return []
    return enrol_by !== null && enrol_by > at ? ['not-set-up'] : ['not-set-up', 'overdue']
  }
  return [
    ...(methods.every((method) => method === 'sms') ? (['sms-only'] as const) : []),
    ...(codes === 0 ? (['no-recovery-codes'] as const) : []),
  ]
}

/** Who keeps what somebody has: their own factors come first. */
const sourceOf = ({ methods, claimed }: Found): FactorStatus['source'] => {
  if (methods.length > 0) return 'gateway'
  if (claimed === null) return null
  return claimed === 'app' ? 'app' : 'provider'
}

const newest = (...instants: readonly (Instant | null)[]): Instant | null => {
  const known = instants.filter((one) => one !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** When each member set up and last showed a factor of theirs. Grouped once: not a look at the table for each member. */
async function factorsOf(rows: Rows, practice: string) {
  const { rows: found } = await sql<{ user: string; enrolled_at: number; verified_at: number | null }>`
    select f.user_id as user, min(f.enrolled_at) as enrolled_at, max(f.last_verified_at) as verified_at
    from factor f join membership m on m.user_id = f.user_id and m.practice = ${practice} group by 1`.execute(
    rows,
  )
  return new Map(found.map((row) => [row.user, row]))
}

/** How many recovery codes each member has left, and when they used one last. */
async function codesOf(rows: Rows, practice: string) {
  const { rows: found } = await sql<{ user: string; codes: number; used_at: number | null }>`
    select c.user_id as user, count(*) filter (where c.used_at is null) as codes, max(c.used_at) as used_at
    from recovery_code c join membership m on m.user_id = c.user_id and m.practice = ${practice}
    group by 1`.execute(rows)
  return new Map(found.map((row) => [row.user, row]))
}

/** Until when each member has to wait who has tried too often. */
async function locksOf(rows: Rows, practice: string, at: Instant): Promise<ReadonlyMap<string, Instant>> {
  const found = await rows
    .selectFrom('factor_tries as t')
    .innerJoin('membership as m', 'm.user_id', 't.user_id')
    .select(['t.user_id', 't.free_at'])
    .where('m.practice', '=', practice)
    .where('t.free_at', '>', at)
    .where('t.free_at', '<=', at + pauseMaxMs)
    .execute()
  return new Map(found.map((row) => [row.user_id, row.free_at]))
}

/** The second factors of `members` (everyone in the practice of `document`) at `at`, in their order. */
export async function listFactorStatuses(
  rows: Rows,
  { document, members }: { readonly document: PolicyDocument; readonly members: readonly Member[] },
  at: Instant,
): Promise<readonly FactorStatus[]> {
  const practice = document.practice.id
  const isRequired = requirementOf(document, at)
  const { mode, trust } = document.controls.twoFactor
  const claims = [...(trust.app ? ['app'] : []), ...(trust.google ? ['google'] : [])]
  const claimed = await claimsOf(rows, practice, claims, at - claimedMs)
  const factors = await factorsOf(rows, practice)
  const codes = await codesOf(rows, practice)
  const locks = await locksOf(rows, practice, at)
  return members.map((member) => {
    const { user, roles, factors: methods, enrolBy: enrol_by } = member
    const claim = claimed.get(user) ?? { claimed: null, claimed_at: null }
    const left = codes.get(user)?.codes ?? 0
    const found: Found = { methods, claimed: claim.claimed, codes: left, enrol_by }
    const required = isRequired({ user, roles })
    const lockedUntil = locks.get(user) ?? null
    const shown = methods.length === 0 ? [] : [factors.get(user)?.verified_at, codes.get(user)?.used_at]
    return {
      ...{ user, name: member.name, login: member.login, roles },
      status: statusOf({
        isOff: mode === 'off',
        isRequired: required,
        isEnrolled: methods.length > 0 || claim.claimed !== null,
        isLocked: lockedUntil !== null,
      }),
      methods: claim.claimed === null ? methods : [...methods, claim.claimed],
      deadline: enrol_by,
      lastVerifiedAt: newest(...shown.map((one) => one ?? null), claim.claimed_at),
      enrolledAt: factors.get(user)?.enrolled_at ?? null,
      recoveryCodesLeft: left,
      lockedUntil,
      source: sourceOf(found),
      gaps: gapsOf(found, required, at),
    }
  })
}
