/**
 * A policy as its next revision, as if somebody had saved it, for tests that care for what it says and not for who says it.
 *
 * It guards nothing, publishes nothing and writes no event: `admin/policy-edit.ts` does.
 */
import type { Store } from '../../../admin/store/database.ts'
import type { PolicyDocument } from '../../../policies/document.ts'

/** Saves what `change` makes of a practice's present document. */
export const saveDocument = (
  store: Store,
  practice: string,
  change: (document: PolicyDocument) => PolicyDocument,
): Promise<void> =>
  store.transaction(async (tx) => {
    const row = await tx
      .selectFrom('policy_revision')
      .select(['revision', 'document', 'author_id', 'author_name', 'saved_at'])
      .where('practice', '=', practice)
      .orderBy('revision', 'desc')
      .executeTakeFirstOrThrow()
    const revision = row.revision + 1
    await tx
      .insertInto('policy_revision')
      .values({ ...row, practice, revision, document: JSON.stringify(change(row.document)) })
      .execute()
    await tx.updateTable('practice').set({ revision }).where('id', '=', practice).execute()
  })
