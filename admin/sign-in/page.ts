/**
 * The sign-in pages of the admin plane as HTML: they work without script but for passkeys, and say the same to everybody.
 *
 * It decides nothing. Invariant: everything that came from a request goes through the template's escaping,
 * and no sentence tells whether an account exists.
 */
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { passkeyScript } from '../portal/scripts.ts'
import type { SecondStep } from './own-account-sign-in.ts'

/** What the page shows. `message`: what went wrong last time, or `null`. */
export type SignInView = {
  readonly nonce: string
  readonly login: string
  readonly returnTo: string
  readonly message: string | null
  readonly providers: readonly { readonly id: string; readonly name: string }[]
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText }
main { width: min(22rem, calc(100vw - 2rem)) }
h1 { font-size: 1.4rem; margin: 0 0 1rem }
label { display: block; margin: .75rem 0 .25rem; font-weight: 600 }
input { box-sizing: border-box; width: 100%; font: inherit; padding: .55rem .7rem; border: 1px solid GrayText; border-radius: .4rem }
button { margin-top: 1.25rem; width: 100%; font: inherit; font-weight: 600; padding: .6rem; border: 0; border-radius: .4rem; background: #0b5cad; color: #fff; cursor: pointer }
button.second { background: transparent; color: CanvasText; border: 1px solid GrayText }
form + form { margin-top: 1.75rem; border-top: 1px solid GrayText; padding-top: .5rem }
:focus-visible { outline: 3px solid #0b5cad; outline-offset: 2px }
[role=alert] { border-left: .3rem solid #c92a2a; padding: .5rem .75rem; margin: 0 0 1rem }
p.note { font-size: .9rem }
`

const frame = (nonce: string, title: string, body: HtmlEscapedString | Promise<HtmlEscapedString>) =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Gatehouse</title>
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>`

/** The whole page. */
export const signInPage = (view: SignInView) =>
  frame(
    view.nonce,
    'Gatehouse security management',
    html`${view.message === null ? '' : html`<p role="alert">${view.message}</p>`}
<form method="post" action="/sign-in">
<input type="hidden" name="return" value="${view.returnTo}">
<label for="login">Account</label>
<input id="login" name="login" value="${view.login}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1000" required>
<button>Sign in</button>
</form>
${view.providers.map(
  ({ id, name }) =>
    html`<p><a href="/sign-in/with/${id}?return=${encodeURIComponent(view.returnTo)}">Continue with ${name}</a></p>`,
)}
<p class="note">Own accounts are for the first admin and for emergencies. If you sign in to your practice application, open
<code>/.gatehouse/security-management</code> there instead.</p>`,
  )

/** What the page of the second step shows. `action`: where its form goes; `csrf`: `null` before there is a session. */
export type CodeView = {
  readonly nonce: string
  readonly action: '/sign-in/code' | '/step-up'
  readonly returnTo: string
  readonly csrf: string | null
  readonly message: string | null
  /** What the account has; its passkeys are shown by `passkeyScript`, which this page brings. */
  readonly step: SecondStep
}

const passkeyActions = { '/sign-in/code': '/sign-in/passkey', '/step-up': '/step-up/passkey' } as const

const carried = ({ returnTo, csrf }: Pick<CodeView, 'returnTo' | 'csrf'>) =>
  html`<input type="hidden" name="return" value="${returnTo}">
${csrf === null ? '' : html`<input type="hidden" name="csrf" value="${csrf}">`}`

const passkeyPart = (view: CodeView) => {
  const { passkey } = view.step
  if (passkey === null) return ''
  return html`<noscript><p role="alert">A passkey needs JavaScript, which is switched off in this browser. Switch it on for this page, or use another way.</p></noscript>
<form method="post" action="${passkeyActions[view.action]}" id="passkey" data-options="${passkey}" hidden>
${carried(view)}
<input type="hidden" name="answer" value="">
<p role="alert" id="passkey-note" hidden></p>
<button autofocus>Use your passkey</button>
</form>
`
}

const codeLabel = ({ app, passkey }: SecondStep): string => {
  const words = app ? 'Code of your authenticator app, or a recovery code' : 'A recovery code'
  return passkey === null ? words : `Or: ${words.charAt(0).toLowerCase()}${words.slice(1)}`
}

/** The page that asks for a passkey of the account, or a code. */
export const codePage = (view: CodeView) =>
  frame(
    view.nonce,
    'Confirm that it is you',
    html`${view.message === null ? '' : html`<p role="alert">${view.message}</p>`}
${passkeyPart(view)}<form method="post" action="${view.action}">
${carried(view)}
<label for="code">${codeLabel(view.step)}</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40" required${
      view.step.passkey === null ? html` autofocus` : ''
    }>
<button${view.step.passkey === null ? '' : html` class="second"`}>Confirm</button>
</form>
<p class="note"><a href="/sign-in">Sign in as someone else</a></p>${
      view.step.passkey === null
        ? ''
        : html`<script nonce="${view.nonce}">${raw(passkeyScript.text)}</script>`
    }`,
  )

/** What the page of a link shows: whose password is set. */
export type PasswordView = {
  readonly nonce: string
  readonly link: string
  readonly login: string
  readonly message: string | null
}

/** The page that sets a password by a link. */
export const passwordPage = (view: PasswordView) =>
  frame(
    view.nonce,
    'Set your password',
    html`${view.message === null ? '' : html`<p role="alert">${view.message}</p>`}
<form method="post" action="/set-password">
<input type="hidden" name="link" value="${view.link}">
<label for="login">Account</label>
<input id="login" name="login" value="${view.login}" autocomplete="username" readonly>
<label for="password">New password, at least 12 characters</label>
<input id="password" name="password" type="password" autocomplete="new-password" maxlength="128" required autofocus>
<button>Set password</button>
</form>`,
  )

/** A page of one sentence and the way to the sign-in. */
export const sentencePage = (nonce: string, title: string, sentence: string) =>
  frame(nonce, title, html`<p>${sentence}</p><p class="note"><a href="/sign-in">Sign in</a></p>`)
