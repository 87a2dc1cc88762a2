/**
 * The pages between a sign-in and its second factor, on the application's origin: the way to the portal and back.
 *
 * Data in, HTML out; codes and keys are never typed or shown here (SPEC §7), since scripts of the application could
 * read them. Invariant: it works without script, and each page has a link that goes on. Redirecting a sign-in straight
 * to the portal was refused: an application's own `form-action` would stop it on the way.
 */

import { html } from 'hono/html'
import type { Reason } from '../../policies/decision.ts'
import { emergencyOnLine } from './emergency-line.ts'
import { page } from './page.ts'
import { awayTitle, reasonTexts } from './texts.ts'
import { factorTexts } from './texts-gateway.ts'
import { labels } from './texts-labels.ts'

/** What the page shows. */
export type FactorView = {
  /**
   * `go`: on to the portal, by itself; `missing`: what was confirmed is not enough; `grace`: asked for soon, not yet;
   * `late`: what was brought back has run out; `away`: the control plane cannot be had, tried again by itself; `again`:
   * confirmed, but the sign-in has run out; `leave`: sign in as somebody else, or not.
   */
  readonly state: 'go' | 'missing' | 'grace' | 'late' | 'away' | 'again' | 'leave'
  /** Why it is asked for; `null`: it is not, the person wants to see their factors. */
  readonly reason: Reason | null
  /** `grace`: until when it goes without, and how long that is, ready to read; else `null`. */
  readonly deadline: { readonly text: string; readonly left: string } | null
  /** Same-origin paths: where the first link goes, where the forms are sent, and where "Cancel" and "Back" lead. */
  readonly next: string
  readonly here: string
  readonly back: string
  /** Goes with each form, so that no other site can send it; `null`: nobody could be signed out here. */
  readonly token: string | null
  /** The reference code of the refusal; `null`: not known. */
  readonly code: string | null
  /** Until when emergency access of theirs is on, ready to read; `null`: it is not. */
  readonly emergencyUntil: string | null
}

const form = (view: FactorView, does: 'leave' | 'again' | 'later', words: string) =>
  view.token === null
    ? ''
    : html`<form method="post" action="${view.here}" class="doing">
<input type="hidden" name="token" value="${view.token}">
<button${does === 'later' ? '' : html` class="${does === 'again' || view.state === 'leave' ? 'first' : 'quiet'}"`} name="do" value="${does}">${words}</button>
</form>`

const first = (href: string, words: string) =>
  html`<div class="doing"><a class="first" href="${href}">${words}</a></div>`

const leave = (view: FactorView) => form(view, 'leave', labels.signInAsSomeoneElse)

const reference = ({ code }: FactorView) =>
  code === null ? '' : html`<dl><dt>${labels.reference}</dt><dd class="code">${code}</dd></dl>`

const bodyOf = (view: FactorView) => {
  const text = view.reason === null ? null : reasonTexts[view.reason]
  switch (view.state) {
    case 'go':
      return html`${text === null ? '' : html`<p>${text.why} ${text.next}</p>`}
<p>${factorTexts.go}</p>
${first(view.next, labels.continue)}${reference(view)}${leave(view)}`
    case 'missing':
      return html`<p>${factorTexts.missing}</p>
${text === null ? '' : html`<p>${text.why} ${text.next}</p>`}
<div class="doing"><a class="first" href="${view.next}">${labels.confirmInAnotherWay}</a><a href="${view.back}">${labels.back}</a></div>
${reference(view)}${leave(view)}`
    case 'grace':
      return html`<p>${factorTexts.grace}</p>
<p>${factorTexts.graceNext(view.deadline?.left ?? null)}</p>
${first(view.next, labels.setItUpNow)}${form(view, 'later', labels.later)}${leave(view)}`
    case 'late':
      return html`<p>${factorTexts.late}</p>
${first(view.next, labels.tryAgain)}${leave(view)}`
    case 'away':
      return html`<p>${factorTexts.away}</p>
${first(view.next, labels.tryAgain)}${leave(view)}`
    case 'again':
      return html`<p>${factorTexts.again}</p>
${form(view, 'again', labels.signInAgain)}`
    case 'leave':
      return html`<p>${factorTexts.leave}</p>
${leave(view)}<div class="doing"><a href="${view.back}">${labels.cancel}</a></div>`
  }
}

const titleOf = ({ state, reason, deadline }: FactorView): string => {
  switch (state) {
    case 'go':
      return reason === null ? labels.yourSecondFactor : labels.oneMoreStep
    case 'missing':
      return reason === null ? labels.notEnoughForThis : reasonTexts[reason].title
    case 'grace':
      return factorTexts.graceTitle(deadline?.text ?? null)
    case 'late':
      return factorTexts.lateTitle
    case 'away':
      return awayTitle
    case 'again':
      return labels.confirmedSignInAgain
    case 'leave':
      return labels.signInAsSomeoneElseAsked
  }
}

/** The page as HTML, about 4 kB. Send it with `pagePolicy` and `no-store`. */
export const factorPage = (view: FactorView): string =>
  page({
    title: titleOf(view),
    practice: null,
    body: html`${emergencyOnLine(view.emergencyUntil)}${bodyOf(view)}`,
  })
