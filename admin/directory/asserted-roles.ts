/**
 * What an application says of somebody's roles, followed in the directory: for upstreams with `roles: app` (SPEC §3).
 *
 * How its names are understood is `role-rules.ts` and `directory.ts`. Invariant: only roles change, and only in practices that
 * the application names and where somebody is a member already; who belongs where is the directory's to say. Each practice
 * is a transaction of its own with its event: one that refuses keeps none of the others from being followed.
 */
import type { PolicyDocument } from '../../policies/document.ts'
import type { Instant } from '../../policies/instant.ts'
import { fallbackRole } from '../../policies/standard-roles.ts'
import type { AppIdentity } from '../../runtime/internal.ts'
import type { Log } from '../../runtime/log.ts'
import type { Deed } from '../deed.ts'
import type { Rows, Store } from '../store/database.ts'
import { readMembers } from '../store/members.ts'
import { readPolicy } from '../store/practices.ts'
import { listPracticesOf } from '../two-factor/chains.ts'
import { changeMember, findUser, type MemberChange, type MemberOutcome, rolesFor } from './directory.ts'
import { securityAdmins } from './security-admins.ts'

const holdsOwnKeys = ({ permissions }: PolicyDocument['roles'][number]): boolean =>
  permissions.some((id) => id.startsWith('gw.'))

/**
 * Gives a member the roles that their application names now (`appRoles`), as at their first sign-in; but none that may look
 * after the security of a practice and that they do not have: an application that somebody has taken over would otherwise
 * hand itself over. The last security admin stays one; hours and addresses are not asked about, as nobody waits to be told.
 */
const followAppRoles = (
  store: Store,
  change: Omit<MemberChange, 'ifVersion' | 'typedName'> & { readonly appRoles: readonly string[] },
): Promise<MemberOutcome> =>
  store.transaction((tx) =>
    changeMember(
      tx,
      { ...change, ifVersion: null, bySystem: true },
      ({ roles }, held) => {
        const wished = rolesFor(roles, change.appRoles)
        const withheld = roles.filter(
          (role) => wished.includes(role.id) && !held.includes(role.id) && holdsOwnKeys(role),
        )
        const given = wished.filter((id) => !withheld.some((role) => role.id === id))
        const kept = given.length > 0 ? given : rolesFor(roles, [])
        return {
          roles: kept,
          ...(withheld.length === 0 ? {} : { withheld: withheld.map(({ id }) => id) }),
        }
      },
      'user.roles-changed',
    ),
  )

/** Whether a word of an application means a role with keys of its own, in a practice that has somebody who can give it. */
async function keysIn(rows: Rows, practice: string, at: Instant): Promise<(word: string) => boolean> {
  const policy = await readPolicy(rows, practice)
  const members = (await readMembers(rows, practice, at))?.members ?? []
  if (policy === null || securityAdmins(policy.document, members).length === 0) return () => false
  const own = policy.document.roles.filter((role) => role.id !== fallbackRole && holdsOwnKeys(role))
  return (word) => rolesFor(own, [word]).length > 0
}

/**
 * What is left of an application's word for whoever it is about to make a member: the same roles as for those who are one
 * (`followAppRoles`), or somebody who has taken it over would invent a person. The first security admin of a practice
 * still comes this way, as nobody is there to name them.
 */
export async function withoutOwnKeys(
  { store, log }: { readonly store: Store; readonly log: Pick<Log, 'warn'> },
  upstream: string,
  identity: AppIdentity,
  at: Instant,
): Promise<AppIdentity> {
  if (identity.kind !== 'staff') return identity
  const user = await store.read((rows) => findUser(rows, upstream, identity.appUser))
  const known = user === null ? [] : await store.read((rows) => listPracticesOf(rows, user))
  const practices: { id: string; roles: string[] }[] = []
  for (const { id, roles } of identity.practices) {
    const isKey = known.includes(id) ? null : await store.read((rows) => keysIn(rows, id, at))
    const withheld = isKey === null ? [] : roles.filter(isKey)
    if (withheld.length > 0)
      log.warn(
        { upstream, practice: id, appUser: identity.appUser, withheld },
        'an application’s word on roles is not followed: it makes nobody new a security admin',
      )
    practices.push({ id, roles: roles.filter((role) => !withheld.includes(role)) })
  }
  return { ...identity, practices }
}

/** The practices in which somebody's roles are others now, in order of their ids; `identity`: after its rules. */
export async function followRoles(
  { store, log }: { readonly store: Store; readonly log: Pick<Log, 'warn'> },
  upstream: string,
  identity: AppIdentity,
  at: Instant,
): Promise<readonly string[]> {
  if (identity.kind !== 'staff') return []
  const user = await store.read((rows) => findUser(rows, upstream, identity.appUser))
  if (user === null) return []
  const deed: Deed = { actor: { kind: 'system', id: upstream, name: upstream }, origin: 'auto', at }
  const named = new Map(identity.practices.map(({ id, roles }) => [id, roles]))
  const changed: string[] = []
  for (const practice of [...named.keys()].sort()) {
    const appRoles = named.get(practice) ?? []
    const followed = await followAppRoles(store, { practice, user, appRoles, deed })
    if (followed.outcome === 'saved') changed.push(practice)
    else if (followed.outcome === 'last-security-admin')
      log.warn(
        { upstream, practice, user },
        'an application’s word on roles is not followed: the last security admin stays one',
      )
  }
  return changed
}
