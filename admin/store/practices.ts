/**
 * Practices and the revisions of their policy documents, as rows.
 *
 * Saving one with its event, checks and announcement is `policy-edit.ts`; compiling is `policies/compile.ts`.
 * A revision is never changed once written: explanations and replays refer to it by number.
 */

import { type PolicyDocument, policyDocumentSchema } from '../../policies/document.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'

/** A practice in a list. `revision` is the newest saved one. */
export type PracticeSummary = {
  readonly id: string
  readonly name: string
  readonly revision: number
  readonly membersVersion: number
  readonly createdAt: Instant
}

/** A policy document as saved. */
export type SavedPolicy = {
  readonly practice: string
  readonly revision: number
  readonly document: PolicyDocument
  readonly authorId: string
  readonly authorName: string
  readonly savedAt: Instant
}

/** All practices by name. */
export async function listPractices(rows: Rows): Promise<readonly PracticeSummary[]> {
  const found = await rows.selectFrom('practice').selectAll().orderBy('name').orderBy('id').execute()
  return found.map((row) => ({
    id: row.id,
    name: row.name,
    revision: row.revision,
    membersVersion: row.members_version,
    createdAt: row.created_at,
  }))
}

/** A practice in a list of many, with what its newest policy says in short. */
export type PracticeHead = Pick<PracticeSummary, 'id' | 'name' | 'revision'> & {
  readonly zone: string
  readonly controls: PolicyDocument['controls']
}

/** All practices by name with the heads of their policies; no document is unpacked. */
export const listPracticeHeads = (rows: Rows): Promise<readonly PracticeHead[]> =>
  rows
    .selectFrom('practice as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select(['p.id', 'p.name', 'p.revision', 'r.zone', 'r.controls'])
    .orderBy('p.name')
    .orderBy('p.id')
    .execute()

/** The policy of a practice at a revision (default: the newest); `null`: no such practice or revision. */
export async function readPolicy(
  rows: Rows,
  practice: string,
  revision: number | 'newest' = 'newest',
): Promise<SavedPolicy | null> {
  const row = await rows
    .selectFrom('policy_revision as r')
    .innerJoin('practice as p', 'p.id', 'r.practice')
    .select(['r.practice', 'r.revision', 'r.document', 'r.author_id', 'r.author_name', 'r.saved_at'])
    .where('r.practice', '=', practice)
    .$if(revision === 'newest', (query) => query.whereRef('r.revision', '=', 'p.revision'))
    .$if(revision !== 'newest', (query) => query.where('r.revision', '=', Number(revision)))
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    practice: row.practice,
    revision: row.revision,
    document: policyDocumentSchema.parse(row.document),
    authorId: row.author_id,
    authorName: row.author_name,
    savedAt: row.saved_at,
  }
}

/** The time zone of a practice's newest policy; `null`: no such practice. No document is unpacked. */
export async function findZone(rows: Rows, practice: string): Promise<string | null> {
  const row = await rows
    .selectFrom('practice as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select('r.zone')
    .where('p.id', '=', practice)
    .executeTakeFirst()
  return row?.zone ?? null
}

/** The number of a practice's newest saved revision; `null`: no such practice. */
export async function findNewestRevision(rows: Rows, practice: string): Promise<number | null> {
  const row = await rows
    .selectFrom('practice')
    .select('revision')
    .where('id', '=', practice)
    .executeTakeFirst()
  return row?.revision ?? null
}

/** The row of a revision without its document. `confirmBy`: until when it holds unconfirmed; `null`: for good. */
export type PolicyHead = Omit<SavedPolicy, 'document'> &
  Pick<StoredPolicy, 'confirmBy' | 'predecessor'> & {
    /** Added to a revision in the version under which it is published (`admin/restored-database.ts`). */
    readonly versionBase: number
  }

/** The head of a practice's policy at a revision (default: the newest); `null`: no such practice or revision. */
export async function findPolicyHead(
  rows: Rows,
  practice: string,
  revision?: number,
): Promise<PolicyHead | null> {
  const row = await rows
    .selectFrom('policy_revision as r')
    .innerJoin('practice as p', 'p.id', 'r.practice')
    .select(['r.practice', 'r.revision', 'r.author_id as authorId', 'r.author_name as authorName'])
    .select(['r.saved_at as savedAt', 'r.confirm_by as confirmBy', 'r.predecessor'])
    .select('p.version_base as versionBase')
    .where('r.practice', '=', practice)
    .$if(revision === undefined, (query) => query.whereRef('r.revision', '=', 'p.revision'))
    .$if(revision !== undefined, (query) => query.where('r.revision', '=', revision ?? 0))
    .executeTakeFirst()
  return row ?? null
}

/** A document as it lies there, not parsed. `confirmBy`: until when it holds unconfirmed; `null`: for good. */
export type StoredPolicy = {
  readonly revision: number
  readonly document: unknown
  readonly confirmBy: Instant | null
  readonly predecessor: number | null
}

/** The stored document of a practice at a revision (default: the newest); `null`: no such practice or revision. */
export async function readStoredPolicy(
  rows: Rows,
  practice: string,
  revision: number | 'newest' = 'newest',
): Promise<StoredPolicy | null> {
  const row = await rows
    .selectFrom('policy_revision as r')
    .innerJoin('practice as p', 'p.id', 'r.practice')
    .select(['r.revision', 'r.document', 'r.confirm_by', 'r.predecessor'])
    .where('r.practice', '=', practice)
    .$if(revision === 'newest', (query) => query.whereRef('r.revision', '=', 'p.revision'))
    .$if(revision !== 'newest', (query) => query.where('r.revision', '=', Number(revision)))
    .executeTakeFirst()
  if (row === undefined) return null
  const { confirm_by: confirmBy, predecessor, document } = row
  return { revision: row.revision, document, confirmBy, predecessor }
}

/** The revisions of a practice, newest first, without their documents; at most `countMax`. */
export async function listRevisions(
  rows: Rows,
  practice: string,
  countMax: number,
): Promise<readonly Omit<SavedPolicy, 'document'>[]> {
  const found = await rows
    .selectFrom('policy_revision')
    .select(['practice', 'revision', 'author_id', 'author_name', 'saved_at'])
    .where('practice', '=', practice)
    .orderBy('revision', 'desc')
    .limit(countMax)
    .execute()
  return found.map((row) => ({
    practice: row.practice,
    revision: row.revision,
    authorId: row.author_id,
    authorName: row.author_name,
    savedAt: row.saved_at,
  }))
}

/**
 * Locks a practice against other edits until the transaction ends; its newest revision, or `null`: none such. The
 * weaker row lock: rows that refer to the practice can still be inserted meanwhile.
 */
export async function lockPractice(tx: Tx, practice: string): Promise<number | null> {
  const row = await tx
    .selectFrom('practice')
    .select('revision')
    .where('id', '=', practice)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row?.revision ?? null
}

/**
 * Writes the next revision and makes it the newest. The caller holds the practice (`lockPractice`). With `confirmBy`
 * it falls back to the revision before it unless another one follows by then.
 */
export async function insertRevision(
  tx: Tx,
  saved: SavedPolicy,
  confirmBy: Instant | null = null,
): Promise<void> {
  await tx
    .insertInto('policy_revision')
    .values({
      practice: saved.practice,
      revision: saved.revision,
      document: JSON.stringify(saved.document),
      author_id: saved.authorId,
      author_name: saved.authorName,
      saved_at: saved.savedAt,
      confirm_by: confirmBy,
      predecessor: confirmBy === null ? null : saved.revision - 1,
    })
    .execute()
  await tx
    .updateTable('practice')
    .set({ revision: saved.revision, name: saved.document.practice.name })
    .where('id', '=', saved.practice)
    .execute()
}
