/**
 * Goal: a reviewer sees who waits, approves with one click, denies with a note, and hears when somebody was faster.
 * Method: the built UI behind its real headers and canned answers of the contract, driven in a real Chromium.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { at } from './canned-practice.ts'
import { accessRequests } from './canned-requests.ts'
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
beforeEach(async () => {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 860 },
  })
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.clock.setFixedTime(at)
})
afterEach(async () => {
  await page.context().close()
  expect(server.strays).toEqual([])
  server.forget()
})

const open = async (path: string): Promise<void> => {
  await page.goto(`${server.origin}/practices/maple/${path}`)
}
const violations = (scheme: 'light' | 'dark' = 'light'): Promise<readonly string[]> =>
  axeFindings(page, scheme)
const dialog = () => page.getByRole('dialog')
const button = (name: string) => page.getByRole('button', { name, exact: true })

describe('access requests', () => {
  const home = 'POST /api/practices/maple/access-requests/arq_home'
  const hugo = () => page.getByRole('row', { name: /Hugo Hygienist.*asked again 2 times/ })

  it('approves with one click for the standard time, and follows it', async () => {
    await open('access-requests')
    await page.getByRole('link', { name: 'Access requests 2 waiting' }).waitFor()
    await hugo().getByText('At my parents’ until Sunday').waitFor()
    await button('Approve for 30 days: Hugo Hygienist').click()
    await page.getByText('Active everywhere after 41 ms').waitFor()
    expect(server.sent).toMatchObject([{ what: `${home}/approve`, body: { durationMs: 'standard' } }])
  })

  it('approves for another time and denies with a note after a look', async () => {
    await open('access-requests')
    await button('Other time for Hugo Hygienist').click()
    await dialog().getByText('may come from 198.51.100.23/32').waitFor()
    await dialog().getByLabel('For how long').selectOption('Without end')
    expect(await violations()).toEqual([])
    await button('Approve').click()
    await dialog().waitFor({ state: 'detached' })
    await button('Deny Hugo Hygienist').click()
    await dialog().getByLabel('Note').fill('Please come to the office')
    await button('Deny').click()
    await page.getByText('The request of Hugo Hygienist is denied').waitFor()
    expect(server.sent).toMatchObject([
      { what: `${home}/approve`, body: { durationMs: null } },
      { what: `${home}/reject`, body: { note: 'Please come to the office' } },
    ])
  })

  it('takes an approval back after a question', async () => {
    await open('access-requests?status=approved')
    await button('Take back the approval of Hugo Hygienist').click()
    await dialog().getByText('From their next request on').waitFor()
    expect(await violations()).toEqual([])
    expect(server.sent).toEqual([])
    await dialog().getByLabel('Reason').fill('Moved back')
    await button('Take back').click()
    await page.getByText('Active everywhere after 41 ms').waitFor()
    expect(server.sent).toMatchObject([
      {
        what: 'POST /api/practices/maple/access-requests/arq_approved/withdraw',
        body: { reason: 'Moved back' },
      },
    ])
  })

  it('keeps every button in reach on a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    await open('access-requests')
    await button('Deny Fiona Front').waitFor()
    for (const name of ['Approve for 30 days', 'Other time', 'Deny']) {
      const box = await page.getByRole('button', { name }).first().boundingBox()
      expect((box?.x ?? 999) + (box?.width ?? 0), name).toBeLessThanOrEqual(344)
    }
  })

  it('says who decided when somebody was faster, and that nobody waits', async () => {
    server.answer(`${home}/approve`, 409, {
      title: 'Somebody else has decided',
      status: 409,
      code: 'already-decided',
      detail: 'Otto Owner has rejected it. Nothing was changed.',
    })
    await open('access-requests')
    await button('Approve for 30 days: Hugo Hygienist').click()
    await dialog().getByText('Otto Owner has rejected it.').waitFor()
    server.answer('GET /api/practices/maple/access-requests', 200, {
      ...accessRequests,
      pending: 0,
      requests: [],
    })
    await open('access-requests')
    await page.getByRole('heading', { name: 'Nobody is waiting' }).waitFor()
    await page.getByRole('link', { name: 'Access requests', exact: true }).waitFor()
    expect(await violations()).toEqual([])
    await page.getByRole('link', { name: 'Rejected' }).click()
    await page.waitForURL('**/access-requests?status=rejected')
    await page.getByRole('heading', { name: 'No request was rejected' }).waitFor()
  })
})
