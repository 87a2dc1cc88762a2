/**
 * Users: the members of a practice and the roles they have.
 *
 * Live sessions are Active users', what a role may do is Roles & permissions'. Invariant: roles are changed from the members version that is shown; a change bites
 * on the member's next request, and the dialog says so.
 */
import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { factorName } from '../parts/factor-words.ts'
import { LoadMore } from '../parts/load-more.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type Member, membersQuery, type Role, rolesQuery } from '../queries.ts'
import { RolesDialog, SuspendDialog } from './member-dialogs.tsx'

const route = getRouteApi('/practices/$practice/users')

type Asked = { readonly about: 'roles' | 'suspension'; readonly member: Member }

function Row(props: {
  readonly member: Member
  readonly roles: readonly Role[]
  readonly onAsk: (asked: Asked) => void
}) {
  const { member, roles, onAsk } = props
  const mayEdit = usePractice().may('gw.users.edit')
  return (
    <tr>
      <td data-label="Name">
        <span className="gh-strong">{member.name}</span>
        <span className="gh-sub">
          {member.login}
          {member.otherPractices > 0 &&
            ` · also in ${member.otherPractices} other ${member.otherPractices === 1 ? 'practice' : 'practices'}`}
        </span>
      </td>
      <td data-label="Roles">
        <span className="gh-tags">
          {member.roles.map((id) => (
            <Tag key={id}>{roles.find((role) => role.id === id)?.name ?? id}</Tag>
          ))}
          {member.roles.length === 0 && <span className="gh-faint">none</span>}
          {member.suspended && <Tag tone="bad">suspended</Tag>}
        </span>
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
          onClick={() => onAsk({ about: 'roles', member })}
        >
          Change roles
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color={member.suspended ? 'gate' : 'red'}
          disabled={!mayEdit}
          aria-label={`${member.suspended ? 'Let rejoin' : 'Suspend'} ${member.name}`}
          onClick={() => onAsk({ about: 'suspension', member })}
        >
          {member.suspended ? 'Let rejoin' : 'Suspend'}
        </Button>
      </td>
    </tr>
  )
}

function Members({ roles }: { readonly roles: readonly Role[] }) {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const found = useInfiniteQuery(membersQuery(practice.id, text))
  const [asked, setAsked] = useState<Asked | null>(null)
  if (found.isPending) return <Loading rows={6} label="Loading the members" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const members = found.data.pages.flatMap((page) => page.members)
  const version = found.data.pages[0]?.version ?? 0
  if (members.length === 0)
    return (
      <Blank icon="user" title={text === '' ? 'No members yet' : `Nobody matches “${text}”`}>
        People become members when they first sign in through the gateway with a role of this practice.
      </Blank>
    )
  const close = () => setAsked(null)
  return (
    <>
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
          {members.map((member) => (
            <Row key={member.user} member={member} roles={roles} onAsk={setAsked} />
          ))}
        </tbody>
      </table>
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
      {asked?.about === 'roles' && (
        <RolesDialog member={asked.member} version={version} roles={roles} onClose={close} />
      )}
      {asked?.about === 'suspension' && (
        <SuspendDialog member={asked.member} version={version} onClose={close} />
      )}
    </>
  )
}

/** The tab. */
export function UsersTab() {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const { data } = useQuery(rolesQuery(practice.id))
  const roles = data?.roles ?? []
  const settle = useCallback(
    (wanted: string) => void navigate({ search: wanted === '' ? {} : { text: wanted }, replace: true }),
    [navigate],
  )
  return (
    <>
      <div className="gh-page-head">
        <h1>Users</h1>
        <p>Who belongs to this practice, and as what.</p>
      </div>
      <section className="gh-card" aria-labelledby="members-title">
        <div className="gh-card-head">
          <h2 id="members-title">Members</h2>
          <SearchField label="Search members" text={text} onSettle={settle} />
        </div>
        <Members roles={roles} />
      </section>
    </>
  )
}
