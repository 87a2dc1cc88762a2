/**
 * The practice that the page is about, for every part below the shell.
 *
 * Which one that is, the address says (`/practices/{id}/…`). Invariant: nothing below the shell is drawn without
 * one that the admin may administer; what the admin may not do is asked here by the permission's name.
 */
import { createContext, useContext } from 'react'
import type { PracticeOfAdmin } from './queries.ts'

/** Provided by the shell. */
export const PracticeContext = createContext<PracticeOfAdmin | null>(null)

/** The practice, and whether the admin holds a `gw.…` permission in it. */
export function usePractice(): PracticeOfAdmin & { readonly may: (permission: string) => boolean } {
  const practice = useContext(PracticeContext)
  if (practice === null) throw new Error('drawn outside a practice')
  return { ...practice, may: (permission) => practice.permissions.includes(permission) }
}
