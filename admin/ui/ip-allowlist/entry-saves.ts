/**
 * Saves of entries from the table: one switched or removed, many at once.
 *
 * Adding and editing is the dialog's. Invariant: each is made from the revision that the page shows, follows its sequence
 * and reloads the practice.
 */
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type Entry, topicKey } from '../queries.ts'

const entriesOf = api.practices[':practice']['ip-entries']

/** What is done to many entries at once. */
export type BulkAct =
  | { readonly on: boolean }
  | { readonly expiresAt: number | null }
  | { readonly remove: true }

/** "1 entry", "3 entries". */
export const entriesText = (count: number): string => `${count} ${count === 1 ? 'entry' : 'entries'}`

const doneWords = (act: BulkAct): string =>
  'remove' in act ? 'deleted' : 'on' in act ? (act.on ? 'on' : 'off') : 'dated'

/** The saves. */
export function useEntrySaves(revision: number) {
  const practice = usePractice()
  const client = useQueryClient()
  const header = { 'if-match': `"${revision}"` }
  const target = (entry: Entry) => ({ param: { practice: practice.id, id: entry.id }, header })
  const settled = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  return {
    turn: async (entry: Entry, extra: Extra) => {
      const on = !entry.on
      const saved = await parseResponse(entriesOf[':id'].$patch({ ...target(entry), json: { on, ...extra } }))
      followSave(`“${entry.label}” is ${on ? 'on' : 'off'}`, saved.sequence)
      await settled()
    },
    remove: async (entry: Entry, extra: Extra) => {
      const saved = await parseResponse(entriesOf[':id'].$delete({ ...target(entry), query: { ...extra } }))
      followSave(`“${entry.label}” is deleted`, saved.sequence)
      await settled()
    },
    many: async (ids: readonly string[], act: BulkAct, extra: Extra) => {
      const saved = await parseResponse(
        entriesOf.act.$post({
          param: { practice: practice.id },
          header,
          json: { ids: [...ids], act, ...extra },
        }),
      )
      const are = saved.entries === 1 ? 'is' : 'are'
      followSave(`${entriesText(saved.entries)} ${are} ${doneWords(act)}`, saved.sequence)
      await settled()
    },
  }
}
