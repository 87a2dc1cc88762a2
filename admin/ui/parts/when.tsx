/**
 * An instant on the page: how long ago, or the date; always with the whole of it, zone included, in its title.
 *
 * Not for durations. Invariant: shown in the practice's zone and readable by machines through `datetime`.
 */
import { usePractice } from '../practice.ts'
import { dateTime, fullTime, relativeTime, useNow } from '../times.ts'

/** The instant `at`; `as` date shows the date however near it is. */
export function When({ at, as = 'relative' }: { readonly at: number; readonly as?: 'relative' | 'date' }) {
  const { zone } = usePractice()
  const now = useNow()
  const text = as === 'date' ? null : relativeTime(at, now)
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at, zone)} className="gh-when">
      {text ?? dateTime(at, zone)}
    </time>
  )
}
