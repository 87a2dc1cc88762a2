/**
 * What keeps events from being forgotten although they have been kept their time: a stream that has not got them.
 *
 * It forgets nothing (`event-retention.ts` does). Invariant: it is waited for 30 days from when that was first noticed,
 * with an event, and no longer: whoever owns a receiver must not decide how long a practice's record is kept. Waiting for
 * ever was refused for that, and not waiting at all because a receiver that was down for a day would miss events for good.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { eventOf, ownDeed } from '../deed.ts'
import type { Rows, Tx } from './database.ts'
import { appendEvent, gatewayChain } from './events.ts'

/** A stream that events go out on. `practices`: whose. */
export type Outlet = { readonly name: string; readonly practices: readonly string[] | 'all' }

/** Streams of this chain that have not got what is up to `seq`, by name. */
export async function listLagging(
  rows: Rows,
  practice: string,
  seq: number,
  streams: readonly Outlet[],
): Promise<readonly string[]> {
  const names = streams
    .filter(({ practices }) => practices === 'all' || practices.includes(practice))
    .map(({ name }) => name)
  if (names.length === 0) return []
  const delivered = await rows
    .selectFrom('event_stream_cursor')
    .select('stream')
    .where('practice', '=', practice)
    .where('stream', 'in', names)
    .where('seq', '>=', seq)
    .execute()
  const done = new Set(delivered.map(({ stream }) => stream))
  return names.filter((name) => !done.has(name))
}

const waitMaxMs: DurationMs = 30 * 86_400_000

/**
 * Whether forgetting waits for these streams (none: it does not), noted from when on. The caller holds the chain and may
 * append to it.
 */
export async function waitsFor(
  tx: Tx,
  practice: string,
  lagging: readonly string[],
  at: Instant,
): Promise<boolean> {
  const known = await tx
    .selectFrom('event_forgetting_wait')
    .select('since')
    .where('practice', '=', practice)
    .executeTakeFirst()
  if (lagging.length === 0) {
    if (known !== undefined)
      await tx.deleteFrom('event_forgetting_wait').where('practice', '=', practice).execute()
    return false
  }
  if (known !== undefined) return Math.abs(at - known.since) < waitMaxMs
  await tx.insertInto('event_forgetting_wait').values({ practice, since: at }).execute()
  await appendEvent(tx, {
    ...eventOf(ownDeed(at)),
    practice: practice === gatewayChain ? null : practice,
    action: 'events.forgetting-waits',
    target: null,
    before: null,
    after: { streams: [...lagging], until: new Date(at + waitMaxMs).toISOString() },
  })
  return true
}
