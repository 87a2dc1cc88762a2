/**
 * Own accounts of the admin plane (the first admin, emergencies) and their sessions, as rows.
 *
 * They are not practice users: people come in from the application. Passwords are argon2id texts
 * (`admin/passwords.ts`), tokens only hashes. Counting tries is the sign-in's business (`admin/api`).
 */
import type { Instant } from '../../policies/instant.ts'
import { noteAddress } from './address-use.ts'
import type { Rows, Tx } from './database.ts'

/** An own account. `practices`: which it may administer, with its `gw.*` permissions there. */
export type AdminAccount = {
  readonly id: string
  readonly login: string
  readonly name: string
  readonly passwordHash: string
  readonly suspended: boolean
  /** `'every'`: every practice with every permission. */
  readonly practices: 'every' | Readonly<Record<string, readonly string[]>>
}

/** A session of an own account. */
export type AdminSession = {
  readonly id: string
  readonly account: AdminAccount
  readonly createdAt: Instant
  readonly lastSeenAt: Instant
  readonly deadline: Instant
  readonly address: string
  readonly device: string
}

/** A session to open. `tokenHash` is unique; `deadline` is when it ends at the latest. */
export type NewAdminSession = {
  readonly id: string
  readonly tokenHash: string
  readonly account: string
  readonly at: Instant
  readonly deadline: Instant
  readonly address: string
  readonly device: string
}

type AccountRow = {
  readonly id: string
  readonly login: string
  readonly name: string
  readonly password_hash: string
  readonly every_practice: boolean
  readonly suspended: boolean
}

async function accountOf(rows: Rows, row: AccountRow | undefined): Promise<AdminAccount | null> {
  if (row === undefined) return null
  const account = {
    id: row.id,
    login: row.login,
    name: row.name,
    passwordHash: row.password_hash,
    suspended: row.suspended,
  }
  if (row.every_practice) return { ...account, practices: 'every' }
  const grants = await rows.selectFrom('admin_grant').selectAll().where('account', '=', row.id).execute()
  return {
    ...account,
    practices: Object.fromEntries(grants.map((grant) => [grant.practice, grant.permissions])),
  }
}

/** The account of a login (any case), suspended ones too; `null`: none. */
export async function findAdminByLogin(rows: Rows, login: string): Promise<AdminAccount | null> {
  const row = await rows
    .selectFrom('admin_account')
    .selectAll()
    .where('login', '=', login.normalize('NFC').toLowerCase())
    .executeTakeFirst()
  return accountOf(rows, row)
}

/** The account of an id (`adm_…`); `null`: none. */
export async function findAdmin(rows: Rows, id: string): Promise<AdminAccount | null> {
  const row = await rows.selectFrom('admin_account').selectAll().where('id', '=', id).executeTakeFirst()
  return accountOf(rows, row)
}

/** Whether there is any own account. */
export async function someAdminExists(rows: Rows): Promise<boolean> {
  const row = await rows.selectFrom('admin_account').select('id').limit(1).executeTakeFirst()
  return row !== undefined
}

/** Stores an account with every practice. Rejects (`isDuplicate`) when the login is taken. */
export async function insertAdmin(
  tx: Tx,
  account: {
    readonly id: string
    readonly login: string
    readonly name: string
    readonly passwordHash: string
  },
  at: Instant,
): Promise<void> {
  await tx
    .insertInto('admin_account')
    .values({
      id: account.id,
      login: account.login.normalize('NFC').toLowerCase(),
      name: account.name,
      password_hash: account.passwordHash,
      every_practice: true,
      created_at: at,
      password_changed_at: at,
    })
    .execute()
}

/** Opens a session of an account. */
export async function openAdminSession(tx: Tx, session: NewAdminSession): Promise<void> {
  await tx
    .insertInto('admin_session')
    .values({
      id: session.id,
      token_hash: session.tokenHash,
      account: session.account,
      created_at: session.at,
      last_seen_at: session.at,
      deadline: session.deadline,
      address_first: session.address,
      address_last: session.address,
      device: session.device,
    })
    .execute()
  await noteAddress(tx, session.account, session.address, session.at)
}

/** The live session of a token hash; `null`: none, ended, past its deadline, or its account is suspended. */
export async function findAdminSession(
  rows: Rows,
  tokenHash: string,
  at: Instant,
): Promise<AdminSession | null> {
  const row = await rows
    .selectFrom('admin_session')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .where('deadline', '>', at)
    .executeTakeFirst()
  if (row === undefined) return null
  const account = await findAdmin(rows, row.account)
  if (account === null || account.suspended) return null
  return {
    id: row.id,
    account,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    deadline: row.deadline,
    address: row.address_last,
    device: row.device,
  }
}

/** Notes that a session was used, from where: at each change of address, else at most once a minute. */
export async function touchAdminSession(
  rows: Rows,
  session: AdminSession,
  address: string,
  at: Instant,
): Promise<void> {
  await rows
    .updateTable('admin_session')
    .set({ last_seen_at: at, address_last: address })
    .where('id', '=', session.id)
    .execute()
  await noteAddress(rows, session.account.id, address, at)
}

/** Ends a session; ending it twice is fine. */
export async function endAdminSession(rows: Rows, id: string, at: Instant): Promise<void> {
  await rows
    .updateTable('admin_session')
    .set({ ended_at: at })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute()
}
