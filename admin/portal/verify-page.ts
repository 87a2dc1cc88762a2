/**
 * The page that asks for a code: six digits from the authenticator app, or, folded away, a recovery code.
 *
 * Data in, HTML out. Invariant: it shows nothing that helps to guess a code and never repeats one that was typed.
 * A choice of methods before the field was refused: nearly everybody has the app at hand.
 */
import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { codeField, hiddenFields, notYouLine, type PortalFrame, problemLine, whoLine } from './page-parts.ts'
import type { Said } from './said.ts'

/** What the proof is for. `access`: going on with what was asked; else a change of the second factor itself. */
export type VerifyPurpose = 'access' | 'recovery-codes' | 'set-up'

/** What the page shows. `said`: about the last code, at the field it was typed into (`by`). */
export type VerifyView = {
  readonly frame: PortalFrame
  readonly purpose: VerifyPurpose
  readonly said: Said | null
  readonly by: 'app' | 'recovery'
}

const why = ({ purpose, frame }: VerifyView): string => {
  if (purpose === 'recovery-codes') return 'Before new recovery codes are made, confirm that it is you.'
  if (purpose === 'set-up') return 'Before another authenticator app is set up, confirm that it is you.'
  return frame.signedIn
    ? 'The part you opened asks for your second factor again.'
    : 'Your password was right. Your practice asks for a second factor too.'
}

const recoveryForm = ({ frame, purpose, said, by }: VerifyView) => {
  const about = by === 'recovery' ? said : null
  return html`<details${about === null ? '' : html` open`}>
<summary>Use a recovery code</summary>
<form method="post" action="/verify">${hiddenFields(frame, { purpose, by: 'recovery' })}
<label for="recovery">Recovery code</label>
<p class="hint" id="recovery-hint">One of the ten that you kept when you set up your app. Each works once.</p>
${problemLine('recovery-problem', about, 'recovery', frame.at)}
<input class="field" id="recovery" name="code" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="40" required aria-describedby="recovery-hint${about === null ? '' : ' recovery-problem'}"${about === null ? '' : html` aria-invalid="true" autofocus`}>
<div class="doing"><button>Use this code</button></div>
</form>
<p class="hint">No code left either? Ask the person who manages access at your practice to reset your second factor.</p>
</details>`
}

/** The page as HTML, about 6 kB. */
export const verifyPage = (view: VerifyView): string => {
  const { frame, purpose, said, by } = view
  return page({
    title: 'Confirm that it is you',
    practice: null,
    body: html`${whoLine(frame)}
<p>${why(view)}</p>
<form method="post" action="/verify">${hiddenFields(frame, { purpose, by: 'app' })}
${codeField(
  by === 'app' ? said : null,
  frame.at,
  'Enter the 6-digit code from your authenticator app',
  'It changes every 30 seconds.',
  by === 'app',
)}
<div class="doing"><button class="first">Confirm</button></div>
</form>
${recoveryForm(view)}
${notYouLine(frame)}`,
  })
}
