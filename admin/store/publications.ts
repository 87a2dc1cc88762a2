/**
 * What was published: the newest signed text of each key, under a global sequence that only grows.
 *
 * Texts are kept so that a lost hot store is filled again, and gateways without one are answered, without compiling
 * anything. Who builds the texts is `admin/signed-records.ts`; who assigns sequences is `publish.ts`, one process at a time.
 */
import type { Selectable } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'
import type { Tables } from './tables.ts'

/** A published record. `expiresAt: null`: kept for good. */
export type Publication = {
  readonly key: string
  readonly kind: 'policy' | 'members' | 'session' | 'practices' | 'canary'
  readonly part: string
  readonly sequence: number
  readonly version: number
  readonly text: string
  readonly expiresAt: Instant | null
}

/** An outbox row that waits to be published. */
export type Pending = {
  readonly id: number
  readonly kind: 'policy' | 'members' | 'session' | 'canary'
  readonly part: string
}

const publicationOf = (row: Selectable<Tables['publication']>): Publication => ({
  key: row.key,
  kind: row.kind,
  part: row.part,
  sequence: row.sequence,
  version: row.version,
  text: row.text,
  expiresAt: row.expires_at,
})

/** The next outbox rows to publish, oldest first. */
export const listPending = (rows: Rows, countMax: number): Promise<readonly Pending[]> =>
  rows
    .selectFrom('outbox')
    .select(['id', 'kind', 'part'])
    .where('sequence', 'is', null)
    .orderBy('id')
    .limit(countMax)
    .execute()

/** Marks outbox rows as published under `sequence`: acknowledging it means that they are in force. */
export async function markPublished(
  tx: Tx,
  ids: readonly number[],
  sequence: number,
  at: Instant,
): Promise<void> {
  await tx.updateTable('outbox').set({ sequence, published_at: at }).where('id', 'in', ids).execute()
}

/** The global sequence and the version of the table of practices. */
export async function readSequence(
  rows: Rows,
): Promise<{ readonly sequence: number; readonly practicesVersion: number }> {
  const row = await rows.selectFrom('publication_state').selectAll().executeTakeFirstOrThrow()
  return { sequence: row.sequence, practicesVersion: row.practices_version }
}

/** Moves the global sequence on. Within a snapshot, a second publisher at the same time fails and tries again. */
export async function writeSequence(tx: Tx, sequence: number, practicesVersion: number): Promise<void> {
  await tx.updateTable('publication_state').set({ sequence, practices_version: practicesVersion }).execute()
}

/** Keeps a record as the newest of its key. */
export async function keepPublication(tx: Tx, record: Publication): Promise<void> {
  const values = {
    kind: record.kind,
    part: record.part,
    sequence: record.sequence,
    version: record.version,
    text: record.text,
    expires_at: record.expiresAt,
  }
  await tx
    .insertInto('publication')
    .values({ key: record.key, ...values })
    .onConflict((oc) => oc.column('key').doUpdateSet(values))
    .execute()
}

/** The published record of a key, or `null`. */
export async function findPublication(rows: Rows, key: string): Promise<Publication | null> {
  const row = await rows.selectFrom('publication').selectAll().where('key', '=', key).executeTakeFirst()
  return row === undefined ? null : publicationOf(row)
}

/** Whether a key was ever published; its text, which may be long, stays where it is. */
export async function isPublished(rows: Rows, key: string): Promise<boolean> {
  const row = await rows.selectFrom('publication').select('key').where('key', '=', key).executeTakeFirst()
  return row !== undefined
}

/**
 * Records published after `sequence` and not expired at `at`, oldest first, at most `countMax`. `sessions`: with
 * sessions, or everything else, or both.
 */
export async function listPublications(
  rows: Rows,
  wish: {
    readonly after: number
    readonly countMax: number
    readonly sessions: 'with' | 'without' | 'only'
    readonly at: Instant
  },
): Promise<readonly Publication[]> {
  const found = await rows
    .selectFrom('publication')
    .selectAll()
    .where('sequence', '>', wish.after)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', wish.at)]))
    .$if(wish.sessions === 'without', (query) => query.where('kind', '!=', 'session'))
    .$if(wish.sessions === 'only', (query) => query.where('kind', '=', 'session'))
    .orderBy('sequence')
    .limit(wish.countMax)
    .execute()
  return found.map(publicationOf)
}

/** Keys and versions of what was published after `sequence`, oldest first, at most `countMax`. */
export const listPublished = (
  rows: Rows,
  after: number,
  countMax: number,
): Promise<readonly { readonly key: string; readonly sequence: number; readonly version: number }[]> =>
  rows
    .selectFrom('publication')
    .select(['key', 'sequence', 'version'])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(countMax)
    .execute()

/** Practices with both a policy and members published: names and published versions, by id. */
export async function listPublishedPractices(
  rows: Rows,
): Promise<
  readonly { readonly id: string; readonly name: string; readonly policy: number; readonly members: number }[]
> {
  return rows
    .selectFrom('practice as p')
    .innerJoin('publication as policy', (join) =>
      join.onRef('policy.part', '=', 'p.id').on('policy.kind', '=', 'policy'),
    )
    .innerJoin('publication as members', (join) =>
      join.onRef('members.part', '=', 'p.id').on('members.kind', '=', 'members'),
    )
    .select(['p.id', 'p.name', 'policy.version as policy', 'members.version as members'])
    .orderBy('p.id')
    .execute()
}
