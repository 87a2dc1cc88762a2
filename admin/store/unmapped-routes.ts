/**
 * What no route of the configuration maps, as gateways counted it.
 *
 * It only reads (`reports.ts` writes). Invariant: templates only, never a path as it was sent. Counts are of the
 * application, not of one practice: its routes are the same for all of them.
 */
import type { Selectable } from 'kysely'
import type { Rows } from './database.ts'
import type { Tables } from './tables.ts'

/** One place that is not mapped. */
export type UnmappedRoute = Selectable<Tables['unmapped_route']>

/** The places, most requests first; at most `countMax`. */
export const listUnmapped = (rows: Rows, countMax: number): Promise<readonly UnmappedRoute[]> =>
  rows
    .selectFrom('unmapped_route')
    .selectAll()
    .orderBy('count', 'desc')
    .orderBy('upstream')
    .orderBy('method')
    .orderBy('template')
    .limit(countMax)
    .execute()
