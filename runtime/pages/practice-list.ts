/**
 * The practices of somebody who has several, each with whether they may come in now, and the way there.
 *
 * Data in, HTML out. Invariant: a link leads only where access is allowed now, or where a step of the visitor's own opens
 * it; whatever the colour of a mark says, its words say too.
 */

import { html } from 'hono/html'
import { emergencyOnLine } from './emergency-line.ts'
import { page } from './page.ts'
import { practicesTexts } from './texts-gateway.ts'
import { labels, labelTexts } from './texts-labels.ts'

/** A practice of the visitor's. */
export type PracticeRow = {
  readonly name: string
  /** `open`: allowed now; `step`: after a second factor; `closed`: the hour refuses; `refused`: something else does. */
  readonly state: 'open' | 'step' | 'closed' | 'refused'
  /** The same in words: "Access allowed now", "Closed until …". */
  readonly words: string
  /** What to do about it, or what else is to be said; empty: nothing. */
  readonly note: string
  /** The way in; `null`: there is none, or the application has it. */
  readonly href: string | null
  /** Where access to it can be asked for; `null`: it cannot. */
  readonly ask: string | null
}

const marks = { open: 'good', step: 'wait', closed: 'calm', refused: 'stop' } as const

const row = ({ name, state, words, note, href, ask }: PracticeRow) =>
  html`<li>${href === null ? html`<span class="name">${name}</span>` : html`<a class="name" href="${href}">${name}</a>`} <span class="mark ${marks[state]}">${words}</span>${note === '' ? '' : html`<span class="note">${note}</span>`}${ask === null ? '' : html`<span class="note"><a href="${ask}">${practicesTexts.ask}<span class="unseen"> ${practicesTexts.to(name)}</span></a></span>`}</li>`

/** The list. */
export const practiceList = (rows: readonly PracticeRow[]) => html`<ul class="rows">${rows.map(row)}</ul>`

const summary = (rows: readonly PracticeRow[]): string => {
  const open = rows.filter(({ state }) => state === 'open').length
  return practicesTexts.summary(open, rows.length)
}

/** The page of one's practices. `emergencyUntil`: of emergency access that is on, ready to read; `null`: it is not. */
export const practicesPage = (view: {
  readonly rows: readonly PracticeRow[]
  readonly emergencyUntil: string | null
}): string =>
  page({
    title: labelTexts.yours(view.rows.length),
    practice: null,
    body: html`${emergencyOnLine(view.emergencyUntil)}
${
  view.rows.length === 0
    ? html`<p>${practicesTexts.none}</p>`
    : html`<p>${summary(view.rows)}</p>${practiceList(view.rows)}`
}
<p class="last"><a href="/.gatehouse/account">${labels.mySessionsAndSecurity}</a></p>`,
  })
