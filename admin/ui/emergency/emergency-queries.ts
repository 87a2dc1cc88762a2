/**
 * What the screen of emergency access asks: its uses with the switch, and how long ago each way in was tried.
 *
 * Sealed codes are one's own account's (`meQuery`). Invariant: what concerns the practice is kept under its key, so that a
 * live message makes it stale.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** The switch and the uses, newest first. */
export type Emergency = InferResponseType<(typeof one)['emergency-access']['$get'], 200>
/** One use. */
export type EmergencyUse = Emergency['uses'][number]

/** The switch and the uses. */
export const emergencyQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'emergency'),
    queryFn: () => parseResponse(one['emergency-access'].$get({ param: { practice } })),
    refetchInterval: 60_000,
  })
