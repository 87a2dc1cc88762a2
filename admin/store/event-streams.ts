/**
 * Where each stream of security events stands: which chains have something for it, who sends now, what was taken.
 *
 * It sends nothing (`admin/events/event-stream.ts` does). Invariant: a cursor moves only after the receiver took what is before
 * it, so that nothing is left out; something may come twice. A global order of all events was refused: chains have their
 * own, and one number for all would be one lock for all.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows, Store } from './database.ts'

/** A chain with events or a checkpoint that a stream has not got. */
export type Waiting = {
  readonly practice: string
  readonly seq: number
  readonly checkpointSeq: number
}

/**
 * Takes the right to send on a stream for `leaseMs`; `false`: another control plane has it, or it is to wait after a
 * failure. A clock that went back frees what seems taken for longer than that.
 */
export async function leaseStream(
  store: Store,
  name: string,
  at: Instant,
  leaseMs: DurationMs,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    await tx
      .insertInto('event_stream')
      .values({ name })
      .onConflict((oc) => oc.doNothing())
      .execute()
    const taken = await tx
      .updateTable('event_stream')
      .set({ leased_until: at + leaseMs })
      .where('name', '=', name)
      .where((eb) => eb.or([eb('leased_until', '<=', at), eb('leased_until', '>', at + leaseMs)]))
      .where((eb) => eb.or([eb('next_try_at', '<=', at), eb('next_try_at', '>', at + pauseMaxMs)]))
      .returning('name')
      .executeTakeFirst()
    return taken !== undefined
  })
}

/** Goes on holding the right to send. */
export async function keepStream(rows: Rows, name: string, until: Instant): Promise<void> {
  await rows.updateTable('event_stream').set({ leased_until: until }).where('name', '=', name).execute()
}

/** The longest pause after failures. */
export const pauseMaxMs: DurationMs = 300_000

/** Gives the right to send back, after success (`error: null`) or a failure, and answers how many failures in a row. */
export async function releaseStream(
  store: Store,
  name: string,
  at: Instant,
  error: string | null,
): Promise<number> {
  return store.transaction(async (tx) => {
    const row = await tx
      .selectFrom('event_stream')
      .select('failures')
      .where('name', '=', name)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const failures = error === null ? 0 : row.failures + 1
    const pause = error === null ? 0 : Math.min(pauseMaxMs, 1_000 * 2 ** Math.min(failures, 20))
    await tx
      .updateTable('event_stream')
      .set({
        ...{ leased_until: 0, failures, next_try_at: error === null ? 0 : at + pause, last_error: error },
        ...(error === null ? { sent_at: at } : {}),
      })
      .where('name', '=', name)
      .execute()
    return failures
  })
}

/**
 * Chains with something for the stream, at most 50, those of `practices` only; whose last message is longest ago first, so
 * that no busy one keeps the others waiting.
 */
export async function listWaiting(
  rows: Rows,
  name: string,
  practices: readonly string[] | 'all',
): Promise<readonly Waiting[]> {
  const found = await rows
    .selectFrom('event_head as h')
    .leftJoin('event_stream_cursor as c', (join) =>
      join.onRef('c.practice', '=', 'h.practice').on('c.stream', '=', name),
    )
    .select((eb) => [
      'h.practice',
      eb.fn.coalesce('c.seq', eb.lit(0)).as('seq'),
      eb.fn.coalesce('c.checkpoint_seq', eb.lit(0)).as('checkpointSeq'),
    ])
    .where((eb) =>
      eb.or([
        eb('h.seq', '>', eb.fn.coalesce('c.seq', eb.lit(0))),
        eb('h.checkpoint_seq', '>', eb.fn.coalesce('c.checkpoint_seq', eb.lit(0))),
      ]),
    )
    .$if(practices !== 'all', (query) =>
      query.where('h.practice', 'in', practices === 'all' ? [] : practices),
    )
    .orderBy(sql`coalesce(c.moved_at, 0)`)
    .orderBy('h.practice')
    .limit(50)
    .execute()
  return found.map(({ practice, seq, checkpointSeq }) => ({
    practice,
    seq: Number(seq),
    checkpointSeq: Number(checkpointSeq),
  }))
}

/** The newest checkpoint of a chain at or before `seq` that is after `after`; `null`: none. */
export async function findCheckpointUpTo(rows: Rows, practice: string, after: number, seq: number) {
  const row = await rows
    .selectFrom('event_checkpoint')
    .select(['practice', 'seq', 'hash', 'at', 'signature'])
    .where('practice', '=', practice)
    .where('seq', '>', after)
    .where('seq', '<=', seq)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ?? null
}

/** Notes what the receiver took, and when. */
export async function moveStream(
  rows: Rows,
  name: string,
  { practice, seq, checkpointSeq }: Waiting,
  at: Instant,
): Promise<void> {
  const moved = { seq, checkpoint_seq: checkpointSeq, moved_at: at }
  await rows
    .insertInto('event_stream_cursor')
    .values({ stream: name, practice, ...moved })
    .onConflict((oc) => oc.columns(['stream', 'practice']).doUpdateSet(moved))
    .execute()
}

/** How far a stream has come with one practice. `lastError`: of its newest try, whichever practice's; `null`: it went well. */
export type StreamStanding = {
  readonly name: string
  readonly takenTo: number
  readonly takenAt: Instant
  readonly lastError: string | null
}

/** The streams that have taken something of a practice, by name. */
export const listStreams = (rows: Rows, practice: string): Promise<readonly StreamStanding[]> =>
  rows
    .selectFrom('event_stream_cursor as c')
    .innerJoin('event_stream as s', 's.name', 'c.stream')
    .select(['s.name', 'c.seq as takenTo', 'c.moved_at as takenAt', 's.last_error as lastError'])
    .where('c.practice', '=', practice)
    .orderBy('s.name')
    .execute()
