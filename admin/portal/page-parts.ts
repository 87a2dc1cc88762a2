/**
 * What the portal's pages share: who is signing in, the problem beside a field, the form that sends a code, the ways out.
 *
 * Data in, HTML out. Invariant: every page names the person and the practices, so that somebody who followed a
 * stranger's link notices; every problem is read out with its field; every form carries the token.
 */
import { html } from 'hono/html'
import { type Said, saidText } from './said.ts'

/** Who is here, where from, and what their forms carry. */
export type PortalFrame = {
  readonly name: string
  readonly login: string
  readonly practices: readonly string[]
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
  return more > 0 ? `${names.slice(0, namesMax).join(', ')} and ${more} more` : names.join(', ')
}

/** Who this is about, to stand first on a page: whoever came by a stranger's link must see it before a field. */
export const whoLine = (frame: PortalFrame) =>
  html`<p>You are ${frame.signedIn ? 'signed in' : 'signing in'} as <strong>${frame.name}</strong>${
    frame.login === frame.name ? '' : html` (${frame.login})`
  }${frame.practices.length === 0 ? '' : ` at ${practicesText(frame.practices)}`}.</p>`

/** The way out for everybody else, to stand last. */
export const notYouLine = (frame: PortalFrame) =>
  html`<p class="last">${frame.signedIn ? 'Is this not you?' : 'Is this not you, or did you not just sign in? Then enter nothing here.'}
<a href="${frame.leave}">Sign in as someone else</a></p>`

/** What a field has to say about the last code; `null`: nothing. */
export const problemLine = (id: string, said: Said | null, by: 'app' | 'recovery', at: number) =>
  said === null ? '' : html`<p class="problem" id="${id}" role="alert">${saidText(said, by, at)}</p>`

/** Hidden fields of every form. */
export const hiddenFields = (frame: PortalFrame, fields: Readonly<Record<string, string>> = {}) =>
  html`<input type="hidden" name="token" value="${frame.token}">${Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}`

/** The field for the six digits with its hint and its problem. `isFirst`: typing may begin at once. */
export const codeField = (said: Said | null, at: number, label: string, hint: string, isFirst: boolean) =>
  html`<label for="code">${label}</label>
<p class="hint" id="code-hint">${hint}</p>
${problemLine('code-problem', said, 'app', at)}
<input class="field" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required${isFirst || said !== null ? html` autofocus` : ''} aria-describedby="code-hint${said === null ? '' : ' code-problem'}"${said === null ? '' : html` aria-invalid="true"`}>`

/** The button back to the application. `isFirst`: nothing else on the page is to be done before. */
export const doneForm = (frame: PortalFrame, words: string, isFirst = true) =>
  html`<form method="post" action="/done">${hiddenFields(frame)}
<div class="doing"><button${isFirst ? html` class="first"` : ''}>${words}</button></div></form>`
