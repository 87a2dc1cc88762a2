/**
 * What the security events ask: pages of changes and of refusals, what is new since, the catalogue of actions, counts for
 * the chart.
 *
 * The replay behind a code is `queries.ts`'s. Invariant: what is new is asked apart from the list, so that a list that
 * somebody reads does not move until they want it to.
 */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'
import type { EventSearch } from '../route-search.ts'
import { instantOf } from '../times.ts'

const one = api.practices[':practice']

/** How many new ones are counted at most. */
export const newestMax = 50
/** Filters as the API takes them. */
export type Filters = Readonly<Record<string, string>>

/** The instants at which the days of a search begin and end, in the practice's zone. */
function spanOf({ from, to }: EventSearch, zone: string): Filters {
  const first = from === undefined ? null : instantOf(`${from}T00:00`, zone)
  const last = to === undefined ? null : instantOf(`${to}T23:59`, zone)
  return {
    ...(first === null ? {} : { from: String(first) }),
    ...(last === null ? {} : { to: String(last + 59_999) }),
  }
}

/** What changes are filtered by. */
export const changeFilters = (search: EventSearch, zone: string): Filters => {
  const { type, actor, target } = search
  return {
    ...(type === undefined ? {} : { type }),
    ...(actor === undefined ? {} : { actor }),
    ...(target === undefined ? {} : { target }),
    ...spanOf(search, zone),
  }
}

/** What refusals are filtered by. */
export const refusalFilters = (search: EventSearch, zone: string): Filters => {
  const { user, address, control, kind } = search
  return {
    ...(user === undefined ? {} : { user }),
    ...(address === undefined ? {} : { address }),
    ...(control === undefined ? {} : { control }),
    ...(kind === undefined ? {} : { monitored: String(kind === 'monitored') }),
    ...spanOf(search, zone),
  }
}

type Page = { readonly nextCursor: string | null }
const pages = {
  initialPageParam: '',
  getNextPageParam: (page: Page) => page.nextCursor ?? undefined,
  placeholderData: keepPreviousData,
} as const
const pageOf = (cursor: string): Filters => ({ limit: '50', ...(cursor === '' ? {} : { cursor }) })

/** Changes, newest first. */
export const eventsQuery = (practice: string, filters: Filters) =>
  infiniteQueryOptions({
    queryKey: topicKey(practice, 'event-list', filters),
    queryFn: ({ pageParam }) =>
      parseResponse(
        one['security-events'].$get({ param: { practice }, query: { ...filters, ...pageOf(pageParam) } }),
      ),
    ...pages,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: 'always',
  })

/** The newest changes, to count those that a list does not have. */
export const newestEventsQuery = (practice: string, filters: Filters) =>
  queryOptions({
    queryKey: topicKey(practice, 'newest-events', filters),
    queryFn: () =>
      parseResponse(
        one['security-events'].$get({ param: { practice }, query: { ...filters, limit: String(newestMax) } }),
      ),
  })

/** Refusals, newest first. */
export const decisionsQuery = (practice: string, filters: Filters) =>
  infiniteQueryOptions({
    queryKey: topicKey(practice, 'decision-list', filters),
    queryFn: ({ pageParam }) =>
      parseResponse(one.decisions.$get({ param: { practice }, query: { ...filters, ...pageOf(pageParam) } })),
    ...pages,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: 'always',
  })

/** The newest refusals, to count those that a list does not have. */
export const newestDecisionsQuery = (practice: string, filters: Filters) =>
  queryOptions({
    queryKey: topicKey(practice, 'newest-decisions', filters),
    queryFn: () =>
      parseResponse(
        one.decisions.$get({ param: { practice }, query: { ...filters, limit: String(newestMax) } }),
      ),
  })

/** Every action there is; it changes with the build. */
export const actionsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'event-actions'),
    queryFn: () => parseResponse(one['security-events'].actions.$get({ param: { practice } })),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** Refusals counted by step and verdict. */
export const decisionCountsQuery = (practice: string, from: number, to: number) =>
  queryOptions({
    queryKey: topicKey(practice, 'decision-counts', from, to),
    queryFn: () =>
      parseResponse(
        one.decisions.counts.$get({ param: { practice }, query: { from: String(from), to: String(to) } }),
      ),
    placeholderData: keepPreviousData,
  })
