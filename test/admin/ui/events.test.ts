/**
 * Goal: security events are read day by day in words, opened, filtered, followed and exported; refusals are counted over
 * time and found by what somebody reads out; the address says it all and axe finds nothing.
 * Method: the built UI behind canned answers of the contract, one Chromium page, light, then dark.
 */
import type { Request } from 'playwright-core'
import { expect, it } from 'vitest'
import { actions } from './canned-operations.ts'
import { at, decisions, events } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, show, button, findings } = stageConsole()
const list = 'GET /api/practices/maple/security-events'

const open = async (search = ''): Promise<void> => {
  server().answer('GET /api/practices/maple/security-events/actions', 200, { actions })
  await show(`security-events${search}`)
}
const clear = async (where: string): Promise<void> => expect(await findings(), where).toEqual([])
/** The query of the first request for `path` while `doing` it, without what every page has. */
const asked = async (path: RegExp, doing: () => Promise<unknown>): Promise<string> => {
  const isIt = (request: Request) => path.test(request.url())
  const [request] = await Promise.all([page().waitForRequest(isIt), doing()])
  const { searchParams } = new URL(request.url())
  searchParams.delete('limit')
  return String(searchParams)
}
const ofEvents = /\/security-events\?/

it('tells who did what to what, day by day, and opens one by its address', async () => {
  const revoked = { ...events[2], targetId: 'u-fiona', decisions: { user: 'u-fiona', address: null } }
  server().answer(list, 200, { events: [events[0], events[1], revoked], nextCursor: null })
  await open()
  const days = page().getByRole('heading', { level: 2 })
  expect(await days.allInnerTexts()).toEqual(['Tuesday, 24 November 2026', 'Monday, 23 November 2026'])
  const today = page().getByRole('region', { name: 'Tuesday, 24 November 2026' })
  expect(await today.locator('summary').allInnerTexts()).toEqual([
    expect.stringMatching(/10:01.*Nora Owner → Control IP changed → Maple Dental.*#12/s),
    expect.stringMatching(/Nora Owner → IP entry added → Ada's home/),
  ])
  await today.locator('summary').first().focus()
  await page().keyboard.press('Enter')
  await page().waitForURL('**open=event.12')
  await page().getByRole('row', { name: 'controls.ip.mode off monitor' }).waitFor()
  await page().getByText('The IP allowlist was switched.').waitFor()
  await clear('an open event')
  await page().goto(`${server().origin}/practices/maple/security-events?open=event.10`)
  const refusals = page().getByRole('link', { name: 'Refusals of Fiona Front' })
  expect(await refusals.getAttribute('href')).toMatch(/view=refusals&user=u-fiona|user=u-fiona&view=refusals/)
  expect(
    await asked(ofEvents, () => page().getByRole('link', { name: 'Everything about Fiona Front' }).click()),
  ).toBe('target=u-fiona')
  await button('About Fiona Front: take away').click()
  await page().waitForURL((url) => !url.searchParams.has('target'))
  expect(
    await asked(ofEvents, () =>
      page().getByRole('combobox', { name: 'By whom' }).selectOption('Ada Dentist'),
    ),
  ).toBe('actor=u-ada')
  expect(
    await asked(ofEvents, () =>
      page().getByRole('combobox', { name: 'Type of change' }).selectOption('IP entry added'),
    ),
  ).toBe('type=ip-entry.added&actor=u-ada')
})

it('does not move while it is read: it says how many are new, and loads them when asked', async () => {
  await open()
  await page().getByRole('status', { name: 'Connection' }).getByText('Live').waitFor()
  const newer = [16, 15, 14, 13].map((number) => ({ ...events[0], number, target: `No. ${number}` }))
  server().answer(list, 200, { events: [...newer, ...events], nextCursor: null })
  server().tell('events', { practice: 'maple' })
  await button('4 new').waitFor()
  expect(await page().locator('summary').getByText('No. 16').count()).toBe(0)
  await button('4 new').click()
  await page().locator('summary').getByText('No. 16').waitFor()
  expect(await page().getByRole('button', { name: /new$/ }).count()).toBe(0)
})

it('says what is the case when nothing matches, and takes the filters away', async () => {
  server().answer(list, 200, { events: [], nextCursor: null })
  await open('?type=policy&from=2026-11-01')
  await page().getByRole('heading', { name: 'No change matches these filters' }).waitFor()
  await button('Show all changes').click()
  await page().getByRole('heading', { name: 'Nothing has been changed yet' }).waitFor()
})

it('counts refusals over time by verdict, filters them, and finds one by what was read out', async () => {
  const replay = {
    ...{ agreement: 'agrees', note: null, policies: [], cures: [], elsewhere: false, now: null, lines: [] },
    failing: [
      { practice: 'maple', control: 'ip', reason: 'x', monitored: false, sentence: 'Not in Office.' },
    ],
  }
  server().answer('GET /api/practices/maple/decisions/GH-7QK2-M9XA', 200, { ...decisions[0], replay })
  await open('?view=refusals')
  const tabs = page().getByRole('navigation', { name: 'Kind of event' })
  expect(await tabs.locator('[aria-current=page]').allInnerTexts()).toEqual(['Refusals'])
  await page()
    .getByRole('img', {
      name: /^Decisions of the last week: 6,552 permitted, 42 refused, 3 asked.*29 would be refused$/,
    })
    .waitFor()
  await page().getByText('As a table').click()
  await page()
    .getByRole('row', { name: /^22 Nov 2026, 22:05 304 30 0 2 9/ })
    .waitFor()
  await clear('the refusals')
  const counts = /\/decisions\/counts\?/
  const to = Math.ceil((at + 1) / 3_600_000) * 3_600_000
  expect(await asked(counts, () => page().getByRole('link', { name: 'Day', exact: true }).click())).toBe(
    `from=${to - 86_400_000}&to=${to}`,
  )
  const ofList = /\/decisions\?/
  expect(await asked(ofList, () => button('Only 198.51.100.23').click())).toBe('address=198.51.100.23')
  expect(
    await asked(ofList, () =>
      page().getByRole('combobox', { name: 'What refused' }).selectOption('Time windows'),
    ),
  ).toBe('address=198.51.100.23&control=time')
  await page().getByRole('textbox', { name: 'Reference code' }).fill('GH-7QK2-M9XA')
  await page().keyboard.press('Enter')
  await page().waitForURL((url) => url.searchParams.get('code') === 'GH-7QK2-M9XA')
  const found = page().getByRole('list', { name: 'The refusal behind the code' })
  await found.getByText('Not in Office.').waitFor()
  await button('Code GH-7QK2-M9XA: take away').click()
  await page().getByRole('list', { name: 'Refusals, newest first' }).waitFor()
})
