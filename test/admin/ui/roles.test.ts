/**
 * Goal: an admin sees what every role may do, changes it knowing what comes with it, and finds out why somebody may not.
 * Method: the built UI with canned answers from the real catalogue in a real Chromium, one page for all tests.
 */
import { expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { proposal } from './canned-roles.ts'
import { stageConsole } from './console-stage.ts'

const title = 'Roles & permissions'
const roles = '/api/practices/maple/roles'

const stage = stageConsole()
const { button, dialog, show } = stage

it('shows six components and Gatehouse by role, opens one, and never calls enforced what is not', async () => {
  const page = stage.page()
  await show('roles', title)
  const matrix = page.getByRole('region', { name: 'Matrix of permissions and roles' })
  const components = await matrix.locator('.gh-matrix-component > th').allTextContents()
  expect(components.map((text) => text.trim())).toEqual([
    'General 18',
    'Communication 9',
    'Appointment 8',
    'Analytics 13',
    'Payments 9',
    'Forms 11',
    'Gatehouse 15',
  ])
  await matrix.getByRole('link', { name: 'Appointment' }).press('Enter')
  await page.waitForURL('**open=Appointment**')
  const row = (name: string) => matrix.getByRole('row', { name: new RegExp(`^${name}`) })
  await row('See schedule page On 1 route').waitFor()
  await row('Create appointments on schedule No route asks').waitFor()
  expect(await row('See production numbers').locator('.gh-tone-good').count()).toBe(0)
  expect(await row('See schedule page').getByText('granted', { exact: true }).count()).toBe(4)
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('searchbox', { name: 'Search permissions' }).fill('refund')
  await page.waitForURL('**text=refund**')
  await row('Manage refunds').waitFor()
  await page.setViewportSize({ width: 390, height: 800 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  await page.setViewportSize({ width: 1280, height: 860 })
})

it('edits a role: what a grant needs, what goes with a withdrawal, the review, the save', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('roles?role=front-desk', title)
  const included = page.getByRole('region', { name: 'Included' })
  const available = page.getByRole('region', { name: 'Available' })
  await included.getByText('needs Access communication center').waitFor()
  await button('Grant what it needs: Respond to patient messages with Access communication center').click()
  await included.getByText('Access communication center', { exact: true }).waitFor()
  await button('Withdraw See schedule page').click()
  await available.getByText('See schedule page', { exact: true }).waitFor()
  await page.getByRole('region', { name: 'What goes with it' }).getByText('Create appointments').waitFor()
  await page.getByText('1 granted, 1 withdrawn').waitFor()
  expect(await stage.findings()).toEqual([])

  // Leaving asks; staying keeps the draft.
  await page.getByRole('link', { name: 'All roles' }).click()
  await dialog().getByText('Leave without saving?').waitFor()
  await button('Stay').click()
  await button('Review and save').click()
  const granted = dialog().getByRole('list', { name: 'Granted', exact: true })
  expect(await granted.textContent()).toContain('Access communication center')
  await dialog().getByRole('list', { name: 'Stays granted, but has no effect any more' }).waitFor()
  await dialog().getByLabel('Reason').fill('She moved to the phones')
  expect(server.sent.filter(({ what }) => !what.endsWith('/preview'))).toEqual([])
  await button('Save').click()
  await page.getByText('Active everywhere after 41 ms').waitFor()
  const saved = server.sent.find(({ what }) => what === `PUT ${roles}/front-desk/permissions`)
  expect(saved?.ifMatch).toBe('"17"')
  expect(saved?.body).toEqual({
    permissions: [
      'access-communication-center',
      'respond-to-patient-messages',
      'create-appointments-on-schedule',
    ],
    reason: 'She moved to the phones',
  })
  await page.getByRole('link', { name: 'All roles' }).click()
  await page.getByRole('heading', { name: 'Permissions by role' }).waitFor()
})

it('adds a role as a copy, renames one, and removes one only with somewhere for its people to go', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('roles', title)
  await button('Copy Front desk').click()
  await dialog().getByLabel('Name').fill('Office lead')
  await button('Add').click()
  await page.waitForURL('**role=office-lead')
  await page.getByRole('heading', { name: 'There is no such role' }).waitFor()
  await page.getByRole('main').getByRole('link', { name: 'All roles' }).click()
  await button('Rename Front desk').click()
  await dialog().getByLabel('Sessions end when idle for').fill('45')
  await button('Save').click()
  await dialog().waitFor({ state: 'detached' })
  await button('Remove Hygienist').click()
  expect(await button('Remove').isDisabled()).toBe(true)
  await dialog().getByLabel('They get').selectOption('Front desk')
  await button('Remove').click()
  await dialog().waitFor({ state: 'detached' })
  expect(server.sent.map(({ what, body }) => [what, body])).toEqual([
    [`POST ${roles}`, { name: 'Office lead', copyOf: 'front-desk' }],
    [`PATCH ${roles}/front-desk`, { idleMs: 2_700_000 }],
    [`DELETE ${roles}/hygienist`, null],
  ])
})

it('tells why somebody may not, from the address alone', async () => {
  const page = stage.page()
  await show('roles?view=person&user=u-fiona', title)
  const table = page.getByRole('table', { name: 'Permissions of this person' })
  await table.getByText('but blocked: “Access communication center” is not granted.').waitFor()
  await page.getByRole('link', { name: /^Not granted/ }).click()
  await page.waitForURL('**show=missing**')
  await table.getByText('No role grants it.').first().waitFor()
  expect(await table.getByText('effective', { exact: true }).count()).toBe(0)
  expect(await axeFindings(page)).toEqual([])
})

it('lists routes and what no route maps, with configuration to copy', async () => {
  const page = stage.page()
  await show('roles?view=routes', title)
  await page.getByText('POST /appointments/:x').waitFor()
  await page
    .getByRole('row', { name: /refund .*all of Can see payment methods, Manage refunds money/ })
    .waitFor()
  await button('Copy').click()
  await page.getByText('Copied').waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toContain('- match: "POST /appointments/*"')
  expect(await axeFindings(page)).toEqual([])
})

it('shows what old names become before a file is imported', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('roles?view=import', title)
  await page.getByLabel('Choose a file').setInputFiles({
    name: 'roles.json',
    mimeType: 'application/json',
    buffer: Buffer.from('[{"name":"Office lead","permissions":["Set Goals"]}]'),
  })
  await button('Check the file').click()
  const migrations = page.getByRole('list', { name: 'Old names and what they become' })
  await migrations.getByText('Run RevenueIQ queries and Save custom RevenueIQ queries').waitFor()
  expect(await axeFindings(page)).toEqual([])
  expect(server.sent.map(({ body }) => (body as { dryRun: boolean }).dryRun)).toEqual([true])
  await page.getByRole('textbox', { name: 'Roles' }).fill('[]')
  expect(await migrations.count()).toBe(0)
  server.answer(`POST ${roles}/import`, 422, {
    title: 'Some of this cannot be saved',
    status: 422,
    code: 'invalid',
    detail: 'One problem.',
    problems: [{ path: 'text', sentence: 'there is no role in it' }],
  })
  await button('Check the file').click()
  await page.getByText('there is no role in it').waitFor()
})

it('proposes routes from what people did: evidence, what is not certain, chosen lines to copy, how to begin', async () => {
  const page = stage.page()
  const [first] = proposal.places
  await show('roles?view=proposal', title)
  const row = (name: RegExp) => page.getByRole('row', { name })
  expect(await row(/GET \/schedule\/day/).innerText()).toMatch(
    /4,210.*Front desk 3,900, Hygienist 310.*See schedule page.*or View patient window.*nothing/s,
  )
  expect(await row(/POST \/appointments/).innerText()).toMatch(
    /parts of the path unnamed.*1 more role would pass/s,
  )
  expect(await row(/GET \/exports/).innerText()).toMatch(/nobody with a role.*few requests/s)
  await page.getByText('3 of 3 lines').waitFor()
  expect(await stage.findings()).toEqual([])
  expect(await stage.widthOnPhone()).toBe(360)

  await button('Only certain ones').click()
  await page.getByText('1 of 3 lines').waitFor()
  await page.getByRole('checkbox', { name: 'GET /exports/daily' }).check()
  const table = page.getByRole('region', { name: 'Proposed routes of demo' })
  await page.getByText('2 of 3 lines').waitFor()
  expect(await table.innerText()).not.toContain('POST /appointments')
  await button('Copy').click()
  const copied = await page.evaluate<string>('navigator.clipboard.readText()')
  expect(copied.startsWith(`${proposal.head}\nroutes:\n${first?.lines.join('\n')}\n`)).toBe(true)
  // The address says which lines are left out.
  await page.reload()
  await page.getByText('2 of 3 lines').waitFor()
  expect(await page.getByRole('checkbox', { name: 'POST /appointments/*' }).isChecked()).toBe(false)
  await button('None').click()
  await page.getByText('Tick a line to have something to copy.').waitFor()

  const empty = { ...proposal, places: [] }
  stage.server().answer('GET /api/practices/maple/route-proposal', 200, empty)
  await show('roles?view=proposal', title)
  await page.getByRole('heading', { name: 'Nothing was gathered yet' }).waitFor()
  const off = { ...empty, learning: [{ upstream: 'demo', learn: 'off' }] }
  stage.server().answer('GET /api/practices/maple/route-proposal', 200, off)
  await show('roles?view=proposal', title)
  await page.getByRole('heading', { name: 'Learning is off' }).waitFor()
  expect(
    await page.getByRole('region', { name: 'Configuration that switches learning on' }).innerText(),
  ).toMatch(/- id: demo\s+learn: roles/)
})
