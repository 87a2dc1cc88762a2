/**
 * Security events: every change with who, what, before and after; and beside it the refusals.
 *
 * It writes nothing. Invariant: filters live in the address, the export takes the same ones, and the badge says
 * whether the chain of events is whole, never that it merely should be.
 */
import { Anchor, NativeSelect, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback } from 'react'
import { LoadMore } from '../parts/load-more.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { chainQuery, type EventFilters, eventsQuery, exportAddress } from '../queries.ts'
import type { EventSearch } from '../router.tsx'
import { fullTime, instantOf } from '../times.ts'
import { EventRow } from './event-row.tsx'
import { Refusals } from './refusals-list.tsx'

const route = getRouteApi('/practices/$practice/security-events')

const types = [
  ['control', 'Settings of controls'],
  ['ip-entry', 'IP entries'],
  ['role', 'Roles and permissions'],
  ['access-request', 'Access requests'],
  ['two-factor', 'Two-factor'],
  ['user', 'Users'],
  ['session', 'Sessions'],
  ['practice', 'The practice'],
  ['policy', 'Policy'],
] as const

function filtersOf(search: EventSearch, zone: string): EventFilters {
  const from = search.from === undefined ? null : instantOf(`${search.from}T00:00`, zone)
  const last = search.to === undefined ? null : instantOf(`${search.to}T23:59`, zone)
  return {
    type: search.type,
    actor: search.actor,
    from: from ?? undefined,
    to: last === null ? undefined : last + 59_999,
  }
}

function ChainBadge() {
  const practice = usePractice()
  const { data } = useQuery(chainQuery(practice.id))
  if (data === undefined) return <Tag>Checking the chain …</Tag>
  return (
    <span title={`${data.sentence} Checked ${fullTime(data.checkedAt, practice.zone)}.`}>
      <Tag tone={data.intact ? 'good' : 'bad'}>
        {data.intact
          ? `Chain intact, ${data.events} events`
          : `Chain broken at event ${data.brokenAt ?? '?'}`}
      </Tag>
    </span>
  )
}

function Filters({ filters }: { readonly filters: EventFilters }) {
  const practice = usePractice()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const set = useCallback(
    (name: keyof EventSearch, value: string) =>
      void navigate({
        search: (now) => {
          const { [name]: _before, ...rest } = now
          return value === '' ? rest : { ...rest, [name]: value }
        },
        replace: true,
      }),
    [navigate],
  )
  const settleActor = useCallback((text: string) => set('actor', text), [set])
  return (
    <div className="gh-filters">
      <NativeSelect
        aria-label="Type of change"
        value={search.type ?? ''}
        onChange={(event) => set('type', event.currentTarget.value)}
      >
        <option value="">All changes</option>
        {types.map(([type, name]) => (
          <option key={type} value={type}>
            {name}
          </option>
        ))}
      </NativeSelect>
      <SearchField label="By whom" text={search.actor ?? ''} onSettle={settleActor} />
      <TextInput
        type="date"
        aria-label="From day"
        value={search.from ?? ''}
        onChange={(event) => set('from', event.currentTarget.value)}
      />
      <TextInput
        type="date"
        aria-label="To day"
        value={search.to ?? ''}
        onChange={(event) => set('to', event.currentTarget.value)}
      />
      {practice.may('gw.events.export') && (
        <span className="gh-exports">
          <span className="gh-faint">Export</span>
          <Anchor
            href={exportAddress(practice.id, 'csv', filters)}
            download
            underline="always"
            aria-label="Export CSV"
          >
            CSV
          </Anchor>
          <Anchor
            href={exportAddress(practice.id, 'ndjson', filters)}
            download
            underline="always"
            aria-label="Export NDJSON"
          >
            NDJSON
          </Anchor>
        </span>
      )}
    </div>
  )
}

function Changes() {
  const practice = usePractice()
  const filters = filtersOf(route.useSearch(), practice.zone)
  const found = useInfiniteQuery(eventsQuery(practice.id, filters))
  if (found.isPending) return <Loading rows={6} label="Loading the events" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const events = found.data.pages.flatMap((page) => page.events)
  const isFiltered = Object.values(filters).some((value) => value !== undefined)
  return (
    <>
      <Filters filters={filters} />
      {events.length === 0 ? (
        <Blank
          icon="shield"
          title={isFiltered ? 'No change matches these filters' : 'Nothing has been changed yet'}
        >
          Every change of settings, entries, roles, users and sessions appears here, with who made it and what
          it was before.
        </Blank>
      ) : (
        <ol className="gh-rows" aria-label="Changes, newest first">
          {events.map((event) => (
            <EventRow key={event.number} event={event} />
          ))}
        </ol>
      )}
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
    </>
  )
}

/** The tab. */
export function SecurityEventsTab() {
  const practice = usePractice()
  const { view } = route.useSearch()
  const params = { practice: practice.id }
  const to = '/practices/$practice/security-events'
  return (
    <>
      <div className="gh-page-head gh-page-head-acts">
        <div>
          <h1>Security events</h1>
          <p>Who changed what, and who was refused.</p>
        </div>
        {practice.may('gw.events.view') && <ChainBadge />}
      </div>
      <section className="gh-card" aria-label={view === 'refusals' ? 'Refusals' : 'Changes'}>
        <div className="gh-card-head">
          <nav className="gh-tabs gh-tabs-small" aria-label="Kind of event">
            <Link to={to} params={params} search={{}} className="gh-tab" activeOptions={{ exact: true }}>
              Changes
            </Link>
            <Link to={to} params={params} search={{ view: 'refusals' }} className="gh-tab">
              Refusals
            </Link>
          </nav>
        </div>
        {view === 'refusals' ? <Refusals /> : <Changes />}
      </section>
    </>
  )
}
