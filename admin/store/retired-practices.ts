/**
 * Practices that are no longer at Gatehouse, as rows: which there are, and marking one so.
 *
 * What retiring one comes to is `practice-retiring.ts`. Invariant: everything else asks `practice` and `membership`, which
 * are views without them (`migrations/0056-retired-practices.sql`): only who says `practice_record` sees one.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'

/** One of them. `contact`: whom its people are told to turn to; may be empty. */
export type Retired = {
  readonly id: string
  readonly name: string
  readonly zone: string
  readonly contact: string
  readonly retiredAt: Instant
  readonly retiredBy: string
  readonly reason: string
}

const retiredIn = (rows: Rows) =>
  rows
    .selectFrom('practice_record as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select(['p.id', 'p.name', 'r.zone', 'p.retired_contact', 'p.retired_at', 'p.retired_by_name'])
    .select('p.retired_reason')
    .where('p.retired_at', 'is not', null)
    .orderBy('p.retired_at', 'desc')
    .orderBy('p.id')

const retiredOf = (row: Awaited<ReturnType<ReturnType<typeof retiredIn>['execute']>>[number]): Retired => ({
  id: row.id,
  name: row.name,
  zone: row.zone,
  contact: row.retired_contact ?? '',
  retiredAt: row.retired_at ?? 0,
  retiredBy: row.retired_by_name ?? '',
  reason: row.retired_reason ?? '',
})

/** All of them, the last one first. */
export const listRetired = async (rows: Rows): Promise<readonly Retired[]> =>
  (await retiredIn(rows).execute()).map(retiredOf)

/** The retired practice of an id; `null`: there is none, or it is not retired. */
export async function findRetired(rows: Rows, practice: string): Promise<Retired | null> {
  const row = await retiredIn(rows).where('p.id', '=', practice).executeTakeFirst()
  return row === undefined ? null : retiredOf(row)
}

/** The retired practices that somebody belonged to. */
export async function retiredPracticesOf(rows: Rows, user: string): Promise<readonly string[]> {
  const found = await rows
    .selectFrom('membership_record as m')
    .innerJoin('practice_record as p', 'p.id', 'm.practice')
    .select('m.practice')
    .where('m.user_id', '=', user)
    .where('p.retired_at', 'is not', null)
    .orderBy('m.practice')
    .execute()
  return found.map(({ practice }) => practice)
}

/** Marks a practice that is here as retired. */
export async function markRetired(
  tx: Tx,
  practice: string,
  mark: {
    readonly at: Instant
    readonly by: { readonly id: string; readonly name: string }
    readonly reason: string
    readonly contact: string
  },
): Promise<void> {
  await tx
    .updateTable('practice_record')
    .set({
      ...{ retired_at: mark.at, retired_by: mark.by.id, retired_by_name: mark.by.name },
      ...{ retired_reason: mark.reason, retired_contact: mark.contact },
    })
    .where('id', '=', practice)
    .where('retired_at', 'is', null)
    .execute()
}

/** Takes the mark back; `false`: it was not retired. */
export async function unmarkRetired(tx: Tx, practice: string): Promise<boolean> {
  const row = await tx
    .updateTable('practice_record')
    .set({
      ...{ retired_at: null, retired_by: null, retired_by_name: null },
      ...{ retired_reason: null, retired_contact: null },
    })
    .where('id', '=', practice)
    .where('retired_at', 'is not', null)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
