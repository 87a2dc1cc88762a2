/**
 * What the controls cost on the way of a request, stage by stage: nanoseconds, and bytes allocated.
 *
 * No socket is in it: `bench proxy` has the whole. Invariant: guarded and open requests go through the same stages with
 * the same headers, so that what one costs more than the other is what the controls cost; each answer is looked at.
 * One stage after the other over and over was refused: they take turns, and the mirrors live on between.
 */
import { getHeapStatistics } from 'node:v8'
import type { Exchange, Judgement, WholeResponse } from '../gateway/exchange.ts'
import type { Live } from '../gateway/exchanges.ts'
import { tailOf } from '../gateway/headers.ts'
import { writeRequestHead } from '../gateway/http1/request-writer.ts'
import { requestFacts } from '../gateway/passage.ts'
import type { UpstreamConfig } from '../runtime/config.ts'
import { type JudgeGround, prepareJudge, requestsOf, type Sent, sentAs } from './judge-ground.ts'
import { describeMachine, type Machine, type Spread, spreadOf } from './machine.ts'

/** One stage, of one request. `cpuNs`: of processor time, over all rounds together, since that is told in ticks. */
export type Stage = {
  readonly name: string
  readonly ns: Spread
  readonly cpuNs: number
  readonly bytes: Spread
}

/** Everything measured. */
export type JudgeResults = {
  readonly date: string
  readonly machine: Machine
  readonly rounds: number
  readonly guarded: readonly Stage[]
  readonly open: readonly Stage[]
  readonly refused: readonly Stage[]
}

/** `prepare`: what a run needs besides and is not measured. */
type Case = {
  readonly name: string
  readonly calls: number
  prepare?(): void
  run(at: number): number
}

const measureOnce = ({ run, calls }: Case) => {
  let sum = 0
  const allocated = getHeapStatistics().total_allocated_bytes
  const cpu = process.threadCpuUsage()
  const startedAt = performance.now()
  for (let at = 0; at < calls; at++) sum += run(at)
  const ns = ((performance.now() - startedAt) * 1e6) / calls
  const { user, system } = process.threadCpuUsage(cpu)
  const bytes = (getHeapStatistics().total_allocated_bytes - allocated) / calls
  if (!Number.isFinite(sum)) throw new Error('invariant: answers are numbers')
  return { ns, cpuNs: ((user + system) * 1_000) / calls, bytes }
}

const warmRounds = 3

/** The cases take turns; `between` two of them the gateway gets to renew what it knows. */
const measure = async (
  cases: readonly Case[],
  rounds: number,
  between: () => Promise<void>,
): Promise<readonly Stage[]> => {
  const found = cases.map((): ReturnType<typeof measureOnce>[] => [])
  for (let round = -warmRounds; round < rounds; round++)
    for (const [at, one] of cases.entries()) {
      await between()
      one.prepare?.()
      const measured = measureOnce(one)
      if (round >= 0) found[at]?.push(measured)
    }
  return cases.map(({ name }, at) => {
    const runs = found[at] ?? []
    return {
      name,
      ns: spreadOf(runs.map(({ ns }) => ns)),
      cpuNs: runs.reduce((sum, { cpuNs }) => sum + cpuNs, 0) / runs.length,
      bytes: spreadOf(runs.map(({ bytes }) => bytes)),
    }
  })
}

const live: Live = { kind: () => 'request', cut: () => {} }

const answerHeaders = [
  ...['Server', 'nginx/1.22.1', 'Date', 'Tue, 01 Dec 2026 10:00:00 GMT', 'Content-Type', 'text/plain'],
  ...['Content-Length', '1024', 'Connection', 'keep-alive'],
]

type Forward = Extract<Judgement, { act: 'forward' }>

const settled = (judgement: Judgement | Promise<Judgement>): Judgement => {
  if (judgement instanceof Promise) throw new Error('what is mirrored is answered in the same turn')
  return judgement
}

const passed = (judgement: Judgement | Promise<Judgement>): Forward => {
  const one = settled(judgement)
  if (one.act === 'answer') throw new Error(`refused: ${one.decision?.reason ?? 'for no reason'}`)
  return one
}

const refused = (judgement: Judgement | Promise<Judgement>): WholeResponse => {
  const one = settled(judgement)
  if (one.act === 'forward') throw new Error('a request that should be refused has passed')
  return one.response
}

const of = <T>(list: readonly T[], at: number): T => {
  const one = list[at % list.length]
  if (one === undefined) throw new Error('invariant: there are some')
  return one
}

const calls = 4_000

/** What each stage does with one request. */
const stagesOf = ({ rules, exchanges }: JudgeGround) => ({
  admit({ standing }: Forward): number {
    const reservation = exchanges.reserve(live)
    const { admitted } = reservation.admit(standing)
    reservation.release()
    if (!admitted) throw new Error('what was just permitted is admitted')
    return 1
  },
  told: (exchange: Exchange, { changes }: Forward): string[] =>
    rules.forRequest(exchange.headers, requestFacts(exchange, false), changes),
  written: ({ target, method }: Exchange, { changes }: Forward, headers: readonly string[]): number =>
    writeRequestHead({ method, target: target.raw, headers, tail: tailOf(changes), content: null }).text
      .length,
  answered: ({ changes }: Forward): number => rules.forResponse(answerHeaders, 200, changes).length,
})

/** More routes than permits are kept of, so that each request is decided anew; what else is known of people stays known. */
const anewCase = ({ judge, exchangeOf, cookies, guarded }: JudgeGround): Case => {
  const routes = 49
  const sent = Array.from({ length: routes }, (_, route) =>
    requestsOf(cookies, (at) => `/area-${((route + at) % routes) + 1}/${at}`),
  ).flat()
  let read: readonly Exchange[] = []
  return {
    ...{ name: 'judge, every time on another route', calls },
    prepare() {
      read = Array.from({ length: calls }, (_, at) => exchangeOf(of(sent, at), guarded))
    },
    run: (at) => passed(judge(of(read, at))).changes.setRequest.length,
  }
}

/** All stages of passing to this upstream. */
const passingCases = (ground: JudgeGround, upstream: UpstreamConfig): readonly Case[] => {
  const { judge, exchangeOf, cookies } = ground
  const { admit, told, written, answered } = stagesOf(ground)
  const sent = Array.from({ length: 8 }, (_, turn) =>
    requestsOf(cookies, (at) => `/patients/${4_100 + turn * 100 + at * 7}`),
  ).flat()
  let read: readonly Exchange[] = []
  let judged: readonly Forward[] = []
  let headers: readonly (readonly string[])[] = []
  const readAll = (): void => {
    read = Array.from({ length: calls }, (_, at) => exchangeOf(of(sent, at), upstream))
  }
  const judgeAll = (): void => {
    readAll()
    judged = read.map((exchange) => passed(judge(exchange)))
    headers = read.map((exchange, at) => told(exchange, of(judged, at)))
  }
  const stage = (name: string, prepare: () => void, run: Case['run']): Case => ({ name, calls, prepare, run })
  return [
    stage(
      'read',
      () => {},
      (at) => exchangeOf(of(sent, at), upstream).id.length,
    ),
    stage('judge', readAll, (at) => passed(judge(of(read, at))).changes.setRequest.length),
    stage('admit, release', judgeAll, (at) => admit(of(judged, at))),
    stage('request headers', judgeAll, (at) => told(of(read, at), of(judged, at)).length),
    stage('request written', judgeAll, (at) => written(of(read, at), of(judged, at), of(headers, at))),
    stage('answer headers', judgeAll, (at) => answered(of(judged, at))),
    stage(
      'all of it',
      () => {},
      (at) => {
        const exchange = exchangeOf(of(sent, at), upstream)
        const judgement = passed(judge(exchange))
        return (
          admit(judgement) + written(exchange, judgement, told(exchange, judgement)) + answered(judgement)
        )
      },
    ),
  ]
}

const pageHeaders = ['Sec-Fetch-Dest', 'document', 'Sec-Fetch-Mode', 'navigate', 'Accept', 'text/html']

const refusedCases = ({ judge, exchangeOf, cookies, guarded }: JudgeGround): readonly Case[] => {
  const refusing = (name: string, sent: readonly Sent[]): Case => ({
    ...{ name, calls: name.startsWith('a page') ? 500 : calls },
    run: (at) => refused(judge(exchangeOf(of(sent, at), guarded))).status,
  })
  const scripts = requestsOf(cookies, (at) => `/area-7/${at}`).map((one) => ({ ...one, method: 'DELETE' }))
  const strangers = cookies.map((cookie) => cookie.replace(/^sid=[^;]*; /, ''))
  const pages = (of: readonly string[], method: string): readonly Sent[] =>
    of.map((cookie, at) =>
      sentAs(method, `/area-7/${at}`, ['Host', 'app.example', 'Cookie', cookie, ...pageHeaders]),
    )
  return [
    refusing('a script without the permission', scripts),
    refusing(
      'a script, not signed in',
      requestsOf(strangers, (at) => `/patients/${at}`),
    ),
    refusing('a page without the permission', pages(cookies, 'DELETE')),
    refusing('a page, not signed in', pages(strangers, 'GET')),
  ]
}

/** Measures everything: under a minute. `date` is written down as handed in. */
export const benchJudge = async (date: string, say: (line: string) => void): Promise<JudgeResults> => {
  const rounds = 31
  say('signing everyone in …')
  const ground = await prepareJudge()
  try {
    say('requests that pass …')
    const guardedCases = [anewCase(ground), ...passingCases(ground, ground.guarded)]
    const all = await measure([...guardedCases, ...passingCases(ground, ground.open)], rounds, ground.renew)
    const [guarded, open] = [all.slice(0, guardedCases.length), all.slice(guardedCases.length)]
    say('requests that are refused …')
    const refused = await measure(refusedCases(ground), rounds, ground.renew)
    return { date, machine: describeMachine(), rounds, guarded, open, refused }
  } finally {
    await ground.close()
  }
}

const number = (value: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: 0 })

const rowsOf = (stages: readonly Stage[]): readonly string[] => [
  '| | processor ns | median ns by the watch | min | max | bytes |',
  '| --- | ---: | ---: | ---: | ---: | ---: |',
  ...stages.map(
    ({ name, ns, cpuNs, bytes }) =>
      `| ${name} | ${number(cpuNs)} | ${number(ns.median)} | ${number(ns.min)} | ${number(ns.max)} | ${number(bytes.median)} |`,
  ),
]

/** The results as a page to read, the JSON at its end. */
export const judgePage = (results: JudgeResults): string => {
  const { machine, date, rounds, guarded, open, refused } = results
  const [all, without] = [guarded.at(-1), open.at(-1)]
  const more = (all?.cpuNs ?? Number.NaN) - (without?.cpuNs ?? Number.NaN)
  return [
    '# What the controls cost on the way of a request',
    '',
    `Measured on ${date} by \`npm run bench judge\`: ${machine.cpu}, ${machine.cores} cores, ${number(machine.memoryBytes / 2 ** 30)} GiB,`,
    `${machine.platform}, Node ${machine.node}. The machine was not idle: others had the difference between processor time and`,
    'what the watch shows.',
    '',
    'The practice of `bench proxy` (1,000 networks, 21 windows, a second factor, permissions, 200 routes), 16 people with a',
    'browser’s headers. Open: the same requests where every route is public and nobody is identified. No socket is in it:',
    'a running gateway’s processor has more to do than this and forgets more between two requests, so that each of these',
    `costs more there (\`bench proxy\`). ${rounds} rounds in which every stage had a turn of ${number(calls)} requests.`,
    '',
    'A permit that still holds by its own word is given again, so that the usual stage decides nothing; the one with every',
    'request on another route does.',
    '',
    `**The controls cost ${number(more)} ns of processor time a request that passes.**`,
    '',
    '## Guarded',
    '',
    ...rowsOf(guarded),
    '',
    '## Open',
    '',
    ...rowsOf(open),
    '',
    '## Refused, with the reading',
    '',
    ...rowsOf(refused),
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
