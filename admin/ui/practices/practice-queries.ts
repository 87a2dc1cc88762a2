/**
 * What the operators' screen of practices asks: all of them, what one of them has, how it is recognised, what retiring it
 * would end, and which are retired.
 *
 * Which one the page is about is the shell's. Invariant: kept apart from what concerns one practice, since no live message
 * names it; asked again after each change made here and every minute.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'

/** A practice in the list of all. */
export type PracticeLine = InferResponseType<typeof api.practices.$get, 200>['practices'][number]

/** A practice that was retired. */
export type RetiredLine = InferResponseType<
  (typeof api)['retired-practices']['$get'],
  200
>['practices'][number]

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

/** How requests of a practice are recognised, as configured. */
export const sourcesQuery = (practice: string) =>
  queryOptions({
    queryKey: ['practices', practice, 'sources'],
    queryFn: () => parseResponse(one.sources.$get({ param: { practice } })),
  })

/** What retiring a practice would end, counted when it is asked. */
export const retirementQuery = (practice: string) =>
  queryOptions({
    queryKey: ['practices', practice, 'retirement'],
    queryFn: () => parseResponse(one.retirement.$get({ param: { practice } })),
    staleTime: 0,
  })

/** Practices that were retired, the last one first. */
export const retiredQuery = queryOptions({
  queryKey: ['practices', 'retired'],
  queryFn: () => parseResponse(api['retired-practices'].$get()),
  staleTime: 60_000,
})
