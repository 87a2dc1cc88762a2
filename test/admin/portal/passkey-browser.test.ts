/**
 * Goal: in a real browser with a real WebAuthn device somebody makes a passkey, keeps the codes and shows it, under the
 * pages' own policy; every page on the way is accessible in light and dark, and says what to do without JavaScript.
 * Method: the portal on localhost, Chromium with its virtual authenticator, and an application on another origin.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Listener, listenOn } from '../../../admin/listener.ts'
import { beginSignIn, type OwnUpstream } from '../../../admin/own-sign-in/visits.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { giveEnrolmentCode } from '../../../admin/two-factor/enrolment-codes.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { freePort } from '../../support/free-port.ts'
import { north } from '../practice-store.ts'
import { createPortalStage, type PortalStage, type Wish } from './portal-stage.ts'

const own: OwnUpstream = {
  ...{ providers: [], password: true, passkey: true },
  ...{ provisioning: 'deny', practice: null },
}
let stage: PortalStage
let listener: Listener
let server: Server
let browser: Browser
let context: BrowserContext
let page: Page
let device: CDPSession
let authenticator = ''
let session: SessionRow
let person = 0
let portal = ''
let application = ''
/** What reached the application. */
const reached: string[] = []
/** What the browser complained of: policy violations and errors of scripts. */
const complaints: string[] = []

beforeAll(async () => {
  const port = await freePort()
  portal = `http://localhost:${port}`
  stage = await createPortalStage({ origin: portal, own })
  listener = await listenOn(`127.0.0.1:${port}`, (request, env) => stage.app.fetch(request, env))
  server = createServer((request, response) => {
    if (request.url !== '/favicon.ico') reached.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<title>Schedule</title><h1>Schedule</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  application = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await listener?.close()
  await new Promise((resolve) => server.close(resolve))
  await stage?.close()
})

/** A browser with a device that unlocks; `javaScript: false`: one where scripts are switched off. */
const openBrowser = async (javaScript = true): Promise<void> => {
  context = await browser.newContext({
    javaScriptEnabled: javaScript,
    permissions: ['clipboard-read', 'clipboard-write'],
    viewport: { width: 420, height: 900 },
  })
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  device = await context.newCDPSession(page)
  await device.send('WebAuthn.enable')
  const added = await device.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', automaticPresenceSimulation: true },
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
    },
  })
  authenticator = added.authenticatorId
}

beforeEach(async () => {
  reached.length = 0
  complaints.length = 0
  person += 1
  session = await stage.signIn(`person${person}`)
})
afterEach(async () => {
  await context?.close()
  expect(complaints).toEqual([])
})

const come = async (reason: NonNullable<Wish['reason']> | null): Promise<void> => {
  const ticket = await stage.ticketFor(session, { reason, origin: application, to: '/schedule' })
  await page.goto(`${portal}/hand-over?ticket=${ticket}`)
}
const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor()
const press = (name: string) => page.getByRole('button', { name }).click()

const findNothing = async (): Promise<void> => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await axeFindings(page, colorScheme)).toEqual([])
  }
}

/** Makes a passkey called "Front desk", up to the page of codes. */
const makePasskey = async (): Promise<void> => {
  await come('two-factor-not-enrolled')
  await page.getByRole('link', { name: 'set up a passkey instead' }).click()
  await heading('Set up a passkey')
  await page.getByLabel('Name of this device').fill('Front desk')
  await press('Make a passkey')
  await heading('Keep your recovery codes')
}

it('makes a passkey, keeps the codes, and shows it at the next sign-in', async () => {
  await openBrowser()
  await makePasskey()
  await findNothing()
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allInnerTexts()
  expect(codes).toHaveLength(10)
  await press('Copy')
  await page.getByText('The codes are copied.').waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(codes.join('\n'))
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ])
  expect(file.suggestedFilename()).toBe('recovery-codes.txt')
  expect(await readFile(await file.path(), 'utf8')).toContain(codes.join('\r\n'))
  await page.evaluate('window.print = () => { document.title = "printed" }')
  await press('Print')
  expect(await page.title()).toBe('printed')
  await page.getByLabel('I have kept these codes').check()
  await press('Continue')
  await heading('Schedule')
  await come('two-factor-not-verified')
  await heading('Confirm that it is you')
  await findNothing()
  await press('Use your passkey')
  await heading('Schedule')
  expect(reached.filter((path) => path.startsWith('/.gatehouse/access?proof='))).toHaveLength(2)
  await come(null)
  await page.locator('.name', { hasText: 'Front desk' }).waitFor()
})

it('where only a passkey suffices, asks for somebody’s word once, and says so where nothing was confirmed', async () => {
  await openBrowser()
  await makePasskey()
  await come('two-factor-too-weak')
  await device.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: false })
  await press('Use your passkey')
  await page.getByRole('alert').getByText('Nothing was confirmed. You can try again').waitFor()
  await device.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: true })
  await press('Use your passkey')
  await heading('Your passkey has to be vouched for')
  await findNothing()
  const wish = { practice: north, user: session.user_id, validMs: 3_600_000 }
  const given = await giveEnrolmentCode(stage.store, wish, stage.deed())
  await page.getByLabel('Code from the person who manages access').fill(given?.code ?? '')
  await press('Use this code')
  await heading('Confirm that it is you')
  await press('Use your passkey')
  await heading('Schedule')
  await come('two-factor-too-weak')
  await press('Use your passkey')
  await heading('Schedule')
  // The refused page of before is an answer 403, which the browser notes.
  complaints.splice(0, complaints.length, ...complaints.filter((text) => !text.includes('403')))
})

/** Opens the page on which people sign in here. */
const openSignIn = async (): Promise<void> => {
  const beginHash = hashToken(newToken())
  const begun = { beginHash, upstream: 'app', origin: application, to: '/schedule' }
  await beginSignIn(stage.store, begun, stage.clock.now())
  await page.goto(`${portal}/sign-in?begin=${beginHash}`)
}
const proof = /^\/\.gatehouse\/access\?signed-in=[A-Za-z0-9_-]{43}$/

it('signs in with a passkey alone: by the button, or as soon as the browser offers it beside the login name', async () => {
  await openBrowser()
  // A device in software confirms at once: at first it is not asked by itself.
  await page.addInitScript(
    `PublicKeyCredential.isConditionalMediationAvailable = async () => localStorage.getItem('offers') === 'yes'`,
  )
  await makePasskey()
  await openSignIn()
  await heading('Sign in')
  await findNothing()
  await page.evaluate(`localStorage.setItem('offers', 'yes')`)
  await press('Sign in with a passkey')
  await heading('Schedule')
  expect(reached.at(-1)).toMatch(proof)
  reached.length = 0
  await openSignIn()
  await heading('Schedule')
  expect(reached.at(-1)).toMatch(proof)
})

it('offers passkeys beside the field for the login name, and asks for one at a time', async () => {
  await openBrowser()
  await page.addInitScript(`
    window.asked = []
    PublicKeyCredential.isConditionalMediationAvailable = async () => true
    navigator.credentials.get = ({ mediation, signal, publicKey }) => new Promise((resolve, reject) => {
      asked.push([mediation ?? 'now', publicKey.challenge.length])
      signal?.addEventListener('abort', () => { asked.push(['ended', 0]); reject(new DOMException('', 'AbortError')) })
      if (mediation === undefined) reject(new DOMException('', 'NotAllowedError'))
    })
  `)
  await openSignIn()
  await expect.poll(() => page.evaluate('asked')).toEqual([['conditional', 32]])
  await press('Sign in with a passkey')
  await page.getByRole('alert').getByText('Nothing was confirmed. You can try again').waitFor()
  expect(await page.evaluate('asked')).toEqual([
    ['conditional', 32],
    ['ended', 0],
    ['now', 32],
  ])
})

it('without JavaScript says so, and leads to an authenticator app', async () => {
  await openBrowser(false)
  await come('two-factor-not-enrolled')
  await page.getByRole('link', { name: 'set up a passkey instead' }).click()
  expect(await page.locator('noscript').innerText()).toMatch(
    /^A passkey needs JavaScript, which is switched off/,
  )
  expect(await page.getByRole('button', { name: 'Make a passkey' }).isVisible()).toBe(false)
  await page.getByRole('link', { name: 'Set up an authenticator app instead' }).click()
  await heading('Set up your second factor')
})
