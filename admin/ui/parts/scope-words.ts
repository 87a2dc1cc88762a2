/**
 * Whom a control concerns, in one sentence with names.
 *
 * It asks nothing. Invariant: nobody is left out: whoever has no known name is shown by their id.
 */
import type { General } from '../queries.ts'

type Scope = General['controls']['ip']['scope']
type Named = readonly { readonly id: string; readonly name: string }[]

const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`

const nameIn = (named: Named, id: string): string => named.find((one) => one.id === id)?.name ?? id

/** "Everyone, except Ada Dentist", "The role Owner and Nora". */
export function scopeSentence({ include, exempt }: Scope, roles: Named, people: Named): string {
  const named = (part: { readonly roles: readonly string[]; readonly users: readonly string[] }): string => {
    const ofRoles = part.roles.map((id) => nameIn(roles, id))
    return listed([
      ...(ofRoles.length > 0 ? [`the ${ofRoles.length === 1 ? 'role' : 'roles'} ${listed(ofRoles)}`] : []),
      ...part.users.map((id) => nameIn(people, id)),
    ])
  }
  const concerned = include === 'everyone' ? 'everyone' : named(include) || 'nobody'
  const spared = named(exempt)
  return `${concerned.charAt(0).toUpperCase()}${concerned.slice(1)}${spared === '' ? '' : `, except ${spared}`}`
}
