/**
 * Retiring a practice: it leaves Gatehouse with everything that runs for it, and can be taken back while its events are kept.
 *
 * Creating one is `practice-edits.ts`. Invariant: one transaction ends what is open (sessions, requests, emergency access,
 * changes that wait), raises every epoch, and takes the practice out of the views that everything else asks, so that no
 * job, mail or sign-in comes upon it later; gateways are told by the signed table of practices and refuse it. Deleting was
 * refused: its security events must be kept, and a mistake must be mendable.
 */
import { sql } from 'kysely'
import { compile } from '../../policies/compile.ts'
import { type Instant, never } from '../../policies/instant.ts'
import type { Problem } from '../../policies/problem.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { readRetention } from '../store/event-retention.ts'
import { appendEvent } from '../store/events.ts'
import { announceMembers, announcePolicy } from '../store/outbox.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'
import { findRetired, markRetired, type Retired, unmarkRetired } from '../store/retired-practices.ts'
import { settleScheduled } from '../store/scheduled.ts'

/** What retiring a practice would end, counted. `sessions`: live ones of its people that reach it. */
export type RetiringCounts = {
  readonly members: number
  readonly sessions: number
  readonly requests: number
  readonly tokens: number
  readonly emergencies: number
  readonly scheduled: number
}

/** A practice as its retirement is reviewed. `isLast`: there is no other, so it stays. */
export type Retirement = RetiringCounts & {
  readonly revision: number
  readonly name: string
  readonly contact: string
  readonly isLast: boolean
}

const yearMs = 31_556_952_000
const outboxRowsMax = 5_000

async function countsOf(rows: Rows, practice: string, at: Instant): Promise<RetiringCounts> {
  const { rows: found } = await sql<RetiringCounts>`select
    (select count(*) from membership where practice = ${practice})::int as members,
    (select count(*) from session s join membership m on m.user_id = s.user_id where m.practice = ${practice}
      and s.ended_at is null and s.absolute_deadline > ${at}
      and coalesce((s.epochs ->> m.practice)::int, 0) >= m.epoch)::int as sessions,
    (select count(*) from access_request where practice = ${practice} and status = 'pending'
      and expires_at > ${at})::int as requests,
    (select count(*) from service_token where practice = ${practice} and revoked_at is null
      and expires_at > ${at})::int as tokens,
    (select count(*) from emergency_access where practice = ${practice} and ended_at is null
      and ends_at > ${at})::int as emergencies,
    (select count(*) from scheduled_change where practice = ${practice} and settled_at is null)::int as scheduled`.execute(
    rows,
  )
  const [counts] = found
  if (counts === undefined) throw new Error('counting answers one row')
  return counts
}

const isLast = async (rows: Rows, practice: string): Promise<boolean> =>
  (await rows.selectFrom('practice').select('id').where('id', '!=', practice).limit(1).executeTakeFirst()) ===
  undefined

/** What retiring a practice would come to at `at`; `null`: there is no such practice here. */
export const readRetirement = (store: Store, practice: string, at: Instant): Promise<Retirement | null> =>
  store.snapshot(async (tx) => {
    const policy = await readPolicy(tx, practice)
    if (policy === null) return null
    const { practice: of, requests } = policy.document
    return {
      ...(await countsOf(tx, practice, at)),
      ...{ revision: policy.revision, name: of.name, contact: requests.contact },
      isLast: await isLast(tx, practice),
    }
  })

/** Ends the sessions of those who belong nowhere else; what others have open goes on in their other practices. */
async function endSessions(tx: Tx, practice: string, at: Instant): Promise<void> {
  const ended = await tx
    .updateTable('session')
    .set((eb) => ({ ended_at: at, ended_why: 'revoked', streams: 0, version: eb('version', '+', 1) }))
    .where('ended_at', 'is', null)
    .where('absolute_deadline', '>', at)
    .where('user_id', 'in', tx.selectFrom('membership').select('user_id').where('practice', '=', practice))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('membership as o')
            .select('o.practice')
            .whereRef('o.user_id', '=', 'session.user_id')
            .where('o.practice', '!=', practice),
        ),
      ),
    )
    .returning('token_hash')
    .execute()
  for (let from = 0; from < ended.length; from += outboxRowsMax)
    await tx
      .insertInto('outbox')
      .values(
        ended
          .slice(from, from + outboxRowsMax)
          .map(({ token_hash }) => ({ kind: 'session' as const, part: token_hash, saved_at: at })),
      )
      .execute()
}

/** Closes the requests that wait, each with its event: who asked is answered by the page that refuses them. */
async function closeRequests(tx: Tx, practice: string, deed: Deed): Promise<void> {
  const closed = await tx
    .updateTable('access_request as r')
    .from('app_user as u')
    .whereRef('u.id', '=', 'r.user_id')
    .set({
      ...{ status: 'expired', decided_at: deed.at },
      ...{ decided_by: deed.actor.id, decided_by_name: deed.actor.name },
    })
    .where('r.practice', '=', practice)
    .where('r.status', '=', 'pending')
    .returning(['r.id', 'r.user_id', 'r.kind', 'r.network', 'u.name'])
    .execute()
  for (const { id, user_id, kind, network, name } of closed)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'access-request.expired',
      target: { kind: 'user', id: user_id, name },
      before: { status: 'pending' },
      after: { status: 'expired', request: id, kind, network },
    })
}

/** Ends emergency access and what waits for its time, and keeps back what machines have not been told yet. */
async function endTheRest(tx: Tx, practice: string, deed: Deed): Promise<void> {
  const { at, actor } = deed
  const over = await tx
    .updateTable('emergency_access')
    .set({ ended_at: at, ended_by_name: actor.name })
    .where('practice', '=', practice)
    .where('ended_at', 'is', null)
    .where('ends_at', '>', at)
    .returning('grant_id')
    .execute()
  const grants = over.map(({ grant_id }) => grant_id)
  if (grants.length > 0)
    await tx.updateTable('access_grant').set({ withdrawn_at: at }).where('id', 'in', grants).execute()
  const waiting = await tx
    .selectFrom('scheduled_change')
    .select('id')
    .where('practice', '=', practice)
    .where('settled_at', 'is', null)
    .execute()
  for (const { id } of waiting) await settleScheduled(tx, id, 'cancelled', 'the practice was retired', at)
  await tx
    .deleteFrom('webhook_delivery')
    .where('practice', '=', practice)
    .where('state', '=', 'waiting')
    .execute()
  await tx.deleteFrom('trusted_device').where('practice', '=', practice).execute()
}

/** What became of retiring a practice. `announced`: the number to follow it by. */
export type RetiringOutcome =
  | { readonly outcome: 'retired'; readonly announced: number; readonly counts: RetiringCounts }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'conflict'; readonly current: number }
  | { readonly outcome: 'last' }

/** Retires a practice from the revision that its review was made of. `contact`: whom people are told to turn to. */
export function retirePractice(
  store: Store,
  wish: { readonly practice: string; readonly from: number; readonly contact: string; readonly deed: Deed },
): Promise<RetiringOutcome> {
  const { practice, from, contact, deed } = wish
  return store.transaction(async (tx) => {
    // One at a time: two at once could each take the other for the one that stays.
    await sql`select pg_advisory_xact_lock(hashtextextended('retires a practice', 4252))`.execute(tx)
    const current = await lockPractice(tx, practice)
    if (current === null) return { outcome: 'unknown' }
    if (current !== from) return { outcome: 'conflict', current }
    if (await isLast(tx, practice)) return { outcome: 'last' }
    const policy = await readPolicy(tx, practice)
    const counts = await countsOf(tx, practice, deed.at)
    await tx
      .updateTable('membership')
      .set((eb) => ({ epoch: eb('epoch', '+', 1), revoked_at: deed.at }))
      .where('practice', '=', practice)
      .execute()
    await endSessions(tx, practice, deed.at)
    await closeRequests(tx, practice, deed)
    await endTheRest(tx, practice, deed)
    const { announced } = await announceMembers(tx, practice, deed.at)
    await tx
      .deleteFrom('publication')
      .where('part', '=', practice)
      .where('kind', 'in', ['policy', 'members'])
      .execute()
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'practice.retired',
      target: { kind: 'practice', id: practice, name: policy?.document.practice.name ?? practice },
      before: null,
      after: { ...counts, contact },
      policyVersion: current,
    })
    await markRetired(tx, practice, { at: deed.at, by: deed.actor, reason: deed.reason ?? '', contact })
    return { outcome: 'retired', announced, counts }
  })
}

/** Until when a retired practice can be taken back: as long as its events are kept; under a legal hold, always. */
export async function reinstatableUntil(rows: Rows, { id, retiredAt }: Retired): Promise<Instant> {
  const { years, held } = await readRetention(rows, id)
  return held ? never : retiredAt + years * yearMs
}

const findRevision = (rows: Rows, practice: string) =>
  rows
    .selectFrom('practice_record as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select(['r.document', 'r.revision'])
    .where('p.id', '=', practice)
    .executeTakeFirstOrThrow()

/** What became of taking one back. `late`: its time is over. */
export type ReinstatingOutcome =
  | { readonly outcome: 'reinstated'; readonly announced: number; readonly revision: number }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'late' }
  | { readonly outcome: 'problems'; readonly problems: readonly Problem[] }

/**
 * Takes a retired practice back as it was: people, roles, rules, tokens that have not expired. Nobody is signed in, and what
 * was asked or waited then is over.
 */
export function reinstatePractice(
  store: Store,
  { practice, deed }: { readonly practice: string; readonly deed: Deed },
): Promise<ReinstatingOutcome> {
  return store.transaction(async (tx) => {
    const retired = await findRetired(tx, practice)
    if (retired === null) return { outcome: 'unknown' }
    if ((await reinstatableUntil(tx, retired)) <= deed.at) return { outcome: 'late' }
    const { document, revision } = await findRevision(tx, practice)
    const compiled = compile(document, deed.at, process.versions.tz)
    if (!compiled.ok) return { outcome: 'problems', problems: compiled.problems }
    if (!(await unmarkRetired(tx, practice))) return { outcome: 'unknown' }
    await announcePolicy(tx, practice, deed.at)
    const { announced } = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'practice.reinstated',
      target: { kind: 'practice', id: practice, name: retired.name },
      before: { retiredAt: retired.retiredAt, reason: retired.reason },
      after: null,
      policyVersion: revision,
    })
    return { outcome: 'reinstated', announced, revision }
  })
}
