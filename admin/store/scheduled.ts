/**
 * Changes that wait for their time, as rows.
 *
 * What they do and whether they may is `admin/scheduled-changes.ts`. Invariant: a change is settled once; the row says
 * how and when. Who settles holds the practice.
 */
import type { Selectable } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'
import type { Tables } from './tables.ts'

/** A change that waits or waited. `draft` is not parsed. */
export type Scheduled = {
  readonly id: string
  readonly practice: string
  readonly startsAt: Instant
  readonly draft: unknown
  readonly changes: readonly string[]
  readonly notice: string
  readonly reason: string | null
  readonly overridden: boolean
  readonly actor: { readonly kind: 'admin' | 'user' | 'cli'; readonly id: string; readonly name: string }
  readonly address: string | null
  readonly createdAt: Instant
  readonly settledAt: Instant | null
  readonly outcome: 'applied' | 'refused' | 'cancelled' | null
  readonly detail: string | null
}

const scheduledOf = (row: Selectable<Tables['scheduled_change']>): Scheduled => ({
  id: row.id,
  practice: row.practice,
  startsAt: row.starts_at,
  draft: row.draft,
  changes: row.changes,
  notice: row.notice,
  reason: row.reason,
  overridden: row.overridden,
  actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
  address: row.address,
  createdAt: row.created_at,
  settledAt: row.settled_at,
  outcome: row.outcome,
  detail: row.detail,
})

/** Stores one, unless `waitingMax` wait in its practice already (`null`). The caller holds the practice. */
export async function insertScheduled(
  tx: Tx,
  one: Omit<Scheduled, 'settledAt' | 'outcome' | 'detail'>,
  waitingMax: number,
): Promise<Scheduled | null> {
  const waiting = await tx
    .selectFrom('scheduled_change')
    .select('id')
    .where('practice', '=', one.practice)
    .where('settled_at', 'is', null)
    .execute()
  if (waiting.length >= waitingMax) return null
  const row = await tx
    .insertInto('scheduled_change')
    .values({
      ...{ id: one.id, practice: one.practice, starts_at: one.startsAt, draft: JSON.stringify(one.draft) },
      ...{ changes: [...one.changes], notice: one.notice, reason: one.reason, overridden: one.overridden },
      ...{ actor_kind: one.actor.kind, actor_id: one.actor.id, actor_name: one.actor.name },
      ...{ address: one.address, created_at: one.createdAt },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return scheduledOf(row)
}

/** One by id; `null`: none such. */
export async function findScheduled(rows: Rows, id: string): Promise<Scheduled | null> {
  const row = await rows.selectFrom('scheduled_change').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : scheduledOf(row)
}

/** Those of a practice: what waits, the next one first; or what was settled, the last one first. At most `countMax`. */
export async function listScheduled(
  rows: Rows,
  practice: string,
  state: 'waiting' | 'settled',
  countMax: number,
): Promise<readonly Scheduled[]> {
  const found = await rows
    .selectFrom('scheduled_change')
    .selectAll()
    .where('practice', '=', practice)
    .where('settled_at', state === 'waiting' ? 'is' : 'is not', null)
    .orderBy('starts_at', state === 'waiting' ? 'asc' : 'desc')
    .orderBy('id')
    .limit(countMax)
    .execute()
  return found.map(scheduledOf)
}

/** Those of all practices whose time has come, earliest first; at most 100. */
export async function listDue(rows: Rows, at: Instant): Promise<readonly Scheduled[]> {
  const found = await rows
    .selectFrom('scheduled_change')
    .selectAll()
    .where('settled_at', 'is', null)
    .where('starts_at', '<=', at)
    .orderBy('starts_at')
    .orderBy('id')
    .limit(100)
    .execute()
  return found.map(scheduledOf)
}

/** Settles one that waits; `false`: it does not, or there is none such. */
export async function settleScheduled(
  tx: Tx,
  id: string,
  outcome: NonNullable<Scheduled['outcome']>,
  detail: string | null,
  at: Instant,
): Promise<boolean> {
  const row = await tx
    .updateTable('scheduled_change')
    .set({ settled_at: at, outcome, detail })
    .where('id', '=', id)
    .where('settled_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
