/**
 * Taking one's own request for access back while nobody has decided it.
 *
 * Undoing a decision is `access-undoing.ts`. Invariant: only the session's own user takes back, only what is
 * pending, under the locks of asking; it is no approval, so what was rejected before still counts.
 */
import { sql } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import type { AccessStandings, WithdrawAccess } from '../../runtime/internal.ts'
import { accessTexts } from '../../runtime/pages/texts-gateway.ts'
import type { Store, Tx } from '../store/database.ts'
import { type Actor, appendEvent } from '../store/events.ts'
import { askerOf, findLive, mayAsk, nameOf, networkText, readStandings } from './access-requests.ts'

type Key = { readonly user: string; readonly network: string; readonly kind: WithdrawAccess['kind'] }

async function takeBack(tx: Tx, key: Key, wish: WithdrawAccess, at: Instant): Promise<void> {
  const actor: Actor = { kind: 'user', id: key.user, name: await nameOf(tx, key.user) }
  const taken = await tx
    .updateTable('access_request')
    .set({ status: 'withdrawn', decided_at: at, decided_by: actor.id, decided_by_name: actor.name })
    .where('user_id', '=', key.user)
    .where('network', '=', key.network)
    .where('kind', '=', key.kind)
    .where('status', '=', 'pending')
    .where('expires_at', '>', at)
    .where('practice', 'in', [...wish.practices])
    .returning(['id', 'practice'])
    .execute()
  for (const { id, practice } of taken.sort((a, b) => (a.practice < b.practice ? -1 : 1)))
    await appendEvent(tx, {
      ...{ actor, origin: 'ui', at, address: wish.address, reason: null, practice },
      action: 'access-request.taken-back',
      target: actor,
      before: { status: 'pending' },
      after: { status: 'withdrawn', request: id, kind: key.kind, network: key.network },
    })
}

/**
 * Takes a session's user's pending requests for this address and kind back, in the practices named; others, and what
 * was decided meanwhile, are passed over. Answers where they stand.
 */
export function takeAccessBack(store: Store, wish: WithdrawAccess, at: Instant): Promise<AccessStandings> {
  const network = networkText(wish.address)
  return store.transaction(async (tx) => {
    const session = await findLive(tx, wish.tokenHash, at)
    if (session === null || network === null || !mayAsk(session))
      return { standings: [], refused: accessTexts.signInFirst }
    const key = askerOf(session, network, wish.kind)
    await sql`select pg_advisory_xact_lock(hashtextextended(${`asks ${key.user}`}, 4248))`.execute(tx)
    await takeBack(tx, key, wish, at)
    return { standings: [...(await readStandings(tx, key, at))], refused: null }
  })
}
