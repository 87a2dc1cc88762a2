/**
 * The hours of somebody whom the hour refuses: when it opens, what time it is, and a picture of their week.
 *
 * Data in, HTML out. Invariant: what the picture shows stands beside it as text, so that nobody has to see it; it has no script
 * and no style of its own, only bars whose places are minutes of the day. A table of hours was refused: a stripe shows at
 * once whether now lies before, between or after the hours.
 */

import { html } from 'hono/html'
import type { Instant } from '../../policies/instant.ts'
import { hoursTexts } from './texts-gateway.ts'
import { labels, labelTexts } from './texts-labels.ts'

/** A day of the week as the practice's wall shows it; times `HH:MM`, the end at most `24:00`. */
export type ShownDay = {
  readonly name: string
  readonly isToday: boolean
  readonly hours: readonly { readonly start: string; readonly end: string }[]
}

/** Hours, ready to read. */
export type HoursView = {
  /** The moment of the page, and the same in the practice's zone. */
  readonly at: Instant
  readonly zone: string
  readonly now: string
  /** `HH:MM` on the practice's wall, for the mark in the picture. */
  readonly clock: string
  /** Monday to Sunday; empty: not known. */
  readonly week: readonly ShownDay[]
  /** When it opens; `span`: how long that is, `leftMs` the same. `null`: never by itself. */
  readonly opens: { readonly text: string; readonly span: string; readonly leftMs: number } | null
  /** After how long the page comes back by itself, in milliseconds; `null`: it does not. */
  readonly backMs: number | null
}

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))

const dayMinutes = 1_440
const markMinutes = 10

/** One day as a stripe of 1,440 minutes; `clock`: where now is, `null`: on another day. */
const stripe = (day: ShownDay, clock: string | null) =>
  html`<svg class="day" viewBox="0 0 ${dayMinutes} 10" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="shut" width="${dayMinutes}" height="10"/>${day.hours.map(
    ({ start, end }) =>
      html`<rect class="open" x="${minutesOf(start)}" width="${minutesOf(end) - minutesOf(start)}" height="10"/>`,
  )}${clock === null ? '' : html`<rect class="now" x="${Math.min(minutesOf(clock), dayMinutes - markMinutes)}" width="${markMinutes}" height="10"/>`}</svg>`

const timesOf = ({ hours, isToday }: ShownDay) =>
  html`${hours.length === 0 ? labelTexts.closed : hours.map(({ start, end }, at) => html`${at === 0 ? '' : ', '}<span>${start}–${end}</span>`)}${isToday ? labelTexts.today : ''}`

const weekPart = ({ week, clock }: HoursView) =>
  week.length === 0
    ? ''
    : html`<h2>${hoursTexts.week}</h2>
<ul class="week"><li class="axis" aria-hidden="true"><span></span><span class="hours"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></span></li>${week.map(
        (day) =>
          html`<li${day.isToday ? html` class="today"` : day.hours.length === 0 ? html` class="off"` : ''}><span>${day.name}</span> ${stripe(day, day.isToday ? clock : null)} <span class="times">${timesOf(day)}</span></li>`,
      )}</ul>`

const numbers = ({ at, zone, opens, backMs }: HoursView) =>
  html` data-at="${at}" data-zone="${zone}"${opens === null ? '' : html` data-left="${opens.leftMs}"`}${backMs === null ? '' : html` data-back="${backMs}"`}`

/** When it opens and what time it is, then the week. The page needs `pageScript` too. */
export const hoursPart = (view: HoursView) => html`<dl class="facts" id="hours"${numbers(view)}>
${view.opens === null ? '' : html`<div class="large"><dt>${labels.opens}</dt><dd>${view.opens.text}, <span id="left">${labelTexts.inSpan(view.opens.span)}</span></dd></div>`}
<div><dt>${labels.dateAndTime}</dt><dd>${view.now}</dd></div>
<div id="here" hidden><dt>${labels.whereYouAre}</dt><dd><span id="here-now"></span><span id="here-opens" hidden>${labelTexts.opensHere}<span id="here-opens-at"></span></span></dd></div>
</dl>
${view.opens === null ? html`<p>${hoursTexts.neverAgain}</p>` : ''}
${view.backMs === null ? '' : html`<p>${hoursTexts.goesOn}</p>`}
${weekPart(view)}`
