/**
 * What docs/command-line.md says that a command's JSON has, besides `ok`.
 *
 * One reader for every test that sees such JSON, so that the table is a promise and not a memory of one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './cache-folder.ts'

const named = (cell: string): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')

/** The rows of the table, by command; no names: another document says. */
export const documentedJson: ReadonlyMap<string, readonly string[]> = new Map(
  readFileSync(join(projectRoot, 'docs/command-line.md'), 'utf8')
    .split('## `--json`')[1]
    ?.split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => {
      const [, commands = '', members = ''] = line.split('|')
      return named(commands).map((command) => [command, named(members).toSorted()] as const)
    }),
)

/** The names that a command's JSON has besides `ok`, in the order of the table's. */
export const membersOf = (told: unknown): readonly string[] => {
  const { ok: _, ...rest } = told as Record<string, unknown>
  return Object.keys(rest).toSorted()
}
