/**
 * Who of a practice is a security admin: holder of `gw.security.settings.edit`, by roles, not suspended.
 *
 * It asks a document and a list of members, no store. Own accounts of the admin plane are not counted: they are
 * for emergencies, and a practice whose last admin is one could not be run from the application.
 */
import type { Member, RoleId } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { Instant } from '../../policies/instant.ts'
import { effectivePermissions, holdsByRoles } from '../../policies/permissions.ts'
import type { Rows } from '../store/database.ts'
import { findMember } from '../store/members.ts'
import { readPolicy } from '../store/practices.ts'

/** The permission that makes a security admin (SPEC §4). */
export const securityPermission = 'gw.security.settings.edit'

/** The members of `members` who are security admins under `document`. */
export function securityAdmins(document: PolicyDocument, members: readonly Member[]): readonly Member[] {
  const grants = new Map<RoleId, readonly string[]>(document.roles.map((role) => [role.id, role.permissions]))
  const blockers = { hiddenBlockers: document.controls.permission.hiddenBlockers }
  return members.filter((member) => {
    if (member.suspended) return false
    const granted = new Set(member.roles.flatMap((role) => grants.get(role) ?? []))
    return (
      granted.has(securityPermission) &&
      effectivePermissions(granted, blockers).effective.has(securityPermission)
    )
  })
}

/** Whether somebody's roles hold `gw.security.view` in one of the practices; asked for what a page shows, not for entry. */
export async function maySeeSecurity(
  rows: Rows,
  user: string,
  practices: readonly string[],
  at: Instant,
): Promise<boolean> {
  for (const practice of practices) {
    const policy = await readPolicy(rows, practice)
    const member = await findMember(rows, practice, user, at)
    if (policy === null || member === null || member.suspended) continue
    if (holdsByRoles(policy.document, member, 'gw.security.view')) return true
  }
  return false
}
