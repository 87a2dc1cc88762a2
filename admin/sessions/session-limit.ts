/**
 * How many sessions one person may have at a time: with a sign-in that would be let in, the oldest beyond that end.
 *
 * It refuses nobody. Invariant: of sign-ins of one person at the same time, through whichever gateways, no more stay
 * than the strictest of their practices lets stay. Only a session that `decide` lets in ends others, so that a stolen
 * password alone (a sign-in held for its second factor, or from an address that is not listed) signs nobody out.
 * Counting at the gateways was refused: two of them would each count their own.
 */

import { sql } from 'kysely'
import type { AccessRequest } from '../../policies/access-request.ts'
import { parseAddress } from '../../policies/address.ts'
import { compile } from '../../policies/compile.ts'
import { decide } from '../../policies/decide.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { Instant } from '../../policies/instant.ts'
import type { RouteRequirement } from '../../policies/routes.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { timeoutsOf } from '../store/active-users.ts'
import type { Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { findMember } from '../store/members.ts'
import { announceSession } from '../store/outbox.ts'
import { readPolicy } from '../store/practices.ts'
import { markEnded, type SessionRow } from '../store/sessions.ts'
import { endAdopted } from './revocations.ts'
import { epochIn } from './session-epochs.ts'

/** Any page of staff: nothing is asked of it but the practice's own controls. */
const anyPage: RouteRequirement = {
  id: 'GET /',
  class: 'staff',
  stepUp: null,
  permissions: null,
  mapped: true,
  unmapped: 'report',
  paths: 'lenient',
}

type Limit = { readonly practice: string; readonly countMax: number; readonly document: PolicyDocument }

/** Sign-ins of one person come one after another from here on, until the transaction ends. */
export async function lockSessionsOf(tx: Tx, user: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${user}, 4251))`.execute(tx)
}

/** The practices of a person that limit sessions, with their policies. */
async function limitsOf(tx: Tx, user: string): Promise<readonly Limit[]> {
  const rows = await tx
    .selectFrom('membership as m')
    .innerJoin('practice as p', 'p.id', 'm.practice')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select('p.id')
    .where('m.user_id', '=', user)
    .where('m.suspended', '=', false)
    .where(sql<boolean>`r.document #>> '{sessions,concurrentMax}' is not null`)
    .orderBy('p.id')
    .execute()
  const limits: Limit[] = []
  for (const { id } of rows) {
    const document = (await readPolicy(tx, id))?.document
    const countMax = document?.sessions.concurrentMax ?? null
    if (document !== undefined && countMax !== null) limits.push({ practice: id, countMax, document })
  }
  return limits
}

/** Whether the practice would let the session in as it is; what does not compile or cannot be read lets nobody in. */
async function isLetIn(tx: Tx, { practice, document }: Limit, session: SessionRow, at: Instant) {
  const compiled = compile(document, at, process.versions.tz)
  const address = parseAddress(session.address_last)
  const member = await findMember(tx, practice, session.user_id, at)
  if (!compiled.ok || address === null || member === null) return false
  const { factor_method: method, factor_verified_at: verifiedAt } = session
  const request: AccessRequest = {
    ...{ method: 'GET', route: anyPage.id, address, practice },
    subject: {
      kind: 'session',
      ...{ id: session.id, user: session.user_id, member, epoch: epochIn(session.epochs, practice) },
      ...{ held: session.held, ended: session.ended_at !== null },
      ...{ startedAt: session.started_at, lastSeenAt: at, boundTo: null },
      factor: method === null || verifiedAt === null ? null : { method, verifiedAt },
      deviceTrustedUntil: session.trusted_devices[practice] ?? null,
    },
  }
  const snapshot = loadSnapshot(compiled.value, 1, new Map([[anyPage.id, anyPage]]))
  return decide(snapshot, request, at).verdict === 'permit'
}

/** The person's other sessions that are in use in the practice: not held, not idle too long, newest first. */
async function othersIn(tx: Tx, { practice, document }: Limit, session: SessionRow, at: Instant) {
  const rows = await tx
    .selectFrom('session as s')
    .innerJoin('membership as m', 'm.user_id', 's.user_id')
    .selectAll('s')
    .select('m.roles')
    .where('m.practice', '=', practice)
    .where('s.user_id', '=', session.user_id)
    .where('s.id', '!=', session.id)
    .where('s.ended_at', 'is', null)
    .where('s.held', '=', false)
    .where('s.absolute_deadline', '>', at)
    .where(sql<boolean>`coalesce((s.epochs ->> m.practice)::int, 0) >= m.epoch`)
    .orderBy('s.started_at', 'desc')
    .orderBy('s.id', 'desc')
    .execute()
  return rows.filter(({ roles, started_at, last_seen_at }) => {
    const { idleMs, absoluteMs } = timeoutsOf(document, roles)
    return last_seen_at + idleMs > at && started_at + absoluteMs > at
  })
}

/** A session that was ended, and by how many a person may have. */
type Ended = { readonly session: SessionRow; readonly countMax: number }

async function endOne(tx: Tx, session: SessionRow, by: SessionRow, at: Instant): Promise<SessionRow | null> {
  const ended = await markEnded(tx, session.token_hash, 'limit', at)
  if (ended === null) return null
  await announceSession(tx, ended.token_hash, at)
  // What the newcomer's own cookie was adopted for is the newcomer.
  if (ended.cookie_hash !== by.cookie_hash) await endAdopted(tx, ended, 'limit', at)
  return ended
}

async function appendOne(tx: Tx, { session: ended, countMax }: Ended, by: SessionRow, at: Instant) {
  const { name } = await tx
    .selectFrom('app_user')
    .select('name')
    .where('id', '=', ended.user_id)
    .executeTakeFirstOrThrow()
  const practices = await tx
    .selectFrom('membership')
    .select('practice')
    .where('user_id', '=', ended.user_id)
    .orderBy('practice')
    .execute()
  for (const { practice } of practices)
    await appendEvent(tx, {
      actor: { kind: 'user', id: ended.user_id, name },
      origin: 'auto',
      at,
      practice,
      action: 'session.ended',
      target: { kind: 'user', id: ended.user_id, name },
      before: null,
      after: { session: ended.id, why: 'limit', by: by.id, countMax },
      address: ended.address_last,
    })
}

/**
 * Ends what is beyond the limits of the practices that let `session` in, oldest first; answers what has to be recorded.
 * The caller has asked `lockSessionsOf` for its person before anything else, and appends no event before: whoever ends
 * one of these sessions meanwhile holds it first and the chain second.
 */
export async function endBeyondLimit(tx: Tx, session: SessionRow, at: Instant): Promise<readonly Ended[]> {
  if (session.held || session.ended_at !== null) return []
  const all: Ended[] = []
  for (const limit of await limitsOf(tx, session.user_id)) {
    const { countMax } = limit
    const beyond = (await othersIn(tx, limit, session, at)).slice(countMax - 1)
    if (beyond.length === 0 || !(await isLetIn(tx, limit, session, at))) continue
    for (const other of beyond) {
      const ended = await endOne(tx, other, session, at)
      if (ended !== null) all.push({ session: ended, countMax })
    }
  }
  return all
}

/** Records what `endBeyondLimit` ended for `by`, in every practice of the person. */
export async function appendBeyondLimit(
  tx: Tx,
  all: readonly Ended[],
  by: SessionRow,
  at: Instant,
): Promise<void> {
  for (const ended of all) await appendOne(tx, ended, by, at)
}
