/**
 * What the allowlist asks beyond `queries.ts`: a page of entries in an order, the cards of new addresses, heartbeats, what a
 * range would be.
 *
 * Changes are made where they are wished. Invariant: a cursor belongs to the filters it was given under, so each page is
 * kept under all of them.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'
import type { AllowlistSearch } from '../route-search.ts'

const one = api.practices[':practice']

/** A network that several people came from and that is not listed. */
export type AddressCard = InferResponseType<(typeof one)['address-cards']['$get'], 200>['cards'][number]
/** A machine that keeps an entry at the office's address. */
export type Heartbeat = InferResponseType<(typeof one)['heartbeats']['$get'], 200>['heartbeats'][number]
/** What a file would change. */
export type ImportPreview = InferResponseType<(typeof one)['ip-entries']['import']['preview']['$post'], 200>

/** How many entries a page has. */
export const pageSize = 100

const filtersOf = ({
  text,
  status,
  use,
  audience,
  sort,
  order,
}: AllowlistSearch): Record<string, string> => ({
  ...(text === undefined ? {} : { text }),
  ...(status === undefined ? {} : { state: status }),
  ...(use === 'expiring' ? { expiresWithinDays: '30' } : {}),
  ...(use === 'unused' ? { unmatchedDays: '60' } : {}),
  ...(audience === undefined ? {} : { audience }),
  ...(sort === undefined ? {} : { sort }),
  ...(order === undefined ? {} : { order }),
})

/** One page of the entries that the address filters and orders; their use is read anew every half a minute. */
export const entriesPageQuery = (practice: string, search: AllowlistSearch) =>
  queryOptions({
    queryKey: topicKey(practice, 'ip-entries', filtersOf(search), search.after ?? ''),
    queryFn: () =>
      parseResponse(
        one['ip-entries'].$get({
          param: { practice },
          query: {
            ...filtersOf(search),
            limit: String(pageSize),
            ...(search.after === undefined ? {} : { cursor: search.after }),
          },
        }),
      ),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  })

/** What a range would be stored as, how large it is, and what it lies upon. */
export const lookQuery = (practice: string, range: string, id: string | null) =>
  queryOptions({
    queryKey: topicKey(practice, 'ip-entries', 'look', range, id),
    queryFn: () =>
      parseResponse(
        one['ip-entries'].look.$get({
          param: { practice },
          query: { range, ...(id === null ? {} : { id }) },
        }),
      ),
    enabled: range.trim() !== '',
    placeholderData: keepPreviousData,
  })

/** Networks that several people came from, most people first. */
export const addressCardsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'ip-entries', 'cards'),
    queryFn: () => parseResponse(one['address-cards'].$get({ param: { practice } })),
    refetchInterval: 60_000,
  })

/** Heartbeats, oldest first. */
export const heartbeatsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'ip-entries', 'heartbeats'),
    queryFn: () => parseResponse(one.heartbeats.$get({ param: { practice } })),
    refetchInterval: 60_000,
  })
