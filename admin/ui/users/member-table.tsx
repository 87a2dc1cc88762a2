/**
 * A page of members in a table; each name opens the member.
 *
 * What can be done with somebody is the drawer's (`member-drawer.tsx`), roles are changed from here too, since that is what
 * most people come for. Invariant: the state of somebody is a word.
 */
import { Button } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { factorName } from '../parts/factor-words.ts'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import type { Member, Role } from '../queries.ts'

const route = getRouteApi('/practices/$practice/users')

/** Other practices in words: by name as far as they may be seen, the rest as a number. */
export function otherPracticesText({ otherPractices, alsoIn }: Member): string {
  if (otherPractices === 0) return ''
  const unseen = otherPractices - alsoIn.length
  const rest = unseen === 0 ? [] : [`${unseen} other ${unseen === 1 ? 'practice' : 'practices'}`]
  return `also in ${[...alsoIn.map(({ name }) => name), ...rest].join(', ')}`
}

/** The roles of a member as tags, by name. */
export function RoleTags({ member, roles }: { readonly member: Member; readonly roles: readonly Role[] }) {
  return (
    <span className="gh-tags">
      {member.roles.map((id) => (
        <Tag key={id}>{roles.find((role) => role.id === id)?.name ?? id}</Tag>
      ))}
      {member.roles.length === 0 && <span className="gh-faint">none</span>}
      {member.suspended && <Tag tone="bad">suspended</Tag>}
    </span>
  )
}

function Row(props: {
  readonly member: Member
  readonly roles: readonly Role[]
  readonly onRoles: (member: Member) => void
}) {
  const { member, roles } = props
  const mayEdit = usePractice().may('gw.users.edit')
  const elsewhere = otherPracticesText(member)
  return (
    <tr>
      <th scope="row" data-label="Name">
        <span>
          <Link
            from={route.id}
            to="."
            search={(now) => ({ ...now, user: member.user })}
            resetScroll={false}
            className="gh-link"
          >
            {member.name}
          </Link>
          <span className="gh-sub">
            {member.login}
            {elsewhere !== '' && ` · ${elsewhere}`}
          </span>
        </span>
      </th>
      <td data-label="Roles">
        <RoleTags member={member} roles={roles} />
      </td>
      <td data-label="Second factors">
        {member.factors.length === 0 ? (
          <span className="gh-faint">none</span>
        ) : (
          member.factors.map(factorName).join(', ')
        )}
      </td>
      <td data-label="Sessions" className="gh-number">
        {member.sessions}
      </td>
      <td className="gh-row-acts">
        <Button
          size="compact-sm"
          variant="subtle"
          disabled={!mayEdit}
          aria-label={`Change roles of ${member.name}`}
          onClick={() => props.onRoles(member)}
        >
          Change roles
        </Button>
      </td>
    </tr>
  )
}

/** The table. */
export function MemberTable(props: {
  readonly members: readonly Member[]
  readonly roles: readonly Role[]
  readonly onRoles: (member: Member) => void
}) {
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Members and their roles</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Roles</th>
          <th scope="col">Second factors</th>
          <th scope="col" className="gh-number">
            Sessions
          </th>
          <th scope="col">
            <span className="gh-unseen">Change</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.members.map((member) => (
          <Row key={member.user} member={member} roles={props.roles} onRoles={props.onRoles} />
        ))}
      </tbody>
    </table>
  )
}
