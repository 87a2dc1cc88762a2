/**
 * Active users: who is in this practice now and how, one of them in a drawer, and the ways to end it.
 *
 * Ended sessions are security events. Invariant: filters, page, drawer and who is chosen are in the address; every
 * revocation is reviewed first and then followed until it is active everywhere.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { Pager } from '../parts/pager.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { ActiveFilterFields, useActive } from './active-filters.tsx'
import { activePageQuery } from './active-queries.ts'
import { ActiveTable } from './active-table.tsx'
import { type Revocation, RevokeDialog } from './revoke-dialog.tsx'
import { UserDrawer } from './user-drawer.tsx'

const route = getRouteApi('/practices/$practice/active-users')
const chosenMax = 100

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

function useChosen() {
  const { chosen = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const ids = chosen.split(',').filter((id) => id !== '')
  const set = (next: readonly string[]) =>
    void navigate({
      search: (now) => ({
        ...now,
        chosen: next.length === 0 ? undefined : next.slice(0, chosenMax).join(','),
      }),
      replace: true,
      resetScroll: false,
    })
  const choose = (users: readonly string[], isChosen: boolean) =>
    set(isChosen ? [...new Set([...ids, ...users])] : ids.filter((id) => !users.includes(id)))
  return { ids: new Set(ids), choose, clear: () => set([]) }
}

function People({ onRevoke }: { readonly onRevoke: (revocation: Revocation) => void }) {
  const practice = usePractice()
  const { filters, start, go } = useActive()
  const { ids, choose, clear } = useChosen()
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
        onChoose={choose}
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

function Head({ onRevoke }: { readonly onRevoke: (revocation: Revocation) => void }) {
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

/** The tab. */
export function ActiveUsersTab() {
  const { user } = route.useSearch()
  const navigate = route.useNavigate()
  const { filters, look } = useActive()
  const { clear } = useChosen()
  const [asked, setAsked] = useState<Revocation | null>(null)
  const settle = useCallback((text: string) => look({ text: text === '' ? undefined : text }), [look])
  return (
    <>
      <Head onRevoke={setAsked} />
      <section className="gh-card" aria-labelledby="active-title">
        <div className="gh-card-head">
          <h2 id="active-title">In now</h2>
          <SearchField label="Search active users" text={filters.text ?? ''} onSettle={settle} />
        </div>
        <ActiveFilterFields />
        <People onRevoke={setAsked} />
      </section>
      {user !== undefined && (
        <UserDrawer
          key={user}
          user={user}
          isCovered={asked !== null}
          onRevoke={setAsked}
          onClose={() =>
            void navigate({ search: (now) => ({ ...now, user: undefined }), resetScroll: false })
          }
        />
      )}
      {asked !== null && (
        <RevokeDialog
          revocation={asked}
          onClose={() => setAsked(null)}
          {...(asked.of === 'users' ? { onDone: clear } : {})}
        />
      )}
    </>
  )
}
