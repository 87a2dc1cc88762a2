/**
 * What an admin wrote as a range, as it is stored: canonical, with what was changed or deserves a thought.
 *
 * Asked by the form and by files alike. Invariant: nothing is changed silently, and a range of everybody is refused
 * here, before the lockout guard. Whether an address passes is never decided here.
 */
import { isPrivate, parseRange, rangeText } from '../../policies/address.ts'
import type { Problem } from '../../policies/problem.ts'

/** A range as it is stored with notes on it, or why it is none. `wide` problems can be confirmed away. */
export type ReadRange =
  | { readonly ok: true; readonly range: string; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problem: Problem }

const no = (path: string, sentence: string): ReadRange => ({ ok: false, problem: { path, sentence } })

/** Reads a range. `confirmWide` says yes to one wider than /16 (IPv4) or /32 (IPv6). */
export function readEntryRange(text: string, confirmWide: boolean): ReadRange {
  const parsed = parseRange(text)
  if (parsed === null)
    return no('range', `"${text}" is no address and no range. Write 203.0.113.7 or 203.0.113.0/24.`)
  const { range, hostBitsMasked } = parsed
  const canonical = rangeText(range)
  if (range.prefix === 0)
    return no('range', `${canonical} is everybody. Switch the control off instead of listing everyone.`)
  const widest = range.family === 4 ? 16 : 32
  if (range.prefix < widest && !confirmWide)
    return no(
      'confirmWide',
      `${canonical} is wider than /${widest}: thousands of strangers may be in it. Confirm that it is meant.`,
    )
  const notes: string[] = []
  if (hostBitsMasked) notes.push(`Saved as ${canonical}: the network that ${text} lies in.`)
  else if (!text.includes('/') && range.family === 6)
    notes.push(`Saved as ${canonical}: a home or office has the whole /64.`)
  if (isPrivate(range))
    notes.push(`${canonical} is a private range: it matches only if the gateway sees such addresses itself.`)
  return { ok: true, range: canonical, notes }
}
