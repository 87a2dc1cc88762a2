/**
 * What a review asks before anything is saved: whom a change would refuse and let in, and who saved in between.
 *
 * It saves nothing. Invariant: an answer belongs to one draft over one revision; another revision is another question, so
 * that nobody applies what was looked at over older settings.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferRequestType, type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** A change that is looked at before it is saved. */
export type Draft = InferRequestType<typeof one.impact.$post>['json']
/** What it would do. */
export type Forecast = InferResponseType<typeof one.impact.$post, 200>
/** Whom it would refuse or let in, as far as that can be said. */
export type Impact = NonNullable<Forecast['recorded']>
/** Somebody it would refuse or let in, with the networks they come from. */
export type ImpactLine = Impact['refused'][number]

const freshMs = 20_000

/** What `draft` would do over `revision`. Who is signed in changes by itself, so an answer is fresh for 20 s. */
export const forecastQuery = (practice: string, revision: number, draft: Draft) =>
  queryOptions({
    queryKey: topicKey(practice, 'forecast', revision, draft),
    queryFn: () => parseResponse(one.impact.$post({ param: { practice }, json: draft })),
    staleTime: freshMs,
    gcTime: freshMs,
  })

/** Who saved `revision`, and when, if it is among the newest changes; `null`: it is not. */
export const savedByQuery = (practice: string, revision: number) =>
  queryOptions({
    queryKey: topicKey(practice, 'security-events', 'saved-by', revision),
    queryFn: async () => {
      const { events } = await parseResponse(
        one['security-events'].$get({ param: { practice }, query: { limit: '20' } }),
      )
      const found = events.find((event) => event.revision === revision)
      return found === undefined ? null : { name: found.actor.name, at: found.at }
    },
  })
