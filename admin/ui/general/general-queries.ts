/**
 * What General Settings asks beside the controls: what became of changes that waited for their time.
 *
 * The controls, the presets and what waits are asked for the whole console (`queries.ts`). Invariant: kept under the
 * practice, as every answer about one is.
 */
import { queryOptions } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { type General, topicKey } from '../queries.ts'

/** A change that waits for its time, or waited. */
export type Scheduled = General['scheduled'][number]

/** What became of the last twenty; asked anew with each revision, since one that starts makes one. */
export const settledQuery = (practice: string, revision: number) =>
  queryOptions({
    queryKey: topicKey(practice, 'scheduled', revision),
    queryFn: () =>
      parseResponse(api.practices[':practice']['scheduled-changes'].$get({ param: { practice } })),
    select: ({ settled }) => settled,
  })
