/**
 * An instant where no practice gives the zone: how long ago, or the date as this browser's clock has it.
 *
 * Inside a practice it is `parts/when.tsx`. Invariant: the whole of it, zone included, is in its title.
 */
import { dateTime, fullTime, relativeTime, useNow } from '../times.ts'

/** The instant. */
export function OwnInstant({ at }: { readonly at: number }) {
  const now = useNow()
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at, timeZone)} className="gh-when">
      {relativeTime(at, now) ?? dateTime(at, timeZone)}
    </time>
  )
}
