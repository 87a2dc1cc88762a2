/**
 * A chart of horizontal bars as an SVG: names at the left, figures at the right, one bar each.
 *
 * It knows nothing of what was measured. Invariant: bars begin at zero and share one scale, so that lengths compare as the
 * figures do; colours follow the reader's light or dark page, and the figure stands as text beside each bar.
 */

/** One bar. `ours`: drawn to be found. `of`: the group it stands in, in the order of the first of each. */
export type Bar = {
  readonly of: string
  readonly name: string
  readonly value: number
  readonly ours: boolean
}

/** A chart. `unit`: what the figures are; it stands in the title. */
export type Chart = {
  readonly title: string
  readonly note: string
  readonly bars: readonly Bar[]
}

const [width, left, right, rowHeight, barHeight] = [760, 270, 90, 24, 14]
const [titleHeight, groupHeight, noteHeight] = [44, 34, 30]

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const shown = (value: number): string =>
  value >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 3 })

const style = `
    text { font: 13px system-ui, sans-serif; fill: #1f2933 }
    .title { font-size: 16px; font-weight: 600 }
    .group { font-weight: 600 }
    .note { font-size: 12px; fill: #52606d }
    .bar { fill: #9aa5b1 }
    .ours { fill: #0b6e4f }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e7eb } .note { fill: #9aa5b1 } .bar { fill: #616e7c } .ours { fill: #3ebd93 }
    }`

/** The chart as the text of an SVG file. */
export function drawBars({ title, note, bars }: Chart): string {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const lines: string[] = []
  let y = titleHeight
  let group = ''
  for (const { of, name, value, ours } of bars) {
    if (of !== group) {
      group = of
      y += groupHeight
      lines.push(`<text class="group" x="16" y="${y - 10}">${escaped(of)}</text>`)
    }
    const length = Math.max(1, ((width - left - right) * value) / longest)
    const middle = y + rowHeight / 2
    lines.push(
      `<text x="${left - 10}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="${ours ? 'bar ours' : 'bar'}" x="${left}" y="${middle - barHeight / 2}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>`,
      `<text x="${(left + length + 8).toFixed(1)}" y="${middle + 4}">${shown(value)}</text>`,
    )
    y += rowHeight
  }
  const height = y + noteHeight
  const told = bars.map(({ of, name, value }) => `${of === '' ? '' : `${of}: `}${name} ${shown(value)}`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title told">
  <title id="title">${escaped(title)}</title>
  <desc id="told">${escaped(told.join('; '))}</desc>
  <style>${style}
  </style>
  <text class="title" x="16" y="30">${escaped(title)}</text>
  ${lines.join('\n  ')}
  <text class="note" x="16" y="${height - 10}">${escaped(note)}</text>
</svg>
`
}
