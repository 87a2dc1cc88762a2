/**
 * What 2FA management asks: a page of people with their second factors, and everybody of whom something is missing.
 *
 * Whom it is required of is the control's (`queries.ts`). Invariant: keys begin with `two-factor` below the practice, so
 * that a live message makes all of it stale; the file and the list are asked with the same filters.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { type FactorState, topicKey } from '../queries.ts'

const route = api.practices[':practice']['two-factor']
const dayMs = 86_400_000
const pageSize = 100
const gapsMax = 500

/** Ways to have shown a second factor that can be filtered by. */
export const methods = ['totp', 'passkey', 'sms', 'app', 'google'] as const
/** What the list can be sorted by. */
export const sorts = ['name', 'status', 'deadline', 'verified'] as const

/** Which people, as the address has it; absent: any. `unseen`: nothing shown for so many days. */
export type FactorFilters = {
  readonly text?: string | undefined
  readonly status?: FactorState | undefined
  readonly method?: (typeof methods)[number] | undefined
  readonly gaps?: 'true' | undefined
  readonly unseen?: '30' | '90' | undefined
  readonly sort?: (typeof sorts)[number] | undefined
  readonly order?: 'asc' | 'desc' | undefined
  readonly after?: string | undefined
}

/** The filters as the API takes them. Days are counted from the start of today, so that the question stays the same. */
export function asked({ unseen, after: _, ...filters }: FactorFilters) {
  const verifiedBefore =
    unseen === undefined ? undefined : String(Math.floor(Date.now() / dayMs) * dayMs - Number(unseen) * dayMs)
  return Object.fromEntries(
    Object.entries({ ...filters, verifiedBefore }).filter(
      (field): field is [string, string] => field[1] !== undefined && field[1] !== '',
    ),
  )
}

/** A page of people. */
export const factorPageQuery = (practice: string, filters: FactorFilters) => {
  const query = {
    ...asked(filters),
    ...(filters.after === undefined ? {} : { cursor: filters.after }),
    limit: String(pageSize),
  }
  return queryOptions({
    queryKey: topicKey(practice, 'two-factor', 'page', query),
    queryFn: () => parseResponse(route.$get({ param: { practice }, query })),
    placeholderData: keepPreviousData,
  })
}

/** The people of whom something is missing, at most five hundred; `total` has all. */
export const gapsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'two-factor', 'gaps'),
    queryFn: () =>
      parseResponse(route.$get({ param: { practice }, query: { gaps: 'true', limit: String(gapsMax) } })),
  })

/** The report as a file. */
export const askReport = (practice: string, format: 'csv' | 'json', filters: FactorFilters) =>
  route.report.$get({ param: { practice }, query: { ...asked(filters), format } })
