/**
 * The parameters of a week that is not saved: at once on the page, and in the address as soon as the router comes to it.
 *
 * What they mean is `time-search.ts`. Invariant: who paints quickly loses nothing, though the address follows a moment
 * later; what comes by the address alone (Back, a link) is taken over. The address as the only truth was refused: two
 * strokes within one navigation, and the first was lost.
 */
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { TimeSearch } from './time-search.ts'

const route = getRouteApi('/practices/$practice/time-windows')

/** A draft as parameters. */
export type DraftParams = Pick<TimeSearch, 'hours' | 'zone' | 'own'>

const keyOf = ({ hours, zone, own }: DraftParams): string => JSON.stringify([hours, zone, own])

/** The parameters, and a way to change them; `week`: whose they are from then on. */
export function useDraftParams(week: string): readonly [DraftParams, (next: DraftParams) => void] {
  const { hours, zone, own } = route.useSearch()
  const navigate = route.useNavigate()
  const [params, setParams] = useState<DraftParams>({ hours, zone, own })
  // Written here and not seen in the address yet, the oldest first.
  const written = useRef<readonly string[]>([])
  const inAddress = keyOf({ hours, zone, own })
  useEffect(() => {
    const at = written.current.lastIndexOf(keyOf({ hours, zone, own }))
    if (at === -1) setParams({ hours, zone, own })
    else written.current = written.current.slice(at + 1)
  }, [hours, zone, own])
  const change = (next: DraftParams): void => {
    setParams(next)
    if (keyOf(next) !== (written.current.at(-1) ?? inAddress))
      written.current = [...written.current, keyOf(next)]
    void navigate({
      search: (old) => ({ ...old, hours: next.hours, zone: next.zone, own: next.own, week }),
      replace: true,
      resetScroll: false,
    })
  }
  return [params, change]
}
