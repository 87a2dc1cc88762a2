/**
 * Goal: an admin requires a second factor of one person by name, sees it being set up, and takes it away, all in the tab.
 * Method: real Chromium on the admin origin, the application and the portal, two gateways; the admin never reloads.
 */
import { generateSync } from 'otplib/functional'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureUiBuilt } from '../../tools/build.mjs'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let browser: Browser
let admin: Page
const contexts: BrowserContext[] = []

const newPage = async (): Promise<Page> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } })
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  return page
}

const appOf = (at: number): string => fleet.gateways[at]?.addresses.application ?? ''

beforeAll(async () => {
  await ensureUiBuilt()
  ;[fleet, browser] = await Promise.all([startFleet(), launchBrowser()])
  const { addresses, firstAdmin } = fleet.control()
  admin = await newPage()
  await admin.goto(addresses.admin)
  await admin.getByLabel('Account').fill(firstAdmin?.login ?? '')
  await admin.getByLabel('Password').fill(firstAdmin?.password ?? '')
  await admin.getByRole('button', { name: 'Sign in' }).click()
  await admin.getByRole('button', { name: /^Practice: / }).click()
  await admin.getByRole('menuitem', { name: 'Riverside Dental' }).click()
  await admin.getByRole('link', { name: '2FA management' }).click()
}, 120_000)
afterAll(async () => {
  for (const context of contexts) await context.close()
  await browser?.close()
  await fleet?.close()
})

const row = () => admin.getByRole('row', { name: /Mark Jensen/ })
const dialog = () => admin.getByRole('dialog')
const everywhere = () =>
  admin
    .getByText(/active everywhere after/i)
    .first()
    .waitFor()

test('required by name, set up at the next sign-in, reset: the tab follows', async () => {
  await admin.getByText('Nobody has to show a second factor').waitFor()
  await signInWell(createClient(appOf(0)), 'mark')
  await row().waitFor()
  await admin.getByRole('radio', { name: 'Enforce' }).click()
  await dialog().getByLabel('Required for').selectOption('Chosen roles and people')
  await dialog().getByRole('combobox', { name: 'People in scope' }).fill('mark')
  await dialog()
    .getByRole('option', { name: /Mark Jensen/ })
    .waitFor()
  await admin.keyboard.press('ArrowDown')
  await admin.keyboard.press('Enter')
  await dialog().getByRole('button', { name: 'Remove Mark Jensen' }).waitFor()
  await dialog().getByLabel('Time to set one up').selectOption('None: at the next sign-in')
  await dialog().getByRole('button', { name: 'Apply', exact: true }).click()
  await everywhere()
  await row().getByText('Required, not set up').waitFor()
  await row().getByText('by name').waitFor()
  await admin.getByText('1 of 1 who have to show a second factor has none set up.').waitFor()

  const person = await newPage()
  await person.goto(`${appOf(0)}/sign-in`)
  await person.getByLabel('E-mail address').fill('mark.manager@demo.test')
  await person.getByLabel('Password').fill('manager-demo')
  await person.getByRole('button', { name: 'Sign in' }).click()
  await person.getByRole('heading', { name: 'Set up your second factor' }).waitFor()
  const secret = (await person.locator('#key').innerText()).replaceAll(/\s/g, '')
  const epoch = Math.floor(fleet.clock.now() / 1_000)
  await person.getByLabel(/6-digit code/).fill(generateSync({ secret, strategy: 'totp', epoch }))
  await person.getByRole('button', { name: 'Confirm' }).click()
  await person.getByRole('heading', { name: 'Keep your recovery codes' }).waitFor()
  await row().getByText('Required, set up').waitFor()
  await row().getByText('10 recovery codes left').waitFor()
  await person.getByLabel('I have kept these codes').check()
  await person.getByRole('button', { name: 'Continue' }).click()
  await person.getByText('Mark Jensen').first().waitFor()

  await row().getByRole('button', { name: 'Reset 2FA of Mark Jensen' }).click()
  await dialog().getByLabel('Reason').fill('Lost telephone')
  await dialog().getByRole('button', { name: 'Reset 2FA' }).click()
  await admin.getByText(/2FA of Mark Jensen is reset/).waitFor()
  await row().getByText('Required, not set up').waitFor()
  expect(await axeFindings(admin)).toEqual([])
  const whereTheyGet = async () => {
    await person.goto(`${appOf(1)}/schedule`)
    return new URL(person.url()).pathname
  }
  await expect.poll(whereTheyGet, { timeout: 5_000 }).toBe('/sign-in')

  await admin.getByRole('link', { name: 'Security events' }).click()
  const events = admin.getByRole('listitem')
  await events.filter({ hasText: '2FA reset' }).first().waitFor()
  await events.filter({ hasText: 'Second factor set up' }).first().waitFor()
}, 90_000)
