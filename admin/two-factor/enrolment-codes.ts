/**
 * Codes with which an admin lets somebody set up a second factor from elsewhere: for one person and practice, once.
 *
 * It sets up nothing. Invariant: a code is shown to its admin once and kept as a hash; it counts for a day at most, for the
 * person it was given to, and lifts the addresses of its own practice alone, in one visit at a time; it is spent by the
 * factor that is made with it, and what another visit was let do by it ends. A code for whoever has it was refused: it
 * would let a password thief in with it.
 */
import { hash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { lockPractice } from '../store/practices.ts'
import { lockPerson } from './factors.ts'
import { takeTry } from './tries.ts'
import { type CodeOutcome, type FactorParts, lockVisit, noteFailed } from './verification.ts'
import type { PortalVisit } from './visits.ts'

/** No code counts longer. */
export const enrolmentCodeMsMax: DurationMs = 86_400_000

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const codeLength = 16

/** A code as people type it, in one form; `null`: it can be none. */
export function readEnrolmentCode(text: string): string | null {
  if (text.length > 64) return null
  const plain = text.replaceAll(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(plain) ? plain : null
}

/** 80 random bits as `7K2M-94QX-ABCD-EFGH`: too many to be guessed from a copy of the hash within a day. */
function newEnrolmentCode(): string {
  const plain = Array.from(randomBytes(codeLength), (byte) => letters[byte & 31]).join('')
  return plain.replace(/(.{4})(?=.)/g, '$1-')
}

const markOf = (practice: string, user: string, code: string): string =>
  hash('sha256', `gatehouse enrolment code 1 ${practice} ${user} ${code}`, 'base64url')

/** A new code, shown once, in place of the one before; `null`: there is no such member who may come in. */
export function giveEnrolmentCode(
  store: Store,
  wish: { readonly practice: string; readonly user: string; readonly validMs: DurationMs },
  deed: Deed,
): Promise<{ readonly code: string; readonly endsAt: Instant } | null> {
  const { practice, user } = wish
  return store.transaction(async (tx) => {
    await lockPractice(tx, practice)
    const member = await tx
      .selectFrom('membership as m')
      .innerJoin('app_user as u', 'u.id', 'm.user_id')
      .select('u.name')
      .where('m.practice', '=', practice)
      .where('m.user_id', '=', user)
      .where('m.suspended', '=', false)
      .where('u.suspended', '=', false)
      .executeTakeFirst()
    if (member === undefined) return null
    const code = newEnrolmentCode()
    const endsAt = deed.at + Math.min(wish.validMs, enrolmentCodeMsMax)
    const row = {
      ...{ mark: markOf(practice, user, readEnrolmentCode(code) ?? code), given_by: deed.actor.id },
      ...{ given_at: deed.at, ends_at: endsAt, used_at: null },
    }
    await tx
      .insertInto('enrolment_code')
      .values({ practice, user_id: user, ...row })
      .onConflict((oc) => oc.columns(['practice', 'user_id']).doUpdateSet(row))
      .execute()
    await appendEvent(tx, {
      ...eventOf(deed),
      ...{ practice, action: 'two-factor.enrolment-code-given' },
      target: { kind: 'user', id: user, name: member.name },
      ...{ before: null, after: { endsAt } },
    })
    return { code, endsAt }
  })
}

/** What became of a code. `admitted`: its practice stands no more against setting up in this visit. */
export type AdmitOutcome =
  | { readonly outcome: 'admitted' }
  | Exclude<CodeOutcome, { readonly outcome: 'verified' }>

/**
 * Spends the codes by which this visit may set up a factor, for the one that was just made in it; they let nobody do so any
 * more, this visit included.
 */
export async function spendEnrolmentCodes(tx: Tx, visit: PortalVisit, at: Instant): Promise<void> {
  if (visit.admittedBy.length === 0) return
  await tx
    .updateTable('enrolment_code')
    .set({ used_at: at })
    .where('user_id', '=', visit.user)
    .where('practice', 'in', [...visit.admittedBy])
    .where('used_at', 'is', null)
    .execute()
  for (const practice of visit.admittedBy) await withdrawAdmission(tx, visit.user, practice)
}

/** No visit of a user is let set up a factor by a practice's code any more. */
async function withdrawAdmission(tx: Tx, user: string, practice: string): Promise<void> {
  await tx
    .updateTable('factor_visit')
    .set({ admitted_by: sql<string[]>`array_remove(admitted_by, ${practice})` })
    .where('user_id', '=', user)
    .execute()
}

/** Takes a code of one of the visitor's practices: it counts in this visit alone, and is spent by the factor made in it. */
export async function takeEnrolmentCode(
  { store }: FactorParts,
  visit: PortalVisit,
  text: string,
  at: Instant,
  address: string,
): Promise<AdmitOutcome> {
  const taken = await takeTry(store, visit, at)
  if (taken.outcome !== 'taken') return taken
  const { triesLeft } = taken
  const code = readEnrolmentCode(text)
  return store.transaction(async (tx): Promise<AdmitOutcome> => {
    await lockPerson(tx, visit.user)
    if ((await lockVisit(tx, visit, at)) === undefined) return { outcome: 'over' }
    const marks = code === null ? [] : visit.practices.map(({ id }) => markOf(id, visit.user, code))
    const given = await tx
      .selectFrom('enrolment_code')
      .select(['practice', 'used_at', 'ends_at'])
      .where('user_id', '=', visit.user)
      .where('mark', 'in', marks.length === 0 ? [''] : marks)
      .forUpdate()
      .executeTakeFirst()
    if (given === undefined || given.used_at !== null || given.ends_at <= at) {
      const why = given === undefined ? 'wrong' : given.used_at === null ? 'expired' : 'used'
      await noteFailed(tx, visit, why, 'admitting', address, at)
      return { outcome: why, triesLeft }
    }
    const { practice } = given
    await withdrawAdmission(tx, visit.user, practice)
    await tx
      .updateTable('factor_visit')
      .set({ admitted_by: [...new Set([...visit.admittedBy, practice])] })
      .where('id', '=', visit.id)
      .execute()
    const person = { id: visit.user, name: visit.name }
    await appendEvent(tx, {
      ...{ practice, at, actor: { kind: 'user', ...person }, origin: 'ui', address },
      ...{ action: 'two-factor.enrolment-code-used', target: { kind: 'user', ...person } },
      ...{ before: null, after: {} },
    })
    return { outcome: 'admitted' }
  })
}
