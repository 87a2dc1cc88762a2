/**
 * Own accounts looked after: made, changed, suspended, removed, and given a password by a link that works once.
 *
 * Who may do so was asked before (`admin/api`). Invariant: somebody who may administer everything is always left who can
 * sign in; whatever takes power from an account ends its sessions; every change is an event in the same transaction.
 * Passwords chosen by whoever makes an account were refused: two people would know them.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { type Deed, eventOf } from '../deed.ts'
import { hashPassword } from '../passwords.ts'
import { type AdminAccount, findAdmin } from '../store/admin-accounts.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { removeOwnFactor } from './own-factors.ts'

/** For so long a link sets a password. */
export const linkMs: DurationMs = 24 * 3_600_000

/** What an account may administer. */
export type Reach = AdminAccount['practices']

/** What became of a change. `last-every`: nobody would be left who may administer everything. */
export type AccountOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'last-every' }

type Target = { readonly id: string; readonly name: string }

const note = (tx: Tx, deed: Deed, action: string, target: Target, before: unknown, after: unknown) =>
  appendEvent(tx, {
    ...eventOf(deed),
    ...{ practice: null, action, before, after },
    target: { kind: 'admin', id: target.id, name: target.name },
  })

const endSessions = (tx: Tx, account: string, at: Instant, but: string | null = null) =>
  tx
    .updateTable('admin_session')
    .set({ ended_at: at })
    .where('account', '=', account)
    .where('ended_at', 'is', null)
    .$if(but !== null, (query) => query.where('id', '!=', but ?? ''))
    .execute()

async function writeReach(tx: Tx, account: string, practices: Reach): Promise<void> {
  await tx.deleteFrom('admin_grant').where('account', '=', account).execute()
  await tx
    .updateTable('admin_account')
    .set({ every_practice: practices === 'every' })
    .where('id', '=', account)
    .execute()
  if (practices === 'every') return
  for (const [practice, permissions] of Object.entries(practices))
    await tx
      .insertInto('admin_grant')
      .values({ account, practice, permissions: [...permissions] })
      .execute()
}

/** Where a link is opened: a path of the admin origin. */
export const pathOfLink = (link: string): string => `/set-password?link=${link}`

/** A new link for an account, in place of any before; its bearer text, which is answered this once. */
export async function layLink(tx: Tx, account: string, at: Instant): Promise<string> {
  const token = newToken()
  const row = { token_hash: hashToken(token), ends_at: at + linkMs }
  await tx
    .insertInto('admin_link')
    .values({ account, ...row })
    .onConflict((oc) => oc.column('account').doUpdateSet(row))
    .execute()
  return token
}

/** Makes an account without a password; its link sets one. Rejects (`isDuplicate`) where the login is taken. */
export function createAccount(
  store: Store,
  wish: { readonly login: string; readonly name: string; readonly practices: Reach; readonly deed: Deed },
): Promise<{ readonly id: string; readonly link: string }> {
  const { name, practices, deed } = wish
  const login = wish.login.normalize('NFC').trim().toLowerCase()
  const id = `adm_${newToken().slice(0, 22)}`
  return store.transaction(async (tx) => {
    await tx
      .insertInto('admin_account')
      .values({
        ...{ id, login, name, password_hash: null, every_practice: practices === 'every' },
        ...{ created_at: deed.at, password_changed_at: deed.at },
      })
      .execute()
    await writeReach(tx, id, practices)
    const link = await layLink(tx, id, deed.at)
    await note(tx, deed, 'admin.created', { id, name }, null, { login, practices })
    return { id, link }
  })
}

/** Whether somebody besides `account` may administer everything and has a password; locks them all meanwhile. */
async function isAnotherLeft(tx: Tx, account: string): Promise<boolean> {
  const all = await tx
    .selectFrom('admin_account')
    .select(['id', 'password_hash'])
    .where('every_practice', '=', true)
    .where('suspended', '=', false)
    .orderBy('id')
    .forUpdate()
    .execute()
  return all.some(({ id, password_hash }) => id !== account && password_hash !== null)
}

/** Changes name, reach or suspension; what takes power away ends the account's sessions. */
export function changeAccount(
  store: Store,
  wish: {
    readonly id: string
    readonly name: string
    readonly practices: Reach
    readonly suspended: boolean
    readonly deed: Deed
  },
): Promise<AccountOutcome> {
  const { id, name, practices, suspended, deed } = wish
  return store.transaction(async (tx): Promise<AccountOutcome> => {
    const another = await isAnotherLeft(tx, id)
    const before = await findAdmin(tx, id)
    if (before === null) return { outcome: 'unknown' }
    const loses = before.practices === 'every' && (practices !== 'every' || suspended)
    if (loses && !before.suspended && !another) return { outcome: 'last-every' }
    await tx.updateTable('admin_account').set({ name, suspended }).where('id', '=', id).execute()
    await writeReach(tx, id, practices)
    if (suspended || JSON.stringify(practices) !== JSON.stringify(before.practices))
      await endSessions(tx, id, deed.at)
    const told = ({
      name,
      practices,
      suspended,
    }: Pick<AdminAccount, 'name' | 'practices' | 'suspended'>) => ({
      ...{ name, practices, suspended },
    })
    await note(tx, deed, 'admin.changed', { id, name }, told(before), told(wish))
    return { outcome: 'done' }
  })
}

/** Removes an account with its sessions, factor and links; events go on naming it. */
export function removeAccount(store: Store, id: string, deed: Deed): Promise<AccountOutcome> {
  return store.transaction(async (tx): Promise<AccountOutcome> => {
    const another = await isAnotherLeft(tx, id)
    const before = await findAdmin(tx, id)
    if (before === null) return { outcome: 'unknown' }
    if (before.practices === 'every' && !before.suspended && !another) return { outcome: 'last-every' }
    await tx.deleteFrom('admin_session').where('account', '=', id).execute()
    await tx.deleteFrom('admin_grant').where('account', '=', id).execute()
    await tx.deleteFrom('admin_account').where('id', '=', id).execute()
    const { login, name, practices } = before
    await note(tx, deed, 'admin.removed', { id, name }, { login, practices }, null)
    return { outcome: 'done' }
  })
}

/** A link for somebody who lost their password, and, where `factor`, their second factor too; their sessions end. */
export function resetAccount(
  store: Store,
  wish: { readonly id: string; readonly factor: boolean; readonly deed: Deed },
): Promise<string | null> {
  const { id, factor, deed } = wish
  return store.transaction(async (tx) => {
    const account = await findAdmin(tx, id)
    if (account === null) return null
    const removed = factor && (await removeOwnFactor(tx, id))
    const link = await layLink(tx, id, deed.at)
    await endSessions(tx, id, deed.at)
    await note(tx, deed, 'admin.reset', account, null, { link: 'made', 'second factor removed': removed })
    return link
  })
}

/** The account of a link that still works; `null`: none. */
export async function findLink(rows: Rows, link: string, at: Instant): Promise<AdminAccount | null> {
  const row = await rows
    .selectFrom('admin_link')
    .select('account')
    .where('token_hash', '=', hashToken(link))
    .where('ends_at', '>', at)
    .executeTakeFirst()
  const account = row === undefined ? null : await findAdmin(rows, row.account)
  return account === null || account.suspended ? null : account
}

async function writePassword(tx: Tx, account: string, passwordHash: string, at: Instant): Promise<void> {
  await tx
    .updateTable('admin_account')
    .set({ password_hash: passwordHash, password_changed_at: at })
    .where('id', '=', account)
    .execute()
  await tx.deleteFrom('admin_link').where('account', '=', account).execute()
  await tx.deleteFrom('admin_sign_in').where('account', '=', account).execute()
}

/** Sets the password of a link's account, once, and ends its sessions. False: the link no longer works. */
export async function takeLink(
  store: Store,
  wish: { readonly link: string; readonly password: string; readonly address: string; readonly at: Instant },
): Promise<boolean> {
  const { link, password, address, at } = wish
  const passwordHash = await hashPassword(password)
  return store.transaction(async (tx) => {
    const taken = await tx
      .deleteFrom('admin_link')
      .where('token_hash', '=', hashToken(link))
      .where('ends_at', '>', at)
      .returning('account')
      .executeTakeFirst()
    const account = taken === undefined ? null : await findAdmin(tx, taken.account)
    if (account === null || account.suspended) return false
    await writePassword(tx, account.id, passwordHash, at)
    await endSessions(tx, account.id, at)
    const { id, name } = account
    const deed: Deed = { actor: { kind: 'admin', id, name }, origin: 'ui', at, address }
    await note(tx, deed, 'admin.password-set', account, null, { by: 'link' })
    return true
  })
}

/** Sets the password of somebody who is in and has shown the old one; their other sessions end. */
export async function changePassword(
  store: Store,
  wish: {
    readonly account: Target
    readonly session: string
    readonly password: string
    readonly deed: Deed
  },
): Promise<void> {
  const { account, session, password, deed } = wish
  const passwordHash = await hashPassword(password)
  await store.transaction(async (tx) => {
    await writePassword(tx, account.id, passwordHash, deed.at)
    await endSessions(tx, account.id, deed.at, session)
    await note(tx, deed, 'admin.password-set', account, null, { by: 'themselves' })
  })
}

/** What became of a second factor. `left`: whether the account still has one. */
type FactorDeed =
  | { readonly did: 'enrolled'; readonly method: 'totp' | 'passkey' }
  | { readonly did: 'removed'; readonly method: 'totp' | 'passkey' | 'every'; readonly left: boolean }

/** Notes that an account set a second factor up, or removed one; its other sessions end. `name`: of a passkey. */
export async function noteFactor(
  tx: Tx,
  wish: FactorDeed & {
    readonly account: Target
    readonly session: string
    readonly name?: string
    readonly deed: Deed
  },
): Promise<void> {
  const { account, session, deed, method, name } = wish
  const told = { method, name }
  if (wish.did === 'enrolled' || !wish.left)
    await tx
      .updateTable('admin_session')
      .set(
        wish.did === 'enrolled'
          ? { factor_method: wish.method, factor_verified_at: deed.at }
          : { factor_method: null, factor_verified_at: null },
      )
      .where('id', '=', session)
      .execute()
  await endSessions(tx, account.id, deed.at, session)
  if (wish.did === 'enrolled') await note(tx, deed, 'admin.two-factor.enrolled', account, null, told)
  else await note(tx, deed, 'admin.two-factor.removed', account, told, { 'second factor': wish.left })
}

/** Notes that an account made new recovery codes, `before` of which were unused; its other sessions end. */
export async function noteNewCodes(
  tx: Tx,
  wish: { readonly account: Target; readonly session: string; readonly before: number; readonly deed: Deed },
): Promise<void> {
  const { account, session, before, deed } = wish
  await endSessions(tx, account.id, deed.at, session)
  await note(tx, deed, 'admin.recovery-codes.renewed', account, { unused: before }, { unused: 10 })
}

/** Notes that an account renamed a passkey. */
export const noteRenamed = async (
  tx: Tx,
  account: Target,
  names: { readonly before: string; readonly after: string },
  deed: Deed,
): Promise<void> => {
  const { before, after } = names
  await note(tx, deed, 'admin.two-factor.renamed', account, { name: before }, { name: after })
}
