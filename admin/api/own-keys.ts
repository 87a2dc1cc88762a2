/**
 * Gatehouse's own permissions are handed on only by whoever holds them.
 *
 * It asks nothing of the application's permissions. Invariant: no edit of roles, and no role given to somebody, brings a
 * `gw.…` permission into being that the acting admin does not hold in that practice; keeping what is there needs nothing.
 */
import type { Role } from '../../policies/document.ts'
import type { Administrator } from '../sign-in/admin-sessions.ts'
import { permissionsIn } from './access.ts'
import { refusal } from './refusals.ts'

/** The own permissions that these roles grant together. */
export const ownKeysOf = (roles: readonly Pick<Role, 'permissions'>[]): ReadonlySet<string> =>
  new Set(roles.flatMap(({ permissions }) => permissions.filter((id) => id.startsWith('gw.'))))

/** Refuses where `after` has an own permission that neither `before` has nor the account holds. */
export function assertMayGrant(
  account: Administrator,
  practice: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): void {
  const held = permissionsIn(account, practice)
  const gained = [...after].filter((id) => !before.has(id) && !held.has(id))
  if (gained.length > 0)
    throw refusal('not-permitted', `You cannot give what you do not hold here: ${gained.join(', ')}.`)
}
