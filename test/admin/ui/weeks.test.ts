/**
 * Goal: an office manager paints, types and copies the hours of a week, closes days and lets people stay late, by mouse or
 * keyboard alone, and the address holds what is not saved. Method: the built UI behind canned answers, in a real Chromium.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { harmless } from './canned-general.ts'
import { timePreview, timeWindows } from './canned-hours.ts'
import { at, me } from './canned-practice.ts'
import { type CannedServer, startCannedServer } from './canned-server.ts'

let server: CannedServer
let browser: Browser
// One for all: what a page loaded the next one need not load again.
let context: BrowserContext
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startCannedServer(), launchBrowser()])
  context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1280, height: 1000 } })
})
afterAll(async () => {
  await browser.close()
  await server.close()
})
afterEach(async () => {
  await page.close()
  expect(server.strays).toEqual([])
  server.forget()
})

const open = async (query = '', width = 1280): Promise<void> => {
  page = await context.newPage()
  page.setDefaultTimeout(8_000)
  if (width !== 1280) await page.setViewportSize({ width, height: 1000 })
  await page.clock.setFixedTime(at)
  await page.goto(`${server.origin}/practices/maple/time-windows${query}`)
  await page.getByRole('grid', { name: /^Hours of/ }).waitFor()
  await expect.poll(() => page.locator('.gh-loading').count(), { timeout: 8_000 }).toBe(0)
}
const button = (name: string) => page.getByRole('button', { name, exact: true })
const dialog = () => page.getByRole('dialog')
const cell = (name: string) => page.getByRole('gridcell', { name: new RegExp(`^${name},`) })
const line = () => page.getByLabel('The same as text')
const patient = { timeout: 8_000 }
const shown = (text: string) => expect.poll(() => line().inputValue(), patient).toBe(text)
const search = () => new URL(page.url()).searchParams
const written = (name: string, value: string | null) =>
  expect.poll(() => search().get(name), patient).toBe(value)
const apply = async (act: string): Promise<void> => {
  await dialog().getByRole('button', { name: act, exact: true }).click()
  await dialog().waitFor({ state: 'detached' })
}
const drag = async (from: string, to: string): Promise<void> => {
  const [one, other] = [await cell(from).boundingBox(), await cell(to).boundingBox()]
  if (one === null || other === null) throw new Error('no such cell')
  await page.mouse.move(one.x + 4, one.y + 8)
  await page.mouse.down()
  await page.mouse.move(other.x + 4, other.y + 8, { steps: 3 })
  await page.mouse.up()
}

const dialogIsClean = async (): Promise<void> => {
  await dialog().waitFor()
  expect(await axeFindings(page, 'light', { within: '[role=dialog]' })).toEqual([])
}

describe('a week', () => {
  it('is painted by dragging and saved as one change after a review', async () => {
    await open()
    await page.getByText('now: open until 18:00').waitFor()
    await shown('Mon–Fri 08:00–18:00')
    expect(await button('Review and save').isDisabled()).toBe(true)
    await drag('Tuesday 12:00', 'Thursday 12:30')
    await drag('Friday 22:00', 'Friday 23:30')
    await drag('Saturday 00:00', 'Saturday 05:30')
    const text = 'Mon 08:00–18:00; Tue–Thu 08:00–12:00, 13:00–18:00; Fri 08:00–18:00, 22:00–06:00 next day'
    await shown(text)
    await written('hours', text)
    await page.reload()
    await shown(text)
    expect(await cell('Wednesday 12:00').getAttribute('aria-label')).toContain('closed')
    server.answer('POST /api/practices/maple/impact', 200, harmless('Whole practice: other hours'))
    await button('Review and save').click()
    await dialog().getByRole('list', { name: 'What changes' }).waitFor()
    expect(server.asked.at(-1)?.body).toMatchObject({
      timeWindows: { put: [{ id: 'tw-office' }, {}, {}, {}], remove: [] },
    })
    await dialogIsClean()
    await apply('Save')
    await page.getByText('Active everywhere after 41 ms').waitFor()
    await page.getByText('It runs into the next day.').waitFor()
    await written('hours', null)
    expect(server.sent.filter(({ what }) => what.startsWith('PUT'))).toMatchObject([
      {
        what: 'PUT /api/practices/maple/weekly-hours',
        ifMatch: '"17"',
        body: {
          ...{ audience: 'practice', zone: null, insteadOfRoleHours: false, replaces: ['tw-office'] },
          windows: [
            { days: ['mon', 'fri'], start: '08:00', end: '18:00' },
            { days: ['tue', 'wed', 'thu'], start: '08:00', end: '12:00' },
            { days: ['tue', 'wed', 'thu'], start: '13:00', end: '18:00' },
            { days: ['fri'], start: '22:00', end: '06:00' },
          ],
        },
      },
    ])
  })

  it('is painted, copied and typed by keyboard alone; what cannot be read changes nothing', async () => {
    await open('?week=role:hygienist')
    await shown('Mon–Fri 06:30–08:00')
    await cell('Monday 08:00').focus()
    for (const key of ['ArrowDown', 'Shift+ArrowRight', 'Shift+ArrowDown']) await page.keyboard.press(key)
    await page.getByText('Tue, Wed 08:00–09:00: Enter opens, Escape lets go').waitFor()
    await page.keyboard.press('Enter')
    await shown('Mon, Thu, Fri 06:30–08:00; Tue, Wed 06:30–09:00')
    // Two strokes at once: none is lost on the way to the address.
    await page.evaluate(`(async () => {
      for (const slot of [40, 42]) {
        const cell = document.querySelector('[data-day="5"][data-slot="' + slot + '"]')
        cell.focus()
        await null
        cell.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
        await null
      }
    })()`)
    await shown('Mon, Thu, Fri 06:30–08:00; Tue, Wed 06:30–09:00; Sat 20:00–20:30, 21:00–21:30')
    await written('hours', await line().inputValue())
    await button('Copy Sun to other days').click()
    await page.getByRole('menuitem', { name: 'Sat' }).click()
    await shown('Mon, Thu, Fri 06:30–08:00; Tue, Wed 06:30–09:00')
    await button('Copy Tue to other days').press('Enter')
    await page.getByRole('menuitem', { name: 'Mon–Fri' }).press('Enter')
    await shown('Mon–Fri 06:30–09:00')
    await line().fill('Mon–Fri 6:30-9, Frei')
    await page.getByText('“frei” is no day and no time.').waitFor()
    await written('hours', 'Mon–Fri 06:30–09:00')
    await line().fill('weekdays 7:10am to noon; sun 23-1')
    await line().press('Tab')
    await shown('Mon–Fri 07:10–12:00; Sun 23:00–01:00 next day')
    expect(await cell('Monday 07:00').getAttribute('aria-label')).toContain('open in part')
    await page.getByRole('combobox', { name: 'Time zone' }).fill('lord')
    await page.getByRole('option', { name: /Lord Howe/ }).click()
    await written('zone', 'Australia/Lord_Howe')
    await page.getByText(/4 Apr 2027 the clocks show 01:30–02:00 twice/).waitFor()
    await button('Discard').click()
    await shown('Mon–Fri 06:30–08:00')
    await written('hours', null)
    expect([...search().keys()]).toEqual(['week'])
  })

  it('begins for somebody who has none, and stands instead of role hours if so wished', async () => {
    await open()
    await page.getByRole('combobox', { name: 'Add hours for' }).fill('ada')
    await page.getByRole('listbox').getByRole('option', { name: 'Ada Dentist' }).click()
    await button('Start with Mon–Fri 08:00–18:00').click()
    await page.getByRole('checkbox', { name: 'Instead of role hours' }).check()
    await shown('Mon–Fri 08:00–18:00')
    await written('own', 'yes')
    expect(Object.fromEntries(search())).toEqual({
      ...{ week: 'user:u-ada', hours: 'Mon–Fri 08:00–18:00', own: 'yes' },
    })
    const href = await page.getByRole('link', { name: 'Try on a person' }).getAttribute('href')
    expect(href).toMatch(/simulate\?user=u-ada&draft=week&week=user(:|%3A)u-ada&hours=/)
    await page.getByRole('link', { name: /Role Hygienist/ }).click()
    await shown('Mon–Fri 06:30–08:00')
  })

  it('shows windows of some dates beside the picture, one by one, and is only looked at without the permission', async () => {
    const [office, early] = timeWindows.windows
    const dated = {
      ...office,
      id: 'tw-may',
      label: 'In May',
      validFrom: '2027-05-01',
      sentence: 'Sat 09:00–12:00',
    }
    server.answer('GET /api/practices/maple/time-windows', 200, {
      ...timeWindows,
      windows: [office, early, dated],
    })
    await open()
    await page.getByText('1 not in the picture above').waitFor()
    await button('Edit In May').click()
    await dialog().getByLabel('End').fill('19:00')
    await apply('Save')
    expect(server.sent).toMatchObject([
      {
        what: 'PATCH /api/practices/maple/time-windows/tw-may',
        ...{ ifMatch: '"17"', body: { end: '19:00', validFrom: '2027-05-01' } },
      },
    ])
    const [maple] = me.practices
    const viewer = { ...maple, permissions: ['gw.security.view'] }
    server.answer('GET /api/me', 200, { ...me, practices: [viewer] })
    await page.reload()
    await page.getByText('You may look at these hours, not change them').waitFor()
    await drag('Tuesday 12:00', 'Tuesday 13:00')
    await shown('Mon–Fri 08:00–18:00')
    expect(await button('Add closure or opening').isDisabled()).toBe(true)
  })
})

describe('beside the week', () => {
  it('tells sign-ins outside the hours, the days to come and nights of clock change', async () => {
    await open('?month=2027-03')
    await page
      .getByText(
        /389 sign-ins of everyone in 28 days, 74 outside the hours above, most of them Sat 09:00–10:00 \(14\)/,
      )
      .waitFor()
    await line().fill('Mon–Sat 07:00–18:00')
    await page.getByText(/389 sign-ins of everyone in 28 days, 0 outside/).waitFor()
    await page.getByRole('button', { name: 'Sunday 14 March, the clocks skip 02:00–03:00' }).waitFor()
    server.answer('GET /api/practices/maple/time-preview', 200, {
      ...timePreview,
      days: timePreview.days.map((day, place) => (place === 1 ? { ...day, date: '2027-03-14' } : day)),
    })
    await page.reload()
    const days = page.getByRole('list', { name: 'Hours by day' }).getByRole('listitem')
    await days.first().waitFor()
    expect(await days.count()).toBe(14)
    expect(await days.nth(0).innerText()).toMatch(/Tue,? 24 Nov\s+08:00–18:00/)
    expect(await days.nth(1).innerText()).toContain('the clocks skip 02:00–03:00')
    expect(await days.nth(2).innerText()).toMatch(/26 Nov\s+closed/)
    const same = page.getByRole('list', { name: 'People with the same hours' }).getByRole('listitem')
    await same.getByText('2 people, Mon–Wed, Fri 08:00–18:00').waitFor()
    await same.getByText('1 person, about Mon–Wed, Fri 06:00–18:00').waitFor()
    await page.getByLabel('Hours of', { exact: true }).selectOption('role:hygienist')
    await written('of', 'role:hygienist')
  })

  it('closes days that are chosen in the month, by keyboard and by mouse; a delete names the revision', async () => {
    await open()
    await button('Month after').click()
    await page.getByRole('heading', { name: 'December 2026' }).waitFor()
    await page.getByRole('button', { name: 'Thursday 24 December' }).focus()
    for (const key of ['Shift+ArrowRight', 'Shift+ArrowRight', 'Enter']) await page.keyboard.press(key)
    await dialogIsClean()
    await dialog().getByLabel('Label').fill('Christmas')
    await apply('Save')
    await page.getByRole('button', { name: 'Thursday 31 December' }).click()
    expect(await dialog().getByLabel('First day').inputValue()).toBe('2026-12-31')
    server.answer('POST /api/practices/maple/time-exceptions', 422, {
      ...{ type: 'urn:gatehouse:problem:invalid', title: 'Some of this cannot be saved', status: 422 },
      ...{ code: 'invalid', detail: 'No.', problems: [{ path: 'end', sentence: 'ends as it starts' }] },
    })
    await dialog().getByRole('button', { name: 'Save' }).click()
    await dialog().getByText('ends as it starts').waitFor()
    await dialog().getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Thursday 31 December' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('heading', { name: 'January 2027' }).waitFor()
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Friday 1 January')
    await button('Delete Thanksgiving').click()
    await apply('Delete')
    expect(server.sent).toMatchObject([
      {
        what: 'POST /api/practices/maple/time-exceptions',
        body: { kind: 'closure', label: 'Christmas', from: '2026-12-24', to: '2026-12-26' },
      },
      { body: { from: '2026-12-31', to: '2026-12-31' } },
      { what: 'DELETE /api/practices/maple/time-exceptions/tx-thanks', ifMatch: '"17"' },
    ])
  })

  it('lets somebody stay late and ends it', async () => {
    await open()
    await button('Let somebody stay late').click()
    await dialogIsClean()
    await dialog().getByRole('combobox', { name: 'Person' }).fill('Hug')
    await dialog().getByRole('option', { name: /Hugo/ }).click()
    await dialog().getByLabel('How long').selectOption('until')
    await dialog().getByLabel('Until').fill('20:30')
    await dialog().getByLabel('Reason').fill('Stocktaking')
    await apply('Give')
    await button('End the extension of Fiona Front').click()
    await apply('End now')
    expect(server.sent).toMatchObject([
      {
        what: 'POST /api/practices/maple/users/u-hugo/extensions',
        body: { length: { until: '20:30' }, reason: 'Stocktaking' },
      },
      { what: 'DELETE /api/practices/maple/extensions/gr-fiona', body: {} },
    ])
  })

  it('teaches where there is nothing yet, on a phone too', async () => {
    server.answer('GET /api/practices/maple/time-windows', 200, {
      ...{ revision: 17, zone: 'America/Denver', now: 'Tue 24 Nov 2026, 10:05', mode: 'off' },
      ...{ windows: [], exceptions: [], audiences: [] },
    })
    server.answer('GET /api/practices/maple/extensions', 200, { extensions: [] })
    await open('', 390)
    for (const words of [
      'No hours are set yet.',
      'Nobody stays late just now.',
      'Choose a day, or drag over several',
    ])
      await page.getByText(words).waitFor()
    await shown('closed')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  })
})
