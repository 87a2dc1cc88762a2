/**
 * What Active users asks: a page of people with live sessions, one of them, what happened to them lately.
 *
 * Invariant: keys begin with `active-users` below the practice, so that a live message makes lists and drawer stale
 * together; a person's history is a topic of the events.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']
const pageSize = 100
const historyMax = 20

/** Ways to sign in that can be filtered by. */
export const signIns = [
  'app-password',
  'app-callback',
  'own-password',
  'own-passkey',
  'own-oidc',
  'trusted-header',
  'token',
  'adopted',
] as const
/** Second factors that can be filtered by. */
export const factorFilters = [
  'none',
  'any',
  'passkey',
  'totp',
  'sms',
  'recovery-code',
  'app',
  'google',
] as const

/** Who is looked for, as the address has it; absent: anybody. `idle`: minutes without traffic. */
export type ActiveFilters = {
  readonly text?: string | undefined
  readonly method?: (typeof signIns)[number] | undefined
  readonly factor?: (typeof factorFilters)[number] | undefined
  readonly practices?: 'several' | undefined
  readonly idle?: '15' | '60' | '240' | undefined
  readonly held?: 'yes' | undefined
  readonly after?: string | undefined
}

/** A page of people with live sessions. */
export const activePageQuery = (practice: string, { after, idle, ...filters }: ActiveFilters) => {
  const idleMs = idle === undefined ? undefined : String(Number(idle) * 60_000)
  const query = Object.fromEntries(
    Object.entries({ ...filters, idleMs, cursor: after, limit: String(pageSize) }).filter(
      (field): field is [string, string] => field[1] !== undefined && field[1] !== '',
    ),
  )
  return queryOptions({
    queryKey: topicKey(practice, 'active-users', 'page', query),
    queryFn: () => parseResponse(one['active-users'].$get({ param: { practice }, query })),
    placeholderData: keepPreviousData,
  })
}

/** One person with all their live sessions; without one: the list is empty. */
export const activeUserQuery = (practice: string, user: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'active-users', 'one', user),
    queryFn: () => parseResponse(one['active-users'].$get({ param: { practice }, query: { user } })),
  })

/** What was last done to a person, newest first. */
export const historyQuery = (practice: string, user: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'security-events', 'of', user),
    queryFn: () =>
      parseResponse(
        one['security-events'].$get({
          param: { practice },
          query: { target: user, limit: String(historyMax) },
        }),
      ),
  })
