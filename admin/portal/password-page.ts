/**
 * The pages of setting a password by a link: the two fields, what is wrong with what was typed, and that it is done.
 *
 * Data in, HTML out. Invariant: a password is never shown again, not even a refused one; whoever came by a stranger's link
 * sees first whose password it is. A meter of strength was refused: it needs a script and praises what is guessed first.
 */

import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { plainPage } from '../../runtime/pages/plain-page.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { passwordTexts, portalPageTexts } from '../../runtime/pages/texts-sign-in.ts'
import { passwordCharactersMin } from '../own-sign-in/password-rules.ts'

/** What the page shows. `said`: about the last try; `token`: of its form. */
export type PasswordView = {
  readonly name: string
  readonly login: string
  readonly token: string
  readonly said: string | null
}

/** The page of the two fields. */
export const passwordPage = (view: PasswordView): string =>
  page({
    title: labels.setYourPassword,
    practice: null,
    body: html`<p>${passwordTexts.whose(view.name, view.login)}</p>
<p class="hint" id="rules">${passwordTexts.rules(passwordCharactersMin)}</p>
${view.said === null ? '' : html`<p class="problem" id="said" role="alert">${view.said}</p>`}
<form method="post" action="/password"><input type="hidden" name="token" value="${view.token}">
<input type="hidden" name="login" autocomplete="username" value="${view.login}">
<label for="password">${labels.newPassword}</label>
<input class="field" id="password" name="password" type="password" autocomplete="new-password" required autofocus aria-describedby="rules${view.said === null ? '' : ' said'}">
<label for="again">${labels.theSameAgain}</label>
<input class="field" id="again" name="again" type="password" autocomplete="new-password" required>
<div class="doing"><button class="first">${labels.setThePassword}</button></div></form>
<p class="last">${passwordTexts.signsOut}</p>`,
  })

/** The password is set. */
export const passwordSetPage = (): string =>
  plainPage(labels.yourPasswordIsSet, [passwordTexts.set, passwordTexts.factorStays])

/** A link that is unknown, used, or has run out; which of them is not told. */
export const noLinkPage = (): string =>
  plainPage(portalPageTexts.ticket.title, [passwordTexts.noLink, passwordTexts.noLinkNext])
