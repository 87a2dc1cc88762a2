/**
 * What a decision costs: against entries, routes and windows, for the target practice, and what surrounds it.
 *
 * It measures `policies/` alone: no socket, no store. Invariant: every answer is a full permit with every control enforced
 * and is added up, so that nothing can be left out. Figures that only hold for one person from one address were
 * refused: 64 people, hundreds of addresses and routes take turns.
 */
import type { Member } from '../policies/access-request.ts'
import { compile } from '../policies/compile.ts'
import { decide } from '../policies/decide.ts'
import { impactOf, type TrafficFact } from '../policies/impact.ts'
import { loadSnapshot } from '../policies/snapshot.ts'
import {
  type Case,
  describeMachine,
  livingBytes,
  type Machine,
  type Spread,
  type Timing,
  timeCases,
  timeWhole,
} from './machine.ts'
import { type BenchPractice, practiceOf, type Size, targetSize } from './practices.ts'

/** Everything measured. Times in ns a call or ms as named; `survivingBytes` over `survivingCalls` decisions. */
export type DecideResults = {
  readonly date: string
  readonly machine: Machine
  readonly decisions: readonly Timing[]
  readonly lookups: readonly Timing[]
  readonly compileMs: { readonly [entries: string]: Spread }
  readonly loadMs: { readonly [entries: string]: Spread }
  readonly impactMs: Spread
  readonly sizes: readonly {
    readonly name: string
    readonly compiledBytes: number
    readonly snapshotBytes: number
  }[]
  readonly surviving: { readonly calls: number; readonly bytes: number }
}

const deciding = (name: string, { snapshot, askings }: BenchPractice): Case => ({
  name,
  calls: 100_000,
  run: (calls) => {
    let sum = 0
    for (let call = 0; call < calls; call++) {
      const asking = askings[call & 511]
      if (asking !== undefined) sum += decide(snapshot, asking.request, asking.at).validUntil
    }
    return sum
  },
})

const finding = (name: string, { table, askings }: BenchPractice): Case => ({
  name,
  calls: 100_000,
  run: (calls) => {
    let sum = 0
    for (let call = 0; call < calls; call++) {
      const asking = askings[call & 511]
      if (asking !== undefined) {
        sum += table.find(asking.request.method, 'app.example', asking.path).id.length
      }
    }
    return sum
  },
})

const sizes: readonly (readonly [string, Partial<Size>])[] = [
  ['target: 1,000 entries, 200 routes, 10 roles', {}],
  ['no entries (addresses not restricted)', { entries: 0 }],
  ['10 entries', { entries: 10 }],
  ['10,000 entries', { entries: 10_000 }],
  ['100,000 entries', { entries: 100_000 }],
  ['10 routes', { routes: 10 }],
  ['2,000 routes', { routes: 2_000 }],
  ['no windows (hours not restricted)', { windows: 0 }],
  ['1 window each', { windows: 1 }],
  ['100 windows each', { windows: 100 }],
  ['members of 1 role', { rolesEach: 1 }],
  ['members of all 10 roles', { rolesEach: 10 }],
]

const byEntries = [1_000, 10_000, 100_000] as const

const timeImpact = (practice: BenchPractice): Spread => {
  const { document, table, askings } = practice
  const after = structuredClone(document)
  after.ipEntries = after.ipEntries.filter((_, at) => at % 2 === 0)
  const people = askings.flatMap(({ request }) => {
    return typeof request.subject === 'object' && request.subject.kind === 'session' ? [request.subject] : []
  })
  const members = new Map<string, Member>()
  for (const { user, member } of people) if (member !== null) members.set(user, member)
  const facts = Array.from({ length: 100_000 }, (_, number): TrafficFact => {
    const asking = askings[(number * 7) & 511]
    if (asking === undefined) throw new Error('invariant: there are 512')
    const user = people[(number * 7) & 511]?.user ?? ''
    const { route, address } = asking.request
    return { at: asking.at - (number % 28) * 86_400_000, user, address: address.text, route, factor: 'totp' }
  })
  const now = askings.at(-1)?.at ?? 0
  return timeWhole(5, () =>
    impactOf({ before: document, after, routes: table.requirements, members, facts, now }),
  )
}

/** How much living memory grows over that many decisions, each dropped at once. */
const survivingOf = (practice: BenchPractice, calls: number): DecideResults['surviving'] => {
  const { run } = deciding('', practice)
  run(calls / 10)
  const before = livingBytes()
  run(calls)
  return { calls, bytes: livingBytes() - before }
}

/** Measures everything; about two minutes. `date` is written down as handed in. */
export const benchDecide = (date: string, say: (line: string) => void): DecideResults => {
  const practices = sizes.map(([name, size]) => ({ name, practice: practiceOf({ ...targetSize, ...size }) }))
  const target = practices[0]?.practice ?? practiceOf(targetSize)
  say('decisions …')
  const decisions = timeCases(
    practices.map(({ name, practice }) => deciding(name, practice)),
    31,
  )
  say('routes …')
  const tables = practices.filter(({ name }) => name.includes('routes'))
  const lookups = timeCases(
    tables.map(({ name, practice }) => finding(name.replace(/^.*, (200 routes).*$/, '$1'), practice)),
    31,
  )
  say('memory …')
  const surviving = survivingOf(target, 5_000_000)
  const compileMs: { [entries: string]: Spread } = {}
  const loadMs: { [entries: string]: Spread } = {}
  const bytes: { name: string; compiledBytes: number; snapshotBytes: number }[] = []
  for (const entries of byEntries) {
    say(`compile ${entries} entries …`)
    const { document, compiled, table } = practiceOf({ ...targetSize, entries })
    const text = JSON.stringify(compiled)
    compileMs[entries] = timeWhole(7, () => compile(document, compiled.compiledAt))
    loadMs[entries] = timeWhole(7, () => loadSnapshot(compiled, 1, table.requirements))
    const before = livingBytes()
    const kept = loadSnapshot(compiled, 1, table.requirements)
    const snapshotBytes = livingBytes() - before
    if (kept.revision !== 1) throw new Error('invariant: kept until measured')
    bytes.push({
      name: `${entries} entries`,
      compiledBytes: new TextEncoder().encode(text).length,
      snapshotBytes,
    })
  }
  say('impact …')
  const impactMs = timeImpact(target)
  const machine = describeMachine()
  return { date, machine, decisions, lookups, compileMs, loadMs, impactMs, sizes: bytes, surviving }
}

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

const spread = ({ median, min, max }: Spread, digits = 0): string =>
  `${number(median, digits)} | ${number(min, digits)} | ${number(max, digits)}`

const timingRows = (timings: readonly Timing[]): readonly string[] => [
  '| | median ns | min | max | median of processor time |',
  '| --- | ---: | ---: | ---: | ---: |',
  ...timings.map(({ name, wall, cpu }) => `| ${name} | ${spread(wall)} | ${number(cpu.median)} |`),
]

/** The results as a page to read, the JSON at its end. */
export const decidePage = (results: DecideResults): string => {
  const { machine, date, surviving } = results
  return [
    '# What a decision costs',
    '',
    `Measured on ${date} by \`npm run bench decide\`: ${machine.cpu}, ${machine.cores} cores, ${number(machine.memoryBytes / 2 ** 30)} GiB,`,
    `${machine.platform}, Node ${machine.node}, V8 ${machine.v8}, tzdata ${machine.tzdata}. The machine was not idle: where`,
    'processor time is much less than what the watch shows, others had the rest.',
    '',
    'Every decision is a full permit with every control enforced; 64 people, 512 requests take turns. Unless said',
    'otherwise: 1,000 entries, 200 routes, 10 roles of which each member has 2, 5 windows for each audience that has',
    'any. Each case takes its turn in each of 31 rounds of 100,000 calls. Target: a median of at most 500 ns.',
    '',
    '## `decide`',
    '',
    ...timingRows(results.decisions),
    '',
    '## `RouteTable.find`',
    '',
    ...timingRows(results.lookups),
    '',
    '## What comes before',
    '',
    '| | median ms | min | max |',
    '| --- | ---: | ---: | ---: |',
    ...Object.entries(results.compileMs).map(
      ([name, ms]) => `| compile, ${number(Number(name))} entries | ${spread(ms, 1)} |`,
    ),
    ...Object.entries(results.loadMs).map(
      ([name, ms]) => `| load, ${number(Number(name))} entries | ${spread(ms, 1)} |`,
    ),
    `| impact of 100,000 records | ${spread(results.impactMs, 0)} |`,
    '',
    '## Memory',
    '',
    '| | compiled (JSON), bytes | snapshot beside it, bytes |',
    '| --- | ---: | ---: |',
    ...results.sizes.map(
      ({ name, compiledBytes, snapshotBytes }) =>
        `| ${name} | ${number(compiledBytes)} | ${number(snapshotBytes)} |`,
    ),
    '',
    `${number(surviving.calls)} decisions leave ${number(surviving.bytes)} bytes behind, ${number(surviving.bytes / surviving.calls, 4)} a call.`,
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify(
      results,
      (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value),
      2,
    ),
    '```',
    '',
  ].join('\n')
}
