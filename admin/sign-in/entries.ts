/**
 * The way of people into the admin origin: handed over by a gateway, opened by one browser, a second factor proved at the
 * portal, brought back; each step once.
 *
 * It judges no policy (`admin/api/admission.ts` does, at each request). Invariant: what was proved counts only in the
 * browser that came with the ticket, which holds a cookie that no address ever shows, and only for the gateway session
 * that asked; so neither a stolen link nor a link sent to somebody else lets anybody in. A ticket that opens the session
 * at once was refused: a copy of a companion would then be enough.
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { EnterAdmin } from '../../runtime/internal.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import type { GrantsByPractice } from '../directory/gatehouse-grants.ts'
import { findGatewayHolder, type SessionHolder } from '../store/admin-sessions.ts'
import type { Rows, Store, Tx } from '../store/database.ts'

const ticketMs: DurationMs = 30_000
const entryMs: DurationMs = 600_000
const proofMs: DurationMs = 60_000

/** A person with the gateway session that they came by. */
export type Entrant = Extract<SessionHolder, { readonly kind: 'user' }>

/** What a person may do in Gatehouse, by practice. */
export type GrantsOf = (
  rows: Rows,
  person: { readonly user: string; readonly epochs: Readonly<Record<string, number>> },
) => Promise<GrantsByPractice>

/** Whether somebody may open Security Management of any practice. */
export const hasPart = (grants: GrantsByPractice): boolean =>
  Object.values(grants).some((held) => held.includes('gw.security.view'))

/** What they hold now, by the gateway session that they came by. */
export const grantsOfEntrant = (rows: Rows, { person, gateway }: Entrant, grantsOf: GrantsOf) =>
  grantsOf(rows, { user: person.id, epochs: gateway.epochs })

/**
 * Lays down a gateway's ticket, good for 30 s; repeating it changes nothing. False: the session has ended, is held, or the
 * ticket is another session's. Where the application is stays with the session: its person's own pages are there.
 */
export function layEntry(store: Store, request: EnterAdmin, at: Instant): Promise<boolean> {
  const { ticketHash, tokenHash, origin = null } = request
  return store.transaction(async (tx) => {
    const row = await tx
      .selectFrom('session')
      .select('id')
      .where('token_hash', '=', tokenHash)
      .executeTakeFirst()
    if (row === undefined || (await findGatewayHolder(tx, row.id, at)) === null) return false
    await tx
      .insertInto('admin_entry')
      .values({ ticket_hash: ticketHash, session: row.id, to_path: null, ends_at: at + ticketMs })
      .onConflict((oc) => oc.column('ticket_hash').doNothing())
      .execute()
    const laid = await tx
      .selectFrom('admin_entry')
      .select('session')
      .where('ticket_hash', '=', ticketHash)
      .executeTakeFirst()
    if (laid?.session !== row.id) return false
    if (origin !== null)
      await tx.updateTable('session').set({ application: origin }).where('id', '=', row.id).execute()
    return true
  })
}

/** What a browser is given to go on with: `begin` for its cookie, `ticket` for the portal's `/hand-over?ticket=`. */
export type Opened = { readonly begin: string; readonly ticket: string }

/** What became of a ticket. `gone`: unknown, used, run out, or its session is over. `no-part`: they hold nothing here. */
export type EntryOutcome =
  | { readonly outcome: 'opened'; readonly opened: Opened }
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'no-part'; readonly name: string }

/** The ticket for the portal: its visit knows that what is proved in it belongs to this entry, and nothing else. */
async function sendToPortal(
  tx: Tx,
  entry: { readonly id: string; readonly admin: string; readonly address: string },
  { person, gateway }: Entrant,
  at: Instant,
): Promise<string> {
  const ticket = newToken()
  const enrolled = await tx
    .selectFrom('factor')
    .select('id')
    .where('user_id', '=', person.id)
    .limit(1)
    .executeTakeFirst()
  await tx
    .insertInto('factor_ticket')
    .values({
      ticket_hash: hashToken(ticket),
      token_hash: gateway.token_hash,
      reason: enrolled === undefined ? 'two-factor-not-enrolled' : 'two-factor-not-verified',
      origin: entry.admin,
      to_path: null,
      address: entry.address,
      ends_at: at + ticketMs,
      used_at: null,
      admin_entry: entry.id,
    })
    .execute()
  return ticket
}

/** Where the admin origin is, and from where the browser came. */
export type EntryPlace = { readonly admin: string; readonly address: string }

/** Takes a gateway's ticket in this browser, once. */
export function openEntry(
  store: Store,
  ticket: string,
  place: EntryPlace,
  grantsOf: GrantsOf,
  at: Instant,
): Promise<EntryOutcome> {
  return store.transaction(async (tx): Promise<EntryOutcome> => {
    const begin = newToken()
    const row = await tx
      .updateTable('admin_entry')
      .set({ begin_hash: hashToken(begin), ends_at: at + entryMs })
      .where('ticket_hash', '=', hashToken(ticket))
      .where('begin_hash', 'is', null)
      .where('ends_at', '>', at)
      .returning(['ticket_hash', 'session'])
      .executeTakeFirst()
    const entrant = row === undefined ? null : await findGatewayHolder(tx, row.session, at)
    if (row === undefined || entrant === null) return { outcome: 'gone' }
    if (!hasPart(await grantsOfEntrant(tx, entrant, grantsOf)))
      return { outcome: 'no-part', name: entrant.person.name }
    const onwards = await sendToPortal(tx, { id: row.ticket_hash, ...place }, entrant, at)
    return { outcome: 'opened', opened: { begin, ticket: onwards } }
  })
}

/** Begins another entry of somebody who is in, to prove a second factor anew; `null`: their gateway session is over. */
export function beginAgain(
  store: Store,
  wish: EntryPlace & { readonly session: string; readonly to: string },
  at: Instant,
): Promise<Opened | null> {
  return store.transaction(async (tx) => {
    const entrant = await findGatewayHolder(tx, wish.session, at)
    if (entrant === null) return null
    const begin = newToken()
    const id = hashToken(newToken())
    await tx
      .insertInto('admin_entry')
      .values({
        ticket_hash: id,
        session: wish.session,
        to_path: wish.to,
        ends_at: at + entryMs,
        begin_hash: hashToken(begin),
      })
      .execute()
    return { begin, ticket: await sendToPortal(tx, { id, ...wish }, entrant, at) }
  })
}

/** Notes what was proved in an entry's visit; the bearer text of the proof, good for 60 s. `null`: the entry is over. */
export async function layEntryProof(
  tx: Tx,
  entry: string,
  proved: { readonly method: FactorMethod; readonly at: Instant },
  at: Instant,
): Promise<string | null> {
  const proof = newToken()
  const row = await tx
    .updateTable('admin_entry')
    .set({
      proof_hash: hashToken(proof),
      proof_method: proved.method,
      proved_at: proved.at,
      ends_at: at + proofMs,
    })
    .where('ticket_hash', '=', entry)
    .where('proof_hash', 'is', null)
    .where('ends_at', '>', at)
    .returning('ticket_hash')
    .executeTakeFirst()
  return row === undefined ? null : proof
}

/** Somebody who has proved a second factor and may come in. */
export type Proved = {
  readonly entrant: Entrant
  readonly factor: { readonly method: FactorMethod; readonly verifiedAt: Instant }
  readonly to: string
}

/**
 * Takes a proof in the browser that began, once. `null`: no such proof, of another browser, run out, or their gateway
 * session is over; a proof of another browser is left as it was.
 */
export async function takeEntryProof(
  tx: Tx,
  { proof, begin }: { readonly proof: string; readonly begin: string },
  at: Instant,
): Promise<Proved | null> {
  const row = await tx
    .deleteFrom('admin_entry')
    .where('proof_hash', '=', hashToken(proof))
    .where('begin_hash', '=', hashToken(begin))
    .where('ends_at', '>', at)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined || row.proof_method === null || row.proved_at === null) return null
  const entrant = await findGatewayHolder(tx, row.session, at)
  if (entrant === null) return null
  const factor = { method: row.proof_method, verifiedAt: row.proved_at }
  return { entrant, factor, to: row.to_path ?? '/' }
}
