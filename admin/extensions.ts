/**
 * "Stay late": leave for one person to go on past their hours, given by an admin for a while and taken back.
 *
 * A grant of kind `time` like that of an approved request, which is not listed here (`access-undoing.ts` takes those
 * back). Invariant: nobody gives one to themselves, none lasts longer than a day, and grant, event and announcement are
 * one transaction. An edit of the person's windows was refused: nobody remembers to undo it.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'
import { nextClock } from '../policies/timetable-zone.ts'
import { newToken } from '../runtime/token.ts'
import { type Deed, eventOf } from './deed.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { appendEvent } from './store/events.ts'
import { announceMembers } from './store/outbox.ts'
import { lockPractice, readPolicy } from './store/practices.ts'

/** How long: a time of its own (at most a day), or until the practice's clocks next show `HH:MM`. */
export type ExtensionLength = DurationMs | { readonly until: string }

/** An extension in force. `givenBy`: a name, or an id nobody has any more. */
export type Extension = {
  readonly id: string
  readonly user: string
  readonly name: string
  readonly startsAt: Instant
  readonly endsAt: Instant
  readonly givenBy: string
}

/** What became of it. `announced`: the number to follow it by. */
export type ExtensionOutcome =
  | { readonly outcome: 'done'; readonly extension: Extension; readonly announced: number }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'own' }
  | { readonly outcome: 'too-many' }

const listedMax = 500
/** In force at one time, for one person: one is enough, and a second may lengthen it. */
const perPersonMax = 10

const inForce = (rows: Rows, practice: string, at: Instant) =>
  rows
    .selectFrom('access_grant as g')
    .innerJoin('app_user as u', 'u.id', 'g.user_id')
    .leftJoin('admin_account as a', 'a.id', 'g.given_by')
    .leftJoin('app_user as b', 'b.id', 'g.given_by')
    .select(['g.id', 'g.user_id as user', 'u.name', 'g.starts_at as startsAt', 'g.ends_at as endsAt'])
    .select((eb) => eb.fn.coalesce('a.name', 'b.name', 'g.given_by').as('givenBy'))
    .where('g.practice', '=', practice)
    .where('g.kind', '=', 'time')
    .where('g.withdrawn_at', 'is', null)
    .where('g.ends_at', '>', at)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('access_request as r').select('r.id').whereRef('r.grant_id', '=', 'g.id'))),
    )

/** Extensions of a practice in force at `at`, the first to end first; at most 500. */
export const listExtensions = (rows: Rows, practice: string, at: Instant): Promise<readonly Extension[]> =>
  inForce(rows, practice, at).orderBy('g.ends_at').orderBy('g.id').limit(listedMax).execute()

async function note(tx: Tx, practice: string, extension: Extension, deed: Deed, what: 'given' | 'withdrawn') {
  const { id, user, name, endsAt } = extension
  const facts = { extension: id, endsAt }
  await appendEvent(tx, {
    ...eventOf(deed),
    practice,
    action: `extension.${what}`,
    target: { kind: 'user', id: user, name },
    before: what === 'given' ? null : facts,
    after: what === 'given' ? facts : null,
  })
  return announceMembers(tx, practice, deed.at)
}

type Wish = {
  readonly practice: string
  readonly user: string
  readonly length: ExtensionLength
  readonly giverLogin: string
  readonly deed: Deed
}

/** Lets a member who is not suspended go on past their hours, from now on. */
export const giveExtension = (store: Store, wish: Wish): Promise<ExtensionOutcome> =>
  store.transaction(async (tx) => {
    const { practice, user, length, deed } = wish
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown' }
    const policy = await readPolicy(tx, practice)
    const person = await tx
      .selectFrom('membership as m')
      .innerJoin('app_user as u', 'u.id', 'm.user_id')
      .select(['u.name', 'u.login', 'u.email'])
      .where('m.practice', '=', practice)
      .where('m.user_id', '=', user)
      .where('m.suspended', '=', false)
      .where('u.suspended', '=', false)
      .executeTakeFirst()
    if (person === undefined || policy === null) return { outcome: 'unknown' }
    const giver = wish.giverLogin.toLowerCase()
    if (deed.actor.id === user || [person.login, person.email].some((text) => text?.toLowerCase() === giver))
      return { outcome: 'own' }
    const { length: own } = await inForce(tx, practice, deed.at).where('g.user_id', '=', user).execute()
    if (own >= perPersonMax) return { outcome: 'too-many' }
    const endsAt =
      typeof length === 'number'
        ? deed.at + length
        : nextClock(policy.document.practice.zone, length.until, deed.at)
    const id = `grt_${newToken().slice(0, 22)}`
    await tx
      .insertInto('access_grant')
      .values({
        ...{ id, practice, user_id: user, kind: 'time', range: null, starts_at: deed.at, ends_at: endsAt },
        ...{ given_by: deed.actor.id, withdrawn_at: null },
      })
      .execute()
    const extension = {
      ...{ id, user, name: person.name, startsAt: deed.at, endsAt, givenBy: deed.actor.name },
    }
    const { announced } = await note(tx, practice, extension, deed, 'given')
    return { outcome: 'done', extension, announced }
  })

/** Takes an extension back from the next request on; open streams of theirs end as at the end of their hours. */
export const withdrawExtension = (
  store: Store,
  { practice, id, deed }: { readonly practice: string; readonly id: string; readonly deed: Deed },
): Promise<ExtensionOutcome> =>
  store.transaction(async (tx) => {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown' }
    const extension = await inForce(tx, practice, deed.at).where('g.id', '=', id).executeTakeFirst()
    if (extension === undefined) return { outcome: 'unknown' }
    await tx.updateTable('access_grant').set({ withdrawn_at: deed.at }).where('id', '=', id).execute()
    const { announced } = await note(tx, practice, extension, deed, 'withdrawn')
    return { outcome: 'done', extension, announced }
  })
