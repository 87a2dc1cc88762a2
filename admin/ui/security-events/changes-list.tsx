/**
 * The changes, newest first, day by day in the practice's zone; filtered by the address, with what is new since.
 *
 * Refusals are `refusals-list.tsx`. Invariant: the list stays as it is while somebody reads it; a filter that finds
 * nothing says so, and how to take it away.
 */
import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { LoadMore } from '../parts/load-more.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import type { SecurityEvent } from '../queries.ts'
import { dayText } from '../times.ts'
import { ChangeFilters } from './change-filters.tsx'
import {
  actionsQuery,
  changeFilters,
  eventsQuery,
  type Filters,
  newestEventsQuery,
  newestMax,
} from './event-queries.ts'
import { EventRow } from './event-row.tsx'
import { NewPill } from './new-pill.tsx'

const route = getRouteApi('/practices/$practice/security-events')

function useNew(filters: Filters, top: number) {
  const practice = usePractice()
  const { data } = useQuery(newestEventsQuery(practice.id, filters))
  const count = (data?.events ?? []).filter(({ number }) => number > top).length
  return { count, isAtLeast: count === newestMax }
}

/** The events in runs of one day each, in their order. */
function byDay(events: readonly SecurityEvent[], zone: string) {
  const days: { readonly day: string; readonly events: SecurityEvent[] }[] = []
  for (const event of events) {
    const day = dayText(event.at, zone)
    const last = days.at(-1)
    if (last?.day === day) last.events.push(event)
    else days.push({ day, events: [event] })
  }
  return days
}

function Days({ events }: { readonly events: readonly SecurityEvent[] }) {
  const practice = usePractice()
  const { data } = useQuery(actionsQuery(practice.id))
  const meanings = new Map((data?.actions ?? []).map(({ action, meaning }) => [action, meaning]))
  return byDay(events, practice.zone).map(({ day, events: those }) => (
    <section key={`${day} ${those[0]?.number}`} aria-label={day}>
      <h2 className="gh-day">{day}</h2>
      <ol className="gh-rows">
        {those.map((event) => (
          <EventRow key={event.number} event={event} meaning={meanings.get(event.type) ?? null} />
        ))}
      </ol>
    </section>
  ))
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const navigate = route.useNavigate()
  return (
    <Blank
      icon="shield"
      title={isFiltered ? 'No change matches these filters' : 'Nothing has been changed yet'}
      action={
        isFiltered ? (
          <Button variant="default" onClick={() => void navigate({ search: {} })}>
            Show all changes
          </Button>
        ) : null
      }
    >
      Every change of settings, entries, roles, users and sessions appears here, with who made it and what it
      was before.
    </Blank>
  )
}

/** The list. */
export function Changes() {
  const practice = usePractice()
  const filters = changeFilters(route.useSearch(), practice.zone)
  const found = useInfiniteQuery(eventsQuery(practice.id, filters))
  const events = found.data?.pages.flatMap((page) => page.events) ?? []
  const fresh = useNew(
    filters,
    found.data === undefined ? Number.POSITIVE_INFINITY : (events[0]?.number ?? 0),
  )
  return (
    <>
      <ChangeFilters filters={filters} events={events} />
      {found.isPending ? (
        <Loading rows={6} label="Loading the events" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <>
          <NewPill {...fresh} load={found.refetch} />
          {events.length === 0 ? (
            <Nothing isFiltered={Object.keys(filters).length > 0} />
          ) : (
            <Days events={events} />
          )}
          <LoadMore
            hasMore={found.hasNextPage}
            isLoading={found.isFetchingNextPage}
            load={found.fetchNextPage}
          />
        </>
      )}
    </>
  )
}
