/**
 * What the portal's pages share: who is signing in, the problem beside a field, the form that sends a code, the ways out.
 *
 * Data in, HTML out. Invariant: every page names the person and the practices, so that somebody who followed a
 * stranger's link notices; every problem is read out with its field; every form carries the token.
 */

import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { emergencyOnLine } from '../../runtime/pages/emergency-line.ts'
import type { Brand } from '../../runtime/pages/page.ts'
import { labels, labelTexts } from '../../runtime/pages/texts-labels.ts'
import { factorPartTexts } from '../../runtime/pages/texts-second-factor.ts'
import { type Said, type SentBy, saidText } from './said.ts'

/** Who is here, where from, and what their forms carry. */
export type PortalFrame = {
  readonly name: string
  readonly login: string
  readonly practices: readonly string[]
  /** The only practice of theirs; `null`: they have several. */
  readonly brand: Brand | null
  /** Until when emergency access of theirs is on, ready to read; `null`: it is not. */
  readonly emergencyUntil: string | null
  /** They are in already; false: their sign-in waits. */
  readonly signedIn: boolean
  /** Where somebody else signs in. */
  readonly leave: string
  readonly token: string
  /** The time of this page, for sentences that count down. */
  readonly at: number
}

const namesMax = 5

const practicesText = (names: readonly string[]): string => {
  const more = names.length - namesMax
  return more > 0 ? labelTexts.andMore(names.slice(0, namesMax).join(', '), more) : names.join(', ')
}

/** Who this is about, to stand first on a page: whoever came by a stranger's link must see it before a field. */
export const whoLine = (frame: PortalFrame) =>
  html`${emergencyOnLine(frame.emergencyUntil)}<p class="who">${labelTexts.who(frame.signedIn, frame.name, frame.login === frame.name ? null : frame.login, practicesText(frame.practices))}</p>`

/** The way out for everybody else, to stand last. */
export const notYouLine = (frame: PortalFrame) =>
  html`<p class="last">${frame.signedIn ? factorPartTexts.notYou : factorPartTexts.notYouYet}
<a href="${frame.leave}">${labels.signInAsSomeoneElse}</a></p>`

/** What a field has to say about the last code; `null`: nothing. */
export const problemLine = (id: string, said: Said | null, by: SentBy, at: number) =>
  said === null ? '' : html`<p class="problem" id="${id}" role="alert">${saidText(said, by, at)}</p>`

/** Hidden fields of every form. */
export const hiddenFields = (
  frame: Pick<PortalFrame, 'token'>,
  fields: Readonly<Record<string, string>> = {},
) =>
  html`<input type="hidden" name="token" value="${frame.token}">${Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}`

/** The field for the six digits with its hint and its problem. `isFirst`: typing may begin at once. */
export const codeField = (said: Said | null, at: number, label: string, hint: string, isFirst: boolean) =>
  html`<label for="code">${label}</label>
<p class="hint" id="code-hint">${hint}</p>
${problemLine('code-problem', said, 'app', at)}
<input class="field" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required${isFirst || said !== null ? html` autofocus` : ''} aria-describedby="code-hint${said === null ? '' : ' code-problem'}"${said === null ? '' : html` aria-invalid="true"`}>`

/** The field for the name of a device; `name`: what it is called now. */
export const nameField = (name: string) =>
  html`<label for="name">${labels.nameOfThisDevice}</label>
<p class="hint" id="name-hint">${factorPartTexts.deviceName}</p>
<input class="field" id="name" name="name" autocomplete="off" maxlength="30" value="${name}" aria-describedby="name-hint">`

/** The form whose answer `passkeyScript` fills in; it stays hidden where there is no script. */
export const passkeyForm = (
  frame: Pick<PortalFrame, 'token'>,
  form: {
    readonly action: string
    readonly options: string
    readonly words: string
    /** Another form of the page is what most people came for. */
    readonly isSecond?: boolean
    readonly fields?: Readonly<Record<string, string>>
    readonly more?: HtmlEscapedString | Promise<HtmlEscapedString> | string
  },
) => html`<form method="post" action="${form.action}" id="passkey" data-options="${form.options}" hidden>
${hiddenFields(frame, { ...form.fields, answer: '' })}
${form.more ?? ''}<p class="problem" id="passkey-note" role="alert" hidden></p>
<div class="doing"><button${form.isSecond === true ? '' : html` class="first"`}>${form.words}</button></div></form>
<noscript><p class="problem">${factorPartTexts.noScript}</p></noscript>`

/** The button back to the application. `isFirst`: nothing else on the page is to be done before. */
export const doneForm = (frame: PortalFrame, words: string, isFirst = true) =>
  html`<form method="post" action="/done" class="doing">${hiddenFields(frame)}
<button${isFirst ? html` class="first"` : ''}>${words}</button></form>`
