/**
 * Goal: the documents say what is true: every configuration key, every feature row, every defence, every command of the README.
 * Method: held against the schema, against the files they name, and against the command line's own parser.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCommandLine } from '../../cli/command-line.ts'
import { writeConfigTable } from '../../runtime/config-keys.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { loadBlock, yamlBlocks } from '../support/written-config.ts'

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8')

test('docs/configuration.md has the table that the schema writes', () => {
  expect(read('docs/configuration.md')).toContain(writeConfigTable().trim())
})

const rows = (): readonly { id: string; status: string; cells: readonly string[] }[] =>
  read('docs/features.md')
    .split('\n')
    .filter((line) => /^\| [A-Z]\d+ \|/.test(line))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      return { id: cells[1] ?? '', status: cells[3] ?? '', cells }
    })

test('docs/features.md has 130 rows, each with a status and, where something works, a test that exists', () => {
  const all = rows()
  expect(all).toHaveLength(130)
  expect(new Set(all.map(({ id }) => id)).size).toBe(130)
  for (const { id, status, cells } of all) {
    expect(['works', 'partly', 'not yet'], id).toContain(status)
    const tests = [...(cells[4] ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? '')
    if (status !== 'not yet') expect(tests.length, `${id} names no test`).toBeGreaterThan(0)
    for (const path of tests) expect(existsSync(join(projectRoot, path)), `${id}: ${path}`).toBe(true)
  }
})

test('docs/security.md has a row for each of the 29 classes, each with real cases, a defence and a test that exists', () => {
  const table = read('docs/security.md')
    .split('\n')
    .filter((line) => /^\| \d+ \|/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  expect(table.map(([, number]) => Number(number))).toEqual(Array.from({ length: 29 }, (_, at) => at + 1))
  for (const [, number, ...cells] of table) {
    expect(cells, `row ${number}`).toHaveLength(6)
    const [name, cases, defence, tests = ''] = cells
    for (const cell of [name, cases, defence]) expect(cell, `row ${number}`).not.toBe('')
    const paths = [...tests.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path)
    expect(paths.length, `row ${number} names no test`).toBeGreaterThan(0)
    for (const path of paths) {
      expect(path, `row ${number}`).toMatch(/^test\/.*\.test\.ts$/)
      expect(existsSync(join(projectRoot, path)), `row ${number}: ${path}`).toBe(true)
    }
  }
})

test("the README's commands are understood and its links lead somewhere", () => {
  const text = read('README.md')
  const commands = [...text.matchAll(/^npm (?:start|run (?:gatehouse|admin|gateway))(.*?)(?:#.*)?$/gm)]
  expect(commands.length).toBeGreaterThan(3)
  for (const [line, rest = ''] of commands) {
    const plane = /^npm run (admin|gateway)/.exec(line)?.[1]
    const name = line.startsWith('npm start') ? ['start'] : plane === undefined ? [] : [plane]
    expect(
      () => readCommandLine([...name, ...rest.replace('--', '').trim().split(/\s+/).filter(Boolean)]),
      line,
    ).not.toThrow()
  }
  for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
    expect(existsSync(join(projectRoot, target)), target).toBe(true)
  }
})

test('every decision has a number of its own', () => {
  const numbers = readdirSync(join(projectRoot, 'docs/decisions')).map(
    (name) => /^(\d{4})-[a-z-]+\.md$/.exec(name)?.[1],
  )
  expect(numbers).not.toContain(undefined)
  expect(new Set(numbers).size).toBe(numbers.length)
})

test('every configuration printed in docs/integrating.md is accepted as a whole', () => {
  const blocks = yamlBlocks('docs/integrating.md')
  expect(blocks.length).toBeGreaterThanOrEqual(2)
  for (const block of blocks) {
    const loaded = loadBlock(block)
    expect(loaded.ok ? [] : loaded.problems, block).toEqual([])
    expect(loaded.ok && loaded.value.upstreams.length, block).toBe(1)
  }
})

test('no document was left half merged', () => {
  const folders = ['.', 'docs', 'docs/decisions', 'docs/runbooks', 'deploy/prometheus', 'deploy/compose']
  const files = folders.flatMap((folder) =>
    readdirSync(join(projectRoot, folder))
      .filter((name) => /\.(?:md|ya?ml|json)$/.test(name))
      .map((name) => join(folder, name)),
  )
  expect(files.length).toBeGreaterThan(40)
  expect(files.filter((path) => /^(?:<{7}|>{7}) /m.test(read(path)))).toEqual([])
})
