/**
 * The outbox: what gateways must hear of, written in the transaction of the change.
 *
 * A row names a key, not its content: the publisher builds the record from what is committed when it gets there,
 * so a crash in between costs nothing and the newest state wins. The row's number is what a change's progress is
 * followed by (`publish-state.ts`). Publishing from the request was refused: a change that is saved but never
 * told would be a hole.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Tx } from './database.ts'

const announce = async (
  tx: Tx,
  kind: 'policy' | 'members' | 'session' | 'canary',
  part: string,
  at: Instant,
): Promise<number> => {
  const row = await tx
    .insertInto('outbox')
    .values({ kind, part, saved_at: at })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** Says that the policy of `practice` must be published (again); the number to follow it by. */
export const announcePolicy = (tx: Tx, practice: string, at: Instant): Promise<number> =>
  announce(tx, 'policy', practice, at)

/** Says that members of `practice` changed and raises its members version; the number to follow it by. */
export async function announceMembers(
  tx: Tx,
  practice: string,
  at: Instant,
): Promise<{ readonly version: number; readonly announced: number }> {
  const row = await tx
    .updateTable('practice')
    .set((eb) => ({ members_version: eb('members_version', '+', 1) }))
    .where('id', '=', practice)
    .returning('members_version')
    .executeTakeFirstOrThrow()
  return { version: row.members_version, announced: await announce(tx, 'members', practice, at) }
}

/** Says that a session, by its token's hash, is new or changed; the number to follow it by. */
export const announceSession = (tx: Tx, tokenHash: string, at: Instant): Promise<number> =>
  announce(tx, 'session', tokenHash, at)

/** Says that a round of the canary has begun; the number to follow it by. */
export const announceCanary = (tx: Tx, round: number, at: Instant): Promise<number> =>
  announce(tx, 'canary', String(round), at)
