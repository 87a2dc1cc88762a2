/**
 * Which of the controls that can be kept from a practice it does not have.
 *
 * It decides nothing: `practice-edits.ts` switches, `policy-edit.ts` refuses to use what is off. Absent means on, so that
 * a practice has everything unless somebody says otherwise; two-factor is not in the list and cannot be taken away.
 */
import type { Rows } from './database.ts'

/** Controls that a practice can be without. */
export const practiceFeatures = ['ip', 'time', 'permission'] as const
/** One of them. */
export type PracticeFeature = (typeof practiceFeatures)[number]

/** What is off, by practice; only practices that lack something. */
export async function listFeaturesOff(
  rows: Rows,
  practice: string | 'every',
): Promise<ReadonlyMap<string, ReadonlySet<PracticeFeature>>> {
  const found = await rows
    .selectFrom('practice_feature_off')
    .select(['practice', 'feature'])
    .$if(practice !== 'every', (query) => query.where('practice', '=', practice))
    .execute()
  const off = new Map<string, Set<PracticeFeature>>()
  for (const { practice: id, feature } of found) off.set(id, (off.get(id) ?? new Set()).add(feature))
  return off
}

/** Notes that a practice has a feature, or has it no longer; whether that is news. */
export async function writeFeature(
  rows: Rows,
  practice: string,
  feature: PracticeFeature,
  off: { readonly at: number; readonly by: string } | null,
): Promise<boolean> {
  if (off === null) {
    const gone = await rows
      .deleteFrom('practice_feature_off')
      .where('practice', '=', practice)
      .where('feature', '=', feature)
      .executeTakeFirst()
    return gone.numDeletedRows > 0n
  }
  const made = await rows
    .insertInto('practice_feature_off')
    .values({ practice, feature, off_at: off.at, off_by: off.by })
    .onConflict((oc) => oc.doNothing())
    .returning('feature')
    .executeTakeFirst()
  return made !== undefined
}
