/**
 * What Users asks: a page of members, one member.
 *
 * The first few for choosing somebody are `queries.ts`'s. Invariant: keys begin with `users` below the practice; a page is
 * kept by filters and cursor, so that going back shows it at once.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** Which members; absent: any. `after`: the cursor of the page before. */
export type MemberFilters = {
  readonly text?: string | undefined
  readonly role?: string | undefined
  readonly state?: 'active' | 'suspended' | undefined
  readonly practices?: 'several' | undefined
  readonly after?: string | undefined
}

/** What a file of people would do. */
export type PeoplePlan = InferResponseType<typeof one.users.import.preview.$post, 200>

const pageSize = 100

/** A page of members. */
export const memberPageQuery = (practice: string, { after, ...filters }: MemberFilters) => {
  const query = Object.fromEntries(
    Object.entries({ ...filters, cursor: after, limit: String(pageSize) }).filter(
      (field): field is [string, string] => field[1] !== undefined && field[1] !== '',
    ),
  )
  return queryOptions({
    queryKey: topicKey(practice, 'users', 'page', query),
    queryFn: () => parseResponse(one.users.$get({ param: { practice }, query })),
    placeholderData: keepPreviousData,
  })
}

/** One member with the members version; no member: the list is empty. */
export const memberQuery = (practice: string, user: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'users', 'one', user),
    queryFn: () => parseResponse(one.users.$get({ param: { practice }, query: { user, limit: '1' } })),
  })
