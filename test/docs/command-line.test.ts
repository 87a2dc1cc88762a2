/**
 * Goal: docs/command-line.md names every command with its usage, and every exit code with its number. Method: held against
 * the usage text and the table of exit codes.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { usage } from '../../cli/command-line.ts'
import { exitCodes } from '../../cli/exit-codes.ts'

const text = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')

test('every command stands there as it is typed, and no other', () => {
  const typed = usage()
    .split('\n')
    .flatMap((line) => /^ {2}gatehouse (\S.*?)(?: {2,}.*)?$/.exec(line)?.[1] ?? [])
  expect(typed.length).toBeGreaterThan(20)
  const written = [...text.matchAll(/^\| `gatehouse ([^`]+)` \|/gm)].map(([, words = '']) =>
    words.replaceAll('\\|', '|'),
  )
  expect(written).toEqual(typed)
})

test('every exit code stands there with its number, and no other', () => {
  const written = [...text.matchAll(/^\| (\d+) \| ([a-z]+) \|/gm)].map(([, code, name]) => [
    name,
    Number(code),
  ])
  expect(written).toEqual(Object.entries(exitCodes))
})
