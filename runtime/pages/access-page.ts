/**
 * Asking for access, with a held sign-in or signed in: where somebody's requests stand, a form to ask, and the wait for an answer.
 *
 * Data in, HTML out; who may ask for what was decided elsewhere. Invariant: it works without script (the waiting page's
 * only shortens the wait), shows only the
 * visitor's own practices and address, and reloads only while nothing is being typed. An application of its own was
 * refused: this page must render on the worst day.
 */

import { html } from 'hono/html'
import { emergencyLine, emergencyOnLine } from './emergency-line.ts'
import { type HoursView, hoursPart } from './hours-part.ts'
import { type Brand, page } from './page.ts'
import { pageScript, waitMark } from './page-script.ts'
import { type PracticeRow, practiceList } from './practice-list.ts'
import { reasonTexts } from './texts.ts'
import { accessTexts } from './texts-gateway.ts'
import { labels, labelTexts } from './texts-labels.ts'

/** A practice with the visitor's request there. */
export type AccessRow = {
  readonly practice: string
  readonly name: string
  readonly status: 'not-requested' | 'pending' | 'approved' | 'rejected'
  /** The reviewer's note, or why an earlier request counts no more; empty: none. */
  readonly note: string
  /** When they may ask again, ready to read; `null`: now, or there is no need. */
  readonly askAgain: string | null
  /** Whether it can be asked for now. */
  readonly open: boolean
  /** Whom to contact where no requests are taken; empty: not told. */
  readonly contact: string
}

/** What the page shows. */
export type AccessView = {
  /** `ask`: a form; `wait`: somebody else's turn; `again`: approved, but the sign-in has run out. */
  readonly state: 'ask' | 'wait' | 'again'
  readonly kind: 'ip' | 'time'
  /** Whether their sign-in waits here; else they are signed in, and came from a page or another practice. */
  readonly isHeld: boolean
  /** Whose page it is: the only practice, or the one they came for; `null`: there are several. */
  readonly brand: Brand | null
  readonly rows: readonly AccessRow[]
  /** The practice they came for, by its id; `null`: none by name. */
  readonly chosen: string | null
  /** Their practices that are open to them now. */
  readonly others: readonly PracticeRow[]
  /** The visitor's address as the gateway sees it. */
  readonly address: string
  /** `null`: it is not the hour. */
  readonly hours: HoursView | null
  /** The reference code of the refusal; `null`: not known. */
  readonly code: string | null
  /** Goes with each form, so that no other site can send it. */
  readonly token: string
  /** What was wrong with what was sent, one sentence; `null`: nothing. */
  readonly problem: string | null
  readonly reason: string
  /** Same-origin paths: this page, and this page as a form for further practices. */
  readonly here: string
  readonly askMore: string
  /** Where emergency access is to be had; `null`: it is not. */
  readonly emergency: string | null
  /** Until when emergency access of theirs is on, ready to read; `null`: it is not. */
  readonly emergencyUntil: string | null
  /** Same-origin path that answers once something has changed, for the script of a waiting page. */
  readonly changes: string
}

const statusText = {
  'not-requested': labels.notRequested,
  pending: labels.pending,
  approved: labels.approved,
  rejected: labels.rejected,
} as const

const marks = { 'not-requested': 'calm', pending: 'wait', approved: 'good', rejected: 'stop' } as const

const notesOf = ({ note, askAgain, open, contact }: AccessRow): readonly string[] => [
  ...(note === '' ? [] : [note]),
  ...(askAgain === null ? [] : [accessTexts.askAgain(askAgain)]),
  ...(open || contact === '' ? [] : [accessTexts.contact(contact)]),
]

const rowLine = (row: AccessRow) =>
  html`<li><span class="name">${row.name}</span> <span class="mark ${marks[row.status]} status">${statusText[row.status]}</span>${notesOf(row).map((note) => html`<span class="note">${note}</span>`)}</li>`

const choices = (open: readonly AccessRow[], chosen: string | null) => {
  const [only] = open
  if (only !== undefined && open.length === 1)
    return html`<input type="hidden" name="practice" value="${only.practice}">`
  return html`<fieldset><legend>${labels.askForAccessTo}</legend>${open.map(
    ({ practice, name }) =>
      html`<label class="choice"><input type="checkbox" name="practice" value="${practice}"${practice === chosen ? html` checked` : ''}> ${name}</label>`,
  )}</fieldset>`
}

const problemLine = (problem: string | null) =>
  problem === null ? '' : html`<p class="problem" id="problem" role="alert">${problem}</p>`

const askForm = (view: AccessView) => {
  const open = view.rows.filter((row) => row.open)
  if (open.length === 0) return problemLine(view.problem)
  const [only] = open
  const whose = only !== undefined && open.length === 1 && view.rows.length > 1 ? only.name : null
  return html`${view.isHeld || whose !== null ? html`<h2>${accessTexts.titleFor(whose)}</h2>` : ''}
${problemLine(view.problem)}
<form method="post">
<input type="hidden" name="token" value="${view.token}">
${choices(open, view.chosen)}
<label for="reason">${labels.whyDoYouNeedIt}</label>
<textarea id="reason" name="reason" rows="3" maxlength="500" required${view.problem === null ? '' : html` aria-describedby="problem"`}>${view.reason}</textarea>
<div class="doing"><button class="first" name="do" value="ask">${labels.send}</button></div>
</form>`
}

const leaveForm = (view: AccessView) => html`<form method="post" class="doing">
<input type="hidden" name="token" value="${view.token}">
<button class="quiet" name="do" value="leave">${labels.signInAsSomeoneElse}</button>
</form>`

/** Away from here: to sign in as somebody else, or back to where the others are. */
const away = (view: AccessView) => {
  if (view.state === 'again') return ''
  return view.isHeld
    ? leaveForm(view)
    : html`<p class="last"><a href="/.gatehouse/practices">${accessTexts.back}</a></p>`
}

const othersPart = ({ others }: AccessView) =>
  others.length === 0 ? '' : html`<h2>${accessTexts.elsewhere}</h2>${practiceList(others)}`

const withdrawForm = (view: AccessView) => {
  const pending = view.rows.filter(({ status }) => status === 'pending')
  if (pending.length === 0) return ''
  return html`<form method="post" class="doing">
<input type="hidden" name="token" value="${view.token}">
${pending.map(({ practice }) => html`<input type="hidden" name="practice" value="${practice}">`)}
<button name="do" value="withdraw">${labelTexts.takeBack(pending.length)}</button>
</form>`
}

const middle = (view: AccessView) => {
  switch (view.state) {
    case 'again':
      // A link would lead back here: while the sign-in is held, every page does.
      return html`<form method="post" class="doing">
<input type="hidden" name="token" value="${view.token}">
<button class="first" name="do" value="leave">${labels.signInAgain}</button>
</form>`
    case 'wait':
      return html`${view.rows.some((row) => row.open) ? html`<p><a href="${view.askMore}">${accessTexts.askMore}</a></p>` : ''}
<div class="doing"><a class="first" href="${view.here}">${labels.checkNow}</a></div>
${withdrawForm(view)}`
    case 'ask':
      return askForm(view)
  }
}

const refusal = ({ kind }: AccessView) =>
  reasonTexts[kind === 'ip' ? 'address-not-allowed' : 'outside-time-window']

/** What matters first: that it was sent, that it was approved, or why there is something to ask for. */
const leading = (view: AccessView) => {
  if (view.state === 'again') return html`<p>${accessTexts.approved}</p>`
  const held = view.isHeld ? accessTexts.held : ''
  return view.state === 'wait'
    ? html`<p role="status">${accessTexts.sent}</p>${held === '' ? '' : html`<p>${held}</p>`}`
    : html`<p>${refusal(view).why} ${held}</p>`
}

const isScripted = ({ state, hours }: AccessView): boolean =>
  state === 'wait' || (state === 'ask' && hours !== null)

const titleOf = (view: AccessView): string => {
  if (view.state === 'again') return labels.approvedSignInAgain
  if (view.state === 'wait') return labels.waitingForApproval
  if (!view.isHeld) return accessTexts.title
  return refusal(view).title
}

/** The page as HTML, about 8 kB. Send it with `policyFor` it and `no-store`. */
export const accessPage = (view: AccessView): string => {
  return page({
    title: titleOf(view),
    practice: view.brand,
    ...(view.state === 'ask' && view.isHeld
      ? { tone: 'stop' }
      : view.state === 'again'
        ? { tone: 'good' }
        : {}),
    body: html`${emergencyOnLine(view.emergencyUntil)}${leading(view)}
${view.state === 'again' || view.hours === null ? '' : hoursPart(view.hours)}
<h2>${labelTexts.yours(view.rows.length)}</h2>
<ul class="rows">${view.rows.map(rowLine)}</ul>
${middle(view)}${othersPart(view)}
<dl><dt>${labels.yourAddress}</dt><dd>${view.address}</dd>${
      view.code === null ? '' : html`<dt>${labels.reference}</dt><dd class="code">${view.code}</dd>`
    }</dl>
${view.state === 'again' ? '' : emergencyLine(view.emergency)}
${away(view)}${view.state === 'wait' ? waitMark(view.changes) : ''}${isScripted(view) ? pageScript : ''}`,
  })
}
