/**
 * What the screen of service tokens asks: the tokens, and the routes and permissions that one can be given.
 *
 * Making and revoking is the dialogs'. Invariant: no answer kept here carries a token; the one that does is never kept.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** A service token as it is listed. */
export type ServiceToken = InferResponseType<(typeof one)['tokens']['$get'], 200>['tokens'][number]

/** All tokens of the practice, newest first. */
export const tokensQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'tokens'),
    queryFn: () => parseResponse(one.tokens.$get({ param: { practice } })),
  })

/** The configured routes; configuration changes with a restart, not while the page is open. */
export const routesQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'routes'),
    queryFn: () => parseResponse(one.routes.$get({ param: { practice } })),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** The permissions there are. */
export const permissionsQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: () => parseResponse(api.permissions.$get()),
  staleTime: Number.POSITIVE_INFINITY,
})
