/**
 * Whose hours are asked for: a user, a role, or somebody without a role.
 *
 * It reads no hours. Invariant: who or what there is not is refused as `not-found`, so that a mistyped name is never
 * answered with the hours of nobody.
 */
import type { Member } from '../../policies/access-request.ts'
import type { ApiPlane } from './api-plane.ts'
import type { PolicyView } from './policy-views.ts'
import { refusal } from './refusals.ts'

/** Somebody with these roles and nothing of their own, to ask for a role's or the practice's hours. */
export const anybody = (roles: readonly string[]): Member => ({
  user: '',
  name: '',
  login: '',
  email: null,
  roles,
  suspended: false,
  epoch: 0,
  factors: [],
  enrolBy: null,
  grants: [],
})

/** Who is asked about; neither: somebody without a role. */
export type Subject = { readonly user?: string | undefined; readonly role?: string | undefined }

/** Whose hours are asked for, by name; refuses `not-found` for who or what there is not. */
export async function subjectOf(
  plane: ApiPlane,
  { document }: PolicyView,
  { user, role }: Subject,
): Promise<{ readonly member: Member; readonly name: string }> {
  if (user !== undefined) {
    const member = (await plane.views.people(document.practice.id)).byId.get(user)
    if (member === undefined) throw refusal('not-found', 'There is no such member in this practice.')
    return { member, name: member.name }
  }
  if (role === undefined) return { member: anybody([]), name: 'Somebody without a role' }
  const known = document.roles.find(({ id }) => id === role)
  if (known === undefined) throw refusal('not-found', 'There is no such role in this practice.')
  return { member: anybody([role]), name: `Role ${known.name}` }
}
