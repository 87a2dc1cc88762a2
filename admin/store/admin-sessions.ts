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
  readonly lastSeenAt: Instant
  readonly deadline: Instant
  readonly address: string
}

/** A session to open. `tokenHash` is unique; `deadline` is when it ends at the latest. */
export type NewAdminSession = {
  readonly id: string
  readonly tokenHash: string
  readonly of:
    | { readonly account: string }
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
      factor_method: own ? null : holder.factor.method,
      factor_verified_at: own ? null : holder.factor.verifiedAt,
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
