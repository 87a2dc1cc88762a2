/**
 * The results of the proxy bench as a page to read, the JSON at its end.
 *
 * It judges nothing and rounds only what is shown. Invariant: the page says how the figures came about and what they do
 * not say, before the first of them. Charts were refused: they cannot be compared line by line with the next run.
 */
import type { Spread } from './machine.ts'
import type { ProxyResults } from './proxy.ts'
import type { Summary } from './proxy-summary.ts'

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

const ratio = ({ median, min, max }: Spread): string =>
  `${number(median, 3)} | ${number(min, 3)}–${number(max, 3)}`

const share = ({ median }: Spread): string => `${number(median * 100)} %`

const row = (of: Summary): string =>
  [
    `| ${of.contender}`,
    number(of.perSecond.median),
    ratio(of.ofBase),
    number(of.cpuUs.median, 1),
    ratio(of.ofBaseByCpu),
    number(of.p50Us.median / 1e3, 2),
    number(of.p99Us.median / 1e3, 2),
    share(of.busy),
    `${share(of.others)} |`,
  ].join(' | ')

const tableOf = (scenario: string, summaries: readonly Summary[]): readonly string[] => [
  `## ${scenario}`,
  '',
  '| | requests/s | × nginx | least–most | processor µs | × nginx by it | least–most | p50 ms | p99 ms | core | others |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ...summaries.filter((summary) => summary.scenario === scenario).map(row),
  '',
]

/** The page. */
export const proxyPage = (results: ProxyResults): string => {
  const { machine, date, versions, rounds, tries, load, summaries, idle } = results
  const scenarios = [...new Set(summaries.map(({ scenario }) => scenario))]
  return [
    '# What passing a request on costs',
    '',
    `Measured on ${date} by \`npm run bench proxy\`: ${machine.cpu}, ${machine.cores} cores, ${number(machine.memoryBytes / 2 ** 30)} GiB,`,
    `${machine.platform}, Node ${machine.node}; nginx ${versions.nginx}, http-proxy ${versions['http-proxy']}, wrk ${versions.wrk}. The machine was not`,
    `idle: its load was ${number(load.before, 2)} before and ${number(load.after, 2)} after (our own included).`,
    '',
    'Every contender has one core, and only one is asked at a time; wrk, the application (nginx, 1 kB from memory) and',
    'the gateway’s Redis share another core. Connections are kept open on all sides. 16 signed-in people take turns,',
    'each with a browser’s headers and three cookies; everyone gets the same requests. Gatehouse has every control',
    'enforced (1,000 networks, 21 windows, a verified second factor, permissions, its companion cookie, 200 routes), and',
    'each control was made to refuse before the measuring. The server asked by `auth_request` looks up one cookie,',
    'in Node also the address among the same networks; nginx and http-proxy judge nothing. The engine alone is the same',
    'gateway with every route public and nobody identified: what it lacks to all controls is what they cost.',
    '',
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} in which everyone had a turn; × nginx is the rate divided by that of nginx in the same round.`,
    'A closed loop: times are those of a full queue, not of a visitor. Processor µs: what all of a contender’s programs',
    'used for one request, without the kernel’s interrupts; × nginx by it: nginx’s divided by theirs. Core: how much of',
    'its core a contender had; others: how much went to programs that are none of ours. Where the two are far from 100 %',
    'the load’s core was the limit. Where others had a good part of it, the processor time tells more than the rate.',
    'Larger answers come from files; of WebSockets a message and its answer, of 60 bytes each, count as one request.',
    ...(tries === 1
      ? []
      : [
          `A run in which others had more than 10 % of the core was tried up to ${tries} times; the quietest counts.`,
        ]),
    '',
    ...scenarios.flatMap((scenario) => tableOf(scenario, summaries)),
    '## Idle connections',
    '',
    idle === null
      ? 'Not measured: too few files may be open at once.'
      : `${number(idle.connections)} connections, each of which has had one answer, took ${number(idle.bytesEach / 1e3, 1)} kB of resident memory each.`,
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify(
      results,
      (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value),
      2,
    ),
    '```',
    '',
  ].join('\n')
}
