/**
 * 2FA management: who has to show a second factor, who has one, when it was last shown; and taking one away.
 *
 * Setting one up is everybody's own, on the portal. Invariant: search and state live in the address; the numbers beside
 * the states are of the whole practice, whatever is searched for.
 */
import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { ControlSwitch } from '../general/control-switch.tsx'
import { LoadMore } from '../parts/load-more.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type FactorState, type FactorStatus, generalQuery, twoFactorQuery } from '../queries.ts'
import { PeopleTable } from './people-table.tsx'
import { Requirement } from './requirement.tsx'
import { ResetDialog } from './reset-dialog.tsx'
import { states, stateWords } from './states.ts'

const route = getRouteApi('/practices/$practice/two-factor')

function useFound() {
  const practice = usePractice()
  const search = route.useSearch()
  const text = search.text ?? ''
  const status: FactorState | '' = search.status ?? ''
  return { text, status, found: useInfiniteQuery(twoFactorQuery(practice.id, text, status)) }
}

type Counts = Readonly<Record<FactorState, number>>

/** How far the practice is, in one line; the gaps first. */
function sentenceOf(counts: Counts): string {
  const gaps = counts['required-not-set-up']
  const needed = gaps + counts['required-enabled']
  if (needed > 0)
    return gaps === 0
      ? `Everyone who has to show a second factor has set one up: ${needed} of ${needed}.`
      : `${gaps} of ${needed} who have to show a second factor ${gaps === 1 ? 'has' : 'have'} none set up.`
  const chosen = counts.enabled
  return chosen === 0
    ? 'Nobody has to show a second factor, and nobody has set one up.'
    : `Nobody has to show a second factor; ${chosen} ${chosen === 1 ? 'has' : 'have'} set one up all the same.`
}

function Summary() {
  const { found } = useFound()
  const [first] = found.data?.pages ?? []
  return (
    <p className="gh-numbers">
      {first === undefined ? 'Who has a second factor, and who has to.' : sentenceOf(first.counts)}
    </p>
  )
}

// Everyone is not the current state just because its address is a part of every other.
const exactly = { exact: true, includeSearch: true } as const

function States({ counts }: { readonly counts: Counts | undefined }) {
  const { text, status } = useFound()
  const all = counts === undefined ? null : Object.values(counts).reduce((sum, count) => sum + count, 0)
  const kept = text === '' ? {} : { text }
  const isShown = (state: FactorState) => state === status || (counts?.[state] ?? 0) > 0
  return (
    <nav className="gh-states" aria-label="Status">
      <Link from={route.id} to="." search={kept} activeOptions={exactly} className="gh-state">
        Everyone {all !== null && <span className="gh-tab-count gh-numbers">{all}</span>}
      </Link>
      {states.filter(isShown).map((state) => (
        <Link
          key={state}
          from={route.id}
          to="."
          search={{ ...kept, status: state }}
          activeOptions={exactly}
          className="gh-state"
        >
          {stateWords[state].name}{' '}
          {counts !== undefined && <span className="gh-tab-count gh-numbers">{counts[state]}</span>}
        </Link>
      ))}
    </nav>
  )
}

function Nobody({ text, status }: { readonly text: string; readonly status: FactorState | '' }) {
  if (text !== '')
    return (
      <Blank icon="search" title={`Nobody matches “${text}”`}>
        Search looks at names and sign-in names
        {status === '' ? '' : `, here of “${stateWords[status].name}” only`}.
      </Blank>
    )
  if (status !== '')
    return (
      <Blank icon="check" title={`Nobody is “${stateWords[status].name}”`}>
        {stateWords[status].blank}
      </Blank>
    )
  return (
    <Blank icon="shield" title="No members yet">
      People appear here when they first sign in through the gateway. Choose above whom a second factor is
      required of: they set it up by themselves at their next sign-in, with an authenticator app on their
      phone.
    </Blank>
  )
}

function People() {
  const { text, status, found } = useFound()
  const [asked, setAsked] = useState<FactorStatus | null>(null)
  if (found.isPending) return <Loading rows={6} label="Loading the second factors" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const people = found.data.pages.flatMap((page) => page.people)
  return (
    <>
      <States counts={found.data.pages[0]?.counts} />
      {people.length === 0 ? (
        <Nobody text={text} status={status} />
      ) : (
        <PeopleTable people={people} onReset={setAsked} />
      )}
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
      {asked !== null && <ResetDialog key={asked.user} person={asked} onClose={() => setAsked(null)} />}
    </>
  )
}

function PeopleCard() {
  const { text, status, found } = useFound()
  const navigate = route.useNavigate()
  const settle = useCallback(
    (wanted: string) =>
      void navigate({
        search: { ...(wanted === '' ? {} : { text: wanted }), ...(status === '' ? {} : { status }) },
        replace: true,
      }),
    [navigate, status],
  )
  return (
    <section className="gh-card" aria-labelledby="people-title">
      <div className="gh-card-head">
        <h2 id="people-title">People</h2>
        <Button size="xs" variant="default" loading={found.isRefetching} onClick={() => void found.refetch()}>
          Refresh
        </Button>
        <SearchField label="Search people" text={text} onSettle={settle} />
      </div>
      <People />
    </section>
  )
}

/** The tab. */
export function TwoFactorTab() {
  const practice = usePractice()
  const { data: general } = useQuery(generalQuery(practice.id))
  return (
    <>
      <div className="gh-page-head">
        <h1>2FA management</h1>
        <Summary />
      </div>
      <ControlSwitch control="twoFactor">
        {general !== undefined && <Requirement general={general} />}
      </ControlSwitch>
      <PeopleCard />
    </>
  )
}
