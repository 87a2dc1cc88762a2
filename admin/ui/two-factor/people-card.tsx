/**
 * The people with their second factors: filters, a page of the list, and what can be done with each.
 *
 * The report of gaps is `gaps-view.tsx`. Invariant: search, state, filters, order and page live in the address; the
 * numbers beside the states are of the whole practice, whatever is searched for.
 */
import { Button, Checkbox, NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback } from 'react'
import { DownloadButton } from '../parts/download-button.tsx'
import { factorName } from '../parts/factor-words.ts'
import { useKept, useOpened } from '../parts/opened.ts'
import { Pager } from '../parts/pager.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import type { FactorState, FactorStatus } from '../queries.ts'
import { EnrolmentDialog } from './enrolment-dialog.tsx'
import { PeopleTable } from './people-table.tsx'
import { ResetDialog } from './reset-dialog.tsx'
import { states, stateWords } from './states.ts'
import { askReport, type FactorFilters, factorPageQuery, methods } from './two-factor-queries.ts'

const route = getRouteApi('/practices/$practice/two-factor')

function useFound() {
  const practice = usePractice()
  const { from, view: _view, open: _open, ...filters } = route.useSearch()
  return { filters, from, found: useQuery(factorPageQuery(practice.id, filters)) }
}

/** Looks for something else, from the first page. */
function useLook() {
  const navigate = route.useNavigate()
  return useCallback(
    (change: FactorFilters) =>
      void navigate({
        search: (now) => ({ ...now, ...change, after: undefined, from: undefined }),
        replace: true,
      }),
    [navigate],
  )
}

type Counts = Readonly<Record<FactorState, number>>

function States({ counts }: { readonly counts: Counts | undefined }) {
  const { filters } = useFound()
  const { status } = filters
  const all = counts === undefined ? null : Object.values(counts).reduce((sum, count) => sum + count, 0)
  const isShown = (state: FactorState) => state === status || (counts?.[state] ?? 0) > 0
  const current = (isCurrent: boolean) => (isCurrent ? { 'aria-current': 'page' as const } : {})
  const link = (state: FactorState | undefined) =>
    ({
      from: route.id,
      to: '.',
      search: { ...filters, after: undefined, status: state },
      className: 'gh-state',
      activeOptions: { exact: true, includeSearch: true },
    }) as const
  return (
    <nav className="gh-states" aria-label="Status">
      <Link {...link(undefined)} {...current(status === undefined)}>
        Everyone {all !== null && <span className="gh-tab-count gh-numbers">{all}</span>}
      </Link>
      {states.filter(isShown).map((state) => (
        <Link key={state} {...link(state)} {...current(state === status)}>
          {stateWords[state].name}{' '}
          {counts !== undefined && <span className="gh-tab-count gh-numbers">{counts[state]}</span>}
        </Link>
      ))}
    </nav>
  )
}

function Filters() {
  const { filters } = useFound()
  const look = useLook()
  return (
    <div className="gh-filters">
      <NativeSelect
        aria-label="Method"
        value={filters.method ?? ''}
        onChange={({ currentTarget: { value } }) => look({ method: methods.find((one) => one === value) })}
        data={[
          { value: '', label: 'Any method' },
          ...methods.map((value) => ({ value, label: factorName(value) })),
        ]}
      />
      <NativeSelect
        aria-label="Last verified"
        value={filters.unseen ?? ''}
        onChange={({ currentTarget: { value } }) =>
          look({ unseen: value === '30' || value === '90' ? value : undefined })
        }
        data={[
          { value: '', label: 'Any verification' },
          { value: '30', label: 'Not verified for 30 days' },
          { value: '90', label: 'Not verified for 90 days' },
        ]}
      />
      <Checkbox
        label="With gaps only"
        checked={filters.gaps === 'true'}
        onChange={(event) => look({ gaps: event.currentTarget.checked ? 'true' : undefined })}
      />
    </div>
  )
}

function Nobody({ text, status }: { readonly text: string; readonly status: FactorState | undefined }) {
  const { filters } = useFound()
  const look = useLook()
  if (text !== '')
    return (
      <Blank icon="search" title={`Nobody matches “${text}”`}>
        Search looks at names and sign-in names
        {status === undefined ? '' : `, here of “${stateWords[status].name}” only`}.
      </Blank>
    )
  const { method, unseen, gaps } = filters
  if (method !== undefined || unseen !== undefined || gaps !== undefined)
    return (
      <Blank
        icon="search"
        title="Nobody fits"
        action={
          <Button
            variant="default"
            onClick={() => look({ method: undefined, unseen: undefined, gaps: undefined })}
          >
            Show everyone
          </Button>
        }
      >
        No second factor of this practice fits these filters.
      </Blank>
    )
  if (status !== undefined)
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
  const { filters, from, found } = useFound()
  const navigate = route.useNavigate()
  const { name, id, key, open, close } = useOpened()
  const isAsked = name === 'reset' || name === 'code'
  const person = useKept<FactorStatus>(
    isAsked ? key : null,
    found.data?.people.find((one) => one.user === id),
  )
  if (found.isPending) return <Loading rows={6} label="Loading the second factors" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const { people, counts, total, nextCursor } = found.data
  return (
    <>
      <States counts={counts} />
      <Filters />
      {people.length === 0 ? (
        <Nobody text={filters.text ?? ''} status={filters.status} />
      ) : (
        <>
          <PeopleTable
            people={people}
            onReset={({ user }) => open('reset', user)}
            onCode={({ user }) => open('code', user)}
          />
          <Pager
            start={{ after: filters.after, from }}
            shown={people.length}
            total={total}
            next={nextCursor}
            what={total === 1 ? 'person' : 'people'}
            onGo={(start) =>
              void navigate({ search: (now) => ({ ...now, after: start.after, from: start.from }) })
            }
          />
        </>
      )}
      {person !== undefined && name === 'reset' && <ResetDialog key={key} person={person} onClose={close} />}
      {person !== undefined && name === 'code' && (
        <EnrolmentDialog key={key} person={person} onClose={close} />
      )}
    </>
  )
}

/** The card. */
export function PeopleCard() {
  const practice = usePractice()
  const { filters, found } = useFound()
  const look = useLook()
  const settle = useCallback((text: string) => look({ text: text === '' ? undefined : text }), [look])
  return (
    <section className="gh-card" aria-labelledby="people-title">
      <div className="gh-card-head">
        <h2 id="people-title">People</h2>
        <Button size="xs" variant="default" loading={found.isRefetching} onClick={() => void found.refetch()}>
          Refresh
        </Button>
        <DownloadButton
          label="Export CSV"
          name={`${practice.id}-two-factor.csv`}
          ask={() => askReport(practice.id, 'csv', filters)}
        />
        <SearchField label="Search people" text={filters.text ?? ''} onSettle={settle} />
      </div>
      <People />
    </section>
  )
}
