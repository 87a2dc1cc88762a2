/**
 * A person ends sessions of their own on other devices: one of them, or all but the one they look from.
 *
 * Admins have their own way (`revocations.ts`), and ending this one too is `portal/sign-out-step.ts`. Invariant: only sessions of
 * the person who asks are ended, whatever ids were sent, and never the one they ask from; each ends with what was adopted by
 * its cookie, so that the application's own sign-in there does not bring it back. It asks for no second factor: whoever
 * sees a stranger among their sessions must not be stopped on the way.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Store, Tx } from '../store/database.ts'
import { announceSession } from '../store/outbox.ts'
import { markEnded } from '../store/sessions.ts'
import { type FactorDeed, noteEverywhere } from '../two-factor/chains.ts'
import { endAdopted } from './revocations.ts'
import { lockSessionsOf } from './session-limit.ts'

/** Which: the one of this id, or all of the others. */
export type OwnWish = { readonly only: string } | 'others'

async function endOne(tx: Tx, tokenHash: string, at: Instant): Promise<readonly string[]> {
  const ended = await markEnded(tx, tokenHash, 'revoked', at)
  if (ended === null) return []
  await announceSession(tx, tokenHash, at)
  return [ended.id, ...(await endAdopted(tx, ended, 'revoked', at))]
}

/**
 * Those that are meant, in one order, as everywhere where several are ended. Whichever could still be used at all, in use
 * or not: when one was seen last is gateways' word, which may be late, and somebody goes by "all others have ended".
 */
const listWished = (tx: Tx, user: string, from: string, wish: OwnWish, at: Instant) =>
  tx
    .selectFrom('session')
    .select('token_hash')
    .where('user_id', '=', user)
    .where('ended_at', 'is', null)
    .where('absolute_deadline', '>', at)
    .where('token_hash', '!=', from)
    .$if(wish !== 'others', (query) => query.where('id', '=', wish === 'others' ? '' : wish.only))
    .orderBy('token_hash')
    .execute()

/** Ends them and answers how many; 0: there is none such any more. `from`: the token hash of the session that asks. */
export function endOwnSessions(store: Store, deed: FactorDeed, from: string, wish: OwnWish): Promise<number> {
  return store.transaction(async (tx) => {
    await lockSessionsOf(tx, deed.user)
    const ended = new Set<string>()
    for (const { token_hash } of await listWished(tx, deed.user, from, wish, deed.at))
      for (const id of await endOne(tx, token_hash, deed.at)) ended.add(id)
    if (ended.size > 0) await noteEverywhere(tx, deed, 'user.ended-own-sessions', { sessions: [...ended] })
    return ended.size
  })
}
