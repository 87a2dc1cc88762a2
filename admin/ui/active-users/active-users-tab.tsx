/**
 * Active users: who is in this practice now and how, and the ways to end it.
 *
 * Ended sessions are security events. Invariant: every revocation is reviewed first and then followed until it is
 * active everywhere; the admin's own session is marked and never ended by "all but mine".
 */
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { LoadMore } from '../parts/load-more.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { activeUsersQuery } from '../queries.ts'
import { type Revocation, RevokeDialog } from './revoke-dialog.tsx'
import { UserSessions } from './user-sessions.tsx'

const route = getRouteApi('/practices/$practice/active-users')

function People({ onRevoke }: { readonly onRevoke: (revocation: Revocation) => void }) {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const found = useInfiniteQuery(activeUsersQuery(practice.id, text))
  if (found.isPending) return <Loading rows={6} label="Loading the active users" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const users = found.data.pages.flatMap((page) => page.users)
  if (users.length === 0)
    return text === '' ? (
      <Blank icon="user" title="Nobody is in just now">
        As soon as somebody of this practice signs in through the gateway, they appear here with their address
        and device.
      </Blank>
    ) : (
      <Blank icon="search" title={`Nobody active matches “${text}”`}>
        Search looks at names, sign-in names and addresses.
      </Blank>
    )
  return (
    <>
      {users.map((user) => (
        <UserSessions key={user.user} user={user} onRevoke={onRevoke} />
      ))}
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
    </>
  )
}

function Count() {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const { data } = useInfiniteQuery(activeUsersQuery(practice.id, text))
  const [first] = data?.pages ?? []
  if (first === undefined) return <p>Who is in this practice now, and how.</p>
  return (
    <p className="gh-numbers">
      {first.total === 1 ? '1 person is in now.' : `${first.total} people are in now.`}
    </p>
  )
}

/** The tab. */
export function ActiveUsersTab() {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const [asked, setAsked] = useState<Revocation | null>(null)
  const settle = useCallback(
    (wanted: string) => void navigate({ search: wanted === '' ? {} : { text: wanted }, replace: true }),
    [navigate],
  )
  return (
    <>
      <div className="gh-page-head gh-page-head-acts">
        <div>
          <h1>Active users</h1>
          <Count />
        </div>
        <SearchField label="Search active users" text={text} onSettle={settle} />
        <Button
          variant="default"
          disabled={!practice.may('gw.sessions.revoke')}
          onClick={() => setAsked({ of: 'all-but-mine' })}
        >
          Revoke all but mine
        </Button>
      </div>
      <People onRevoke={setAsked} />
      {asked !== null && <RevokeDialog revocation={asked} onClose={() => setAsked(null)} />}
    </>
  )
}
