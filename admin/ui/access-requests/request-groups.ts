/**
 * Puts requests together that are decided together: those from one network, or those of one person.
 *
 * It draws nothing. Invariant: nobody is dropped, the order within and of groups is that of the list, and requests for
 * hours are no network's.
 */
import type { AccessRequest } from '../queries.ts'

/** How requests are put together; `undefined`: each by itself. */
export type Grouping = 'network' | 'person'

/** Requests that belong together; `network`: the one they share. */
export type Group = {
  readonly key: string
  readonly title: string
  readonly network: string | null
  readonly requests: readonly AccessRequest[]
}

const keyOf = (request: AccessRequest, grouping: Grouping | undefined): string => {
  if (grouping === 'person') return `person ${request.user.id}`
  if (grouping === undefined) return ''
  return request.kind === 'ip' ? `network ${request.network}` : 'hours'
}

const titleOf = (request: AccessRequest, grouping: Grouping | undefined): string => {
  if (grouping === 'person') return request.user.name
  return request.kind === 'ip' ? request.network : 'Outside their hours'
}

/** The groups, in the order of their first requests. */
export function groupsOf(
  requests: readonly AccessRequest[],
  grouping: Grouping | undefined,
): readonly Group[] {
  const groups = Map.groupBy(requests, (request) => keyOf(request, grouping))
  return [...groups].flatMap(([key, members]) => {
    const [first] = members
    if (first === undefined) return []
    const network = grouping === 'network' && first.kind === 'ip' ? first.network : null
    return [
      { key, title: grouping === undefined ? '' : titleOf(first, grouping), network, requests: members },
    ]
  })
}

/** How many of `requests` come from the network of each, by network. */
export const countsByNetwork = (requests: readonly AccessRequest[]): ReadonlyMap<string, number> =>
  new Map(
    [
      ...Map.groupBy(
        requests.filter(({ kind }) => kind === 'ip'),
        ({ network }) => network,
      ),
    ].map(([network, members]) => [network, members.length]),
  )
