/**
 * What the screen of notifications asks: the practice's choice, and how its webhooks fared.
 *
 * Saving is the screen's. Invariant: the choice comes with the version that an edit of it must name.
 */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** The choice, with everything there is to choose from. */
export type Notifications = InferResponseType<typeof one.notifications.$get, 200>
/** Something that can be told. */
export type Topic = Notifications['topics'][number]
/** How one message to a webhook fared. */
export type Delivery = InferResponseType<
  (typeof one)['webhook-deliveries']['$get'],
  200
>['deliveries'][number]

/** The choice. */
export const notificationsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'notifications'),
    queryFn: () => parseResponse(one.notifications.$get({ param: { practice } })),
  })

/** Deliveries of thirty days, newest first; asked again while one waits. */
export const deliveriesQuery = (practice: string) =>
  infiniteQueryOptions({
    queryKey: topicKey(practice, 'webhook-deliveries'),
    queryFn: ({ pageParam }) =>
      parseResponse(
        one['webhook-deliveries'].$get({
          param: { practice },
          query: { limit: '50', ...(pageParam === '' ? {} : { cursor: pageParam }) },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.deliveries.some((one) => one.state === 'waiting')) === true
        ? 5_000
        : 60_000,
  })
