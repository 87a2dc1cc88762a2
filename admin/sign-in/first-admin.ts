/**
 * The first own account: made once, on an empty database, with a password that is shown once.
 *
 * It is not a back door: with any account there, nothing happens. Invariant: of two control planes that start
 * together one makes it. A fixed first password was refused, also for the demo.
 */
import { randomBytes } from 'node:crypto'
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import { hashPassword } from '../passwords.ts'
import { insertAdmin, someAdminExists } from '../store/admin-accounts.ts'
import { isDuplicate, type Store } from '../store/database.ts'
import { appendEvent, systemActor } from '../store/events.ts'

/** What the operator must know, once. */
export type FirstAdmin = { readonly login: string; readonly password: string }

/** Crockford's digits: none is mistaken for another. 32 of them, five bits each. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'

const readablePassword = (): string =>
  [...randomBytes(20)]
    .map((byte) => letters[byte & 31])
    .join('')
    .replace(/(.{5})(?=.)/g, '$1-')

/** The account just made, holding every permission everywhere; `null` where there was one already. */
export async function ensureFirstAdmin(store: Store, now: () => Instant): Promise<FirstAdmin | null> {
  if (await store.read(someAdminExists)) return null
  const password = readablePassword()
  const passwordHash = await hashPassword(password)
  const account = { id: `adm_${newToken().slice(0, 22)}`, login: 'admin', name: 'First admin', passwordHash }
  try {
    await store.transaction(async (tx) => {
      await insertAdmin(tx, account, now())
      await appendEvent(tx, {
        practice: null,
        at: now(),
        actor: systemActor,
        origin: 'auto',
        action: 'admin.created',
        target: { kind: 'admin', id: account.id, name: account.name },
        before: null,
        after: { login: account.login, practices: 'every' },
      })
    })
  } catch (error) {
    if (isDuplicate(error)) return null
    throw error
  }
  return { login: account.login, password }
}
