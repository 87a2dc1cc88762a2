/**
 * What speaks for the network of a pending request: who else of the practice was let in from there.
 *
 * A hint and no rule: nothing is decided by it. Invariant: only sessions that were let in count (a thief's held ones would
 * vouch for each other), only of other members, only of the last 30 days.
 */
import { sql } from 'kysely'
import { parseAddress, parseRange, rangeContains } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'

/** Colleagues seen on a request's network. */
export type Colleagues = { readonly count: number; readonly names: readonly string[] }

const seenMs: DurationMs = 30 * 86_400_000
const seenMax = 20_000

/** A request to look around for. `network`: CIDR text. */
export type Asking = { readonly id: string; readonly user: string; readonly network: string }

/** Where members of a practice were let in from, each address of each once; at most 20,000. */
async function listSeen(rows: Rows, practice: string, at: Instant) {
  const { rows: found } = await sql<{ user: string; address: string }>`
    select s.user_id as user, a.address from session s
    join membership m on m.user_id = s.user_id and m.practice = ${practice}
    cross join lateral (values (s.address_first), (s.address_last)) a (address)
    where not s.held and s.last_seen_at > ${at - seenMs}
    group by 1, 2 limit ${seenMax}`.execute(rows)
  return found.flatMap(({ user, address: text }) => {
    const address = parseAddress(text)
    return address === null ? [] : [{ user, address }]
  })
}

/** Colleagues by request id, for those of `asking` that have any; names in order, three at most. */
export async function findColleagues(
  rows: Rows,
  practice: string,
  asking: readonly Asking[],
  people: ReadonlyMap<string, { readonly name: string }>,
  at: Instant,
): Promise<ReadonlyMap<string, Colleagues>> {
  if (asking.length === 0) return new Map()
  // Where members were, once: not a look at every member's sessions for each request.
  const seen = await listSeen(rows, practice, at)
  const found = new Map<string, Colleagues>()
  for (const { id, user, network } of asking) {
    const range = parseRange(network)?.range
    if (range === undefined) continue
    const there = seen.filter((one) => one.user !== user && rangeContains(range, one.address))
    const users = new Set(there.map((one) => one.user))
    if (users.size === 0) continue
    const names = [...users].flatMap((one) => people.get(one)?.name ?? []).sort()
    found.set(id, { count: users.size, names: [...new Set(names)].slice(0, 3) })
  }
  return found
}
