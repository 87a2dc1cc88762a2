/**
 * Allowlist entries as CSV and back: the columns, and what each cell may say. `docs/csv.md` describes them to people.
 *
 * It compares with no list (`entry-import.ts`) and saves nothing. Invariant: what `writeEntries` writes, `readEntries`
 * reads as the very same entries; who added an entry and when is not in the file, since a file cannot vouch for it.
 */
import type { Member } from '../../policies/access-request.ts'
import type { Audience, IpEntry, PolicyDocument } from '../../policies/document.ts'
import { type CsvRow, csvLine, type LineProblem, readCsv } from '../csv.ts'
import { foldId } from '../directory/directory.ts'
import { readEntryRange } from './entry-range.ts'

/** The columns in the order they are written; `range` and `label` must be there. */
export const entryColumns = ['range', 'label', 'audience', 'on', 'expires', 'note', 'id'] as const

/** The most lines a file may have. */
export const entryLinesMax = 20_000

/** An entry as a file says it. `id: null`: the file gives none. */
export type WrittenEntry = Pick<IpEntry, 'range' | 'label' | 'audience' | 'on' | 'expiresAt' | 'note'> & {
  readonly line: number
  readonly id: string | null
  readonly notes: readonly string[]
}

/** What a file's cells are read against. `confirmWide`: wide ranges are meant. */
export type EntryReading = {
  readonly document: PolicyDocument
  readonly members: readonly Member[]
  readonly confirmWide: boolean
}

const audienceText = (audience: Audience): string => {
  if (audience === 'practice') return 'practice'
  return 'role' in audience ? `role:${audience.role}` : `user:${audience.user}`
}

/** The entries as a file, in their order. */
export const writeEntries = (entries: readonly IpEntry[]): string =>
  [
    csvLine(entryColumns),
    ...entries.map(({ range, label, audience, on, expiresAt, note, id }) => {
      const expires = expiresAt === null ? '' : new Date(expiresAt).toISOString()
      return csvLine([range, label, audienceText(audience), on ? 'yes' : 'no', expires, note, id])
    }),
  ].join('')

type Cell<T> = { readonly value: T } | { readonly sentence: string }

function readAudience(cell: string, { document, members }: EntryReading): Cell<Audience> {
  const text = cell.trim()
  if (text === '' || foldId(text) === 'practice') return { value: 'practice' }
  const [, kind = '', name = ''] = /^(role|user):\s*(.+)$/i.exec(text) ?? []
  const wanted = foldId(name)
  if (foldId(kind) === 'role') {
    const role = document.roles.find(({ id, name: known }) => id === wanted || foldId(known) === wanted)
    return role === undefined
      ? { sentence: `there is no role "${name}" in this practice` }
      : { value: { role: role.id } }
  }
  if (foldId(kind) === 'user') {
    const member = members.find(({ user, login }) => user === name || foldId(login) === wanted)
    // An entry for somebody who left is kept as it is: it serves nobody, and a file must not change that.
    const known = member?.user ?? (listsUser(document, name) ? name : null)
    return known === null
      ? { sentence: `there is no member "${name}" in this practice` }
      : { value: { user: known } }
  }
  return { sentence: 'write practice, role:front-desk or user:their-sign-in-name' }
}

const listsUser = ({ ipEntries }: PolicyDocument, user: string): boolean =>
  ipEntries.some(({ audience }) => audience !== 'practice' && 'user' in audience && audience.user === user)

const yes = new Set(['', 'yes', 'true', 'on', '1'])
const no = new Set(['no', 'false', 'off', '0'])

function readOn(cell: string): Cell<boolean> {
  const text = foldId(cell.trim())
  if (yes.has(text)) return { value: true }
  return no.has(text) ? { value: false } : { sentence: 'write yes or no' }
}

const instantForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/

function readExpires(cell: string): Cell<number | null> {
  const text = cell.trim()
  if (text === '') return { value: null }
  const at = instantForm.test(text) ? Date.parse(text) : Number.NaN
  return Number.isSafeInteger(at) && at >= 0
    ? { value: at }
    : { sentence: 'write a moment with its zone, such as 2026-12-24T18:00:00Z, or nothing' }
}

function readText(cell: string, max: number, needed: boolean): Cell<string> {
  if (needed && cell.trim() === '') return { sentence: 'name the network, such as Office Network' }
  return cell.length > max ? { sentence: `use at most ${max} characters` } : { value: cell }
}

const idForm = /^[A-Za-z0-9_-]{1,64}$/

function readId(cell: string): Cell<string | null> {
  const text = cell.trim()
  if (text === '') return { value: null }
  return idForm.test(text) ? { value: text } : { sentence: 'leave it empty, or as it was exported' }
}

function readRange(
  cell: string,
  reading: EntryReading,
  id: string | null,
): Cell<{ range: string; notes: readonly string[] }> {
  const known = id === null ? undefined : reading.document.ipEntries.find((entry) => entry.id === id)
  // What stands in the list already was confirmed when it was put there.
  if (known !== undefined && known.range === cell.trim()) return { value: { range: known.range, notes: [] } }
  const read = readEntryRange(cell.trim(), reading.confirmWide)
  return read.ok ? { value: read } : { sentence: read.problem.sentence }
}

function readRow({ line, cells }: CsvRow, reading: EntryReading): WrittenEntry | readonly LineProblem[] {
  const cell = (name: (typeof entryColumns)[number]): string => cells[name] ?? ''
  const id = readId(cell('id'))
  const read = {
    id,
    range: readRange(cell('range'), reading, 'value' in id ? id.value : null),
    label: readText(cell('label').trim(), 80, true),
    audience: readAudience(cell('audience'), reading),
    on: readOn(cell('on')),
    expires: readExpires(cell('expires')),
    note: readText(cell('note'), 500, false),
  }
  const problems = Object.entries(read).flatMap(([column, one]) =>
    'sentence' in one ? [{ line, column, sentence: one.sentence }] : [],
  )
  const { range, label, audience, on, expires, note } = read
  if (
    !('value' in id && 'value' in range && 'value' in label && 'value' in audience) ||
    !('value' in on && 'value' in expires && 'value' in note)
  )
    return problems
  return {
    ...{ line, id: id.value, range: range.value.range, label: label.value, audience: audience.value },
    ...{ on: on.value, expiresAt: expires.value, note: note.value, notes: range.value.notes },
  }
}

/** The entries of a file, or everything that is wrong with it. */
export function readEntries(
  text: string,
  reading: EntryReading,
): { readonly entries: readonly WrittenEntry[]; readonly problems: readonly LineProblem[] } {
  const { rows, problems } = readCsv(text, {
    needed: ['range', 'label'],
    known: entryColumns,
    rowsMax: entryLinesMax,
  })
  const found = rows.map((row) => readRow(row, reading))
  const wrong = found.flatMap((one) => ('line' in one ? [] : one))
  return {
    entries: found.flatMap((one) => ('line' in one ? [one] : [])),
    problems: [...problems, ...wrong],
  }
}
