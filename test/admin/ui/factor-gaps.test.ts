/**
 * Goal: an admin finds whose second factor is missing or stale, takes the report away, and helps somebody with a code.
 * Method: the built UI with canned answers of the contract in a real Chromium, one page for all tests.
 */
import { expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { stageConsole } from './console-stage.ts'

const stage = stageConsole()
const { button, show } = stage

const title = '2FA management'

it('reports the gaps by what is missing and what to do, and gives the report as a file', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('two-factor?view=gaps', title)
  const missing = page.getByRole('list', { name: 'Not set up' })
  expect((await missing.getByRole('listitem').allTextContents()).map((text) => text.slice(0, 5))).toEqual([
    'Fiona',
    'Gil G',
  ])
  await page.getByRole('list', { name: 'Time is up' }).getByText('Gil Gone').waitFor()
  expect(await stage.findings()).toEqual([])
  const [download, asked] = await Promise.all([
    page.waitForEvent('download'),
    page.waitForRequest((request) => request.url().includes('/two-factor/report')),
    button('Report as CSV').click(),
  ])
  expect(new URL(asked.url()).search).toBe('?gaps=true&format=csv')
  expect(download.suggestedFilename()).toBe('canned.csv')
  server.answer('GET /api/practices/maple/two-factor', 200, {
    ...{ version: 5, total: 0, people: [], nextCursor: null },
    counts: { off: 0, optional: 0, enabled: 0, 'required-enabled': 3, 'required-not-set-up': 0, locked: 0 },
  })
  await show('two-factor?view=gaps', title)
  await page.getByRole('heading', { name: 'No gaps' }).waitFor()
})

it('filters by method, by gaps and by how long ago, and sorts, all in the address', async () => {
  const page = stage.page()
  await show('two-factor?status=required-enabled', title)
  await page.getByRole('combobox', { name: 'Method' }).selectOption('Passkey')
  await page.getByRole('combobox', { name: 'Last verified' }).selectOption('Not verified for 90 days')
  const [asked] = await Promise.all([
    page.waitForRequest((request) => request.url().includes('gaps=true')),
    page.getByRole('checkbox', { name: 'With gaps only' }).click(),
  ])
  // Ninety days before the start of 24 November.
  expect(new URL(asked.url()).searchParams.get('verifiedBefore')).toBe(
    String(Date.UTC(2026, 10, 24) - 90 * 86_400_000),
  )
  const head = page.getByRole('columnheader', { name: 'Last verified' })
  await head.getByRole('link').click()
  expect(await head.getAttribute('aria-sort')).toBe('ascending')
  await head.getByRole('link').click()
  await page.waitForURL((url) => url.searchParams.get('order') === 'desc')
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
    ...{ status: 'required-enabled', method: 'passkey', unseen: '90', gaps: 'true' },
    ...{ sort: 'verified', order: 'desc' },
  })
})

it('makes an enrolment code for a reason, shows it once, and prints nothing but it', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('two-factor', title)
  await button('Enrolment code for Hugo Hygienist').click()
  const asked = page.getByRole('dialog', { name: 'Enrolment code for Hugo Hygienist?' })
  await asked.getByLabel('Counts for').selectOption('8 hours')
  await asked.getByLabel('Reason').fill('Called back on the number in his file')
  await button('Make a code').click()
  const shown = page.getByRole('dialog', { name: 'Enrolment code for Hugo Hygienist' })
  await shown.getByText('KXQ7-2M9A-TEST').waitFor()
  expect(server.sent).toMatchObject([
    {
      what: 'POST /api/practices/maple/users/u-hugo/two-factor/enrolment-code',
      body: { reason: 'Called back on the number in his file', validMs: 8 * 3_600_000 },
    },
  ])
  expect(await axeFindings(page)).toEqual([])
  await page.emulateMedia({ media: 'print' })
  expect(await shown.getByText('KXQ7-2M9A-TEST').isVisible()).toBe(true)
  expect(await page.getByRole('main').isVisible()).toBe(false)
  expect(await page.getByText('Shown this once').isVisible()).toBe(false)
  await page.emulateMedia({ media: 'screen' })
  await page.keyboard.press('Escape')
  await shown.waitFor({ state: 'detached' })
  expect(await page.getByText('KXQ7-2M9A-TEST').count()).toBe(0)
})
