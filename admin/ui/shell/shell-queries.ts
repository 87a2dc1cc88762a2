/**
 * What the shell asks beside the screens: emergency access in use, networks by name.
 *
 * The other questions are `queries.ts`'s. Invariant: keys begin with `['practice', id, topic]` as theirs do.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** The switch of emergency access and its uses; asked again every minute, since a use ends by itself. */
export const emergencyQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'emergency-access'),
    queryFn: () => parseResponse(one['emergency-access'].$get({ param: { practice } })),
    refetchInterval: 60_000,
  })

/** The first few entries of the allowlist that mention `text`. */
export const foundEntriesQuery = (practice: string, text: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'ip-entries', 'found', text),
    queryFn: () =>
      parseResponse(one['ip-entries'].$get({ param: { practice }, query: { text, limit: '5' } })),
    placeholderData: keepPreviousData,
  })
