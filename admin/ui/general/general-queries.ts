/**
 * What General Settings asks beside the controls: changes that wait for their time, and what became of earlier ones.
 *
 * The controls and the presets are asked for the whole console (`queries.ts`). Invariant: kept under the practice, as
 * every answer about one is.
 */
import { queryOptions } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { type General, topicKey } from '../queries.ts'

/** A change that waits for its time, or waited. */
export type Scheduled = General['scheduled'][number]

/** What waits, the next one first, and the last twenty that do not wait any more. */
export const scheduleQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'scheduled'),
    queryFn: () =>
      parseResponse(api.practices[':practice']['scheduled-changes'].$get({ param: { practice } })),
  })
