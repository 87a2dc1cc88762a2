/**
 * The one script of the gateway's own pages: it waits for a change, counts down to an opening, and tells the visitor's own time.
 *
 * Pages are complete without it: they load again by themselves (`Refresh`) and say the practice's time. Invariant: one fixed text,
 * allowed by its hash; what differs from page to page is an attribute, so that no value of anybody's is ever part of a
 * script. It counts what has passed and asks no clock of the visitor's: one that is wrong by an hour tells no wrong hour here.
 */
import { hash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { pagePolicy } from './page.ts'

/**
 * Two parts, each for pages that have its element. A computer that slept through the opening loads the page when it is
 * looked at again, since browsers let `Refresh` sleep too; how long it slept is all that its clock is asked.
 */
const script = `
const wait = document.getElementById('wait'), hours = document.getElementById('hours')
if (wait) (async () => { try { const answer = await fetch(wait.dataset.changes, { cache: 'no-store' }); if (answer.ok && (await answer.json()).changed) location.reload() } catch {} })()
if (hours) {
  const began = performance.now(), woke = Date.now(), { at, left, back, zone } = hours.dataset
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const wall = (ms, timeZone) => new Intl.DateTimeFormat('en-US', { weekday: 'long', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short', timeZone }).format(ms)
  const clock = (ms, timeZone) => new Intl.DateTimeFormat('en-US', { dateStyle: 'short', timeStyle: 'short', timeZone }).format(ms)
  const part = (name) => document.getElementById(name)
  const span = (ms) => { const minutes = Math.max(1, Math.ceil(ms / 60000)); const shown = [[Math.floor(minutes / 1440), 'd'], [Math.floor(minutes / 60) % 24, 'h'], [minutes % 60, 'min']]; const first = shown.findIndex(([count]) => count > 0); return shown.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => count + ' ' + unit).join(' ') }
  const show = () => {
    const passed = performance.now() - began, now = Number(at) + passed
    if (left !== undefined) part('left').textContent = passed < Number(left) ? 'in ' + span(Number(left) - passed) : 'now'
    if (clock(now, own) === clock(now, zone)) return
    part('here').hidden = false
    part('here-now').textContent = wall(now, own)
    if (left === undefined) return
    part('here-opens').hidden = false
    part('here-opens-at').textContent = wall(Number(at) + Number(left), own)
  }
  show()
  setInterval(show, 15000)
  if (back !== undefined) document.addEventListener('visibilitychange', () => { if (!document.hidden && Date.now() - woke > Number(back)) location.reload() })
}
`

/** `Content-Security-Policy` of a page with this script: it and nothing else runs, and asks this origin alone. */
const scriptedPolicy = `${pagePolicy}; script-src 'sha256-${hash('sha256', script, 'base64')}'; connect-src 'self'`

/** The script, to stand last on a page. */
export const pageScript: HtmlEscapedString | Promise<HtmlEscapedString> =
  html`<script>${raw(script)}</script>`

const scriptText = String(pageScript)

/** `Content-Security-Policy` of a page made here, with the script or without: values are escaped, so none is taken for it. */
export const policyFor = (whole: string): string => (whole.includes(scriptText) ? scriptedPolicy : pagePolicy)

/** What the script waits with; `changes`: the same-origin path that it asks. */
export const waitMark = (changes: string): HtmlEscapedString | Promise<HtmlEscapedString> =>
  html`<div id="wait" data-changes="${changes}"></div>`
