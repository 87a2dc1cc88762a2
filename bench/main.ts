/**
 * The front door of the measurements: `npm run bench NAME` measures and writes `bench/results/NAME.md`.
 *
 * It measures nothing itself and compares with no earlier result. Invariant: it is the only file here that reads a clock
 * for a date; results are written whole or not at all. Printing only was refused: figures that are not kept with the
 * code they were measured on are soon told wrong.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { benchDecide, decidePage } from './decide.ts'

type Bench = (date: string, say: (line: string) => void) => string

const benches: { readonly [name: string]: Bench } = {
  decide: (date, say) => decidePage(benchDecide(date, say)),
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const name = process.argv[2] ?? ''
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
if (bench === undefined) {
  say(`usage: npm run bench NAME, where NAME is one of: ${Object.keys(benches).join(', ')}`)
  process.exitCode = 78
} else {
  const page = bench(new Date().toISOString().slice(0, 10), say)
  const file = join(dirname(fileURLToPath(import.meta.url)), 'results', `${name}.md`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, page)
  renameSync(`${file}.new`, file)
  process.stdout.write(page.slice(0, page.indexOf('## As JSON')))
}
