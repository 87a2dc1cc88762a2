/**
 * The pages around setting up an authenticator app: the steps with the picture and the key, the refusal where it may
 * not be done, and the recovery codes, shown once.
 *
 * Data in, HTML out. Invariant: the picture is drawn here, on white in dark mode too (scanners need it), so that the
 * secret is in no address and asks no other server; every step can be done without the picture.
 */
import { html, raw } from 'hono/html'
import { renderSVG } from 'uqr'
import { page } from '../../runtime/pages/page.ts'
import { codeField, doneForm, hiddenFields, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'
import type { Said } from './said.ts'

/** What the set-up page shows. */
export type SetUpView = {
  readonly frame: PortalFrame
  /** Base32, and the same as `otpauth:` for the picture. */
  readonly key: string
  readonly uri: string
  /** Until when it must be done, ready to read; `null`: now, or there is no must. */
  readonly deadline: string | null
  /** There is an app already, and the new one takes its place. */
  readonly replaces: boolean
  readonly said: Said | null
}

const grouped = (key: string): string => key.replace(/(.{4})(?=.)/g, '$1 ')

/** Account and issuer as the app will show them. */
const labelOf = (uri: string): { readonly account: string; readonly issuer: string } => {
  const url = new URL(uri)
  const path = decodeURIComponent(url.pathname.replace(/^\/+(?:totp\/)?/, ''))
  const issuer = url.searchParams.get('issuer') ?? ''
  return {
    issuer,
    account: issuer !== '' && path.startsWith(`${issuer}:`) ? path.slice(issuer.length + 1) : path,
  }
}

/** With role and name: for people who do not see it, it is a picture of the key below. */
const picture = (uri: string) =>
  html`<div class="qr" role="img" aria-label="QR code with the key that is written below">${raw(
    renderSVG(uri, { border: 4, pixelSize: 4, ecc: 'M' }).replace('<svg ', '<svg aria-hidden="true" '),
  )}</div>`

const why = ({ replaces, deadline }: SetUpView) => {
  if (replaces) return html`<p>The new app takes the place of the one you use now.</p>`
  return html`<p>Your password alone no longer opens your account: besides it you enter a code that your phone shows.${
    deadline === null ? '' : html` Please set it up by <strong>${deadline}</strong>.`
  }</p>`
}

/** The set-up page as HTML, about 20 kB with its picture. */
export const setUpPage = (view: SetUpView): string => {
  const { frame, key, uri, said } = view
  const { account, issuer } = labelOf(uri)
  return page({
    title: view.replaces ? 'Set up a new authenticator app' : 'Set up your second factor',
    practice: null,
    body: html`${whoLine(frame)}
${why(view)}
<h2>1. Open an authenticator app on your phone</h2>
<p>Any will do, for example Google Authenticator, Microsoft Authenticator or the password app that your phone has.</p>
<h2>2. Add an account by scanning this picture</h2>
${picture(uri)}
<p>Are you on that phone? <a href="${uri}">Open the key in the app</a></p>
<p>If you cannot scan it, choose to enter a key in the app and type this one:</p>
<p class="code" id="key">${grouped(key)}</p>
<dl><dt>Account</dt><dd>${account}</dd><dt>Service</dt><dd>${issuer}</dd><dt>Kind</dt><dd>time-based, 6 digits</dd></dl>
<form method="post" action="/set-up">${hiddenFields(frame)}
<h2>3. Confirm that it works</h2>
${codeField(said, frame.at, 'Enter the 6-digit code that the app shows now', 'It changes every 30 seconds.', false)}
<div class="doing"><button class="first">Confirm</button></div>
</form>
${notYouLine(frame)}`,
  })
}

/** The page where it may not be set up from this address. */
export const notHerePage = (frame: PortalFrame, address: string): string =>
  page({
    title: 'This has to be set up at the practice',
    practice: null,
    body: html`${whoLine(frame)}
<p>Your practice asks for a second factor. It can be set up only from a network that your practice has approved, and the one you are on is not among them.</p>
<p>Sign in from the practice once and set it up there, or ask the person who manages access to approve this network.</p>
<dl><dt>Your address</dt><dd>${address}</dd></dl>
${notYouLine(frame)}`,
  })

/** What the page of recovery codes shows. `goesOn`: a sign-in waits for it. */
export type CodesView = {
  readonly frame: PortalFrame
  readonly codes: readonly string[]
  readonly fresh: 'enrolled' | 'renewed'
  readonly goesOn: boolean
}

/** The recovery codes, this once. */
export const codesPage = ({ frame, codes, fresh, goesOn }: CodesView): string =>
  page({
    title: 'Keep your recovery codes',
    practice: null,
    body: html`<p role="status">${
      fresh === 'enrolled'
        ? 'Your authenticator app is set up.'
        : 'Here are your new recovery codes. The old ones no longer work.'
    }</p>
<p>If your phone is lost or broken, one of these codes lets you in instead. Each works once. <strong>They are shown only now:</strong> print this page or write them down, and keep them away from your phone.</p>
<ol class="codes code" aria-label="Recovery codes">${codes.map((code) => html`<li>${code}</li>`)}</ol>
<p>${frame.name} (${frame.login})</p>
<form method="post" action="/done">${hiddenFields(frame, { after: 'codes' })}
<label class="choice"><input type="checkbox" name="kept" value="yes" required> I have kept these codes</label>
<div class="doing"><button class="first">${goesOn ? 'Continue' : 'Back to my second factor'}</button></div>
</form>`,
  })

/** The page before new codes are made: a reloaded answer must not make any, so the wish is confirmed here. */
export const renewPage = (frame: PortalFrame, left: number, wish: string): string =>
  page({
    title: 'Make new recovery codes?',
    practice: null,
    body: html`${whoLine(frame)}
<p>Ten new codes are made and shown once. ${
      left === 0
        ? ''
        : html`The ${left === 1 ? 'one' : String(left)} that you still have will no longer work.`
    }</p>
<form method="post" action="/recovery-codes">${hiddenFields(frame, { wish })}
<div class="doing"><button class="first">Make new codes</button><a href="/">Keep the old ones</a></div>
</form>
${notYouLine(frame)}`,
  })

/** The page for codes that were made and shown a moment ago, and are asked for again by a reload. */
export const shownAlreadyPage = (frame: PortalFrame): string =>
  page({
    title: 'These codes were shown already',
    practice: null,
    body: html`<p>Recovery codes are shown once. If you have kept them, go on. If not, make new ones: those you did not keep will then no longer work.</p>
${doneForm(frame, 'Go on')}
<div class="doing"><a href="/recovery-codes">New recovery codes</a></div>`,
  })
