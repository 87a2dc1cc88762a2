/**
 * Links by which people set their password, the first and any later one, and what setting it does.
 *
 * It shows no page and judges no password text (`password-rules.ts`). Invariant: a link works once and for half an hour, is
 * stored as a hash, and is over as soon as any password of its person is set; a new password ends everything that was open,
 * so that whoever had the old one is out. A link goes to the login name where that is an address, and to no other: the
 * address beside it follows an application's word, and whoever may write that would become somebody else.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { type Deed, eventOf } from '../deed.ts'
import { isMailAddress } from '../notify/mail-queue.ts'
import { hashPassword } from '../passwords.ts'
import { endEverything } from '../sessions/ending-everywhere.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { listPracticesOf } from '../two-factor/chains.ts'
import { passwordProblem } from './password-rules.ts'

/** How long a link works. */
export const passwordLinkMs: DurationMs = 1_800_000

const hourMs: DurationMs = 3_600_000
/** So many links a person is sent in an hour; more would only fill somebody's mailbox. */
const linksAnHourMax = 3

/** Somebody at the page of their link. `names`: what their password must not have in it. */
export type LinkHolder = {
  readonly user: string
  readonly login: string
  readonly name: string
  readonly isFirst: boolean
  readonly names: readonly string[]
}

/** The address that links go to; `null`: the login name is none. */
export const addressOfLogin = (login: string): string | null => (isMailAddress(login) ? login : null)

/** Lays down a link; its bearer text. `null`: the person has had as many as they may within an hour. */
export async function layPasswordLink(tx: Tx, user: string, at: Instant): Promise<string | null> {
  // Locked: several askers at once would each count the same.
  await tx.selectFrom('app_user').select('id').where('id', '=', user).forNoKeyUpdate().executeTakeFirst()
  const { count } = await tx
    .selectFrom('password_link')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('user_id', '=', user)
    .where('made_at', '>', at - hourMs)
    .executeTakeFirstOrThrow()
  if (Number(count) >= linksAnHourMax) return null
  const link = newToken()
  await tx
    .insertInto('password_link')
    .values({ link_hash: hashToken(link), user_id: user, made_at: at, ends_at: at + passwordLinkMs })
    .execute()
  return link
}

async function readHolder(rows: Rows, linkHash: string, at: Instant): Promise<LinkHolder | null> {
  const row = await rows
    .selectFrom('password_link as l')
    .innerJoin('app_user as u', 'u.id', 'l.user_id')
    .leftJoin('own_password as p', 'p.user_id', 'u.id')
    .select(['u.id', 'u.login', 'u.name', 'u.email', 'p.set_at'])
    .where('l.link_hash', '=', linkHash)
    .where('l.ends_at', '>', at)
    .where('u.suspended', '=', false)
    .executeTakeFirst()
  if (row === undefined) return null
  const practices = await rows
    .selectFrom('membership as m')
    .innerJoin('practice as p', 'p.id', 'm.practice')
    .select(['p.id', 'p.name'])
    .where('m.user_id', '=', row.id)
    .execute()
  return {
    ...{ user: row.id, login: row.login, name: row.name, isFirst: row.set_at === null },
    names: [row.login, row.name, row.email ?? '', ...practices.flatMap(({ id, name }) => [id, name])],
  }
}

/** Whose link that is; `null`: nobody's, or it has run out, or was used. Looking spends nothing. */
export const findLinkHolder = (store: Store, link: string, at: Instant): Promise<LinkHolder | null> =>
  store.read((rows) => readHolder(rows, hashToken(link), at))

/** Why a password is set, for the record: from where, in whose name. */
export type PasswordDeed = { readonly address: string; readonly at: Instant }

/** What became of it. `said`: what is wrong with the password, for people. */
export type SetOutcome =
  | { readonly outcome: 'set'; readonly holder: LinkHolder; readonly sessionsEnded: number }
  | { readonly outcome: 'unfit'; readonly said: string }
  | { readonly outcome: 'over' }

/** What happens in the transaction that sets a password, besides: the person is told by mail. */
export type OnPasswordSet = (tx: Tx, holder: LinkHolder, at: Instant) => Promise<void>

/**
 * Sets the password of a link's person, whose other links, sessions and tries are over with it. `unfit` spends nothing.
 */
export async function setPasswordByLink(
  store: Store,
  wish: { readonly link: string; readonly password: string },
  { address, at }: PasswordDeed,
  onSet: OnPasswordSet,
): Promise<SetOutcome> {
  const linkHash = hashToken(wish.link)
  const before = await store.read((rows) => readHolder(rows, linkHash, at))
  if (before === null) return { outcome: 'over' }
  const said = passwordProblem(wish.password, before.names)
  if (said !== null) return { outcome: 'unfit', said }
  // Before the transaction: nobody waits for a hash while rows are locked.
  const text = await hashPassword(wish.password)
  return store.transaction(async (tx): Promise<SetOutcome> => {
    await tx.selectFrom('app_user').select('id').where('id', '=', before.user).forNoKeyUpdate().execute()
    const holder = await readHolder(tx, linkHash, at)
    const ended = holder === null ? null : await endEverything(tx, holder.user, at)
    if (holder === null || ended === null) return { outcome: 'over' }
    await tx.deleteFrom('password_link').where('user_id', '=', holder.user).execute()
    await tx
      .insertInto('own_password')
      .values({ user_id: holder.user, password_hash: text, set_at: at })
      .onConflict((oc) => oc.column('user_id').doUpdateSet({ password_hash: text, set_at: at }))
      .execute()
    await tx
      .deleteFrom('password_tries')
      .where(({ or, eb }) =>
        or([
          eb('key', '=', `user ${holder.user}`),
          sql<boolean>`starts_with(key, ${`pair ${holder.user} `})`,
        ]),
      )
      .execute()
    await onSet(tx, holder, at)
    const person = { id: holder.user, name: holder.name }
    for (const practice of ended.practices)
      await appendEvent(tx, {
        ...{ practice, at, origin: 'ui', address },
        actor: { kind: 'user', ...person },
        action: holder.isFirst ? 'user.password-set' : 'user.password-changed',
        target: { kind: 'user', ...person },
        before: null,
        after: { by: 'link', sessionsEnded: ended.sessionsEnded },
      })
    return { outcome: 'set', holder, sessionsEnded: ended.sessionsEnded }
  })
}

/** Records in every practice of theirs that a link was made for somebody. `given`: how it goes to them. */
export async function noteLink(
  tx: Tx,
  person: { readonly user: string; readonly name: string },
  deed: Deed,
  given: 'mailed' | 'handed-out',
): Promise<void> {
  const { user: id, name } = person
  for (const practice of await listPracticesOf(tx, id))
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'user.password-link-made',
      target: { kind: 'user', id, name },
      ...{ before: null, after: { given, worksForMs: passwordLinkMs } },
    })
}

/** Forgets links that ran out long enough ago to count for nobody; how many. */
export async function forgetOldLinks(tx: Tx, at: Instant): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('password_link')
    .where('ends_at', '<=', at)
    .where('made_at', '<=', at - hourMs)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
