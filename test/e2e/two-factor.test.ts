/**
 * Goal: who must have a second factor sets it up at their next sign-in, confirms it at each one, and again for what asks
 * for a recent one; nobody else’s code helps. Method: real Chromium, two gateways, codes computed under the fleet’s clock.
 */
import { generateSync } from 'otplib/functional'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signIn } from '../support/people.ts'

const step = '/.gatehouse/access'
const minutes = 60_000

let fleet: Fleet
let browser: Browser
const contexts: BrowserContext[] = []
/** The key that Mark's authenticator app keeps, base32. */
let key = ''
/** The code that was accepted last, and when: each counts once, so the next one waits for the next half minute. */
let lastCode = ''

const appOf = (at = 0): string => fleet.gateways[at]?.addresses.application ?? ''
const portal = (): string => fleet.control().addresses.portal

/** Signed in anew: the console's own sessions are over as soon as this clock jumps. */
const newAdmin = (): Promise<AdminClient> => {
  const { addresses, firstAdmin } = fleet.control()
  if (firstAdmin === null) throw new Error('no first admin')
  return signInAdmin(addresses.admin, firstAdmin)
}

const require2fa = async (roles: readonly string[], graceMs: number): Promise<void> => {
  const admin = await newAdmin()
  const scope = { include: { roles, users: [] }, exempt: { roles: [], users: [] } }
  const { sequence } = await admin.edit<{ sequence: number }>(
    'PUT',
    '/api/practices/riverside/controls/two-factor',
    { mode: 'enforce', scope, graceMs },
    await revisionOf(admin, 'riverside'),
  )
  await activeEverywhere(admin, sequence)
}

beforeAll(async () => {
  ;[fleet, browser] = await Promise.all([startFleet(), launchBrowser()])
  await require2fa(['office-manager'], 0)
}, 120_000)
afterAll(async () => {
  for (const context of contexts) await context.close()
  await browser?.close()
  await fleet?.close()
})

const newPage = async (): Promise<Page> => {
  const context = await browser.newContext()
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  return page
}

const signInPage = async (page: Page, email = 'mark.manager@demo.test', password = 'manager-demo') => {
  await page.goto(`${appOf()}/sign-in`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** What the app on the telephone shows now; the clock goes on until that is a code that was not used. */
const nextCode = (): string => {
  const code = (): string =>
    generateSync({ secret: key, strategy: 'totp', epoch: Math.floor(fleet.clock.now() / 1_000) })
  while (code() === lastCode) fleet.clock.advance(5_000)
  lastCode = code()
  return lastCode
}

const enterCode = async (page: Page, code: string): Promise<void> => {
  await page.getByLabel(/6-digit code/).fill(code)
  await page.getByRole('button', { name: 'Confirm' }).click()
}

const confirmAt = async (page: Page): Promise<void> => {
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor()
  expect(new URL(page.url()).origin).toBe(portal())
  await enterCode(page, nextCode())
}

const expectAccessible = async (page: Page): Promise<void> => {
  expect(await axeFindings(page)).toEqual([])
}

test('somebody it is required of sets it up at the sign-in, and is in without typing the password again', async () => {
  const page = await newPage()
  await signInPage(page)
  await page.getByRole('heading', { name: 'Set up your second factor' }).waitFor()
  expect(new URL(page.url()).origin).toBe(portal())
  expect(page.url()).not.toContain('ticket')
  // What the browser had before the sign-in is worth nothing at the application itself.
  const had = (await page.context().cookies()).find(({ name }) => name === 'desk_session')?.value ?? ''
  const direct = createClient(fleet.demo.url, '127.0.0.1', new Map([['desk_session', had]]))
  expect((await direct.get('/api/me', { navigation: false })).status).toBe(401)
  await expectAccessible(page)
  key = (await page.locator('#key').innerText()).replaceAll(/\s/g, '')
  await enterCode(page, nextCode())
  await page.getByRole('heading', { name: 'Keep your recovery codes' }).waitFor()
  expect(await page.locator('ol.codes li').count()).toBe(10)
  await page.getByLabel('I have kept these codes').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('Mark Jensen').first().waitFor()
  expect(new URL(page.url()).origin).toBe(appOf())
  expect(page.url()).not.toContain('proof')
  await page.goto(`${appOf(1)}/schedule`)
  await page.getByText('Mark Jensen').first().waitFor()
}, 60_000)

test('the next sign-in asks for a code, takes none twice, and leads where the sign-in would have', async () => {
  const page = await newPage()
  const shown: string[] = []
  page.on('framenavigated', (frame) => void shown.push(frame.url()))
  await signInPage(page)
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor()
  await enterCode(page, lastCode)
  await page.getByText('That code was used already').waitFor()
  await expectAccessible(page)
  await confirmAt(page)
  await page.getByText('Mark Jensen').first().waitFor()
  expect(shown.some((url) => new URL(url).pathname === step)).toBe(true)
  expect(shown.filter((url) => /ticket=|proof=/.test(url))).toEqual([])
}, 60_000)

test('what asks for a recent one asks again after its time, on the other gateway too, and leads back there', async () => {
  const page = await newPage()
  await signInPage(page)
  await confirmAt(page)
  await page.getByText('Mark Jensen').first().waitFor()
  for (const at of [0, 1]) {
    const settings = `${appOf(at)}/settings`
    await page.goto(settings)
    expect(page.url()).toBe(settings)
    fleet.clock.advance(15 * minutes)
    const script = await page.evaluate(async () => {
      const response = await fetch('/api/settings')
      return { status: response.status, problem: (await response.json()) as unknown }
    })
    expect(script).toMatchObject({ status: 401, problem: { error: 'step_up_required' } })
    await page.goto(`${appOf(at)}/schedule`)
    expect(page.url()).toBe(`${appOf(at)}/schedule`)
    await page.goto(settings)
    await confirmAt(page)
    await page.waitForURL(settings)
    await page.getByLabel('Name patients see').waitFor()
  }
}, 60_000)

test('a right code typed behind somebody else’s link raises nobody’s session', async () => {
  const attacker = createClient(appOf(), '127.0.0.66')
  expect((await signIn(attacker, 'mark')).headers.location).toContain(step)
  const ticket = (await attacker.get('/.gatehouse/second-factor')).headers.location ?? ''
  expect(ticket).toContain(`${portal()}/hand-over?ticket=`)
  const victim = await newPage()
  await victim.goto(ticket)
  await confirmAt(victim)
  await victim.waitForURL(`${appOf()}/sign-in`)
  for (const at of [0, 1]) {
    const there = attacker.elsewhere({ base: appOf(at) })
    const refused = await there.get('/api/schedule', { navigation: false })
    expect(refused.status).toBe(401)
    expect(refused.json()).toMatchObject({ reason: 'sign-in-held' })
    expect((await there.get(step)).text).toContain('One more step')
  }
  expect(attacker.cookies.has('desk_session')).toBe(false)
}, 60_000)

test('“my second factor” opens the person’s own, and leads back', async () => {
  const page = await newPage()
  await signInPage(page)
  await confirmAt(page)
  await page.getByText('Mark Jensen').first().waitFor()
  await page.goto(`${appOf()}/.gatehouse/second-factor`)
  await page.getByRole('heading', { name: 'Your second factor' }).waitFor()
  await page.locator('.name', { hasText: 'Authenticator app' }).waitFor()
  await page.goto(`${appOf()}/.gatehouse/account`)
  await page.getByRole('heading', { name: 'My sessions and security' }).waitFor()
  await page.getByText('This browser').waitFor()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.waitForURL((url) => url.origin === appOf() && !url.pathname.startsWith('/.gatehouse'))
}, 60_000)

test('a reset ends the sessions at once, and the next sign-in sets it up anew', async () => {
  const page = await newPage()
  await signInPage(page)
  await confirmAt(page)
  await page.getByText('Mark Jensen').first().waitFor()
  const admin = await newAdmin()
  const { people } = (await admin.read('/api/practices/riverside/two-factor?text=mark')).json() as {
    people: readonly { user: string; status: string }[]
  }
  expect(people).toMatchObject([{ status: 'required-enabled' }])
  await admin.edit('POST', `/api/practices/riverside/users/${people[0]?.user}/two-factor/reset`, {
    reason: 'Lost telephone',
  })
  await expect.poll(async () => (await page.goto(`${appOf(1)}/api/schedule`))?.status()).toBe(401)
  await signInPage(page)
  await page.getByRole('heading', { name: 'Set up your second factor' }).waitFor()
  expect((await page.locator('#key').innerText()).replaceAll(/\s/g, '')).not.toBe(key)
  await page.getByRole('link', { name: 'Sign in as someone else' }).click()
  await page.getByRole('heading', { name: 'Sign in as someone else?' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Sign in as someone else' }).click()
  await page.getByLabel('Password').waitFor()
}, 60_000)

test('somebody with time left is told by when, may do it later, and is asked in the end', async () => {
  await require2fa(['office-manager', 'front-desk'], 7 * 24 * 60 * minutes)
  const page = await newPage()
  await signInPage(page, 'fiona.front@demo.test', 'front-desk-demo')
  await page.getByRole('heading', { name: /^Set up your second factor by .+/ }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Later' }).click()
  await page.getByText('Fiona Walsh').first().waitFor()
  fleet.clock.advance(8 * 24 * 60 * minutes)
  const late = await newPage()
  await signInPage(late, 'fiona.front@demo.test', 'front-desk-demo')
  await late.getByRole('heading', { name: 'Set up your second factor', exact: true }).waitFor()
  expect(new URL(late.url()).origin).toBe(portal())
}, 60_000)
