/**
 * What people of practices may do in Gatehouse: their effective `gw.…` permissions in each practice they belong to.
 *
 * It asks the directory and the newest saved policies, not what gateways have in force: the admin plane obeys what is
 * saved. Invariant: asked anew at each request, so that a role, a membership or a revocation bites on the next one; only
 * what a revision's roles grant is kept, since a revision never changes. Grants kept in a session were refused: they
 * would outlive the role.
 */

import { effectivePermissions } from '../../policies/permissions.ts'
import { epochIn } from '../sessions/session-epochs.ts'
import type { Rows } from '../store/database.ts'
import { readPolicy } from '../store/practices.ts'

/** Permissions by practice; practices without any are left out. */
export type GrantsByPractice = Readonly<Record<string, readonly string[]>>

type RoleGrants = {
  readonly hiddenBlockers: boolean
  readonly roles: ReadonlyMap<string, readonly string[]>
}

const keptMax = 300

const isOurs = (id: string): boolean => id.startsWith('gw.')

/** Answers what a person holds; keeps what at most 300 revisions grant. */
export function createGatehouseGrants(): (
  rows: Rows,
  person: { readonly user: string; readonly epochs: Readonly<Record<string, number>> },
) => Promise<GrantsByPractice> {
  const kept = new Map<string, RoleGrants>()
  const grantsOf = async (rows: Rows, practice: string, revision: number): Promise<RoleGrants | null> => {
    const key = `${practice}@${revision}`
    const known = kept.get(key)
    if (known !== undefined) return known
    const saved = await readPolicy(rows, practice, revision)
    if (saved === null) return null
    const { controls, roles } = saved.document
    const found = {
      hiddenBlockers: controls.permission.hiddenBlockers,
      roles: new Map(roles.map(({ id, permissions }) => [id, permissions.filter(isOurs)])),
    }
    kept.set(key, found)
    const [oldest] = kept.keys()
    if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest)
    return found
  }
  return async (rows, { user, epochs }) => {
    const memberships = await rows
      .selectFrom('membership as m')
      .innerJoin('practice as p', 'p.id', 'm.practice')
      .innerJoin('app_user as u', 'u.id', 'm.user_id')
      .select(['m.practice', 'm.roles', 'm.epoch', 'p.revision'])
      .where('m.user_id', '=', user)
      .where('m.suspended', '=', false)
      .where('u.suspended', '=', false)
      .orderBy('m.practice')
      .execute()
    const grants: Record<string, readonly string[]> = {}
    for (const { practice, roles, epoch, revision } of memberships) {
      // A session of before a revocation is nobody's in that practice (SPEC §2).
      if (epochIn(epochs, practice) < epoch) continue
      const granting = await grantsOf(rows, practice, revision)
      if (granting === null) continue
      const granted = new Set(roles.flatMap((role) => granting.roles.get(role) ?? []))
      const { effective } = effectivePermissions(granted, { hiddenBlockers: granting.hiddenBlockers })
      if (effective.size > 0) grants[practice] = [...effective]
    }
    return grants
  }
}
