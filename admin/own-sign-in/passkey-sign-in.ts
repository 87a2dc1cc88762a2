/**
 * Signing in with a passkey alone: what the browser is asked, and whose passkey it showed.
 *
 * The ceremony is `webauthn.ts`; it opens no session. Invariant: a challenge belongs to one sign-in of one browser and is
 * taken away before its answer is judged, so that it counts once; the passkey names its person by the handle inside, and
 * whatever is wrong (unknown, suspended, copied, of another sign-in) has one answer. Asking for a login name first was
 * refused: the page would have to say whose passkeys there are.
 */
import type { Address } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import { hashToken } from '../../runtime/token.ts'
import type { Store, Tx } from '../store/database.ts'
import { isListedAddress } from '../two-factor/allowed-addresses.ts'
import {
  acceptShown,
  findKeptPasskey,
  type PasskeyMethod,
  type ShownPasskey,
} from '../two-factor/vouched-passkeys.ts'
import { newChallenge, passkeyHandle, type RelyingParty, readAssertion, requestOptions } from '../webauthn.ts'
import { findOwnAccount, noteSignInFailure } from './password-sign-in.ts'
import { giveBackTry, takePasskeyTry } from './password-tries.ts'

/** What a try came to. `method`: what the passkey is worth as a second factor. `wrong`: why, is not told. */
export type PasskeyOutcome =
  | {
      readonly outcome: 'proved'
      readonly user: string
      readonly login: string
      readonly method: PasskeyMethod
    }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'wait'; readonly until: Instant }

/**
 * What the browser of this sign-in is to be asked for (JSON), in place of anything before. `token`: of the portal's cookie;
 * `null`: the sign-in is over.
 */
export async function beginPasskeySignIn(
  store: Store,
  party: RelyingParty,
  token: string,
  at: Instant,
): Promise<string | null> {
  const challenge = newChallenge()
  const row = await store.read((rows) =>
    rows
      .updateTable('own_sign_in')
      .set({ passkey_challenge: challenge })
      .where('browser_hash', '=', hashToken(token))
      .where('proof_hash', 'is', null)
      .where('ends_at', '>', at)
      .returning('begin_hash')
      .executeTakeFirst(),
  )
  return row === undefined ? null : requestOptions(party, challenge, 'anyone')
}

/** Takes away what was asked of this sign-in's browser, whatever comes of it; `null`: nothing was. */
function takeChallenge(store: Store, token: string, at: Instant): Promise<string | null> {
  return store.transaction(async (tx) => {
    const row = await tx
      .selectFrom('own_sign_in')
      .select(['begin_hash', 'passkey_challenge'])
      .where('browser_hash', '=', hashToken(token))
      .where('proof_hash', 'is', null)
      .where('ends_at', '>', at)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) return null
    await tx
      .updateTable('own_sign_in')
      .set({ passkey_challenge: null })
      .where('begin_hash', '=', row.begin_hash)
      .execute()
    return row.passkey_challenge
  })
}

/** What a browser sent, of which sign-in, from where. */
export type PasskeyAttempt = { readonly token: string; readonly answer: string; readonly address: Address }

async function judge(
  tx: Tx,
  party: RelyingParty,
  shown: ShownPasskey,
  address: Address,
  at: Instant,
): Promise<PasskeyOutcome> {
  const { user } = shown.kept
  const account = await findOwnAccount(tx, user, 'id')
  if (account === null) return { outcome: 'wrong' }
  const isTheirs = shown.assertion.handle === passkeyHandle(user) && account.isWelcome
  const method = isTheirs ? await acceptShown(tx, party, shown, at) : null
  if (method === null) {
    await noteSignInFailure(tx, account, 'own-passkey', address, at)
    return { outcome: 'wrong' }
  }
  return { outcome: 'proved', user, login: account.login, method }
}

/** Whose passkey was shown in answer to what this sign-in's browser was asked. */
export async function tryPasskey(
  store: Store,
  party: RelyingParty,
  { token, answer, address }: PasskeyAttempt,
  at: Instant,
): Promise<PasskeyOutcome> {
  const taken = await takePasskeyTry(store, address, at)
  if (taken.outcome === 'wait') return taken
  const challenge = await takeChallenge(store, token, at)
  const assertion = readAssertion(answer)
  if (challenge === null || assertion === null) return { outcome: 'wrong' }
  const kept = await store.read((rows) => findKeptPasskey(rows, assertion.id))
  if (kept === null) return { outcome: 'wrong' }
  const vouches = await isListedAddress(store, kept.user, address.text, at)
  const shown = { challenge, assertion, kept, vouches }
  const outcome = await store.transaction((tx) => judge(tx, party, shown, address, at))
  if (outcome.outcome === 'proved') await giveBackTry(store, taken.keys)
  return outcome
}
