/**
 * A draft of a role's grants: what is granted in it, and how it differs from what is saved.
 *
 * What it comes to is the API's to say (`previewQuery`). Invariant: grants stay in the order of the catalogue, so that the
 * same set is the same question.
 */
import { useState } from 'react'
import type { Role } from '../queries.ts'
import type { Permission } from './roles-queries.ts'

/** The draft, and the ways to change it. */
export type Draft = {
  /** In the order of the catalogue. */
  readonly granted: readonly string[]
  readonly has: (id: string) => boolean
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly isChanged: boolean
  readonly grant: (ids: readonly string[]) => void
  readonly withdraw: (ids: readonly string[]) => void
  readonly discard: () => void
}

/** A draft of `role`, as saved until something is changed. */
export function useDraft(role: Role, catalogue: readonly Permission[]): Draft {
  const saved = new Set([...role.included, ...role.blocked.map(({ id }) => id)])
  const [changes, setChanges] = useState<ReadonlyMap<string, boolean>>(new Map())
  const has = (id: string): boolean => changes.get(id) ?? saved.has(id)
  const known = new Set(catalogue.map(({ id }) => id))
  const granted = [
    ...catalogue.map(({ id }) => id).filter(has),
    // What this release does not know is kept as it is.
    ...[...saved].filter((id) => !known.has(id) && has(id)),
  ]
  const set = (ids: readonly string[], to: boolean): void =>
    setChanges((before) => {
      const after = new Map(before)
      for (const id of ids) after.set(id, to)
      return after
    })
  const added = granted.filter((id) => !saved.has(id))
  const removed = [...saved].filter((id) => !has(id))
  return {
    ...{ granted, has, added, removed, isChanged: added.length + removed.length > 0 },
    grant: (ids) => set(ids, true),
    withdraw: (ids) => set(ids, false),
    discard: () => setChanges(new Map()),
  }
}

/** What a permission needs beside itself, through all chains, root first; without the hidden edges. */
export function declaredNeeds(id: string, catalogue: ReadonlyMap<string, Permission>): readonly string[] {
  const all = new Set<string>()
  const collect = (one: string): void => {
    for (const blocker of catalogue.get(one)?.blockedBy ?? []) {
      if (all.has(blocker)) continue
      collect(blocker)
      all.add(blocker)
    }
  }
  collect(id)
  return [...all]
}
