/**
 * Active users: who is in this practice now and how, one of them in a drawer, and the ways to end it.
 *
 * Ended sessions are security events. Invariant: filters, page, drawer, dialog and who is chosen are in the address; every
 * revocation is reviewed first and then followed until it is active everywhere.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { useChosen, useKept, useOpened } from '../parts/opened.ts'
import { Pager } from '../parts/pager.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { ActiveFilterFields, useActive } from './active-filters.tsx'
import { activePageQuery, activeUserQuery } from './active-queries.ts'
import { ActiveTable } from './active-table.tsx'
import { type OnRevoke, RevokeDialog, revocationIn } from './revoke-dialog.tsx'
import { UserDrawer } from './user-drawer.tsx'

const route = getRouteApi('/practices/$practice/active-users')

function Nobody() {
  const { isFiltered, clear } = useActive()
  if (!isFiltered)
    return (
      <Blank icon="user" title="Nobody is in just now">
        As soon as somebody of this practice signs in through the gateway, they appear here with their address
        and device.
      </Blank>
    )
  return (
    <Blank
      icon="search"
      title="Nobody who is in fits"
      action={
        <Button variant="default" onClick={clear}>
          Show everyone
        </Button>
      }
    >
      Search looks at names, sign-in names and addresses.
    </Blank>
  )
}

function People({ onRevoke }: { readonly onRevoke: OnRevoke }) {
  const practice = usePractice()
  const { filters, start, go } = useActive()
  const { ids, turn, clear } = useChosen()
  const found = useQuery(activePageQuery(practice.id, filters))
  if (found.isPending) return <Loading rows={6} label="Loading the active users" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const { users, total, nextCursor } = found.data
  if (users.length === 0) return <Nobody />
  const chosen = users.filter(({ user }) => ids.has(user))
  return (
    <>
      {chosen.length > 0 && (
        <section className="gh-chosen-bar" aria-label="Chosen people">
          <span role="status" className="gh-numbers">
            {chosen.length} chosen
          </span>
          <Button size="xs" color="red" onClick={() => onRevoke({ of: 'users', users: chosen })}>
            Revoke them
          </Button>
          <Button size="xs" variant="default" onClick={clear}>
            Choose nobody
          </Button>
        </section>
      )}
      <ActiveTable
        users={users}
        chosen={ids}
        onChoose={turn}
        onRevoke={(user) => onRevoke({ of: 'user', user })}
      />
      <Pager
        start={start}
        shown={users.length}
        total={total}
        next={nextCursor}
        what={total === 1 ? 'person' : 'people'}
        onGo={go}
      />
    </>
  )
}

function Count() {
  const practice = usePractice()
  const { filters } = useActive()
  const { data } = useQuery(activePageQuery(practice.id, filters))
  if (data === undefined) return <p>Who is in this practice now, and how.</p>
  return (
    <p className="gh-numbers">
      {data.total === 1 ? '1 person is in now.' : `${data.total} people are in now.`}
    </p>
  )
}

function Head({ onRevoke }: { readonly onRevoke: OnRevoke }) {
  const practice = usePractice()
  return (
    <div className="gh-page-head gh-page-head-acts">
      <div>
        <h1>Active users</h1>
        <Count />
      </div>
      <Button
        variant="default"
        disabled={!practice.may('gw.sessions.revoke')}
        onClick={() => onRevoke({ of: 'all-but-mine' })}
      >
        Revoke all but mine
      </Button>
    </div>
  )
}

/** What is to be revoked as the address has it, and the ways to ask for it and to leave it. */
function useRevocation() {
  const practice = usePractice()
  const { user } = route.useSearch()
  const { filters } = useActive()
  const { ids } = useChosen()
  const { name, id, key, open, close } = useOpened()
  const page = useQuery(activePageQuery(practice.id, filters)).data?.users
  const drawn = useQuery({ ...activeUserQuery(practice.id, user ?? ''), enabled: user !== undefined })
  const known = [...(drawn.data?.users ?? []), ...(page ?? [])]
  const asked = useKept(key, revocationIn(name, id, known, ids))
  const onRevoke: OnRevoke = (revocation) => {
    if (revocation.of === 'users') open('chosen')
    else if (revocation.of === 'all-but-mine') open('all-but-mine')
    else if (revocation.of === 'session') open('session', revocation.session.id)
    else open(revocation.block === true ? 'block' : 'person', revocation.user.user)
  }
  return { asked, onRevoke, close }
}

/** The tab. */
export function ActiveUsersTab() {
  const { user } = route.useSearch()
  const navigate = route.useNavigate()
  const { filters, look } = useActive()
  const { clear } = useChosen()
  const { asked, onRevoke, close } = useRevocation()
  const settle = useCallback((text: string) => look({ text: text === '' ? undefined : text }), [look])
  return (
    <>
      <Head onRevoke={onRevoke} />
      <section className="gh-card" aria-labelledby="active-title">
        <div className="gh-card-head">
          <h2 id="active-title">In now</h2>
          <SearchField label="Search active users" text={filters.text ?? ''} onSettle={settle} />
        </div>
        <ActiveFilterFields />
        <People onRevoke={onRevoke} />
      </section>
      {user !== undefined && (
        <UserDrawer
          key={user}
          user={user}
          isCovered={asked !== undefined}
          onRevoke={onRevoke}
          onClose={() =>
            void navigate({
              search: (now) => ({ ...now, user: undefined, open: undefined }),
              resetScroll: false,
            })
          }
        />
      )}
      {asked !== undefined && (
        <RevokeDialog
          revocation={asked}
          onClose={close}
          {...(asked.of === 'users' ? { onDone: clear } : {})}
        />
      )}
    </>
  )
}
