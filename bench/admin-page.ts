/**
 * The figures of `admin.ts` as a page to read: what there was, each list beside its target, publication and restart.
 *
 * It measures nothing. Invariant: a figure above its target is marked, not left out.
 */
import type { AdminResults, ListFigure } from './admin.ts'
import { spreadOf } from './machine.ts'

const listTargetMs = 100
const publishTargetMs = 200

const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0)
const text = (value: number): string => value.toLocaleString('en-US')

const p95Of = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN

const listLine = ({ name, firstMs, p50Ms, p95Ms, cpuMs, bytes }: ListFigure): string => {
  const mark = p95Ms > listTargetMs ? ' (above)' : ''
  return `| \`${name}\` | ${ms(firstMs)} | ${ms(p50Ms)} | ${ms(p95Ms)}${mark} | ${ms(cpuMs)} | ${text(Math.round(bytes / 1_000))} |`
}

/** The page. */
export function adminPage(results: AdminResults): string {
  const { date, machine, amounts, lists, planes } = results
  const worst = Math.max(...lists.map(({ p95Ms }) => p95Ms))
  const publishP95 = p95Of(planes.savedToEnforcedMs)
  return [
    '# The control plane under load',
    '',
    `Measured on ${date} by \`npm run bench admin\`: ${machine.cpu}, ${machine.cores} cores, ${machine.platform},`,
    `Node ${machine.node}, ${results.postgres} on the same machine.`,
    '',
    `${text(amounts.practices)} practices, ${text(amounts.users)} people (${text(amounts.crowdUsers)} of them in \`practice-0\`, every tenth in two practices),`,
    `${text(amounts.events)} security events (${text(amounts.crowdEvents)} in one chain), allowlists of ${text(amounts.crowdEntries)} (\`practice-0\`),`,
    `${text(amounts.wideEntries)} (\`practice-1\`) and ${amounts.entriesEach} entries (all others), ${text(amounts.refusals)} refusals, ${text(amounts.sessions)} sessions,`,
    `${text(amounts.requests)} requests for access; seeded in ${Math.round(results.seedMs / 1_000)} s.`,
    '',
    '## Lists',
    '',
    `Asked of the app without sockets, one at a time, ${results.rounds} rounds over all of them; \`first\` is the first call after the start;`,
    `CPU is the control plane’s own work for a call. The machine’s load average was ${results.loadAverage.toFixed(1)} on ${machine.cores} cores.`,
    `Target: ${listTargetMs} ms at the 95th percentile. The slowest: ${ms(worst)} ms.`,
    '',
    '| list | first, ms | p50, ms | p95, ms | CPU, ms | kB |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...lists.map(listLine),
    '',
    '## Publication and restart',
    '',
    `One control plane and one gateway in one process, ${planes.edits} edits of one practice, each by the API. Target: ${publishTargetMs} ms from saved to enforced.`,
    '',
    '| | |',
    '| --- | ---: |',
    `| from saved to enforced everywhere, median, ms | ${ms(spreadOf(planes.savedToEnforcedMs).median)} |`,
    `| … 95th percentile, ms | ${ms(publishP95)}${publishP95 > publishTargetMs ? ' (above)' : ''} |`,
    `| from the request to enforced, as a client sees it, median, ms | ${ms(spreadOf(planes.askedToEnforcedMs).median)} |`,
    `| first start, both planes, ms | ${ms(planes.firstStartMs)} |`,
    `| records published then | ${text(planes.firstPublished)} |`,
    `| start again, both planes, ms | ${ms(planes.restartMs)} |`,
    `| records published by starting again | ${text(planes.republished)} |`,
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify(results, null, 2),
    '```',
    '',
  ].join('\n')
}
