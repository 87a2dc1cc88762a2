/**
 * The first own account: made once, on an empty database, with a link that sets its password, or with a password that is
 * shown once.
 *
 * It is not a back door: once any account has a password, nothing happens. Invariant: of two control planes that start
 * together one makes it. A link that was not used is made anew at each start, in place of the one before, so that nobody
 * is left outside and no old one stays good. A fixed first password was refused, also for the demo; a password of ours for
 * a plane in production too: it stays in the terminal's history, and in whatever collects what the plane prints.
 */
import { randomBytes } from 'node:crypto'
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import { hashPassword } from '../passwords.ts'
import { insertAdmin, insertFirst, someAdminExists } from '../store/admin-accounts.ts'
import { isDuplicate, type Store, type Tx } from '../store/database.ts'
import { appendEvent, systemActor } from '../store/events.ts'
import { layLink, pathOfLink } from './own-accounts.ts'

/** What the operator must know, once: a password that works at once (one machine, the demo). */
export type FirstAdmin = { readonly login: string; readonly password: string }

/** The same, to set one's own. `link`: a path of the admin origin, good once, for a day. */
export type FirstLink = { readonly login: string; readonly link: string }

/** Crockford's digits: none is mistaken for another. 32 of them, five bits each. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'

const firstLogin = 'admin'
const firstName = 'First admin'

const newId = (): string => `adm_${newToken().slice(0, 22)}`

const readablePassword = (): string =>
  [...randomBytes(20)]
    .map((byte) => letters[byte & 31])
    .join('')
    .replace(/(.{5})(?=.)/g, '$1-')

const noteMade = (tx: Tx, account: { readonly id: string; readonly login: string }, at: Instant) =>
  appendEvent(tx, {
    ...{ practice: null, at, actor: systemActor, origin: 'auto', action: 'admin.created', before: null },
    target: { kind: 'admin', id: account.id, name: firstName },
    after: { login: account.login, practices: 'every' },
  })

/** The account just made, holding every permission everywhere; `null` where there was one already. */
export async function ensureFirstAdmin(store: Store, at: Instant): Promise<FirstAdmin | null> {
  if (await store.read(someAdminExists)) return null
  const password = readablePassword()
  const passwordHash = await hashPassword(password)
  const account = { id: newId(), login: firstLogin, name: firstName, passwordHash }
  try {
    await store.transaction(async (tx) => {
      await insertAdmin(tx, account, at)
      await noteMade(tx, account, at)
    })
  } catch (error) {
    if (isDuplicate(error)) return null
    throw error
  }
  return { login: account.login, password }
}

/** The only account there is, if its password has never been set; locked. */
async function findUnopened(tx: Tx): Promise<{ readonly id: string; readonly login: string } | null> {
  const [first, second] = await tx
    .selectFrom('admin_account')
    .select(['id', 'login', 'password_hash', 'suspended'])
    .orderBy('created_at')
    .limit(2)
    .forUpdate()
    .execute()
  return first === undefined || second !== undefined || first.password_hash !== null || first.suspended
    ? null
    : first
}

/**
 * A link that sets the first password of the only account there is, which is made where there is none and holds every
 * permission everywhere; `null` where an account has been opened already.
 */
export function ensureFirstLink(store: Store, at: Instant): Promise<FirstLink | null> {
  return store.transaction(async (tx) => {
    const account = { id: newId(), login: firstLogin, name: firstName, passwordHash: null }
    const isEmpty = !(await someAdminExists(tx)) && (await insertFirst(tx, account, at))
    if (isEmpty) await noteMade(tx, account, at)
    const unopened = await findUnopened(tx)
    if (unopened === null) return null
    const link = await layLink(tx, unopened.id, at)
    if (!isEmpty)
      await appendEvent(tx, {
        ...{ practice: null, at, actor: systemActor, origin: 'auto', action: 'admin.reset', before: null },
        target: { kind: 'admin', id: unopened.id, name: firstName },
        after: { link: 'made' },
      })
    return { login: unopened.login, link: pathOfLink(link) }
  })
}
