/**
 * Goal: the whole story of an office manager's first day: a practice is created, its people come from a file, the allowlist
 * is watched, then enforced; somebody elsewhere asks, is let in, is signed out; the record of it all is exported.
 * Method: real Chromium on the admin origin and on the application, two gateways, an application that knows the practice.
 */
import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureUiBuilt } from '../../tools/build.mjs'
import { launchBrowser } from '../support/chromium.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { type Relay, startRelay } from '../support/relay.ts'

let fleet: Fleet
let browser: Browser
let admin: Page
let relay: Relay
const contexts: BrowserContext[] = []

const newPage = async (): Promise<Page> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  return page
}

beforeAll(async () => {
  await ensureUiBuilt()
  ;[fleet, browser] = await Promise.all([
    // The application has two practices, and Gatehouse is told of the second by an operator.
    startFleet({
      change: (config) => ({
        ...config,
        practices: config.practices.filter(({ id }) => id !== 'lakeview'),
      }),
    }),
    launchBrowser(),
  ])
  relay = await startRelay(fleet.gateways[1]?.addresses.application ?? '', '127.0.0.88')
}, 120_000)
afterAll(async () => {
  for (const context of contexts) await context.close()
  await relay?.close()
  await browser?.close()
  await fleet?.close()
})

const dialog = () => admin.getByRole('dialog')
const button = (name: string) => admin.getByRole('button', { name, exact: true })
const open = (name: string | RegExp) => admin.getByRole('link', { name, exact: true }).click()
const confirm = async (): Promise<void> => {
  const waiting = admin.getByRole('region', { name: 'Waiting for confirmation' })
  await waiting.getByRole('button', { name: 'Confirm' }).click()
  await waiting.waitFor({ state: 'detached' })
}
const signIn = async (page: Page, app: string, email: string, password: string): Promise<void> => {
  await page.goto(`${app}/sign-in`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const file = `login,name,email,roles
luke.lakeview@demo.test,Luke Moreno,luke.lakeview@demo.test,Office manager
bea.billing@demo.test,Bea Castillo,bea.billing@demo.test,Front desk
`

/** Signs the operator in and creates the practice. */
const createPractice = async (): Promise<void> => {
  const { addresses, firstAdmin } = fleet.control()
  admin = await newPage()
  await admin.goto(addresses.admin)
  await admin.getByLabel('Account').fill(firstAdmin?.login ?? '')
  await admin.getByLabel('Password').fill(firstAdmin?.password ?? '')
  await button('Sign in').click()

  await open('Practices')
  await button('Create a practice').click()
  await dialog().getByLabel('Name').fill('Lakeview Family Dentistry')
  await dialog().getByLabel('Id').fill('lakeview')
  await dialog().getByLabel('Preset').selectOption('baseline')
  await dialog().getByRole('button', { name: 'Create', exact: true }).click()
  await admin.waitForURL(/\/practices\/lakeview\/general/)
  await confirm()
}

const importPeople = async (): Promise<void> => {
  await open('Users')
  await open('Import CSV')
  await admin.getByRole('textbox', { name: 'People' }).fill(file)
  await button('Check the file').click()
  await admin.getByText('Bea Castillo').first().waitFor()
  await admin
    .getByRole('button', { name: /^Import/ })
    .last()
    .click()
  await dialog().getByRole('button', { name: 'Import', exact: true }).click()
  await admin.getByText('2 added, 0 changed').first().waitFor()
}

test('from a new practice to its record', { timeout: 90_000 }, async () => {
  await createPractice()
  await importPeople()

  // Watched: nobody is refused, and who would be is known by name.
  await open(/^IP allowlist/)
  await button('Add my current IP').click()
  await dialog().getByRole('button', { name: 'Save', exact: true }).click()
  await admin.getByText(/127\.0\.0\.1 ✓ allowed/).waitFor()
  const mode = (name: string) =>
    admin.getByRole('radiogroup', { name: 'IP allowlist mode' }).getByRole('radio', { name }).click()
  await mode('Monitor')
  await dialog().getByRole('button', { name: 'Apply', exact: true }).click()
  await admin.getByRole('link', { name: 'IP allowlist Monitor' }).waitFor()
  const bea = await newPage()
  await signIn(bea, relay.url, 'bea.billing@demo.test', 'biller-demo')
  await bea.waitForURL(`${relay.url}/schedule`)

  // Enforced, after a look at whom it refuses.
  await mode('Enforce')
  await dialog().getByText('Bea Castillo').filter({ visible: true }).waitFor()
  await dialog().getByText('127.0.0.88').filter({ visible: true }).waitFor()
  await dialog().getByRole('button', { name: 'Apply', exact: true }).click()
  await confirm()
  await bea.goto(`${relay.url}/schedule`)
  await bea.getByRole('heading', { name: 'Access is restricted to approved networks' }).waitFor()

  // Asked for, and approved with one click.
  await signIn(bea, relay.url, 'bea.billing@demo.test', 'biller-demo')
  await bea.getByLabel('Why do you need it?').fill('I work from home')
  await bea.getByRole('button', { name: 'Send' }).click()
  await open('Access requests 1 waiting')
  await admin
    .getByRole('region', { name: /^Bea Castillo/ })
    .getByRole('button', { name: /^Approve for/ })
    .click()
  await bea.waitForURL(`${relay.url}/schedule`, { timeout: 20_000 })

  // Signed out.
  await open('Active users')
  await admin
    .getByRole('row', { name: /Bea Castillo/ })
    .getByRole('button', { name: 'Revoke Bea Castillo' })
    .click()
  await button('Revoke').click()
  await bea.goto('about:blank')
  const status = async () => (await bea.request.get(`${relay.url}/api/me`, { maxRedirects: 0 })).status()
  await expect.poll(status, { timeout: 8_000 }).toBe(401)

  // And all of it on record.
  await open('Security events')
  const [download] = await Promise.all([admin.waitForEvent('download'), button('Export CSV').click()])
  const record = await readFile(await download.path(), 'utf8')
  for (const action of ['practice.created', 'users.imported', 'access-request.approved', 'user.revoked'])
    expect(record).toContain(action)
})
