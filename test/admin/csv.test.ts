/**
 * Goal: a file read is the file written, whatever stands in its cells, and nothing in it is guessed.
 * Method: random tables written and read back (property), and files broken by hand.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvLine, readCsv } from '../../admin/csv.ts'

const columns = { needed: ['a', 'b'], known: ['a', 'b', 'c'], rowsMax: 50 }
const nasty = fc.oneof(
  fc.string(),
  fc.constantFrom('=1+1', "'=1+1", "''@x", ' -2', '\t', '"', 'a,b', 'x\r\ny', "'80s", '+', '\n=x', ';'),
  fc.string({ unit: fc.constantFrom("'", '=', '-', ' ', ',', '"', '\n', '\r', 'a') }),
)

test('what was written is read, formulas and their apostrophes included', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(nasty, nasty, nasty), { maxLength: 20 }), (table) => {
      const lines = table.filter((cells) => cells.some((cell) => cell.trim() !== ''))
      const text = [['a', 'b', 'c'], ...lines].map(csvLine).join('')
      const { rows, problems } = readCsv(text, columns)
      expect(problems).toEqual([])
      expect(rows.map(({ cells }) => [cells.a, cells.b, cells.c])).toEqual(lines)
    }),
    { numRuns: 300 },
  )
})

test('no cell written begins as a formula does', () => {
  fc.assert(
    fc.property(nasty, (cell) => {
      expect(csvLine([cell])).not.toMatch(/^"[\s\0]*[=+\-@|%]|^"[\t\r\n]/)
    }),
  )
})

test('columns come in any order and case, with ; or tabs, after a mark of UTF-8; lines are those of the file', () => {
  for (const separator of [',', ';', '\t']) {
    const text = `\uFEFFB ${separator}A\n\n"1\n1"${separator}2\n3\n`
    expect(readCsv(text, columns)).toEqual({
      columns: ['b', 'a'],
      problems: [],
      rows: [
        { line: 3, cells: { a: '2', b: '1\n1', c: '' } },
        { line: 5, cells: { a: '', b: '3', c: '' } },
      ],
    })
  }
})

test.each([
  ['', [[1, null, 'the file is empty']]],
  ['a,c\n', [[1, 'b', 'the column is missing']]],
  ['a,b,d\n', [[1, 'd', 'there is no such column; known are a, b, c']]],
  ['a,b,a\n', [[1, 'a', 'the column is there twice']]],
  ['a,b\n1,2\n3,"4\n5,6\n', [[3, null, 'a quote is opened here and never closed']]],
  ['a,b\n1,"2"x\n', [[2, null, 'something follows a closing quote']]],
  ['a,b\n1,2,3\n', [[2, null, 'there are 3 cells for 2 columns']]],
  [`a,b\n${'1,2\n'.repeat(51)}`, [[1, null, 'use at most 50 lines a file']]],
])('%j is no such file', (text, expected) => {
  const { rows, problems } = readCsv(text, columns)
  expect(rows).toEqual([])
  expect(problems.map(({ line, column, sentence }) => [line, column, sentence])).toEqual(expected)
})
