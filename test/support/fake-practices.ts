/**
 * The table of practices as the fake control plane publishes it: those that are here, and those that are retired.
 */
import type { PracticesRecord, RetiredPractice } from '../../runtime/records.ts'

/** What the table is made of. `told`: the practice is retired, and this is what its people are told. */
type Practices = {
  readonly documents: ReadonlyMap<
    string,
    { readonly revision: number; readonly told?: RetiredPractice | null }
  >
  readonly members: ReadonlyMap<string, { readonly version: number }>
}

/** The table, with every practice in one of its two halves. */
export const practicesTable = ({ documents, members }: Practices): PracticesRecord => {
  const practices: PracticesRecord['practices'] = {}
  const retired: NonNullable<PracticesRecord['retired']> = {}
  for (const [id, { revision, told }] of documents)
    if (told != null) retired[id] = told
    else practices[id] = { name: id, policy: revision, members: members.get(id)!.version }
  return { practices, retired }
}
