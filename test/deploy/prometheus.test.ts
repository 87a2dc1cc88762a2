/**
 * Goal: alerts fire for what they are about and lead to a runbook; rules and dashboards ask only for figures that exist.
 * Method: promtool on the rules, their unit tests and every expression; the exposition of a running gateway and control plane.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { projectRoot } from '../support/cache-folder.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { findPromtool, type Promtool } from '../support/promtool.ts'

type Rule = {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: { readonly severity?: string }
  readonly annotations?: Readonly<Record<string, string>>
}
type Panel = { readonly title: string; readonly targets: readonly { readonly expr: string }[] }

const rulesFolder = join(projectRoot, 'deploy/prometheus')
const dashboardsFolder = join(projectRoot, 'deploy/grafana')
const runbooksFolder = join(projectRoot, 'docs/runbooks')

const read = (path: string): string => readFileSync(path, 'utf8')
const testFiles = readdirSync(rulesFolder).filter((name) => name.endsWith('.test.yml'))
const { groups } = parse(read(join(rulesFolder, 'gatehouse-rules.yml'))) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)
const dashboards = readdirSync(dashboardsFolder).map((name) => ({
  name,
  board: JSON.parse(read(join(dashboardsFolder, name))) as {
    readonly uid: string
    readonly panels: readonly (Panel & { readonly id: number })[]
  },
}))
const panels = dashboards.flatMap(({ board }) => board.panels)
// A dashboard's variable stands where Prometheus wants an expression of its own.
const asked = [
  ...rules.map(({ expr }) => expr),
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$instance', '.*'))),
]

let promtool: Promtool
let fleet: Fleet
let exposition: readonly string[]

beforeAll(async () => {
  ;[promtool, fleet] = await Promise.all([findPromtool(), startFleet({ gateways: 1 })])
  const addresses = [fleet.gateways[0]!.addresses.metrics, fleet.control().addresses.metrics]
  exposition = await Promise.all(addresses.map(async (address) => (await fetch(`${address}/metrics`)).text()))
})
afterAll(() => fleet.close())

test('the rules are rules, and their own tests hold', () => {
  expect(promtool(['check', 'rules', 'gatehouse-rules.yml'], { cwd: rulesFolder })).toMatchObject({
    ok: true,
  })
  const tested = promtool(['test', 'rules', ...testFiles], { cwd: rulesFolder })
  expect(tested.said.match(/SUCCESS/g)).toHaveLength(testFiles.length)
  expect(tested.ok).toBe(true)
})

test('every alert has a test in which it fires, a severity that says who is woken, and a runbook that names it', () => {
  const tests = testFiles.map((name) => read(join(rulesFolder, name))).join('\n')
  const alerts = rules.filter(({ alert }) => alert !== undefined)
  expect(alerts.length).toBeGreaterThan(10)
  for (const { alert = '', labels, annotations } of alerts) {
    expect(['page', 'ticket'], alert).toContain(labels?.severity)
    expect(annotations?.['summary'], alert).toMatch(/\S/)
    const runbook = annotations?.['runbook'] ?? ''
    expect(existsSync(join(projectRoot, runbook)), `${alert}: ${runbook}`).toBe(true)
    expect(read(join(projectRoot, runbook)), alert).toContain(alert)
    expect(
      new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n\\s+- exp_labels`).test(tests),
      `${alert} fires nowhere`,
    ).toBe(true)
  }
  const led = new Set(alerts.map(({ annotations }) => annotations?.['runbook']?.split('/').at(-1)))
  expect([...led].toSorted()).toEqual(readdirSync(runbooksFolder).toSorted())
})

test('rules, dashboards and runbooks ask for nothing that is not measured', () => {
  const measured = new Set(
    exposition.flatMap((text) =>
      [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    ),
  )
  const recorded = rules.flatMap(({ record }) => record ?? [])
  const runbooks = readdirSync(runbooksFolder).map((name) => read(join(runbooksFolder, name)))
  const names = new Set(
    [...asked, ...runbooks].flatMap((text) => text.match(/\b(?:gatehouse|nodejs|process)_[a-z0-9_]+/g) ?? []),
  )
  expect(names.size).toBeGreaterThan(20)
  expect([...names].filter((name) => !measured.has(name))).toEqual([])
  const wanted = asked.flatMap((text) => text.match(/\bgatehouse:[a-z0-9_:]+/g) ?? [])
  expect(wanted.filter((name) => !recorded.includes(name))).toEqual([])
})

test('every expression of a dashboard is one, and each board and panel has a name of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-boards-'))
  const expressions = asked.map((expr, at) => ({ record: `board:expression_${at}`, expr }))
  writeFileSync(
    join(folder, 'rules.json'),
    JSON.stringify({ groups: [{ name: 'boards', rules: expressions }] }),
  )
  const checked = promtool(['check', 'rules', '--lint=none', 'rules.json'], { cwd: folder })
  rmSync(folder, { recursive: true })
  expect(checked.said).toContain(`${asked.length} rules found`)
  expect(checked.ok).toBe(true)
  expect(new Set(dashboards.map(({ board }) => board.uid)).size).toBe(dashboards.length)
  for (const { name, board } of dashboards)
    expect(new Set(board.panels.map(({ title }) => title)).size, name).toBe(board.panels.length)
})

test('promtool finds nothing wrong with what is exposed, and docs/metrics.md has all of it', () => {
  const documented = read(join(projectRoot, 'docs/metrics.md'))
  for (const text of exposition) {
    expect(promtool(['check', 'metrics'], { input: text })).toEqual({ ok: true, said: '' })
    const own = [...text.matchAll(/^# TYPE (gatehouse_\S+) (\S+)/gm)]
    for (const [, name = '', type] of own) {
      const help = new RegExp(`^# HELP ${name} (.*)$`, 'm').exec(text)?.[1]
      expect(documented).toContain(`| \`${name}\` | ${type} | ${help} |`)
    }
  }
})
