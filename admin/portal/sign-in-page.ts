/**
 * The pages on which people sign in here: login name and password, one link for each provider, and what became of the last
 * try; and the page that asks for a link to set a password.
 *
 * Data in, HTML out. Invariant: what is said names no person and tells nothing of the directory, and the words in the
 * address choose among these sentences only. Showing again what was typed was refused: browsers fill it in by themselves.
 */
import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { passkeyForm } from './page-parts.ts'
import { passkeyScript } from './scripts.ts'

const sentences = {
  cancelled: 'Nobody was signed in there. You can try again.',
  refused:
    'The answer that came back could not be trusted, so nobody was signed in. Please try again from here.',
  'not-verified':
    'Your e-mail address there is not verified. Verify it there first, or use another account, then try again.',
  'not-allowed': 'That account is not one of your practice’s. Use the account that your practice gave you.',
  away: 'The sign-in cannot be reached just now. Please try again in a moment.',
  'no-passkey':
    'Nobody was signed in with that passkey. Try again, or use another way; if it goes on, ask the person who manages access at your practice.',
  wrong:
    'That login name and that password do not belong together. Check both, and whether Caps Lock is on, then try again.',
} as const

/** What became of the last try. */
export type SignInSaid = keyof typeof sentences

/** As a word for the address: too many tries, with how long to wait. */
export const waitWord = (waitMs: number): string =>
  `wait-${Math.min(99, Math.max(1, Math.ceil(waitMs / 60_000)))}`

/** As a sentence, out of an address; `null`: nothing is said, or nothing of ours. */
export function readSignInSaid(word: string | undefined): string | null {
  if (word === undefined) return null
  if (Object.hasOwn(sentences, word)) return sentences[word as SignInSaid]
  const minutes = /^wait-([1-9]\d?)$/.exec(word)?.[1]
  if (minutes === undefined) return null
  return `There were too many tries. Wait ${minutes === '1' ? 'a minute' : `${minutes} minutes`}, then try again.`
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
<label for="login">Login name</label>
<input class="field" id="login" name="login" autocomplete="username${passkey === null ? '' : ' webauthn'}" autocapitalize="none" spellcheck="false" maxlength="200" required autofocus${said === null ? '' : html` aria-describedby="said"`}>
<label for="password">Password</label>
<input class="field" id="password" name="password" type="password" autocomplete="current-password" required${said === null ? '' : html` aria-describedby="said"`}>
<div class="doing"><button class="first">Sign in</button></div></form>
<p class="hint">${
        password.hasLinks
          ? html`<a href="/sign-in/password-link">No password yet, or forgotten?</a>`
          : 'No password yet, or forgotten? Ask the person who manages access at your practice for a link.'
      }</p>`

const passkeyPart = ({ passkey, password, providers }: SignInView) =>
  passkey === null
    ? ''
    : html`${passkeyForm(passkey, {
        ...{ action: '/sign-in/passkey', options: passkey.options, words: 'Sign in with a passkey' },
        isSecond: password !== null || providers.length > 0,
      })}`

/** The page of signing in, to be sent with `passkeyScript` where it has a passkey's form. */
export const signInPage = (view: SignInView): string =>
  page({
    title: 'Sign in',
    practice: null,
    body: html`<p>Sign in to go on to <strong>${new URL(view.origin).host}</strong>.</p>
${view.said === null ? '' : html`<p class="problem" id="said" role="alert">${view.said}</p>`}
${passwordForm(view)}
${
  view.providers.length === 0
    ? ''
    : html`<div class="doing">${view.providers.map(
        ({ id, name }, at) =>
          html`<a${at === 0 && view.password === null ? html` class="first"` : ''} href="/sign-in/with/${id}">Continue with ${name}</a>`,
      )}</div>`
}
${passkeyPart(view)}
<p class="last">Did you not just open this application? Then close this page.</p>${view.passkey === null ? '' : passkeyScript.tag}`,
  })

/** The page that asks for a link. `isAsked`: it was asked for; whether anybody has that login name is not told. */
export const passwordLinkPage = (view: { readonly token: string; readonly isAsked: boolean }): string =>
  page({
    title: view.isAsked ? 'Look into your mailbox' : 'Set your password',
    practice: null,
    body: view.isAsked
      ? html`<p role="status">If that login name is an e-mail address that your practice knows, a link is on its way to it. It works once, for half an hour.</p>
<p>Nothing came? Look among unwanted mail, then ask the person who manages access at your practice.</p>
<div class="doing"><a class="first" href="/sign-in">Back to signing in</a></div>`
      : html`<p>A link to set your password goes to your e-mail address, if it is your login name.</p>
<form method="post" action="/sign-in/password-link"><input type="hidden" name="token" value="${view.token}">
<label for="login">Login name</label>
<input class="field" id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required autofocus>
<div class="doing"><button class="first">Send the link</button><a href="/sign-in">Back</a></div></form>`,
  })
