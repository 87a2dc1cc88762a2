/**
 * The page for a passkey that counts as a code so far, where a part asks for more.
 *
 * Data in, HTML out; what a passkey is worth is judged by `two-factor/vouched-passkeys.ts`. Invariant: it says why, and every
 * way on; it leads back by itself nowhere. Making a passkey there without a word before was refused: people would make a
 * second and a third one, and be asked in a circle.
 */
import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { doneForm, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'
import type { Said } from './said.ts'
import { admissionForm } from './set-up-page.ts'

/** What the page shows. `made`: they have a passkey that waits for it; false: they are about to make one. */
export type VouchingView = { readonly frame: PortalFrame; readonly made: boolean; readonly said: Said | null }

const why = (made: boolean) =>
  made
    ? html`<p>Your passkey works, but for now it counts as much as a code does. The part you opened asks for more.</p>
<p>It was made after a code or a password, and a look-alike page can coax those out of people and make a passkey of its own. So somebody has to vouch for it once.</p>`
    : html`<p>The part you opened asks for a passkey, and you have none yet that counts there.</p>
<p>A look-alike page can coax codes and passwords out of people and make a passkey of its own. So somebody has to vouch for yours once.</p>`

/** The page that asks for somebody's word. */
export const vouchingPage = ({ frame, made, said }: VouchingView): string =>
  page({
    title: made ? 'Your passkey has to be vouched for' : 'Somebody has to vouch for your passkey',
    practice: frame.brand,
    body: html`${whoLine(frame)}
${why(made)}
<ul><li>Ask the person who manages access at your practice for a code, and enter it here, or</li>
<li>${made ? 'use this passkey' : 'make it'} once from a network that your practice has approved, or</li>
<li>if you have another passkey that counts there already, show that one first.</li></ul>
${admissionForm(frame, said)}
${
  made
    ? html`<p><a href="/verify">Use another passkey of yours</a></p>`
    : html`<p><a href="/passkey">Set up a passkey without a code</a>. It counts as a code until somebody vouches for it.</p>`
}
${doneForm(frame, 'Back to your application', false)}
${notYouLine(frame)}`,
  })
