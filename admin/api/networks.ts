/**
 * Addresses and entries in the words of people: whose an entry is, what overlaps it, what a User-Agent says.
 *
 * It decides nothing; whether an address passes is asked of the gates (`policy-views.ts`). Invariant: a User-
 * Agent is shown as a reading of what the browser claims, short and from a closed set, never as it came.
 */
import { type Address, parseRange, type Range } from '../../policies/address.ts'
import type { Audience, IpEntry, PolicyDocument } from '../../policies/document.ts'
import type { Instant } from '../../policies/instant.ts'
import { matchingEntry, type PolicySnapshot } from '../../policies/snapshot.ts'
import { createRangeIndex, type RangeIndex } from '../ip-list/range-index.ts'

/** The practice-wide entry an address falls under; `null`: none. */
export const listedWidely = (snapshot: PolicySnapshot, address: Address, at: Instant): IpEntry | null =>
  matchingEntry(snapshot, null, address, at)

/** Whom an entry serves, for people. `nameOf`: a user's name; `null`: not a member any more. */
export function audienceName(
  document: PolicyDocument,
  audience: Audience,
  nameOf: (user: string) => string | null,
): string {
  if (audience === 'practice') return 'Whole practice'
  if ('user' in audience) return nameOf(audience.user) ?? 'Somebody who left'
  return `Role ${document.roles.find(({ id }) => id === audience.role)?.name ?? audience.role}`
}

/** How one range lies to another; `null`: apart. */
export type Overlap = {
  readonly id: string
  readonly label: string
  readonly relation: 'same' | 'inside' | 'around'
}

const overlapsMax = 5

/** Of the lists asked about lately: a document's list is asked page after page. */
const indexes = new WeakMap<readonly IpEntry[], RangeIndex<IpEntry>>()

const indexOf = (entries: readonly IpEntry[]): RangeIndex<IpEntry> => {
  const known = indexes.get(entries)
  if (known !== undefined) return known
  const made = createRangeIndex(entries)
  indexes.set(entries, made)
  return made
}

const relationOf = (range: Range, prefix: number): Overlap['relation'] => {
  if (range.prefix === prefix) return 'same'
  return prefix > range.prefix ? 'inside' : 'around'
}

/**
 * Other entries on or around each of `shown`, most specific first, at most five each. The list is indexed once, as long
 * as it is the same array.
 */
export function overlapsOf(
  shown: readonly IpEntry[],
  all: readonly IpEntry[],
): ReadonlyMap<string, readonly Overlap[]> {
  const index = indexOf(all)
  const found = new Map<string, readonly Overlap[]>()
  for (const { id, range: text } of shown) {
    const range = parseRange(text)?.range
    if (range === undefined) continue
    const near = index
      .near(range, overlapsMax + 1)
      .filter(({ item }) => item.id !== id)
      .slice(0, overlapsMax)
    found.set(
      id,
      near.map(({ item, prefix }) => ({
        id: item.id,
        label: item.label,
        relation: relationOf(range, prefix),
      })),
    )
  }
  return found
}

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
]
const systems: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

const firstOf = (table: readonly (readonly [RegExp, string])[], text: string): string | null =>
  table.find(([form]) => form.test(text))?.[1] ?? null

/** "Firefox on Windows"; "Unknown device" where nothing is recognised. */
export function deviceName(userAgent: string): string {
  const browser = firstOf(browsers, userAgent)
  const system = firstOf(systems, userAgent)
  if (browser === null) return system === null ? 'Unknown device' : `Something on ${system}`
  return system === null ? browser : `${browser} on ${system}`
}
