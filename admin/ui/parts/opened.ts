/**
 * Which dialog is open and what is chosen in a list, kept in the address: a link sent to a colleague shows the same, reloading
 * keeps it, and going back closes it.
 *
 * It draws nothing. Invariant: opening and closing change one parameter alone; what the list is filtered by and the anchor
 * stay. What a click was refused with is not in the address: it belongs to the click. A dialog with something half typed
 * loses it when the address changes, as with any page.
 */
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useRef, useState } from 'react'
import type { ShownProblem } from '../problem.ts'

/** The open dialog by name, `null`: none; `id`: what it is about, empty where it is about nothing in particular. */
export type Opened = {
  readonly name: string | null
  readonly id: string
  /** Name and id as the address has them; `null`: none. */
  readonly key: string | null
  readonly open: (name: string, id?: string) => void
  /** The same for a click that was refused: the dialog begins with why. */
  readonly openWith: (name: string, id: string, problem: ShownProblem) => void
  /** Why the click that led here was refused. */
  readonly problem: ShownProblem | null
  readonly close: () => void
}

type Search = Readonly<Record<string, unknown>>

const chosenMax = 100

/** Sets one parameter of whichever screen is shown, or takes it away. */
function useParam(param: string) {
  const search: Search = useSearch({ strict: false })
  const navigate = useNavigate()
  const set = useCallback(
    (value: string | undefined, replace: boolean) =>
      void navigate({
        to: '.',
        search: (before: Search) => {
          const { [param]: _before, ...rest } = before
          return value === undefined ? rest : { ...rest, [param]: value }
        },
        hash: true,
        replace,
        resetScroll: false,
      } as never),
    [navigate, param],
  )
  const value = search[param]
  return { value: typeof value === 'string' && value !== '' ? value : null, set }
}

/** Reads it from the address of whichever screen is shown; `param`: its name there. */
export function useOpened(param: 'open' | 'dialog' = 'open'): Opened {
  const { value: key, set } = useParam(param)
  const [refused, setRefused] = useState<{ readonly key: string; readonly problem: ShownProblem } | null>(
    null,
  )
  const [name = null, ...id] = key?.split('.') ?? []
  const open = useCallback(
    (what: string, about?: string) => {
      setRefused(null)
      set(about === undefined ? what : `${what}.${about}`, false)
    },
    [set],
  )
  const openWith = useCallback(
    (what: string, about: string, problem: ShownProblem) => {
      setRefused({ key: `${what}.${about}`, problem })
      set(`${what}.${about}`, false)
    },
    [set],
  )
  const close = useCallback(() => set(undefined, true), [set])
  const problem = refused !== null && refused.key === key ? refused.problem : null
  return { name, id: id.join('.'), key, open, openWith, problem, close }
}

/**
 * What an open dialog is about, as it was when the dialog opened: what it does may take that off the list under it, and it
 * says to the end what it was about. `found: undefined`: not there, or not loaded yet.
 */
export function useKept<T>(key: string | null, found: T | undefined): T | undefined {
  const kept = useRef<{ readonly key: string; readonly value: T } | null>(null)
  if (key === null) kept.current = null
  else if (kept.current?.key !== key) kept.current = found === undefined ? null : { key, value: found }
  return kept.current?.value
}

/** Which rows of a list are ticked, by id; at most 100. */
export function useChosen() {
  const { value, set } = useParam('chosen')
  const ids = (value ?? '').split(',').filter((id) => id !== '')
  const choose = (next: readonly string[]) =>
    set(next.length === 0 ? undefined : next.slice(0, chosenMax).join(','), true)
  return {
    ids: new Set(ids),
    choose,
    /** Ticks or unticks some, the others stay. */
    turn: (some: readonly string[], isChosen: boolean) =>
      choose(isChosen ? [...new Set([...ids, ...some])] : ids.filter((id) => !some.includes(id))),
    clear: () => choose([]),
  }
}
