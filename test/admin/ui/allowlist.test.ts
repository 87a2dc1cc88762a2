/**
 * Goal: an allowlist of fifty thousand entries is found, ordered, paged and changed many at a time; ranges are understood
 * before they are saved; files, a moved office and heartbeats go by the screen; axe finds nothing.
 * Method: the built UI behind canned answers of the contract, one Chromium page, light, then dark.
 */
import type { Request } from 'playwright-core'
import { expect, it } from 'vitest'
import { addressCards, importPreview } from './canned-allowlist.ts'
import { at, entries } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, show, button, dialog, findings } = stageConsole()
const listAt = 'GET /api/practices/maple/ip-entries'

const open = async (search = ''): Promise<void> => {
  await show(`ip-allowlist${search}`)
}
const act = async (name: string): Promise<void> => {
  await dialog().getByRole('button', { name, exact: true }).click()
  await dialog().waitFor({ state: 'detached' })
}
const clear = async (where: string): Promise<void> => expect(await findings(), where).toEqual([])
/** What the list is asked for by `doing` it. */
const asked = async (doing: () => Promise<unknown>): Promise<string> => {
  const isList = (request: Request) => /\/ip-entries\?/.test(request.url()) && request.method() === 'GET'
  const [request] = await Promise.all([page().waitForRequest(isList), doing()])
  const { searchParams } = new URL(request.url())
  searchParams.delete('limit')
  return String(searchParams)
}

it('orders, filters and pages fifty thousand entries by the API, all in the address', async () => {
  server().answer(listAt, 200, { revision: 17, total: 50_000, entries, nextCursor: 'ipe-home' })
  await open()
  await page().getByText('1–3 of 50,000').waitFor()
  expect(await asked(() => button('Expires').click())).toBe('sort=expires')
  expect(await page().getByRole('columnheader', { name: 'Expires' }).getAttribute('aria-sort')).toBe(
    'ascending',
  )
  expect(await asked(() => button('Expires').click())).toBe('sort=expires&order=desc')
  const use = page().getByRole('combobox', { name: 'Use' })
  expect(await asked(() => use.selectOption('Nobody for 60 days'))).toBe(
    'unmatchedDays=60&sort=expires&order=desc',
  )
  const audience = page().getByRole('combobox', { name: 'Audience' })
  expect(await asked(() => audience.selectOption('Role Hygienist'))).toContain('audience=role%3Ahygienist')
  expect(await asked(() => button('Next').click())).toContain('cursor=ipe-home')
  await page().getByText('101–103 of 50,000').waitFor()
  const url = page().url()
  await button('Previous').click()
  await page().getByText('1–3 of 50,000').waitFor()
  // Whoever gets the address of a later page sees that page, and can go to the first.
  expect(await asked(() => page().goto(url))).toContain('cursor=ipe-home')
  await button('First page').click()
  await page().waitForURL((to) => !to.searchParams.has('after'))
  await page().goto(`${server().origin}/practices/maple/ip-allowlist?sort=strange&use=never&audience=%3Cb%3E`)
  await page().getByText('1–3 of 50,000').waitFor()
  expect(await page().getByRole('combobox', { name: 'Use' }).inputValue()).toBe('')
})

it('marks what nobody uses, and changes what is chosen as one change', async () => {
  const stale = 'Nobody has come from here for 80 days. Switch it off or remove it if it is not needed.'
  const [office, lab, home] = entries
  const listed = [{ ...office, stale, users30d: 7 }, lab, { ...home, expiresAt: at + 3 * 86_400_000 }]
  server().answer(listAt, 200, { revision: 17, total: 3, entries: listed, nextCursor: null })
  await open()
  const row = (name: RegExp) => page().getByRole('row', { name })
  expect(await row(/Office Network is on/).innerText()).toMatch(/unused.*7/s)
  expect(await row(/Ada's home is on/).innerText()).toContain('soon')
  await clear('the screen')
  await page().getByRole('checkbox', { name: 'Choose all of this page' }).check()
  await page().getByText('3 entries chosen').waitFor()
  await page().getByRole('checkbox', { name: 'Choose Lab' }).uncheck()
  await button('Turn off').click()
  await dialog().getByText("Ada's home").waitFor()
  await act('Turn off')
  await page().getByText('2 entries are off').waitFor()
  expect(await page().getByText('chosen', { exact: false }).count()).toBe(0)
  await page().getByRole('checkbox', { name: 'Choose Lab' }).check()
  await button('Set the end').click()
  await dialog().getByLabel('Expires').fill('2026-12-01T09:30')
  await act('Set the end')
  expect(server().sent).toMatchObject([
    { ifMatch: '"17"', body: { ids: ['ipe-office', 'ipe-home'], act: { on: false } } },
    { body: { ids: ['ipe-lab'], act: { expiresAt: Date.UTC(2026, 11, 1, 16, 30) } } },
  ])
})

it('shows what a range is while it is typed, and upon what it lies', async () => {
  await open('?open=add')
  await dialog().getByLabel('Range').fill('203.0.113.77/26')
  await dialog().getByText('64 addresses, 203.0.113.64 to 203.0.113.127').waitFor()
  await dialog().getByText('Contains “Lab” 203.0.113.64/28, which is off.').waitFor()
  await dialog().getByText('Lies within “Office Network” 203.0.113.0/24.').waitFor()
  const none = { range: null, wide: false, size: null, notes: [], overlaps: [] }
  const look = 'GET /api/practices/maple/ip-entries/look'
  server().answer(look, 200, { ...none, problem: '"home" is no address and no range.' })
  await dialog().getByLabel('Range').fill('home')
  await dialog().getByText('"home" is no address and no range.').waitFor()
  server().answer(look, 200, { ...none, range: '10.0.0.0/8', problem: null, wide: true, size: 'many' })
  await dialog().getByLabel('Range').fill('10.0.0.0/8')
  await dialog().getByRole('checkbox', { name: 'Yes, a range as wide as this is meant' }).waitFor()
  expect(server().sent).toEqual([])
})

it('imports a file after its plan was read, over the revision it was read against', async () => {
  await open()
  await button('Import').click()
  const file = {
    name: 'list.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('range,label\n198.51.100.0/28,New'),
  }
  const choose = () => page().locator('input[type=file]').setInputFiles(file)
  const problems = [{ line: 2, column: 'range', sentence: '"x" is no range.' }]
  const preview = 'POST /api/practices/maple/ip-entries/import/preview'
  server().answer(preview, 200, {
    ...importPreview,
    ...{ problems, counts: { ...importPreview.counts, problems: 1, adds: 0, changes: 0 } },
  })
  await choose()
  await dialog().getByText('Line 2, range: "x" is no range.').waitFor()
  expect(await dialog().getByRole('button', { name: 'Import' }).isDisabled()).toBe(true)
  server().answer(preview, 200, importPreview)
  await dialog()
    .getByRole('checkbox', { name: /Ranges wider/ })
    .check()
  await dialog().getByText('198.51.100.0/28 “New branch”').waitFor()
  await dialog().getByText('Hugo Hygienist, from 198.51.100.64/32').waitFor()
  await clear('a plan')
  await act('Import')
  await page().getByText('Imported: 1 added, 1 changed').waitFor()
  expect(server().sent.at(-1)).toMatchObject({
    ...{ what: 'POST /api/practices/maple/ip-entries/import', ifMatch: '"17"' },
    body: { csv: 'range,label\n198.51.100.0/28,New', confirmWide: true },
  })
})

it('asks whether the office has moved, and lists its new address in place of the old or beside it', async () => {
  server().answer('GET /api/practices/maple/address-cards', 200, addressCards)
  await open()
  const card = page().getByRole('region', { name: 'Has the office address changed?' })
  await card.getByText('“Office Network” fell silent.').waitFor()
  await card.getByText('Fiona Front and 2 more; 5 refused').waitFor()
  await button('List it 198.51.100.9/32').click()
  await dialog()
    .getByRole('radio', { name: /In place of 203.0.113.0\/24/ })
    .waitFor()
  await clear('a card')
  await act('List it')
  await button('List it 198.51.100.9/32').click()
  await dialog().getByRole('radio', { name: 'Beside what is listed' }).check()
  await dialog().getByLabel('Label').fill('Second line')
  await act('List it')
  await button('Put aside 198.51.100.9/32').click()
  await act('Put aside')
  expect(server().sent.map(({ body }) => body)).toMatchObject([
    { network: '198.51.100.9/32', replace: 'ipe-office' },
    { network: '198.51.100.9/32', replace: null, label: 'Second line' },
    { network: '198.51.100.9/32' },
  ])
})

it('makes a heartbeat with its line for cron, shown once', async () => {
  await open()
  await page().getByText('Last beat 3 min ago').waitFor()
  await button('More for Office Network').click()
  await page().getByRole('menuitem', { name: 'Keep it up to date by a heartbeat' }).click()
  await dialog().getByRole('button', { name: 'Make it' }).click()
  await dialog().getByText('*/5 * * * * curl').waitFor()
  await dialog().getByRole('checkbox').check()
  await act('Done')
  expect(await page().content()).not.toContain('ghb_shown')
  await button('Revoke the heartbeat of Office Network').click()
  await act('Revoke')
  expect(server().sent.map(({ what }) => what)).toEqual([
    'POST /api/practices/maple/ip-entries/ipe-office/heartbeats',
    'POST /api/practices/maple/heartbeats/hbt-1/revoke',
  ])
})
