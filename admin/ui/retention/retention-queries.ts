/**
 * What the screen of audit and retention asks: how far the chain is checked, signed and streamed, and how long it is kept.
 *
 * The events themselves are another screen's. Invariant: asking for the standing checks nothing anew; a whole check is
 * asked for by its own button.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const events = api.practices[':practice']['security-events']

/** How far the chain was checked, signed and streamed. */
export type Standing = InferResponseType<typeof events.chain.$get, 200>
/** How long events are kept. */
export type Retention = InferResponseType<typeof events.retention.$get, 200>

/** The standing. */
export const standingQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'chain', 'standing'),
    queryFn: () => parseResponse(events.chain.$get({ param: { practice } })),
  })

/** How long events are kept. */
export const retentionQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'retention'),
    queryFn: () => parseResponse(events.retention.$get({ param: { practice } })),
  })
