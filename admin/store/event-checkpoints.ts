/**
 * Signed checkpoints of the audit chains: made of heads that moved, and read in the order in which they were made.
 *
 * Where they go beside the database is `admin/events/checkpoint-file.ts` and `admin/events/event-stream.ts`. Invariant: their numbers
 * appear in the order of their commits, so that whoever has seen one has seen all before it; without the lock below two
 * control planes could make them otherwise, and a reader would miss the slower one's.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Signer } from '../../runtime/signing.ts'
import type { Rows, Store } from './database.ts'
import { type Checkpoint, checkpointText } from './event-link.ts'

/** A checkpoint with its place among all of them. */
export type NumberedCheckpoint = Checkpoint & { readonly number: number }

const pointsMax = 500
/** A chain that grows fast gets its checkpoint earlier. */
const eventsMax = 1_000

/**
 * Signs heads that moved since their last checkpoint, if that is `everyMs` old (or the clock went back) or 1,000 events
 * ago; at most 500 at a time. Answers how many.
 */
export function writeCheckpoints(
  store: Store,
  signer: Signer,
  at: Instant,
  everyMs: DurationMs = 0,
): Promise<number> {
  return store.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('event-checkpoints', 4249))`.execute(tx)
    const moved = await tx
      .selectFrom('event_head')
      .selectAll()
      .whereRef('seq', '>', 'checkpoint_seq')
      .where((eb) =>
        eb.or([
          eb('checkpoint_at', '<=', at - everyMs),
          eb('checkpoint_at', '>', at),
          eb('seq', '>=', eb('checkpoint_seq', '+', eventsMax)),
        ]),
      )
      .orderBy('practice')
      .limit(pointsMax)
      .forUpdate()
      .execute()
    for (const { practice, seq, hash } of moved) {
      const point = { practice, seq, hash, at }
      const signature = signer.sign(checkpointText(point))
      await tx
        .insertInto('event_checkpoint')
        .values({ ...point, signature })
        .execute()
      await tx
        .updateTable('event_head')
        .set({ checkpoint_seq: seq, checkpoint_at: at })
        .where('practice', '=', practice)
        .execute()
    }
    return moved.length
  })
}

/** Checkpoints after `number`, in the order in which they were made, at most `countMax`. */
export const listCheckpoints = (
  rows: Rows,
  number: number,
  countMax: number,
): Promise<readonly NumberedCheckpoint[]> =>
  rows
    .selectFrom('event_checkpoint')
    .selectAll()
    .where('number', '>', number)
    .orderBy('number')
    .limit(countMax)
    .execute()

/** The newest checkpoint of each chain, in the order in which they were made. */
export const listNewestCheckpoints = (rows: Rows): Promise<readonly NumberedCheckpoint[]> =>
  rows
    .selectFrom('event_checkpoint as c')
    .innerJoin('event_head as h', (join) =>
      join.onRef('h.practice', '=', 'c.practice').onRef('h.checkpoint_seq', '=', 'c.seq'),
    )
    .selectAll('c')
    .orderBy('c.number')
    .execute()
