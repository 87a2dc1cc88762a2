/**
 * Ending everything that one person has open, in every practice: after a new password, or because they wish it.
 *
 * Within a transaction of whoever calls, who writes the event and tells the members (`announceMembers`). Invariant: epochs
 * rise with the sessions' ends, so that what an application still believes lets nobody back in (`revocations.ts`), and the
 * person is locked before their practices are, as everywhere, so that two such changes never wait in a circle.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Tx } from '../store/database.ts'
import { announceMembers, announceSession } from '../store/outbox.ts'
import { lockPractice } from '../store/practices.ts'
import { markEnded } from '../store/sessions.ts'
import { listPracticesOf } from '../two-factor/chains.ts'
import { lockSessionsOf } from './session-limit.ts'

/** A person whose sessions were ended, with the practices whose members record is new. */
export type EndedEverywhere = {
  readonly name: string
  readonly practices: readonly string[]
  readonly sessionsEnded: number
}

/** Ends every live session of a user and what was on its way to become one; `null`: there is no such user. */
export async function endEverything(tx: Tx, user: string, at: Instant): Promise<EndedEverywhere | null> {
  const person = await tx
    .selectFrom('app_user')
    .select('name')
    .where('id', '=', user)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (person === undefined) return null
  // A sign-in on its way waits, and then finds the epochs raised.
  await lockSessionsOf(tx, user)
  const practices = await listPracticesOf(tx, user)
  for (const practice of practices) await lockPractice(tx, practice)
  await tx.deleteFrom('own_sign_in').where('user_id', '=', user).execute()
  await tx
    .updateTable('membership')
    .set((eb) => ({ epoch: eb('epoch', '+', 1), revoked_at: at }))
    .where('user_id', '=', user)
    .execute()
  const live = await tx
    .selectFrom('session')
    .select('token_hash')
    .where('user_id', '=', user)
    .where('ended_at', 'is', null)
    .where('absolute_deadline', '>', at)
    .orderBy('token_hash')
    .execute()
  for (const { token_hash } of live) {
    const ended = await markEnded(tx, token_hash, 'revoked', at)
    if (ended !== null) await announceSession(tx, token_hash, at)
  }
  for (const practice of practices) await announceMembers(tx, practice, at)
  return { name: person.name, practices, sessionsEnded: live.length }
}
