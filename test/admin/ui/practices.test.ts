/**
 * Goal: operators see how a practice is recognised, retire one knowing what ends, read what is kept of it and take it back.
 * Method: the built UI behind canned answers of the contract, one Chromium page, light, then dark.
 */
import { expect, it } from 'vitest'
import { operator } from './canned-operations.ts'
import { retired, retirement } from './canned-practices.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, open: goTo, show, button, dialog, findings, widthOnPhone } = stageConsole()

const open = async (path: string): Promise<void> => {
  server().answer('GET /api/me', 200, operator)
  await show(path)
}
const clear = async (where: string, part: 'page' | 'dialog' = 'page'): Promise<void> =>
  expect(await findings(part), where).toEqual([])

it('how one is recognised is told, with what the configuration takes and why it is not changed here', async () => {
  await open('all-practices?text=maple')
  await button('Hosts of Maple Dental').click()
  await dialog().getByText('maple.example.com', { exact: true }).waitFor()
  await dialog().getByText('counts for its members').waitFor()
  await dialog().getByText('This is configuration of the gateways').waitFor()
  await clear('hosts', 'dialog')
  await dialog().getByRole('button', { name: 'Copy' }).click()
  await dialog().getByText('Copied').waitFor()
  expect(await page().evaluate('navigator.clipboard.readText()')).toContain('"maple.example.com": maple')
  server().answer('GET /api/practices/maple/sources', 200, { sources: [], yaml: 'upstreams: []\n' })
  await open('all-practices?open=hosts.maple')
  await dialog().getByText('Nothing names it').waitFor()
})

it('retiring one: what ends is counted, the name is typed, a reason is given, and the page goes on elsewhere', async () => {
  await open('all-practices?open=retire.maple')
  await dialog().getByText('1,204 people can no longer open it').waitFor()
  await dialog().getByText('31 live sessions end here').waitFor()
  await dialog().getByText('1 open request is closed').waitFor()
  expect(await dialog().getByText('scheduled').count()).toBe(0)
  await clear('the review', 'dialog')
  const act = dialog().getByRole('button', { name: 'Retire' })
  const typed = dialog().getByLabel('Type “Maple Dental” to retire it')
  await typed.fill('maple dental')
  expect(await act.isDisabled()).toBe(true)
  await typed.fill('Maple Dental')
  await dialog().getByLabel('Whom people turn to').fill('maple@example.com')
  await dialog().getByLabel('Reason').fill('They left')
  await act.click()
  await page().waitForURL('**/practices/harbor/all-practices')
  expect(server().sent).toMatchObject([
    {
      ...{ what: 'POST /api/practices/maple/retire', ifMatch: '"17"' },
      body: { reason: 'They left', contact: 'maple@example.com', confirmPracticeName: 'Maple Dental' },
    },
  ])
  server().answer('GET /api/practices/maple/retirement', 200, { ...retirement, isLast: true })
  await open('all-practices?open=retire.maple')
  await dialog().getByText('one stays').waitFor()
})

it('retired ones: why they left, until when they can come back, their events and nothing else', async () => {
  server().answer('GET /api/retired-practices', 200, { practices: retired })
  await open('all-practices?text=maple')
  const row = (name: RegExp) => page().getByRole('row', { name })
  expect(await row(/Lakeside/).innerText()).toMatch(/by Nora Owner.*Moved to another product.*until/s)
  expect(await row(/Old Town/).innerText()).toContain('no longer')
  await clear('the list')
  expect(await widthOnPhone()).toBe(360)
  await button('Take back Lakeside Dental').click()
  await dialog().getByText('Its people sign in again').waitFor()
  await dialog().getByRole('button', { name: 'Take it back' }).click()
  await dialog().waitFor({ state: 'detached' })
  expect(server().sent).toMatchObject([{ what: 'POST /api/practices/lakeside/reinstate', body: {} }])
  await page().getByRole('link', { name: 'Events of Lakeside Dental' }).click()
  await page().getByText('Lakeside Dental is no longer at Gatehouse.').waitFor()
  await page().getByRole('heading', { level: 1, name: 'Security events' }).waitFor()
  expect(await page().getByRole('navigation', { name: 'Screens' }).count()).toBe(0)
  await goTo('general', 'lakeside')
  await page().getByRole('link', { name: 'Read its security events' }).waitFor()
  await clear('what is left')
})
