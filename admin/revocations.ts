/**
 * Revocations: ending people's access now, whatever their application still believes.
 *
 * Revoking a user raises the epoch of that user in that practice by one; sessions of a lower epoch are refused by
 * every gateway, adopted cookies too, until a fresh sign-in. Ending one session ends that session. Both are one
 * transaction with event and outbox row. Deleting sessions was refused: a deleted one could be adopted again.
 */
import { sql } from 'kysely'
import type { Instant } from '../policies/instant.ts'
import type { SessionEnd } from '../runtime/records.ts'
import { type Deed, eventOf } from './deed.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { appendEvent } from './store/events.ts'
import { announceMembers, announceSession } from './store/outbox.ts'
import { lockPractice } from './store/practices.ts'
import { markEnded, type SessionRow } from './store/sessions.ts'

/** What became of a revocation. `sessions`: live sessions that lost access; `announced`: the number to follow it by. */
export type RevocationOutcome =
  | { readonly outcome: 'revoked'; readonly announced: number; readonly sessions: number }
  | { readonly outcome: 'unknown' }

const liveSessions = (rows: Rows, practice: string, at: number) =>
  rows
    .selectFrom('session as s')
    .innerJoin('membership as m', 'm.user_id', 's.user_id')
    .where('m.practice', '=', practice)
    .where('s.ended_at', 'is', null)
    .where('s.absolute_deadline', '>', at)
    .where(sql<boolean>`coalesce((s.epochs ->> m.practice)::int, 0) >= m.epoch`)

/**
 * Ends a user's access to a practice until they sign in afresh; with `block` they stay suspended there as well.
 * `unknown`: no such member.
 */
export function revokeUser(
  store: Store,
  wish: { readonly practice: string; readonly user: string; readonly block: boolean; readonly deed: Deed },
): Promise<RevocationOutcome> {
  const { practice, user, block, deed } = wish
  return store.transaction(async (tx) => {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown' }
    const live = await liveSessions(tx, practice, deed.at)
      .where('s.user_id', '=', user)
      .select('s.id')
      .execute()
    const row = await tx
      .updateTable('membership')
      .set((eb) => ({
        epoch: eb('epoch', '+', 1),
        revoked_at: deed.at,
        ...(block ? { suspended: true } : {}),
      }))
      .where('practice', '=', practice)
      .where('user_id', '=', user)
      .returning(['epoch', 'suspended'])
      .returning((eb) =>
        eb
          .selectFrom('app_user')
          .select('name')
          .whereRef('app_user.id', '=', 'membership.user_id')
          .as('name'),
      )
      .executeTakeFirst()
    if (row === undefined) return { outcome: 'unknown' }
    const { announced } = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: block ? 'user.revoked-and-suspended' : 'user.revoked',
      target: { kind: 'user', id: user, name: row.name ?? user },
      before: { epoch: row.epoch - 1 },
      after: { epoch: row.epoch, sessions: live.map(({ id }) => id) },
    })
    return { outcome: 'revoked', announced, sessions: live.length }
  })
}

/** Ends everyone's access to a practice but `keep`'s (the acting admin's own user; `null`: nobody's). */
export function revokeEveryoneBut(
  store: Store,
  wish: { readonly practice: string; readonly keep: string | null; readonly deed: Deed },
): Promise<RevocationOutcome> {
  const { practice, keep, deed } = wish
  return store.transaction(async (tx) => {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown' }
    const live = await liveSessions(tx, practice, deed.at)
      .$if(keep !== null, (query) => query.where('s.user_id', '!=', keep ?? ''))
      .select(['s.id', 's.user_id'])
      .execute()
    await tx
      .updateTable('membership')
      .set((eb) => ({ epoch: eb('epoch', '+', 1), revoked_at: deed.at }))
      .where('practice', '=', practice)
      .$if(keep !== null, (query) => query.where('user_id', '!=', keep ?? ''))
      .execute()
    const { announced } = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'practice.revoked',
      target: { kind: 'practice', id: practice, name: practice },
      before: null,
      after: { kept: keep, users: [...new Set(live.map((row) => row.user_id))], sessions: live.length },
    })
    return { outcome: 'revoked', announced, sessions: live.length }
  })
}

async function practicesOf(tx: Tx, user: string): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('membership')
    .select('practice')
    .where('user_id', '=', user)
    .orderBy('practice')
    .execute()
  return rows.map((row) => row.practice)
}

/**
 * Ends what was adopted by the cookie of an ended session, for the same reason: whoever holds a copy may have opened more
 * sessions by it than gateways keep in mind. Answers their ids.
 */
export async function endAdopted(
  tx: Tx,
  ended: SessionRow,
  why: SessionEnd,
  at: Instant,
): Promise<readonly string[]> {
  if (ended.cookie_hash === null) return []
  const adopted = await tx
    .selectFrom('session')
    .select(['id', 'token_hash'])
    .where('cookie_hash', '=', ended.cookie_hash)
    .where('user_id', '=', ended.user_id)
    .where('upstream', '=', ended.upstream)
    .where('method', 'in', ['adopted', 'trusted-header'])
    .where('ended_at', 'is', null)
    .orderBy('token_hash')
    .forUpdate()
    .execute()
  for (const { token_hash } of adopted) {
    await markEnded(tx, token_hash, why, at)
    await announceSession(tx, token_hash, at)
  }
  return adopted.map(({ id }) => id)
}

/**
 * Ends one live session (id `ses_…`) of a member of `practice` and those adopted by its cookie, in every practice it
 * reaches; each of these practices gets the event. `unknown`: no such live session there.
 */
export function revokeSession(
  store: Store,
  wish: { readonly practice: string; readonly session: string; readonly deed: Deed },
): Promise<RevocationOutcome> {
  const { deed } = wish
  return store.transaction(async (tx) => {
    // Locked: a second factor proved in this moment moves it to another token.
    const found = await tx
      .selectFrom('session')
      .select(['user_id', 'token_hash'])
      .where('id', '=', wish.session)
      .forUpdate()
      .executeTakeFirst()
    if (found === undefined) return { outcome: 'unknown' }
    const practices = await practicesOf(tx, found.user_id)
    if (!practices.includes(wish.practice)) return { outcome: 'unknown' }
    const ended = await markEnded(tx, found.token_hash, 'revoked', deed.at)
    if (ended === null) return { outcome: 'unknown' }
    const adopted = await endAdopted(tx, ended, 'revoked', deed.at)
    const announced = await announceSession(tx, ended.token_hash, deed.at)
    const person = await tx
      .selectFrom('app_user')
      .select('name')
      .where('id', '=', ended.user_id)
      .executeTakeFirstOrThrow()
    for (const practice of practices)
      await appendEvent(tx, {
        ...eventOf(deed),
        practice,
        action: 'session.revoked',
        target: { kind: 'user', id: ended.user_id, name: person.name },
        before: null,
        after: {
          ...{ session: ended.id, address: ended.address_last, device: ended.device },
          ...(adopted.length === 0 ? {} : { adopted }),
        },
      })
    return { outcome: 'revoked', announced, sessions: 1 + adopted.length }
  })
}
