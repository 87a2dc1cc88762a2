/**
 * A person's own second factors: what is set up, when it was last used, and what they may change.
 *
 * Data in, HTML out; the same page, shorter, says that a proof went through. Invariant: it shows facts about factors and
 * never a secret; every change leads to a page that asks for a proof in this visit first.
 */

import { html } from 'hono/html'
import { emergencyOnLine } from '../../runtime/pages/emergency-line.ts'
import { managementLine } from '../../runtime/pages/management-line.ts'
import { page } from '../../runtime/pages/page.ts'
import { labels, labelTexts } from '../../runtime/pages/texts-labels.ts'
import { manageTexts, numberTexts } from '../../runtime/pages/texts-second-factor.ts'
import { doneForm, hiddenFields, nameField, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'

/** A factor as it is shown; moments are ready to read. */
export type ShownFactor = {
  readonly id: string
  readonly name: string
  readonly method: string
  readonly enrolledAt: string
  readonly lastVerifiedAt: string
}

/** What the page shows. `deadline`: ready to read, `null`: no grace runs; `devices`: browsers remembered. */
export type ManageView = {
  readonly frame: PortalFrame
  readonly factors: readonly ShownFactor[]
  readonly recoveryCodesLeft: number
  readonly mayEnrol: boolean
  /** A passkey can be made here. */
  readonly passkeys: boolean
  /** Codes by text message can be set up here. */
  readonly texts: boolean
  readonly devices: number
  readonly deadline: string | null
  /** Where they look after the security of a practice; `null`: they do not. */
  readonly management: string | null
}

const codesFewAt = 3

const codesNote = (left: number) =>
  left > codesFewAt ? '' : html`<p class="problem">${manageTexts.codesFew(left)}</p>`

const factorLine = ({ id, name, method, enrolledAt, lastVerifiedAt }: ShownFactor) =>
  html`<li><span class="name">${name}</span> <a href="/factor?id=${id}">${labelTexts.renameOrRemove}<span class="unseen"> ${name}</span></a>${
    name === method ? '' : html`<span class="note">${method}</span>`
  }<span class="note">${labelTexts.setUpAndUsed(enrolledAt, lastVerifiedAt)}</span></li>`

const newLinks = ({ passkeys, texts, factors }: ManageView) =>
  html`<div class="doing">${
    passkeys
      ? html`<a${factors.length === 0 ? html` class="first"` : ''} href="/passkey">${labels.setUpAPasskey}</a>`
      : ''
  }<a${factors.length === 0 && !passkeys ? html` class="first"` : ''} href="/set-up">${
    factors.length === 0 ? labels.setUpAnAuthenticatorApp : labels.setUpAnotherAuthenticatorApp
  }</a>${texts ? html`<a href="/text">${numberTexts.title}</a>` : ''}</div>`

const deviceForm = ({ frame, devices }: ManageView) =>
  devices === 0
    ? ''
    : html`<h2>${labels.rememberedBrowsers}</h2>
<form method="post" action="/devices">${hiddenFields(frame)}
<p>${manageTexts.remembered(devices)}</p>
<div class="doing"><button>${labels.askAgainEverywhere}</button></div></form>`

const present = (view: ManageView) => html`<ul class="rows">${view.factors.map(factorLine)}</ul>
${newLinks(view)}
<h2>${labels.recoveryCodes}</h2>
<p>${labelTexts.ofTen(view.recoveryCodesLeft)}</p>
${codesNote(view.recoveryCodesLeft)}
<div class="doing"><a href="/recovery-codes">${labels.newRecoveryCodes}</a></div>
${deviceForm(view)}`

const absent = (
  view: ManageView,
) => html`<p>${manageTexts.none} ${view.deadline === null ? '' : manageTexts.by(view.deadline)}</p>
${
  view.mayEnrol
    ? newLinks(view)
    : html`<p>${manageTexts.notHere}</p>
<p><a href="/set-up">${manageTexts.codeGiven}</a></p>`
}`

const signOutEverywhere = (frame: PortalFrame) =>
  html`<details><summary>${labels.signOutEverywhere}</summary>
<p>${manageTexts.signOut}</p>
<form method="post" action="/sign-out-everywhere">${hiddenFields(frame)}
<div class="doing"><button>${labels.signOutEverywhere}</button></div></form></details>`

/** The page of one's own factors. */
export const managePage = (view: ManageView): string =>
  page({
    title: labels.yourSecondFactor,
    practice: view.frame.brand,
    body: html`${whoLine(view.frame)}
${view.factors.length === 0 ? absent(view) : present(view)}
<div class="alone">${doneForm(view.frame, labels.done, view.factors.length > 0 || !view.mayEnrol)}</div>
<p><a href="/account">${labels.mySessionsRequestsAndRefusals}</a></p>
${signOutEverywhere(view.frame)}
${managementLine(view.management)}
${notYouLine(view.frame)}`,
  })

/** What the page of one factor shows. `last`: they have no other. `requiring`: practices that ask for one, by name. */
export type FactorView = {
  readonly frame: PortalFrame
  readonly factor: ShownFactor
  readonly last: boolean
  readonly requiring: readonly string[]
}

const removal = ({ frame, factor, last, requiring }: FactorView) => {
  if (last && requiring.length > 0)
    return html`<p>${manageTexts.onlyOneAsked(requiring)}</p>
<div class="doing"><a href="/set-up">${labels.setUpAnotherOne}</a></div>`
  return html`<p>${last ? manageTexts.onlyOne : manageTexts.oneOfSeveral}</p>
<form method="post" action="/factor">${hiddenFields(frame, { id: factor.id, do: 'remove' })}
<div class="doing"><button>${labelTexts.remove(factor.name)}</button></div></form>`
}

/** The page on which one factor is renamed or removed. */
export const factorPage = (view: FactorView): string =>
  page({
    title: view.factor.name,
    practice: view.frame.brand,
    body: html`${whoLine(view.frame)}
<dl><dt>${labels.method}</dt><dd>${view.factor.method}</dd>
<dt>${labels.setUp}</dt><dd>${view.factor.enrolledAt}</dd>
<dt>${labels.lastUsed}</dt><dd>${view.factor.lastVerifiedAt}</dd></dl>
<h2>${labels.rename}</h2>
<form method="post" action="/factor">${hiddenFields(view.frame, { id: view.factor.id, do: 'rename' })}
${nameField(view.factor.name)}
<div class="doing"><button class="first">${labels.saveTheName}</button></div></form>
<h2>${labels.remove}</h2>
${removal(view)}
<p class="last"><a href="/">${labels.backToYourSecondFactors}</a></p>`,
  })

/** The page after a proof, where there is something to say before going on. */
export const confirmedPage = (frame: PortalFrame, recoveryCodesLeft: number): string =>
  page({
    title: labels.confirmed,
    practice: frame.brand,
    body: html`${emergencyOnLine(frame.emergencyUntil)}<p role="status">${manageTexts.confirmed}</p>
${codesNote(recoveryCodesLeft)}
${doneForm(frame, labels.continue)}
${recoveryCodesLeft > codesFewAt ? '' : html`<div class="doing"><a href="/recovery-codes">${labels.newRecoveryCodes}</a></div>`}`,
  })
