/**
 * One refusal of the decision log and the policy revisions it speaks of, as a replay reads them.
 *
 * Lists of refusals are the API's (`admin/api/decision-log.ts`), writing them is `reports.ts`. Documents are handed out
 * as they lie there: one that this build refuses must be reported, not thrown.
 */
import type { Selectable } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import { recordedQuestionSchema } from '../../runtime/records.ts'
import type { Rows } from './database.ts'
import type { Tables } from './tables.ts'

/** A refusal as stored. `name`: of the user, `token_name`: of the machine; `null` where there is none such (any more). */
export type StoredRefusal = Selectable<Tables['decision_log']> & {
  readonly name: string | null
  readonly token_name: string | null
}

/**
 * The refusal under a code as `newReferenceCode` makes them, of any practice; `null`: none is kept. A question that
 * this build cannot read counts as not recorded.
 */
export async function findRefusal(rows: Rows, code: string): Promise<StoredRefusal | null> {
  const row = await rows
    .selectFrom('decision_log as d')
    .leftJoin('app_user as u', 'u.id', 'd.user_id')
    .leftJoin('service_token as t', 't.id', 'd.token')
    .selectAll('d')
    .select(['u.name', 't.name as token_name'])
    .where('d.code', '=', code)
    .executeTakeFirst()
  if (row === undefined) return null
  return { ...row, asked: recordedQuestionSchema.safeParse(row.asked).data ?? null }
}

/** A revision of a practice's policy, not parsed. `newest`: the number of the newest saved one. */
export type StoredRevision = {
  readonly revision: number
  readonly document: unknown
  readonly savedAt: Instant
  readonly savedBy: string
  readonly newest: number
}

/** A revision of a practice, or its newest; `null`: there is none such (any more). */
export async function findRevision(
  rows: Rows,
  practice: string,
  revision: number | 'newest',
): Promise<StoredRevision | null> {
  const row = await rows
    .selectFrom('policy_revision as r')
    // Also of one that is retired: what it refused then is asked about later.
    .innerJoin('practice_record as p', 'p.id', 'r.practice')
    .select(['r.revision', 'r.document', 'r.saved_at', 'r.author_name', 'p.revision as newest'])
    .where('r.practice', '=', practice)
    .$if(revision === 'newest', (query) =>
      query.whereRef('r.revision', '=', 'p.revision').where('p.retired_at', 'is', null),
    )
    .$if(revision !== 'newest', (query) => query.where('r.revision', '=', Number(revision)))
    .executeTakeFirst()
  if (row === undefined) return null
  const { document, newest } = row
  return {
    revision: row.revision,
    document,
    savedAt: row.saved_at,
    savedBy: row.author_name,
    newest,
  }
}

/** The practices that somebody is a member of, by id. */
export async function membershipsOf(rows: Rows, user: string): Promise<readonly string[]> {
  const found = await rows
    .selectFrom('membership')
    .select('practice')
    .where('user_id', '=', user)
    .orderBy('practice')
    .execute()
  return found.map(({ practice }) => practice)
}
