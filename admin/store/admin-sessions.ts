/**
 * Sessions of the admin origin as rows: of own accounts, and of people who came from the application.
 *
 * It judges nobody (`admin/api/admission.ts` does) and knows only hashes of tokens. Invariant: a person's session is
 * found only while the gateway session that it stands on lives and is not held, so that whatever ends that one ends this
 * one with the next request. Copying the gateway session's end into this row was refused: one writer would be forgotten.
 */
import type { VerifiedFactor } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import { noteAddress } from './address-use.ts'
import { type AdminAccount, findAdmin } from './admin-accounts.ts'
import type { Rows, Tx } from './database.ts'
import { findSessionById, type SessionRow } from './sessions.ts'

/** A person of the directory. */
export type Person = { readonly id: string; readonly name: string; readonly login: string }

/** Whose session it is: an own account's, or a person's, with the gateway session that it stands on. */
export type SessionHolder =
  | { readonly kind: 'admin'; readonly account: AdminAccount }
  | { readonly kind: 'user'; readonly person: Person; readonly gateway: SessionRow }

/** A live session of the admin origin. */
export type AdminSession = {
  readonly id: string
  readonly holder: SessionHolder
  /** What was proved here, and when; `null`: nothing but a password. */
  readonly factor: VerifiedFactor | null
  /** A sealed code opened it (`admin/sealed-codes.ts`). */
  readonly breakGlass: boolean
  readonly lastSeenAt: Instant
  readonly deadline: Instant
  readonly address: string
}

/** A session to open. `tokenHash` is unique; `deadline` is when it ends at the latest. */
export type NewAdminSession = {
  readonly id: string
  readonly tokenHash: string
  readonly of:
    | { readonly account: string; readonly factor: VerifiedFactor | null; readonly breakGlass: boolean }
    | { readonly user: string; readonly gatewaySession: string; readonly factor: VerifiedFactor }
  readonly at: Instant
  readonly deadline: Instant
  readonly address: string
  readonly device: string
}

/** Opens a session. */
export async function openAdminSession(tx: Tx, session: NewAdminSession): Promise<void> {
  const { of: holder, address, at } = session
  const own = 'account' in holder
  await tx
    .insertInto('admin_session')
    .values({
      id: session.id,
      token_hash: session.tokenHash,
      account: own ? holder.account : null,
      user_id: own ? null : holder.user,
      gateway_session: own ? null : holder.gatewaySession,
      factor_method: holder.factor?.method ?? null,
      factor_verified_at: holder.factor?.verifiedAt ?? null,
      break_glass: own && holder.breakGlass,
      created_at: at,
      last_seen_at: at,
      deadline: session.deadline,
      address_first: address,
      address_last: address,
      device: session.device,
    })
    .execute()
  await noteAddress(tx, own ? holder.account : holder.user, address, at)
}

/** The live gateway session of an id with its person, neither held nor of somebody suspended; `null`: none such. */
export async function findGatewayHolder(
  rows: Rows,
  id: string,
  at: Instant,
): Promise<Extract<SessionHolder, { readonly kind: 'user' }> | null> {
  const gateway = await findSessionById(rows, id)
  if (gateway === null || gateway.ended_at !== null || gateway.held || gateway.absolute_deadline <= at)
    return null
  const person = await rows
    .selectFrom('app_user')
    .select(['id', 'name', 'login'])
    .where('id', '=', gateway.user_id)
    .where('suspended', '=', false)
    .executeTakeFirst()
  return person === undefined ? null : { kind: 'user', person, gateway }
}

async function findHolder(
  rows: Rows,
  row: { readonly account: string | null; readonly gateway_session: string | null },
  at: Instant,
): Promise<SessionHolder | null> {
  if (row.account !== null) {
    const account = await findAdmin(rows, row.account)
    return account === null || account.suspended ? null : { kind: 'admin', account }
  }
  return row.gateway_session === null ? null : findGatewayHolder(rows, row.gateway_session, at)
}

/**
 * The live session of a token hash; `null`: none, ended, past its deadline, its account is suspended, or the gateway
 * session that it stands on is over.
 */
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
  const holder = row === undefined ? null : await findHolder(rows, row, at)
  if (row === undefined || holder === null) return null
  return {
    id: row.id,
    holder,
    factor:
      row.factor_method === null || row.factor_verified_at === null
        ? null
        : { method: row.factor_method, verifiedAt: row.factor_verified_at },
    breakGlass: row.break_glass,
    lastSeenAt: row.last_seen_at,
    deadline: row.deadline,
    address: row.address_last,
  }
}

/** The id that a session's holder goes by in events and addresses used: `adm_…` or `usr_…`. */
export const subjectOf = (holder: SessionHolder): string =>
  holder.kind === 'admin' ? holder.account.id : holder.person.id

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
  await noteAddress(rows, subjectOf(session.holder), address, at)
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

/** A live session in the list of all. */
export type ListedAdminSession = {
  readonly id: string
  readonly who: { readonly kind: 'admin' | 'user'; readonly id: string; readonly name: string }
  readonly address: string
  readonly device: string
  readonly factor: string | null
  readonly createdAt: Instant
  readonly lastSeenAt: Instant
  readonly endsAt: Instant
}

/** Live sessions, newest first, at most 500; those of people only while their gateway session lives. */
export async function listAdminSessions(rows: Rows, at: Instant): Promise<ListedAdminSession[]> {
  const found = await rows
    .selectFrom('admin_session as s')
    .leftJoin('admin_account as a', 'a.id', 's.account')
    .leftJoin('app_user as u', 'u.id', 's.user_id')
    .leftJoin('session as g', 'g.id', 's.gateway_session')
    .select(['s.id', 's.account', 's.user_id', 's.address_last', 's.device', 's.factor_method'])
    .select(['s.created_at', 's.last_seen_at', 's.deadline', 'a.name as account_name', 'u.name as user_name'])
    .where('s.ended_at', 'is', null)
    .where('s.deadline', '>', at)
    .where((eb) => eb.or([eb('s.gateway_session', 'is', null), eb('g.ended_at', 'is', null)]))
    .orderBy('s.created_at', 'desc')
    .orderBy('s.id')
    .limit(500)
    .execute()
  return found.map((row) => ({
    id: row.id,
    who:
      row.account === null
        ? { kind: 'user' as const, id: row.user_id ?? '', name: row.user_name ?? '' }
        : { kind: 'admin' as const, id: row.account, name: row.account_name ?? '' },
    address: row.address_last,
    device: row.device,
    factor: row.factor_method,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    endsAt: row.deadline,
  }))
}
