/**
 * Who of a practice has a second factor, who must have one, and until when they may still come without.
 *
 * It changes nothing and asks no gate of its own: who is in scope says `requirements.ts`. Invariant: the status is that
 * of the instant asked about. Storing a status was refused: it would be wrong whenever a policy or a role changes.
 */
import { type RawBuilder, sql } from 'kysely'
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

const ofFactors = <T>(what: RawBuilder<unknown>) =>
  sql<T>`(select ${what} from factor f where f.user_id = m.user_id)`
const ofCodes = <T>(what: RawBuilder<unknown>) =>
  sql<T>`(select ${what} from recovery_code c where c.user_id = m.user_id)`

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
  const found = await rows
    .selectFrom('membership as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .leftJoin('factor_tries as t', 't.user_id', 'm.user_id')
    .select(['u.id as user', 'u.name', 'u.login', 'm.roles', 'm.enrol_by', 't.free_at'])
    .select([
      ofFactors<FactorMethod[]>(sql`coalesce(array_agg(distinct f.method order by f.method), '{}')`).as(
        'methods',
      ),
      ofFactors<number | null>(sql`min(f.enrolled_at)`).as('enrolled_at'),
      ofFactors<number | null>(sql`max(f.last_verified_at)`).as('verified_at'),
      ofCodes<number>(sql`count(*) filter (where c.used_at is null)`).as('codes'),
      ofCodes<number | null>(sql`max(c.used_at)`).as('code_used_at'),
    ])
    .where('m.practice', '=', practice)
    .orderBy(sql`lower(u.name)`)
    .orderBy('u.id')
    .execute()
  return found.map((row) => ({
    user: row.user,
    name: row.name,
    login: row.login,
    roles: row.roles,
    status: statusOf({
      isOff,
      isRequired: isRequired({ user: row.user, roles: row.roles }),
      isEnrolled: row.methods.length > 0,
      isLocked: (row.free_at ?? 0) > at,
    }),
    methods: row.methods,
    deadline: row.enrol_by,
    lastVerifiedAt: row.methods.length === 0 ? null : Math.max(row.verified_at ?? 0, row.code_used_at ?? 0),
    enrolledAt: row.enrolled_at,
    recoveryCodesLeft: row.codes,
    source: row.methods.length === 0 ? null : 'gateway',
  }))
}
