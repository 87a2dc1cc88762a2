/**
 * Goal: in a real browser with a real WebAuthn device an own account makes a passkey and signs in with it, under the pages'
 * own policy, on a page that is accessible in light and dark.
 * Method: the admin origin on localhost, Chromium with its virtual authenticator.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Listener, listenOn } from '../../../admin/listener.ts'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { freePort } from '../../support/free-port.ts'
import { createStage, password, type Stage } from '../api/admin-stage.ts'

let stage: Stage
let listener: Listener
let browser: Browser
let admin = ''

beforeAll(async () => {
  const port = await freePort()
  admin = `http://localhost:${port}`
  stage = await createStage({ origin: admin })
  listener = await listenOn(`127.0.0.1:${port}`, (request, env) => stage.app.fetch(request, env))
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await listener?.close()
  await stage?.close()
})

const typePassword = async (page: Page): Promise<void> => {
  await page.goto(`${admin}/sign-in`)
  await page.getByLabel('Account').fill('root')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** What a console does to make a passkey; as text, since these are a browser's names and not Node's. */
const makePasskey = `(async () => {
  const { csrf } = await (await fetch('/api/me')).json()
  const headers = { 'content-type': 'application/json', 'x-gatehouse-csrf': csrf }
  const post = (path, body) => fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  const { publicKey } = await (await post('/api/me/factors/passkeys', {})).json()
  const asked = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)
  const made = await navigator.credentials.create({ publicKey: asked })
  const kept = await post('/api/me/factors/passkeys/confirm', { name: 'Laptop', credential: made.toJSON() })
  return [kept.status, await kept.text()]
})()`

it('makes a passkey and goes on with it', async () => {
  const page = await (await browser.newContext({ viewport: { width: 420, height: 800 } })).newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  const device = await page.context().newCDPSession(page)
  await device.send('WebAuthn.enable')
  await device.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', automaticPresenceSimulation: true },
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
    },
  })
  await typePassword(page)
  await page.waitForLoadState()
  const kept = await page.evaluate(makePasskey)
  expect(kept).toEqual([200, expect.stringContaining('"name":"Laptop"')])
  await typePassword(page)
  await page.getByRole('button', { name: 'Use your passkey' }).waitFor()
  expect(await axeFindings(page)).toEqual([])
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await axeFindings(page, 'dark')).toEqual([])
  await page.getByRole('button', { name: 'Use your passkey' }).click()
  await page.waitForURL(`${admin}/`)
  await page.goto(`${admin}/api/me`)
  expect(await page.textContent('body')).toContain('"login":"root"')
  expect(complaints).toEqual([])
})
