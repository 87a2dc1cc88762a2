/**
 * Goal: a reviewer sees who waits and what is known about it, decides one or several with a click, gives other grants after
 * a look, undoes both, and hears when somebody was faster.
 * Method: the built UI behind its real headers and canned answers of the contract, driven in a real Chromium.
 */
import { describe, expect, it } from 'vitest'
import { accessRequests } from './canned-requests.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, open, opened, button, dialog, findings, widthOnPhone } = stageConsole()
const of = '/api/practices/maple/access-requests'
const home = `POST ${of}/arq_home`
const openRequests = async (search = ''): Promise<void> => {
  await open(`access-requests${search}`)
  await opened('Access requests')
}
const card = (name: string) => page().getByRole('region', { name })
const choice = (name: string) => dialog().getByRole('combobox', { name })

describe('one that waits', () => {
  it('says what is known: the network, the hours, the age; and fits a phone', async () => {
    await openRequests()
    await page().getByRole('link', { name: 'Access requests 3 waiting' }).waitFor()
    const hugo = card('Hugo Hygienist, 198.51.100.23')
    await hugo.getByText('“At my parents’ until Sunday”').waitFor()
    expect(await hugo.innerText()).toMatch(/asked 12 min ago, again 2 times; expires in 2 d|expires in 3 d/)
    await hugo.getByText('Nobody else of the practice came in from there').waitFor()
    const ada = card('Ada Dentist, 198.51.100.23')
    await ada.getByText('Fiona Front, Nora Owner and 2 more came in from there').waitFor()
    await ada.getByText('It lies next to “Office Network”').waitFor()
    await ada.getByText('waits for more than a day').waitFor()
    await card('Fiona Front, for hours').getByText('Today: 08:00–18:00.').waitFor()
    await page().setViewportSize({ width: 360, height: 740 })
    for (const name of [
      'Approve for 30 days: Fiona Front',
      'Other grant for Fiona Front',
      'Deny Fiona Front',
    ]) {
      const box = await button(name).boundingBox()
      expect((box?.x ?? 999) + (box?.width ?? 0), name).toBeLessThanOrEqual(344)
    }
  })

  it('is approved with one click for the standard time, and the approval is undone', async () => {
    await openRequests()
    const requests = accessRequests.requests.filter(({ id }) => id !== 'arq_home')
    server().answer(`GET ${of}`, 200, { ...accessRequests, pending: 2, requests })
    await button('Approve for 30 days: Hugo Hygienist').click()
    await page().getByText('Active everywhere after 41 ms').first().waitFor()
    // Whoever works by keyboard goes on from the list.
    const focused = () => page().evaluate('document.activeElement.className')
    await expect.poll(focused).toBe('gh-quiet-focus')
    await button('Undo Hugo Hygienist may come in').click()
    await page().getByText('The approval of Hugo Hygienist is taken back').waitFor()
    expect(server().sent).toMatchObject([
      { what: `${home}/approve`, body: { durationMs: 'standard' } },
      { what: `${home}/withdraw`, body: {} },
    ])
  })

  it('is denied with one click, undone, and denied with a note', async () => {
    await openRequests()
    await button('Deny Hugo Hygienist').click()
    await button('Undo The request of Hugo Hygienist is denied').click()
    await page().getByText('The request of Hugo Hygienist waits again').waitFor()
    await button('Deny with a note: Hugo Hygienist').click()
    await dialog().getByLabel('Note').fill('Please come to the office')
    await button('Deny').click()
    await dialog().waitFor({ state: 'detached' })
    expect(server().sent).toMatchObject([
      { what: `${home}/reject`, body: { note: '' } },
      { what: `${home}/reopen` },
      { what: `${home}/reject`, body: { note: 'Please come to the office' } },
    ])
  })

  it('gets more after a look: longer, a wider network, everyone with a role', async () => {
    await openRequests()
    await button('Other grant for Hugo Hygienist').click()
    await dialog().getByText('Hugo Hygienist may come from 198.51.100.23/32. Nobody else may').waitFor()
    await choice('For how long').selectOption('Without end')
    await choice('For whom').selectOption('Hygienist')
    await dialog().getByLabel('Network').fill('198.51.100.0/24')
    await dialog().getByText('This becomes an entry of the IP allowlist').waitFor()
    await dialog().getByLabel('Label').fill('Second office')
    expect(await findings('dialog')).toEqual([])
    await button('Approve').click()
    await dialog().waitFor({ state: 'detached' })
    await button('Other grant for Fiona Front').click()
    await choice('For how long').selectOption('Until a time of day')
    await dialog().getByLabel('Until').fill('21:30')
    expect(await choice('For whom').count()).toBe(0)
    await button('Approve').click()
    await dialog().waitFor({ state: 'detached' })
    expect(server().sent.map(({ body }) => body)).toEqual([
      {
        ...{ durationMs: null, note: '', network: '198.51.100.0/24' },
        ...{ audience: { role: 'hygienist' }, label: 'Second office' },
      },
      { durationMs: { until: '21:30' }, note: '' },
    ])
  })

  it('that somebody else has decided says who; and that nobody waits is said', async () => {
    server().answer(`${home}/approve`, 409, {
      ...{ title: 'Somebody else has decided', status: 409, code: 'already-decided' },
      detail: 'Otto Owner has rejected it. Nothing was changed.',
    })
    await openRequests()
    await button('Approve for 30 days: Hugo Hygienist').click()
    await dialog().getByText('Otto Owner has rejected it.').waitFor()
    server().answer(`GET ${of}`, 200, { ...accessRequests, pending: 0, requests: [] })
    await openRequests()
    await page().getByRole('heading', { name: 'Nobody is waiting' }).waitFor()
    await page().getByRole('link', { name: 'Access requests', exact: true }).waitFor()
    expect(await findings()).toEqual([])
    await page().getByRole('link', { name: 'Rejected' }).click()
    await page().waitForURL('**/access-requests?status=rejected')
    await page().getByRole('heading', { name: 'No request was rejected' }).waitFor()
  })
})

describe('several', () => {
  it('are picked and decided at once; who could not be is named, and all of it is undone', async () => {
    await openRequests()
    await page().getByRole('checkbox', { name: 'Select the request of Hugo Hygienist' }).check()
    await page().getByRole('checkbox', { name: '1 selected' }).check()
    expect(await findings()).toEqual([])
    expect(await widthOnPhone()).toBe(360)
    await button('Approve for 30 days: 3 selected').click()
    const notice = page().getByRole('alert').filter({ hasText: '1 could not be decided' })
    await notice.getByText('This is your own request.').waitFor()
    expect(await notice.innerText()).toContain('Fiona Front')
    await button('Undo 2 requests approved').click()
    await page().getByText('2 requests: taken back').waitFor()
    expect(server().sent).toMatchObject([
      { what: `POST ${of}/decide`, body: { ids: ['arq_ada', 'arq_home', 'arq_hours'], decision: 'approve' } },
      { what: `POST ${of}/arq_ada/withdraw` },
      { what: `POST ${of}/arq_home/withdraw` },
    ])
    expect(await page().getByRole('checkbox', { name: 'Select all' }).isChecked()).toBe(false)
  })

  it('are put together by network in the address, decided together, and the network is listed', async () => {
    await openRequests()
    await page().getByRole('combobox', { name: 'Put together' }).selectOption('By network')
    await page().waitForURL('**/access-requests?group=network')
    await page().getByRole('heading', { name: '198.51.100.23/32 2 requests of 2 people' }).waitFor()
    await button('Deny with a note: all 2 of 198.51.100.23/32').click()
    await dialog().getByText('Ada Dentist, Hugo Hygienist: each sees that it was denied.').waitFor()
    await dialog().getByLabel('Note').fill('Ask again tomorrow')
    await button('Deny').click()
    await dialog().waitFor({ state: 'detached' })
    await button('List 198.51.100.23/32 for the practice').click()
    expect(await choice('For whom').inputValue()).toBe('practice')
    await page().keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
    expect(server().sent).toMatchObject([
      {
        what: `POST ${of}/decide`,
        body: { ids: ['arq_ada', 'arq_home'], decision: 'reject', note: 'Ask again tomorrow' },
      },
    ])
    await page().getByRole('combobox', { name: 'What is asked for' }).selectOption('Hours')
    await page().waitForURL('**kind=time**')
    expect(
      await page()
        .getByRole('button', { name: /^Deny (?!with)/ })
        .count(),
    ).toBe(1)
    await openRequests('?group=person&kind=strange')
    await page().getByRole('heading', { name: 'Hugo Hygienist 1 request' }).waitFor()
  })
})

it('an approval is taken back after a question, a denial opened again', async () => {
  await openRequests('?status=approved')
  await button('Take back the approval of Hugo Hygienist').click()
  await dialog().getByText('From their next request on').waitFor()
  expect(await findings('dialog')).toEqual([])
  expect(server().sent).toEqual([])
  await dialog().getByLabel('Reason').fill('Moved back')
  await button('Take back').click()
  await page().getByText('Active everywhere after 41 ms').waitFor()
  await button('Open again: the request of Hugo Hygienist').click()
  await page().getByText('The request of Hugo Hygienist waits again').waitFor()
  expect(server().sent).toMatchObject([
    { what: `POST ${of}/arq_approved/withdraw`, body: { reason: 'Moved back' } },
    { what: `POST ${of}/arq_rejected/reopen` },
  ])
})
