/**
 * Which dialog is open, kept in the address: a link sent to a colleague opens it, and going back closes it.
 *
 * It draws nothing. Questions over ticked rows or over a drawer stay in the state of their screen instead: ticks are not in
 * the address and a drawer has a place of its own there, so a link to the question would ask about nothing. Invariant:
 * opening and closing change `open` alone; what the list is filtered by stays. A dialog with something half typed loses it
 * when the address changes, as with any page.
 */
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

/** The open dialog by name, `null`: none; `id`: what it is about, empty where it is about nothing in particular. */
export type Opened = {
  readonly name: string | null
  readonly id: string
  readonly open: (name: string, id?: string) => void
  readonly close: () => void
}

/** Reads it from the address of whichever screen is shown. */
export function useOpened(): Opened {
  const search: { readonly open?: string } = useSearch({ strict: false })
  const navigate = useNavigate()
  const show = useCallback(
    (open: string | undefined) =>
      void navigate({
        to: '.',
        search: (before: Readonly<Record<string, unknown>>) => {
          const { open: _closed, ...rest } = before
          return open === undefined ? rest : { ...rest, open }
        },
        replace: open === undefined,
        resetScroll: false,
      } as never),
    [navigate],
  )
  const [name = null, ...id] = search.open?.split('.') ?? []
  return {
    name,
    id: id.join('.'),
    open: useCallback((what, about) => show(about === undefined ? what : `${what}.${about}`), [show]),
    close: useCallback(() => show(undefined), [show]),
  }
}
