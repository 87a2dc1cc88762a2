/**
 * CSV both ways (RFC 4180): cells that a spreadsheet cannot run, and files that people saved from one.
 *
 * It knows no columns. Invariant: what `csvCell` writes, `readCsv` gives back, the apostrophe before a formula included
 * (BYPASSES 26); nothing of a file is guessed: a cell too many or a quote that never closes is a problem with its line.
 * Refused: a streaming reader, since files are bounded before they come here, and a package for sixty lines.
 */

/** What is wrong in a file, and where; `line` counts from 1, the header's. */
export type LineProblem = { readonly line: number; readonly column: string | null; readonly sentence: string }

/** One record: the line it starts on, and its cells by the header's names in lower case; those it lacks are `''`. */
export type CsvRow = { readonly line: number; readonly cells: Readonly<Record<string, string>> }

/** A cell that programs would calculate, also after leading blanks, and after the apostrophes of earlier writers. */
const dangerous = /^'*(?:[\s\0]*[=+\-@|%]|[\t\r\n])/

/** A value as one CSV cell, harmless in a spreadsheet. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '""'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = typeof value !== 'number' && dangerous.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

/** Cells as one line with its end. */
export const csvLine = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(',')}\r\n`

/** The text of a cell as it was before `csvCell` made it harmless. */
const plain = (cell: string): string => (cell.startsWith("'") && dangerous.test(cell) ? cell.slice(1) : cell)

type RawRecord = { readonly line: number; readonly cells: readonly string[] }

/** A quoted cell from its opening quote on: its text, and where the reader goes on; `null`: it never closes. */
function quotedCell(text: string, from: number): { readonly cell: string; readonly next: number } | null {
  let cell = ''
  let at = from + 1
  for (;;) {
    const end = text.indexOf('"', at)
    if (end === -1) return null
    cell += text.slice(at, end)
    if (text[end + 1] !== '"') return { cell, next: end + 1 }
    cell += '"'
    at = end + 2
  }
}

const linesIn = (text: string): number => text.split('\n').length - 1

/** Records of a text, blank lines left out; or the first quote that breaks them. */
function recordsOf(text: string, separator: string): readonly RawRecord[] | LineProblem {
  const records: RawRecord[] = []
  let [at, line] = [0, 1]
  while (at < text.length) {
    const start = line
    const cells: string[] = []
    for (;;) {
      const isQuoted = text[at] === '"'
      const quoted = isQuoted ? quotedCell(text, at) : null
      if (isQuoted && quoted === null)
        return { line: start, column: null, sentence: 'a quote is opened here and never closed' }
      let end = quoted?.next ?? at
      while (end < text.length && text[end] !== separator && text[end] !== '\n') end += 1
      const rest = text.slice(quoted?.next ?? at, end).replace(/\r$/, '')
      if (quoted !== null && rest.trim() !== '')
        return { line: start, column: null, sentence: 'something follows a closing quote' }
      cells.push(quoted?.cell ?? rest)
      line += quoted === null ? 0 : linesIn(quoted.cell)
      at = end + 1
      if (text[end] !== separator) break
    }
    line += 1
    if (cells.some((cell) => cell.trim() !== '')) records.push({ line: start, cells })
  }
  return records
}

/** The separator that a header line uses: some spreadsheets write `;` or a tab. */
const separatorOf = (text: string): string => {
  const [header = ''] = text.split('\n', 1)
  if (header.includes(',')) return ','
  if (header.includes(';')) return ';'
  return header.includes('\t') ? '\t' : ','
}

const nameOf = (cell: string): string => cell.trim().toLowerCase()

function headerProblems(
  names: readonly string[],
  columns: { readonly needed: readonly string[]; readonly known: readonly string[] },
): readonly LineProblem[] {
  const at = (column: string | null, sentence: string): LineProblem => ({ line: 1, column, sentence })
  return [
    ...columns.needed
      .filter((name) => !names.includes(name))
      .map((name) => at(name, 'the column is missing')),
    ...names
      .filter((name) => !columns.known.includes(name))
      .map((name) => at(name, `there is no such column; known are ${columns.known.join(', ')}`)),
    ...names
      .filter((name, place) => names.indexOf(name) !== place)
      .map((name) => at(name, 'the column is there twice')),
  ]
}

/**
 * The rows of a file whose first line names its columns, in any order. Problems make the rows unusable, so that there
 * are none then. At most `rowsMax` rows.
 */
export function readCsv(
  text: string,
  columns: {
    readonly needed: readonly string[]
    readonly known: readonly string[]
    readonly rowsMax: number
  },
): { readonly rows: readonly CsvRow[]; readonly problems: readonly LineProblem[] } {
  const whole = text.replace(/^\uFEFF/, '')
  const records = recordsOf(whole, separatorOf(whole))
  if ('sentence' in records) return { rows: [], problems: [records] }
  const [header, ...lines] = records
  if (header === undefined)
    return { rows: [], problems: [{ line: 1, column: null, sentence: 'the file is empty' }] }
  const names = header.cells.map(nameOf)
  const problems = [...headerProblems(names, columns)]
  if (lines.length > columns.rowsMax)
    problems.push({ line: 1, column: null, sentence: `use at most ${columns.rowsMax} lines a file` })
  for (const { line, cells } of lines)
    if (cells.length > names.length)
      problems.push({
        line,
        column: null,
        sentence: `there are ${cells.length} cells for ${names.length} columns`,
      })
  if (problems.length > 0) return { rows: [], problems }
  const rows = lines.map(({ line, cells }) => ({
    line,
    cells: Object.fromEntries(columns.known.map((name) => [name, plain(cells[names.indexOf(name)] ?? '')])),
  }))
  return { rows, problems }
}
