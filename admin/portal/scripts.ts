/**
 * The two small scripts of people's pages: asking the browser for a passkey, which the admin origin's sign-in does too, and
 * copying or printing recovery codes.
 *
 * Plain text that stands in the page itself and is allowed by its hash, so that nothing is loaded and nothing else runs.
 * Invariant: a page says everything without them; what needs them is hidden until they run, but for a sentence that says
 * so. A bundle was refused: there is nothing to bundle.
 */

import { hash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { passkeyTexts, recoveryCodesTexts } from '../../runtime/pages/texts-second-factor.ts'

/** A script as it stands in a page, its hash (SHA-256, base64) for the page's policy, and its text. */
export type PageScript = {
  readonly tag: ReturnType<typeof html>
  readonly hash: string
  readonly text: string
}

const scriptOf = (text: string): PageScript => ({
  tag: html`<script>${raw(text)}</script>`,
  hash: hash('sha256', text, 'base64'),
  text,
})

/**
 * Asks for a passkey as the form's `data-options` say, and sends what came of it as its field `answer`. Beside a field for the
 * login name (`autocomplete="… webauthn"`) the browser offers the passkeys it has without being asked; the button ends
 * that wait, since browsers ask for one at a time.
 */
export const passkeyScript: PageScript = scriptOf(`
const form = document.getElementById('passkey')
const note = document.getElementById('passkey-note')
const say = (text) => { note.textContent = text; note.hidden = false }
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
const texts = (response, names) => Object.fromEntries(names.filter((name) => response[name]).map((name) => [name, text(response[name])]))
const ask = async (how = {}) => {
  const options = JSON.parse(form.dataset.options)
  options.challenge = bytes(options.challenge)
  for (const one of [...(options.allowCredentials ?? []), ...(options.excludeCredentials ?? [])]) one.id = bytes(one.id)
  if (options.user) options.user.id = bytes(options.user.id)
  const made = options.user ? await navigator.credentials.create({ publicKey: options }) : await navigator.credentials.get({ publicKey: options, ...how })
  const response = texts(made.response, ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'].filter((name) => !options.user || name !== 'authenticatorData'))
  if (options.user) response.transports = made.response.getTransports ? made.response.getTransports() : []
  return JSON.stringify({ id: made.id, type: made.type, response })
}
const words = {
  InvalidStateError: ${JSON.stringify(passkeyTexts.existing)},
  NotAllowedError: ${JSON.stringify(passkeyTexts.unconfirmed)},
  SecurityError: ${JSON.stringify(passkeyTexts.wrongAddress)},
}
form.hidden = false
if (!window.PublicKeyCredential) { form.querySelector('button').disabled = true; say(${JSON.stringify(passkeyTexts.notInBrowser)}) }
const send = (answer) => { form.elements.answer.value = answer; form.submit() }
const waiting = new AbortController()
if (document.querySelector('input[autocomplete~="webauthn"]')) window.PublicKeyCredential?.isConditionalMediationAvailable?.().then((can) => can && ask({ mediation: 'conditional', signal: waiting.signal }).then(send)).catch(() => {})
form.addEventListener('submit', async (event) => {
  event.preventDefault()
  waiting.abort()
  const button = form.querySelector('button')
  button.disabled = true
  note.hidden = true
  try { send(await ask()) } catch (error) { say(words[error.name] ?? ${JSON.stringify(passkeyTexts.failed)}); button.disabled = false }
})
`)

/** Makes the buttons work that copy and print the recovery codes. */
export const codesScript: PageScript = scriptOf(`
const said = document.getElementById('codes-note')
const codes = [...document.querySelectorAll('.codes li')].map((one) => one.textContent).join('\\n')
const buttons = { copy: () => navigator.clipboard.writeText(codes).then(() => { said.textContent = ${JSON.stringify(recoveryCodesTexts.copied)} }, () => { said.textContent = ${JSON.stringify(recoveryCodesTexts.notCopied)} }), print: () => window.print() }
for (const [name, does] of Object.entries(buttons)) { const button = document.getElementById(name); button.hidden = false; button.addEventListener('click', does) }
`)
