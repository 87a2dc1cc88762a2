/**
 * Setting up a second factor: the pending secret of a visit, its confirmation, and recovery codes.
 *
 * It checks no code for a sign-in (`verification.ts`). Invariant: nobody enrols from an address where their practices
 * would refuse them, or replaces a factor without having shown the present one in the same visit; of two visits that
 * confirm at once one factor results. Keeping the old factor beside the new one was refused: a lost telephone would
 * stay a key.
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { announceMembers } from '../store/outbox.ts'
import { mayEnrolFrom } from './allowed-addresses.ts'
import { type FactorDeed, listPracticesOf, noteEverywhere } from './chains.ts'
import { newRecoveryCodes, readCode } from './codes.ts'
import { refreshRequirements } from './requirements.ts'
import { matchingStep, newTotpSecret, totpUri } from './totp.ts'
import { takeTry } from './tries.ts'
import {
  aboutCodes,
  aboutFactor,
  type CodeOutcome,
  countCodesLeft,
  type FactorParts,
  lockVisit,
  markProved,
  noteFailed,
} from './verification.ts'
import type { PortalVisit } from './visits.ts'

/** Where somebody stands with their second factor. `mayEnrol`: from the address they are at. */
export type Standing = {
  readonly methods: readonly FactorMethod[]
  readonly recoveryCodesLeft: number
  readonly enrolledAt: Instant | null
  readonly lastVerifiedAt: Instant | null
  readonly mayEnrol: boolean
}

/** What became of a confirmation. `not-here`: nobody of theirs may enrol from this address. */
export type EnrolOutcome =
  | { readonly outcome: 'enrolled'; readonly recoveryCodes: readonly string[] }
  | Exclude<CodeOutcome, { readonly outcome: 'verified' }>
  | { readonly outcome: 'not-here' }

const findFactor = (rows: Rows, user: string) =>
  rows
    .selectFrom('factor')
    .selectAll()
    .where('user_id', '=', user)
    .where('method', '=', 'totp')
    .executeTakeFirst()

/** Where the visitor stands with their second factor, asked from `address`. */
export async function standingOf(
  store: Store,
  visit: PortalVisit,
  address: string,
  at: Instant,
): Promise<Standing> {
  const mayEnrol = await mayEnrolFrom(store, visit.user, address, at)
  return store.read(async (rows) => {
    const factor = await findFactor(rows, visit.user)
    return {
      methods: factor === undefined ? [] : [factor.method],
      recoveryCodesLeft: await countCodesLeft(rows, visit.user),
      enrolledAt: factor?.enrolled_at ?? null,
      lastVerifiedAt: factor?.last_verified_at ?? null,
      mayEnrol,
    }
  })
}

type Visited = NonNullable<Awaited<ReturnType<typeof lockVisit>>>
type Factor = NonNullable<Awaited<ReturnType<typeof findFactor>>>

/** Whether the visit has shown the factor that there is now, and not one from before it. */
const hasProved = (visited: Visited, factor: Factor): boolean =>
  visited.proved_at !== null && visited.proved_at >= factor.enrolled_at

const issuerOf = ({ practices }: PortalVisit): string => {
  const [only, other] = practices
  return only !== undefined && other === undefined ? only.name : 'Gatehouse'
}

/**
 * The secret to set up in this visit, the same while it lasts: base32, and what the picture says. `null`: the visit must
 * prove the present factor first, or it is over.
 */
export function beginTotp(
  { store, keyring }: FactorParts,
  visit: PortalVisit,
  at: Instant,
): Promise<{ readonly key: string; readonly uri: string } | null> {
  return store.transaction(async (tx) => {
    const visited = await lockVisit(tx, visit, at)
    const factor = await findFactor(tx, visit.user)
    if (visited === undefined || (factor !== undefined && !hasProved(visited, factor))) return null
    const shown = (key: string) => ({ key, uri: totpUri(key, issuerOf(visit), visit.login) })
    const { pending_id, pending_key_id, pending_sealed } = visited
    if (pending_id !== null && pending_key_id !== null && pending_sealed !== null)
      return shown(keyring.open(pending_key_id, pending_sealed, aboutFactor(pending_id, visit.user)))
    const id = `fac_${newToken().slice(0, 22)}`
    const key = newTotpSecret()
    const { keyId, sealed } = keyring.seal(key, aboutFactor(id, visit.user))
    await tx
      .updateTable('factor_visit')
      .set({ pending_id: id, pending_key_id: keyId, pending_sealed: sealed })
      .where('id', '=', visit.id)
      .execute()
    return shown(key)
  })
}

async function replaceCodes(
  tx: Tx,
  { keyring }: FactorParts,
  user: string,
  at: Instant,
): Promise<readonly string[]> {
  await tx.deleteFrom('recovery_code').where('user_id', '=', user).execute()
  const codes = newRecoveryCodes()
  const rows = codes.flatMap((code) => {
    const [current] = keyring.marks(readCode(code)?.code ?? code, aboutCodes(user))
    return current === undefined ? [] : [{ user_id: user, mark: current.mark, key_id: current.keyId }]
  })
  await tx
    .insertInto('recovery_code')
    .values(rows.map((row) => ({ ...row, issued_at: at, used_at: null })))
    .execute()
  return codes
}

/** Tells the gateways of every practice of the user that they have a factor now. */
async function announceFactor(tx: Tx, user: string, at: Instant): Promise<void> {
  for (const practice of await listPracticesOf(tx, user)) {
    await announceMembers(tx, practice, at)
    await refreshRequirements(tx, practice, [user], at)
  }
}

async function enrol(
  tx: Tx,
  parts: FactorParts,
  visit: PortalVisit,
  pending: { readonly id: string; readonly keyId: string; readonly sealed: string; readonly step: number },
  deed: FactorDeed,
): Promise<EnrolOutcome> {
  const { user, at } = deed
  const old = await tx.deleteFrom('factor').where('user_id', '=', user).returning('enrolled_at').execute()
  await tx
    .insertInto('factor')
    .values({
      id: pending.id,
      user_id: user,
      method: 'totp',
      key_id: pending.keyId,
      sealed: pending.sealed,
      // The code that confirmed it is used up.
      last_step: pending.step,
      enrolled_at: at,
      last_verified_at: at,
    })
    .execute()
  const recoveryCodes = await replaceCodes(tx, parts, user, at)
  await markProved(tx, visit, 'totp', at)
  await tx
    .updateTable('factor_visit')
    .set({ pending_id: null, pending_key_id: null, pending_sealed: null })
    .where('id', '=', visit.id)
    .execute()
  await announceFactor(tx, user, at)
  const before = old.length === 0 ? null : { method: 'totp', enrolledAt: old[0]?.enrolled_at ?? null }
  await noteEverywhere(tx, deed, 'two-factor.enrolled', { method: 'totp' }, before)
  return { outcome: 'enrolled', recoveryCodes }
}

async function confirm(
  tx: Tx,
  parts: FactorParts,
  visit: PortalVisit,
  code: string,
  triesLeft: number,
  deed: FactorDeed,
): Promise<EnrolOutcome> {
  const { user, at, address } = deed
  // One enrolment of a person at a time.
  await tx.selectFrom('app_user').select('id').where('id', '=', user).forNoKeyUpdate().execute()
  const visited = await lockVisit(tx, visit, at)
  if (visited === undefined) return { outcome: 'over' }
  const factor = await findFactor(tx, user)
  const isProved = factor !== undefined && hasProved(visited, factor)
  const { pending_id, pending_key_id, pending_sealed } = visited
  if (pending_id === null || pending_key_id === null || pending_sealed === null)
    return isProved ? { outcome: 'used', triesLeft } : { outcome: 'over' }
  // Another visit was first: this one has not shown the factor that there is now.
  if (factor !== undefined && !isProved) return { outcome: 'over' }
  const secret = parts.keyring.open(pending_key_id, pending_sealed, aboutFactor(pending_id, user))
  const typed = readCode(code)
  const step = typed?.kind === 'totp' ? matchingStep(secret, typed.code, at, null) : null
  if (step === null) {
    await noteFailed(tx, visit, 'wrong', 'enrolling', address, at)
    return { outcome: 'wrong', triesLeft }
  }
  const pending = { id: pending_id, keyId: pending_key_id, sealed: pending_sealed, step }
  return enrol(tx, parts, visit, pending, deed)
}

/**
 * Confirms the visit's pending secret by its first code: stores it in place of what there was, issues recovery codes
 * (shown once, here) and marks the visit as proved. `used`: this visit has confirmed before. `over`: also where a
 * factor has come to be that this visit has not shown.
 */
export async function confirmTotp(
  parts: FactorParts,
  visit: PortalVisit,
  code: string,
  at: Instant,
  address: string,
): Promise<EnrolOutcome> {
  if (!(await mayEnrolFrom(parts.store, visit.user, address, at))) return { outcome: 'not-here' }
  const taken = await takeTry(parts.store, visit, at)
  if (taken.outcome !== 'taken') return taken
  const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
  const outcome = await parts.store.transaction((tx) =>
    confirm(tx, parts, visit, code, taken.triesLeft, deed),
  )
  if (outcome.outcome === 'enrolled') parts.changed()
  return outcome
}

/** Ten new recovery codes in place of the old ones; `null`: the present factor was not proved in this visit. */
export function renewRecoveryCodes(
  parts: FactorParts,
  visit: PortalVisit,
  at: Instant,
  address: string,
): Promise<readonly string[] | null> {
  return parts.store.transaction(async (tx) => {
    const visited = await lockVisit(tx, visit, at)
    const factor = await findFactor(tx, visit.user)
    if (visited === undefined || factor === undefined || !hasProved(visited, factor)) return null
    const codes = await replaceCodes(tx, parts, visit.user, at)
    const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
    await noteEverywhere(tx, deed, 'two-factor.recovery-codes-renewed', { count: codes.length })
    return codes
  })
}
