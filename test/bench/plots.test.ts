/**
 * Goal: what README says was measured is what a page of results says, and pictures show figures as they are.
 * Method: README's table held against the page it names; a chart drawn of known figures; every kept picture well formed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawBars } from '../../bench/bar-chart.ts'
import { measuredPart, proxyTable, readResults, scaleTable } from '../../bench/plots.ts'
import { projectRoot } from '../support/cache-folder.ts'

const folder = join(projectRoot, 'bench/results')

test('README’s table has the figures of the page that it names', () => {
  const part = measuredPart(readFileSync(join(projectRoot, 'README.md'), 'utf8')) ?? ''
  const [, name = ''] = /bench\/results\/(proxy-[\d-]+)\.md/.exec(part) ?? []
  const results = readResults(folder, name)
  expect(results, name).not.toBeNull()
  if (results !== null) expect(part).toBe(proxyTable(results, name).join('\n'))
})

test('what is reckoned for a million people follows from the pages that it names', () => {
  const part = measuredPart(readFileSync(join(projectRoot, 'docs/scale.md'), 'utf8')) ?? ''
  const [, name = ''] = /results\/(proxy-[\d-]+)\.md/.exec(part) ?? []
  expect(part).toBe(scaleTable(folder, name)?.join('\n'))
})

test('bars share one scale from zero, ours are found, and every figure is told in words too', () => {
  const bar = (name: string, value: number, ours = false) => ({ of: 'A & B', name, value, ours })
  const svg = drawBars({
    title: 'T <1>',
    note: 'N',
    bars: [bar('one', 100), bar('half', 50, true), bar('none', 0)],
  })
  const widths = [...svg.matchAll(/<rect class="([^"]+)"[^>]* width="([\d.]+)"/g)].map(([, kind, text]) => [
    kind,
    Number(text),
  ])
  expect(widths).toEqual([
    ['bar', 400],
    ['bar ours', 200],
    ['bar', 1],
  ])
  expect(svg).toContain('T &lt;1&gt;')
  expect(svg).toContain('A &amp; B: one 100; A &amp; B: half 50; A &amp; B: none 0')
  expect(svg.match(/A &amp; B<\/text>/g)).toHaveLength(1)
})

test('every picture that is kept is one, and says of which day its figures are', () => {
  const names = readdirSync(join(folder, 'plots'))
  expect(names.length).toBeGreaterThan(2)
  for (const name of names) {
    const svg = readFileSync(join(folder, 'plots', name), 'utf8')
    expect(svg, name).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
    expect(svg, name).toMatch(/class="note"[^>]*>\d{4}-\d\d-\d\d/)
    expect(svg, name).not.toMatch(/NaN|undefined|<script/)
  }
})
