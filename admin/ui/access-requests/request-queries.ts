/**
 * What the access requests ask besides the list: counts for the chart.
 *
 * The list and how many wait are `queries.ts`'s, since the shell shows them too. Invariant: counts are under the practice's
 * key, so that a decision anywhere renews them.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

/** How many asked and waited, step by step. */
export const requestCountsQuery = (practice: string, from: number, to: number) =>
  queryOptions({
    queryKey: topicKey(practice, 'access-requests', 'counts', from, to),
    queryFn: () =>
      parseResponse(
        api.practices[':practice']['access-requests'].counts.$get({
          param: { practice },
          query: { from: String(from), to: String(to) },
        }),
      ),
    placeholderData: keepPreviousData,
  })
