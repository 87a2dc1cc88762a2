/**
 * A sign-in of an own account that waits for its code: begun by a right password, over after five minutes or five tries.
 *
 * It judges no code (`own-factors.ts`). Invariant: a try is taken, and committed, before anything is compared; only the
 * hash of the waiting browser's token is stored. A session that is opened and half locked was refused: every reader of
 * sessions would have to know of it.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { type AdminAccount, findAdmin } from '../store/admin-accounts.ts'
import type { Store } from '../store/database.ts'

const waitingMs: DurationMs = 300_000
const waitingTriesMax = 5

/** Lets a sign-in wait for its code; the bearer text of its cookie. */
export async function beginWaiting(store: Store, account: AdminAccount, at: Instant): Promise<string> {
  const token = newToken()
  await store.read((rows) =>
    rows
      .insertInto('admin_sign_in')
      .values({ token_hash: hashToken(token), account: account.id, ends_at: at + waitingMs })
      .execute(),
  )
  return token
}

/** Whose a sign-in that waits is, without taking a try; `null`: it is over. */
export async function findWaiting(store: Store, waiting: string, at: Instant): Promise<AdminAccount | null> {
  return store.read(async (rows) => {
    const row = await rows
      .selectFrom('admin_sign_in')
      .select('account')
      .where('token_hash', '=', hashToken(waiting))
      .where('ends_at', '>', at)
      .executeTakeFirst()
    const account = row === undefined ? null : await findAdmin(rows, row.account)
    return account === null || account.suspended ? null : account
  })
}

/** Takes one try of a sign-in that waits, committed when it answers; whose it is, `null`: it is over. */
export async function takeWaiting(store: Store, waiting: string, at: Instant): Promise<AdminAccount | null> {
  return store.transaction(async (tx) => {
    const row = await tx
      .updateTable('admin_sign_in')
      .set((eb) => ({ tries: eb('tries', '+', 1) }))
      .where('token_hash', '=', hashToken(waiting))
      .where('ends_at', '>', at)
      .where('tries', '<', waitingTriesMax)
      .returning('account')
      .executeTakeFirst()
    const account = row === undefined ? null : await findAdmin(tx, row.account)
    return account === null || account.suspended ? null : account
  })
}
