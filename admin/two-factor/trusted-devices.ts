/**
 * Browsers that are remembered: for a while they stand in for a second factor, in the practices that allow it.
 *
 * The gates look at the session only (`deviceTrustedUntil`); this says what a session may be given. Invariant: a browser is
 * known by the hash of a random token in its cookie, for one person and practice each; it is remembered only in a visit
 * that has shown a factor, never longer than the practice allows now, and no longer than until the next revocation or
 * reset. A fingerprint of the browser was refused: it is no secret.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { noteEverywhere } from './chains.ts'
import { readScopes } from './requirements.ts'
import { type FactorParts, lockVisit } from './verification.ts'
import type { PortalVisit } from './visits.ts'

/** No practice may allow longer (SPEC §7). */
const rememberMsMax: DurationMs = 30 * 86_400_000

async function allowedMs(rows: Rows, practice: string): Promise<DurationMs> {
  const document = await readScopes(rows, practice)
  return document === null ? 0 : Math.min(document.controls.twoFactor.rememberDeviceMs, rememberMsMax)
}

/** For how long at most one of the visitor's practices remembers a browser; 0: none does. */
export function longestRemembering(rows: Rows, visit: PortalVisit): Promise<DurationMs> {
  return visit.practices.reduce(
    async (before, { id }) => Math.max(await before, await allowedMs(rows, id)),
    Promise.resolve(0),
  )
}

/**
 * Until when the browser with this token's hash stands in for a factor of the user, per practice; only practices where it
 * does at `at`.
 */
export async function trustOf(
  rows: Rows,
  user: string,
  tokenHash: string,
  at: Instant,
): Promise<Readonly<Record<string, Instant>>> {
  const found = await rows
    .selectFrom('trusted_device as d')
    .innerJoin('membership as m', (join) =>
      join
        .onRef('m.practice', '=', 'd.practice')
        .onRef('m.user_id', '=', 'd.user_id')
        .onRef('m.epoch', '=', 'd.epoch'),
    )
    .select(['d.practice', 'd.remembered_at', 'd.ends_at'])
    .where('d.token_hash', '=', tokenHash)
    .where('d.user_id', '=', user)
    .where('d.ends_at', '>', at)
    .execute()
  const trusted: Record<string, Instant> = {}
  for (const { practice, remembered_at, ends_at } of found) {
    const until = Math.min(ends_at, remembered_at + (await allowedMs(rows, practice)))
    if (until > at) trusted[practice] = until
  }
  return trusted
}

/** Remembers a browser for the visitor in every practice that allows it; the visit must have shown a factor. */
export function rememberDevice(
  { store }: FactorParts,
  visit: PortalVisit,
  tokenHash: string,
  at: Instant,
  address: string,
): Promise<void> {
  return store.transaction(async (tx) => {
    const visited = await lockVisit(tx, visit, at)
    if (visited === undefined || visited.proved_at === null) return
    const practices = [...visit.practices].sort((one, other) => (one.id < other.id ? -1 : 1))
    const remembered: { readonly practice: string; readonly until: Instant }[] = []
    for (const { id: practice } of practices) {
      const ms = await allowedMs(tx, practice)
      const member = await tx
        .selectFrom('membership')
        .select('epoch')
        .where('practice', '=', practice)
        .where('user_id', '=', visit.user)
        .executeTakeFirst()
      if (ms === 0 || member === undefined) continue
      const row = { epoch: member.epoch, remembered_at: at, ends_at: at + ms }
      await tx
        .insertInto('trusted_device')
        .values({ token_hash: tokenHash, user_id: visit.user, practice, ...row })
        .onConflict((oc) => oc.columns(['token_hash', 'user_id', 'practice']).doUpdateSet(row))
        .execute()
      remembered.push({ practice, until: row.ends_at })
    }
    const person = { id: visit.user, name: visit.name }
    for (const { practice, until } of remembered)
      await appendEvent(tx, {
        ...{ practice, at, actor: { kind: 'user', ...person }, origin: 'ui', address },
        ...{ action: 'two-factor.device-remembered', target: { kind: 'user', ...person } },
        ...{ before: null, after: { until } },
      })
  })
}

/** How many browsers are remembered for a user at `at`. */
export async function countDevices(rows: Rows, user: string, at: Instant): Promise<number> {
  const row = await rows
    .selectFrom('trusted_device')
    .select((eb) => eb.fn.count<number>('token_hash').distinct().as('count'))
    .where('user_id', '=', user)
    .where('ends_at', '>', at)
    .executeTakeFirstOrThrow()
  return row.count
}

/** Forgets every browser of the visitor: none stands in for a factor at the next sign-in. */
export function forgetDevices(
  { store }: FactorParts,
  visit: PortalVisit,
  at: Instant,
  address: string,
): Promise<void> {
  return store.transaction(async (tx) => {
    const gone = await tx.deleteFrom('trusted_device').where('user_id', '=', visit.user).executeTakeFirst()
    if (gone.numDeletedRows === 0n) return
    const deed = { user: visit.user, name: visit.name, address, at }
    await noteEverywhere(tx, deed, 'two-factor.devices-forgotten', { count: Number(gone.numDeletedRows) })
  })
}
