/**
 * How often a code may be tried: five times a visit, ten times a person over all visits, then after growing pauses.
 *
 * It compares no code. Invariant: a try is taken and committed before anything is compared, so that parallel guesses
 * cannot share one; whoever has no visit (and so no password) can take nobody's tries. Counting by address was
 * refused: guesses come from many, and a whole office from one.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows, Store, Tx } from '../store/database.ts'

/** A try taken, with how many this visit has left; or from when there is one; or that the visit has none any more. */
export type Taken =
  | { readonly outcome: 'taken'; readonly triesLeft: number }
  | { readonly outcome: 'wait'; readonly until: Instant }
  | { readonly outcome: 'over' }

const visitTriesMax = 5
const freeTriesMax = 10
const pauseMs: DurationMs = 60_000
/** The longest pause. */
export const pauseMaxMs: DurationMs = 900_000
/** After a day without a try the count starts anew; a success ends it at once. */
const forgottenMs: DurationMs = 86_400_000

/** One more try of the user, if it is not too early; the instant from when there is one otherwise. */
async function takeOfUser(tx: Tx, user: string, at: Instant): Promise<Instant | null> {
  const count = sql<number>`case when factor_tries.last_at <= ${at - forgottenMs} then 1 else factor_tries.count + 1 end`
  // Without a pause nothing is waited for, not even until now: another control plane's clock may be a little behind.
  const freeAt = sql<number>`case when ${count} < ${freeTriesMax} then 0
    else ${at} + least(${pauseMaxMs}::bigint, ${pauseMs}::bigint * (2 ^ least(${count} - ${freeTriesMax}, 10))::bigint) end`
  const taken = await tx
    .insertInto('factor_tries')
    .values({ user_id: user, count: 1, last_at: at, free_at: 0 })
    .onConflict((oc) =>
      oc
        .column('user_id')
        .doUpdateSet({ count, last_at: at, free_at: freeAt })
        // Nobody waits longer than the longest pause: such a time was noted under a clock that has been put right.
        .where((eb) =>
          eb.or([eb('factor_tries.free_at', '<=', at), eb('factor_tries.free_at', '>', at + pauseMaxMs)]),
        ),
    )
    .returning('count')
    .executeTakeFirst()
  if (taken !== undefined) return null
  return findFreeAt(tx, user, at)
}

/** From when a user may try a code again whose tries are spent; `null`: now. */
export async function findFreeAt(rows: Rows, user: string, at: Instant): Promise<Instant | null> {
  const row = await rows
    .selectFrom('factor_tries')
    .select('free_at')
    .where('user_id', '=', user)
    .where('free_at', '>', at)
    .where('free_at', '<=', at + pauseMaxMs)
    .executeTakeFirst()
  return row?.free_at ?? null
}

/** Takes one try of a visit and of its user; committed when it answers. */
export function takeTry(
  store: Store,
  visit: { readonly id: string; readonly user: string },
  at: Instant,
): Promise<Taken> {
  return store.transaction(async (tx) => {
    const row = await tx
      .updateTable('factor_visit')
      .set((eb) => ({ tries: eb('tries', '+', 1) }))
      .where('id', '=', visit.id)
      .where('user_id', '=', visit.user)
      .where('ends_at', '>', at)
      .where('tries', '<', visitTriesMax)
      .returning('tries')
      .executeTakeFirst()
    if (row === undefined) return { outcome: 'over' }
    const until = await takeOfUser(tx, visit.user, at)
    if (until === null) return { outcome: 'taken', triesLeft: visitTriesMax - row.tries }
    // Too early costs no try of the visit.
    await tx
      .updateTable('factor_visit')
      .set((eb) => ({ tries: eb('tries', '-', 1) }))
      .where('id', '=', visit.id)
      .execute()
    return { outcome: 'wait', until }
  })
}

/** Forgets what a user has tried in vain: a right code came. */
export async function clearTries(tx: Tx, user: string): Promise<void> {
  await tx.deleteFrom('factor_tries').where('user_id', '=', user).execute()
}
