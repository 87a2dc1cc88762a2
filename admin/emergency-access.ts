/**
 * Emergency access of a person (break-glass, SPEC §11): taken with a reason after a second factor, told to every security
 * admin, ended early, reviewed later.
 *
 * It is asked for at the portal (`portal/emergency-step.ts`); gateways lift address and hours by the grant, and nothing
 * else. Invariant: grant, event, mails and announcement are one transaction; the practice's own lock makes the weekly
 * limit hold; nobody reviews their own. Asking somebody first was refused: that is a request for access.
 */
import { emergencyUntil, mayUseEmergency } from '../policies/emergency.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { emergencyTexts } from '../runtime/pages/texts-account.ts'
import { newToken } from '../runtime/token.ts'
import { type Deed, eventOf } from './deed.ts'
import { mailEmergency } from './emergency-mails.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { countEmergencies, type EmergencyUse, findEmergency } from './store/emergencies.ts'
import { appendEvent } from './store/events.ts'
import { readMembers } from './store/members.ts'
import { announceMembers } from './store/outbox.ts'
import { lockPractice, readPolicy } from './store/practices.ts'

/** How often somebody may use it in a practice within a week. */
const weekMax = 3
const weekMs: DurationMs = 7 * 86_400_000

/** Who takes it: a person at the portal, who proved a second factor in this very visit. */
export type EmergencyWish = {
  readonly user: string
  readonly name: string
  readonly address: string
  readonly method: string
  readonly practices: readonly string[]
  readonly reason: string
}

/** What became of it in one practice. `on`: until when; `refused`: why not, a sentence for the person. */
export type EmergencyTaken =
  | { readonly outcome: 'on'; readonly practice: string; readonly until: Instant }
  | { readonly outcome: 'refused'; readonly practice: string; readonly sentence: string }

/** A practice in which somebody may use it. `until`: it is on already; `null`: it is not. */
export type EmergencyPlace = {
  readonly practice: string
  readonly name: string
  readonly lastsMs: DurationMs
  readonly until: Instant | null
}

/** Where the user may use it at `at`, of these practices, in their order. */
export async function emergencyPlaces(
  rows: Rows,
  user: string,
  practices: readonly string[],
  at: Instant,
): Promise<readonly EmergencyPlace[]> {
  const places: EmergencyPlace[] = []
  for (const practice of practices) {
    const policy = await readPolicy(rows, practice)
    const members = (await readMembers(rows, practice, at))?.members ?? []
    const member = members.find((one) => one.user === user)
    if (policy === null || member === undefined || !mayUseEmergency(policy.document, member)) continue
    const { practice: of, emergency } = policy.document
    places.push({ practice, name: of.name, lastsMs: emergency.lastsMs, until: emergencyUntil(member, at) })
  }
  return places
}

async function insertUse(tx: Tx, practice: string, wish: EmergencyWish, at: Instant, until: Instant) {
  const grant = `grt_${newToken().slice(0, 22)}`
  const id = `eac_${newToken().slice(0, 22)}`
  await tx
    .insertInto('access_grant')
    .values({
      ...{ id: grant, practice, user_id: wish.user, kind: 'break-glass', range: null },
      ...{ starts_at: at, ends_at: until, given_by: wish.user, withdrawn_at: null },
    })
    .execute()
  await tx
    .insertInto('emergency_access')
    .values({
      ...{ id, practice, user_id: wish.user, grant_id: grant, reason: wish.reason },
      ...{ address: wish.address, method: wish.method, started_at: at, ends_at: until },
    })
    .execute()
  return { id, grant }
}

async function takeIn(tx: Tx, practice: string, wish: EmergencyWish, at: Instant): Promise<EmergencyTaken> {
  const refused = (sentence: string): EmergencyTaken => ({ outcome: 'refused', practice, sentence })
  if ((await lockPractice(tx, practice)) === null) return refused(emergencyTexts.unknown)
  const [place] = await emergencyPlaces(tx, wish.user, [practice], at)
  if (place === undefined) return refused(emergencyTexts.closed)
  // Taken twice, by a reload: the first time counts.
  if (place.until !== null) return { outcome: 'on', practice, until: place.until }
  if ((await countEmergencies(tx, practice, wish.user, at - weekMs)) >= weekMax)
    return refused(emergencyTexts.tooOften(place.name, weekMax))
  const until = at + place.lastsMs
  const { id, grant } = await insertUse(tx, practice, wish, at, until)
  await mailEmergency(tx, practice, wish, at, until)
  await announceMembers(tx, practice, at)
  await appendEvent(tx, {
    ...{ practice, at, origin: 'ui', action: 'break-glass.used', reason: wish.reason, address: wish.address },
    actor: { kind: 'user', id: wish.user, name: wish.name },
    target: { kind: 'user', id: wish.user, name: wish.name },
    before: null,
    after: { emergency: id, grant, method: wish.method, endsAt: until },
  })
  return { outcome: 'on', practice, until }
}

/** Takes emergency access in each practice wished, for as long as its policy says. */
export const takeEmergency = (
  store: Store,
  wish: EmergencyWish,
  at: Instant,
): Promise<readonly EmergencyTaken[]> =>
  store.transaction(async (tx) => {
    const taken: EmergencyTaken[] = []
    // One order for all transactions, so that two of them cannot wait for each other.
    for (const practice of [...new Set(wish.practices)].sort())
      taken.push(await takeIn(tx, practice, wish, at))
    return taken
  })

/** Which use, by whom it is ended or reviewed. */
export type EmergencyReview = { readonly practice: string; readonly id: string; readonly deed: Deed }

/** What became of it. `unchanged`: it had ended, or was reviewed, before. */
export type EmergencyOutcome =
  | {
      readonly outcome: 'done' | 'unchanged'
      readonly use: EmergencyUse
      readonly announced: number | null
    }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'own' }

const withUse = (
  store: Store,
  { practice, id, deed }: EmergencyReview,
  act: (tx: Tx, use: EmergencyUse) => Promise<EmergencyOutcome>,
): Promise<EmergencyOutcome> =>
  store.transaction(async (tx) => {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown' }
    const use = await findEmergency(tx, practice, id, deed.at)
    return use === null ? { outcome: 'unknown' } : act(tx, use)
  })

/** Ends emergency access from the next request on; open streams that nothing else allows are cut. */
export const endEmergency = (store: Store, review: EmergencyReview): Promise<EmergencyOutcome> =>
  withUse(store, review, async (tx, use) => {
    const { practice, id, deed } = review
    if (use.state === 'over') return { outcome: 'unchanged', use, announced: null }
    await tx.updateTable('access_grant').set({ withdrawn_at: deed.at }).where('id', '=', use.grant).execute()
    await tx
      .updateTable('emergency_access')
      .set({ ended_at: deed.at, ended_by_name: deed.actor.name })
      .where('id', '=', id)
      .execute()
    const { announced } = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'break-glass.ended',
      target: { kind: 'user', id: use.user.id, name: use.user.name },
      before: { endsAt: use.endsAt },
      after: { emergency: id, endsAt: deed.at },
    })
    return { outcome: 'done', use: (await findEmergency(tx, practice, id, deed.at)) ?? use, announced }
  })

/** Notes that a use was looked at. `reviewerLogin`: of the account, since nobody reviews their own. */
export const reviewEmergency = (
  store: Store,
  review: EmergencyReview & { readonly note: string; readonly reviewerLogin: string },
): Promise<EmergencyOutcome> =>
  withUse(store, review, async (tx, use) => {
    const { practice, id, deed, note } = review
    const login = review.reviewerLogin.toLowerCase()
    const isOwn = [use.user.id, use.user.login.toLowerCase(), use.user.email?.toLowerCase()]
    if (isOwn.includes(login) || isOwn.includes(deed.actor.id)) return { outcome: 'own' }
    if (use.reviewedAt !== null) return { outcome: 'unchanged', use, announced: null }
    await tx
      .updateTable('emergency_access')
      .set({
        ...{ reviewed_at: deed.at, reviewed_by: deed.actor.id, reviewed_by_name: deed.actor.name },
        review_note: note,
      })
      .where('id', '=', id)
      .execute()
    await appendEvent(tx, {
      ...eventOf({ ...deed, reason: note === '' ? null : note }),
      practice,
      action: 'break-glass.reviewed',
      target: { kind: 'user', id: use.user.id, name: use.user.name },
      before: { reviewed: false },
      after: { emergency: id, reviewed: true },
    })
    return { outcome: 'done', use: (await findEmergency(tx, practice, id, deed.at)) ?? use, announced: null }
  })
