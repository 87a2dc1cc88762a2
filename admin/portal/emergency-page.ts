/**
 * The pages of emergency access: what it is and why you need it, and that it is on.
 *
 * Data in, HTML out. Invariant: before anything is done the page says what is lifted, for how long, and that every
 * security admin is told; each page names the person.
 */

import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { emergencyTexts } from '../../runtime/pages/texts-account.ts'
import { labels, labelTexts } from '../../runtime/pages/texts-labels.ts'
import { doneForm, hiddenFields, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'

/** A practice to choose. `lasts`: ready to read; `until`: it is on already, ready to read, or `null`. */
export type EmergencyChoice = {
  readonly practice: string
  readonly name: string
  readonly lasts: string
  readonly until: string | null
}

const choices = (places: readonly EmergencyChoice[]) => {
  const [only] = places
  if (only !== undefined && places.length === 1)
    return html`<input type="hidden" name="practice" value="${only.practice}">
<p>${labelTexts.place(only.name, only.lasts)}</p>`
  return html`<fieldset><legend>${labels.where}</legend>${places.map(
    ({ practice, name, lasts }, at) =>
      html`<label class="choice"><input type="radio" name="practice" value="${practice}" required${at === 0 ? html` checked` : ''}> ${labelTexts.placeFor(name, lasts)}</label>`,
  )}</fieldset>`
}

/** Asks for the reason. `problem`: what was wrong with what was sent; `null`: nothing. */
export const emergencyPage = (
  frame: PortalFrame,
  places: readonly EmergencyChoice[],
  problem: string | null,
): string =>
  page({
    title: labels.emergencyAccess,
    practice: frame.brand,
    body: html`${whoLine(frame)}
<p>${emergencyTexts.what}</p>
<p>${emergencyTexts.told()}</p>
<form method="post" action="/emergency">${hiddenFields(frame)}
${choices(places)}
<label for="reason">${labels.whatIsTheEmergency}</label>
<p class="hint" id="reason-hint">${labels.noNamesOfPatientsPlease}</p>
${problem === null ? '' : html`<p class="problem" id="problem" role="alert">${problem}</p>`}
<textarea id="reason" name="reason" rows="3" maxlength="200" required aria-describedby="reason-hint${problem === null ? '' : ' problem'}"></textarea>
<div class="doing"><button class="first">${labels.useEmergencyAccess}</button></div>
</form>
${notYouLine(frame)}`,
  })

/** It is on. */
export const emergencyOnPage = (frame: PortalFrame, places: readonly EmergencyChoice[]): string =>
  page({
    title: labels.emergencyAccessIsOn,
    practice: frame.brand,
    body: html`${whoLine(frame)}
<ul>${places.map(({ name, until }) => html`<li>${labelTexts.until(name, until)}</li>`)}</ul>
<p>${emergencyTexts.wereTold}</p>
${doneForm(frame, labels.continue)}`,
  })

/** It is not to be had by this person. `why`: a sentence. */
export const noEmergencyPage = (frame: PortalFrame, why: string): string =>
  page({
    title: labels.emergencyAccessIsNotPossible,
    practice: frame.brand,
    body: html`${whoLine(frame)}<p>${why}</p>
<p>${emergencyTexts.call}</p>
${doneForm(frame, labels.back)}`,
  })
