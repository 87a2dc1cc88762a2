/**
 * The sign-in page of the admin plane as HTML: works without script, says the same to everybody.
 *
 * It decides nothing. Invariant: everything that came from a request goes through the template's escaping,
 * and no sentence tells whether an account exists.
 */
import { html, raw } from 'hono/html'

/** What the page shows. `message`: what went wrong last time, or `null`. */
export type SignInView = {
  readonly nonce: string
  readonly login: string
  readonly returnTo: string
  readonly message: string | null
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText }
main { width: min(22rem, calc(100vw - 2rem)) }
h1 { font-size: 1.4rem; margin: 0 0 1rem }
label { display: block; margin: .75rem 0 .25rem; font-weight: 600 }
input { box-sizing: border-box; width: 100%; font: inherit; padding: .55rem .7rem; border: 1px solid GrayText; border-radius: .4rem }
button { margin-top: 1.25rem; width: 100%; font: inherit; font-weight: 600; padding: .6rem; border: 0; border-radius: .4rem; background: #0b5cad; color: #fff; cursor: pointer }
:focus-visible { outline: 3px solid #0b5cad; outline-offset: 2px }
[role=alert] { border-left: .3rem solid #c92a2a; padding: .5rem .75rem; margin: 0 0 1rem }
p.note { font-size: .9rem }
`

/** The whole page. */
export const signInPage = (view: SignInView) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Gatehouse</title>
<style nonce="${view.nonce}">${raw(style)}</style>
</head>
<body>
<main>
<h1>Gatehouse security management</h1>
${view.message === null ? '' : html`<p role="alert">${view.message}</p>`}
<form method="post" action="/sign-in">
<input type="hidden" name="return" value="${view.returnTo}">
<label for="login">Account</label>
<input id="login" name="login" value="${view.login}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1000" required>
<button>Sign in</button>
</form>
<p class="note">Own accounts are for the first admin and for emergencies.</p>
</main>
</body>
</html>`
