/**
 * The way to the portal and back: ticket in, visit, proof out; each single use and bound to one gateway session.
 *
 * It checks no code (`verification.ts`) and enrols nothing (`enrolment.ts`). Invariant: what is proved in a visit
 * raises only the session that the visit came from, brought back by the browser that holds its companion; each step
 * looks again whether that session still lives. Only hashes of tickets, visits and proofs are stored. Signed,
 * stateless tickets were refused: they cannot be single use.
 */
import { sql } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { HandOver, ProveFactor } from '../../runtime/internal.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { layEntryProof } from '../sign-in/entries.ts'
import type { Rows, Store } from '../store/database.ts'
import { announceSession } from '../store/outbox.ts'
import { type FactorDeed, noteEverywhere } from './chains.ts'
import { findRenewed, type Renewed, renewSession } from './renewal.ts'

/** Somebody at the portal: who they are, where they came from, and what they have proved there. */
export type PortalVisit = {
  /** The hash of the portal cookie's token. */
  readonly id: string
  readonly user: string
  readonly name: string
  readonly login: string
  /** The gateway session that the visit came from, by its token's hash. */
  readonly tokenHash: string
  /** Why they were sent; `null`: to look after their factors. */
  readonly reason: HandOver['reason']
  /** The application as that browser calls it, and where there they wanted to go. */
  readonly origin: string
  readonly to: string | null
  /** The way into the admin origin that this is a step of; `null`: what is proved raises the gateway session. */
  readonly adminEntry: string | null
  /** Where they are a member and not suspended, by name. */
  readonly practices: readonly { readonly id: string; readonly name: string }[]
  /** Until when emergency access of theirs is on, the last of several, with that practice's zone; `null`: it is not. */
  readonly emergency: { readonly until: Instant; readonly zone: string } | null
  readonly endsAt: Instant
  /** What was proved in this very visit; `null`: nothing yet. */
  readonly proved: { readonly method: FactorMethod; readonly at: Instant } | null
  /** Practices whose admin lets a factor be set up in this visit, wherever it is. */
  readonly admittedBy: readonly string[]
  /** Until when the session's browser is remembered already, per practice. */
  readonly trusted: Readonly<Record<string, Instant>>
}

const ticketMs: DurationMs = 30_000
const visitMs: DurationMs = 600_000
const proofMs: DurationMs = 60_000

/** The live session of a token hash whose person still has access somewhere; held ones are live. `undefined`: none. */
const findLive = (rows: Rows, tokenHash: string, at: Instant) =>
  rows
    .selectFrom('session as s')
    .innerJoin('app_user as u', 'u.id', 's.user_id')
    .select(['s.id', 's.token_hash', 's.user_id', 's.address_last', 's.trusted_devices', 'u.name', 'u.login'])
    .where('s.token_hash', '=', tokenHash)
    .where('s.ended_at', 'is', null)
    .where('s.absolute_deadline', '>', at)
    .where('u.suspended', '=', false)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('membership as m')
          .select('m.practice')
          .whereRef('m.user_id', '=', 's.user_id')
          .where('m.suspended', '=', false)
          .where(sql<boolean>`coalesce((s.epochs ->> m.practice)::int, 0) >= m.epoch`),
      ),
    )
    .executeTakeFirst()

const practicesOf = (rows: Rows, user: string) =>
  rows
    .selectFrom('membership as m')
    .innerJoin('practice as p', 'p.id', 'm.practice')
    .select(['p.id', 'p.name'])
    .where('m.user_id', '=', user)
    .where('m.suspended', '=', false)
    .orderBy('p.name')
    .orderBy('p.id')
    .execute()

async function emergencyOf(rows: Rows, user: string, at: Instant): Promise<PortalVisit['emergency']> {
  const found = await rows
    .selectFrom('access_grant as g')
    .innerJoin('policy_revision as r', 'r.practice', 'g.practice')
    .innerJoin('practice as p', (join) =>
      join.onRef('p.id', '=', 'g.practice').onRef('p.revision', '=', 'r.revision'),
    )
    .select(['g.ends_at as until', sql<string>`r.document -> 'practice' ->> 'zone'`.as('zone')])
    .where('g.user_id', '=', user)
    .where('g.kind', '=', 'break-glass')
    .where('g.withdrawn_at', 'is', null)
    .where('g.starts_at', '<=', at)
    .where('g.ends_at', '>', at)
    .orderBy('g.ends_at', 'desc')
    .executeTakeFirst()
  return found ?? null
}

async function readVisit(rows: Rows, id: string, at: Instant): Promise<PortalVisit | null> {
  const row = await rows
    .selectFrom('factor_visit')
    .selectAll()
    .where('id', '=', id)
    .where('ends_at', '>', at)
    .executeTakeFirst()
  const session = row === undefined ? undefined : await findLive(rows, row.token_hash, at)
  if (row === undefined || session === undefined) return null
  return {
    id: row.id,
    user: row.user_id,
    name: session.name,
    login: session.login,
    tokenHash: row.token_hash,
    reason: row.reason,
    origin: row.origin,
    to: row.to_path,
    adminEntry: row.admin_entry,
    practices: await practicesOf(rows, row.user_id),
    emergency: await emergencyOf(rows, row.user_id, at),
    endsAt: row.ends_at,
    proved:
      row.proved_method === null || row.proved_at === null
        ? null
        : { method: row.proved_method, at: row.proved_at },
    admittedBy: row.admitted_by,
    trusted: session.trusted_devices,
  }
}

/**
 * Lays down a ticket for a live session (held counts as live), good for 30 s; repeating it changes nothing. False: no
 * such session, it has ended or was revoked everywhere, or the ticket is another session's.
 */
export function handOver(store: Store, request: HandOver, at: Instant): Promise<boolean> {
  return store.transaction(async (tx) => {
    if ((await findLive(tx, request.tokenHash, at)) === undefined) return false
    await tx
      .insertInto('factor_ticket')
      .values({
        ticket_hash: request.ticketHash,
        token_hash: request.tokenHash,
        reason: request.reason,
        origin: request.origin,
        to_path: request.to,
        address: request.address,
        ends_at: at + ticketMs,
        used_at: null,
      })
      .onConflict((oc) => oc.column('ticket_hash').doNothing())
      .execute()
    const laid = await tx
      .selectFrom('factor_ticket')
      .select('token_hash')
      .where('ticket_hash', '=', request.ticketHash)
      .executeTakeFirst()
    return laid?.token_hash === request.tokenHash
  })
}

/**
 * Takes a ticket and opens a visit of 10 minutes; `token` is the bearer text for the portal's cookie. `null`: the ticket
 * is unknown, was used, has run out, or its session has ended.
 */
export function openVisit(
  store: Store,
  ticket: string,
  at: Instant,
): Promise<{ readonly token: string; readonly visit: PortalVisit } | null> {
  return store.transaction(async (tx) => {
    const taken = await tx
      .updateTable('factor_ticket')
      .set({ used_at: at })
      .where('ticket_hash', '=', hashToken(ticket))
      .where('used_at', 'is', null)
      .where('ends_at', '>', at)
      .returningAll()
      .executeTakeFirst()
    const session = taken === undefined ? undefined : await findLive(tx, taken.token_hash, at)
    if (taken === undefined || session === undefined) return null
    const token = newToken()
    const id = hashToken(token)
    await tx
      .insertInto('factor_visit')
      .values({
        id,
        token_hash: taken.token_hash,
        user_id: session.user_id,
        reason: taken.reason,
        origin: taken.origin,
        to_path: taken.to_path,
        admin_entry: taken.admin_entry,
        ends_at: at + visitMs,
      })
      .execute()
    const visit = await readVisit(tx, id, at)
    return visit === null ? null : { token, visit }
  })
}

/** The visit behind a portal cookie's token; `null`: there is none, it is over, or its session has ended. */
export const findVisit = (store: Store, token: string, at: Instant): Promise<PortalVisit | null> =>
  store.read((rows) => readVisit(rows, hashToken(token), at))

/** Ends a visit, with whatever was begun in it. Repeating is fine. */
export async function endVisit(store: Store, visit: PortalVisit): Promise<void> {
  await store.read((rows) => rows.deleteFrom('factor_visit').where('id', '=', visit.id).execute())
}

/**
 * Ends a visit in which something was proved, or whose browser is a remembered one (`devices`: until when, per practice);
 * answers the bearer text of the proof, good for 60 s, once, and for the visit's own session only, or for its entry into
 * the admin origin, for which no browser is remembered. `null`: neither, or it is over.
 */
export function layProof(
  store: Store,
  visit: PortalVisit,
  at: Instant,
  devices: Readonly<Record<string, Instant>> = {},
): Promise<string | null> {
  return store.transaction(async (tx) => {
    const row = await tx
      .deleteFrom('factor_visit')
      .where('id', '=', visit.id)
      .where('ends_at', '>', at)
      .where((eb) =>
        Object.keys(devices).length === 0
          ? eb('proved_at', 'is not', null)
          : eb.or([eb('proved_at', 'is not', null), eb('admin_entry', 'is', null)]),
      )
      .returningAll()
      .executeTakeFirst()
    if (row === undefined) return null
    if (row.admin_entry !== null) {
      if (row.proved_method === null || row.proved_at === null) return null
      return layEntryProof(tx, row.admin_entry, { method: row.proved_method, at: row.proved_at }, at)
    }
    const proof = newToken()
    await tx
      .insertInto('factor_proof')
      .values({
        proof_hash: hashToken(proof),
        token_hash: row.token_hash,
        method: row.proved_method,
        verified_at: row.proved_at,
        devices: JSON.stringify(devices),
        ends_at: at + proofMs,
      })
      .execute()
    return proof
  })
}

/**
 * Takes a proof and raises its session, which goes on under the renewed token; repeating it answers the same. `null`: no
 * such proof for this session, it has run out, or the session has ended. A proof of another session is left as it was.
 */
export function proveFactor(store: Store, request: ProveFactor, at: Instant): Promise<Renewed | null> {
  return store.transaction(async (tx) => {
    const live = await findLive(tx, request.tokenHash, at)
    if (live === undefined) return findRenewed(tx, request.tokenHash, request.renewedHash)
    const proof = await tx
      .deleteFrom('factor_proof')
      .where('proof_hash', '=', request.proofHash)
      .where('token_hash', '=', request.tokenHash)
      .where('ends_at', '>', at)
      .returningAll()
      .executeTakeFirst()
    const renewed = proof === undefined ? null : await renewSession(tx, request, proof, at)
    if (proof === undefined || renewed === null) return null
    const { session } = renewed
    await announceSession(tx, session.token_hash, at)
    await announceSession(tx, request.tokenHash, at)
    const deed: FactorDeed = { user: session.user_id, name: live.name, address: session.address_last, at }
    const trusted = Object.keys(proof.devices).length === 0 ? {} : { trustedDevice: proof.devices }
    await noteEverywhere(
      tx,
      deed,
      proof.method === null ? 'two-factor.device-accepted' : 'two-factor.verified',
      proof.method === null
        ? { session: session.id, ...trusted }
        : { session: session.id, method: proof.method, verifiedAt: proof.verified_at, ...trusted },
    )
    return renewed
  })
}
