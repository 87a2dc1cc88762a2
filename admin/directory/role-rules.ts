/**
 * An application's roles, translated by the rules of its configuration before anybody is provisioned.
 *
 * It touches no directory. Invariant: a role that some rule names for a practice becomes that rule's roles and never
 * what it is called; what no rule names stays, and is looked up by id and name (`directory.ts`).
 */
import type { RoleRule } from '../../runtime/config-role-rules.ts'
import type { AppIdentity } from '../../runtime/internal.ts'
import { foldId } from './directory.ts'

/** The identity with its roles as the rules mean them, each once. */
export function translateRoles(identity: AppIdentity, rules: readonly RoleRule[]): AppIdentity {
  if (rules.length === 0) return identity
  const practices = identity.practices.map(({ id, roles }) => ({
    id,
    roles: [
      ...new Set(
        roles.flatMap((role) => {
          const said = foldId(role.trim())
          const meant = rules.filter(
            ({ says, practice }) => foldId(says) === said && (practice === null || practice === id),
          )
          return meant.length === 0 ? [role] : meant.flatMap((rule) => rule.roles)
        }),
      ),
    ],
  }))
  return { ...identity, practices }
}
