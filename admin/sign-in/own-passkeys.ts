/**
 * Passkeys of own accounts: made by somebody who is in, shown as the second step of a sign-in or once more later, renamed
 * and removed.
 *
 * The ceremonies are `admin/webauthn.ts`; tries are counted by the caller. Invariant: a challenge belongs to one browser
 * (the session that is in, or the sign-in that waits) and is gone with the answer that it is judged by, right or wrong; of
 * two answers with one counter one counts; another account's passkey is as unknown as one that never was. Signing in by a
 * passkey alone was refused: own accounts are for emergencies, and two things are harder to lose to one thief.
 */
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { factorName, factorsMax } from '../two-factor/factors.ts'
import {
  acceptAssertion,
  acceptCreation,
  creationOptions,
  newChallenge,
  type Passkey,
  passkeyHandle,
  type RelyingParty,
  readAssertion,
  requestOptions,
} from '../webauthn.ts'

const challengeMs = 300_000

/** A passkey as its owner sees it. `synced`: it can be on several of their devices. */
export type OwnPasskey = {
  readonly id: string
  readonly name: string
  readonly synced: boolean
  readonly enrolledAt: Instant
  readonly lastVerifiedAt: Instant
}

/** The passkeys of an account, the oldest first; ten at most. */
export async function listOwnPasskeys(rows: Rows, account: string): Promise<OwnPasskey[]> {
  const found = await rows
    .selectFrom('admin_passkey')
    .select(['id', 'name', 'synced', 'enrolled_at', 'last_verified_at'])
    .where('account', '=', account)
    .orderBy('enrolled_at')
    .orderBy('id')
    .execute()
  return found.map(({ id, name, synced, enrolled_at, last_verified_at }) => ({
    ...{ id, name, synced, enrolledAt: enrolled_at, lastVerifiedAt: last_verified_at },
  }))
}

async function readKeys(rows: Rows, account: string): Promise<readonly Passkey[]> {
  const found = await rows
    .selectFrom('admin_passkey')
    .select(['credential', 'public_key', 'counter', 'transports'])
    .where('account', '=', account)
    .orderBy('id')
    .execute()
  return found.map(({ credential, public_key, counter, transports }) => ({
    ...{ id: credential, publicKey: public_key, counter, transports },
  }))
}

const handleOf = (account: string): string => passkeyHandle(`account ${account}`)

/** Whose browser it is: an account's, known by a session of it or by a sign-in that waits. */
export type Holder = { readonly account: string; readonly browser: string }

async function layChallenge(
  rows: Rows,
  { account, browser }: Holder,
  purpose: 'create' | 'show',
  at: Instant,
): Promise<string> {
  const challenge = newChallenge()
  const row = { account, purpose, challenge, ends_at: at + challengeMs }
  await rows
    .insertInto('admin_passkey_challenge')
    .values({ holder: browser, ...row })
    .onConflict((oc) => oc.column('holder').doUpdateSet(row))
    .execute()
  return challenge
}

/** Takes a browser's challenge away, whatever it is for; `null`: none that is for this. */
async function takeChallenge(
  tx: Tx,
  { account, browser }: Holder,
  purpose: 'create' | 'show',
  at: Instant,
): Promise<string | null> {
  const taken = await tx
    .deleteFrom('admin_passkey_challenge')
    .where('holder', '=', browser)
    .returning(['account', 'purpose', 'challenge', 'ends_at'])
    .executeTakeFirst()
  if (taken === undefined || taken.account !== account || taken.purpose !== purpose) return null
  return taken.ends_at > at ? taken.challenge : null
}

/** What the browser is to be asked to make a passkey (JSON); `null`: there are ten already. */
export async function beginOwnPasskey(
  store: Store,
  party: RelyingParty,
  holder: Holder & { readonly login: string; readonly name: string },
  at: Instant,
): Promise<string | null> {
  const { account, login, name } = holder
  return store.transaction(async (tx) => {
    const known = await readKeys(tx, account)
    if (known.length >= factorsMax) return null
    const challenge = await layChallenge(tx, holder, 'create', at)
    return creationOptions(party, challenge, { handle: handleOf(account), login, name, known })
  })
}

/** Judges what a browser made and keeps it under a name; what it is kept as, `null`: it is none that counts. */
export async function keepOwnPasskey(
  tx: Tx,
  party: RelyingParty,
  wish: Holder & { readonly answer: string; readonly name: string },
  at: Instant,
): Promise<OwnPasskey | null> {
  const { account, answer } = wish
  // Of two that come at once the second sees how many there are then.
  await tx.selectFrom('admin_account').select('id').where('id', '=', account).forUpdate().execute()
  const challenge = await takeChallenge(tx, wish, 'create', at)
  const made = challenge === null ? null : await acceptCreation(party, challenge, answer)
  if (made === null || (await readKeys(tx, account)).length >= factorsMax) return null
  const name = factorName(wish.name, 'Passkey')
  const kept = { id: `apk_${newToken().slice(0, 22)}`, name, synced: made.synced }
  const inserted = await tx
    .insertInto('admin_passkey')
    .values({
      ...{ ...kept, account, credential: made.id, public_key: made.publicKey, counter: made.counter },
      ...{ transports: [...made.transports], enrolled_at: at, last_verified_at: at },
    })
    .onConflict((oc) => oc.column('credential').doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted === undefined ? null : { ...kept, enrolledAt: at, lastVerifiedAt: at }
}

/** What the browser is to be asked to show one of an account's passkeys (JSON); `null`: it has none. */
export async function beginOwnAssertion(
  store: Store,
  party: RelyingParty,
  holder: Holder,
  at: Instant,
): Promise<string | null> {
  return store.transaction(async (tx) => {
    const keys = await readKeys(tx, holder.account)
    return keys.length === 0 ? null : requestOptions(party, await layChallenge(tx, holder, 'show', at), keys)
  })
}

/** Judges a shown passkey (JSON text). A counter that did not grow, as of a copied key, is wrong like all else. */
export async function acceptOwnPasskey(
  tx: Tx,
  party: RelyingParty,
  holder: Holder,
  answer: string,
  at: Instant,
): Promise<'passkey' | 'wrong'> {
  const { account } = holder
  const challenge = await takeChallenge(tx, holder, 'show', at)
  const assertion = readAssertion(answer)
  if (challenge === null || assertion === null) return 'wrong'
  if (assertion.handle !== null && assertion.handle !== handleOf(account)) return 'wrong'
  const key = (await readKeys(tx, account)).find(({ id }) => id === assertion.id)
  const counter = key === undefined ? null : await acceptAssertion(party, challenge, assertion, key)
  if (key === undefined || counter === null) return 'wrong'
  const shown = await tx
    .updateTable('admin_passkey')
    .set({ counter, last_verified_at: at })
    .where('account', '=', account)
    .where('credential', '=', key.id)
    .where('counter', '=', key.counter)
    .returning('id')
    .executeTakeFirst()
  return shown === undefined ? 'wrong' : 'passkey'
}

/** Gives one of an account's passkeys another name; the one before, `null`: it has no such passkey. */
export async function renameOwnPasskey(
  tx: Tx,
  wish: { readonly account: string; readonly id: string; readonly name: string },
): Promise<{ readonly before: string; readonly after: string } | null> {
  const { account, id } = wish
  const found = (await listOwnPasskeys(tx, account)).find((one) => one.id === id)
  if (found === undefined) return null
  const after = factorName(wish.name, found.name)
  await tx.updateTable('admin_passkey').set({ name: after }).where('id', '=', id).execute()
  return { before: found.name, after }
}

/** Removes one of an account's passkeys; its name, `null`: it has no such passkey. */
export async function removeOwnPasskey(tx: Tx, account: string, id: string): Promise<string | null> {
  const gone = await tx
    .deleteFrom('admin_passkey')
    .where('account', '=', account)
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst()
  return gone?.name ?? null
}
