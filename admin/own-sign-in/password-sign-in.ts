/**
 * Signing in with a login name and a password of the directory's own: whether both are somebody's.
 *
 * It opens no session (a gateway does, with the proof) and sets no password (`password-links.ts`). Invariant: whatever is
 * wrong (no such name, no password, suspended, another password) the answer is one and takes as long; a try is counted before
 * anything is compared. Taking e-mail addresses beside login names was refused: applications may change those.
 */
import type { Address } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Log } from '../../runtime/log.ts'
import { foldId } from '../directory/directory.ts'
import { verifyPassword } from '../passwords.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import type { OwnMethod } from '../store/own-sign-in-tables.ts'
import { listPracticesOf } from '../two-factor/chains.ts'
import { giveBackTry, takePasswordTry } from './password-tries.ts'

/** What it stands on. */
export type PasswordParts = { readonly store: Store; readonly log: Log; readonly now: () => Instant }

/** Somebody of the directory by their login name. `passwordHash`: `null` where they have no password. */
export type OwnAccount = {
  readonly user: string
  readonly login: string
  readonly name: string
  readonly passwordHash: string | null
  /** Not suspended, and a member somewhere where they are not. */
  readonly isWelcome: boolean
}

/** What a try came to. `wrong`: which part was, is not told. */
export type PasswordOutcome =
  | { readonly outcome: 'proved'; readonly user: string; readonly login: string }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'wait'; readonly until: Instant }

/** A login name as it is compared: as the directory folds ids, without blanks around it. */
export const foldLogin = (text: string): string => foldId(text.trim())

/** Somebody of the directory by their login name or their id; `null`: nobody. */
export async function findOwnAccount(
  rows: Rows,
  text: string,
  by: 'login' | 'id' = 'login',
): Promise<OwnAccount | null> {
  const row = await rows
    .selectFrom('app_user as u')
    .leftJoin('own_password as p', 'p.user_id', 'u.id')
    .select(['u.id', 'u.login', 'u.name', 'u.suspended', 'p.password_hash'])
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom('membership as m')
          .select('m.practice')
          .whereRef('m.user_id', '=', 'u.id')
          .where('m.suspended', '=', false),
      ).as('belongs'),
    )
    .where(by === 'login' ? 'u.login' : 'u.id', '=', text)
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    ...{ user: row.id, login: row.login, name: row.name, passwordHash: row.password_hash },
    isWelcome: !row.suspended && row.belongs === true,
  }
}

/** Records a sign-in in vain in every practice of theirs: each must see what is tried on its doors. */
export async function noteSignInFailure(
  tx: Tx,
  account: Pick<OwnAccount, 'user' | 'name'>,
  method: OwnMethod,
  address: Address,
  at: Instant,
): Promise<void> {
  for (const practice of await listPracticesOf(tx, account.user))
    await appendEvent(tx, {
      ...{ practice, at, origin: 'ui', action: 'user.sign-in-failed' },
      actor: { kind: 'system', id: 'sign-in', name: 'Somebody at the sign-in page' },
      target: { kind: 'user', id: account.user, name: account.name },
      ...{ before: null, after: { method }, address: address.text },
    })
}

/** Whether login name and password belong together; about 50 ms whatever comes of it. */
export async function tryPassword(
  { store, log, now }: PasswordParts,
  attempt: { readonly login: string; readonly password: string; readonly address: Address },
): Promise<PasswordOutcome> {
  const login = foldLogin(attempt.login)
  const { address } = attempt
  const account = await store.read((rows) => findOwnAccount(rows, login))
  const taken = await takePasswordTry(store, { login, user: account?.user ?? null, address }, now())
  if (taken.outcome === 'wait') return taken
  const passes = await verifyPassword(account?.passwordHash ?? null, attempt.password)
  if (account !== null && passes && account.isWelcome) {
    await giveBackTry(store, taken.keys)
    return { outcome: 'proved', user: account.user, login: account.login }
  }
  // Not waited for: the time of the answer must not tell that there is such a name.
  if (account !== null)
    store
      .transaction((tx) => noteSignInFailure(tx, account, 'own-password', address, now()))
      .catch((error: unknown) => log.warn({ error }, 'a failed sign-in was not recorded'))
  return { outcome: 'wrong' }
}
