/**
 * A session raised by a second factor goes on under a new token (BYPASSES 19): whoever had a copy of its companion from
 * before shares nothing of what was proved.
 *
 * It checks no proof (`visits.ts` does). Invariant: the session keeps its id, age and epochs, so that nobody gains time
 * by a step-up; the old token stays behind as an ended row, whose signed record tells every gateway. Raising the row in
 * place was refused: the old companion would be raised with it.
 */
import { sql } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import type { Tx } from '../store/database.ts'
import { findSession, type SessionRow } from '../store/sessions.ts'

/** A session under its new token, and the ended rest of it under the old one. */
export type Renewed = { readonly session: SessionRow; readonly replaced: SessionRow }

/** What was asked before, repeated: the session under `renewedHash` that replaced the one of `tokenHash`; `null`: none. */
export async function findRenewed(tx: Tx, tokenHash: string, renewedHash: string): Promise<Renewed | null> {
  const session = await findSession(tx, renewedHash)
  const replaced = session === null ? null : await findSession(tx, tokenHash)
  if (session === null || replaced === null || replaced.ended_why !== 'replaced') return null
  return session.user_id === replaced.user_id && session.ended_at === null ? { session, replaced } : null
}

/** What else was on its way for a token is over with it. */
async function forgetSteps(tx: Tx, tokenHash: string): Promise<void> {
  await tx.deleteFrom('factor_ticket').where('token_hash', '=', tokenHash).execute()
  await tx.deleteFrom('factor_visit').where('token_hash', '=', tokenHash).execute()
  await tx.deleteFrom('factor_proof').where('token_hash', '=', tokenHash).execute()
}

/** What a proof raises: a factor, a remembered browser (until when, per practice), or both. */
export type Raise = {
  readonly method: FactorMethod | null
  readonly verified_at: Instant | null
  readonly devices: Readonly<Record<string, Instant>>
}

/** Moves the live session of `tokenHash` to `renewedHash`, with what raises it; `null`: there is no such session. */
export async function renewSession(
  tx: Tx,
  { tokenHash, renewedHash }: { readonly tokenHash: string; readonly renewedHash: string },
  { method, verified_at, devices }: Raise,
  at: Instant,
): Promise<Renewed | null> {
  await forgetSteps(tx, tokenHash)
  // The last proof counts: keeping a stronger but older one would claim its age or its strength wrongly.
  const session = await tx
    .updateTable('session')
    .set((eb) => ({
      token_hash: renewedHash,
      ...(method === null ? {} : { factor_method: method, factor_verified_at: verified_at }),
      trusted_devices: sql<string>`trusted_devices || ${JSON.stringify(devices)}::jsonb`,
      version: eb('version', '+', 1),
    }))
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .where('absolute_deadline', '>', at)
    .returningAll()
    .executeTakeFirst()
  if (session === undefined) return null
  const replaced = await tx
    .insertInto('session')
    .values({
      ...session,
      id: `ses_${newToken().slice(0, 22)}`,
      token_hash: tokenHash,
      epochs: JSON.stringify(session.epochs),
      trusted_devices: JSON.stringify({}),
      ...{ factor_method: null, factor_verified_at: null, held: false, held_reason: null, streams: 0 },
      ...{ ended_at: at, ended_why: 'replaced' },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { session, replaced }
}
