/**
 * Editing one section of the settings: what is saved, what is being typed, and what another admin saved in between.
 *
 * It saves nothing. Invariant: what was typed is never lost and never overwrites what its author has not seen: where the
 * saved section has changed since editing began, there is a conflict until somebody chooses; where only other sections
 * have, editing goes on over the new revision. Values are plain JSON, compared and merged key by key.
 */
import { useState } from 'react'

/** What another admin saved while this was being edited. */
export type Conflict<V> = { readonly base: V; readonly theirs: V; readonly revision: number }

/** The section under edit. */
export type SectionEdit<V> = {
  readonly mine: V
  readonly set: (value: V) => void
  readonly isDirty: boolean
  /** `null`: nobody changed this section since editing began. */
  readonly conflict: Conflict<V> | null
  /** The revision that `mine` is an edit of. */
  readonly revision: number
  /** Lays what was changed here over what they saved. */
  readonly keepMine: () => void
  /** Forgets what was changed here. */
  readonly discard: () => void
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Theirs, with what `mine` has changed since `base`. */
export const laidOver = <V extends object>(base: V, mine: V, theirs: V): V =>
  Object.fromEntries(
    Object.entries(theirs).map(([key, value]) => {
      const name = key as keyof V
      return [key, same(base[name], mine[name]) ? value : mine[name]]
    }),
  ) as V

/** The edit of a section whose newest saved value is `saved`, of `revision`; `first`: what it begins with, if not that. */
export function useSectionEdit<V extends object>(saved: V, revision: number, first?: V): SectionEdit<V> {
  const [edit, setEdit] = useState<{ readonly base: V; readonly mine: V } | null>(
    first === undefined ? null : { base: saved, mine: first },
  )
  const isDirty = edit !== null && !same(edit.base, edit.mine)
  const isMoved = isDirty && !same(edit.base, saved) && !same(edit.mine, saved)
  return {
    mine: edit === null ? saved : edit.mine,
    set: (mine) => setEdit({ base: isDirty ? edit.base : saved, mine }),
    isDirty: isDirty && !same(edit.mine, saved),
    conflict: isMoved ? { base: edit.base, theirs: saved, revision } : null,
    revision,
    keepMine: () => {
      if (edit !== null) setEdit({ base: saved, mine: laidOver(edit.base, edit.mine, saved) })
    },
    discard: () => setEdit(null),
  }
}
