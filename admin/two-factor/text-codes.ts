/**
 * Codes by text message: a number that becomes a factor once a code has come back from it, and codes to such a factor.
 *
 * Who sends is `notify/text-messages.ts`. Invariant: a code counts five minutes, once, in the visit that asked for it, and
 * tries of it are those of every other code; messages are counted and capped before anything is sent, by person, number
 * and practice, so that nobody's telephone and no bill is flooded; a number is stored sealed. Codes that outlive their
 * visit were refused: whoever reads one on a locked screen later could use it.
 */
import { randomInt } from 'node:crypto'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { sameText } from '../../runtime/fleet-seal.ts'
import { newToken } from '../../runtime/token.ts'
import type { TextMessage, TextSender } from '../notify/text-messages.ts'
import type { Rows, Tx } from '../store/database.ts'
import { mayEnrolFrom } from './allowed-addresses.ts'
import { type FactorDeed, noteEverywhere } from './chains.ts'
import { type EnrolOutcome, issueFirstCodes } from './enrolment.ts'
import { spendEnrolmentCodes } from './enrolment-codes.ts'
import { announceFactors, factorName, factorsMax, listFactors, lockPerson } from './factors.ts'
import { readScopes } from './requirements.ts'
import { findFreeAt, takeTry } from './tries.ts'
import {
  aboutFactor,
  type CodeOutcome,
  countCodesLeft,
  type FactorParts,
  isStillAdmitted,
  lockVisit,
  markProved,
  noteFailed,
} from './verification.ts'
import type { PortalVisit } from './visits.ts'

/** How long a code counts. */
export const textCodeMs: DurationMs = 300_000

/** Somebody's number as people write it, as E.164: `+` and 8 to 15 digits. `null`: it is none, or its country is missing. */
export function readNumber(text: string): string | null {
  if (text.length > 40) return null
  const plain = text.replaceAll(/[\s().\-/]/g, '').replace(/^00/, '+')
  return /^\+[1-9]\d{7,14}$/.test(plain) ? plain : null
}

/** A number as it is shown, in pages and events: `•••• 42`. */
export const maskedNumber = (ending: string): string => `•••• ${ending}`

/** Whether codes by text message count for this visitor: somewhere, and nowhere of theirs not. */
export async function mayUseTexts(rows: Rows, visit: PortalVisit): Promise<boolean> {
  let allowed = false
  for (const { id } of visit.practices) {
    const document = await readScopes(rows, id)
    if (document === null) return false
    const { mode, sms } = document.controls.twoFactor
    // The strictest wins: a factor is one for all practices of a person.
    if (sms !== true && mode !== 'off') return false
    allowed ||= sms === true
  }
  return allowed
}

/**
 * What became of a wish for a code. `unsent`: the service did not take it. `wait`: too many, the next one from then.
 * `no`: no such factor or number, texts do not count here, or a present factor must be shown first. `over`: the visit is.
 */
export type SendOutcome =
  | { readonly outcome: 'sent' | 'unsent' | 'no' | 'over' | 'not-here' }
  | { readonly outcome: 'wait'; readonly until: Instant }

const hourMs: DurationMs = 3_600_000
const dayMs: DurationMs = 86_400_000

const personCaps = [
  { withinMs: 30_000, max: 1 },
  { withinMs: hourMs, max: 5 },
  { withinMs: dayMs, max: 10 },
] as const
const numberCaps = [
  { withinMs: hourMs, max: 5 },
  { withinMs: dayMs, max: 10 },
] as const

/** From when there is another message after these instants (the newest first); `null`: now. */
export function freeAfter(
  sent: readonly Instant[],
  caps: readonly { readonly withinMs: DurationMs; readonly max: number }[],
  at: Instant,
): Instant | null {
  const waits = caps.flatMap(({ withinMs, max }) => {
    const eldest = sent[max - 1]
    return eldest === undefined || eldest <= at - withinMs ? [] : [eldest + withinMs]
  })
  return waits.length === 0 ? null : Math.max(...waits)
}

const aboutNumber = 'number of a text message'

async function listSent(
  tx: Tx,
  by: { readonly column: 'user_id' | 'practice' | 'number_mark'; readonly values: readonly string[] },
  limit: number,
  at: Instant,
): Promise<readonly Instant[]> {
  const found = await tx
    .selectFrom('text_sent')
    .select('sent_at')
    .where(by.column, 'in', [...by.values])
    .where('sent_at', '>', at - dayMs)
    .orderBy('sent_at', 'desc')
    .limit(limit)
    .execute()
  return found.map(({ sent_at }) => sent_at)
}

/** Counts one message, if no cap stands against it; else from when there is one. */
async function takeMessage(
  tx: Tx,
  { keyring }: FactorParts,
  { practiceDayMax }: TextSender,
  visit: PortalVisit,
  number: string,
  at: Instant,
): Promise<Instant | null> {
  const practice = visit.practices[0]?.id ?? ''
  // Whoever counts for the same practice waits; the person is locked already.
  await tx.selectFrom('practice').select('id').where('id', '=', practice).forNoKeyUpdate().execute()
  const marks = keyring.marks(number, aboutNumber).map(({ mark }) => mark)
  const [mark = ''] = marks
  const waits = [
    freeAfter(await listSent(tx, { column: 'user_id', values: [visit.user] }, 10, at), personCaps, at),
    freeAfter(await listSent(tx, { column: 'number_mark', values: marks }, 10, at), numberCaps, at),
    freeAfter(
      await listSent(tx, { column: 'practice', values: [practice] }, practiceDayMax, at),
      [{ withinMs: dayMs, max: practiceDayMax }],
      at,
    ),
  ].filter((until) => until !== null)
  if (waits.length > 0) return Math.max(...waits)
  await tx
    .insertInto('text_sent')
    .values({ user_id: visit.user, practice, number_mark: mark, sent_at: at })
    .execute()
  return null
}

const aboutCode = (visit: PortalVisit, to: string): string => `text code of ${visit.id} to ${to}`

const newCode = (): string => String(randomInt(1_000_000)).padStart(6, '0')

/** What the message says; its last line lets telephones offer the code to this page only (WICG origin-bound codes). */
const messageOf = (code: string, practice: string, origin: string): string =>
  `${code} is your code for ${practice}. It counts for 5 minutes. Nobody will ever call and ask you for it.\n\n@${
    new URL(origin).hostname
  } #${code}`

/** To what a code goes. `origin`: the portal's, which the message names. */
export type TextWish = {
  /** A factor of theirs; `null`: a new number. */
  readonly factor: string | null
  /** E.164; of a new one. */
  readonly number: string | null
  readonly origin: string
}

type Target = { readonly number: string; readonly factor: string | null; readonly pendingId: string }

/** The number a code is to go to; `null`: there is none that may have one. */
async function findTarget(
  tx: Tx,
  { keyring }: FactorParts,
  visit: PortalVisit,
  isProved: boolean,
  wish: TextWish,
): Promise<Target | null> {
  const pendingId = `fac_${newToken().slice(0, 22)}`
  if (wish.factor === null) {
    const { length: count } = await listFactors(tx, visit.user)
    if (wish.number === null || count >= factorsMax || (count > 0 && !isProved)) return null
    return { number: wish.number, factor: null, pendingId }
  }
  const row = await tx
    .selectFrom('factor')
    .select(['id', 'key_id', 'sealed'])
    .where('id', '=', wish.factor)
    .where('user_id', '=', visit.user)
    .where('method', '=', 'sms')
    .executeTakeFirst()
  if (row === undefined || row.key_id === null || row.sealed === null) return null
  const number = keyring.open(row.key_id, row.sealed, aboutFactor(row.id, visit.user, 'sms'))
  return { number, factor: row.id, pendingId }
}

/** Counts a message and lays its code down, in place of the visit's last one. */
async function prepare(
  tx: Tx,
  parts: FactorParts,
  sender: TextSender,
  visit: PortalVisit,
  wish: TextWish,
  deed: FactorDeed,
): Promise<TextMessage | SendOutcome> {
  const { at } = deed
  await lockPerson(tx, visit.user)
  const visited = await lockVisit(tx, visit, at)
  if (visited === undefined) return { outcome: 'over' }
  const free = await findFreeAt(tx, visit.user, at)
  if (free !== null) return { outcome: 'wait', until: free }
  const target = await findTarget(tx, parts, visit, visited.proved_at !== null, wish)
  if (target === null) return { outcome: 'no' }
  const until = await takeMessage(tx, parts, sender, visit, target.number, at)
  if (until !== null) return { outcome: 'wait', until }
  const code = newCode()
  const ending = target.number.slice(-2)
  const [current] = parts.keyring.marks(code, aboutCode(visit, target.factor ?? target.pendingId))
  if (current === undefined) throw new Error('a keyring marks with at least one key')
  const about = aboutFactor(target.pendingId, visit.user, 'sms')
  const kept = target.factor === null ? parts.keyring.seal(target.number, about) : null
  const row = {
    factor: target.factor,
    pending_id: kept === null ? null : target.pendingId,
    key_id: kept?.keyId ?? null,
    sealed: kept?.sealed ?? null,
    ending: kept === null ? null : ending,
    ...{ mark: current.mark, ends_at: at + textCodeMs, used_at: null },
  }
  await tx
    .insertInto('text_code')
    .values({ visit: visit.id, ...row })
    .onConflict((oc) => oc.column('visit').doUpdateSet(row))
    .execute()
  await noteEverywhere(tx, deed, 'two-factor.text-sent', { to: maskedNumber(ending), new: kept !== null })
  const practice = visit.practices.length === 1 ? (visit.practices[0]?.name ?? '') : 'Gatehouse'
  return { id: newToken(), to: target.number, text: messageOf(code, practice, wish.origin) }
}

/** Sends a code to a factor or a new number, within the caps; what was not taken by the service counts all the same. */
export async function sendTextCode(
  parts: FactorParts,
  sender: TextSender,
  visit: PortalVisit,
  wish: TextWish,
  at: Instant,
  address: string,
): Promise<SendOutcome> {
  if (!(await parts.store.read((rows) => mayUseTexts(rows, visit)))) return { outcome: 'no' }
  if (wish.factor === null && !(await mayEnrolFrom(parts.store, visit, address, at)))
    return { outcome: 'not-here' }
  const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
  const prepared = await parts.store.transaction((tx) => prepare(tx, parts, sender, visit, wish, deed))
  if ('outcome' in prepared) return prepared
  return { outcome: (await sender.send(prepared, at)) ? 'sent' : 'unsent' }
}

/** Where the code of this visit went that still counts; `null`: none is on its way. */
export async function findTextCode(
  rows: Rows,
  visit: PortalVisit,
  at: Instant,
): Promise<{ readonly factor: string | null; readonly ending: string } | null> {
  const row = await rows
    .selectFrom('text_code as t')
    .leftJoin('factor as f', 'f.id', 't.factor')
    .select(['t.factor', 't.ending', 'f.ending as known'])
    .where('t.visit', '=', visit.id)
    .where('t.used_at', 'is', null)
    .where('t.ends_at', '>', at)
    .executeTakeFirst()
  const ending = row?.ending ?? row?.known ?? null
  return row === undefined || ending === null ? null : { factor: row.factor, ending }
}

type Laid = {
  readonly factor: string | null
  readonly pending_id: string | null
  readonly key_id: string | null
  readonly sealed: string | null
  readonly ending: string | null
}

/** Takes the visit's code of this kind, once; or what is wrong with what was typed. */
async function takeTyped(
  tx: Tx,
  { keyring }: FactorParts,
  visit: PortalVisit,
  kind: 'factor' | 'new',
  typed: string,
  at: Instant,
): Promise<Laid | 'wrong' | 'used' | 'expired'> {
  const row = await tx
    .selectFrom('text_code')
    .selectAll()
    .where('visit', '=', visit.id)
    .forUpdate()
    .executeTakeFirst()
  const isOurs = row !== undefined && (row.factor === null) === (kind === 'new')
  if (!isOurs) return 'wrong'
  const marks = keyring.marks(
    typed.replaceAll(/[\s-]/g, ''),
    aboutCode(visit, row.factor ?? row.pending_id ?? ''),
  )
  if (!marks.map(({ mark }) => sameText(mark, row.mark)).includes(true)) return 'wrong'
  if (row.used_at !== null) return 'used'
  if (row.ends_at <= at) return 'expired'
  await tx.updateTable('text_code').set({ used_at: at }).where('visit', '=', visit.id).execute()
  return row
}

/** Checks the code that was sent to a factor of theirs. `verified` marks the visit as proved; outcomes as of `verifyCode`. */
export async function verifyTextCode(
  parts: FactorParts,
  visit: PortalVisit,
  typed: string,
  at: Instant,
  address: string,
): Promise<CodeOutcome> {
  const taken = await takeTry(parts.store, visit, at)
  if (taken.outcome !== 'taken') return taken
  return parts.store.transaction(async (tx): Promise<CodeOutcome> => {
    if ((await lockVisit(tx, visit, at)) === undefined) return { outcome: 'over' }
    const laid = (await mayUseTexts(tx, visit))
      ? await takeTyped(tx, parts, visit, 'factor', typed, at)
      : 'wrong'
    if (typeof laid === 'string' || laid.factor === null) {
      const why = typeof laid === 'string' ? laid : 'wrong'
      await noteFailed(tx, visit, why, 'verifying', address, at)
      return { outcome: why, triesLeft: taken.triesLeft }
    }
    await tx.updateTable('factor').set({ last_verified_at: at }).where('id', '=', laid.factor).execute()
    await markProved(tx, visit, 'sms', at)
    return { outcome: 'verified', method: 'sms', recoveryCodesLeft: await countCodesLeft(tx, visit.user) }
  })
}

async function keep(
  tx: Tx,
  parts: FactorParts,
  visit: PortalVisit,
  { pending_id: id, key_id, sealed, ending }: Laid,
  name: string,
  deed: FactorDeed,
): Promise<EnrolOutcome> {
  const { user, at } = deed
  if (id === null || key_id === null || sealed === null || ending === null) return { outcome: 'over' }
  const called = factorName(name, `Phone ${maskedNumber(ending)}`)
  await tx
    .insertInto('factor')
    .values({
      ...{ id, user_id: user, method: 'sms', name: called, key_id, sealed, ending },
      ...{ last_step: 0, enrolled_at: at, last_verified_at: at },
    })
    .execute()
  const recoveryCodes = await issueFirstCodes(tx, parts, user, at)
  await markProved(tx, visit, 'sms', at)
  await spendEnrolmentCodes(tx, visit, at)
  await announceFactors(tx, user, at)
  await noteEverywhere(tx, deed, 'two-factor.enrolled', { method: 'sms', name: called })
  return { outcome: 'enrolled', recoveryCodes }
}

/** Makes a number a factor, by the code that was sent to it; outcomes as of `confirmTotp`. */
export async function confirmNumber(
  parts: FactorParts,
  visit: PortalVisit,
  { code, name }: { readonly code: string; readonly name: string },
  at: Instant,
  address: string,
): Promise<EnrolOutcome> {
  if (!(await mayEnrolFrom(parts.store, visit, address, at))) return { outcome: 'not-here' }
  const taken = await takeTry(parts.store, visit, at)
  if (taken.outcome !== 'taken') return taken
  const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
  const outcome = await parts.store.transaction(async (tx): Promise<EnrolOutcome> => {
    await lockPerson(tx, visit.user)
    const visited = await lockVisit(tx, visit, at)
    const { length: count } = await listFactors(tx, visit.user)
    const mayAdd = count < factorsMax && (count === 0 || visited?.proved_at != null)
    if (visited === undefined || !isStillAdmitted(visit, visited)) return { outcome: 'over' }
    const laid = (await mayUseTexts(tx, visit)) ? await takeTyped(tx, parts, visit, 'new', code, at) : 'wrong'
    // A reload of the answer: this visit has made its factor.
    if (laid === 'used') return { outcome: 'used', triesLeft: taken.triesLeft }
    if (!mayAdd) return { outcome: 'over' }
    if (typeof laid === 'string') {
      await noteFailed(tx, visit, laid, 'enrolling', address, at)
      return { outcome: laid, triesLeft: taken.triesLeft }
    }
    return keep(tx, parts, visit, laid, name, deed)
  })
  if (outcome.outcome === 'enrolled') parts.changed()
  return outcome
}
