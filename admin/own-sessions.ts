/**
 * A person ends sessions of their own on other devices: one of them, or all but the one they look from.
 *
 * Admins have their own way (`revocations.ts`), and ending this one too is `portal/sign-out-step.ts`. Invariant: only sessions of
 * the person who asks are ended, whatever ids were sent, and never the one they ask from; each ends with what was adopted by
 * its cookie, so that the application's own sign-in there does not bring it back. It asks for no second factor: whoever
 * sees a stranger among their sessions must not be stopped on the way.
 */
import type { Instant } from '../policies/instant.ts'
import { endAdopted } from './revocations.ts'
import { lockSessionsOf } from './session-limit.ts'
import type { Store, Tx } from './store/database.ts'
import { announceSession } from './store/outbox.ts'
import { listOwnSessions, type OwnSession } from './store/own-account.ts'
import { markEnded } from './store/sessions.ts'
import { type FactorDeed, noteEverywhere } from './two-factor/chains.ts'

/** Which: the one of this id, or all of the others. */
export type OwnWish = { readonly only: string } | 'others'

async function endOne(tx: Tx, tokenHash: string, at: Instant): Promise<readonly string[]> {
  const ended = await markEnded(tx, tokenHash, 'revoked', at)
  if (ended === null) return []
  await announceSession(tx, tokenHash, at)
  return [ended.id, ...(await endAdopted(tx, ended, 'revoked', at))]
}

/** Ends them and answers how many; 0: there is none such any more. `from`: the token hash of the session that asks. */
export function endOwnSessions(store: Store, deed: FactorDeed, from: string, wish: OwnWish): Promise<number> {
  const isWished = ({ id, tokenHash }: OwnSession): boolean =>
    tokenHash !== from && (wish === 'others' || id === wish.only)
  return store.transaction(async (tx) => {
    await lockSessionsOf(tx, deed.user)
    const wished = (await listOwnSessions(tx, deed.user, deed.at)).filter(isWished)
    const ended = new Set<string>()
    // In one order, as everywhere where several are ended.
    for (const { tokenHash } of wished.toSorted((a, b) => (a.tokenHash < b.tokenHash ? -1 : 1)))
      for (const id of await endOne(tx, tokenHash, deed.at)) ended.add(id)
    if (ended.size > 0) await noteEverywhere(tx, deed, 'user.ended-own-sessions', { sessions: [...ended] })
    return ended.size
  })
}
