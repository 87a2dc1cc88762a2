/**
 * Requests that no route maps, by practice and role, as gateways gathered them where an application is learned.
 *
 * It proposes nothing (`route-proposal.ts` does). Invariant: of a practice at most 5,000 places are kept, and none for longer
 * than 90 days after it was last used (`jobs.ts`); the role `''` is a place's sum.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Report } from '../../runtime/records.ts'
import type { Rows, Tx } from './database.ts'

type Use = Extract<Report, { readonly kind: 'use' }>

const placesMax = 5_000

/** The table as kysely sees it (`migrations/0053-learned-routes.sql`). */
export type LearnedTables = {
  learned_route: {
    practice: string
    upstream: string
    method: string
    template: string
    role: string
    count: number
    first_at: number
    last_at: number
  }
}

/** Adds what gateways gathered; practices that there are not are left out, as is what there is no room for. */
export async function applyUses(tx: Tx, reports: readonly Use[]): Promise<void> {
  if (reports.length === 0) return
  const known = new Set((await tx.selectFrom('practice').select('id').execute()).map(({ id }) => id))
  for (const { practice, upstream, method, template, count, roles, at } of reports) {
    if (!known.has(practice) || template.length > 1_000) continue
    const place = { practice, upstream, method, template }
    const { places } = await tx
      .selectFrom('learned_route')
      .select((eb) => eb.fn.countAll<number>().as('places'))
      .where('practice', '=', practice)
      .where('role', '=', '')
      .executeTakeFirstOrThrow()
    const isThere = await tx
      .selectFrom('learned_route')
      .select('role')
      .where((eb) => eb.and(place))
      .where('role', '=', '')
      .executeTakeFirst()
    if (isThere === undefined && places >= placesMax) continue
    const counts = [['', count] as const, ...Object.entries(roles)].filter(([, of]) => of > 0)
    for (const [role, of] of counts)
      await tx
        .insertInto('learned_route')
        .values({ ...place, role, count: of, first_at: at, last_at: at })
        .onConflict((oc) =>
          oc.columns(['practice', 'upstream', 'method', 'template', 'role']).doUpdateSet((eb) => ({
            count: eb('learned_route.count', '+', of),
            last_at: eb.fn('greatest', ['learned_route.last_at', eb.val(at)]),
          })),
        )
        .execute()
  }
}

/** A place with how often each role used it, most first. */
export type LearnedPlace = {
  readonly upstream: string
  readonly method: string
  readonly template: string
  readonly count: number
  readonly roles: readonly { readonly role: string; readonly count: number }[]
  readonly firstAt: Instant
  readonly lastAt: Instant
}

/** The places of a practice, most requests first; at most `countMax`. */
export async function listLearned(rows: Rows, practice: string, countMax: number): Promise<LearnedPlace[]> {
  const sums = await rows
    .selectFrom('learned_route')
    .selectAll()
    .where('practice', '=', practice)
    .where('role', '=', '')
    .orderBy('count', 'desc')
    .orderBy('upstream')
    .orderBy('template')
    .orderBy('method')
    .limit(countMax)
    .execute()
  const byRole = await rows
    .selectFrom('learned_route')
    .select(['upstream', 'method', 'template', 'role', 'count'])
    .where('practice', '=', practice)
    .where('role', '<>', '')
    .orderBy('count', 'desc')
    .orderBy('role')
    .execute()
  const keyOf = (of: { readonly upstream: string; readonly method: string; readonly template: string }) =>
    `${of.upstream} ${of.method} ${of.template}`
  const roles = new Map<string, { role: string; count: number }[]>()
  for (const row of byRole)
    roles.set(keyOf(row), [...(roles.get(keyOf(row)) ?? []), { role: row.role, count: row.count }])
  return sums.map((row) => ({
    ...{ upstream: row.upstream, method: row.method, template: row.template, count: row.count },
    roles: roles.get(keyOf(row)) ?? [],
    ...{ firstAt: row.first_at, lastAt: row.last_at },
  }))
}
