/**
 * Gatehouse's own permissions are handed on only by whoever holds them.
 *
 * It asks nothing of the application's permissions. Invariant: no edit of roles, and no role given to somebody, brings a
 * `gw.…` permission into being that the acting admin does not hold in that practice; keeping what is there needs nothing.
 */
import type { PolicyDocument, Role } from '../../policies/document.ts'
import type { Administrator } from '../sign-in/admin-sessions.ts'
import { findMember } from '../store/members.ts'
import { listPracticesOf } from '../two-factor/chains.ts'
import { permissionsIn } from './access.ts'
import type { ApiPlane } from './api-plane.ts'
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

/** Refuses roles given to somebody who has `had`, where these bring own permissions that the account does not hold. */
export function assertMayGiveRoles(
  account: Administrator,
  { practice, roles }: Pick<PolicyDocument, 'practice' | 'roles'>,
  had: readonly string[],
  wished: readonly string[],
): void {
  const called = (ids: readonly string[]) => ownKeysOf(roles.filter(({ id }) => ids.includes(id)))
  assertMayGrant(account, practice.id, called(had), called(wished))
}

/** Refuses roles edited so that one of them gains what the account does not hold, whatever the others have. */
export function assertMayEditRoles(
  account: Administrator,
  practice: string,
  before: readonly Role[],
  after: readonly Role[],
): void {
  const earlier = new Map(before.map((role) => [role.id, role]))
  for (const role of after) {
    const was = earlier.get(role.id)
    assertMayGrant(account, practice, ownKeysOf(was === undefined ? [] : [was]), ownKeysOf([role]))
  }
}

/**
 * Refuses where somebody holds own permissions, in any of their practices, that the account does not: whoever can make
 * themselves that person would gain these.
 */
export async function assertMayStandFor(
  plane: ApiPlane,
  account: Administrator,
  user: string,
): Promise<void> {
  for (const practice of await plane.store.read((rows) => listPracticesOf(rows, user))) {
    const { document } = await plane.views.read(practice)
    const member = await plane.store.read((rows) => findMember(rows, practice, user, plane.now()))
    const held = permissionsIn(account, practice)
    const roles = document.roles.filter(({ id }) => member?.roles.includes(id) === true)
    if ([...ownKeysOf(roles)].some((id) => !held.has(id)))
      throw refusal(
        'not-permitted',
        'They may do more in Security Management than you. Ask somebody who may do as much as they.',
      )
  }
}
