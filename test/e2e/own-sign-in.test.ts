/**
 * Goal: people of an application without a sign-in come in through their provider, with a second factor where that is
 * asked for, and are out when revoked. Method: real Chromium, two gateways, a provider on a loopback port.
 */
import { createLocalJWKSet, jwtVerify } from 'jose'
import { generateSync } from 'otplib/functional'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'
import { createClient } from '../support/client.ts'
import { startFakeApplication } from '../support/fake-application.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { type OidcProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { providerRules, withOwnSignIn } from '../support/own-identity.ts'

let application: Awaited<ReturnType<typeof startFakeApplication>>
let provider: OidcProvider
let fleet: Fleet
let browser: Browser
const contexts: BrowserContext[] = []

const appOf = (at = 0): string => fleet.gateways[at]?.addresses.application ?? ''
const portal = (): string => fleet.control().addresses.portal
/** Signed in anew: the console's own sessions are over as soon as this clock jumps. */
const newAdmin = (): Promise<AdminClient> => {
  const { addresses, firstAdmin } = fleet.control()
  if (firstAdmin === null) throw new Error('no first admin')
  return signInAdmin(addresses.admin, firstAdmin)
}

/** Somebody of the directory, whom another application made known. */
const makeKnown = async (appUser: string, email: string, role: string): Promise<void> => {
  const opened = await fleet.control().internal.openSession({
    ...{ upstream: 'desk', method: 'app-password', cookieHash: null, replaces: null },
    identity: {
      ...{ appUser, kind: 'staff', name: appUser, email, amr: [] },
      practices: [{ id: 'riverside', roles: [role] }],
    },
    ...{ tokenHash: appUser.padEnd(43, 'x'), address: '127.0.0.1', device: '' },
  })
  expect(opened.outcome).toBe('opened')
}

beforeAll(async () => {
  ;[application, browser, provider] = await Promise.all([
    startFakeApplication({}),
    launchBrowser(),
    startOidcProvider(() => fleet.clock.now()),
  ])
  fleet = await startFleet({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.flatMap((upstream) => [
        { ...upstream, hosts: ['desk.example'] },
        {
          ...withOwnSignIn(upstream, [providerRules(provider.issuer)]),
          ...{ id: 'notes', name: 'Notes', hosts: ['*'], url: application.url, routes: [] },
          practice: { ...upstream.practice, cookie: null, fixed: 'riverside' },
        },
      ]),
    }),
  })
  await makeKnown('fiona', 'fiona.frontdesk@demo.test', 'front-desk')
  await makeKnown('mark', 'mark.manager@demo.test', 'office-manager')
}, 120_000)
afterAll(async () => {
  for (const context of contexts) await context.close()
  await browser?.close()
  await fleet?.close()
  await provider?.close()
  await application?.close()
})

const newPage = async (): Promise<Page> => {
  const context = await browser.newContext()
  contexts.push(context)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  return page
}

/** Opens the application and follows where that leads, as `email` at the provider. */
const signIn = async (page: Page, email: string, path = '/notes/7?tab=2'): Promise<void> => {
  provider.state.person = { sub: email, email, email_verified: true }
  await page.goto(`${appOf()}${path}`)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(page.url()).toBe(`${portal()}/sign-in`)
  await page.getByRole('link', { name: 'Continue with Work account' }).click()
}

test('a page leads to the provider and back to itself, and the application is told who it is, signed', async () => {
  const page = await newPage()
  const shown: string[] = []
  page.on('framenavigated', (frame) => void shown.push(frame.url()))
  await page.goto(`${appOf()}/notes/7`)
  expect(await axeFindings(page)).toEqual([])
  expect(application.arrived).toEqual([])
  await signIn(page, 'Fiona.Frontdesk@demo.test')
  await page.getByText('page for').waitFor()
  expect(page.url()).toBe(`${appOf()}/notes/7?tab=2`)
  expect(shown.filter((url) => /signed-in=|begin=|code=/.test(url))).toEqual([])
  const { headers } = application.arrived.at(-1)!
  expect(headers['x-gatehouse-email']).toBe('fiona.frontdesk@demo.test')
  expect(headers.cookie ?? '').not.toContain('gatehouse')
  const keys = (await createClient(appOf()).get('/.gatehouse/jwks.json')).json()
  const { payload } = await jwtVerify(
    String(headers['x-gatehouse-assertion']),
    createLocalJWKSet(keys as Parameters<typeof createLocalJWKSet>[0]),
    { currentDate: new Date(fleet.clock.now()) },
  )
  expect(payload).toMatchObject({ email: 'fiona.frontdesk@demo.test' })
  await page.goto(`${appOf(1)}/notes/8`)
  await page.getByText('page for').waitFor()
}, 60_000)

test('a link with somebody else’s proof signs nobody in', async () => {
  const victim = await newPage()
  provider.state.person = { sub: 'm', email: 'mark.manager@demo.test', email_verified: true }
  const client = createClient(appOf())
  const begun = (await client.get('/.gatehouse/sign-in?to=%2Fnotes')).headers.location ?? ''
  const at = createClient(portal())
  await at.get(begun.slice(portal().length))
  const over = (await at.get('/sign-in/with/work')).headers.location ?? ''
  const back =
    (await createClient(provider.issuer).get(over.slice(provider.issuer.length))).headers.location ?? ''
  const link = (await at.get(back.slice(portal().length))).headers.location ?? ''
  expect(link).toContain(`${appOf()}/.gatehouse/access?signed-in=`)
  await victim.goto(link)
  await victim.getByText('was not begun in this browser').waitFor()
  expect((await victim.context().cookies()).map(({ name }) => name)).not.toContain('gatehouse')
  // It was the attacker's own, and still is.
  expect((await client.get(link.slice(appOf().length))).headers.location).toBe('/notes')
}, 60_000)

test('who is not in the directory, or whose address is not verified, is not let in, and told so', async () => {
  const page = await newPage()
  const before = application.arrived.length
  await signIn(page, 'nobody@demo.test')
  await page.waitForURL(/\/\.gatehouse\/access/)
  expect((await page.context().cookies()).map(({ name }) => name)).not.toContain('gatehouse')
  const other = await newPage()
  provider.state.lies = { claims: { email_verified: false } }
  await signIn(other, 'fiona.frontdesk@demo.test')
  await other.getByText('e-mail address there is not verified').waitFor()
  provider.state.lies = {}
  expect(application.arrived).toHaveLength(before)
}, 60_000)

test('a revocation ends it on both gateways, and a new sign-in counts', async () => {
  const page = await newPage()
  await signIn(page, 'fiona.frontdesk@demo.test')
  await page.getByText('page for').waitFor()
  const admin = await newAdmin()
  type Users = { users: { user: string; email: string; sessions: { method: string }[] }[] }
  const { users } = (await admin.read('/api/practices/riverside/active-users')).json() as Users
  const fiona = users.find(({ email }) => email.startsWith('fiona'))
  expect(fiona?.sessions.map(({ method }) => method)).toContain('own-oidc')
  const { sequence } = await admin.edit<{ sequence: number }>(
    'POST',
    `/api/practices/riverside/users/${fiona?.user}/revoke`,
    { reason: 'lost laptop' },
  )
  await activeEverywhere(admin, sequence)
  const before = application.arrived.length
  for (const at of [0, 1]) {
    await page.goto(`${appOf(at)}/notes/9`)
    expect(await page.getByText('page for').count()).toBe(0)
  }
  expect(application.arrived).toHaveLength(before)
  await signIn(page, 'fiona.frontdesk@demo.test')
  await page.getByText('page for').waitFor()
}, 60_000)

test('a second factor that is asked for is set up at the portal on the way in, and leads on', async () => {
  const admin = await newAdmin()
  const scope = { include: { roles: ['office-manager'], users: [] }, exempt: { roles: [], users: [] } }
  const { sequence } = await admin.edit<{ sequence: number }>(
    'PUT',
    '/api/practices/riverside/controls/two-factor',
    { mode: 'enforce', scope, graceMs: 0 },
    await revisionOf(admin, 'riverside'),
  )
  await activeEverywhere(admin, sequence)
  const page = await newPage()
  const before = application.arrived.length
  await signIn(page, 'mark.manager@demo.test', '/notes/2fa')
  await page.getByRole('heading', { name: 'Set up your second factor' }).waitFor()
  expect(application.arrived).toHaveLength(before)
  const key = (await page.locator('#key').innerText()).replaceAll(/\s/g, '')
  const epoch = Math.floor(fleet.clock.now() / 1_000)
  await page.getByLabel(/6-digit code/).fill(generateSync({ secret: key, strategy: 'totp', epoch }))
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByLabel('I have kept these codes').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('page for').waitFor()
  expect(page.url()).toBe(`${appOf()}/notes/2fa`)
  expect(application.arrived.at(-1)?.headers['x-gatehouse-email']).toBe('mark.manager@demo.test')
}, 60_000)
