/**
 * Goal: 2FA management is read, filtered and steered by its accessible names and by keyboard, and axe finds nothing.
 * Method: the built UI behind canned answers of the contract, driven in a real Chromium, light and dark.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { factorStatuses } from './canned-factors.ts'
import { at, general } from './canned-practice.ts'
import { type CannedServer, startCannedServer } from './canned-server.ts'

let server: CannedServer
let browser: Browser
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startCannedServer(), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
  await server.close()
})
afterEach(async () => {
  await page.context().close()
  expect(server.strays).toEqual([])
  server.forget()
})

const open = async (path = 'two-factor', colorScheme: 'light' | 'dark' = 'light'): Promise<void> => {
  const viewport = { width: 1280, height: 1000 }
  const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce', viewport })
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.clock.setFixedTime(at)
  await page.goto(`${server.origin}/practices/maple/${path}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.locator('.gh-loading').first().waitFor({ state: 'detached' })
}
const button = (name: string) => page.getByRole('button', { name, exact: true })
const dialog = () => page.getByRole('dialog')
const row = (name: RegExp) => page.getByRole('row', { name })
const picker = (name: string) => dialog().getByRole('combobox', { name })
const violations = (scheme: 'light' | 'dark' = 'light'): Promise<readonly string[]> =>
  axeFindings(page, scheme)
const apply = async (act: string): Promise<void> => {
  await dialog().getByRole('button', { name: act, exact: true }).click()
  await dialog().waitFor({ state: 'detached' })
}

it.each(['light', 'dark'] as const)(
  'has nothing that axe finds in its dialogs (%s)',
  async (scheme) => {
    await open('two-factor', scheme)
    await button('Reset 2FA of Nora Owner').click()
    expect(await violations(scheme), 'reset').toEqual([])
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
    await button('Requirement of Two-factor').click()
    await dialog().getByText('Exemptions').click()
    await picker('Exempt people').fill('a')
    await dialog().getByRole('option', { name: 'Ada Dentist' }).waitFor()
    expect(await violations(scheme), 'requirement with an open list').toEqual([])
    await page.keyboard.press('Enter')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await button('Remove Ada Dentist').waitFor()
    expect(server.sent).toEqual([])
    expect(await violations(scheme), 'somebody chosen').toEqual([])
  },
  60_000,
)

describe('the list', () => {
  it('says who is in which state, until when, why, and what is left', async () => {
    await open()
    await page.getByText('2 of 3 who have to show a second factor have none set up.').waitFor()
    expect(await row(/Fiona/).innerText()).toMatch(/Required, not set up\s+by 29 Nov 2026, 10:05/)
    expect(await row(/Fiona/).innerText()).toContain('role Front desk')
    expect(await row(/Gil/).innerText()).toMatch(/before they get in/)
    expect(await row(/Gil/).innerText()).toContain('role Front desk; by name')
    expect(await row(/Ada/).innerText()).toMatch(
      /Enabled\s+Authenticator app\s+2 recovery codes left\s+3 d ago/,
    )
    expect(await row(/Lena/).innerText()).toContain('too many wrong codes')
    expect(await row(/Hugo/).getByRole('button', { name: /Reset/ }).count()).toBe(0)
  })

  it('keeps search and state in the address, by keyboard too', async () => {
    await open()
    const states = page.getByRole('navigation', { name: 'Status' })
    expect(await states.getByRole('link', { name: /^Everyone/ }).getAttribute('aria-current')).toBe('page')
    await states.getByRole('link', { name: 'Required, not set up 2' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/two-factor?status=required-not-set-up')
    expect(await states.getByRole('link', { name: /^Everyone/ }).getAttribute('aria-current')).toBeNull()
    await page.getByRole('searchbox', { name: 'Search people' }).fill('fi')
    await page.waitForURL((url) => url.searchParams.get('text') === 'fi')
    expect(new URL(page.url()).searchParams.get('status')).toBe('required-not-set-up')
  })

  it('teaches where there is nobody, and says so where nothing is found', async () => {
    const nobody = { ...factorStatuses, total: 0, people: [] }
    server.answer('GET /api/practices/maple/two-factor', 200, nobody)
    await open()
    await page.getByText('they set it up by themselves at their next sign-in').waitFor()
    await page.goto(`${server.origin}/practices/maple/two-factor?status=locked`)
    await page.getByText('Nobody has entered too many wrong codes.').waitFor()
    await page.goto(`${server.origin}/practices/maple/two-factor?text=zoe&status=strange`)
    await page.getByRole('heading', { name: 'Nobody matches “zoe”' }).waitFor()
    expect(await violations()).toEqual([])
  })

  it('says what is missing or wrong, and loads again', async () => {
    server.answer('GET /api/practices/maple/two-factor', 403, {
      ...{ type: 'urn:gatehouse:problem:not-permitted', title: 'Not permitted', status: 403 },
      ...{ code: 'not-permitted', detail: 'This needs the permission gw.two-factor.view in this practice.' },
    })
    await open()
    await page.getByText('gw.two-factor.view').waitFor()
    server.forget()
    await button('Refresh').click()
    await row(/Nora/).waitFor()
  })

  it('follows what happens', async () => {
    await open()
    await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor()
    const people = factorStatuses.people.map((person) =>
      person.user === 'u-fiona' ? { ...person, status: 'required-enabled', methods: ['totp'] } : person,
    )
    server.answer('GET /api/practices/maple/two-factor', 200, { ...factorStatuses, people })
    server.tell('events', { practice: 'maple' })
    await row(/Fiona/).getByText('Required, set up').waitFor()
  })
})

describe('a reset', () => {
  it('says what it does, wants a reason, and is followed until it is active everywhere', async () => {
    await open()
    await button('Reset 2FA of Nora Owner').focus()
    await page.keyboard.press('Enter')
    const words =
      'Removes their authenticator and recovery codes, signs them out everywhere; they set it up again at the next sign-in.'
    await dialog().getByText(words).waitFor()
    await button('Reset 2FA').click()
    expect(server.sent).toEqual([])
    await dialog().getByLabel('Reason').fill('Lost phone, called back')
    await page.keyboard.press('Enter')
    await page.getByText('Active everywhere after 41 ms').waitFor()
    expect(server.sent).toMatchObject([
      {
        what: 'POST /api/practices/maple/users/u-nora/two-factor/reset',
        body: { reason: 'Lost phone, called back' },
      },
    ])
  })

  it('does not promise a new one where none is required', async () => {
    await open()
    await button('Reset 2FA of Ada Dentist').click()
    await dialog().getByText('a password is enough for them until they set one up again.').waitFor()
  })
})

describe('the requirement', () => {
  const put = 'PUT /api/practices/maple/controls/two-factor'

  it('is set by keyboard: roles, people, exemptions, rules, together with the mode', async () => {
    await open()
    await page.getByRole('radio', { name: 'Enforce' }).click()
    await dialog().getByText('One person in scope, with no second factor set up:').waitFor()
    await dialog().getByText('They get in without for 7 days').waitFor()
    await dialog().getByRole('checkbox', { name: 'Dentist' }).check()
    await picker('People in scope').focus()
    await page.keyboard.type('hugo')
    await dialog().getByRole('option', { name: 'Hugo Hygienist' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await dialog().getByRole('list', { name: 'People in scope: chosen' }).getByRole('listitem').waitFor()
    // Escape closes the list of people, not the dialog.
    await page.keyboard.type('x')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Backspace')
    await page.keyboard.press('Escape')
    await dialog().getByText('Exemptions').focus()
    await page.keyboard.press('Enter')
    await picker('Exempt people').fill('nora')
    await dialog().getByRole('option', { name: 'Nora Owner' }).click()
    await dialog().getByLabel('Time to set one up').selectOption('None: at the next sign-in')
    await dialog().getByLabel('Ask again after').selectOption('12 hours')
    await dialog()
      .getByRole('checkbox', { name: /No second factor from listed networks/ })
      .check()
    await apply('Apply')
    expect(server.sent).toMatchObject([
      {
        what: put,
        ifMatch: '"17"',
        body: {
          mode: 'enforce',
          scope: {
            include: { roles: ['owner', 'dentist'], users: ['u-fiona'] },
            exempt: { roles: [], users: ['u-nora'] },
          },
          graceMs: 0,
          maxAgeMs: 12 * 3_600_000,
          notFromListedNetworks: true,
          trust: { app: false, google: false },
        },
      },
    ])
  })

  it('keeps and shows whom the scope names, and what weakens it', async () => {
    const scope = { include: 'everyone', exempt: { roles: [], users: ['u-hugo', 'u-left'] } }
    server.answer('GET /api/practices/maple/general', 200, {
      ...general,
      named: [{ user: 'u-hugo', name: 'Hugo Hygienist' }],
      controls: {
        ...general.controls,
        twoFactor: {
          ...general.controls.twoFactor,
          scope,
          graceMs: 5 * 86_400_000,
          notFromListedNetworks: true,
        },
      },
    })
    await open()
    await page.getByText('Everyone, except Hugo Hygienist and u-left').waitFor()
    await page.getByText('none asked on listed networks').waitFor()
    await button('Requirement of Two-factor').click()
    await button('Remove u-left').click()
    await apply('Apply')
    expect(server.sent[0]?.body).toMatchObject({
      scope: { include: 'everyone', exempt: { roles: [], users: ['u-hugo'] } },
      graceMs: 5 * 86_400_000,
    })
  })

  it('names people for the other controls too', async () => {
    await open('general')
    await button('Scope of Time windows').click()
    await dialog().getByText('Exemptions').click()
    await picker('Exempt people').fill('ada')
    await dialog().getByRole('option', { name: 'Ada Dentist' }).click()
    await apply('Apply')
    expect(server.sent).toMatchObject([
      {
        what: 'PUT /api/practices/maple/controls/time',
        body: { scope: { include: 'everyone', exempt: { roles: [], users: ['u-ada'] } } },
      },
    ])
  })
})

it('a preset that asks for a second factor names who has none before it is applied', async () => {
  await open('general')
  await button('Review 2FA for everyone').click()
  await dialog().getByText('Fiona Front, Nora Owner').waitFor()
  await dialog().getByText('They get in without for 7 days').waitFor()
  await apply('Apply')
  expect(server.sent[0]?.what).toBe('POST /api/practices/maple/presets/two-factor-everyone/apply')
})
