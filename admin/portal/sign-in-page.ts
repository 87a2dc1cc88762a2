/**
 * The pages on which people sign in here: login name and password, one link for each provider, and what became of the last
 * try; and the page that asks for a link to set a password.
 *
 * Data in, HTML out. Invariant: what is said names no person and tells nothing of the directory, and the words in the
 * address choose among these sentences only. Showing again what was typed was refused: browsers fill it in by themselves.
 */

import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { labels, labelTexts } from '../../runtime/pages/texts-labels.ts'
import { signInSaidTexts, signInTexts } from '../../runtime/pages/texts-sign-in.ts'
import { passkeyForm } from './page-parts.ts'
import { passkeyScript } from './scripts.ts'

/** What became of the last try. */
export type SignInSaid = keyof typeof signInSaidTexts

/** As a word for the address: too many tries, with how long to wait. */
export const waitWord = (waitMs: number): string =>
  `wait-${Math.min(99, Math.max(1, Math.ceil(waitMs / 60_000)))}`

/** As a sentence, out of an address; `null`: nothing is said, or nothing of ours. */
export function readSignInSaid(word: string | undefined): string | null {
  if (word === undefined) return null
  if (Object.hasOwn(signInSaidTexts, word)) return signInSaidTexts[word as SignInSaid]
  const minutes = /^wait-([1-9]\d?)$/.exec(word)?.[1]
  return minutes === undefined ? null : signInTexts.tooMany(Number(minutes))
}

/** What the page of signing in shows. `origin`: the application's; `providers` in the order of their buttons. */
export type SignInView = {
  readonly origin: string
  readonly providers: readonly { readonly id: string; readonly name: string }[]
  /** What the form of login name and password carries; `null`: there is none. */
  readonly password: { readonly token: string; readonly hasLinks: boolean } | null
  /** What the form of the passkey carries, and what the browser is to be asked (JSON); `null`: there is none. */
  readonly passkey: { readonly token: string; readonly options: string } | null
  readonly said: string | null
}

const passwordForm = ({ password, passkey, said }: SignInView) =>
  password === null
    ? ''
    : html`<form method="post" action="/sign-in/password"><input type="hidden" name="token" value="${password.token}">
<label for="login">${labels.loginName}</label>
<input class="field" id="login" name="login" autocomplete="username${passkey === null ? '' : ' webauthn'}" autocapitalize="none" spellcheck="false" maxlength="200" required autofocus${said === null ? '' : html` aria-describedby="said"`}>
<label for="password">${labels.password}</label>
<input class="field" id="password" name="password" type="password" autocomplete="current-password" required${said === null ? '' : html` aria-describedby="said"`}>
<div class="doing"><button class="first">${labels.signIn}</button></div></form>
<p class="hint">${
        password.hasLinks
          ? html`<a href="/sign-in/password-link">${labels.noPasswordYetOrForgotten}</a>`
          : signInTexts.askForLink
      }</p>`

const passkeyPart = ({ passkey, password, providers }: SignInView) =>
  passkey === null
    ? ''
    : html`${passkeyForm(passkey, {
        ...{ action: '/sign-in/passkey', options: passkey.options, words: labels.signInWithAPasskey },
        isSecond: password !== null || providers.length > 0,
      })}`

/** The page of signing in, to be sent with `passkeyScript` where it has a passkey's form. */
export const signInPage = (view: SignInView): string =>
  page({
    title: labels.signIn,
    practice: null,
    body: html`<p>${signInTexts.goOn(new URL(view.origin).host)}</p>
${view.said === null ? '' : html`<p class="problem" id="said" role="alert">${view.said}</p>`}
${passwordForm(view)}
${
  view.providers.length === 0
    ? ''
    : html`<div class="doing">${view.providers.map(
        ({ id, name }, at) =>
          html`<a${at === 0 && view.password === null ? html` class="first"` : ''} href="/sign-in/with/${id}">${labelTexts.continueWith(name)}</a>`,
      )}</div>`
}
${passkeyPart(view)}
<p class="last">${signInTexts.notYou}</p>${view.passkey === null ? '' : passkeyScript.tag}`,
  })

/** The page that asks for a link. `isAsked`: it was asked for; whether anybody has that login name is not told. */
export const passwordLinkPage = (view: { readonly token: string; readonly isAsked: boolean }): string =>
  page({
    title: view.isAsked ? labels.lookIntoYourMailbox : labels.setYourPassword,
    practice: null,
    body: view.isAsked
      ? html`<p role="status">${signInTexts.linkOnItsWay}</p>
<p>${signInTexts.noLinkCame}</p>
<div class="doing"><a class="first" href="/sign-in">${labels.backToSigningIn}</a></div>`
      : html`<p>${signInTexts.linkGoes}</p>
<form method="post" action="/sign-in/password-link"><input type="hidden" name="token" value="${view.token}">
<label for="login">${labels.loginName}</label>
<input class="field" id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required autofocus>
<div class="doing"><button class="first">${labels.sendTheLink}</button><a href="/sign-in">${labels.back}</a></div></form>`,
  })
