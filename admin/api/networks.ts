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

const relationOf = (range: Range, other: Range): Overlap['relation'] | null => {
  if (range.family !== other.family) return null
  const [narrow, wide] = range.prefix >= other.prefix ? [range, other] : [other, range]
  const within =
    (narrow.w0 & wide.m0) === wide.w0 &&
    (narrow.w1 & wide.m1) === wide.w1 &&
    (narrow.w2 & wide.m2) === wide.w2 &&
    (narrow.w3 & wide.m3) === wide.w3
  if (!within) return null
  if (range.prefix === other.prefix) return 'same'
  return other.prefix > range.prefix ? 'inside' : 'around'
}

/**
 * Other entries on or around each of `shown`, most specific first, at most five each. Every range is parsed once;
 * the cost is the product of both lists, so pass one page and all entries.
 */
export function overlapsOf(
  shown: readonly IpEntry[],
  all: readonly IpEntry[],
): ReadonlyMap<string, readonly Overlap[]> {
  const ranges = all.flatMap((entry) => {
    const parsed = parseRange(entry.range)
    return parsed === null ? [] : [{ entry, range: parsed.range }]
  })
  const found = new Map<string, readonly Overlap[]>()
  for (const { id, range: text } of shown) {
    const range = parseRange(text)?.range
    if (range === undefined) continue
    const near: (Overlap & { readonly prefix: number })[] = []
    for (const other of ranges) {
      if (other.entry.id === id) continue
      const relation = relationOf(range, other.range)
      if (relation !== null)
        near.push({ id: other.entry.id, label: other.entry.label, relation, prefix: other.range.prefix })
    }
    near.sort((a, b) => b.prefix - a.prefix)
    found.set(
      id,
      near.slice(0, overlapsMax).map(({ id: other, label, relation }) => ({ id: other, label, relation })),
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
