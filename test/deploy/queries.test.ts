/**
 * Goal: every figure of a dashboard, and every expression of a rule, says something when people use Gatehouse.
 * Method: a real Prometheus scrapes a gateway and a control plane while people work and are refused; every query asked.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Board, drawBoard } from '../support/board-drawing.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'
import { type PrometheusServer, startPrometheus } from '../support/prometheus-server.ts'

const boards = join(projectRoot, 'deploy/grafana')
const read = (path: string): string => readFileSync(path, 'utf8')
const queries = readdirSync(boards).flatMap((name) => {
  const { panels } = JSON.parse(read(join(boards, name))) as {
    readonly panels: readonly {
      readonly title: string
      readonly targets: readonly { readonly expr: string }[]
    }[]
  }
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ of: `${name}: ${title}`, expr: expr.replaceAll('$instance', '.*') })),
  )
})
const { groups } = parse(read(join(projectRoot, 'deploy/prometheus/gatehouse-rules.yml'))) as {
  readonly groups: readonly {
    readonly rules: readonly { readonly record?: string; readonly alert?: string; readonly expr: string }[]
  }[]
}
const rules = groups.flatMap((group) => group.rules)

/** Asks again until a query has an answer; 20 s at most. */
const answered = async (query: string): Promise<void> => {
  for (const deadline = performance.now() + 20_000; (await prometheus.ask(query)).length === 0; ) {
    if (performance.now() > deadline) throw new Error(`no answer to ${query}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

let fleet: Fleet
let prometheus: PrometheusServer
beforeAll(async () => {
  fleet = await startFleet({ gateways: 1 })
  const hostOf = (origin: string): string => new URL(origin).host
  const { application, metrics } = fleet.gateways[0]!.addresses
  prometheus = await startPrometheus({
    'gatehouse-gateway': [hostOf(metrics)],
    'gatehouse-admin': [hostOf(fleet.control().addresses.metrics)],
  })
  const work = async (): Promise<void> => {
    const fiona = createClient(application)
    await signInWell(fiona, 'fiona')
    for (let n = 0; n < 5; n += 1) {
      await fiona.get('/api/schedule', { navigation: false })
      await createClient(application).get('/schedule')
    }
    await fiona.get('/patients/%2e%2e/x')
  }
  await work()
  // A counter that is first seen at its last value has no rate.
  await answered('count_over_time(gatehouse_decisions_total[1m]) > 2')
  await work()
  await answered('rate(gatehouse_decisions_total{reason="ok"}[1m]) > 0')
}, 90_000)
afterAll(async () => {
  await prometheus?.close()
  await fleet?.close()
})

/** What says something only after what did not happen here, by a word of the query. */
const unhappened: readonly (readonly [word: string, why: string])[] = [
  ['mode="monitor"', 'no control only watches'],
  ['verdict="challenge"', 'nobody is asked for a second factor'],
  ['by (reason) (rate(gatehouse_decisions_total{verdict="deny"', 'nobody is denied'],
  ['gatehouse_exchanges_cut_total', 'nobody is cut off'],
]
const mayBeEmpty = (expr: string): boolean => unhappened.some(([word]) => expr.includes(word))

test('every figure of a dashboard has data, but for what did not happen', async () => {
  expect(queries.length).toBeGreaterThan(50)
  const empty: string[] = []
  for (const { of, expr } of queries)
    if ((await prometheus.ask(expr)).length === 0 && !mayBeEmpty(expr)) empty.push(`${of}: ${expr}`)
  for (const [word] of unhappened)
    expect(
      queries.some(({ expr }) => expr.includes(word)),
      word,
    ).toBe(true)
  expect(empty).toEqual([])
}, 60_000)

test('every recorded figure is there, and no alert fires while all is well', async () => {
  for (const { record, expr } of rules)
    if (record !== undefined) expect((await prometheus.ask(record)).length, expr).toBeGreaterThan(0)
  for (const { alert, expr } of rules) if (alert !== undefined) await prometheus.ask(expr)
  const firing = (await prometheus.ask('ALERTS{alertstate="firing"}')).map(
    ({ metric }) => metric['alertname'],
  )
  expect(firing).toEqual([])
}, 60_000)

/** Where the boards are left as pictures, for somebody who wants to look; else they are drawn and thrown away. */
const kept = process.env['BOARD_PICTURES']

test('each board can be drawn with what Prometheus answers, and a panel without data says so', async () => {
  for (const name of readdirSync(boards)) {
    const board = JSON.parse(read(join(boards, name))) as Board
    const { svg, empty } = await drawBoard(board, prometheus, 30)
    expect(svg.match(/<polyline|class="stat"/g)?.length ?? 0, name).toBeGreaterThan(3)
    expect(svg.match(/>no data</g)?.length ?? 0).toBe(empty.length)
    expect(empty.length, `${name}: ${empty.join(', ')}`).toBeLessThan(5)
    if (kept === undefined) continue
    mkdirSync(kept, { recursive: true })
    writeFileSync(join(kept, name.replace('.json', '.svg')), svg)
  }
}, 60_000)
