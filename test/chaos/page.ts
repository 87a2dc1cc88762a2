/**
 * The page of bench/results/chaos.md: one table of every fault, what people saw of it, its figures, and whether its goal was held.
 *
 * Pure text from figures. Invariant: what was not held is said in the same column and the same words as what was; nothing is left
 * out because of what it came to.
 */
import type { Machine } from '../../bench/machine.ts'
import type { Family, Proof } from './catalogue.ts'
import type { Fault, Figures } from './rehearsal.ts'

/** What one proof of the suite came to. */
export type Proved = { readonly id: string; readonly ok: boolean; readonly seconds: number }

/** Everything that was struck. `load`: of the machine, as the system tells it, the highest before a run began. */
export type ChaosResults = {
  readonly date: string
  readonly machine: Machine
  readonly load: number
  readonly figures: readonly Figures[]
  readonly proved: readonly Proved[]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const goalOf = ({ allows, wellWithinMs = 1_000 }: Fault): string =>
  `${allows}; well within ${(wellWithinMs / 1_000).toLocaleString('en')} s`

const figureOf = ({ counts, reasons, wellAfterMs, found }: Figures): string => {
  const bad = Object.entries(counts).filter(([name, count]) => name !== 'right' && count > 0)
  const told = bad.map(([name, count]) => `${count} ${name}`)
  const why = Object.entries(reasons).map(([reason, count]) => `${count} × ${reason}`)
  return [
    `${counts.right} right`,
    ...(told.length === 0 ? ['none other'] : told),
    ...(why.length === 0 ? [] : [`(${why.join(', ')})`]),
    `well after ${wellAfterMs} ms`,
    ...(found === '' ? [] : [found]),
  ].join(', ')
}

const heldOf = (broken: readonly string[]): string =>
  broken.length === 0 ? 'held' : `**not held**: ${broken.join('; ')}`

const head = [
  '| fault | what is done | what people see | figures | goal | held |',
  '| --- | --- | --- | --- | --- | --- |',
]

const jsonHeading = '## As JSON'

/** What an earlier page was made of; `null`: it is none. */
export const resultsIn = (page: string): ChaosResults | null => {
  const block = /```json\n([^\n]*)\n```/.exec(page.slice(Math.max(0, page.indexOf(jsonHeading))))?.[1]
  return block === undefined ? null : (JSON.parse(block) as ChaosResults)
}

/** The page. */
export const chaosPage = (
  { date, machine, load, figures, proved }: ChaosResults,
  families: readonly Family[],
  proofs: readonly Proof[],
): string => {
  const rows = families.flatMap(({ name, faults }) => [
    `| **${name}** | | | | | |`,
    ...faults.map((fault) => {
      const found = figures.find(({ id }) => id === fault.id)
      const cells =
        found === undefined
          ? ['not struck', goalOf(fault), 'unknown']
          : [figureOf(found), goalOf(fault), heldOf(found.broken)]
      return `| \`${fault.id}\` | ${[fault.what, fault.sees, ...cells].map(cell).join(' | ')} |`
    }),
  ])
  const proofRows = proofs.map((proof) => {
    const found = proved.find(({ id }) => id === proof.id)
    const figure = found === undefined ? 'not struck' : `\`${proof.test}\`, ${found.seconds.toFixed(0)} s`
    const held = found === undefined ? 'unknown' : found.ok ? 'held' : '**not held**: the test fails'
    return `| \`${proof.id}\` | ${[proof.what, proof.sees, figure, proof.goal, held].map(cell).join(' | ')} |`
  })
  const total = (name: keyof Figures['counts']): number =>
    figures.reduce((sum, { counts }) => sum + counts[name], 0)
  return `${[
    '# Faults',
    '',
    `Struck by \`npm run chaos\` on ${date}: ${machine.cores} × ${machine.cpu}, ${machine.platform}, Node ${machine.node}; load average`,
    `up to ${load.toFixed(0)} before a run began. Two gateways of two workers, two control planes behind a balancer without health checks,`,
    'Redis with two replicas and three Sentinels (or a Cluster of three primaries with a replica each), PostgreSQL with a',
    'synchronous standby, all on loopback. Meanwhile somebody who may come in and somebody whose access was ended ask both gateways',
    'over and over, each time on a new connection, for bodies of 20 bytes to 300 kB that are compared byte by byte.',
    '',
    'Two goals hold for every row: nobody is wrongly let in, and no body ends as if it were whole and is not. **well after**: from the',
    'end of the cause to the first request after which all were right.',
    '',
    `In sum: ${total('right')} right answers, ${total('wrongly let in')} wrongly let in, ${total('truncated')} falsely whole, ${total('cut')} cut off,`,
    `${total('refused')} clean refusals, ${total('wrongly refused')} wrongly refused, ${total('late')} late.`,
    '',
    ...head,
    ...rows,
    '| **Struck by a test of the suite** | | | | | |',
    ...proofRows,
    '',
    jsonHeading,
    '',
    '```json',
    JSON.stringify({ date, machine, load, figures, proved }),
    '```',
  ].join('\n')}\n`
}
