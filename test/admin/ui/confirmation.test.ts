/**
 * Goal: what waits to be confirmed is seen on every tab, with the time left, and settled by keyboard; a reversion is told.
 * Method: the built UI over canned answers of the contract, in a real Chromium, light and dark, looked at by axe.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { at, general } from './canned-practice.ts'
import { type CannedServer, startCannedServer } from './canned-server.ts'

let server: CannedServer
let browser: Browser
let context: BrowserContext
let page: Page

const openContext = async (colorScheme: 'light' | 'dark'): Promise<void> => {
  context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' })
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.clock.setFixedTime(at)
}

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startCannedServer(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})
beforeEach(() => openContext('light'))
afterEach(async () => {
  await context.close()
  expect(server.strays).toEqual([])
  server.forget()
})

const sentence = 'Office only is switched off again at 10:15 unless it is confirmed.'
const waiting = {
  ...{ state: 'waiting', revision: 17, name: 'Office only', by: 'Nora Owner', sentence },
  ...{ changes: ['IP restrictions: monitor → enforce'], confirmBy: at + 600_000, leftMs: 581_000 },
  ...{ mine: true, refused: null as string | null },
}
const reverted = {
  ...{ state: 'reverted', revision: 16, name: 'Office only', at: at - 60_000 },
  ...{ sentence: 'Office only was switched off at 10:04 because nobody confirmed it.' },
  ...{ changes: ['IP restrictions: monitor → enforce'] },
}
const answer = (confirmation: unknown): void =>
  server.answer('GET /api/practices/maple/general', 200, { ...general, confirmation })
const open = (tab: string) => page.goto(`${server.origin}/practices/maple/${tab}`)
const banner = () => page.getByRole('region', { name: 'Waiting for confirmation' })
const violations = (scheme: 'light' | 'dark' = 'light'): Promise<readonly string[]> =>
  axeFindings(page, scheme)

it.each(['general', 'ip-allowlist', 'security-events'])(
  'stands above %s, with the time left',
  async (tab) => {
    answer(waiting)
    await open(tab)
    await banner().getByRole('status').getByText(sentence).waitFor()
    expect(await banner().getByRole('timer').textContent()).toMatch(/^9:4\d$/)
  },
)

it.each(['light', 'dark'] as const)(
  'has nothing that axe finds, also after a reversion (%s)',
  async (scheme) => {
    await context.close()
    await openContext(scheme)
    answer(waiting)
    await open('general')
    await banner().getByText('What it changes').click()
    await banner().getByText('IP restrictions: monitor → enforce').waitFor()
    await page.getByRole('status', { name: 'Publishing' }).waitFor()
    expect(await violations(scheme)).toEqual([])
    answer(reverted)
    await page.reload()
    await page.getByRole('button', { name: 'Turn on again' }).click()
    await page.getByRole('dialog', { name: 'Review: Office only' }).waitFor()
    expect(await violations(scheme)).toEqual([])
  },
)

it('counts down, and is confirmed by keyboard from the revision that is shown', async () => {
  answer(waiting)
  await open('ip-allowlist')
  const timer = banner().getByRole('timer')
  const first = await timer.textContent()
  await expect.poll(() => timer.textContent(), { timeout: 5_000 }).not.toBe(first)
  await banner().getByRole('button', { name: 'Confirm' }).focus()
  answer(null)
  await page.keyboard.press('Enter')
  await page.getByText('Office only is confirmed').waitFor()
  await banner().waitFor({ state: 'detached' })
  expect(server.sent).toMatchObject([
    { what: 'POST /api/practices/maple/confirmation/confirm', ifMatch: '"17"', body: {} },
  ])
})

it('says why it cannot be confirmed from here, and can be reverted from here', async () => {
  answer({ ...waiting, refused: '198.51.100.9 is not on the allowlist' })
  await open('general')
  await banner().getByText('198.51.100.9 is not on the allowlist').waitFor()
  expect(await banner().getByRole('button', { name: 'Confirm' }).isDisabled()).toBe(true)
  await banner().getByRole('button', { name: 'Revert now' }).click()
  await expect
    .poll(() => server.sent.map(({ what }) => what))
    .toContain('POST /api/practices/maple/confirmation/revert')
})

it('offers nothing to who may not settle it', async () => {
  answer({ ...waiting, mine: false })
  await open('general')
  await banner().getByText('Whoever saved it, or a security admin, can confirm it.').waitFor()
  expect(await banner().getByRole('button').count()).toBe(0)
})

it('explains to an edit why it has to wait', async () => {
  answer(waiting)
  server.answer('PUT /api/practices/maple/controls/ip', 409, {
    ...{ type: 'urn:gatehouse:problem:confirmation-pending', status: 409, code: 'confirmation-pending' },
    title: 'An earlier change waits to be confirmed',
    detail: 'What Nora Owner saved waits to be confirmed until 10:15. Confirm it or take it back first.',
  })
  await open('ip-allowlist')
  await page.getByRole('radio', { name: 'Enforce' }).click()
  await page.getByRole('button', { name: 'Apply', exact: true }).click()
  await page.getByRole('dialog').getByText('waits to be confirmed until 10:15').waitFor()
})

it('tells a reversion, and turns it on again by the same review', async () => {
  answer(reverted)
  await open('time-windows')
  const notice = page.getByRole('region', { name: 'Taken back' })
  await notice.getByText(reverted.sentence).waitFor()
  await notice.getByRole('button', { name: 'Turn on again' }).click()
  const review = page.getByRole('dialog', { name: 'Review: Office only' })
  await review.getByText('IP restrictions: monitor → enforce').waitFor()
  expect(server.sent).toEqual([])
  await review.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('Office only is on again').waitFor()
  expect(server.sent).toMatchObject([
    { what: 'POST /api/practices/maple/confirmation/again', ifMatch: '"17"', body: {} },
  ])
})
