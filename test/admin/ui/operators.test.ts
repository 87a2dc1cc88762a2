/**
 * Goal: who is told, how events are kept, practices and own accounts are run from their screens, by accessible names, with
 * links shown once and nothing that axe finds; who is no operator sees neither practices nor accounts.
 * Method: the built UI behind canned answers of the contract, one Chromium page, light, then dark.
 */
import { expect, it } from 'vitest'
import { notifications, operator, retention } from './canned-operations.ts'
import { me } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, open: goTo, show, button, dialog, findings } = stageConsole()

const open = async (path: string): Promise<void> => {
  server().answer('GET /api/me', 200, operator)
  await show(path)
}
const row = (name: RegExp) => page().getByRole('row', { name })
const act = async (name: string): Promise<void> => {
  await dialog().getByRole('button', { name, exact: true }).click()
  await dialog().waitFor({ state: 'detached' })
}
const clear = async (where: string): Promise<void> => expect(await findings(), where).toEqual([])

it('notifications: who is told is chosen and saved over its version, tested, and seen to arrive', async () => {
  await open('notifications')
  expect(await row(/given up/).innerText()).toContain('12 tries')
  await clear('the screen')
  await page().getByRole('checkbox', { name: 'A request is decided, by chat' }).check()
  await page().getByRole('checkbox', { name: 'Somebody asks for access, by mail' }).uncheck()
  expect(server().sent).toEqual([])
  await page().getByLabel('Reason').fill('The chat is read')
  await button('Save').click()
  await button('Undo Who is told is saved').click()
  await button('Undo Who is told is saved').waitFor({ state: 'detached' })
  await button('Test chat').click()
  await page().getByText('To the webhook chat.').waitFor()
  expect(server().sent).toMatchObject([
    {
      ifMatch: '"3"',
      body: {
        mail: ['policy.reverted'],
        webhooks: [{ name: 'chat', topics: ['access-request.asked', 'access-request.decided'] }],
        reason: 'The chat is read',
      },
    },
    { ifMatch: '"4"', body: notifications.settings },
    { body: { webhook: 'chat' } },
  ])
  const without = { ...notifications, webhooks: [], mailGoesOut: false }
  server().answer('GET /api/practices/maple/notifications', 200, without)
  server().answer('GET /api/practices/maple/webhook-deliveries', 200, { deliveries: [], nextCursor: null })
  await open('notifications')
  await page().getByText('mail is off').waitFor()
  await page().getByText('“chat” is chosen but not configured any more').waitFor()
  await page().getByRole('heading', { name: 'Nothing was sent to a webhook yet' }).waitFor()
})

it('audit and retention: how far it is verified, signed, streamed; how long it is kept', async () => {
  await open('retention')
  await page().getByText('verified to #8123').waitFor()
  expect(await row(/siem/).innerText()).toMatch(/#8,120.*20 events.*503/s)
  await clear('the screen')
  await button('Check the whole chain now').click()
  await page().getByText('All 12 events fit together.').waitFor()
  await button('Change').click()
  await dialog().getByLabel('Years').fill('3')
  await dialog().getByText('older than 3 years are forgotten for good').waitFor()
  await dialog().getByLabel('Years').fill('10')
  await dialog().getByRole('checkbox', { name: 'Legal hold' }).check()
  expect(await dialog().getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  await dialog().getByLabel('What the hold is for').fill('Case 12')
  const where = 'PUT /api/practices/maple/security-events/retention'
  const conflict = { title: 'Saved in between', code: 'revision-conflict', detail: 'Load the newest.' }
  server().answer(where, 412, { ...conflict, status: 412, current: 3 })
  await dialog().getByRole('button', { name: 'Save', exact: true }).click()
  await dialog().getByText('Nothing of yours is lost').waitFor()
  server().answer(where, 200, { ...retention, years: 10, version: 3 })
  await dialog().getByRole('button', { name: 'Reload' }).click()
  await act('Save')
  await button('Undo How long events are kept is saved').click()
  await button('Undo How long events are kept is saved').waitFor({ state: 'detached' })
  const choice = { ifMatch: '"2"', body: { years: 10, held: true, heldWhy: 'Case 12' } }
  const before = { ifMatch: '"3"', body: { years: 6, held: false, heldWhy: '' } }
  expect(server().sent).toMatchObject([choice, choice, before])

  // A file is refused with its reason, not saved as one.
  const report = '**/access-report?month=2026-10&format=csv'
  const problem = {
    title: 'Prove a second factor',
    code: 'step-up-required',
    detail: '…',
    stepUp: '/step-up',
  }
  await page().route(report, (route) => route.fulfill({ status: 401, json: { ...problem, status: 401 } }))
  await button('Access report as CSV').click()
  const again = dialog().getByRole('link', { name: 'Confirm that it is you' })
  expect(await again.getAttribute('href')).toBe('/step-up?return=%2Fpractices%2Fmaple%2Fretention')
  await page().keyboard.press('Escape')
  await page().unroute(report)
  const headers = { 'content-disposition': 'attachment; filename="access-report-maple.csv"' }
  await page().route(report, (route) => route.fulfill({ headers, contentType: 'text/csv', body: 'a,b' }))
  const [file] = await Promise.all([page().waitForEvent('download'), button('Access report as CSV').click()])
  expect(file.suggestedFilename()).toBe('access-report-maple.csv')
  await page().unroute(report)
  const held = { ...retention, held: true, heldWhy: 'Case 12' }
  server().answer('GET /api/practices/maple/security-events/retention', 200, held)
  await open('retention')
  await page().getByText('Nothing is forgotten while the legal hold stands: Case 12.').waitFor()
})

it('practices: found, paged, created with a preset, their plan and zone changed', async () => {
  await open('all-practices')
  await page().getByText('1–50 of 60').waitFor()
  await button('Next').click()
  await page().waitForURL('**page=2')
  expect(await row(/Harbor/).innerText()).toContain('without time windows, permissions')
  await button('Plan of Maple Dental').click()
  await dialog().getByRole('switch', { name: 'IP allowlist' }).click()
  await dialog().getByText('switched off from the next request on').waitFor()
  await dialog().getByRole('switch', { name: 'Time windows' }).click()
  await act('Save')
  await button('Edit Maple Dental').click()
  await dialog().getByLabel('Time zone').fill('America/Chicago')
  await dialog().getByText('who is open now may be closed').waitFor()
  await act('Save')
  await page().getByRole('searchbox', { name: 'Search practices' }).fill('clinic 07')
  await page().waitForURL((url) => url.searchParams.get('text') === 'clinic 07')
  expect(await page().getByRole('row').count()).toBe(2)
  await clear('the list')
  await button('Create a practice').click()
  await dialog().getByLabel('Name').fill('Seaside Dental')
  expect(await dialog().getByLabel('Id').inputValue()).toBe('seaside-dental')
  await dialog().getByLabel('Time zone').fill('America/New_York')
  await dialog().getByLabel('Preset').selectOption('2FA for everyone')
  await dialog().getByRole('button', { name: 'Create' }).click()
  await page().waitForURL('**/practices/seaside-dental/general')
  expect(server().sent.map(({ what, body }) => [what, body])).toMatchObject([
    ['PUT /api/practices/maple/features/ip', { on: false }],
    ['PUT /api/practices/maple/features/time', { on: true }],
    ['PATCH /api/practices/maple', { zone: 'America/Chicago' }],
    ['POST /api/practices', { id: 'seaside-dental', name: 'Seaside Dental', zone: 'America/New_York' }],
    ['POST /api/practices/seaside-dental/presets/two-factor-everyone/apply', {}],
  ])
})

it('own accounts: invited by a link shown once, changed, reset, linked; sessions ended', async () => {
  await open('own-accounts')
  expect(await row(/Eve Invited/).innerText()).toMatch(/harbor.*link not used yet.*no second factor/s)
  expect(await row(/Otto Operator/).innerText()).toContain('google: otto@example.com')
  expect(await page().getByRole('button', { name: 'Acts on Nora Owner' }).count()).toBe(0)
  await clear('the list')
  await button('Invite by link').click()
  await dialog().getByLabel('Sign-in name').fill('ines@example.com')
  await dialog().getByRole('textbox', { name: 'Name', exact: true }).fill('Ines')
  await dialog().getByLabel('Add a practice').selectOption('Maple Dental')
  await dialog().getByLabel('Maple Dental').selectOption('Reviewer: reads, decides requests, ends sessions')
  await clear('an invitation')
  await dialog().getByRole('button', { name: 'Make the link' }).click()
  await dialog().getByText('link=shown-this-once').waitFor()
  await dialog().getByRole('checkbox').check()
  await act('Done')
  expect(await page().content()).not.toContain('shown-this-once')
  const acts = async (item: string) => {
    await button('Acts on Eve Invited').click()
    await page().getByRole('menuitem', { name: item }).click()
  }
  await acts('Name, reach, suspension')
  expect(await dialog().getByLabel('Harbor Orthodontics').inputValue()).toBe('other')
  await dialog().getByRole('checkbox', { name: 'Suspended' }).check()
  await act('Save')
  await acts('Link with an identity')
  await dialog().getByLabel('Who they are there').fill('eve@example.com')
  await act('Link')
  await acts('Remove')
  await act('Remove')
  await button('End the session of Ada Dentist').click()
  await act('End session')
  const reviewer = [
    ...['gw.security.view', 'gw.sessions.view', 'gw.two-factor.view', 'gw.events.view'],
    ...['gw.requests.review', 'gw.sessions.revoke'],
  ]
  expect(server().sent.map(({ what, body }) => [what, body])).toMatchObject([
    ['POST /api/admins', { login: 'ines@example.com', practices: { maple: reviewer } }],
    [
      'PUT /api/admins/adm_eve',
      { suspended: true, practices: { harbor: ['gw.security.view', 'gw.ip.edit'] } },
    ],
    ['PUT /api/admins/adm_eve/identity', { provider: 'google', subject: 'eve@example.com' }],
    ['DELETE /api/admins/adm_eve', null],
    ['POST /api/admin-sessions/ads_2/end', {}],
  ])
})

it('an operator without any practice is led to create the first', async () => {
  server().answer('GET /api/me', 200, { ...operator, practices: [] })
  await page().goto(server().origin)
  await button('Create the first practice').click()
  await dialog().getByLabel('Id').fill('seaside')
  await clear('the first practice')
  expect(server().sent).toEqual([])
})

it('who is no operator is told so, and nothing of other practices is asked for', async () => {
  for (const path of ['own-accounts', 'all-practices?open=new']) {
    server().answer('GET /api/me', 200, me)
    await goTo(path)
    await page().getByRole('heading', { name: 'Only operators see this' }).waitFor()
    await page().locator('.gh-loading').first().waitFor({ state: 'detached' })
  }
  expect(await page().getByRole('link', { name: 'Own accounts' }).count()).toBe(0)
})
