/**
 * What Roles & permissions asks beside the roles themselves: the catalogue, a preview, one person, the route table, a
 * proposed one.
 *
 * The roles are `queries.ts`'s, since other screens ask for them too. Invariant: keys begin with `roles` below the
 * practice, so that a change of policy or members makes all of it stale; a preview is kept by what it is of.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** A permission of the catalogue. */
export type Permission = InferResponseType<typeof api.permissions.$get, 200>['permissions'][number]
/** What other grants would come to. */
export type Preview = InferResponseType<(typeof one.roles)[':role']['preview']['$post'], 200>
/** What one person may do, with reasons. */
export type Held = InferResponseType<(typeof one.users)[':user']['permissions']['$get'], 200>
/** A permission as one person has it, or not. */
export type HeldPermission = Held['permissions'][number]
/** The route table with what no route maps. */
export type RouteTable = InferResponseType<typeof one.routes.$get, 200>
/** A route table proposed from what people did. */
export type Proposal = InferResponseType<(typeof one)['route-proposal']['$get'], 200>
/** One of its lines. */
export type ProposedPlace = Proposal['places'][number]
/** What a file of roles would do, or did. */
export type ImportedRoles = InferResponseType<(typeof one.roles)['import']['$post'], 200>

/** Every permission there is; it changes with a release only. */
export const catalogueQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: () => parseResponse(api.permissions.$get()),
  staleTime: Number.POSITIVE_INFINITY,
})

/** What `permissions` would come to as the grants of `role`. */
export const previewQuery = (practice: string, role: string, permissions: readonly string[]) =>
  queryOptions({
    queryKey: topicKey(practice, 'roles', 'preview', role, permissions),
    queryFn: () =>
      parseResponse(
        one.roles[':role'].preview.$post({
          param: { practice, role },
          json: { permissions: [...permissions] },
        }),
      ),
    placeholderData: keepPreviousData,
  })

/** What a person may do and why. */
export const heldQuery = (practice: string, user: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'roles', 'person', user),
    queryFn: () => parseResponse(one.users[':user'].permissions.$get({ param: { practice, user } })),
  })

/** The route table as configured, and unmapped routes of real traffic. */
export const routesQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'roles', 'routes'),
    queryFn: () => parseResponse(one.routes.$get({ param: { practice } })),
    staleTime: 60_000,
  })

/** Routes proposed from what people did. */
export const proposalQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'roles', 'proposal'),
    queryFn: () => parseResponse(one['route-proposal'].$get({ param: { practice } })),
    staleTime: 60_000,
  })
