/**
 * The page for a passkey that counts as a code so far, where a part asks for more.
 *
 * Data in, HTML out; what a passkey is worth is judged by `two-factor/vouched-passkeys.ts`. Invariant: it says why, and every
 * way on; it leads back by itself nowhere. Making a passkey there without a word before was refused: people would make a
 * second and a third one, and be asked in a circle.
 */

import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { vouchingTexts } from '../../runtime/pages/texts-second-factor.ts'
import { doneForm, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'
import type { Said } from './said.ts'
import { admissionForm } from './set-up-page.ts'

/** What the page shows. `made`: they have a passkey that waits for it; false: they are about to make one. */
export type VouchingView = { readonly frame: PortalFrame; readonly made: boolean; readonly said: Said | null }

const why = (made: boolean) =>
  made
    ? html`<p>${vouchingTexts.made}</p>
<p>${vouchingTexts.madeWhy}</p>`
    : html`<p>${vouchingTexts.none}</p>
<p>${vouchingTexts.noneWhy}</p>`

/** The page that asks for somebody's word. */
export const vouchingPage = ({ frame, made, said }: VouchingView): string =>
  page({
    title: made ? vouchingTexts.madeTitle : vouchingTexts.title,
    practice: frame.brand,
    body: html`${whoLine(frame)}
${why(made)}
<ul><li>${vouchingTexts.ask}</li>
<li>${vouchingTexts.approved(made)}</li>
<li>${vouchingTexts.another}</li></ul>
${admissionForm(frame, said)}
${
  made
    ? html`<p><a href="/verify">${labels.useAnotherPasskeyOfYours}</a></p>`
    : html`<p><a href="/passkey">${vouchingTexts.withoutCode}</a>. ${vouchingTexts.countsAsCode}</p>`
}
${doneForm(frame, labels.backToYourApplication, false)}
${notYouLine(frame)}`,
  })
