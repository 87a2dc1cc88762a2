/**
 * Codes by text message on pages: the part of the page that asks for a factor, and the page that sets up a number.
 *
 * Data in, HTML out. Invariant: a number is shown as its last two digits only, and what was typed is not repeated.
 */

import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { labels, labelTexts } from '../../runtime/pages/texts-labels.ts'
import { factorPartTexts, numberTexts } from '../../runtime/pages/texts-second-factor.ts'
import { hiddenFields, nameField, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'
import { type Said, type SentBy, saidText } from './said.ts'

/** A number that a code may be sent to. */
export type ShownNumber = { readonly id: string; readonly name: string; readonly masked: string }

/** What there is by text message. `sent`: where the code went that still counts; `null`: none is on its way. */
export type TextsView = {
  readonly numbers: readonly ShownNumber[]
  readonly sent: { readonly masked: string } | null
}

const noteLine = (said: Said | null, by: SentBy, at: number) => {
  if (said === null) return ''
  return said.what === 'sent'
    ? html`<p id="text-note" role="status">${saidText(said, by, at)}</p>`
    : html`<p class="problem" id="text-note" role="alert">${saidText(said, by, at)}</p>`
}

const isWrong = (said: Said | null): boolean => said !== null && said.what !== 'sent'

const digitsField = (masked: string, said: Said | null) =>
  html`<label for="text-code">${numberTexts.sentTo(masked)}</label>
<p class="hint" id="text-hint">${numberTexts.counts}</p>
<input class="field" id="text-code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required${said === null ? '' : html` autofocus`} aria-describedby="text-hint${said === null ? '' : ' text-note'}"${isWrong(said) ? html` aria-invalid="true"` : ''}>`

/** What of the page it is part of shapes it. `remember`: the choice to be remembered; `isFirst`: it is what stands first. */
export type TextPartView = {
  readonly purpose: string
  readonly said: Said | null
  readonly remember: unknown
  readonly isFirst: boolean
}

/** The part of the page that asks for a factor: a button for each number, and the field once a code is on its way. */
export const textPart = (
  frame: PortalFrame,
  { numbers, sent }: TextsView,
  { purpose, said, remember, isFirst }: TextPartView,
) => html`${noteLine(said, 'text', frame.at)}
${
  sent === null
    ? ''
    : html`<form method="post" action="/verify">${hiddenFields(frame, { purpose, by: 'text' })}
${digitsField(sent.masked, said)}
${remember}<div class="doing"><button${isFirst ? html` class="first"` : ''}>${labels.confirm}</button></div></form>
`
}${numbers.map(
  ({
    id,
    masked,
  }) => html`<form method="post" action="/verify/text">${hiddenFields(frame, { purpose, factor: id })}
<div class="doing"><button${isFirst && sent === null ? html` class="first"` : ''}>${labelTexts.sendTo(masked, sent !== null)}</button></div></form>
`,
)}`

/** What the page for a number shows. `sent`: the code that is on its way; `said` stands at `by`. */
export type NumberView = {
  readonly frame: PortalFrame
  readonly sent: { readonly masked: string } | null
  readonly said: Said | null
  readonly by: 'text' | 'number'
}

const confirmForm = (frame: PortalFrame, masked: string, said: Said | null) =>
  html`<form method="post" action="/text">${hiddenFields(frame)}
${digitsField(masked, said)}
${nameField('')}
<div class="doing"><button class="first">${labels.confirm}</button></div></form>
<h2>${numberTexts.notYours}</h2>`

/** The page that sets up a number: first the number, then the code that came to it. */
export const numberPage = ({ frame, sent, said, by }: NumberView): string =>
  page({
    title: numberTexts.title,
    practice: frame.brand,
    body: html`${whoLine(frame)}
<p>${numberTexts.why}</p>
${noteLine(said, by, frame.at)}
${sent === null ? '' : confirmForm(frame, sent.masked, by === 'text' ? said : null)}
<form method="post" action="/text/send">${hiddenFields(frame)}
<label for="number">${labels.yourMobileNumber}</label>
<p class="hint" id="number-hint">${numberTexts.number}</p>
<input class="field" id="number" name="number" type="tel" autocomplete="tel" maxlength="30" required aria-describedby="number-hint${by === 'number' && said !== null ? ' text-note' : ''}"${by === 'number' && isWrong(said) ? html` aria-invalid="true"` : ''}>
<div class="doing"><button${sent === null ? html` class="first"` : ''}>${labels.sendACode}</button></div></form>
<p><a href="/set-up">${factorPartTexts.appInstead}</a></p>
${notYouLine(frame)}`,
  })
