/**
 * Gateway sessions as rows, and as the records gateways get of them.
 *
 * It decides nothing: whether a session may pass is the policy's business. Only the hash of a token is here. The
 * record's version grows at each change that gateways must see; last seen, last address and streams are not such
 * (they come from gateways). Listing who is in now is `active-users.ts`.
 */

import type { Selectable } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import type { SessionEnd, SessionRecord, SignInMethod } from '../../runtime/records.ts'
import type { Rows, Tx } from './database.ts'
import type { Tables } from './tables.ts'

/** A session as stored. */
export type SessionRow = Selectable<Tables['session']>

/** A session to store. */
export type NewSession = {
  readonly id: string
  readonly tokenHash: string
  readonly cookieHash: string | null
  readonly user: string
  readonly upstream: string
  readonly appUser: string
  readonly method: SignInMethod
  readonly epochs: Readonly<Record<string, number>>
  readonly startedAt: Instant
  readonly absoluteDeadline: Instant
  readonly address: string
  readonly device: string
}

/** What gateways are told of a session; its version is the row's. */
export const sessionRecordOf = (row: SessionRow): SessionRecord => ({
  id: row.id,
  upstream: row.upstream,
  user: row.user_id,
  appUser: row.app_user,
  method: row.method,
  epochs: { ...row.epochs },
  cookieHash: row.cookie_hash,
  startedAt: row.started_at,
  absoluteDeadline: row.absolute_deadline,
  held: row.held,
  ended: row.ended_at === null || row.ended_why === null ? null : { at: row.ended_at, why: row.ended_why },
  factor:
    row.factor_method === null || row.factor_verified_at === null
      ? null
      : { method: row.factor_method, verifiedAt: row.factor_verified_at },
  trustedDevices: { ...row.trusted_devices },
  address: row.address_first,
})

/** The session of a token hash, or `null`. */
export async function findSession(rows: Rows, tokenHash: string): Promise<SessionRow | null> {
  const row = await rows
    .selectFrom('session')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  return row ?? null
}

/** The session of an id (`ses_…`), or `null`. */
export async function findSessionById(rows: Rows, id: string): Promise<SessionRow | null> {
  const row = await rows.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirst()
  return row ?? null
}

/** Stores a new session; `null` if its token hash is taken (a repeated request). */
export async function insertSession(tx: Tx, session: NewSession): Promise<SessionRow | null> {
  const row = await tx
    .insertInto('session')
    .values({
      id: session.id,
      token_hash: session.tokenHash,
      cookie_hash: session.cookieHash,
      user_id: session.user,
      upstream: session.upstream,
      app_user: session.appUser,
      method: session.method,
      epochs: JSON.stringify(session.epochs),
      started_at: session.startedAt,
      last_seen_at: session.startedAt,
      absolute_deadline: session.absoluteDeadline,
      address_first: session.address,
      address_last: session.address,
      device: session.device,
    })
    .onConflict((oc) => oc.column('token_hash').doNothing())
    .returningAll()
    .executeTakeFirst()
  return row ?? null
}

/** Ends a live session and answers it; `null` if there is none such or it has ended before. */
export async function markEnded(
  tx: Tx,
  tokenHash: string,
  why: SessionEnd,
  at: Instant,
): Promise<SessionRow | null> {
  const row = await tx
    .updateTable('session')
    .set((eb) => ({ ended_at: at, ended_why: why, streams: 0, version: eb('version', '+', 1) }))
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
  return row ?? null
}

/** Holds (with a reason) or releases a live session; `null` if there is none such or nothing changed. */
export async function markHeld(
  tx: Tx,
  tokenHash: string,
  held: { readonly reason: string } | null,
): Promise<SessionRow | null> {
  const row = await tx
    .updateTable('session')
    .set((eb) => ({
      held: held !== null,
      held_reason: held?.reason ?? null,
      version: eb('version', '+', 1),
    }))
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .where('held', '=', held === null)
    .returningAll()
    .executeTakeFirst()
  return row ?? null
}
