/**
 * A dashboard's panels as one SVG, with what a real Prometheus answers: enough to see whether a board shows anything.
 *
 * Not Grafana, and not what it draws: no units but the panel's own word, one scale for each panel, no colours by
 * threshold. Invariant: a panel without data says so in its place, so that a picture hides nothing.
 */
import type { PrometheusServer, Series } from './prometheus-server.ts'

/** A board as its file has it. */
export type Board = {
  readonly title: string
  readonly panels: readonly {
    readonly title: string
    readonly type: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[]
    readonly fieldConfig: { readonly defaults: { readonly unit?: string } }
  }[]
}

const [column, row, margin] = [44, 34, 8]
const colours = ['#228be6', '#40c057', '#fab005', '#fa5252', '#7950f2', '#15aabf', '#e64980', '#868e96']

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const shown = (value: number, unit: string): string =>
  unit === 'percentunit'
    ? `${(value * 100).toPrecision(3)} %`
    : `${Number(value.toPrecision(3)).toLocaleString('en-US')}${unit === 's' ? ' s' : ''}`

const nameOf = (format: string | undefined, { metric }: Series): string =>
  (format ?? '').replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => metric[label] ?? '')

type Line = { readonly name: string; readonly points: readonly (readonly [number, number])[] }

const linesOf = async (
  targets: Board['panels'][number]['targets'],
  prometheus: PrometheusServer,
  seconds: number,
): Promise<readonly Line[]> => {
  const lines: Line[] = []
  for (const { expr, legendFormat } of targets)
    for (const series of await prometheus.askRange(expr.replaceAll('$instance', '.*'), seconds)) {
      const points = (series.values ?? [])
        .map(([at, text]) => [at, Number(text)] as const)
        .filter(([, value]) => Number.isFinite(value))
      if (points.length > 0) lines.push({ name: nameOf(legendFormat, series), points })
    }
  return lines
}

const drawLines = (lines: readonly Line[], width: number, height: number, unit: string): string => {
  const all = lines.flatMap(({ points }) => points)
  const [from, to] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))]
  const top = Math.max(...all.map(([, value]) => value), 1e-9)
  const place = ([at, value]: readonly [number, number]): string =>
    `${(((at - from) / Math.max(1, to - from)) * width).toFixed(1)},${(height - (Math.max(0, value) / top) * height).toFixed(1)}`
  const columns = lines.some(({ name }) => name.length > 18) ? 2 : 4
  const drawn = lines.slice(0, colours.length).map(
    ({ name, points }, at) =>
      `<polyline points="${points.map(place).join(' ')}" fill="none" stroke="${colours[at]}" stroke-width="1.5"/>
      <text class="small" x="${(at % columns) * (width / columns)}" y="${height + 14 + 12 * Math.floor(at / columns)}" fill="${colours[at]}">${escaped(name.slice(0, 24))}</text>`,
  )
  return `<line x1="0" y1="${height}" x2="${width}" y2="${height}" stroke="#ced4da"/><text class="small" x="${width}" y="9" text-anchor="end">${shown(top, unit)}</text>${drawn.join('')}`
}

/** The board over the last so many seconds, and the titles of its panels without data. */
export async function drawBoard(
  board: Board,
  prometheus: PrometheusServer,
  seconds: number,
): Promise<{ readonly svg: string; readonly empty: readonly string[] }> {
  const empty: string[] = []
  const parts: string[] = []
  let bottom = 0
  for (const { title, type, gridPos, targets, fieldConfig } of board.panels) {
    const [x, y] = [gridPos.x * column, 40 + gridPos.y * row]
    const [width, height] = [gridPos.w * column - margin, gridPos.h * row - margin]
    bottom = Math.max(bottom, y + height)
    const unit = fieldConfig.defaults.unit ?? ''
    const lines = await linesOf(targets, prometheus, seconds)
    if (lines.length === 0) empty.push(title)
    const last = lines[0]?.points.at(-1)?.[1]
    const inside =
      last === undefined
        ? `<text class="none" x="${width / 2}" y="${height / 2}" text-anchor="middle">no data</text>`
        : type === 'stat'
          ? `<text class="stat" x="${width / 2}" y="${height / 2 + 16}" text-anchor="middle">${shown(last, unit)}</text>`
          : `<g transform="translate(10,34)">${drawLines(lines, width - 20, height - 76, unit)}</g>`
    parts.push(
      `<g transform="translate(${x + margin / 2},${y})"><rect width="${width}" height="${height}" rx="4" fill="#fff" stroke="#dee2e6"/><text class="title" x="10" y="20">${escaped(title)}</text>${inside}</g>`,
    )
  }
  const [width, height] = [24 * column + margin, bottom + margin]
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>text { font: 13px system-ui, sans-serif; fill: #212529 } .title { font-weight: 600 } .small { font-size: 10px } .stat { font-size: 26px; font-weight: 600 } .none { fill: #868e96 }</style>
<rect width="100%" height="100%" fill="#f1f3f5"/><text class="title" x="12" y="26">${escaped(board.title)} (drawn by a test, not by Grafana)</text>
${parts.join('\n')}
</svg>
`
  return { svg, empty }
}
