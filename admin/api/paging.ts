/**
 * One page of a sorted list that lies in memory, and preconditions as numbers.
 *
 * Lists that live in the database page there (events, decisions). Invariant: the cursor is the key of the
 * last item given, so that what is added or removed elsewhere shifts nothing. Offsets were refused: they skip
 * and repeat.
 */
import { invalid } from './refusals.ts'

/** A page and the cursor of the next one; `null`: there is none. */
export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null }

/** What is said to a cursor that leads nowhere any more. */
export const lostPage = (): Error =>
  invalid([{ path: 'cursor', sentence: 'That page is gone: load the list again.' }])

/**
 * The items after the one whose key is `cursor` (absent: from the start), at most `limit`. Refuses a lost
 * cursor.
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Page<T> {
  const last = cursor === undefined ? -1 : items.findIndex((item) => keyOf(item) === cursor)
  if (cursor !== undefined && last === -1) throw lostPage()
  const page = items.slice(last + 1, last + 1 + limit)
  const end = page.at(-1)
  const more = last + 1 + limit < items.length
  return { items: page, nextCursor: more && end !== undefined ? keyOf(end) : null }
}

/**
 * Whether any of the texts contains what is searched for, whatever the case; `undefined` finds everything.
 */
export const mentions = (search: string | undefined, texts: readonly (string | null)[]): boolean => {
  const wanted = search?.trim().toLowerCase() ?? ''
  return wanted === '' || texts.some((text) => text?.toLowerCase().includes(wanted))
}

/** The ETag of a revision or version. */
export const etagOf = (revision: number): string => `"${revision}"`

/** The revision an `If-Match` names; the contract has checked its form. */
export const revisionIn = (ifMatch: string): number => Number(ifMatch.slice(1, -1))
