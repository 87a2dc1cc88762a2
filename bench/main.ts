/**
 * The front door of the measurements: `npm run bench NAME` measures and writes a page to `bench/results/`.
 *
 * It measures nothing itself and compares with no earlier result. Invariant: it is the only file here that reads a clock
 * for a date; results are written whole or not at all. Printing only was refused: figures that are not kept with the
 * code they were measured on are soon told wrong.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { benchAdmin } from './admin.ts'
import { adminPage } from './admin-page.ts'
import { benchConsole, consolePage } from './console.ts'
import { benchDecide, decidePage } from './decide.ts'
import { figuresPage } from './figures.ts'
import { benchJudge, judgePage } from './judge.ts'
import { drawAll } from './plots.ts'
import { benchProxy } from './proxy.ts'
import { proxyPage } from './proxy-page.ts'
import { readWish } from './proxy-summary.ts'
import { benchSoak } from './soak.ts'
import { readSoakWish, soakPage } from './soak-page.ts'
import { strangersPage } from './strangers.ts'
import { benchStreams, streamsPage } from './streams.ts'
import { benchTls } from './tls.ts'
import { unitsPage } from './units.ts'

/** A page with the name of its file, or a sentence: what was left instead, or what the arguments lack. */
type Outcome =
  | { readonly name: string; readonly page: string }
  | { readonly said: string; readonly exitCode: 0 | 78 }

type Say = (line: string) => void

const proxy = async (date: string, say: Say, args: readonly string[]): Promise<Outcome> => {
  const wish = readWish(args)
  if ('problem' in wish) return { said: wish.problem, exitCode: 78 }
  const results = await benchProxy(date, wish, say)
  if (results === null) return { said: `the gateway's profile is in ${wish.profile}`, exitCode: 0 }
  return { name: `proxy-${date}`, page: proxyPage(results) }
}

const soak = async (date: string, say: Say, args: readonly string[]): Promise<Outcome> => {
  const wish = readSoakWish(args)
  if (typeof wish === 'string') return { said: wish, exitCode: 78 }
  return { name: 'soak', page: soakPage(await benchSoak(date, wish, say)) }
}

const benches: {
  readonly [name: string]: (date: string, say: Say, args: readonly string[]) => Promise<Outcome>
} = {
  admin: async (date, say) => ({ name: 'admin', page: adminPage(await benchAdmin(date, say)) }),
  console: async (date, say) => ({ name: 'console', page: consolePage(await benchConsole(date, say)) }),
  decide: async (date, say) => ({ name: 'decide', page: decidePage(benchDecide(date, say)) }),
  figures: async (date) => ({ name: 'figures', page: await figuresPage(date) }),
  judge: async (date, say) => ({ name: 'judge', page: judgePage(await benchJudge(date, say)) }),
  plots: async () => ({ said: `drawn: ${drawAll(root).join(', ')}`, exitCode: 0 }),
  proxy,
  soak,
  strangers: async (date) => ({ name: 'strangers', page: await strangersPage(date) }),
  tls: async (date, say) => ({ name: 'tls', page: await benchTls(date, say) }),
  streams: async (date, say) => ({ name: 'streams', page: streamsPage(await benchStreams(date, say)) }),
  units: async (date, say) => ({ name: 'units', page: await unitsPage(date, say) }),
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const say: Say = (line) => {
  process.stderr.write(`${line}\n`)
}

const write = ({ name, page }: Extract<Outcome, { readonly page: string }>): void => {
  const file = join(root, 'bench', 'results', `${name}.md`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, page)
  renameSync(`${file}.new`, file)
  drawAll(root)
  process.stdout.write(page.slice(0, page.indexOf('## As JSON')))
}

const [name = '', ...args] = process.argv.slice(2)
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
if (bench === undefined) {
  say(`usage: npm run bench NAME, where NAME is one of: ${Object.keys(benches).join(', ')}`)
  process.exitCode = 78
} else {
  try {
    const outcome = await bench(new Date().toISOString().slice(0, 10), say, args)
    if ('page' in outcome) write(outcome)
    else {
      say(outcome.said)
      process.exitCode = outcome.exitCode
    }
  } catch (error) {
    say(`bench ${name}: nothing is written. ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
