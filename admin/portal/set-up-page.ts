/**
 * The pages around setting up a factor: the steps of an app with the picture and the key, the passkey, the refusal where
 * it may not be done, and the recovery codes, shown once.
 *
 * Data in, HTML out. Invariant: the picture is drawn here, on white in dark mode too (scanners need it), so that the
 * secret is in no address and asks no other server; every step can be done without the picture.
 */

import { html, raw } from 'hono/html'
import { emergencyOnLine } from '../../runtime/pages/emergency-line.ts'
import { page } from '../../runtime/pages/page.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { factorPartTexts, recoveryCodesTexts, setUpTexts } from '../../runtime/pages/texts-second-factor.ts'
import {
  codeField,
  doneForm,
  hiddenFields,
  nameField,
  notYouLine,
  type PortalFrame,
  passkeyForm,
  problemLine,
  whoLine,
} from './page-parts.ts'
import { qrPicture } from './qr-picture.ts'
import type { Said } from './said.ts'
import { codesScript, passkeyScript } from './scripts.ts'

/** What the set-up page shows. */
export type SetUpView = {
  readonly frame: PortalFrame
  /** Base32, and the same as `otpauth:` for the picture. */
  readonly key: string
  readonly uri: string
  /** Until when it must be done, ready to read; `null`: now, or there is no must. */
  readonly deadline: string | null
  /** They have a second factor already, and this is one more. */
  readonly adds: boolean
  /** A passkey can be made here instead. */
  readonly passkeys: boolean
  /** Codes by text message can be set up instead. */
  readonly texts: boolean
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
  html`<div class="qr" role="img" aria-label="${setUpTexts.picture}">${raw(qrPicture(uri))}</div>`

const why = ({ adds, deadline }: Pick<SetUpView, 'adds' | 'deadline'>) => {
  if (adds) return html`<p>${setUpTexts.oneMore}</p>`
  return html`<p>${setUpTexts.why} ${deadline === null ? '' : setUpTexts.by(deadline)}</p>`
}

/** The set-up page as HTML, about 14 kB with its picture. */
export const setUpPage = (view: SetUpView): string => {
  const { frame, key, uri, said } = view
  const { account, issuer } = labelOf(uri)
  return page({
    title: view.adds ? labels.setUpAnotherAuthenticatorApp : labels.setUpYourSecondFactor,
    practice: frame.brand,
    body: html`${whoLine(frame)}
${why(view)}
${view.passkeys ? html`<p>${setUpTexts.passkeyInstead} <a href="/passkey">${setUpTexts.passkeyLink}</a></p>` : ''}${view.texts ? html`<p>${setUpTexts.noSmartphone} <a href="/text">${setUpTexts.textsInstead}</a></p>` : ''}
<h2>${setUpTexts.openApp}</h2>
<p>${setUpTexts.anyApp}</p>
<h2>${setUpTexts.scan}</h2>
${picture(uri)}
<p>${setUpTexts.onThatPhone} <a href="${uri}">${setUpTexts.openKey}</a></p>
<p>${setUpTexts.typeKey}</p>
<p class="code" id="key">${grouped(key)}</p>
<dl><dt>${labels.account}</dt><dd>${account}</dd><dt>${labels.service}</dt><dd>${issuer}</dd><dt>${labels.kind}</dt><dd>${labels.timeBased}</dd></dl>
<form method="post" action="/set-up">${hiddenFields(frame)}
<h2>${labels.confirmThatItWorks}</h2>
${codeField(said, frame.at, setUpTexts.appCode, factorPartTexts.changes, false)}
${nameField('')}
<div class="doing"><button class="first">${labels.confirm}</button></div>
</form>
${notYouLine(frame)}`,
  })
}

/** What the page of a new passkey shows. `options`: what the browser is to be asked (JSON). */
export type PasskeyView = {
  readonly frame: PortalFrame
  readonly options: string
  readonly deadline: string | null
  readonly adds: boolean
  readonly said: Said | null
}

/** The page that makes a passkey, to be sent with `passkeyScript`. */
export const passkeyPage = (view: PasskeyView): string =>
  page({
    title: labels.setUpAPasskey,
    practice: view.frame.brand,
    body: html`${whoLine(view.frame)}
${why(view)}
<p>${setUpTexts.passkey}</p>
${problemLine('passkey-problem', view.said, 'passkey', view.frame.at)}
${passkeyForm(view.frame, {
  ...{ action: '/passkey', options: view.options, words: labels.makeAPasskey },
  more: nameField(''),
})}
<p><a href="/set-up">${factorPartTexts.appInstead}</a></p>
${notYouLine(view.frame)}${passkeyScript.tag}`,
  })

/** The form that takes a code which an admin gave. */
export const admissionForm = (frame: PortalFrame, said: Said | null) =>
  html`<form method="post" action="/admission">${hiddenFields(frame)}
<label for="admission">${setUpTexts.admissionField}</label>
<p class="hint" id="admission-hint">${setUpTexts.admission}</p>
${problemLine('admission-problem', said, 'admission', frame.at)}
<input class="field" id="admission" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="40" required aria-describedby="admission-hint${said === null ? '' : ' admission-problem'}"${said === null ? '' : html` aria-invalid="true" autofocus`}>
<div class="doing"><button class="first">${labels.useThisCode}</button></div>
</form>`

/** The page where it may not be set up from this address, unless an admin has given a code. */
export const notHerePage = (frame: PortalFrame, address: string, said: Said | null): string =>
  page({
    title: setUpTexts.notHereTitle,
    practice: frame.brand,
    body: html`${whoLine(frame)}
<p>${setUpTexts.notHere}</p>
<p>${setUpTexts.notHereNext}</p>
${admissionForm(frame, said)}
<dl><dt>${labels.yourAddress}</dt><dd>${address}</dd></dl>
${notYouLine(frame)}`,
  })

/** The page of somebody who has as many factors as one may have. */
export const fullPage = (frame: PortalFrame): string =>
  page({
    title: labels.youHaveTenAlready,
    practice: frame.brand,
    body: html`${whoLine(frame)}
<p>${setUpTexts.full}</p>
<div class="doing"><a class="first" href="/">${labels.yourSecondFactors}</a></div>`,
  })

/** What the page of recovery codes shows. `goesOn`: a sign-in waits for it. */
export type CodesView = {
  readonly frame: PortalFrame
  readonly codes: readonly string[]
  readonly fresh: 'enrolled' | 'renewed'
  readonly goesOn: boolean
}

const fileOf = (frame: PortalFrame, codes: readonly string[]): string =>
  `${recoveryCodesTexts.file(frame.name, frame.login)}\r\n\r\n${codes.join('\r\n')}\r\n`

/** The recovery codes, this once; to be sent with `codesScript`. */
export const codesPage = ({ frame, codes, fresh, goesOn }: CodesView): string =>
  page({
    title: labels.keepYourRecoveryCodes,
    practice: frame.brand,
    body: html`${emergencyOnLine(frame.emergencyUntil)}<p role="status">${
      fresh === 'enrolled' ? recoveryCodesTexts.enrolled : recoveryCodesTexts.renewed
    }</p>
<p>${recoveryCodesTexts.keep()}</p>
<ol class="codes code" aria-label="${labels.recoveryCodes}">${codes.map((code) => html`<li>${code}</li>`)}</ol>
<p>${frame.name} (${frame.login})</p>
<div class="doing"><button type="button" id="copy" hidden>${labels.copy}</button><button type="button" id="print" hidden>${labels.print}</button><a download="recovery-codes.txt" href="data:text/plain;charset=utf-8,${encodeURIComponent(fileOf(frame, codes))}">${labels.download}</a></div>
<p class="hint" id="codes-note" role="status"></p>
<form method="post" action="/done">${hiddenFields(frame, { after: 'codes' })}
<label class="choice"><input type="checkbox" name="kept" value="yes" required> ${labels.iHaveKeptTheseCodes}</label>
<div class="doing"><button class="first">${goesOn ? labels.continue : labels.backToMySecondFactor}</button></div>
</form>${codesScript.tag}`,
  })

/** The page before new codes are made: a reloaded answer must not make any, so the wish is confirmed here. */
export const renewPage = (frame: PortalFrame, left: number, wish: string): string =>
  page({
    title: labels.makeNewRecoveryCodes,
    practice: frame.brand,
    body: html`${whoLine(frame)}
<p>${recoveryCodesTexts.renew(left)}</p>
<form method="post" action="/recovery-codes">${hiddenFields(frame, { wish })}
<div class="doing"><button class="first">${labels.makeNewCodes}</button><a href="/">${labels.keepTheOldOnes}</a></div>
</form>
${notYouLine(frame)}`,
  })

/** The page for codes that were made and shown a moment ago, and are asked for again by a reload. */
export const shownAlreadyPage = (frame: PortalFrame): string =>
  page({
    title: labels.theseCodesWereShownAlready,
    practice: frame.brand,
    body: html`${emergencyOnLine(frame.emergencyUntil)}<p>${recoveryCodesTexts.shown}</p>
${doneForm(frame, labels.goOn)}
<div class="doing"><a href="/recovery-codes">${labels.newRecoveryCodes}</a></div>`,
  })
