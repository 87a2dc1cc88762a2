/**
 * Setting up an authenticator app: the pending secret of a visit, its confirmation, and recovery codes.
 *
 * It checks no code for a sign-in (`verification.ts`) and makes no passkey (`passkeys.ts`). Invariant: nobody enrols from an
 * address where their practices would refuse them, or adds a factor without having shown a present one in the same
 * visit; of two visits that confirm a first one at once, one results. Replacing the old app by the new one was refused:
 * people have several devices, and say themselves which of them is gone (`factors.ts`).
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import type { Store, Tx } from '../store/database.ts'
import { mayEnrolFrom } from './allowed-addresses.ts'
import { type FactorDeed, noteEverywhere } from './chains.ts'
import { newRecoveryCodes, readCode } from './codes.ts'
import { spendEnrolmentCodes } from './enrolment-codes.ts'
import {
  announceFactors,
  factorName,
  factorsMax,
  listFactors,
  lockPerson,
  type OwnFactor,
} from './factors.ts'
import { matchingStep, newTotpSecret, totpUri } from './totp.ts'
import { takeTry } from './tries.ts'
import {
  aboutCodes,
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

/** Where somebody stands with their second factor. `mayEnrol`: from the address they are at. */
export type Standing = {
  readonly factors: readonly OwnFactor[]
  /** The kinds of them, each once. */
  readonly methods: readonly FactorMethod[]
  readonly recoveryCodesLeft: number
  readonly mayEnrol: boolean
}

/**
 * What became of a confirmation. `recoveryCodes`: empty where they have some already. `not-here`: nobody of theirs may
 * enrol from this address.
 */
export type EnrolOutcome =
  | { readonly outcome: 'enrolled'; readonly recoveryCodes: readonly string[] }
  | Exclude<CodeOutcome, { readonly outcome: 'verified' }>
  | { readonly outcome: 'not-here' }

/** Where the visitor stands with their second factor, asked from `address`. */
export async function standingOf(
  store: Store,
  visit: PortalVisit,
  address: string,
  at: Instant,
): Promise<Standing> {
  const mayEnrol = await mayEnrolFrom(store, visit, address, at)
  return store.read(async (rows) => {
    const factors = await listFactors(rows, visit.user)
    return {
      factors,
      methods: [...new Set(factors.map(({ method }) => method))],
      recoveryCodesLeft: await countCodesLeft(rows, visit.user),
      mayEnrol,
    }
  })
}

const issuerOf = ({ practices }: PortalVisit): string => {
  const [only, other] = practices
  return only !== undefined && other === undefined ? only.name : 'Gatehouse'
}

/**
 * The secret to set up in this visit, the same while it lasts: base32, and what the picture says. `null`: the visit must
 * prove a present factor first, it is over, or there are ten already.
 */
export function beginTotp(
  { store, keyring }: FactorParts,
  visit: PortalVisit,
  at: Instant,
): Promise<{ readonly key: string; readonly uri: string } | null> {
  return store.transaction(async (tx) => {
    const visited = await lockVisit(tx, visit, at)
    const { length: count } = await listFactors(tx, visit.user)
    if (visited === undefined || count >= factorsMax || (count > 0 && visited.proved_at === null)) return null
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

/** Recovery codes for somebody who has none that work; empty: they keep theirs. */
export const issueFirstCodes = async (
  tx: Tx,
  parts: FactorParts,
  user: string,
  at: Instant,
): Promise<readonly string[]> =>
  (await countCodesLeft(tx, user)) > 0 ? [] : replaceCodes(tx, parts, user, at)

async function enrol(
  tx: Tx,
  parts: FactorParts,
  visit: PortalVisit,
  pending: {
    readonly id: string
    readonly keyId: string
    readonly sealed: string
    readonly step: number
    readonly name: string
  },
  deed: FactorDeed,
): Promise<EnrolOutcome> {
  const { user, at } = deed
  await tx
    .insertInto('factor')
    .values({
      id: pending.id,
      user_id: user,
      method: 'totp',
      name: pending.name,
      key_id: pending.keyId,
      sealed: pending.sealed,
      // The code that confirmed it is used up.
      last_step: pending.step,
      enrolled_at: at,
      last_verified_at: at,
    })
    .execute()
  const recoveryCodes = await issueFirstCodes(tx, parts, user, at)
  await markProved(tx, visit, 'totp', at)
  await tx
    .updateTable('factor_visit')
    .set({ pending_id: null, pending_key_id: null, pending_sealed: null })
    .where('id', '=', visit.id)
    .execute()
  await spendEnrolmentCodes(tx, visit, at)
  await announceFactors(tx, user, at)
  await noteEverywhere(tx, deed, 'two-factor.enrolled', { method: 'totp', name: pending.name })
  return { outcome: 'enrolled', recoveryCodes }
}

async function confirm(
  tx: Tx,
  parts: FactorParts,
  visit: PortalVisit,
  typedIn: { readonly code: string; readonly name: string },
  triesLeft: number,
  deed: FactorDeed,
): Promise<EnrolOutcome> {
  const { user, at, address } = deed
  await lockPerson(tx, user)
  const visited = await lockVisit(tx, visit, at)
  if (visited === undefined || !isStillAdmitted(visit, visited)) return { outcome: 'over' }
  const { length: count } = await listFactors(tx, user)
  const isProved = visited.proved_at !== null
  const { pending_id, pending_key_id, pending_sealed } = visited
  if (pending_id === null || pending_key_id === null || pending_sealed === null)
    return isProved ? { outcome: 'used', triesLeft } : { outcome: 'over' }
  // Another visit was first: this one has shown no factor.
  if (count >= factorsMax || (count > 0 && !isProved)) return { outcome: 'over' }
  const secret = parts.keyring.open(pending_key_id, pending_sealed, aboutFactor(pending_id, user))
  const typed = readCode(typedIn.code)
  const step = typed?.kind === 'totp' ? matchingStep(secret, typed.code, at, null) : null
  if (step === null) {
    await noteFailed(tx, visit, 'wrong', 'enrolling', address, at)
    return { outcome: 'wrong', triesLeft }
  }
  const name = factorName(typedIn.name, 'Authenticator app')
  const pending = { id: pending_id, keyId: pending_key_id, sealed: pending_sealed, step, name }
  return enrol(tx, parts, visit, pending, deed)
}

/**
 * Confirms the visit's pending secret by its first code: keeps it beside what there is, under `name`, issues recovery
 * codes where there are none (shown once, here) and marks the visit as proved. `used`: this visit has confirmed before.
 * `over`: also where a factor has come to be and this visit has shown none.
 */
export async function confirmTotp(
  parts: FactorParts,
  visit: PortalVisit,
  code: string,
  at: Instant,
  address: string,
  name = '',
): Promise<EnrolOutcome> {
  if (!(await mayEnrolFrom(parts.store, visit, address, at))) return { outcome: 'not-here' }
  const taken = await takeTry(parts.store, visit, at)
  if (taken.outcome !== 'taken') return taken
  const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
  const outcome = await parts.store.transaction((tx) =>
    confirm(tx, parts, visit, { code, name }, taken.triesLeft, deed),
  )
  if (outcome.outcome === 'enrolled') parts.changed()
  return outcome
}

/** Ten new recovery codes in place of the old ones; `null`: no factor was proved in this visit, or there is none. */
export function renewRecoveryCodes(
  parts: FactorParts,
  visit: PortalVisit,
  at: Instant,
  address: string,
): Promise<readonly string[] | null> {
  return parts.store.transaction(async (tx) => {
    const visited = await lockVisit(tx, visit, at)
    const { length: count } = await listFactors(tx, visit.user)
    if (visited === undefined || count === 0 || visited.proved_at === null) return null
    const codes = await replaceCodes(tx, parts, visit.user, at)
    const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
    await noteEverywhere(tx, deed, 'two-factor.recovery-codes-renewed', { count: codes.length })
    return codes
  })
}
