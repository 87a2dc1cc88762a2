/**
 * Requests for access as rows: finding, listing and counting them; whether an approval still counts.
 *
 * Who may ask and who decides is `admin/requests/access-requests.ts`. Invariant: that a request is open, or an approval in
 * force, is judged at an instant and not by its status alone, so that a late expiry job changes nothing.
 */
import { sql } from 'kysely'
import { type DurationMs, type Instant, never } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'

/** What a request asks to be lifted. */
export type RequestKind = 'ip' | 'time'
/** Where a request stands. `expired`: nobody decided in time; `lapsed`: its approval has ended. */
export type RequestStatus = 'pending' | 'approved' | 'rejected' | 'withdrawn' | 'expired' | 'lapsed'

/** A request with whom it is of. `grantEndsAt`: of its approval, be it a grant or an entry; `null`: it has none. */
export type ListedRequest = {
  readonly id: string
  readonly practice: string
  readonly user: string
  readonly name: string
  readonly login: string
  readonly network: string
  readonly address: string
  readonly kind: RequestKind
  readonly status: RequestStatus
  readonly reason: string
  readonly repeats: number
  readonly createdAt: Instant
  readonly askedAt: Instant
  readonly expiresAt: Instant
  readonly decidedAt: Instant | null
  readonly decidedBy: string | null
  readonly decidedByName: string | null
  readonly note: string
  readonly grantId: string | null
  readonly grantEndsAt: Instant | null
  /** Of an approval for a role or the practice: its allowlist entry; `null`: a grant to the person, or none. */
  readonly entryId: string | null
}

/** Whether the entry of an approval is still listed and switched on: somebody may have edited the allowlist since. */
const entryServes = sql<boolean>`exists (
  select 1 from practice p join policy_revision d on d.practice = p.id and d.revision = p.revision
  where p.id = r.practice and d.document -> 'ipEntries'
    @> jsonb_build_array(jsonb_build_object('id', r.entry_id, 'on', true)))`

const statusAt = (at: Instant) =>
  sql<RequestStatus>`case
    when r.status = 'pending' and r.expires_at <= ${at} then 'expired'
    when r.status = 'approved' and (g.withdrawn_at is not null or g.ends_at <= ${at}) then 'lapsed'
    when r.status = 'approved' and r.entry_id is not null and (r.entry_ends_at <= ${at} or not ${entryServes})
      then 'lapsed'
    else r.status end`

const listed = (rows: Rows, at: Instant) =>
  rows
    .selectFrom('access_request as r')
    .innerJoin('app_user as u', 'u.id', 'r.user_id')
    .leftJoin('access_grant as g', 'g.id', 'r.grant_id')
    .select(['r.id', 'r.practice', 'r.user_id as user', 'u.name', 'u.login', 'r.network', 'r.address'])
    .select(['r.kind', 'r.reason', 'r.repeats', 'r.created_at as createdAt', 'r.asked_at as askedAt'])
    .select(['r.expires_at as expiresAt', 'r.decided_at as decidedAt', 'r.decided_by as decidedBy'])
    .select(['r.decided_by_name as decidedByName', 'r.note', 'r.grant_id as grantId'])
    .select('r.entry_id as entryId')
    .select(
      sql<number | null>`case when r.entry_id is null then g.ends_at
        else coalesce(r.entry_ends_at, ${never}) end`.as('grantEndsAt'),
    )
    .select(statusAt(at).as('status'))

/** The request of an id in a practice as it stands at `at`, or `null`. */
export async function findRequest(
  rows: Rows,
  practice: string,
  id: string,
  at: Instant,
): Promise<ListedRequest | null> {
  const row = await listed(rows, at)
    .where('r.practice', '=', practice)
    .where('r.id', '=', id)
    .executeTakeFirst()
  return row ?? null
}

/**
 * The newest `countMax` requests of a practice by id, as they stand at `at`; pending ones first, the longest waiting first.
 * What is shown of a page of them says `readRequests`.
 */
export async function listRequests(
  rows: Rows,
  practice: string,
  at: Instant,
  countMax: number,
): Promise<readonly Pick<ListedRequest, 'id' | 'status'>[]> {
  const isOpen = sql<boolean>`(r.status = 'pending' and r.expires_at > ${at})`
  // Apart, so that each is read in the order of an index and no further than it is wanted.
  const part = (open: boolean, count: number) =>
    rows
      .selectFrom('access_request as r')
      .leftJoin('access_grant as g', 'g.id', 'r.grant_id')
      .select(['r.id', statusAt(at).as('status')])
      .where('r.practice', '=', practice)
      .where(open ? isOpen : sql<boolean>`not ${isOpen}`)
      .orderBy('r.created_at', open ? 'asc' : 'desc')
      .orderBy('r.id')
      .limit(count)
      .execute()
  const waiting = await part(true, countMax)
  return [...waiting, ...(await part(false, countMax - waiting.length))]
}

/** These requests of a practice in this order, as they stand at `at`; those that are gone are left out. */
export async function readRequests(
  rows: Rows,
  practice: string,
  ids: readonly string[],
  at: Instant,
): Promise<readonly ListedRequest[]> {
  const found = await listed(rows, at)
    .where('r.practice', '=', practice)
    .where(sql<boolean>`r.id = any(${[...ids]}::text[])`)
    .execute()
  const byId = new Map(found.map((request) => [request.id, request]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** What one key is: whose, where, from which network (CIDR text), of which kind. */
export type RequestKey = {
  readonly practice: string
  readonly user: string
  readonly network: string
  readonly kind: RequestKind
}

/** Every request of a user for this network and kind, newest first, as they stand at `at`. */
export async function listOwnRequests(
  rows: Rows,
  key: Omit<RequestKey, 'practice'>,
  at: Instant,
): Promise<readonly ListedRequest[]> {
  return listed(rows, at)
    .where('r.user_id', '=', key.user)
    .where('r.network', '=', key.network)
    .where('r.kind', '=', key.kind)
    .orderBy('r.created_at', 'desc')
    .orderBy('r.id')
    .limit(500)
    .execute()
}

/** The newest `countMax` requests of a user, in whatever practice, with its name, as they stand at `at`. */
export const listRequestsOf = (
  rows: Rows,
  user: string,
  at: Instant,
  countMax: number,
): Promise<readonly (ListedRequest & { readonly practiceName: string })[]> =>
  listed(rows, at)
    .innerJoin('practice as p', 'p.id', 'r.practice')
    .select('p.name as practiceName')
    .where('r.user_id', '=', user)
    .orderBy('r.asked_at', 'desc')
    .orderBy('r.id')
    .limit(countMax)
    .execute()

const hourMs: DurationMs = 3_600_000

/** Requests of a user that are open and that were made in 24 hours, and those of a network within the hour. */
export async function countRequests(
  tx: Tx,
  { user, network }: Pick<RequestKey, 'user' | 'network'>,
  at: Instant,
): Promise<{ readonly open: number; readonly today: number; readonly fromNetwork: number }> {
  const count = (where: ReturnType<typeof sql<boolean>>) => sql<number>`count(*) filter (where ${where})`
  const row = await tx
    .selectFrom('access_request as r')
    .select([
      count(sql<boolean>`r.user_id = ${user} and r.status = 'pending' and r.expires_at > ${at}`).as('open'),
      count(sql<boolean>`r.user_id = ${user} and r.created_at > ${at - 24 * hourMs}`).as('today'),
      count(sql<boolean>`r.network = ${network}::cidr and r.created_at > ${at - hourMs}`).as('fromNetwork'),
    ])
    .where((eb) => eb.or([eb('r.user_id', '=', user), eb('r.network', '=', network)]))
    .executeTakeFirstOrThrow()
  return row
}

/** How many requests of a practice wait for a decision at `at`. */
export async function countPending(rows: Rows, practice: string, at: Instant): Promise<number> {
  const row = await rows
    .selectFrom('access_request')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('practice', '=', practice)
    .where('status', '=', 'pending')
    .where('expires_at', '>', at)
    .executeTakeFirstOrThrow()
  return row.count
}
