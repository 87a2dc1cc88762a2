/**
 * Goal: emergency access and service tokens are run from their screens: by accessible names, secrets shown once, nothing
 * that axe finds.
 * Method: the built UI behind canned answers of the contract, one Chromium page for each screen, light, then dark.
 */
import { beforeEach, expect, it } from 'vitest'
import { emergency, operator, routeTable } from './canned-operations.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, show, button, dialog, findings } = stageConsole()

// Elsewhere nobody is in by emergency access, and the routes are those of Roles & permissions.
beforeEach(() => {
  server().answer('GET /api/practices/maple/emergency-access', 200, emergency)
  server().answer('GET /api/practices/maple/routes', 200, routeTable)
})

const open = async (path: string): Promise<void> => {
  server().answer('GET /api/me', 200, operator)
  await show(path)
}
const row = (name: RegExp) => page().getByRole('row', { name })
const act = async (name: string): Promise<void> => {
  await dialog().getByRole('button', { name, exact: true }).click()
}
const closed = () => dialog().waitFor({ state: 'detached' })
const clear = async (where: string): Promise<void> => expect(await findings(), where).toEqual([])

it('emergency access: who is in now, ending it, reviewing, the switch, the drill', async () => {
  await open('emergency')
  const inNow = page().getByRole('region', { name: 'In now' })
  await inNow.getByText('42 min left').waitFor()
  await inNow.getByText('“Provider outage, patients are waiting”').waitFor()
  expect(await row(/Fiona Front/).innerText()).toMatch(/not reviewed/)
  expect(await row(/Hugo Hygienist/).innerText()).toContain('Called back, true')
  const drill = page().getByRole('region', { name: 'The drill, twice a year' })
  expect(await drill.getByRole('listitem').allInnerTexts()).toEqual([
    expect.stringContaining('18 min ago'),
    expect.stringMatching(/28 Jan 2026.*due/s),
    expect.stringContaining('never seen'),
  ])
  await clear('the screen')

  await button('End now the access of Ada Dentist').click()
  expect(new URL(page().url()).searchParams.get('open')).toBe('end.eme-1')
  await dialog().getByLabel('Reason').fill('Line is back')
  expect(server().sent).toEqual([])
  await act('End now')
  await page().getByText('Active everywhere after 41 ms').first().waitFor()
  await closed()
  await button('Review the use of Fiona Front').click()
  await dialog().getByLabel('Note').fill('Called back')
  await clear('a review')
  await act('Mark as reviewed')
  await closed()
  await button('Change').click()
  await dialog().getByLabel('It lasts').selectOption('2 hours')
  await act('Save')
  await closed()
  expect(server().sent).toMatchObject([
    { what: 'POST /api/practices/maple/emergency-access/eme-1/end', body: { reason: 'Line is back' } },
    { what: 'POST /api/practices/maple/emergency-access/eme-2/review', body: { note: 'Called back' } },
    {
      what: 'PUT /api/practices/maple/controls/emergency',
      ifMatch: '"17"',
      body: { allowed: true, lastsMs: 7_200_000 },
    },
  ])
})

it('sealed codes: shown once, kept before the dialog closes, made void', async () => {
  await open('emergency')
  await page().getByText('3 of 10 unused').waitFor()
  await button('Make new ones').click()
  await dialog().getByText('The 3 that are unused now become void').waitFor()
  await act('Make ten codes')
  const codes = dialog().getByRole('list', { name: 'Sealed codes' })
  await codes.waitFor()
  expect(await codes.getByRole('listitem').count()).toBe(10)
  await page().keyboard.press('Escape')
  await dialog().getByText('It is not shown again').waitFor()
  await clear('the codes')
  await dialog().getByRole('checkbox').check()
  await act('Done')
  await closed()
  expect(await page().content()).not.toContain('slc-')
  await button('Make void').click()
  await act('Make them void')
  await page().getByText('3 sealed codes are void').waitFor()

  // Whoever comes in from the application has none, and is told who makes some.
  await page().goto('about:blank')
  server().forget()
  await page().goto(`${server().origin}/practices/maple/emergency`)
  await page().getByText('gatehouse break-glass codes LOGIN').waitFor()
  expect(await button('Make new ones').count()).toBe(0)
})

it('emergency access teaches where nothing has happened yet', async () => {
  const none = { ...emergency, uses: [], unreviewed: 0, settings: { allowed: false, lastsMs: 3_600_000 } }
  server().answer('GET /api/practices/maple/emergency-access', 200, none)
  await open('emergency')
  await page().getByText('Nobody is in by emergency access.').waitFor()
  await page().getByRole('heading', { name: 'It has not been used yet' }).waitFor()
  await page().getByText('Nobody is offered it.').waitFor()
})

it('service tokens: what each may do, made, rotated, revoked', async () => {
  await open('tokens')
  expect(await row(/Nightly sync/).innerText()).toMatch(/desk POST \/api\/sync.*203\.0\.113\.50.*9 h ago/s)
  expect(await row(/Monitoring/).innerText()).toMatch(/any route.*anywhere.*soon/s)
  await clear('the list')
  await page().getByRole('link', { name: 'Revoked 1' }).click()
  await page().waitForURL('**status=revoked')
  expect(await page().getByRole('row').count()).toBe(2)
  await page().getByRole('link', { name: 'All 3' }).click()
  await page().getByRole('searchbox', { name: 'Search tokens' }).fill('203.0.113.50')
  await row(/Monitoring/).waitFor({ state: 'detached' })

  await button('New token').click()
  await dialog().getByLabel('Name').fill('Backup')
  await dialog().getByLabel('Owner').selectOption('Nora Owner')
  await dialog().getByLabel('Add a route').selectOption('desk GET /api/patients')
  await dialog().getByLabel('Addresses').fill('203.0.113.51')
  await dialog().getByLabel('Expires').fill('2027-01-01T09:00')
  await clear('a new one')
  await act('Make token')
  await dialog().getByText('ght_shown-this-once').waitFor()
  await dialog().getByRole('checkbox').check()
  await act('Done')
  await closed()
  expect(await page().content()).not.toContain('ght_shown')

  await button('Rotate Nightly sync').click()
  expect(await dialog().getByLabel('Methods').inputValue()).toBe('GET, POST')
  await act('Make token')
  await dialog().getByText('“Nightly sync” goes on working.').waitFor()
  await dialog().getByRole('checkbox').check()
  await act('Done')
  await button('Revoke Nightly sync').click()
  await dialog().getByText('It was last used').waitFor()
  await act('Revoke')
  await closed()
  expect(server().sent).toMatchObject([
    {
      what: 'POST /api/practices/maple/tokens',
      body: {
        ...{ name: 'Backup', owner: 'u-nora', routes: ['desk GET /api/patients'], methods: 'anything' },
        ...{ ranges: ['203.0.113.51'], permissions: [], expiresAt: Date.UTC(2027, 0, 1, 16) },
      },
    },
    { body: { name: 'Nightly sync', permissions: ['view-practice-management-data'] } },
    { what: 'POST /api/practices/maple/tokens/tok-sync/revoke' },
  ])
})
