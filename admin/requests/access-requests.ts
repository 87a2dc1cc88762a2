/**
 * Asking for access: what somebody who has signed in may ask, held or not, and where their requests stand per practice.
 *
 * Deciding is `access-review.ts`; lifting a control is the gateways', by the grant in the members record. Invariant:
 * nothing is asked without a sign-in that was proved (an adopted cookie asks for nothing), and a practice that its user
 * is no member of, or was put out of since, looks like none at all.
 * Limits live in the transaction under a lock per user and network, so that parallel requests cannot slip past.
 */

import { sql } from 'kysely'
import { networkOf, parseAddress, rangeText } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { AccessStanding, AccessStandings, AskAccess } from '../../runtime/internal.ts'
import { accessTexts } from '../../runtime/pages/texts-gateway.ts'
import { newToken } from '../../runtime/token.ts'
import { eventOf, ownDeed } from '../deed.ts'
import { tellAsked } from '../notify/notices.ts'
import { epochIn } from '../sessions/session-epochs.ts'
import {
  countRequests,
  findRequest,
  type ListedRequest,
  listOwnRequests,
  type RequestKey,
  type RequestKind,
} from '../store/access-requests.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { type Actor, appendEvent } from '../store/events.ts'
import { findSession, type SessionRow } from '../store/sessions.ts'

const hourMs: DurationMs = 3_600_000
const pendingMs: DurationMs = 72 * hourMs
const coolDownsMs: readonly DurationMs[] = [900_000, 2 * hourMs, 24 * hourMs]
const openMax = 3
const dayMax = 10
const networkHourMax = 20
const settledMax = 500

type Place = {
  readonly practice: string
  readonly name: string
  readonly takes: boolean
  readonly contact: string
}

/** Whose requests are read: a session's user, at one network and for one control. */
export type Asker = Omit<RequestKey, 'practice'> & Pick<SessionRow, 'epochs'>

/** Practices that the user is a member of, neither suspended there nor put out since, in order of their ids. */
async function placesOf(rows: Rows, { user, kind, epochs }: Asker): Promise<readonly Place[]> {
  const places = await rows
    .selectFrom('membership as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .innerJoin('practice as p', 'p.id', 'm.practice')
    .innerJoin('policy_revision as d', (join) =>
      join.onRef('d.practice', '=', 'p.id').onRef('d.revision', '=', 'p.revision'),
    )
    .select(['m.practice', 'p.name', 'm.epoch'])
    .select(sql<boolean>`(d.document -> 'requests' ->> ${kind}::text)::boolean`.as('takes'))
    .select(sql<string>`d.document -> 'requests' ->> 'contact'`.as('contact'))
    .where('m.user_id', '=', user)
    .where('m.suspended', '=', false)
    .where('u.suspended', '=', false)
    .orderBy('m.practice')
    .execute()
  return places.filter(({ practice, epoch }) => epochIn(epochs, practice) >= epoch)
}

/** Whether a request was approved, if no longer: what was rejected before it counts no more. */
const wasApproved = ({ grantId, entryId }: ListedRequest): boolean => grantId !== null || entryId !== null

/** From when somebody may ask again whose `requests` (of one key, newest first) end in rejections; `null`: now. */
function coolDownEnd(requests: readonly ListedRequest[], at: Instant): Instant | null {
  const approval = requests.findIndex(wasApproved)
  const since = approval === -1 ? requests : requests.slice(0, approval)
  const rejected = since.filter(({ status }) => status === 'rejected')
  const last = rejected[0]?.decidedAt ?? null
  if (last === null) return null
  const coolDownMs = coolDownsMs[Math.min(rejected.length, coolDownsMs.length) - 1] ?? 0
  return last + coolDownMs > at ? last + coolDownMs : null
}

/** A user's standing in one practice, from their requests there, newest first. */
function standingOf(place: Place, requests: readonly ListedRequest[], at: Instant): AccessStanding {
  const [newest] = requests
  const { practice, name, takes, contact } = place
  const rest = { practice, name, takes, contact, askAgainAt: null }
  if (newest === undefined) return { ...rest, status: 'not-requested', note: '' }
  const { status, note } = newest
  if (status === 'pending' || status === 'approved') return { ...rest, status, note }
  if (status === 'rejected') return { ...rest, status, note, askAgainAt: coolDownEnd(requests, at) }
  const takenBack = status === 'withdrawn' && !wasApproved(newest)
  return { ...rest, status: 'not-requested', note: accessTexts.gone[takenBack ? 'takenBack' : status] }
}

/** Where somebody stands in each of their practices for one network and kind. */
export async function readStandings(rows: Rows, key: Asker, at: Instant): Promise<readonly AccessStanding[]> {
  const places = await placesOf(rows, key)
  const own = await listOwnRequests(rows, key, at)
  return places.map((place) =>
    standingOf(
      place,
      own.filter(({ practice }) => practice === place.practice),
      at,
    ),
  )
}

/** The session of a token's hash, if it lives at `at`. */
export async function findLive(rows: Rows, tokenHash: string, at: Instant): Promise<SessionRow | null> {
  const session = await findSession(rows, tokenHash)
  return session === null || session.ended_at !== null || session.absolute_deadline <= at ? null : session
}

/** Who asks, by their session. */
export const askerOf = (session: SessionRow, network: string, kind: RequestKind): Asker => ({
  ...{ user: session.user_id, network, kind, epochs: session.epochs },
})

/** Whether a session may ask: its sign-in was seen here, or told of by an identity proxy; a cookie alone proves none. */
export const mayAsk = ({ held, method }: SessionRow): boolean => held || method !== 'adopted'

/** The network that an address is asked for as, CIDR text; `null`: no address. */
export const networkText = (address: string): string | null => {
  const parsed = parseAddress(address)
  return parsed === null ? null : rangeText(networkOf(parsed))
}

/** Where the requests of a live session's user stand for this address and kind; `null`: no such session. */
export async function readAccessStandings(
  store: Store,
  wish: Pick<AskAccess, 'tokenHash' | 'kind' | 'address'>,
  at: Instant,
): Promise<AccessStandings | null> {
  const network = networkText(wish.address)
  return store.snapshot(async (tx) => {
    const session = await findLive(tx, wish.tokenHash, at)
    if (session === null || network === null) return null
    const key = askerOf(session, network, wish.kind)
    return { standings: [...(await readStandings(tx, key, at))], refused: null }
  })
}

/**
 * Marks requests nobody decided in time as expired and approvals that ended as lapsed, each with its event; at most
 * 500 of each at once. `user: null`: everybody's. Answers how many.
 */
export async function settleRequests(tx: Tx, user: string | null, at: Instant): Promise<number> {
  const own = ownDeed(at)
  const due = tx
    .selectFrom('access_request as r')
    .leftJoin('access_grant as g', 'g.id', 'r.grant_id')
    .select('r.id')
    // Of a practice that is retired nothing is settled, and nobody told.
    .where('r.practice', 'in', tx.selectFrom('practice').select('id'))
    .$if(user !== null, (query) => query.where('r.user_id', '=', user ?? ''))
    .limit(settledMax)
    .forUpdate('r')
    .skipLocked()
  const ended = sql<boolean>`least(g.ends_at, r.entry_ends_at) <= ${at}`
  const expired = await tx
    .updateTable('access_request')
    .set({ status: 'expired', decided_at: at, decided_by: own.actor.id, decided_by_name: own.actor.name })
    .where('id', 'in', due.where('r.status', '=', 'pending').where('r.expires_at', '<=', at))
    .returning(['id', 'practice', 'status', 'user_id', 'kind', 'network'])
    .execute()
  const lapsed = await tx
    .updateTable('access_request')
    .set({ status: 'lapsed' })
    .where('id', 'in', due.where('r.status', '=', 'approved').where(ended))
    .returning(['id', 'practice', 'status', 'user_id', 'kind', 'network'])
    .execute()
  const settled = [...expired, ...lapsed].sort((a, b) => (a.practice < b.practice ? -1 : 1))
  for (const row of settled)
    await appendEvent(tx, {
      ...eventOf(own),
      practice: row.practice,
      action: `access-request.${row.status}`,
      target: { kind: 'user', id: row.user_id, name: await nameOf(tx, row.user_id) },
      before: { status: row.status === 'expired' ? 'pending' : 'approved' },
      after: { status: row.status, request: row.id, kind: row.kind, network: row.network },
    })
  return settled.length
}

/** A user's name. */
export async function nameOf(rows: Rows, user: string): Promise<string> {
  const row = await rows
    .selectFrom('app_user')
    .select('name')
    .where('id', '=', user)
    .executeTakeFirstOrThrow()
  return row.name
}

/** Which limit `more` new requests would break, as a public sentence; `null`: none. */
async function limitBroken(tx: Tx, key: Omit<RequestKey, 'practice'>, more: number, at: Instant) {
  const { open, today, fromNetwork } = await countRequests(tx, key, at)
  if (open + more > openMax) return accessTexts.tooManyOpen(openMax)
  if (today + more > dayMax) return accessTexts.tooManyToday(dayMax)
  if (fromNetwork + more > networkHourMax) return accessTexts.tooManyFromNetwork
  return null
}

async function addRequest(tx: Tx, key: RequestKey, request: AskAccess, at: Instant): Promise<void> {
  const id = `arq_${newToken().slice(0, 22)}`
  const { practice, user, network, kind } = key
  const reason = request.reason
  await tx
    .insertInto('access_request')
    .values({
      id,
      practice,
      user_id: user,
      network,
      address: request.address,
      kind,
      reason,
      created_at: at,
      asked_at: at,
      expires_at: at + pendingMs,
    })
    .execute()
  const actor: Actor = { kind: 'user', id: user, name: await nameOf(tx, user) }
  await appendEvent(tx, {
    actor,
    origin: 'ui',
    at,
    address: request.address,
    reason,
    practice,
    action: 'access-request.asked',
    target: actor,
    before: null,
    after: { request: id, kind, network },
  })
  const asked = await findRequest(tx, practice, id, at)
  if (asked !== null) await tellAsked(tx, asked, at)
}

/** Does the asking under the locks; answers why nothing was asked, or `null`. */
async function askThere(tx: Tx, key: Asker, request: AskAccess, at: Instant): Promise<string | null> {
  await settleRequests(tx, key.user, at)
  const standings = await readStandings(tx, key, at)
  const wanted = standings.filter(({ practice }) => request.practices.includes(practice))
  const taking = wanted.filter(({ takes }) => takes)
  if (taking.length === 0) {
    const contact = wanted.find((standing) => standing.contact !== '')?.contact
    return accessTexts.notTaken(contact ?? null)
  }
  const fresh = taking.filter(
    ({ status, askAgainAt }) => status === 'not-requested' || (status === 'rejected' && askAgainAt === null),
  )
  const waiting = taking.filter(({ status }) => status === 'pending').map(({ practice }) => practice)
  if (fresh.length > 0) {
    const broken = await limitBroken(tx, key, fresh.length, at)
    if (broken !== null) return broken
  }
  if (waiting.length > 0)
    await tx
      .updateTable('access_request')
      .set((eb) => ({ repeats: eb('repeats', '+', 1), asked_at: at }))
      .where('user_id', '=', key.user)
      .where('network', '=', key.network)
      .where('kind', '=', key.kind)
      .where('status', '=', 'pending')
      .where('practice', 'in', waiting)
      .execute()
  const { user, network, kind } = key
  for (const { practice } of fresh) await addRequest(tx, { user, network, kind, practice }, request, at)
  const done = fresh.length > 0 || taking.some(({ status }) => status !== 'rejected')
  return done ? null : accessTexts.rejectedLately
}

/**
 * Asks for access in the name of a session's user, all or nothing. Repeats of what is open only count; practices
 * that the user is no member of are passed over. `refused` of the answer: why nothing was asked.
 */
export function askForAccess(store: Store, request: AskAccess, at: Instant): Promise<AccessStandings> {
  const network = networkText(request.address)
  const parsed = parseAddress(request.address)
  return store.transaction(async (tx) => {
    const session = await findLive(tx, request.tokenHash, at)
    if (session === null || network === null || parsed === null)
      return { standings: [], refused: accessTexts.signInFirst }
    const key = askerOf(session, network, request.kind)
    let refused: string | null = accessTexts.signInFirst
    if (mayAsk(session)) {
      // Always the user before the network: two that ask at once wait, and never for each other.
      for (const name of [`asks ${key.user}`, `asks from ${network}`])
        await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 4248))`.execute(tx)
      refused = await askThere(tx, key, { ...request, address: parsed.text }, at)
    }
    return { standings: [...(await readStandings(tx, key, at))], refused }
  })
}
