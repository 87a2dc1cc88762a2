/**
 * A person's own factors: which there are, what they call them, and taking one away.
 *
 * It sets none up (`enrolment.ts`, `passkeys.ts`). Invariant: nothing changes but in a visit that has shown a factor; the
 * last one of somebody who must have one stays until another is there; what another visit has shown counts no more once
 * a factor is gone, since it may have been that one. Ending sessions was refused: whoever removes one has just shown one
 * and sits in a session of theirs; for a lost device there is signing out everywhere, and the reset by an admin.
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from '../store/database.ts'
import { announceMembers } from '../store/outbox.ts'
import { type FactorDeed, listPracticesOf, noteEverywhere } from './chains.ts'
import { readScopes, refreshRequirements, requirementOf } from './requirements.ts'
import { type FactorParts, lockVisit } from './verification.ts'
import type { PortalVisit } from './visits.ts'

/** A factor as its owner sees it. */
export type OwnFactor = {
  readonly id: string
  readonly method: Extract<FactorMethod, 'totp' | 'passkey' | 'sms'>
  readonly name: string
  /** The last two digits of a number that texts go to; `null`: not one. */
  readonly ending: string | null
  readonly enrolledAt: Instant
  readonly lastVerifiedAt: Instant
}

/** Nobody has more. */
export const factorsMax = 10

const nameMax = 60

/** A name as it is kept: one line without control characters, at most 60; `instead` where nothing is left. */
export function factorName(text: string, instead: string): string {
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  return (
    [...line]
      .slice(0, nameMax / 2)
      .join('')
      .trim() || instead
  )
}

/** The factors of a user, the oldest first. */
export async function listFactors(rows: Rows, user: string): Promise<readonly OwnFactor[]> {
  const found = await rows
    .selectFrom('factor')
    .select(['id', 'method', 'name', 'ending', 'enrolled_at', 'last_verified_at'])
    .where('user_id', '=', user)
    .orderBy('enrolled_at')
    .orderBy('id')
    .execute()
  return found.map((row) => ({
    id: row.id,
    method: row.method,
    name: row.name,
    ending: row.ending,
    enrolledAt: row.enrolled_at,
    lastVerifiedAt: row.last_verified_at,
  }))
}

/** Tells the gateways of every practice of the user what factors they have now. */
export async function announceFactors(tx: Tx, user: string, at: Instant): Promise<void> {
  for (const practice of await listPracticesOf(tx, user)) {
    await announceMembers(tx, practice, at)
    await refreshRequirements(tx, practice, [user], at)
  }
}

/** Takes turns with whatever else changes this person's factors, until the transaction ends. */
export async function lockPerson(tx: Tx, user: string): Promise<void> {
  await tx.selectFrom('app_user').select('id').where('id', '=', user).forNoKeyUpdate().execute()
}

/** The practices that require a second factor of a user, by name. */
export async function listRequiring(rows: Rows, user: string, at: Instant): Promise<readonly string[]> {
  const memberships = await rows
    .selectFrom('membership as m')
    .innerJoin('practice as p', 'p.id', 'm.practice')
    .select(['m.practice', 'm.roles', 'p.name'])
    .where('m.user_id', '=', user)
    .where('m.suspended', '=', false)
    .orderBy('p.name')
    .execute()
  const names: string[] = []
  for (const { practice, roles, name } of memberships) {
    const document = await readScopes(rows, practice)
    if (document !== null && requirementOf(document, at)({ user, roles })) names.push(name)
  }
  return names
}

/** What became of a change. `unproved`: the visit has shown no factor, or is over. `unknown`: no such factor of theirs. */
export type FactorChange = 'changed' | 'unproved' | 'unknown'

async function findOwn(tx: Tx, visit: PortalVisit, id: string, at: Instant) {
  await lockPerson(tx, visit.user)
  const visited = await lockVisit(tx, visit, at)
  if (visited === undefined || visited.proved_at === null) return 'unproved' as const
  return (await listFactors(tx, visit.user)).find((one) => one.id === id) ?? ('unknown' as const)
}

/** Gives a factor of the visitor another name. */
export function renameFactor(
  { store }: FactorParts,
  visit: PortalVisit,
  wish: { readonly id: string; readonly name: string },
  at: Instant,
  address: string,
): Promise<FactorChange> {
  return store.transaction(async (tx) => {
    const found = await findOwn(tx, visit, wish.id, at)
    if (typeof found === 'string') return found
    const name = factorName(wish.name, found.name)
    await tx.updateTable('factor').set({ name }).where('id', '=', found.id).execute()
    const deed: FactorDeed = { user: visit.user, name: visit.name, address, at }
    const { method } = found
    await noteEverywhere(tx, deed, 'two-factor.renamed', { method, name }, { method, name: found.name })
    return 'changed'
  })
}

/**
 * Takes a factor of the visitor away; with the last one go the recovery codes, and in any case the browsers that are
 * remembered. `required`: it is the last one, and a practice asks for one.
 */
export async function removeFactor(
  { store, changed }: FactorParts,
  visit: PortalVisit,
  id: string,
  at: Instant,
  address: string,
): Promise<FactorChange | 'required'> {
  const { user } = visit
  const outcome = await store.transaction(async (tx): Promise<FactorChange | 'required'> => {
    const found = await findOwn(tx, visit, id, at)
    if (typeof found === 'string') return found
    const isLast = (await listFactors(tx, user)).length === 1
    if (isLast && (await listRequiring(tx, user, at)).length > 0) return 'required'
    await tx.deleteFrom('factor').where('id', '=', found.id).execute()
    if (isLast) await tx.deleteFrom('recovery_code').where('user_id', '=', user).execute()
    await tx.deleteFrom('trusted_device').where('user_id', '=', user).execute()
    await tx.deleteFrom('factor_visit').where('user_id', '=', user).where('id', '<>', visit.id).execute()
    await announceFactors(tx, user, at)
    const deed: FactorDeed = { user, name: visit.name, address, at }
    const before = { method: found.method, name: found.name, enrolledAt: found.enrolledAt }
    await noteEverywhere(tx, deed, 'two-factor.removed', { last: isLast }, before)
    return 'changed'
  })
  if (outcome === 'changed') changed()
  return outcome
}
