/**
 * The page that a person sees instead of the one they asked for: what happened, why, what to do next, and a code
 * that an administrator can look up.
 *
 * Data in, HTML out; what to show was decided elsewhere. Invariant: it shows nothing of the application, and no
 * address of another person. It renders without the control plane, so it may not need anything fetched.
 */

import { html } from 'hono/html'
import type { Reason } from '../../policies/decision.ts'
import { emergencyLine, emergencyOnLine } from './emergency-line.ts'
import { type HoursView, hoursPart } from './hours-part.ts'
import { managementLine } from './management-line.ts'
import { type Brand, page } from './page.ts'
import { pageScript } from './page-script.ts'
import { type PracticeRow, practiceList } from './practice-list.ts'
import { reasonTexts } from './texts.ts'
import { accessTexts, refusalTexts } from './texts-gateway.ts'
import { labels } from './texts-labels.ts'

/** What the page shows. `null` leaves a line out. */
export type RefusalView = {
  readonly reason: Reason
  /** The practice it is about. */
  readonly practice: Brand | null
  /** The reference code. */
  readonly code: string | null
  /** The visitor's address as the gateway sees it; shown where it is the point. */
  readonly address: string | null
  /** Date and time in the practice's zone, ready to read; `null` where `hours` says it. */
  readonly now: string | null
  /** Names of the permissions that were missing. */
  readonly permissions: readonly string[]
  /** Where it is the hour that refuses. */
  readonly hours: HoursView | null
  /** Whom to contact, in the practice's words. */
  readonly contact: string | null
  /** The visitor's practices with their state now; shown where there are several. */
  readonly practices: readonly PracticeRow[]
  /** A same-origin path to try again (the page asked for); `null` after a form was sent. */
  readonly retry: string | null
  /** A same-origin path to sign in again or as someone else. */
  readonly signIn: string | null
  /** A same-origin path to the step that cures it; `null`: none does. */
  readonly confirm: string | null
  /** A same-origin path where access can be asked for; `null`: it cannot. */
  readonly ask: string | null
  /** Where emergency access is to be had; `null`: it is not. */
  readonly emergency: string | null
  /** Until when emergency access of theirs is on, ready to read; `null`: it is not. */
  readonly emergencyUntil: string | null
  /** Where they look after the security of a practice; `null`: they do not. */
  readonly management: string | null
  /** A form was sent and not forwarded. */
  readonly entryNotSent: boolean
}

const cures: ReadonlySet<Reason> = new Set([
  'not-signed-in',
  'session-revoked',
  'session-ended',
  'session-idle',
  'session-expired',
  'network-changed',
])

const cureTexts: Partial<Record<Reason, string>> = {
  'two-factor-not-enrolled': labels.setItUp,
  'sign-in-held': labels.finishTheStep,
}

const row = (name: string, value: string | null, code = false) =>
  value === null ? '' : html`<dt>${name}</dt><dd${code ? html` class="code"` : ''}>${value}</dd>`

const list = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? '' : html`<h2>${title}</h2><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`

/** Where signing in is what helps, they stand only if one of them needs no signing in. The one asked for counts, if it is there. */
const practices = ({ practices, reason }: RefusalView) => {
  const isThere = reason !== 'practice-retired'
  const isOpen = practices.some(({ state }) => state === 'open' || state === 'step')
  return practices.length < (isThere ? 2 : 1) || (cures.has(reason) && !isOpen)
    ? ''
    : html`<h2>${labels.yourPractices}</h2>${practiceList(practices)}`
}

const doing = (view: RefusalView) => {
  const signInFirst = cures.has(view.reason)
  const signIn =
    view.signIn === null
      ? ''
      : html`<a class="${signInFirst ? 'first' : 'quiet'}" href="${view.signIn}">${signInFirst ? labels.signIn : labels.signInAsSomeoneElse}</a>`
  const opensAgain = !signInFirst && view.reason !== 'practice-retired'
  const retry =
    view.retry === null || !opensAgain
      ? ''
      : html`<a class="first" href="${view.retry}">${labels.tryAgain}</a>`
  const confirm =
    view.confirm === null
      ? ''
      : html`<a class="first" href="${view.confirm}">${cureTexts[view.reason] ?? labels.confirmItIsYou}</a>`
  const ask = view.ask === null ? '' : html`<a href="${view.ask}">${accessTexts.title}</a>`
  return html`<div class="doing">${confirm}${retry}${ask}${signIn}</div>`
}

const neutral: ReadonlySet<RefusalView['reason']> = new Set(['not-signed-in', 'sign-in-held', 'ok'])

/** The page as HTML, 8 kB, with a week 12 kB. Send it with `policyFor` it and `no-store`. */
export const refusalPage = (view: RefusalView): string => {
  const text = reasonTexts[view.reason]
  return page({
    title: text.title,
    practice: view.practice,
    ...(neutral.has(view.reason) ? {} : { tone: 'stop' }),
    body: html`${emergencyOnLine(view.emergencyUntil)}<p>${text.why} ${text.next}</p>
${view.entryNotSent ? html`<p class="banner">${refusalTexts.entryNotSent()}</p>` : ''}
${list(refusalTexts.permissions(view.permissions.length), view.permissions)}
${view.hours === null ? '' : hoursPart(view.hours)}
${practices(view)}
${doing(view)}
<dl>${row(labels.dateAndTime, view.now)}${row(labels.yourAddress, view.address)}${row(labels.contact, view.contact)}${row(labels.reference, view.code, true)}</dl>
${emergencyLine(view.emergency)}
${managementLine(view.management)}${view.hours === null ? '' : pageScript}`,
  })
}
