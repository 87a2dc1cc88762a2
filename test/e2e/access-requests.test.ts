/**
 * Goal: somebody on an unlisted network asks with a reason, waits, and is let in by one click without a second
 * password. Method: real Chromium through a relay from another address, two gateways, approval through the admin API.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { startRelay } from '../support/relay.ts'

const cafeAddress = '127.0.0.66'

type Asked = { readonly id: string; readonly address: string; readonly user: { readonly name: string } }
type Stand = {
  readonly fleet: Fleet
  readonly browser: Browser
  readonly admin: AdminClient
  newPage(): Promise<Page>
  close(): Promise<void>
}

const officeOnly = async (admin: AdminClient): Promise<void> => {
  const entry = { range: '127.0.0.1', label: 'Office', audience: 'practice' }
  await admin.edit('POST', '/api/practices/riverside/ip-entries', entry)
  const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
  const { sequence } = await admin.edit<{ sequence: number }>(
    'PUT',
    '/api/practices/riverside/controls/ip',
    { mode: 'enforce', scope: everyone, signInOnlyFromListed: false },
    await revisionOf(admin, 'riverside'),
  )
  await activeEverywhere(admin, sequence)
}

const startStand = async (rotateSessionOnSignIn: boolean): Promise<Stand> => {
  const [fleet, browser] = await Promise.all([startFleet({ rotateSessionOnSignIn }), launchBrowser()])
  const { addresses, firstAdmin } = fleet.control()
  if (firstAdmin === null) throw new Error('no first admin')
  const admin = await signInAdmin(addresses.admin, firstAdmin)
  await officeOnly(admin)
  const contexts: BrowserContext[] = []
  return {
    fleet,
    browser,
    admin,
    newPage: async () => {
      const context = await browser.newContext()
      contexts.push(context)
      const page = await context.newPage()
      page.setDefaultTimeout(8_000)
      return page
    },
    close: async () => {
      for (const context of contexts) await context.close()
      await browser.close()
      await fleet.close()
    },
  }
}

const appOf = ({ fleet }: Stand, at: number): string => fleet.gateways[at]?.addresses.application ?? ''

const signInPage = async (page: Page, app: string): Promise<void> => {
  await page.goto(`${app}/sign-in`)
  await page.getByLabel('E-mail address').fill('helen.hygienist@demo.test')
  await page.getByLabel('Password').fill('hygienist-demo')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/\.gatehouse\/access/)
}

const pendingOf = async (admin: AdminClient): Promise<readonly Asked[]> => {
  const answer = await admin.read('/api/practices/riverside/access-requests?status=pending')
  return (answer.json() as { requests: readonly Asked[] }).requests
}

const approveOnly = async (admin: AdminClient): Promise<void> => {
  const [asked] = await pendingOf(admin)
  await admin.edit('POST', `/api/practices/riverside/access-requests/${asked?.id}/approve`, {})
}

const askFor = async (page: Page, reason: string): Promise<void> => {
  await page.getByLabel('Why do you need it?').fill(reason)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('heading', { name: 'Waiting for approval' }).waitFor()
}

const expectAccessible = async (page: Page): Promise<void> => {
  expect(await axeFindings(page)).toEqual([])
}

const sessionCookie = async (page: Page): Promise<string> =>
  (await page.context().cookies()).find(({ name }) => name === 'desk_session')?.value ?? ''

describe('an application that issues a new cookie at sign-in', () => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(true)
  }, 120_000)
  afterAll(() => stand?.close())

  test('asks with a reason, waits, and goes on by itself into the schedule when approved', async () => {
    const relay = await startRelay(appOf(stand, 0), cafeAddress)
    const page = await stand.newPage()
    await signInPage(page, relay.url)
    await page.getByRole('heading', { name: 'Access is restricted to approved networks' }).waitFor()
    await page.getByText(cafeAddress).waitFor()
    await page.getByText('Not Requested').waitFor()
    await page.getByText(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/).waitFor()
    await expectAccessible(page)
    const kept = await sessionCookie(page)
    const direct = createClient(stand.fleet.demo.url, cafeAddress, new Map([['desk_session', kept]]))
    expect((await direct.get('/api/me', { navigation: false })).status).toBe(401)

    await page.goto(`${relay.url}/schedule`)
    await page.waitForURL(/\/\.gatehouse\/access/)
    await askFor(page, 'On call this weekend')
    await page.getByText('Pending').waitFor()
    await expectAccessible(page)

    const [asked, ...others] = await pendingOf(stand.admin)
    expect(others).toEqual([])
    expect(asked).toMatchObject({ address: cafeAddress, user: { name: 'Helen Brooks' } })
    await approveOnly(stand.admin)
    await page.waitForURL(`${relay.url}/schedule`, { timeout: 20_000 })
    await page.getByText('Helen Brooks').first().waitFor()
    await relay.close()

    const other = await startRelay(appOf(stand, 1), cafeAddress)
    const context = await page.context().cookies()
    const cookie = context.map(({ name, value }) => `${name}=${value}`).join('; ')
    const there = createClient(other.url)
    expect((await there.get('/schedule', { headers: { cookie } })).status).toBe(200)
    await other.close()
  }, 60_000)

  test('a script’s sign-in gets a problem document; the next navigation shows the step on the other gateway', async () => {
    const relay = await startRelay(appOf(stand, 1), '127.0.0.67')
    const page = await stand.newPage()
    await page.goto(`${relay.url}/sign-in`)
    const told = await page.evaluate(async () => {
      const response = await fetch('/api/sign-in', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'fiona.front@demo.test', password: 'front-desk-demo' }),
      })
      return { status: response.status, problem: (await response.json()) as unknown }
    })
    expect(told).toMatchObject({
      status: 401,
      problem: { reason: 'sign-in-held', step: '/.gatehouse/access' },
    })
    await page.goto(`${relay.url}/schedule?view=day`)
    await page.getByRole('heading', { name: 'Access is restricted to approved networks' }).waitFor()
    await askFor(page, 'From the hotel')
    await approveOnly(stand.admin)
    await page.waitForURL(`${relay.url}/schedule?view=day`, { timeout: 20_000 })
    await relay.close()
  }, 60_000)

  test('who is signed in at one practice asks for the other, and its page opens by itself when approved', async () => {
    const relay = await startRelay(appOf(stand, 0), '127.0.0.70')
    const page = await stand.newPage()
    await page.goto(`${relay.url}/sign-in`)
    await page.getByLabel('E-mail address').fill('olivia.owner@demo.test')
    await page.getByLabel('Password').fill('owner-demo')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: /Riverside Dental/ }).click()
    await page.getByRole('heading', { name: 'Access is restricted to approved networks' }).waitFor()
    await page.getByRole('link', { name: 'Ask for access' }).click()
    await page.getByRole('heading', { name: 'Ask for access' }).waitFor()
    await page.getByText('127.0.0.70').waitFor()
    await expectAccessible(page)
    const [name = ''] = await page.locator('a.name').allInnerTexts()
    expect(name).toContain('Lakeview')
    await askFor(page, 'Payroll from home')
    await approveOnly(stand.admin)
    await page.waitForURL(`${relay.url}/schedule`, { timeout: 20_000 })
    await page.getByText('Olivia Hart').first().waitFor()
    await relay.close()
  }, 60_000)

  test('“Sign in as someone else” leads back to the sign-in page', async () => {
    const relay = await startRelay(appOf(stand, 0), '127.0.0.69')
    const page = await stand.newPage()
    await signInPage(page, relay.url)
    await page.getByRole('button', { name: 'Sign in as someone else' }).click()
    await page.waitForURL(`${relay.url}/sign-in`)
    await page.getByLabel('Password').waitFor()
    await relay.close()
  }, 60_000)
})

describe('an application that keeps its cookie over a sign-in', () => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(false)
  }, 120_000)
  afterAll(() => stand?.close())

  test('the cookie from before is refused everywhere while held, and works in its browser once approved', async () => {
    const relay = await startRelay(appOf(stand, 0), cafeAddress)
    const page = await stand.newPage()
    await page.goto(`${relay.url}/sign-in`)
    const before = await sessionCookie(page)
    expect(before).not.toBe('')
    await signInPage(page, relay.url)
    expect(await sessionCookie(page)).toBe('')
    for (const at of [0, 1]) {
      const thief = createClient(appOf(stand, at), '127.0.0.1')
      const headers = { cookie: `desk_session=${before}` }
      const refused = await thief.get('/api/schedule', { headers, navigation: false })
      expect(refused.status).toBe(401)
      expect(refused.json()).toMatchObject({ reason: 'sign-in-held' })
    }
    await askFor(page, 'On call')
    await approveOnly(stand.admin)
    await page.waitForURL(`${relay.url}/schedule`, { timeout: 20_000 })
    expect(await sessionCookie(page)).toBe(before)
    await relay.close()
  }, 60_000)
})
