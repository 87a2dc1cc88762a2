// What pages are made of besides HTML: the style sheet, the script and the icon.
//
// Not a file server: three fixed names, read once at start.
// Invariant: the row classes fit the grid of the schedule, because both come from the same constants.
// Refused: inline styles for the place of a visit; a strict style policy would have to allow them all.

import { readFileSync } from 'node:fs'
import { dayClosesMinute, dayOpensMinute, gridMinutes, visitMinutesMax } from './appointments.ts'
import type { DeskApp } from './desk.ts'

const styleParts = ['frame.css', 'content.css', 'schedule.css']

function readAsset(name: string): string {
  return readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8')
}

function rowRules(): string {
  const rows = Array.from({ length: (dayClosesMinute - dayOpensMinute) / gridMinutes }, (_, row) => row)
  const spans = Array.from({ length: visitMinutesMax / gridMinutes }, (_, at) => at + 1)
  return [
    `.slots { grid-template-rows: repeat(${rows.length}, var(--row)); }`,
    ...rows.map((row) => `.at-${row} { grid-row-start: ${row + 1}; }`),
    ...spans.map((span) => `.for-${span} { grid-row-end: span ${span}; }`),
    '',
  ].join('\n')
}

/** Adds /assets/app.css, /assets/app.js and /assets/mark.svg. */
export function addAssetRoutes(app: DeskApp): void {
  const assets = [
    ['app.css', 'text/css; charset=utf-8', [...styleParts.map(readAsset), rowRules()].join('\n')],
    ['app.js', 'text/javascript; charset=utf-8', readAsset('app.js')],
    ['mark.svg', 'image/svg+xml', readAsset('mark.svg')],
  ] as const
  for (const [name, contentType, content] of assets) {
    app.get(`/assets/${name}`, (c) => {
      c.header('Content-Type', contentType)
      c.header('Cache-Control', 'public, max-age=300')
      return c.body(content)
    })
  }
}
