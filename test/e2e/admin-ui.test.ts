/**
 * Goal: an admin does the two main jobs in the browser: allow the office only, and put somebody out at once.
 * Method: real Chromium on the admin origin and on the application through two gateways; a relay plays another network.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureUiBuilt } from '../../tools/build.mjs'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'
import { startRelay } from '../support/relay.ts'
import { openSocket } from '../support/streams.ts'

let fleet: Fleet
let browser: Browser
let admin: Page
let one: string
let two: string
const contexts: BrowserContext[] = []

const newPage = async (): Promise<Page> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(8_000)
  return page
}

const signInAdminPage = async (): Promise<Page> => {
  const { addresses, firstAdmin } = fleet.control()
  const page = await newPage()
  await page.goto(addresses.admin)
  await page.waitForURL(/\/sign-in/)
  await page.getByLabel('Account').fill(firstAdmin?.login ?? '')
  await page.getByLabel('Password').fill(firstAdmin?.password ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: /^Practice: / }).click()
  await page.getByRole('menuitem', { name: 'Riverside Dental' }).click()
  await page.waitForURL(/\/practices\/riverside\//)
  return page
}

/** A screen's link in the sidebar; others lead there too. */
const screenLink = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Practice', exact: true }).getByRole('link', { name })

const signInPerson = async (page: Page, app: string, email: string, password: string): Promise<void> => {
  await page.goto(`${app}/sign-in`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const review = (mode: 'Monitor' | 'Enforce'): Promise<void> =>
  admin.getByRole('radiogroup', { name: 'IP allowlist mode' }).getByRole('radio', { name: mode }).click()

const choose = async (mode: 'Monitor' | 'Enforce'): Promise<void> => {
  await review(mode)
  await admin.getByRole('button', { name: 'Apply', exact: true }).click()
}

const everywhere = (): Promise<void> =>
  admin
    .getByText(/active everywhere after/i)
    .first()
    .waitFor()

const confirm = async (): Promise<void> => {
  const waiting = admin.getByRole('region', { name: 'Waiting for confirmation' })
  await waiting.getByRole('button', { name: 'Confirm' }).click()
  await waiting.waitFor({ state: 'detached' })
}

beforeAll(async () => {
  await ensureUiBuilt()
  ;[fleet, browser] = await Promise.all([startFleet(), launchBrowser()])
  const [first, second] = fleet.gateways.map(({ addresses }) => addresses.application)
  one = first ?? ''
  two = second ?? ''
  admin = await signInAdminPage()
}, 120_000)
afterAll(async () => {
  for (const context of contexts) await context.close()
  await browser?.close()
  await fleet?.close()
})

test('the office only: guarded, monitored, enforced; another network meets a held sign-in and a clear page', async () => {
  await screenLink(admin, 'IP allowlist').click()
  await admin.getByText('127.0.0.1 ✗ not listed').waitFor()
  await admin.getByRole('button', { name: 'Add entry' }).click()
  await admin.getByLabel('Range').fill('127.0.0.2')
  await admin.getByLabel('Label').fill('Front office')
  await admin.getByRole('button', { name: 'Save', exact: true }).click()
  await everywhere()

  await review('Enforce')
  await admin
    .getByText(/would (lock out|no longer|be locked out)|could no longer get in/i)
    .first()
    .waitFor()
  expect(await admin.getByRole('button', { name: 'Apply', exact: true }).isDisabled()).toBe(true)
  await admin.getByRole('button', { name: 'Cancel' }).click()

  await admin.getByRole('button', { name: 'Add my current IP' }).click()
  await admin.getByRole('button', { name: 'Save', exact: true }).click()
  await admin.getByText(/127\.0\.0\.1 ✓ allowed/).waitFor()
  await choose('Enforce')
  await screenLink(admin, 'IP allowlist Enforce').waitFor()
  await everywhere()
  await confirm()
  expect(await axeFindings(admin)).toEqual([])

  const office = await newPage()
  await signInPerson(office, one, 'fiona.front@demo.test', 'front-desk-demo')
  await office.waitForURL(`${one}/schedule`)

  const relay = await startRelay(one, '127.0.0.66')
  const cafe = await newPage()
  await signInPerson(cafe, relay.url, 'helen.hygienist@demo.test', 'hygienist-demo')
  await cafe.getByRole('heading', { name: 'Access is restricted to approved networks' }).waitFor()
  await cafe.getByText(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/).waitFor()
  await cafe.getByText('127.0.0.66').waitFor()
  await cafe.goto(`${relay.url}/schedule`)
  expect(await cafe.getByText('Helen Brooks').count()).toBe(0)
  await relay.close()
}, 60_000)

test('revoking somebody in Active users cuts their open page and their connection on the other gateway', async () => {
  const page = await newPage()
  await signInPerson(page, one, 'mark.manager@demo.test', 'manager-demo')
  await page.waitForURL(`${one}/schedule`)
  await expect.poll(() => page.locator('#live-state').textContent()).toContain('live')
  const other = createClient(two)
  await signInWell(other, 'mark')
  const socket = await openSocket(two, '/live/schedule', other)
  await socket.next()

  await screenLink(admin, 'Active users').click()
  const card = admin.getByRole('row', { name: /Mark Jensen/ })
  await card.getByRole('button', { name: 'Revoke Mark Jensen' }).click()
  await admin.getByRole('button', { name: 'Revoke', exact: true }).click()
  expect(await socket.ended).toEqual({ code: 1008, reason: 'session-revoked' })
  await expect.poll(() => page.locator('#live-state').textContent()).toContain('disconnected')
  await everywhere()
  await expect.poll(() => card.count()).toBe(0)

  await page.goto(`${one}/schedule`)
  await page.getByRole('heading', { name: 'Your access was ended' }).waitFor()
  await page.getByRole('link', { name: 'Sign in', exact: true }).click()
  await signInPerson(page, one, 'mark.manager@demo.test', 'manager-demo')
  await page.waitForURL(`${one}/schedule`)
}, 60_000)

const dayMonthYear = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' },
})
/** A Sunday some days ahead, and the Monday after it. */
const nextSunday = (): readonly [Date, Date] => {
  const dayMs = 86_400_000
  const soon = Date.now() + 2 * dayMs
  const sunday = soon + ((7 - new Date(soon).getUTCDay()) % 7) * dayMs
  return [new Date(sunday), new Date(sunday + dayMs)]
}

test('hours are painted as a week, and a person is tried on them before they are enforced', async () => {
  await screenLink(admin, 'Time windows').click()
  await admin.getByRole('button', { name: 'Start with Mon–Fri 08:00–18:00' }).click()
  const line = admin.getByLabel('The same as text')
  await expect.poll(() => line.inputValue()).toBe('Mon–Fri 08:00–18:00')
  await admin.getByRole('gridcell', { name: /^Saturday 09:00,/ }).focus()
  for (const key of ['Shift+ArrowRight', 'Shift+ArrowRight', 'Enter']) await admin.keyboard.press(key)
  await expect.poll(() => line.inputValue()).toBe('Mon–Fri 08:00–18:00; Sat 09:00–10:30')
  await admin.getByRole('button', { name: 'Review and save' }).click()
  await admin.getByText(/Nobody who came in the last 30 days/).waitFor()
  await admin.getByRole('button', { name: 'Save', exact: true }).click()
  await everywhere()
  await admin.getByText(/sign-ins of everyone in 28 days/).waitFor()
  await admin.getByRole('list', { name: 'Hours by day' }).getByText('09:00–10:30').first().waitFor()

  await screenLink(admin, 'Simulate').click()
  await admin.getByRole('combobox', { name: 'Person' }).fill('Fiona')
  await admin.getByRole('listbox').getByRole('option', { name: /Fiona/ }).click()
  await admin.getByLabel('From the address').fill('127.0.0.2')
  const [sunday, monday] = nextSunday()
  await admin.getByLabel('At', { exact: true }).fill(`${sunday.toISOString().slice(0, 10)}T12:00`)
  await admin.getByLabel('Beside what is saved').selectOption('enforce:time')
  await admin.getByRole('button', { name: 'Simulate', exact: true }).click()
  await admin
    .getByRole('region', { name: /^As saved/ })
    .getByText(/gets in/)
    .first()
    .waitFor()
  const drafted = admin.getByRole('region', { name: 'As drafted' })
  await drafted.getByText(`It opens by itself on ${dayMonthYear.format(monday)}, 08:00`).waitFor()
  expect(await drafted.getByRole('listitem').filter({ hasText: 'decides' }).innerText()).toContain(
    'Within the hours',
  )
}, 60_000)

test('settings: two admins at once are told of each other, a start is planned and withdrawn, a request is approved', async () => {
  const colleague = await signInAdminPage()
  for (const page of [admin, colleague]) {
    await screenLink(page, 'General settings').click()
    await page.getByRole('region', { name: 'Sessions', exact: true }).waitFor()
  }
  const saveSessions = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Review and save Sessions' }).click()
    await page.getByRole('dialog').getByText('Lockout check passed').waitFor()
  }
  const idle = (page: Page) => page.getByLabel('End without traffic after')
  await admin.getByLabel('Sessions at once').selectOption('3 a person')
  await saveSessions(admin)
  await idle(colleague).selectOption('4 hours')
  await saveSessions(colleague)
  await colleague.getByRole('button', { name: 'Apply', exact: true }).click()
  await admin
    .getByRole('row', { name: /^End without traffic after .* 4 hours not changed by you$/ })
    .waitFor()
  await admin.getByRole('button', { name: 'Keep mine' }).click()
  await admin.getByRole('dialog').getByText('Sessions at once: none → 3').waitFor()
  await admin.getByRole('button', { name: 'Cancel' }).click()
  await admin.getByRole('button', { name: 'Discard changes of Sessions' }).click()
  await colleague.getByRole('button', { name: 'Undo Session limits are saved' }).click()
  await colleague.getByText('Undone. Session limits are saved').waitFor()
  await expect.poll(() => idle(admin).inputValue(), { timeout: 8_000 }).not.toBe(String(4 * 3_600_000))

  await admin.getByRole('button', { name: 'Plan a start' }).click()
  await admin.getByRole('dialog').getByLabel('What').selectOption('Two-factor')
  await admin.getByRole('dialog').getByLabel('Becomes').selectOption('Monitor')
  await admin.getByRole('button', { name: 'Plan', exact: true }).click()
  const starts = colleague.getByRole('region', { name: 'Planned starts' })
  await starts.getByText('Two-factor: off → monitor').waitFor()
  await starts.getByRole('button', { name: /^Withdraw/ }).click()
  await colleague.getByRole('button', { name: 'Withdraw', exact: true }).click()
  await admin.getByRole('region', { name: 'Planned starts' }).getByText('Nothing waits.').waitFor()

  const relay = await startRelay(one, '127.0.0.67')
  const hotel = await newPage()
  await signInPerson(hotel, relay.url, 'helen.hygienist@demo.test', 'hygienist-demo')
  await hotel.getByLabel('Why do you need it?').fill('At a conference')
  await hotel.getByRole('button', { name: 'Send' }).click()
  await screenLink(admin, 'Access requests 1 waiting').click()
  const card = admin.getByRole('region', { name: 'Helen Brooks, 127.0.0.67' })
  await card.getByText('“At a conference”').waitFor()
  await card.getByText('It lies next to “Front office”').waitFor()
  await card.getByRole('button', { name: /^Approve for/ }).click()
  await hotel.waitForURL(`${relay.url}/schedule`, { timeout: 20_000 })
  await admin.getByRole('button', { name: 'Undo Helen Brooks may come in' }).click()
  await admin.getByText('The approval of Helen Brooks is taken back').waitFor()
  await expect
    .poll(async () => (await hotel.goto(`${relay.url}/schedule`))?.status(), { timeout: 8_000 })
    .toBe(403)
  await relay.close()
}, 60_000)

test('a role is edited; what it refuses is found by the code that the person reads out', async () => {
  const person = await newPage()
  await signInPerson(person, one, 'fiona.front@demo.test', 'front-desk-demo')
  await person.waitForURL(`${one}/schedule`)
  await screenLink(admin, 'General settings').click()
  await admin
    .getByRole('radiogroup', { name: 'Permission control mode' })
    .getByRole('radio', { name: 'Enforce' })
    .click()
  await admin.getByRole('button', { name: 'Apply', exact: true }).click()
  await confirm()
  await screenLink(admin, 'Roles & permissions Enforce').click()
  await admin.getByRole('table', { name: 'Roles' }).getByRole('link', { name: 'Front desk' }).click()
  await admin.getByRole('button', { name: 'Withdraw See schedule page' }).click()
  await admin.getByRole('button', { name: 'Review and save' }).click()
  await admin.getByRole('dialog').getByText('See schedule page').waitFor()
  await admin.getByRole('button', { name: 'Save', exact: true }).click()
  await expect
    .poll(async () => (await person.goto(`${one}/schedule`))?.status(), { timeout: 8_000 })
    .toBe(403)
  const [code = ''] = /GH-[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(await person.locator('body').innerText()) ?? []

  // A gateway reports within a second; the list shows what was there when it was opened.
  const recorded = `${fleet.control().addresses.admin}/api/practices/riverside/decisions`
  await expect
    .poll(async () => (await admin.request.get(recorded)).text(), { timeout: 8_000 })
    .toContain(code)
  await screenLink(admin, 'Security events').click()
  await admin.getByRole('link', { name: 'Refusals' }).click()
  await admin.getByRole('list', { name: 'Refusals, newest first' }).getByText(code).first().waitFor()
  await admin.getByRole('textbox', { name: 'Reference code' }).fill(code)
  await admin.keyboard.press('Enter')
  const found = admin.getByRole('list', { name: 'The refusal behind the code' })
  await found.getByText(/Fiona/).first().waitFor()
  await found
    .getByText(/See schedule page/)
    .first()
    .waitFor()
  await admin
    .getByRole('img', { name: /^Decisions of the last week: .* permitted, [1-9]\d* refused/ })
    .waitFor()
  await confirm()
}, 60_000)

test('the tools: a token is made, who is told is chosen, the chain is checked, an account is invited', async () => {
  const dialog = admin.getByRole('dialog')
  const act = (name: string) => dialog.getByRole('button', { name, exact: true }).click()
  const kept = async (): Promise<void> => {
    await dialog.getByRole('checkbox').check()
    await act('Done')
    await dialog.waitFor({ state: 'detached' })
  }
  await screenLink(admin, 'Service tokens').click()
  await admin.getByRole('button', { name: 'New token' }).click()
  await dialog.getByLabel('Name').fill('Nightly sync')
  await dialog.getByLabel('Owner').selectOption({ index: 1 })
  await dialog.getByRole('checkbox', { name: 'Any route' }).check()
  await dialog.getByLabel('Addresses').fill('127.0.0.9')
  await act('Make token')
  await dialog.getByText(/^ght_/).waitFor()
  await kept()
  await admin.getByRole('row', { name: /Nightly sync/ }).waitFor()

  await screenLink(admin, 'Notifications').click()
  const decided = admin.getByRole('checkbox', { name: 'A request is decided, by mail' })
  await decided.click()
  const isTold = await decided.isChecked()
  await admin.getByRole('button', { name: 'Save', exact: true }).click()
  await admin.getByRole('button', { name: 'Undo Who is told is saved' }).waitFor()
  await admin.reload()
  await decided.waitFor()
  expect(await decided.isChecked()).toBe(isTold)

  await screenLink(admin, 'Audit and retention').click()
  await admin.getByRole('button', { name: 'Check the whole chain now' }).click()
  const chain = admin.getByRole('region', { name: 'The chain' })
  await chain.getByText(/^\d+ events, none altered or missing$/).waitFor()

  await screenLink(admin, 'Own accounts').click()
  await admin.getByRole('button', { name: 'Invite by link' }).click()
  await dialog.getByLabel('Sign-in name').fill('mia@example.com')
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Mia Martin')
  await dialog.getByRole('checkbox', { name: /^Operator/ }).check()
  await act('Make the link')
  await dialog.getByText(/set-password/).waitFor()
  await kept()
  await admin.getByRole('row', { name: /Mia Martin.*link not used yet/ }).waitFor()

  await screenLink(admin, 'Emergency access').click()
  await admin.getByRole('button', { name: 'Change' }).click()
  await dialog.getByRole('checkbox').check()
  await dialog.getByLabel('It lasts').selectOption({ label: '2 hours' })
  await act('Save')
  await admin.getByText('Allowed, 2 hours').waitFor()
}, 60_000)

test('my account: a new password ends the other sessions, and is the one that signs in', async () => {
  const { addresses, firstAdmin } = fleet.control()
  const other = await signInAdminPage()
  const password = 'seven calm geese by the mill'
  await admin.goto(`${addresses.admin}/account`)
  await admin.getByRole('heading', { level: 1, name: 'My account' }).waitFor()
  await admin.getByRole('button', { name: 'Change password' }).click()
  const dialog = admin.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Password now' }).fill(firstAdmin?.password ?? '')
  await dialog.getByRole('textbox', { name: 'New password' }).fill(password)
  await dialog.getByRole('button', { name: 'Change password', exact: true }).click()
  await admin.getByText('Your other sessions have ended.').waitFor()
  await other.reload()
  await other.waitForURL(/\/sign-in/)
  await other.getByLabel('Account').fill(firstAdmin?.login ?? '')
  await other.getByLabel('Password').fill(password)
  await other.getByRole('button', { name: 'Sign in' }).click()
  await other.getByRole('button', { name: /^Practice: / }).waitFor()
}, 60_000)
