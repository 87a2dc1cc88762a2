/**
 * "My sessions and security": where somebody is signed in, their second factor, what they asked for, what was refused to them.
 *
 * Data in, HTML out. Invariant: it shows one person's own facts; ending a session is a form of its own with the token, and the
 * session that one looks from has none, so that nobody shuts themselves out by a slip.
 */

import { html } from 'hono/html'
import type { Reason } from '../../policies/decision.ts'
import { page } from '../../runtime/pages/page.ts'
import { reasonTexts } from '../../runtime/pages/texts.ts'
import { accountTexts } from '../../runtime/pages/texts-account.ts'
import { labels, labelTexts } from '../../runtime/pages/texts-labels.ts'
import { factorPartTexts } from '../../runtime/pages/texts-second-factor.ts'
import { doneForm, hiddenFields, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'

/** A session as it is shown; moments are ready to read. */
export type ShownSession = {
  readonly id: string
  readonly device: string
  readonly address: string
  readonly started: string
  readonly lastSeen: string
  /** How they signed in, and the second factor where one was shown. */
  readonly way: string
  readonly held: boolean
  /** The one that they look from. */
  readonly isThis: boolean
}

/** A request or leave as it is shown. `mark`: how it stands; `notes`: what else is to be said. */
export type ShownRequest = {
  readonly title: string
  readonly status: string
  readonly mark: 'good' | 'wait' | 'stop' | 'calm'
  readonly notes: readonly string[]
}

/** A refusal as it is shown. */
export type ShownRefusal = {
  readonly reason: Reason
  readonly practice: string | null
  readonly when: string
  readonly address: string
  readonly code: string | null
  readonly count: number
}

/** What the page shows. */
export type AccountView = {
  readonly frame: PortalFrame
  readonly sessions: readonly ShownSession[]
  /** How many more there are that are not shown. */
  readonly more: number
  /** What was just done, one sentence; `null`: nothing. */
  readonly said: string | null
  readonly factors: number
  readonly recoveryCodesLeft: number
  readonly requests: readonly ShownRequest[]
  readonly refusals: readonly ShownRefusal[]
}

const endForm = (frame: PortalFrame, { id, device, isThis }: ShownSession) =>
  isThis
    ? ''
    : html`<form method="post" action="/account/end">${hiddenFields(frame, { session: id })}<button class="small">${labelTexts.end}<span class="unseen">${labelTexts.theSession(device)}</span></button></form>`

const markOf = ({ isThis, held }: ShownSession) => {
  if (isThis) return html`<span class="mark good">${labels.thisBrowser}</span>`
  return held ? html`<span class="mark wait">${labels.waitsForAStep}</span>` : ''
}

const sessionLine = (frame: PortalFrame, session: ShownSession) =>
  html`<li><span class="name">${session.device}</span> ${markOf(session)}${endForm(frame, session)}<span class="note">${labelTexts.seen(session.address, session.lastSeen)}</span><span class="note">${labelTexts.signedIn(session.started, session.way)}</span></li>`

const sessions = ({ frame, sessions, more }: AccountView) => {
  const others = sessions.filter(({ isThis }) => !isThis).length + more
  return html`<h2>${labels.whereYouAreSignedIn}</h2>
<ul class="rows">${sessions.map((session) => sessionLine(frame, session))}</ul>
${more === 0 ? '' : html`<p class="hint">${accountTexts.more(more)}</p>`}
${
  others === 0
    ? html`<p class="hint">${labels.nowhereElse}</p>`
    : html`<p class="hint">${accountTexts.unknownSession}</p>
<form method="post" action="/account/end">${hiddenFields(frame, { session: 'others' })}
<div class="doing"><button>${labelTexts.endOthers(others)}</button></div></form>`
}`
}

const factor = ({ factors, recoveryCodesLeft }: AccountView) => html`<h2>${labels.secondFactor}</h2>
<ul class="rows"><li><span class="name">${
  factors === 0 ? labels.noneIsSetUp : factors === 1 ? labels.oneIsSetUp : labelTexts.areSetUp(factors)
}</span> <a href="/">${factors === 0 ? labels.setOneUp : labels.lookAfterIt}</a>${
  factors === 0
    ? html`<span class="note">${factorPartTexts.whyOne}</span>`
    : html`<span class="note">${recoveryCodesLeft === 0 ? factorPartTexts.noCodesLeft : accountTexts.codesLeft(recoveryCodesLeft)}</span>`
}</li></ul>`

const requests = ({ requests }: AccountView) => html`<h2>${labels.requestsAndLeave}</h2>
${
  requests.length === 0
    ? html`<p class="hint">${accountTexts.noRequests}</p>`
    : html`<ul class="rows">${requests.map(
        ({ title, status, mark, notes }) =>
          html`<li><span class="name">${title}</span> <span class="mark ${mark}">${status}</span>${notes.map((note) => html`<span class="note">${note}</span>`)}</li>`,
      )}</ul>`
}`

const refusalLine = ({ reason, practice, when, address, code, count }: ShownRefusal) =>
  html`<li><span class="name">${reasonTexts[reason].title}</span>${code === null ? '' : html` <span class="code">${code}</span>`}<span class="note">${when}${count > 1 ? labelTexts.times(count) : ''}${practice === null ? '' : ` · ${practice}`} · ${labelTexts.from(address)}</span></li>`

const refusals = ({ refusals }: AccountView) => html`<h2>${labels.refusedInTheLast30Days}</h2>
${
  refusals.length === 0
    ? html`<p class="hint">${accountTexts.noRefusals}</p>`
    : html`<ul class="rows">${refusals.map(refusalLine)}</ul>
<p class="hint">${accountTexts.refusals}</p>`
}`

/** The page as HTML, 12 kB; the longest with its logo stays below 30 kB. */
export const accountPage = (view: AccountView): string =>
  page({
    title: labels.mySessionsAndSecurity,
    practice: view.frame.brand,
    body: html`${whoLine(view.frame)}
${view.said === null ? '' : html`<p class="banner good" role="status">${view.said}</p>`}
${sessions(view)}
${factor(view)}
${requests(view)}
${refusals(view)}
${doneForm(view.frame, labels.done)}
${notYouLine(view.frame)}`,
  })
