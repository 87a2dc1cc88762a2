/**
 * Goal: every screen of the console works by its accessible names, in light and dark, with nothing that axe finds.
 * Method: the built UI behind its real headers and canned answers of the contract, driven in a real Chromium; a screen is
 * opened once for all that is looked at without touching it.
 */
import { gzipSync } from 'node:zlib'
import type { Response } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { everywhere, general, me } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const tabs = [
  { path: 'general', title: 'General settings' },
  { path: 'ip-allowlist', title: 'IP allowlist' },
  { path: 'time-windows', title: 'Time windows' },
  { path: 'active-users', title: 'Active users' },
  { path: 'two-factor', title: '2FA management' },
  { path: 'access-requests', title: 'Access requests' },
  { path: 'users', title: 'Users' },
  { path: 'security-events', title: 'Security events' },
]

const { server, page, open, opened, button, dialog, findings, widthOnPhone } = stageConsole()

it('starts with at most 240 kB of script, packed, and carries no schemas', async () => {
  const bodies: Promise<Buffer>[] = []
  const keep = (response: Response): void => {
    if (response.request().resourceType() === 'script') bodies.push(response.body())
  }
  page().on('response', keep)
  await open('ip-allowlist')
  await opened('IP allowlist')
  page().off('response', keep)
  const scripts = (await Promise.all(bodies)).map((bytes) => ({
    packed: gzipSync(bytes).length,
    text: `${bytes}`,
  }))
  expect(scripts.length).toBeGreaterThan(1)
  expect(scripts.reduce((sum, { packed }) => sum + packed, 0)).toBeLessThan(240_000)
  expect(scripts.filter(({ text }) => /ZodError|jsxDEV/.test(text))).toEqual([])
})

describe('every screen', () => {
  it.each(tabs)('has nothing that axe finds, and fits a phone ($path)', async ({ path, title }) => {
    await open(path)
    await opened(title)
    expect(await findings()).toEqual([])
    expect(await widthOnPhone()).toBe(360)
  })

  it('has nothing that axe finds (refusals)', async () => {
    await open('security-events?view=refusals')
    await page().getByRole('list', { name: 'Refusals, newest first' }).waitFor()
    expect(await findings()).toEqual([])
  })

  it('has nothing that axe finds in dialogs', async () => {
    await open('ip-allowlist')
    await page().getByRole('radio', { name: 'Enforce' }).click()
    await dialog().getByText('198.51.100.23').waitFor()
    expect(await findings(), 'review').toEqual([])
    await page().keyboard.press('Escape')
    await button('Add my current IP').click()
    await button('Save').click()
    await page().getByText('Active everywhere after 41 ms').waitFor()
    await dialog().waitFor({ state: 'detached' })
    expect(await findings(), 'after a save').toEqual([])
  })

  it('says what is the case when there is nothing, no permission, or no answer', async () => {
    const list = 'GET /api/practices/maple/ip-entries'
    server().answer(list, 200, { revision: 17, total: 0, entries: [], nextCursor: null })
    await open('ip-allowlist')
    await page().getByRole('heading', { name: 'No network is listed yet' }).waitFor()
    server().answer('GET /api/practices/maple/active-users', 403, {
      title: 'Not permitted',
      status: 403,
      code: 'not-permitted',
      detail: 'This needs the permission gw.sessions.view in this practice.',
    })
    await open('active-users')
    await page().getByText('gw.sessions.view').waitFor()
    expect(await findings()).toEqual([])
    await open('ip-allowlist', 'elsewhere')
    await page().getByRole('heading', { name: 'You may not administer this practice' }).waitFor()
  })

  it('sends whoever is not signed in to the sign-in page and back', async () => {
    server().answer('GET /api/me', 401, {
      title: 'Sign in first',
      status: 401,
      code: 'not-signed-in',
      detail: '…',
    })
    await open('active-users?text=fiona')
    await page().waitForURL('**/sign-in?**')
    expect(new URL(page().url()).searchParams.get('return')).toBe('/practices/maple/active-users?text=fiona')
  })
})

describe('the shell', () => {
  it('shows the address, the mode, the practice; switching keeps the tab', async () => {
    await open('active-users')
    await page().getByText('You: 203.0.113.7 ✓ allowed (Office Network)').waitFor()
    await page().getByRole('link', { name: 'IP allowlist Monitor' }).waitFor()
    await button('Practice: Maple Dental').click()
    await page().getByRole('menuitem', { name: 'Harbor Orthodontics' }).click()
    await page().waitForURL('**/practices/harbor/active-users')
    await page().getByText('✗ not listed').waitFor()
  })

  it('follows live messages, and says when it is reconnecting', async () => {
    await open('ip-allowlist')
    const connection = page().getByRole('status', { name: 'Connection' })
    await connection.getByText('Live').waitFor()
    const publish = { ...everywhere, sequence: 43, state: 'published', active: 1, everywhereAfterMs: null }
    server().tell('published', { practice: 'maple', publish })
    await page().getByText('On 1 of 2 gateways').waitFor()
    const { ip } = general.controls
    server().answer('GET /api/practices/maple/general', 200, {
      ...general,
      controls: { ...general.controls, ip: { ...ip, mode: 'enforce' } },
    })
    server().tell('policy', { practice: 'maple', revision: 18 })
    await page().getByRole('link', { name: 'IP allowlist Enforce' }).waitFor()
    await page().route('**/api/live**', (route) => route.abort())
    server().dropStreams()
    await connection.getByText('Reconnecting').waitFor()
    await page().unroute('**/api/live**')
    await connection.getByText('Live', { exact: true }).waitFor()
  })

  it('switches to dark and stays there', async () => {
    await open('general')
    await page()
      .getByRole('button', { name: /^Colours/ })
      .click()
    await page().getByRole('menuitem', { name: 'Dark' }).click()
    await page().reload()
    await opened('General settings')
    expect(await page().evaluate('document.documentElement.dataset.mantineColorScheme')).toBe('dark')
  })
})

describe('the IP allowlist', () => {
  const put = 'PUT /api/practices/maple/controls/ip'

  it('moves the focus with arrows and changes nothing before Apply', async () => {
    await open('ip-allowlist')
    const group = page().getByRole('radiogroup', { name: 'IP allowlist mode' })
    await group.getByRole('radio', { name: 'Monitor' }).focus()
    await page().keyboard.press('ArrowRight')
    await page().keyboard.press('Enter')
    await dialog().getByText('2 people would be refused.').waitFor()
    expect(
      await group.getByRole('radio', { name: 'Monitor', includeHidden: true }).getAttribute('aria-checked'),
    ).toBe('true')
    expect(server().sent).toEqual([])
    await button('Apply').click()
    await page().getByText('Active everywhere after 41 ms').waitFor()
    expect(server().sent).toEqual([
      {
        what: put,
        ifMatch: '"17"',
        csrf: me.csrf,
        body: { mode: 'enforce', scope: general.controls.ip.scope, signInOnlyFromListed: false },
      },
    ])
  })

  it('names who would be locked out, and overrides only with the typed name', async () => {
    const sentence = 'From there you could no longer get in.'
    server().answer(put, 409, {
      title: 'This would lock out an admin',
      status: 409,
      code: 'lockout-risk',
      detail: 'Add the address first, or type the practice name.',
      lockedOut: [{ name: 'Nora Owner', address: '198.51.100.9', sentence }],
    })
    await open('ip-allowlist')
    await page().getByRole('radio', { name: 'Enforce' }).click()
    await button('Apply').click()
    await dialog().getByText(sentence).waitFor()
    expect(await findings()).toEqual([])
    await page().getByLabel('Practice name').fill('Maple Dental')
    await button('Apply').click()
    await expect.poll(() => server().sent.length).toBe(2)
    expect(server().sent[0]?.body).not.toHaveProperty('confirmPracticeName')
    expect(server().sent[1]?.body).toHaveProperty('confirmPracticeName', 'Maple Dental')
  })

  it('shows problems at their fields and keeps what was typed over a conflict', async () => {
    const add = 'POST /api/practices/maple/ip-entries'
    const problem = {
      title: 'Some of this cannot be saved',
      status: 422,
      code: 'invalid',
      detail: 'Two problems.',
    }
    const problems = [
      { path: 'range', sentence: '"home" is no address and no range.' },
      { path: 'label', sentence: 'name the network' },
    ]
    server().answer(add, 422, { ...problem, problems })
    await open('ip-allowlist')
    await button('Add entry').click()
    const range = dialog().getByLabel('Range')
    await range.fill('home')
    await button('Save').click()
    await dialog().getByText('"home" is no address').waitFor()
    expect(await range.getAttribute('aria-invalid')).toBe('true')
    expect(await dialog().getByLabel('Label').getAttribute('aria-invalid')).toBe('true')
    server().answer(add, 412, {
      title: 'Somebody else saved in between',
      status: 412,
      code: 'revision-conflict',
      detail: 'Load the newest.',
      current: 19,
    })
    await button('Save').click()
    await dialog().getByText('Revision 19 is current now.').waitFor()
    await button('Reload').click()
    expect(await range.inputValue()).toBe('home')
  })

  it('adds the current address, saying which hop gave it', async () => {
    await open('ip-allowlist')
    await button('Add my current IP').click()
    await dialog().getByText('as given by X-Forwarded-For, as added by 10.0.0.5').waitFor()
    await dialog().getByLabel('Expires').fill('2026-12-01T09:30')
    await button('Save').click()
    await page().getByText('contains "Lab"').first().waitFor()
    // Half past nine in Denver.
    expect(server().sent[0]?.body).toMatchObject({
      range: '203.0.113.7/32',
      expiresAt: Date.UTC(2026, 11, 1, 16, 30),
    })
  })

  it('switches an entry off, deletes one after a question, tests an address', async () => {
    await open('ip-allowlist')
    await page().getByRole('switch', { name: 'Office Network is on' }).click()
    await expect.poll(() => server().sent[0]?.body).toEqual({ on: false })
    await button('More for Lab').click()
    await page().getByRole('menuitem', { name: 'Delete' }).click()
    expect(server().sent.length).toBe(1)
    await button('Delete').click()
    await expect.poll(() => server().sent[1]?.what).toBe('DELETE /api/practices/maple/ip-entries/ipe-lab')
    await page().getByLabel('Address', { exact: true }).fill('203.0.113.7')
    await button('Test address').click()
    await page().getByText('which serves the whole practice.').waitFor()
  })

  it('keeps the search in the address', async () => {
    await open('ip-allowlist')
    await page().getByRole('searchbox', { name: 'Search entries' }).fill('office')
    await page().waitForURL('**/ip-allowlist?text=office')
  })
})

describe('the other tabs', () => {
  it("changes a member's roles from the version shown", async () => {
    await open('users')
    await button('Change roles of Fiona Front').click()
    await dialog().getByRole('checkbox', { name: 'Hygienist' }).check()
    await button('Save').click()
    await dialog().waitFor({ state: 'detached' })
    expect(server().sent[0]).toMatchObject({ ifMatch: '"5"', body: { roles: ['front-desk', 'hygienist'] } })
  })

  it('shows before and after, the chain, filters in the address and in the export', async () => {
    await open('security-events?from=2026-11-24')
    await page().getByText('Chain verified to #8123').waitFor()
    await page().locator('summary').getByText('Control IP changed').click()
    await page().getByRole('row', { name: 'controls.ip.mode off monitor' }).waitFor()
    await page().getByRole('combobox', { name: 'Type of change' }).selectOption('ip-entry')
    await page().waitForURL('**type=ip-entry**')
    // The day begins at midnight in Denver.
    const address = `/api/practices/maple/security-events/export?type=ip-entry&from=${Date.UTC(2026, 10, 24, 7)}&format=csv`
    await page().route(`**${address}`, (route) => route.fulfill({ contentType: 'text/csv', body: 'a,b' }))
    const [file] = await Promise.all([page().waitForEvent('download'), button('Export CSV').click()])
    expect(file.suggestedFilename()).toBe('security-events-maple.csv')
    await page().unroute(`**${address}`)
  })
})
