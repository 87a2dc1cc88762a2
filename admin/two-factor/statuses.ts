/**
 * Who of a practice has a second factor, who must have one, and until when they may still come without.
 *
 * It changes nothing and asks no gate of its own: who is in scope says `requirements.ts`. Invariant: the status is that
 * of the instant asked about. Storing a status was refused: it would be wrong whenever a policy or a role changes.
 */
import { sql } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from '../store/database.ts'
import { readScopes, requirementOf } from './requirements.ts'

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

const factorsOf = sql<{
  readonly methods: FactorMethod[] | null
  readonly enrolled_at: number | null
  readonly verified_at: number | null
}>`(select f.user_id, array_agg(distinct f.method order by f.method) as methods, min(f.enrolled_at) as enrolled_at,
  max(f.last_verified_at) as verified_at from factor f where f.user_id in (select user_id from mine) group by 1)`
const codesOf = sql<{
  readonly codes: number | null
  readonly code_used_at: number | null
}>`(select c.user_id, count(*) filter (where c.used_at is null) as codes, max(c.used_at) as code_used_at
  from recovery_code c where c.user_id in (select user_id from mine) group by 1)`

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

/** The second factors of everyone in a practice, by name; an unknown practice has nobody. */
export async function listFactorStatuses(
  rows: Rows,
  practice: string,
  at: Instant,
): Promise<readonly FactorStatus[]> {
  const document = await readScopes(rows, practice)
  if (document === null) return []
  const isRequired = requirementOf(document, at)
  const { mode, trust } = document.controls.twoFactor
  const claims = [...(trust.app ? ['app'] : []), ...(trust.google ? ['google'] : [])]
  const claimed = await claimsOf(rows, practice, claims, at - claimedMs)
  // Grouped once: not a look at each table for each member.
  const found = await rows
    .with('mine', (db) => db.selectFrom('membership').selectAll().where('practice', '=', practice))
    .selectFrom('mine as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .leftJoin('factor_tries as t', 't.user_id', 'm.user_id')
    .leftJoin(factorsOf.as('f'), (join) => join.on(sql`f.user_id`, '=', sql`m.user_id`))
    .leftJoin(codesOf.as('c'), (join) => join.on(sql`c.user_id`, '=', sql`m.user_id`))
    .select(['u.id as user', 'u.name', 'u.login', 'm.roles', 'm.enrol_by', 't.free_at'])
    .select(['f.methods', 'f.enrolled_at', 'f.verified_at', 'c.codes', 'c.code_used_at'])
    .orderBy(sql`lower(u.name)`)
    .orderBy('u.id')
    .execute()
  return found.map((one) => {
    const claim = claimed.get(one.user) ?? { claimed: null, claimed_at: null }
    const row = { ...one, ...claim, methods: one.methods ?? [], codes: one.codes ?? 0 }
    const required = isRequired({ user: row.user, roles: row.roles })
    const lockedUntil = (row.free_at ?? 0) > at ? row.free_at : null
    const isEnrolled = row.methods.length > 0 || row.claimed !== null
    return {
      user: row.user,
      name: row.name,
      login: row.login,
      roles: row.roles,
      status: statusOf({
        isOff: mode === 'off',
        isRequired: required,
        isEnrolled,
        isLocked: lockedUntil !== null,
      }),
      methods: row.claimed === null ? row.methods : [...row.methods, row.claimed],
      deadline: row.enrol_by,
      lastVerifiedAt: newest(
        ...(row.methods.length === 0 ? [] : [row.verified_at, row.code_used_at]),
        row.claimed_at,
      ),
      enrolledAt: row.enrolled_at,
      recoveryCodesLeft: row.codes,
      lockedUntil,
      source: sourceOf(row),
      gaps: gapsOf(row, required, at),
    }
  })
}
