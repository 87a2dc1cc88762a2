/**
 * Goal: the switches with their scope, and presets are set by their accessible names, and axe finds nothing.
 * Method: the built UI behind canned answers of the contract, driven in a real Chromium, light and dark.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { harmless } from './canned-general.ts'
import { at } from './canned-practice.ts'
import { type CannedServer, startCannedServer } from './canned-server.ts'

let server: CannedServer
let browser: Browser
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startCannedServer(), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
  await server.close()
})
afterEach(async () => {
  await page.context().close()
  expect(server.strays).toEqual([])
  server.forget()
})

const open = async (path: string, title: string, colorScheme: 'light' | 'dark' = 'light'): Promise<void> => {
  const viewport = { width: 1280, height: 1000 }
  const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce', viewport })
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.clock.setFixedTime(at)
  await page.goto(`${server.origin}/practices/maple/${path}`)
  await page.getByRole('heading', { level: 1, name: title }).waitFor()
  await page.locator('.gh-loading').first().waitFor({ state: 'detached' })
}
const openHours = () => open('time-windows', 'Time windows')
const openGeneral = (scheme?: 'light' | 'dark') => open('general', 'General settings', scheme)
const button = (name: string) => page.getByRole('button', { name, exact: true })
const dialog = () => page.getByRole('dialog')
const violations = (scheme: 'light' | 'dark' = 'light'): Promise<readonly string[]> =>
  axeFindings(page, scheme)
const apply = async (act: string): Promise<void> => {
  await dialog().getByRole('button', { name: act, exact: true }).click()
  await dialog().waitFor({ state: 'detached' })
}

it.each(['light', 'dark'] as const)(
  'has nothing that axe finds in its dialogs (%s)',
  async (scheme) => {
    await openGeneral(scheme)
    await button('Requirement of Two-factor').click()
    await dialog().waitFor()
    expect(await violations(scheme), 'scope').toEqual([])
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
    await button('Review Office only').click()
    expect(await violations(scheme), 'preset').toEqual([])
  },
  60_000,
)

describe('the switches', () => {
  it('save mode and scope together after a review', async () => {
    server.answer('POST /api/practices/maple/impact', 200, harmless('Time windows: off → enforce'))
    await openHours()
    await page.getByRole('radio', { name: 'Enforce' }).click()
    await dialog().getByText('Nobody who came in the last 30 days').waitFor()
    await dialog().getByLabel('Scope', { exact: true }).selectOption('chosen')
    await dialog().getByRole('checkbox', { name: 'Hygienist' }).check()
    await apply('Apply')
    expect(server.sent).toMatchObject([
      {
        what: 'PUT /api/practices/maple/controls/time',
        ifMatch: '"17"',
        body: {
          mode: 'enforce',
          scope: { include: { roles: ['hygienist'], users: [] }, exempt: { roles: [], users: [] } },
        },
      },
    ])
  })

  it('change a scope without the mode, and warn before two-factor is enforced', async () => {
    await openGeneral()
    await page
      .getByRole('radiogroup', { name: 'Two-factor mode' })
      .getByRole('radio', { name: 'Enforce' })
      .click()
    await dialog().getByText('They get in without for 7 days').waitFor()
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
    await button('Requirement of Two-factor').click()
    await dialog().getByLabel('Required for', { exact: true }).selectOption('everyone')
    await apply('Apply')
    expect(server.sent).toMatchObject([
      {
        what: 'PUT /api/practices/maple/controls/two-factor',
        body: { mode: 'off', scope: { include: 'everyone' } },
      },
    ])
  })
})
