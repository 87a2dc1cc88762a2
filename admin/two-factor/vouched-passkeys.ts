/**
 * What a shown passkey is worth: as much as a passkey can be, or no more than a code, until somebody vouches for it.
 *
 * Whoever relays a password and a code through a look-alike site has a session, and could make a passkey in it. Invariant: a
 * passkey counts as phishing-resistant only once it was made or shown from an address that a practice lists, in a visit with
 * an admin's code, or in one where such a passkey was shown. A time after which it counts was refused: a thief would wait.
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from '../store/database.ts'
import {
  acceptAssertion,
  type Passkey,
  type PasskeyAssertion,
  passkeyHandle,
  type RelyingParty,
} from '../webauthn.ts'

/** A passkey as it is kept, and whose it is. */
export type KeptPasskey = Passkey & {
  readonly factor: string
  readonly user: string
  readonly isVouched: boolean
}

/** As what a passkey is proved. */
export type PasskeyMethod = Extract<FactorMethod, 'passkey' | 'unvouched-passkey'>

/** As what it is proved, vouched for or not. */
export const passkeyMethod = (vouched: boolean): PasskeyMethod => (vouched ? 'passkey' : 'unvouched-passkey')

/** Whether something was proved with a passkey, whatever it is worth. */
export const isPasskeyMethod = (method: FactorMethod | null): method is PasskeyMethod =>
  method === 'passkey' || method === 'unvouched-passkey'

/** Whether a visit vouches for the passkeys that are made or shown in it, from wherever. */
export const vouchesItself = (visit: {
  readonly proved_method: FactorMethod | null
  readonly admitted_by: readonly string[]
}): boolean => visit.proved_method === 'passkey' || visit.admitted_by.length > 0

/** The passkey with this credential id; `null`: there is none. */
export async function findKeptPasskey(rows: Rows, credential: string): Promise<KeptPasskey | null> {
  const row = await rows
    .selectFrom('factor')
    .select(['id', 'user_id', 'public_key', 'counter', 'transports', 'vouched_at'])
    .where('credential', '=', credential)
    .where('method', '=', 'passkey')
    .executeTakeFirst()
  if (row === undefined || row.public_key === null) return null
  return {
    ...{ factor: row.id, user: row.user_id, isVouched: row.vouched_at !== null },
    ...{ id: credential, publicKey: row.public_key },
    ...{ counter: row.counter ?? 0, transports: row.transports ?? [] },
  }
}

/** What was shown for which challenge. `vouches`: the way in which it was shown vouches for it. */
export type ShownPasskey = {
  readonly challenge: string
  readonly assertion: PasskeyAssertion
  readonly kept: KeptPasskey
  readonly vouches: boolean
}

/**
 * Accepts a shown passkey, of two with one counter only one; as what it is proved. `null`: it does not show this passkey, or
 * names somebody else.
 */
export async function acceptShown(
  tx: Tx,
  party: RelyingParty,
  { challenge, assertion, kept, vouches }: ShownPasskey,
  at: Instant,
): Promise<PasskeyMethod | null> {
  if (assertion.handle !== null && assertion.handle !== passkeyHandle(kept.user)) return null
  const counter = await acceptAssertion(party, challenge, assertion, kept)
  if (counter === null) return null
  const becomes = vouches && !kept.isVouched ? { vouched_at: at } : {}
  const shown = await tx
    .updateTable('factor')
    .set({ counter, last_verified_at: at, ...becomes })
    .where('id', '=', kept.factor)
    .where('counter', '=', kept.counter)
    .returning('id')
    .executeTakeFirst()
  return shown === undefined ? null : passkeyMethod(kept.isVouched || vouches)
}
