/**
 * Revocations: ending people's access now, whatever their application still believes.
 *
 * Revoking a user raises the epoch of that user in that practice by one; sessions of a lower epoch are refused by
 * every gateway, adopted cookies too, until a fresh sign-in. Invariant: whoever may revoke in some of a person's
 * practices ends their access to these and to no other (SPEC §3). All is one transaction with event and outbox row.
 * Deleting sessions was refused: a deleted one could be adopted again.
 */
import { sql } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import { endedHere, type SessionEnd } from '../../runtime/records.ts'
import { type Deed, eventOf } from '../deed.ts'
import { securityAdmins } from '../directory/security-admins.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { readMembers } from '../store/members.ts'
import { announceMembers, announceSession } from '../store/outbox.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'
import { findSession, markEnded, type SessionRow } from '../store/sessions.ts'

/**
 * What became of a revocation. `sessions`: live sessions that lost access; `announced`: the number to follow it by;
 * `not-everywhere`: the person has a practice in which the admin may not revoke.
 */
export type RevocationOutcome =
  | { readonly outcome: 'revoked'; readonly announced: number; readonly sessions: number }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'not-everywhere' }
  | { readonly outcome: 'last-security-admin'; readonly practice: string }

/** Whether the admin who acts may revoke in a practice. */
export type MayRevoke = (practice: string) => boolean

const liveSessions = (rows: Rows, practice: string, at: number) =>
  rows
    .selectFrom('session as s')
    .innerJoin('membership as m', 'm.user_id', 's.user_id')
    .where('m.practice', '=', practice)
    .where('s.ended_at', 'is', null)
    .where('s.absolute_deadline', '>', at)
    .where(sql<boolean>`coalesce((s.epochs ->> m.practice)::int, 0) >= m.epoch`)

type UserWish = { readonly user: string; readonly block: boolean; readonly deed: Deed }

/** Whether suspending the user would leave the practice without a security admin. */
async function isLastAdmin(tx: Tx, practice: string, user: string, at: Instant): Promise<boolean> {
  const policy = await readPolicy(tx, practice)
  const known = await readMembers(tx, practice, at)
  if (policy === null || known === null) return false
  const admins = securityAdmins(policy.document, known.members)
  return admins.length === 1 && admins[0]?.user === user
}

/** What is recorded of one practice: the end of the sessions and, with `block`, the suspension beside it. */
async function appendRevoked(
  tx: Tx,
  practice: string,
  { user, block, deed }: UserWish,
  facts: { readonly name: string; readonly epoch: number; readonly sessions: readonly string[] },
): Promise<void> {
  const { name, epoch, sessions } = facts
  const of = { ...eventOf(deed), practice, target: { kind: 'user', id: user, name } }
  await appendEvent(tx, {
    ...{ ...of, action: 'user.revoked', before: { epoch: epoch - 1 }, after: { epoch, sessions } },
  })
  if (block)
    await appendEvent(tx, {
      ...{ ...of, action: 'user.suspended', before: { suspended: false }, after: { suspended: true } },
    })
}

/** Revokes in one practice that is held; `null`: no such member. */
async function revokeIn(tx: Tx, practice: string, wish: UserWish) {
  const { user, block, deed } = wish
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
    .returning('epoch')
    .returning((eb) =>
      eb.selectFrom('app_user').select('name').whereRef('app_user.id', '=', 'membership.user_id').as('name'),
    )
    .executeTakeFirst()
  if (row === undefined) return null
  const { announced } = await announceMembers(tx, practice, deed.at)
  const sessions = live.map(({ id }) => id)
  await appendRevoked(tx, practice, wish, { name: row.name ?? user, epoch: row.epoch, sessions })
  return { announced, sessions }
}

/** Revokes in these practices, all or none. */
async function revokeInAll(tx: Tx, practices: readonly string[], wish: UserWish): Promise<RevocationOutcome> {
  for (const practice of practices) {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown' }
    if (wish.block && (await isLastAdmin(tx, practice, wish.user, wish.deed.at)))
      return { outcome: 'last-security-admin', practice }
  }
  const sessions = new Set<string>()
  let announced = 0
  for (const practice of practices) {
    const done = await revokeIn(tx, practice, wish)
    if (done === null) return { outcome: 'unknown' }
    announced = Math.max(announced, done.announced)
    for (const id of done.sessions) sessions.add(id)
  }
  return { outcome: 'revoked', announced, sessions: sessions.size }
}

/**
 * Ends a user's access to a practice until they sign in afresh; with `block` they stay suspended there as well.
 * `unknown`: no such member.
 */
export const revokeUser = (
  store: Store,
  { practice, ...wish }: UserWish & { readonly practice: string },
): Promise<RevocationOutcome> => store.transaction((tx) => revokeInAll(tx, [practice], wish))

/**
 * The same in every practice of a member of `practice`: for owners, who may revoke in all of these. Nothing is done
 * where there is one in which they may not.
 */
export const revokeUserEverywhere = (
  store: Store,
  { practice, mayRevoke, ...wish }: UserWish & { readonly practice: string; readonly mayRevoke: MayRevoke },
): Promise<RevocationOutcome> =>
  store.transaction(async (tx) => {
    const practices = await practicesOf(tx, wish.user)
    if (!practices.includes(practice)) return { outcome: 'unknown' }
    if (!practices.every(mayRevoke)) return { outcome: 'not-everywhere' }
    return revokeInAll(tx, practices, wish)
  })

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

type Found = { readonly user_id: string; readonly token_hash: string }

/** Takes a session and those adopted by its cookie out of one practice; their ids, the session's first. */
async function endHere(tx: Tx, practice: string, { token_hash }: Found, at: Instant): Promise<string[]> {
  const session = await findSession(tx, token_hash)
  if (session === null || session.ended_at !== null || session.epochs[practice] === endedHere) return []
  const copies =
    session.cookie_hash === null
      ? []
      : await tx
          .selectFrom('session')
          .selectAll()
          .where('cookie_hash', '=', session.cookie_hash)
          .where('user_id', '=', session.user_id)
          .where('upstream', '=', session.upstream)
          .where('method', 'in', ['adopted', 'trusted-header'])
          .where('ended_at', 'is', null)
          .where('id', '!=', session.id)
          .orderBy('token_hash')
          .forUpdate()
          .execute()
  for (const one of [session, ...copies]) {
    await tx
      .updateTable('session')
      .set((eb) => ({
        epochs: JSON.stringify({ ...one.epochs, [practice]: endedHere }),
        version: eb('version', '+', 1),
      }))
      .where('id', '=', one.id)
      .execute()
    await announceSession(tx, one.token_hash, at)
  }
  return [session.id, ...copies.map(({ id }) => id)]
}

/** Ends a session and those adopted by its cookie for good; their ids, the session's first. */
async function endForGood(tx: Tx, { token_hash }: Found, at: Instant): Promise<string[]> {
  const ended = await markEnded(tx, token_hash, 'revoked', at)
  return ended === null ? [] : [ended.id, ...(await endAdopted(tx, ended, 'revoked', at))]
}

/**
 * Ends one live session (id `ses_…`) of a member of `practice` and those adopted by its cookie: for good where the admin
 * may revoke in every practice it reaches, each of which gets the event; else for this practice alone, in which the
 * person signs in afresh. `unknown`: no such live session there.
 */
export function revokeSession(
  store: Store,
  wish: {
    readonly practice: string
    readonly session: string
    readonly mayRevoke: MayRevoke
    readonly deed: Deed
  },
): Promise<RevocationOutcome> {
  const { deed, practice } = wish
  return store.transaction(async (tx) => {
    // Locked: a second factor proved in this moment moves it to another token.
    const found = await tx
      .selectFrom('session')
      .select(['user_id', 'token_hash', 'address_last', 'device'])
      .where('id', '=', wish.session)
      .forUpdate()
      .executeTakeFirst()
    if (found === undefined) return { outcome: 'unknown' }
    const practices = await practicesOf(tx, found.user_id)
    if (!practices.includes(practice)) return { outcome: 'unknown' }
    const isWhole = practices.every(wish.mayRevoke)
    const [session, ...adopted] = isWhole
      ? await endForGood(tx, found, deed.at)
      : await endHere(tx, practice, found, deed.at)
    if (session === undefined) return { outcome: 'unknown' }
    const announced = await announceSession(tx, found.token_hash, deed.at)
    const person = await tx
      .selectFrom('app_user')
      .select('name')
      .where('id', '=', found.user_id)
      .executeTakeFirstOrThrow()
    for (const told of isWhole ? practices : [practice])
      await appendEvent(tx, {
        ...eventOf(deed),
        practice: told,
        action: 'session.revoked',
        target: { kind: 'user', id: found.user_id, name: person.name },
        before: null,
        after: {
          ...{ session, address: found.address_last, device: found.device },
          ...(isWhole ? {} : { only: practice }),
          ...(adopted.length === 0 ? {} : { adopted }),
        },
      })
    return { outcome: 'revoked', announced, sessions: 1 + adopted.length }
  })
}
