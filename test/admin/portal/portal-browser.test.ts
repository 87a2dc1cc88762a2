/**
 * Goal: in a real browser without JavaScript somebody sets up their app, keeps their codes, and confirms at the next
 * sign-in; the browser follows the way back to the application under the page's own policy.
 * Method: the app on loopback, Chromium, and an application on another origin that notes what reaches it.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Listener, listenOn } from '../../../admin/listener.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { freePort } from '../../support/free-port.ts'
import { createPortalStage, digits, type PortalStage } from './portal-stage.ts'

let stage: PortalStage
let listener: Listener
let server: Server
let browser: Browser
let context: BrowserContext
let page: Page
let session: SessionRow
let portal = ''
let application = ''
/** What reached the application: path and Referer. */
const reached: (readonly [string, string])[] = []

beforeAll(async () => {
  const port = await freePort()
  portal = `http://127.0.0.1:${port}`
  stage = await createPortalStage({ origin: portal })
  listener = await listenOn(`127.0.0.1:${port}`, (request, env) => stage.app.fetch(request, env))
  server = createServer((request, response) => {
    if (request.url !== '/favicon.ico') reached.push([request.url ?? '', request.headers.referer ?? ''])
    response.writeHead(200, { 'content-type': 'text/html', 'cross-origin-opener-policy': 'same-origin' })
    response.end('<title>Schedule</title><h1>Schedule</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Another site than the portal, for cookies too.
  application = `http://localhost:${(server.address() as AddressInfo).port}`
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await listener?.close()
  await new Promise((resolve) => server.close(resolve))
  await stage?.close()
})
beforeEach(async () => {
  await context?.close()
  context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } })
  page = await context.newPage()
  reached.length = 0
  session = await stage.signIn(`person ${expect.getState().currentTestName}`)
})

const come = async (reason: 'two-factor-not-enrolled' | 'two-factor-not-verified' | null): Promise<void> => {
  const ticket = await stage.ticketFor(session, { reason, origin: application, to: '/schedule?day=1' })
  await page.goto(`${portal}/hand-over?ticket=${ticket}`)
  expect(page.url()).toBe(`${portal}/`)
}

/** Sets up an app on the pages, up to the codes; its key. */
const setUp = async (): Promise<string> => {
  await come('two-factor-not-enrolled')
  const key = (await page.locator('#key').innerText()).trim()
  await page.getByLabel('Enter the 6-digit code').fill(digits(key, stage.clock.now()))
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByRole('heading', { name: 'Keep your recovery codes' }).waitFor()
  return key
}

it('sets up, keeps the codes, goes on; the next sign-in asks for a code and goes on too', async () => {
  const key = await setUp()
  expect(await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').count()).toBe(10)
  await page.getByRole('button', { name: 'Continue' }).click()
  // The browser itself asks for the tick.
  expect(await page.getByRole('heading', { name: 'Keep your recovery codes' }).isVisible()).toBe(true)
  await page.getByLabel('I have kept these codes').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Schedule' }).waitFor()
  const way = /^\/\.gatehouse\/access\?proof=[A-Za-z0-9_-]{43}&to=%2Fschedule%3Fday%3D1$/
  expect(reached).toEqual([[expect.stringMatching(way), '']])
  stage.clock.advance(60_000)
  await come('two-factor-not-verified')
  await page.getByLabel('Enter the 6-digit code').fill('000 000')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('4 tries are left').waitFor()
  await page.reload()
  await page.getByRole('alert').getByText('4 tries are left').waitFor()
  // Pasted as apps show it.
  await page.getByLabel('Enter the 6-digit code').focus()
  await page.keyboard.insertText(digits(key, stage.clock.now()).replace(/^.../, '$& '))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Schedule' }).waitFor()
  expect(reached.at(-1)).toEqual([expect.stringMatching(way), ''])
  // Nothing of it can be had again by going back.
  await page.goto(`${portal}/`)
  await page.getByRole('heading', { name: 'This step is over' }).waitFor()
})

it('a recovery code and one’s own factors work without JavaScript too', async () => {
  await setUp()
  const [first = ''] = await page.getByRole('listitem').allInnerTexts()
  stage.clock.advance(60_000)
  await come(null)
  await page.getByRole('link', { name: 'New recovery codes' }).click()
  await page.getByText('Use a recovery code').click()
  await page.getByLabel('Recovery code', { exact: true }).fill(first.trim())
  await page.getByRole('button', { name: 'Use this code' }).click()
  await page.getByRole('button', { name: 'Make new codes' }).click()
  await page.getByLabel('I have kept these codes').check()
  await page.getByRole('button', { name: 'Back to my second factor' }).click()
  await page.getByText('10 of 10').waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('heading', { name: 'Schedule' }).waitFor()
})

it('the application cannot frame the portal, nor post its forms', async () => {
  await setUp()
  const script = await (await browser.newContext()).newPage()
  await script.goto(application)
  const framed = await script.evaluate(
    `new Promise((done) => { const f = document.createElement('iframe'); f.onload = () => { let seen; try { seen = f.contentDocument?.title ?? 'blocked' } catch { seen = 'blocked' } done(seen) }; f.src = '${portal}/'; document.body.append(f) })`,
  )
  expect(framed).toBe('blocked')
  expect(await script.evaluate(`fetch('${portal}/').then(() => 'read', () => 'blocked')`)).toBe('blocked')
  await script.context().close()
})
