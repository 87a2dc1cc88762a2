/**
 * What a file of entries would make of the allowlist: what it adds and changes, what is there already, what it overlaps.
 *
 * Pure: the same file against the same list gives the same plan, whether it is only looked at or saved (`policy-edit.ts`
 * saves, as one revision with one event). Invariant: all or nothing, and nothing is ever removed: an entry that a file
 * lacks stays. Removing what is missing was refused: half a file, saved by mistake, would lock people out.
 */
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import type { Instant } from '../../policies/instant.ts'
import type { LineProblem } from '../csv.ts'
import { type EntryReading, readEntries, type WrittenEntry } from './entry-csv.ts'
import { neighboursOf } from './range-nesting.ts'

/** A line that adds or changes an entry. `before: null`: it adds one. */
export type EntryLine = {
  readonly line: number
  readonly before: IpEntry | null
  readonly entry: IpEntry
  readonly notes: readonly string[]
}

/** A line that says what the list says already, under another id. */
export type DuplicateLine = {
  readonly line: number
  readonly range: string
  readonly of: { readonly id: string; readonly label: string }
}

/** What a file comes to. With problems there is nothing else. `document`: as it would be saved. */
export type EntryImport = {
  readonly problems: readonly LineProblem[]
  readonly adds: readonly EntryLine[]
  readonly changes: readonly EntryLine[]
  readonly duplicates: readonly DuplicateLine[]
  readonly overlaps: readonly { readonly line: number; readonly sentence: string }[]
  readonly unchanged: number
  readonly document: PolicyDocument
}

/** Who imports, when, and how new ids are made (from the line, so that a plan can be made twice). */
export type ImportDeed = {
  readonly at: Instant
  readonly by: string
  readonly newId: (line: number) => string
}

const placeOf = ({ range, audience }: Pick<IpEntry, 'range' | 'audience'>): string =>
  `${range} ${JSON.stringify(audience)}`

const isSame = (entry: IpEntry, { label, range, audience, on, expiresAt, note }: WrittenEntry): boolean =>
  entry.label === label &&
  placeOf(entry) === placeOf({ range, audience }) &&
  entry.on === on &&
  entry.expiresAt === expiresAt &&
  entry.note === note

type Sorting = {
  readonly adds: EntryLine[]
  readonly changes: EntryLine[]
  readonly duplicates: DuplicateLine[]
  readonly problems: LineProblem[]
  unchanged: number
}

const fieldsOf = ({ range, label, audience, on, expiresAt, note }: WrittenEntry) => ({
  ...{ range, label, audience, on, expiresAt, note },
})

const expiredNote = (written: WrittenEntry, at: Instant): readonly string[] =>
  written.expiresAt !== null && written.expiresAt <= at
    ? [...written.notes, 'It has expired already: it lets nobody in.']
    : written.notes

function sortLines(
  written: readonly WrittenEntry[],
  { ipEntries }: PolicyDocument,
  deed: ImportDeed,
): Sorting {
  const byId = new Map(ipEntries.map((entry) => [entry.id, entry]))
  // Where entries will be, not where they are: another line may move one away, and a second time it has.
  const wished = new Map(written.flatMap((one) => (one.id === null ? [] : [[one.id, one] as const])))
  const byPlace = new Map(ipEntries.map((entry) => [placeOf(wished.get(entry.id) ?? entry), entry]))
  const seen = new Map<string, number>()
  const sorted: Sorting = { adds: [], changes: [], duplicates: [], problems: [], unchanged: 0 }
  for (const one of written) {
    const { line, id } = one
    const earlier = id === null ? undefined : seen.get(id)
    if (id !== null) seen.set(id, line)
    if (earlier !== undefined) {
      sorted.problems.push({ line, column: 'id', sentence: `line ${earlier} has the same id` })
      continue
    }
    const before = id === null ? undefined : byId.get(id)
    const notes = expiredNote(one, deed.at)
    if (before !== undefined) {
      if (isSame(before, one)) sorted.unchanged += 1
      else sorted.changes.push({ line, before, entry: { ...before, ...fieldsOf(one) }, notes })
      continue
    }
    const there = byPlace.get(placeOf(one))
    if (there !== undefined) {
      sorted.duplicates.push({ line, range: one.range, of: { id: there.id, label: there.label } })
      continue
    }
    const added = { createdBy: deed.by, createdAt: deed.at }
    const entry: IpEntry = { id: id ?? deed.newId(line), ...fieldsOf(one), ...added }
    byPlace.set(placeOf(entry), entry)
    sorted.adds.push({ line, before: null, entry, notes })
  }
  return sorted
}

function overlapSentences(lines: readonly EntryLine[], document: PolicyDocument): EntryImport['overlaps'] {
  const found = neighboursOf(
    lines.map(({ entry }) => entry),
    document.ipEntries,
  )
  return lines.flatMap(({ line, entry }) => {
    const { around = null, inside = null } = found.get(entry.id) ?? {}
    if (around !== null) {
      const how = around.range === entry.range ? 'is the same network as' : 'lies within'
      return [{ line, sentence: `${entry.range} ${how} "${around.label}" (${around.range}).` }]
    }
    if (inside === null) return []
    return [{ line, sentence: `${entry.range} contains "${inside.label}" (${inside.range}).` }]
  })
}

/** The plan of a file against a list. */
export function planImport(csv: string, reading: EntryReading, deed: ImportDeed): EntryImport {
  const { document } = reading
  const { entries, problems } = readEntries(csv, reading)
  const sorted = sortLines(entries, document, deed)
  const wrong = [...problems, ...sorted.problems].sort((a, b) => a.line - b.line)
  if (wrong.length > 0)
    return { problems: wrong, adds: [], changes: [], duplicates: [], overlaps: [], unchanged: 0, document }
  const changed = new Map(sorted.changes.map(({ entry }) => [entry.id, entry]))
  const made: PolicyDocument = {
    ...document,
    ipEntries: [
      ...document.ipEntries.map((entry) => changed.get(entry.id) ?? entry),
      ...sorted.adds.map(({ entry }) => entry),
    ],
  }
  const { adds, changes, duplicates, unchanged } = sorted
  const overlaps = overlapSentences([...adds, ...changes], made)
  return { problems: [], adds, changes, duplicates, overlaps, unchanged, document: made }
}
