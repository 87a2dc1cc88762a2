/**
 * Own accounts of the admin plane (the first admin, emergencies), as rows.
 *
 * They are not practice users: people come in from the application. Passwords are argon2id texts
 * (`admin/passwords.ts`). Their sessions are `admin-sessions.ts`; counting tries is the sign-in's business
 * (`admin/sign-in`).
 */
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'

/** An own account. `practices`: which it may administer, with its `gw.*` permissions there. */
export type AdminAccount = {
  readonly id: string
  readonly login: string
  readonly name: string
  /** `null`: none has been set yet. */
  readonly passwordHash: string | null
  readonly suspended: boolean
  /** Whether a second factor is set up: an app, or a passkey. */
  readonly hasFactor: boolean
  /** `'every'`: every practice with every permission. */
  readonly practices: 'every' | Readonly<Record<string, readonly string[]>>
}

type AccountRow = {
  readonly id: string
  readonly login: string
  readonly name: string
  readonly password_hash: string | null
  readonly every_practice: boolean
  readonly suspended: boolean
}

async function accountOf(rows: Rows, row: AccountRow | undefined): Promise<AdminAccount | null> {
  if (row === undefined) return null
  const factors = await rows
    .selectFrom('admin_factor')
    .select('account')
    .where('account', '=', row.id)
    .unionAll(rows.selectFrom('admin_passkey').select('account').where('account', '=', row.id))
    .execute()
  const account = {
    hasFactor: factors.length > 0,
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

const rowOf = (
  account: {
    readonly id: string
    readonly login: string
    readonly name: string
    readonly passwordHash: string | null
  },
  at: Instant,
) => ({
  id: account.id,
  login: account.login.normalize('NFC').toLowerCase(),
  name: account.name,
  password_hash: account.passwordHash,
  every_practice: true,
  created_at: at,
  password_changed_at: at,
})

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
  await tx.insertInto('admin_account').values(rowOf(account, at)).execute()
}

/** Stores an account with every practice and no password yet; false where its login is taken. */
export async function insertFirst(
  tx: Tx,
  account: { readonly id: string; readonly login: string; readonly name: string },
  at: Instant,
): Promise<boolean> {
  const inserted = await tx
    .insertInto('admin_account')
    .values(rowOf({ ...account, passwordHash: null }, at))
    .onConflict((oc) => oc.doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted !== undefined
}

/** An own account in the list of all. `hasPassword`: its link was used; `identity`: who it is linked with. */
export type ListedAdmin = Omit<AdminAccount, 'passwordHash' | 'practices'> & {
  readonly practices: 'every' | Record<string, string[]>
  readonly hasPassword: boolean
  readonly identity: {
    readonly provider: string
    readonly subject: string
    readonly linkedAt: Instant
  } | null
  readonly createdAt: Instant
  readonly lastSeenAt: Instant | null
  readonly sealedCodesLeft: number
}

const identityOf = (row: {
  readonly provider: string | null
  readonly subject: string | null
  readonly linked_at: Instant | null
}): ListedAdmin['identity'] =>
  row.provider === null || row.subject === null || row.linked_at === null
    ? null
    : { provider: row.provider, subject: row.subject, linkedAt: row.linked_at }

/** All own accounts by login. */
export async function listAdmins(rows: Rows): Promise<ListedAdmin[]> {
  const found = await rows
    .selectFrom('admin_account as a')
    .leftJoin('admin_identity as i', 'i.account', 'a.id')
    .selectAll('a')
    .select(['i.provider', 'i.subject', 'i.linked_at'])
    .select((eb) =>
      eb
        .selectFrom('admin_session as s')
        .select(({ fn }) => fn.max('s.last_seen_at').as('last'))
        .whereRef('s.account', '=', 'a.id')
        .as('last_seen_at'),
    )
    .select((eb) =>
      eb
        .selectFrom('sealed_code as c')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .whereRef('c.account', '=', 'a.id')
        .where('c.used_at', 'is', null)
        .as('sealed_codes'),
    )
    .orderBy('a.login')
    .execute()
  const listed: ListedAdmin[] = []
  for (const row of found) {
    const account = await accountOf(rows, row)
    if (account === null) continue
    const { passwordHash, practices, ...rest } = account
    listed.push({
      ...rest,
      practices:
        practices === 'every'
          ? practices
          : Object.fromEntries(Object.entries(practices).map(([id, held]) => [id, [...held]])),
      hasPassword: passwordHash !== null,
      identity: identityOf(row),
      createdAt: row.created_at,
      lastSeenAt: row.last_seen_at,
      sealedCodesLeft: Number(row.sealed_codes ?? 0),
    })
  }
  return listed
}
