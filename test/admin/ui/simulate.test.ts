/**
 * Goal: what somebody would meet is asked and read by accessible names, as saved and as drafted, and a link asks the same.
 * Method: the built UI behind canned answers of the contract in a real Chromium; the timeline's days against a slow oracle.
 */
import fc from 'fast-check'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { daysOfTimeline } from '../../../admin/ui/simulate/timeline-days.ts'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { readWall } from '../../support/wall-clock.ts'
import { planned } from './canned-general.ts'
import { at, general } from './canned-practice.ts'
import { routeTable } from './canned-roles.ts'
import { type CannedServer, startCannedServer } from './canned-server.ts'
import { simulation } from './canned-time.ts'

let server: CannedServer
let browser: Browser
let context: BrowserContext
let page: Page | null = null

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startCannedServer(), launchBrowser()])
  context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1280, height: 1000 } })
})
afterAll(async () => {
  await browser.close()
  await server.close()
})
afterEach(async () => {
  await page?.close()
  page = null
  expect(server.strays).toEqual([])
  server.forget()
})

const open = async (query = '', colorScheme: 'light' | 'dark' = 'light', width = 1280): Promise<Page> => {
  const opened = await context.newPage()
  page = opened
  opened.setDefaultTimeout(8_000)
  await opened.emulateMedia({ colorScheme })
  await opened.setViewportSize({ width, height: 1000 })
  await opened.clock.setFixedTime(at)
  await opened.goto(`${server.origin}/practices/maple/simulate${query}`)
  await opened.getByRole('button', { name: 'Simulate', exact: true }).waitFor()
  return opened
}
/** A page that only a POST reaches. */
const refund = routeTable.routes.find(({ id }) => id.includes(' POST '))?.id ?? ''
const asked = () => server.sent.filter(({ what }) => what.endsWith('/simulate')).at(-1)?.body

it('asks for a person first, then for everything that the address says, and goes back with Back', async () => {
  server.answer('POST /api/practices/maple/simulate', 200, { ...simulation, draft: null })
  server.answer('GET /api/practices/maple/general', 200, { ...general, scheduled: [planned] })
  const opened = await open()
  await opened.getByRole('heading', { name: 'Choose a person to begin' }).waitFor()
  expect(await opened.getByLabel('From the address').inputValue()).toBe('203.0.113.7')
  await opened.getByRole('combobox', { name: 'Person' }).fill('Hug')
  await opened.getByRole('option', { name: /Hugo/ }).click()
  await opened.getByLabel('From the address').fill('198.51.100.23')
  await opened.getByLabel('At', { exact: true }).fill('2026-12-24T20:00')
  await opened.getByLabel('Page').selectOption(refund)
  await opened.getByLabel('Second factor shown').selectOption('totp')
  await opened.getByRole('button', { name: 'Simulate', exact: true }).click()
  await opened.getByRole('heading', { name: 'As saved (revision 17)' }).waitFor()
  expect(asked()).toEqual({
    ...{ user: 'u-hugo', address: '198.51.100.23', method: 'POST', factor: 'totp' },
    ...{ route: refund, at: Date.UTC(2026, 11, 25, 3) },
  })
  expect(await opened.getByRole('heading', { name: 'As drafted' }).count()).toBe(0)
  const link = opened.url()
  await opened.getByLabel('Beside what is saved').selectOption('planned:sch_1')
  await opened.getByRole('button', { name: 'Simulate', exact: true }).click()
  await expect.poll(asked, { timeout: 8_000 }).toMatchObject({ scheduled: 'sch_1' })
  await opened.getByLabel('Beside what is saved').selectOption('enforce:time')
  await opened.getByRole('button', { name: 'Simulate', exact: true }).click()
  await expect
    .poll(asked, { timeout: 8_000 })
    .toMatchObject({ draft: { controls: { time: { mode: 'enforce' } } } })
  await opened.goBack()
  await opened.goBack()
  await expect.poll(() => opened.getByLabel('Beside what is saved').inputValue(), { timeout: 8_000 }).toBe('')
  expect(opened.url()).toBe(link)
  await opened.reload()
  await opened.getByText('Hugo Hygienist from 198.51.100.23').waitFor()
})

it('tells every gate with how long it holds, what would help, and the week as picture and text', async () => {
  const week = 'week=role:hygienist&hours=Mon–Fri 06:00–08:00'
  const opened = await open(`?user=u-hugo&address=198.51.100.23&draft=week&zone=Europe/Berlin&${week}`)
  const drafted = opened.getByRole('region', { name: 'As drafted' })
  await drafted.getByText(/is refused at “Within the hours”, by the time windows/).waitFor()
  expect(asked()).toMatchObject({
    draft: {
      timeWindows: {
        remove: ['tw-early'],
        put: [
          {
            days: ['mon', 'tue', 'wed', 'thu', 'fri'],
            start: '06:00',
            zone: 'Europe/Berlin',
            audience: { role: 'hygienist' },
          },
        ],
      },
    },
  })
  await drafted.getByText('It opens by itself on 25 Nov 2026, 08:05.').waitFor()
  await drafted.getByText('Give Hugo Hygienist an extension, or add a window.').waitFor()
  await drafted.getByText('3 checks of sign-in, session and membership pass').click()
  await drafted.getByText('The session is not revoked.').waitFor()
  const gates = drafted.getByRole('list', { name: 'Step by step' }).locator('> li')
  expect(await gates.count()).toBe(3)
  expect(await gates.nth(1).innerText()).toMatch(/Address allowed[\s\S]*Monitor/)
  expect(await gates.nth(1).innerText()).not.toContain('decides')
  expect(await gates.nth(2).innerText()).toMatch(
    /Within the hours[\s\S]*decides[\s\S]*until Wed 25 Nov 2026, 08:00/,
  )
  await drafted.getByText('The same as text').click()
  const lines = drafted.getByRole('list', { name: 'The next seven days' }).getByRole('listitem')
  expect(await lines.count()).toBe(8)
  expect(await lines.nth(0).innerText()).toContain('is refused (it was outside the allowed hours)')
  await opened.getByRole('region', { name: 'As saved' }).getByText('Hugo Hygienist gets in').waitFor()
  expect(await axeFindings(opened)).toEqual([])
})

it('has good colours in the dark, fits a phone, and shows what the API refuses', async () => {
  const dark = await open('?user=u-hugo&draft=enforce:ip', 'dark', 390)
  await dark.getByRole('region', { name: 'As drafted' }).waitFor()
  expect(await axeFindings(dark, 'dark')).toEqual([])
  expect(await dark.evaluate('document.documentElement.scrollWidth')).toBe(390)
  server.answer('POST /api/practices/maple/simulate', 422, {
    ...{ type: 'urn:gatehouse:problem:invalid', title: 'Some of this cannot be saved', status: 422 },
    ...{ code: 'invalid', detail: 'No.', problems: [{ path: 'address', sentence: 'write an address' }] },
  })
  await dark.getByLabel('From the address').fill('the office')
  await dark.getByRole('button', { name: 'Simulate', exact: true }).click()
  await dark.getByText('address: write an address').waitFor()
  expect(asked()).toMatchObject({ address: 'the office' })
  server.answer('POST /api/practices/maple/simulate', 404, {
    ...{ type: 'urn:gatehouse:problem:not-found', title: 'Not found', status: 404, code: 'not-found' },
    detail: 'There is no such member in this practice.',
  })
  await dark.reload()
  await dark.getByText('There is no such member in this practice.').waitFor()
})

it('puts every moment of a timeline on the day and minute that the wall shows', () => {
  const zone = fc.constantFrom('America/Denver', 'Europe/Berlin', 'Asia/Kathmandu')
  const start = fc
    .integer({ min: 0, max: 400 * 96 })
    .map((quarter) => Date.UTC(2026, 0, 1) + quarter * 900_000)
  const steps = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(zone, start, steps, (wall, from, lengths) => {
      let moment = from
      const lines = lengths.map((length, place) => {
        const line = { at: moment, verdict: place % 2 === 0 ? 'deny' : 'permit', because: '' }
        moment += length * 900_000
        return line
      })
      const days = new Map(daysOfTimeline(lines, moment, wall).map((day) => [day.date, day.pieces]))
      for (let quarter = from; quarter < moment; quarter += 900_000) {
        const { date, time } = readWall(wall, quarter)
        const minute = Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
        const found = days.get(date)?.filter((piece) => piece.from <= minute && minute < piece.to) ?? []
        const line = lines.filter((one) => one.at <= quarter).at(-1)
        // A repeated hour may have two verdicts; the wall cannot tell them apart.
        expect(found.some((piece) => piece.line === line) || found.length !== 1).toBe(true)
      }
    }),
    { numRuns: 25 },
  )
})
