/**
 * What is saved and waits to be confirmed (SPEC §4), as rows: the newest revision of a practice, if it has a deadline.
 *
 * It settles nothing (`commit-confirm.ts`). Invariant: a revision waits exactly while it is the newest and has a
 * deadline; confirming and reverting both write the next revision, so no row is ever changed and of two who settle
 * one is second. A flag to flip was refused: gateways could not tell two states of one revision apart.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'

/** How long a risky save holds unconfirmed. */
export const confirmWithinMs: DurationMs = 600_000

/** What the event of a save that waits says beside its changes, with the deadline as ISO text. */
export const waitingNote = 'to be confirmed by'

/** A revision that waits, and who saved it. What it replaced is the revision before it. */
export type Unconfirmed = {
  readonly practice: string
  readonly revision: number
  readonly confirmBy: Instant
  readonly savedAt: Instant
  readonly authorId: string
  readonly authorName: string
}

/** The revision of a practice that had a deadline, whatever became of it; `null`: that one had none, or is none. */
export async function readDeadline(
  rows: Rows,
  practice: string,
  revision: number,
): Promise<Unconfirmed | null> {
  const row = await rows
    .selectFrom('policy_revision')
    .select(['confirm_by', 'saved_at', 'author_id', 'author_name'])
    .where('practice', '=', practice)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (row === undefined || row.confirm_by === null) return null
  const { confirm_by: confirmBy, saved_at: savedAt, author_id: authorId, author_name: authorName } = row
  return { practice, revision, confirmBy, savedAt, authorId, authorName }
}

/** Practices whose newest revision should have been confirmed by `at`, at most 200, longest overdue first. */
export async function listOverdue(
  rows: Rows,
  at: Instant,
): Promise<readonly { readonly practice: string; readonly revision: number }[]> {
  return await rows
    .selectFrom('practice as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select(['r.practice', 'r.revision'])
    .where('r.confirm_by', '<=', at)
    .orderBy('r.confirm_by')
    .limit(200)
    .execute()
}
