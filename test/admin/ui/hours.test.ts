/**
 * Goal: hours and the switches with their scope are set by their accessible names, and axe finds nothing.
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
const openHours = (scheme?: 'light' | 'dark') => open('time-windows', 'Time windows', scheme)
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
    await openHours(scheme)
    for (const name of ['Add window', 'Add closure or opening', 'Edit Early start', 'Delete Thanksgiving']) {
      await button(name).click()
      await dialog().waitFor()
      expect(await violations(scheme), name).toEqual([])
      await page.keyboard.press('Escape')
      await dialog().waitFor({ state: 'detached' })
    }
    await page.context().close()
    await openGeneral(scheme)
    await button('Requirement of Two-factor').click()
    expect(await violations(scheme), 'scope').toEqual([])
    await page.keyboard.press('Escape')
    await button('Review Office only').click()
    expect(await violations(scheme), 'preset').toEqual([])
  },
  60_000,
)

describe('windows', () => {
  it('are listed by audience with what holds now, and the days to come are told', async () => {
    await openHours()
    await page.getByRole('cell', { name: 'Mon to Fri 06:30–08:00' }).waitFor()
    expect(await page.getByText('Open until Tue 24 Nov 2026, 18:00', { exact: true }).count()).toBe(2)
    const days = page.getByRole('list', { name: 'Hours by day' }).getByRole('listitem')
    expect(await days.count()).toBe(14)
    expect(await days.nth(0).innerText()).toMatch(/Tue,? 24 Nov\s+08:00–18:00/)
    expect(await days.nth(2).innerText()).toMatch(/26 Nov\s+closed/)
    await page.getByLabel('Hours of').selectOption('role:hygienist')
  })

  it('are added with days, hours and audience; all day is one press', async () => {
    await openHours()
    await button('Add window').click()
    await dialog().getByRole('checkbox', { name: 'Sat' }).check()
    await dialog().getByRole('checkbox', { name: 'Mon' }).uncheck()
    await button('All day').click()
    await dialog().getByLabel('Audience').selectOption('user:u-ada')
    await dialog().getByRole('checkbox', { name: 'Instead of role hours' }).check()
    await apply('Save')
    expect(server.sent).toMatchObject([
      {
        what: 'POST /api/practices/maple/time-windows',
        body: {
          days: ['tue', 'wed', 'thu', 'fri', 'sat'],
          start: '00:00',
          end: '24:00',
          audience: { user: 'u-ada' },
          insteadOfRoleHours: true,
          zone: null,
          validFrom: null,
          label: null,
        },
      },
    ])
    await page.getByText('Active everywhere after 41 ms').waitFor()
  })

  it('show problems at their fields; an edit and a delete name the revision shown', async () => {
    await openHours()
    server.answer('PATCH /api/practices/maple/time-windows/tw-early', 422, {
      ...{ type: 'urn:gatehouse:problem:invalid', title: 'Some of this cannot be saved', status: 422 },
      ...{ code: 'invalid', detail: 'No.', problems: [{ path: 'end', sentence: 'ends as it starts' }] },
    })
    await button('Edit Early start').click()
    await dialog().getByLabel('End').fill('06:30')
    await dialog().getByRole('button', { name: 'Save' }).click()
    await dialog().getByText('ends as it starts').waitFor()
    expect(await dialog().getByLabel('End').inputValue()).toBe('06:30')
    expect(server.sent[0]).toMatchObject({ ifMatch: '"17"', body: { end: '06:30' } })
    await dialog().getByRole('button', { name: 'Cancel' }).click()
    await button('Delete Thanksgiving').click()
    await apply('Delete')
    expect(server.sent[1]).toMatchObject({
      what: 'DELETE /api/practices/maple/time-exceptions/tx-thanks',
      ifMatch: '"17"',
    })
  })

  it('say what to do when there are none', async () => {
    server.answer('GET /api/practices/maple/time-windows', 200, {
      ...{ revision: 17, zone: 'America/Denver', now: 'Tue 24 Nov 2026, 10:05', mode: 'off' },
      ...{ windows: [], exceptions: [], audiences: [] },
    })
    await openHours()
    await page.getByRole('heading', { name: 'No hours are set yet' }).waitFor()
    await button('Add closure or opening').click()
    await dialog().getByLabel('Label').fill('Christmas')
    await dialog().getByLabel('First day').fill('2026-12-25')
    await apply('Save')
    expect(server.sent[0]?.body).toMatchObject({ kind: 'closure', from: '2026-12-25', to: '2026-12-25' })
  })
})

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
