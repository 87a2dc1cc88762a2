/**
 * Who of a practice has a second factor, who must have one, and until when they may still come without.
 *
 * It changes nothing and asks no gate of its own: who is in scope says `requirements.ts`. Invariant: the status is that
 * of the instant asked about. Storing a status was refused: it would be wrong whenever a policy or a role changes.
 */
import { sql } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Rows } from '../store/database.ts'
import { readScopes, requirementOf } from './requirements.ts'

/**
 * A member's second factor. `locked`: too many wrong codes, for some minutes. `deadline`: until when they pass without
 * one; `null`: no grace is running. `source`: who keeps the factor; `null`: nobody.
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
  readonly source: 'gateway' | null
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

/** The second factors of everyone in a practice, by name; an unknown practice has nobody. */
export async function listFactorStatuses(
  rows: Rows,
  practice: string,
  at: Instant,
): Promise<readonly FactorStatus[]> {
  const document = await readScopes(rows, practice)
  if (document === null) return []
  const isRequired = requirementOf(document, at)
  const isOff = document.controls.twoFactor.mode === 'off'
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
  return found.map(({ methods, ...row }) => ({
    user: row.user,
    name: row.name,
    login: row.login,
    roles: row.roles,
    status: statusOf({
      isOff,
      isRequired: isRequired({ user: row.user, roles: row.roles }),
      isEnrolled: methods !== null,
      isLocked: (row.free_at ?? 0) > at,
    }),
    methods: methods ?? [],
    deadline: row.enrol_by,
    lastVerifiedAt: methods === null ? null : Math.max(row.verified_at ?? 0, row.code_used_at ?? 0),
    enrolledAt: row.enrolled_at,
    recoveryCodesLeft: row.codes ?? 0,
    source: methods === null ? null : 'gateway',
  }))
}
