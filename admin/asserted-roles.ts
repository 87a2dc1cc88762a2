/**
 * What an application says of somebody's roles, followed in the directory: for upstreams with `roles: app` (SPEC §3).
 *
 * How its names are understood is `role-rules.ts` and `directory.ts`. Invariant: only roles change, and only in practices that
 * the application names and where somebody is a member already; who belongs where is the directory's to say. Each practice
 * is a transaction of its own with its event: one that refuses keeps none of the others from being followed.
 */
import type { PolicyDocument } from '../policies/document.ts'
import type { Instant } from '../policies/instant.ts'
import type { AppIdentity } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import type { Deed } from './deed.ts'
import { changeMember, findUser, type MemberChange, type MemberOutcome, rolesFor } from './directory.ts'
import type { Store } from './store/database.ts'

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
