/**
 * Showing a second factor: one typed code against what the person has enrolled, within the limits of tries.
 *
 * It enrols nothing and raises no session (`visits.ts` does, when the proof comes back). Invariant: a time step and a
 * recovery code are accepted once, each by one compare-and-set, so that of any number of parallel submissions exactly
 * one succeeds; a try is taken before anything is compared. Comparing first and recording afterwards was refused.
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { noteEverywhere } from './chains.ts'
import { readCode, type TypedCode } from './codes.ts'
import type { FactorKeyring } from './factor-keys.ts'
import { isNearlyRight, matchingStep } from './totp.ts'
import { clearTries, takeTry } from './tries.ts'
import type { PortalVisit } from './visits.ts'

/** What checking works with. `changed`: called when there is something new to publish. */
export type FactorParts = {
  readonly store: Store
  readonly keyring: FactorKeyring
  readonly changed: () => void
}

type Failed = 'wrong' | 'used' | 'expired'

/**
 * What became of a code. `used`: it was accepted before. `expired`: it would have been right some minutes ago or later. `wait`: too many tries, the next one from then. `over`: this
 * visit's five tries are gone, or it is over: start again from the application.
 */
export type CodeOutcome =
  | {
      readonly outcome: 'verified'
      readonly method: 'totp' | 'recovery-code' | 'passkey' | 'unvouched-passkey' | 'sms'
      readonly recoveryCodesLeft: number
    }
  | { readonly outcome: Failed; readonly triesLeft: number }
  | { readonly outcome: 'wait'; readonly until: Instant }
  | { readonly outcome: 'over' }

type Checked = 'verified' | Failed

/** What a sealed secret is bound to: one factor of one user. */
export const aboutFactor = (factor: string, user: string, method: 'totp' | 'sms' = 'totp'): string =>
  `${method} ${factor} of ${user}`
/** What the mark of a recovery code is bound to. */
export const aboutCodes = (user: string): string => `recovery code of ${user}`

/** A visit that is still open, as stored and locked until the transaction ends; `undefined`: it is over. */
export async function lockVisit(tx: Tx, visit: PortalVisit, at: Instant) {
  return tx
    .selectFrom('factor_visit')
    .selectAll()
    .where('id', '=', visit.id)
    .where('user_id', '=', visit.user)
    .where('ends_at', '>', at)
    .forUpdate()
    .executeTakeFirst()
}

/** Whether what an admin's code let this visit do is still so: another visit may have taken the code over, or spent it. */
export const isStillAdmitted = (
  { admittedBy }: PortalVisit,
  { admitted_by }: { readonly admitted_by: readonly string[] },
): boolean => admittedBy.every((practice) => admitted_by.includes(practice))

/** Records that a visit proved a factor, and forgets what was tried in vain. */
export async function markProved(
  tx: Tx,
  visit: PortalVisit,
  method: FactorMethod,
  at: Instant,
): Promise<void> {
  await tx
    .updateTable('factor_visit')
    .set({ proved_method: method, proved_at: at })
    .where('id', '=', visit.id)
    .execute()
  await clearTries(tx, visit.user)
}

/** How many recovery codes a user has left. */
export async function countCodesLeft(rows: Rows, user: string): Promise<number> {
  const row = await rows
    .selectFrom('recovery_code')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('user_id', '=', user)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return row.count
}

/** Accepts a time step of one of the user's apps, if none as late was accepted of it before. */
async function acceptTotp(
  tx: Tx,
  parts: FactorParts,
  user: string,
  code: string,
  at: Instant,
): Promise<Checked> {
  const apps = await tx
    .selectFrom('factor')
    .select(['id', 'key_id', 'sealed', 'last_step'])
    .where('user_id', '=', user)
    .where('method', '=', 'totp')
    .orderBy('id')
    .execute()
  let best: Checked = 'wrong'
  for (const app of apps) {
    const checked = await acceptStep(tx, parts, user, app, code, at)
    if (checked === 'verified') return checked
    if (checked !== 'wrong' && best !== 'used') best = checked
  }
  return best
}

type App = {
  readonly id: string
  readonly key_id: string | null
  readonly sealed: string | null
  readonly last_step: number
}

async function acceptStep(
  tx: Tx,
  { keyring }: FactorParts,
  user: string,
  { id, key_id, sealed, last_step }: App,
  code: string,
  at: Instant,
): Promise<Checked> {
  if (key_id === null || sealed === null) return 'wrong'
  const about = aboutFactor(id, user)
  const secret = keyring.open(key_id, sealed, about)
  if (matchingStep(secret, code, at, null) === null)
    return isNearlyRight(secret, code, at) ? 'expired' : 'wrong'
  const step = matchingStep(secret, code, at, last_step)
  if (step === null) return 'used'
  const renewed = key_id === keyring.currentId ? null : keyring.seal(secret, about)
  const accepted = await tx
    .updateTable('factor')
    .set({
      last_step: step,
      last_verified_at: at,
      // A key that was replaced seals less with every sign-in, until nothing needs it.
      ...(renewed === null ? {} : { key_id: renewed.keyId, sealed: renewed.sealed }),
    })
    .where('id', '=', id)
    .where('last_step', '<', step)
    .returning('id')
    .executeTakeFirst()
  return accepted === undefined ? 'used' : 'verified'
}

/** Uses up a recovery code, if it was not before. */
async function acceptRecoveryCode(
  tx: Tx,
  { keyring }: FactorParts,
  user: string,
  code: string,
  at: Instant,
): Promise<Checked> {
  const marks = keyring.marks(code, aboutCodes(user)).map(({ mark }) => mark)
  const used = await tx
    .updateTable('recovery_code')
    .set({ used_at: at })
    .where('user_id', '=', user)
    .where('mark', 'in', marks)
    .where('used_at', 'is', null)
    .returning('mark')
    .executeTakeFirst()
  if (used !== undefined) return 'verified'
  const known = await tx
    .selectFrom('recovery_code')
    .select('mark')
    .where('user_id', '=', user)
    .where('mark', 'in', marks)
    .executeTakeFirst()
  return known === undefined ? 'wrong' : 'used'
}

const accept = async (
  tx: Tx,
  parts: FactorParts,
  user: string,
  typed: TypedCode | null,
  at: Instant,
): Promise<Checked> => {
  if (typed === null) return 'wrong'
  return typed.kind === 'totp'
    ? acceptTotp(tx, parts, user, typed.code, at)
    : acceptRecoveryCode(tx, parts, user, typed.code, at)
}

/** Records that a code was refused, in the chain of every practice of the visitor. */
export const noteFailed = (
  tx: Tx,
  visit: PortalVisit,
  why: Failed,
  step: 'verifying' | 'enrolling' | 'admitting',
  address: string,
  at: Instant,
): Promise<void> =>
  noteEverywhere(tx, { user: visit.user, name: visit.name, address, at }, 'two-factor.failed', {
    why: why === 'used' ? 'accepted before' : why,
    step,
  })

/**
 * Checks a typed code: of the app or a recovery code. `verified` marks the visit as proved; what it raises is decided
 * when the browser brings the proof back. Rejects where the stored secret was altered.
 */
export async function verifyCode(
  parts: FactorParts,
  visit: PortalVisit,
  code: string,
  at: Instant,
  address: string,
): Promise<CodeOutcome> {
  const taken = await takeTry(parts.store, visit, at)
  if (taken.outcome !== 'taken') return taken
  const typed = readCode(code)
  return parts.store.transaction(async (tx): Promise<CodeOutcome> => {
    if ((await lockVisit(tx, visit, at)) === undefined) return { outcome: 'over' }
    const checked = await accept(tx, parts, visit.user, typed, at)
    if (typed === null || checked !== 'verified') {
      const why = checked === 'verified' ? 'wrong' : checked
      await noteFailed(tx, visit, why, 'verifying', address, at)
      return { outcome: why, triesLeft: taken.triesLeft }
    }
    await markProved(tx, visit, typed.kind, at)
    const recoveryCodesLeft = await countCodesLeft(tx, visit.user)
    if (typed.kind === 'recovery-code')
      await noteEverywhere(
        tx,
        { user: visit.user, name: visit.name, address, at },
        'two-factor.recovery-code-used',
        { left: recoveryCodesLeft },
      )
    return { outcome: 'verified', method: typed.kind, recoveryCodesLeft }
  })
}
