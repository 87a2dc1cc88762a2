/**
 * The page that asks for a second factor: a passkey, the six digits of an app or of a message, or, folded away, a recovery code.
 *
 * Data in, HTML out. Invariant: it shows nothing that helps to guess a code and never repeats one that was typed; it offers
 * only what the person has and what suffices. A choice of methods before the field was refused: nearly everybody has one.
 */

import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { factorPartTexts, verifyTexts } from '../../runtime/pages/texts-second-factor.ts'
import {
  codeField,
  hiddenFields,
  notYouLine,
  type PortalFrame,
  passkeyForm,
  problemLine,
  whoLine,
} from './page-parts.ts'
import type { Said, SentBy } from './said.ts'
import { passkeyScript } from './scripts.ts'
import { type TextsView, textPart } from './text-page.ts'

/** What the proof is for. `access`: going on with what was asked; else a change of the second factor itself. */
export type VerifyPurpose = 'access' | 'recovery-codes' | 'set-up' | 'passkey' | 'text' | 'factor'

/** What the page shows. `said`: about what was sent last, at its own place (`by`). */
export type VerifyView = {
  readonly frame: PortalFrame
  readonly purpose: VerifyPurpose
  readonly said: Said | null
  readonly by: SentBy
  /** They have an authenticator app. */
  readonly app: boolean
  /** What the browser is to be asked (JSON); `null`: they have no passkey, or it cannot be shown here. */
  readonly passkey: string | null
  /** Their numbers; `null`: none that a code may be sent to. */
  readonly texts: TextsView | null
  /** Only a passkey suffices. */
  readonly strong: boolean
  /** For how many days this browser may be remembered; 0: not at all. */
  readonly rememberDays: number
}

const why = ({ purpose, frame, strong }: VerifyView): string => {
  if (purpose !== 'access') return verifyTexts.before[purpose]
  if (strong) return verifyTexts.strong
  return frame.signedIn ? verifyTexts.again : verifyTexts.first
}

/** What stands first: a code that is on its way, since somebody has just asked for it; else the quickest that they have. */
const firstOf = ({ passkey, texts, app, strong }: VerifyView): 'passkey' | 'text' | 'app' => {
  if (texts !== null && !strong && (texts.sent !== null || (!app && passkey === null))) return 'text'
  return passkey === null ? 'app' : 'passkey'
}

const ways = (view: VerifyView) =>
  firstOf(view) === 'text'
    ? html`${textsPart(view)}${passkeyPart(view)}${appPart(view)}`
    : html`${passkeyPart(view)}${appPart(view)}${textsPart(view)}`

const rememberChoice = ({ purpose, rememberDays }: VerifyView) =>
  purpose !== 'access' || rememberDays === 0
    ? ''
    : html`<label class="choice"><input type="checkbox" name="remember" value="yes"> ${verifyTexts.remember(rememberDays)}</label>
`

const passkeyPart = (view: VerifyView) => {
  const { frame, purpose, said, by, passkey } = view
  if (passkey === null) return ''
  return html`${by === 'passkey' ? problemLine('passkey-problem', said, 'passkey', frame.at) : ''}
${passkeyForm(frame, {
  ...{ action: '/verify/passkey', options: passkey, words: labels.useYourPasskey },
  ...{ fields: { purpose }, more: rememberChoice(view), isSecond: firstOf(view) !== 'passkey' },
})}
`
}

const appPart = (view: VerifyView) => {
  const { frame, purpose, said, by, app, strong } = view
  const isFirst = firstOf(view) === 'app'
  if (!app || strong) return ''
  return html`<form method="post" action="/verify">${hiddenFields(frame, { purpose, by: 'app' })}
${codeField(
  by === 'app' ? said : null,
  frame.at,
  verifyTexts.appCode(isFirst),
  factorPartTexts.changes,
  by === 'app' && isFirst,
)}
${rememberChoice(view)}<div class="doing"><button${isFirst ? html` class="first"` : ''}>${labels.confirm}</button></div>
</form>
`
}

const textsPart = (view: VerifyView) => {
  const { frame, purpose, said, by, texts, strong } = view
  if (texts === null || strong) return ''
  const shown = { purpose, said: by === 'text' ? said : null, remember: rememberChoice(view) }
  return textPart(frame, texts, { ...shown, isFirst: firstOf(view) === 'text' })
}

const recoveryForm = ({ frame, purpose, said, by, strong, app, passkey, texts }: VerifyView) => {
  if (strong) return ''
  const about = by === 'recovery' ? said : null
  return html`<details${about === null && (app || passkey !== null || texts !== null) ? '' : html` open`}>
<summary>${labels.useARecoveryCode}</summary>
<form method="post" action="/verify">${hiddenFields(frame, { purpose, by: 'recovery' })}
<label for="recovery">${labels.recoveryCode}</label>
<p class="hint" id="recovery-hint">${verifyTexts.recovery}</p>
${problemLine('recovery-problem', about, 'recovery', frame.at)}
<input class="field" id="recovery" name="code" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="40" required aria-describedby="recovery-hint${about === null ? '' : ' recovery-problem'}"${about === null ? '' : html` aria-invalid="true" autofocus`}>
<div class="doing"><button>${labels.useThisCode}</button></div>
</form>
<p class="hint">${verifyTexts.noRecovery}</p>
</details>`
}

/** The page as HTML, about 6 kB, 9 kB with a passkey (then send it with `passkeyScript`). */
export const verifyPage = (view: VerifyView): string =>
  page({
    title: labels.confirmThatItIsYou,
    practice: view.frame.brand,
    body: html`${whoLine(view.frame)}
<p>${why(view)}</p>
${ways(view)}${recoveryForm(view)}
${notYouLine(view.frame)}${view.passkey === null ? '' : passkeyScript.tag}`,
  })
