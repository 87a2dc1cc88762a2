/**
 * What the operators' screen of practices asks: all of them, and what one of them has.
 *
 * Which one the page is about is the shell's. Invariant: kept apart from what concerns one practice, since no live message
 * names it; asked again after each change made here and every minute.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'

/** A practice in the list of all. */
export type PracticeLine = InferResponseType<typeof api.practices.$get, 200>['practices'][number]

const one = api.practices[':practice']

/** All practices, by name. */
export const practicesQuery = queryOptions({
  queryKey: ['practices'],
  queryFn: () => parseResponse(api.practices.$get()),
  refetchInterval: 60_000,
})

/** Which controls a practice has. */
export const featuresQuery = (practice: string) =>
  queryOptions({
    queryKey: ['practices', practice, 'features'],
    queryFn: () => parseResponse(one.features.$get({ param: { practice } })),
  })
