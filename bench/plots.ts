/**
 * Pictures of results that lie in `bench/results`, README's table of the newest comparison, and the reckoning made of them.
 *
 * It measures nothing: every figure is read from the JSON at the end of a page. Invariant: a picture says of which day its
 * figures are; one whose page is missing is not made. Drawing while measuring was refused: a picture can be made better
 * without measuring again.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Chart, drawBars } from './bar-chart.ts'
import { goal, reckoningTable, type Units } from './scale.ts'

type Json = { readonly [key: string]: unknown }
type Spread = { readonly median: number }
type Summary = {
  readonly scenario: string
  readonly contender: string
  readonly perSecond: Spread
  readonly cpuUs: Spread
  readonly ofBase: Spread
  readonly p99Us: Spread
}
type Timing = { readonly name: string; readonly wall: Spread }
type Stall = { readonly name: string; readonly busyMs: number }
type Sample = { readonly requests: number; readonly gatewayRssBytes: number }

/** The results that a page ends with; `null`: there is no such page. */
export function readResults(folder: string, name: string): Json | null {
  try {
    const text = readFileSync(join(folder, `${name}.md`), 'utf8')
    const [, json] = /```json\n([\s\S]*?)\n```/.exec(text) ?? []
    return json === undefined ? null : (JSON.parse(json) as Json)
  } catch {
    return null
  }
}

/** The name of the newest page of the comparison of proxies; `null`: there is none. */
export const newestProxy = (folder: string): string | null =>
  readdirSync(folder)
    .flatMap((name) => /^(proxy-\d{4}-\d\d-\d\d)\.md$/.exec(name)?.[1] ?? [])
    .toSorted()
    .at(-1) ?? null

const isOurs = (contender: string): boolean => contender.startsWith('Gatehouse')

const proxyChart = (results: Json): Chart => ({
  title: 'Requests a second on one core',
  note: `${String(results['date'])}; nginx and http-proxy judge nothing, auth_request asks about one cookie, Gatehouse has every control on.`,
  bars: (results['summaries'] as readonly Summary[]).map(({ scenario, contender, perSecond }) => ({
    ...{ of: scenario, name: contender, value: perSecond.median, ours: isOurs(contender) },
  })),
})

const decideChart = (results: Json): Chart => ({
  title: 'Nanoseconds of one decision, every control enforced',
  note: `${String(results['date'])}; medians of 31 rounds; target: 500 ns.`,
  bars: (results['decisions'] as readonly Timing[]).map(({ name, wall }) => ({
    ...{ of: '', name: name.replace(/^target: .*/, 'target practice'), value: wall.median },
    ours: name.startsWith('target'),
  })),
})

const streamsChart = (results: Json): Chart => ({
  title: 'Milliseconds that a change holds up a gateway with 5,000 WebSockets',
  note: `${String(results['date'])}; processor time of one turn of its loop at most; target: 10 ms.`,
  bars: (results['stalls'] as readonly Stall[])
    .filter(({ name }) => !name.startsWith('nothing'))
    .map(({ name, busyMs }) => ({ of: '', name, value: busyMs, ours: true })),
})

const soakChart = (results: Json): Chart => ({
  title: 'Memory of a gateway over a long run, MB',
  note: `${String(results['date'])}; resident memory after so many requests, with nothing under way.`,
  bars: (results['samples'] as readonly Sample[]).map(({ requests, gatewayRssBytes }) => ({
    ...{ of: '', name: `${requests.toLocaleString('en-US')} requests`, ours: true },
    value: gatewayRssBytes / 1_048_576,
  })),
})

/** README's table of the comparison of this name, as lines. */
export function proxyTable(results: Json, name: string): readonly string[] {
  const rows = (results['summaries'] as readonly Summary[]).filter(
    ({ scenario }) => scenario === 'GET, 32 connections',
  )
  return [
    `One core, 32 connections, 1 kB; measured on ${String(results['date'])} ([how, and all of it](bench/results/${name}.md)):`,
    '',
    '| | requests/s | × nginx | processor µs a request | p99 ms |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows.map(({ contender, perSecond, ofBase, cpuUs, p99Us }) => {
      const figures = [
        Math.round(perSecond.median).toLocaleString('en-US'),
        ...[ofBase.median.toFixed(2), cpuUs.median.toFixed(1), (p99Us.median / 1_000).toFixed(1)],
      ]
      return `| ${[contender, ...figures].join(' | ')} |`
    }),
  ]
}

const begin = '<!-- measured: begin -->'
const end = '<!-- measured: end -->'

/** The reckoning for the goal, from the units and the comparison of this name; `null`: one of them is missing. */
export function scaleTable(folder: string, name: string): readonly string[] | null {
  const [units, proxy] = [readResults(folder, 'units'), readResults(folder, name)]
  const ours = (proxy?.['summaries'] as readonly Summary[] | undefined)?.find(
    ({ scenario, contender }) =>
      scenario === 'GET, 32 connections' && contender === 'Gatehouse, all controls',
  )
  if (units === null || ours === undefined) return null
  const requestsPerCore = ours.perSecond.median
  const table = reckoningTable(goal, { ...(units as unknown as Units), requestsPerCore })
  return [`From [${name}](../bench/results/${name}.md) and [units](../bench/results/units.md):`, '', ...table]
}

/** What a document holds between its marks; `null`: it has none. */
export function measuredPart(readme: string): string | null {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)]
  return from < 0 || to < from ? null : readme.slice(from + begin.length, to).trim()
}

/** Puts lines between the marks of a document, if there are some and it has marks. */
function fill(file: string, lines: readonly string[] | null): void {
  const text = readFileSync(file, 'utf8')
  if (measuredPart(text) === null || lines === null) return
  const [before, after] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
  writeFileSync(file, `${text.slice(0, before)}\n${lines.join('\n')}\n${text.slice(after)}`)
}

/** Draws all pictures there are results for and brings README's table up to date; answers the names of the pictures. */
export function drawAll(root: string): readonly string[] {
  const folder = join(root, 'bench', 'results')
  const proxy = newestProxy(folder)
  const wanted: readonly (readonly [string, string | null, (results: Json) => Chart])[] = [
    ['proxy', proxy, proxyChart],
    ['decide', 'decide', decideChart],
    ['streams', 'streams', streamsChart],
    ['soak', 'soak', soakChart],
  ]
  mkdirSync(join(folder, 'plots'), { recursive: true })
  const drawn = wanted.flatMap(([name, page, chart]) => {
    const results = page === null ? null : readResults(folder, page)
    if (results === null) return []
    writeFileSync(join(folder, 'plots', `${name}.svg`), drawBars(chart(results)))
    return [name]
  })
  const results = proxy === null ? null : readResults(folder, proxy)
  if (results !== null && proxy !== null) {
    fill(join(root, 'README.md'), proxyTable(results, proxy))
    fill(join(root, 'docs', 'scale.md'), scaleTable(folder, proxy))
  }
  return drawn
}
