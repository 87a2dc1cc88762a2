/**
 * The question of the simulation, and the routes that can be asked about.
 *
 * The API decides, with the gates that gateways run. Invariant: kept under the practice's policy topics, so that a saved
 * change is asked about anew.
 */
import { queryOptions } from '@tanstack/react-query'
import { type InferRequestType, type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** A simulation's answer. */
export type Simulation = InferResponseType<typeof one.simulate.$post, 200>
/** What somebody would meet, as saved or as drafted. */
export type Verdict = Simulation['saved']
/** What is asked. */
export type Question = InferRequestType<typeof one.simulate.$post>['json']

/** What somebody would meet. */
export const simulateQuery = (practice: string, question: Question) =>
  queryOptions({
    queryKey: topicKey(practice, 'time-preview', 'simulate', question),
    queryFn: () => parseResponse(one.simulate.$post({ param: { practice }, json: question })),
    retry: false,
  })

/** The route table of the configuration. */
export const routesQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'roles', 'routes'),
    queryFn: () => parseResponse(one.routes.$get({ param: { practice } })),
    staleTime: 300_000,
  })
