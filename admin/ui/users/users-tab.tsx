/**
 * Users: the members of a practice, a page at a time, with filters; one of them in a drawer; people from a file.
 *
 * Live sessions are Active users', what a role may do is Roles & permissions'. Invariant: filters, page, drawer and dialog
 * are in the address; roles are changed from the members version that is shown.
 */
import { Button, NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback } from 'react'
import { api } from '../api-client.ts'
import { DownloadButton } from '../parts/download-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import { Pager, type PageStart } from '../parts/pager.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type Member, type Role, rolesQuery } from '../queries.ts'
import { ImportPeople } from './import-people.tsx'
import { RolesDialog } from './member-dialogs.tsx'
import { MemberDrawer } from './member-drawer.tsx'
import { MemberTable } from './member-table.tsx'
import { AddPersonDialog } from './person-dialogs.tsx'
import { memberPageQuery } from './users-queries.ts'

const route = getRouteApi('/practices/$practice/users')

/** What is looked for, as the address has it, and the way to look for something else: from the first page. */
function useFilters() {
  const { text, role, state, practices, after, from } = route.useSearch()
  const navigate = route.useNavigate()
  const look = useCallback(
    (change: {
      readonly text?: string | undefined
      readonly role?: string | undefined
      readonly state?: 'active' | 'suspended' | undefined
      readonly practices?: 'several' | undefined
    }) =>
      void navigate({
        search: (now) => ({ ...now, ...change, after: undefined, from: undefined }),
        replace: true,
      }),
    [navigate],
  )
  const go = (start: PageStart) =>
    void navigate({ search: (now) => ({ ...now, after: start.after, from: start.from }) })
  return { filters: { text, role, state, practices, after }, start: { after, from }, look, go }
}

function Filters({ roles }: { readonly roles: readonly Role[] }) {
  const { filters, look } = useFilters()
  return (
    <div className="gh-filters">
      <NativeSelect
        aria-label="Role"
        value={filters.role ?? ''}
        onChange={(event) =>
          look({ role: event.currentTarget.value === '' ? undefined : event.currentTarget.value })
        }
        data={[
          { value: '', label: 'Any role' },
          ...roles.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <NativeSelect
        aria-label="State"
        value={filters.state ?? ''}
        onChange={({ currentTarget: { value } }) =>
          look({ state: value === 'active' || value === 'suspended' ? value : undefined })
        }
        data={[
          { value: '', label: 'Any state' },
          { value: 'active', label: 'Active' },
          { value: 'suspended', label: 'Suspended' },
        ]}
      />
      <NativeSelect
        aria-label="Practices"
        value={filters.practices ?? ''}
        onChange={({ currentTarget: { value } }) =>
          look({ practices: value === 'several' ? value : undefined })
        }
        data={[
          { value: '', label: 'Any practices' },
          { value: 'several', label: 'Of several practices' },
        ]}
      />
    </div>
  )
}

function Nobody({ isFiltered }: { readonly isFiltered: boolean }) {
  const { look } = useFilters()
  if (isFiltered)
    return (
      <Blank
        icon="search"
        title="Nobody fits"
        action={
          <Button
            variant="default"
            onClick={() => look({ text: undefined, role: undefined, state: undefined, practices: undefined })}
          >
            Show everybody
          </Button>
        }
      >
        Search looks at names, sign-in names and e-mail addresses.
      </Blank>
    )
  return (
    <Blank icon="people" title="No members yet">
      People become members when they first sign in through the gateway with a role of this practice. Or add
      them before that: one by one, or from a file.
    </Blank>
  )
}

function Members({ roles }: { readonly roles: readonly Role[] }) {
  const practice = usePractice()
  const { filters, start, go } = useFilters()
  const { after: _, ...asked } = filters
  const found = useQuery(memberPageQuery(practice.id, filters))
  const { user } = route.useSearch()
  const { name, id, key, open, close } = useOpened()
  const isChanging = name === 'roles' && user === undefined
  const changing = useKept<Member>(
    isChanging ? key : null,
    found.data?.members.find((one) => one.user === id),
  )
  if (found.isPending) return <Loading rows={6} label="Loading the members" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const { members, total, nextCursor, version } = found.data
  if (members.length === 0)
    return <Nobody isFiltered={Object.values(asked).some((value) => value !== undefined)} />
  return (
    <>
      <MemberTable members={members} roles={roles} onRoles={(member) => open('roles', member.user)} />
      <Pager
        start={start}
        shown={members.length}
        total={total}
        next={nextCursor}
        what={total === 1 ? 'person' : 'people'}
        onGo={go}
      />
      {changing !== undefined && (
        <RolesDialog key={key} member={changing} version={version} roles={roles} onClose={close} />
      )}
    </>
  )
}

function MembersCard({ roles }: { readonly roles: readonly Role[] }) {
  const { filters, look } = useFilters()
  const settle = useCallback((text: string) => look({ text: text === '' ? undefined : text }), [look])
  return (
    <section className="gh-card" aria-labelledby="members-title">
      <div className="gh-card-head">
        <h2 id="members-title">Members</h2>
        <SearchField label="Search members" text={filters.text ?? ''} onSettle={settle} />
      </div>
      <Filters roles={roles} />
      <Members roles={roles} />
    </section>
  )
}

function Head({ isImporting, onAdd }: { readonly isImporting: boolean; readonly onAdd: () => void }) {
  const practice = usePractice()
  const mayEdit = practice.may('gw.users.edit')
  return (
    <div className="gh-page-head gh-page-head-acts">
      <div>
        <h1>Users</h1>
        <p>Who belongs to this practice, and as what.</p>
      </div>
      <DownloadButton
        label="Export CSV"
        name={`${practice.id}-people.csv`}
        ask={() => api.practices[':practice'].users.export.$get({ param: { practice: practice.id } })}
      />
      {isImporting ? (
        <Link from={route.id} to="." search={{}} className="gh-link">
          Back to the list
        </Link>
      ) : (
        <>
          {mayEdit && (
            <Link from={route.id} to="." search={{ view: 'import' }} className="gh-button-link">
              Import CSV
            </Link>
          )}
          <Button disabled={!mayEdit} leftSection={<Icon name="plus" />} onClick={onAdd}>
            Add person
          </Button>
        </>
      )}
    </div>
  )
}

/** The tab. */
export function UsersTab() {
  const practice = usePractice()
  const { view, user } = route.useSearch()
  const navigate = route.useNavigate()
  const { data } = useQuery(rolesQuery(practice.id))
  const { name, open, close } = useOpened()
  const roles = data?.roles ?? []
  return (
    <>
      <Head isImporting={view === 'import'} onAdd={() => open('add')} />
      {view === 'import' ? <ImportPeople /> : <MembersCard roles={roles} />}
      {user !== undefined && (
        <MemberDrawer
          key={user}
          user={user}
          roles={roles}
          onClose={() =>
            void navigate({
              search: (now) => ({ ...now, user: undefined, open: undefined }),
              resetScroll: false,
            })
          }
        />
      )}
      {name === 'add' && data !== undefined && <AddPersonDialog roles={roles} onClose={close} />}
    </>
  )
}
