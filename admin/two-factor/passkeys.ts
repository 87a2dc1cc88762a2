/**
 * Passkeys as second factors: made in a visit that may, and shown in a visit that must.
 *
 * The ceremonies are `admin/webauthn.ts`. Invariant: a challenge belongs to one visit and is taken away by the step that
 * judges its answer, right or wrong, so that it counts once; of two answers with one counter, one counts; a passkey of
 * somebody else is as unknown as one that never was. Which of them count as more than a code says `vouched-passkeys.ts`.
 * Challenges without a visit were refused: they would be anybody's.
 */
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import type { Rows, Tx } from '../store/database.ts'
import {
  acceptCreation,
  creationOptions,
  newChallenge,
  type Passkey,
  passkeyHandle,
  type RelyingParty,
  readAssertion,
  requestOptions,
} from '../webauthn.ts'
import { isListedAddress, mayEnrolFrom } from './allowed-addresses.ts'
import { type FactorDeed, noteEverywhere } from './chains.ts'
import { type EnrolOutcome, issueFirstCodes } from './enrolment.ts'
import { spendEnrolmentCodes } from './enrolment-codes.ts'
import { announceFactors, factorsMax, lockPerson } from './factors.ts'
import { takeTry } from './tries.ts'
import {
  type CodeOutcome,
  countCodesLeft,
  type FactorParts,
  isStillAdmitted,
  lockVisit,
  markProved,
  noteFailed,
} from './verification.ts'
import type { PortalVisit } from './visits.ts'
import {
  acceptShown,
  findKeptPasskey,
  isPasskeyMethod,
  passkeyMethod,
  vouchesItself,
} from './vouched-passkeys.ts'

async function listPasskeys(rows: Rows, user: string): Promise<readonly Passkey[]> {
  const found = await rows
    .selectFrom('factor')
    .select(['credential', 'public_key', 'counter', 'transports'])
    .where('user_id', '=', user)
    .where('method', '=', 'passkey')
    .orderBy('id')
    .execute()
  return found.flatMap(({ credential, public_key, counter, transports }) =>
    credential === null || public_key === null
      ? []
      : [
          {
            id: credential,
            publicKey: public_key,
            counter: counter ?? 0,
            transports: transports ?? [],
          },
        ],
  )
}

const countFactors = async (rows: Rows, user: string): Promise<number> => {
  const row = await rows
    .selectFrom('factor')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow()
  return row.count
}

async function layChallenge(tx: Tx, visit: PortalVisit, purpose: 'create' | 'show'): Promise<string> {
  const challenge = newChallenge()
  await tx
    .updateTable('factor_visit')
    .set({ challenge, challenge_for: purpose })
    .where('id', '=', visit.id)
    .execute()
  return challenge
}

/** Takes the visit's challenge away; `null`: none of this purpose was laid down. */
async function takeChallenge(
  tx: Tx,
  visited: NonNullable<Awaited<ReturnType<typeof lockVisit>>>,
  purpose: 'create' | 'show',
): Promise<string | null> {
  await tx
    .updateTable('factor_visit')
    .set({ challenge: null, challenge_for: null })
    .where('id', '=', visited.id)
    .execute()
  return visited.challenge_for === purpose ? visited.challenge : null
}

/**
 * What the browser is to be asked to make a passkey (JSON). `null`: the visit must show a present factor first, is over,
 * or there are ten already.
 */
export function beginPasskey(
  { store }: FactorParts,
  party: RelyingParty,
  visit: PortalVisit,
  at: Instant,
): Promise<string | null> {
  return store.transaction(async (tx) => {
    const visited = await lockVisit(tx, visit, at)
    const count = await countFactors(tx, visit.user)
    if (visited === undefined || count >= factorsMax || (count > 0 && visited.proved_at === null)) return null
    const known = await listPasskeys(tx, visit.user)
    const challenge = await layChallenge(tx, visit, 'create')
    const owner = { handle: passkeyHandle(visit.user), login: visit.login, name: visit.name, known }
    return creationOptions(party, challenge, owner)
  })
}

async function keep(
  tx: Tx,
  parts: FactorParts,
  visit: PortalVisit,
  passkey: Passkey,
  { name, vouched }: { readonly name: string; readonly vouched: boolean },
  deed: FactorDeed,
): Promise<EnrolOutcome> {
  const { user, at } = deed
  await tx
    .insertInto('factor')
    .values({
      ...{ id: `fac_${newToken().slice(0, 22)}`, user_id: user, method: 'passkey', name },
      ...{ key_id: null, sealed: null, last_step: 0, credential: passkey.id, public_key: passkey.publicKey },
      ...{ counter: passkey.counter, transports: [...passkey.transports] },
      ...{ enrolled_at: at, last_verified_at: at, vouched_at: vouched ? at : null },
    })
    .execute()
  const recoveryCodes = await issueFirstCodes(tx, parts, user, at)
  await markProved(tx, visit, passkeyMethod(vouched), at)
  await spendEnrolmentCodes(tx, visit, at)
  await announceFactors(tx, user, at)
  await noteEverywhere(tx, deed, 'two-factor.enrolled', { method: 'passkey', name, vouched })
  return { outcome: 'enrolled', recoveryCodes }
}

const isKnown = async (rows: Rows, credential: string): Promise<boolean> =>
  (await rows.selectFrom('factor').select('id').where('credential', '=', credential).executeTakeFirst()) !==
  undefined

/** Judges what the browser made of `beginPasskey` and keeps it under `name`; outcomes as of `confirmTotp`. */
export async function confirmPasskey(
  parts: FactorParts,
  party: RelyingParty,
  visit: PortalVisit,
  wish: { readonly answer: string; readonly name: string },
  at: Instant,
  address: string,
): Promise<EnrolOutcome> {
  if (!(await mayEnrolFrom(parts.store, visit, address, at))) return { outcome: 'not-here' }
  const isListed = await isListedAddress(parts.store, visit.user, address, at)
  const taken = await takeTry(parts.store, visit, at)
  if (taken.outcome !== 'taken') return taken
  const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
  const outcome = await parts.store.transaction(async (tx): Promise<EnrolOutcome> => {
    await lockPerson(tx, visit.user)
    const visited = await lockVisit(tx, visit, at)
    const count = await countFactors(tx, visit.user)
    if (visited === undefined || (count > 0 && visited.proved_at === null)) return { outcome: 'over' }
    if (!isStillAdmitted(visit, visited)) return { outcome: 'over' }
    const challenge = await takeChallenge(tx, visited, 'create')
    // A reload of the answer: this visit has made its passkey.
    if (challenge === null && isPasskeyMethod(visited.proved_method))
      return { outcome: 'used', triesLeft: taken.triesLeft }
    const made = challenge === null ? null : await acceptCreation(party, challenge, wish.answer)
    if (made === null || count >= factorsMax || (await isKnown(tx, made.id))) {
      await noteFailed(tx, visit, 'wrong', 'enrolling', address, at)
      return { outcome: 'wrong', triesLeft: taken.triesLeft }
    }
    const vouched = isListed || vouchesItself(visited)
    return keep(tx, parts, visit, made, { name: wish.name, vouched }, deed)
  })
  if (outcome.outcome === 'enrolled') parts.changed()
  return outcome
}

/** What the browser is to be asked to show one of the visitor's passkeys (JSON); `null`: they have none, or it is over. */
export function beginAssertion(
  { store }: FactorParts,
  party: RelyingParty,
  visit: PortalVisit,
  at: Instant,
): Promise<string | null> {
  return store.transaction(async (tx) => {
    if ((await lockVisit(tx, visit, at)) === undefined) return null
    const passkeys = await listPasskeys(tx, visit.user)
    if (passkeys.length === 0) return null
    return requestOptions(party, await layChallenge(tx, visit, 'show'), passkeys)
  })
}

/**
 * Judges a shown passkey. `verified` marks the visit as proved, as `unvouched-passkey` where the passkey counts as a code;
 * outcomes as of `verifyCode`.
 */
export async function verifyPasskey(
  parts: FactorParts,
  party: RelyingParty,
  visit: PortalVisit,
  answer: string,
  at: Instant,
  address: string,
): Promise<CodeOutcome> {
  const isListed = await isListedAddress(parts.store, visit.user, address, at)
  const taken = await takeTry(parts.store, visit, at)
  if (taken.outcome !== 'taken') return taken
  return parts.store.transaction(async (tx): Promise<CodeOutcome> => {
    const visited = await lockVisit(tx, visit, at)
    if (visited === undefined) return { outcome: 'over' }
    const challenge = await takeChallenge(tx, visited, 'show')
    const assertion = readAssertion(answer)
    const kept = assertion === null ? null : await findKeptPasskey(tx, assertion.id)
    const vouches = isListed || vouchesItself(visited)
    const method =
      challenge === null || assertion === null || kept?.user !== visit.user
        ? null
        : await acceptShown(tx, party, { challenge, assertion, kept, vouches }, at)
    if (method === null) {
      await noteFailed(tx, visit, 'wrong', 'verifying', address, at)
      return { outcome: 'wrong', triesLeft: taken.triesLeft }
    }
    await markProved(tx, visit, method, at)
    return { outcome: 'verified', method, recoveryCodesLeft: await countCodesLeft(tx, visit.user) }
  })
}
