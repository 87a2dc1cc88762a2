/**
 * Who is in now: live sessions of a practice by person, with how and from where.
 *
 * It reads rows, no gateway: last seen and open streams are as gateways reported them, at most a minute old. A
 * session counts while it is not ended, not past a deadline, not idle too long, and not of a revoked epoch. Ended
 * sessions are the security events' matter.
 */
import { sql } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { SignInMethod } from '../../runtime/records.ts'
import type { Rows } from './database.ts'
import { readPolicy } from './practices.ts'

/** A live session in one practice's list. */
export type ActiveSession = {
  /** `ses_…`: safe to show, no bearer. */
  readonly id: string
  readonly upstream: string
  readonly method: SignInMethod
  readonly factor: { readonly method: FactorMethod; readonly verifiedAt: Instant } | null
  readonly address: string
  readonly firstAddress: string
  /** User-Agent as sent; never trusted. */
  readonly device: string
  readonly startedAt: Instant
  readonly lastSeenAt: Instant
  /** When it ends at the latest in this practice. */
  readonly endsAt: Instant
  readonly streams: number
  readonly held: boolean
}

/** A person with at least one live session. */
export type ActiveUser = {
  readonly user: string
  readonly name: string
  readonly login: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly suspended: boolean
  /** All practices the person belongs to, this one included, by id. What a reader may see of it is the API's business. */
  readonly practices: readonly string[]
  readonly sessions: readonly ActiveSession[]
}

const sessionsMax = 10_000

/** The strictest of the practice's and the roles' timeouts. */
export function timeoutsOf(
  document: PolicyDocument,
  roles: readonly string[],
): { readonly idleMs: DurationMs; readonly absoluteMs: DurationMs } {
  const mine = document.roles.filter((role) => roles.includes(role.id))
  return {
    idleMs: Math.min(document.sessions.idleMs, ...mine.map((role) => role.idleMs ?? Infinity)),
    absoluteMs: Math.min(document.sessions.absoluteMs, ...mine.map((role) => role.absoluteMs ?? Infinity)),
  }
}

const liveRows = (rows: Rows, practice: string, at: Instant, users: readonly string[] | undefined) =>
  rows
    .selectFrom('session as s')
    .innerJoin('membership as m', 'm.user_id', 's.user_id')
    .innerJoin('app_user as u', 'u.id', 's.user_id')
    .select(['s.id', 's.user_id', 's.upstream', 's.method', 's.factor_method', 's.factor_verified_at'])
    .select(['s.address_last', 's.address_first', 's.device', 's.started_at', 's.last_seen_at'])
    .select(['s.absolute_deadline', 's.streams', 's.held'])
    .select(['u.name', 'u.login', 'u.email', 'm.roles'])
    .select(sql<boolean>`m.suspended or u.suspended`.as('suspended'))
    .select(
      sql<string[]>`array(select o.practice from membership o where o.user_id = s.user_id order by 1)`.as(
        'practices',
      ),
    )
    .where('m.practice', '=', practice)
    .where('s.ended_at', 'is', null)
    .where('s.absolute_deadline', '>', at)
    .where(sql<boolean>`coalesce((s.epochs ->> m.practice)::int, 0) >= m.epoch`)
    .$if(users !== undefined, (query) =>
      query.where(sql<boolean>`m.user_id = any(${[...(users ?? [])]}::text[])`),
    )
    .orderBy(sql`lower(u.name)`)
    .orderBy('u.id')
    .orderBy('s.last_seen_at', 'desc')
    .limit(sessionsMax)
    .execute()

/** What a caller knows already: `document`: the newest policy, which is read otherwise; `users`: whom alone to list. */
export type ActiveWish = {
  readonly document?: PolicyDocument
  readonly users?: readonly string[]
}

/** Everyone with a live session in `practice` at `at`, by name; each with their sessions, last seen first. At most 10,000 sessions. */
export async function listActiveUsers(
  rows: Rows,
  practice: string,
  at: Instant,
  wish: ActiveWish = {},
): Promise<readonly ActiveUser[]> {
  const document = wish.document ?? (await readPolicy(rows, practice))?.document
  if (document === undefined) return []
  const users = new Map<string, ActiveUser & { readonly sessions: ActiveSession[] }>()
  for (const row of await liveRows(rows, practice, at, wish.users)) {
    const { idleMs, absoluteMs } = timeoutsOf(document, row.roles)
    const endsAt = Math.min(row.absolute_deadline, row.started_at + absoluteMs)
    if (endsAt <= at || row.last_seen_at + idleMs <= at) continue
    const user = users.get(row.user_id) ?? {
      user: row.user_id,
      name: row.name,
      login: row.login,
      email: row.email,
      roles: row.roles,
      suspended: row.suspended,
      practices: row.practices,
      sessions: [],
    }
    users.set(row.user_id, user)
    const { factor_method: method, factor_verified_at: verifiedAt } = row
    user.sessions.push({
      id: row.id,
      upstream: row.upstream,
      method: row.method,
      factor: method === null || verifiedAt === null ? null : { method, verifiedAt },
      address: row.address_last,
      firstAddress: row.address_first,
      device: row.device,
      startedAt: row.started_at,
      lastSeenAt: row.last_seen_at,
      endsAt,
      streams: row.streams,
      held: row.held,
    })
  }
  return [...users.values()]
}
