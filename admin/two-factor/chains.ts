/**
 * What somebody did with their own second factor, as an event in the chain of every practice they belong to.
 *
 * It changes nothing itself and takes no secret: neither keys nor codes are ever passed to it. Invariant: the chains
 * are appended to in the order of their ids, last in a transaction, so that two people never wait for each other in a
 * circle. One chain only was refused: each practice must see what guards its own doors.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'

/** Who did it to their own factor, when and from where. */
export type FactorDeed = {
  readonly user: string
  readonly name: string
  readonly address: string
  readonly at: Instant
}

/** The ids of all practices that a user is a member of, in order. */
export async function listPracticesOf(rows: Rows, user: string): Promise<readonly string[]> {
  const found = await rows
    .selectFrom('membership')
    .select('practice')
    .where('user_id', '=', user)
    .orderBy('practice')
    .execute()
  return found.map(({ practice }) => practice)
}

/** Appends the event to the chain of every practice of the user; call it last in the transaction. */
export async function noteEverywhere(
  tx: Tx,
  deed: FactorDeed,
  action: string,
  after: unknown,
  before: unknown = null,
): Promise<void> {
  const person = { id: deed.user, name: deed.name }
  for (const practice of await listPracticesOf(tx, deed.user))
    await appendEvent(tx, {
      practice,
      at: deed.at,
      actor: { kind: 'user', ...person },
      origin: 'ui',
      action,
      target: { kind: 'user', ...person },
      before,
      after,
      address: deed.address,
    })
}
