/**
 * What the operators' screen of own accounts asks: all accounts, and who is in at the admin origin.
 *
 * One's own factor and password are one's own. Invariant: no answer kept here carries a link or a code.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'

/** An own account. */
export type OwnAccount = InferResponseType<typeof api.admins.$get, 200>['accounts'][number]
/** A session of the admin origin. */
export type ConsoleSession = InferResponseType<
  (typeof api)['admin-sessions']['$get'],
  200
>['sessions'][number]
/** What an account may look after. */
export type Reach = OwnAccount['practices']

/** All own accounts, by login. */
export const accountsQuery = queryOptions({
  queryKey: ['admins'],
  queryFn: () => parseResponse(api.admins.$get()),
})

/** Sessions of the admin origin, newest first. */
export const sessionsQuery = queryOptions({
  queryKey: ['admin-sessions'],
  queryFn: () => parseResponse(api['admin-sessions'].$get()),
  refetchInterval: 60_000,
})
