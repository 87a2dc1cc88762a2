/**
 * Goal: an application whose pages hold a bearer token is guarded as the others are, its WebSocket included, with the
 * configuration that docs/integrating.md prints. Method: two gateways, the admin API, and pages in a real browser.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { launchBrowser } from '../support/chromium.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { startTokenApplication } from '../support/token-application.ts'
import { readWall } from '../support/wall-clock.ts'
import { writtenUpstream } from '../support/written-config.ts'

let application: Awaited<ReturnType<typeof startTokenApplication>>
let fleet: Fleet
let browser: Browser
let admin: AdminClient
let page: Page
let token: string

const minuteMs = 60_000
/** Minutes since midnight on the wall of the practice. */
const wallMinutes = (): number => {
  const { time } = readWall('America/Chicago', fleet.clock.now())
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}

beforeAll(async () => {
  ;[application, browser] = await Promise.all([startTokenApplication(), launchBrowser()])
  const upstream = writtenUpstream('docs/integrating.md', 'node-red')
  const practice = { ...upstream.practice, fixed: 'riverside' }
  fleet = await startFleet({
    change: (config) => ({ ...config, upstreams: [{ ...upstream, url: application.url, practice }] }),
  })
  fleet.clock.advance(((600 - wallMinutes() + 1_440) % 1_440) * minuteMs)
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await fleet?.close()
  await application?.close()
})

const app = (at = 0): string => fleet.gateways[at]!.addresses.application

/** Signs in as the application's own page does; the status and the token. */
const signIn = (on: Page) =>
  on.evaluate(async () => {
    const body = new URLSearchParams({ username: 'erin', password: 'right' })
    const answer = await fetch('/auth/token', { method: 'POST', body })
    return { status: answer.status, body: (await answer.json()) as Record<string, string> }
  })

const flows = (on: Page, bearer: string): Promise<number> =>
  on.evaluate(
    async (given) => (await fetch('/flows', { headers: { authorization: `Bearer ${given}` } })).status,
    bearer,
  )

type Live = { readonly first: string; end(): Promise<string> }

/** Opens the WebSocket of `base` from this page and sends the token; what came first, `refused` where none opened. */
const open = async (on: Page, bearer: string, base: string): Promise<Live> => {
  const first = await on.evaluate(
    ({ given, url }) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url)
        const ended = new Promise<string>((end) => {
          socket.onclose = ({ code, reason }) => end(`${code} ${reason}`)
        })
        Object.assign(globalThis, { ended })
        socket.onopen = () => socket.send(JSON.stringify({ auth: given }))
        socket.onmessage = ({ data }) => resolve(String(data))
        socket.onerror = () => resolve('refused')
      }),
    { given: bearer, url: `${base.replace('http', 'ws')}/comms` },
  )
  return { first, end: () => on.evaluate(() => (globalThis as unknown as { ended: Promise<string> }).ended) }
}

const works = '{"auth":"ok","user":"erin"}'
const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
type Saved = { readonly sequence: number }

const enforceHours = async (): Promise<void> => {
  const path = '/api/practices/riverside/controls/time'
  const wish = { mode: 'enforce', scope: everyone, confirmPracticeName: 'Riverside Dental' }
  const saved = await admin.edit<Saved>('PUT', path, wish, await revisionOf(admin, 'riverside'))
  await activeEverywhere(admin, saved.sequence)
}

beforeEach(async () => {
  page = await (await browser.newContext()).newPage()
  await page.goto(app())
  const { status, body } = await signIn(page)
  expect(status).toBe(200)
  token = body['access_token'] ?? ''
})

test('signs in, works and is live; a page of another port cannot use the companion, which its browser sends', async () => {
  expect(await flows(page, token)).toBe(200)
  expect((await open(page, token, app())).first).toBe(works)
  const other = await page.context().newPage()
  await other.goto(app(1))
  expect((await other.context().cookies(app())).map(({ name }) => name)).toEqual(['gatehouse'])
  expect((await open(other, token, app())).first).toBe('refused')
  // On its own origin the other gateway knows the session too.
  expect((await open(other, token, app(1))).first).toBe(works)
})

test('a revocation refuses calls and cuts the WebSocket; a fresh sign-in brings back', async () => {
  const live = await open(page, token, app())
  expect(live.first).toBe(works)
  const { users } = (await admin.read('/api/practices/riverside/active-users')).json() as {
    users: { user: string; name: string; sessions: { method: string }[] }[]
  }
  expect(users).toMatchObject([{ name: 'erin' }])
  expect(users[0]?.sessions[0]?.method).toBe('app-password')
  const path = `/api/practices/riverside/users/${users[0]?.user}/revoke`
  await activeEverywhere(admin, (await admin.edit<Saved>('POST', path, { reason: 'laptop lost' })).sequence)
  expect(await live.end()).toBe('1008 session-revoked')
  expect(await flows(page, token)).toBe(401)
  expect((await open(page, token, app())).first).toBe('refused')
  const fresh = (await signIn(page)).body['access_token'] ?? ''
  expect(await flows(page, fresh)).toBe(200)
  // The old token alone, in a browser that nobody signed in with.
  const thief = await (await browser.newContext()).newPage()
  await thief.goto(app(1))
  expect(await flows(thief, token)).toBe(401)
  expect((await open(page, fresh, app())).first).toBe(works)
})

test('the end of a time window cuts the WebSocket, and a sign-in after it gives no token', async () => {
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  const wish = { days, start: '00:00', end: '10:20', audience: 'practice' }
  const saved = await admin.edit<Saved>('POST', '/api/practices/riverside/time-windows', wish)
  await activeEverywhere(admin, saved.sequence)
  await enforceHours()
  const live = await open(page, token, app())
  expect(live.first).toBe(works)
  fleet.clock.advance((620 - wallMinutes()) * minuteMs)
  expect(await live.end()).toBe('1008 window-closed')
  expect(await flows(page, token)).toBe(403)
  const known = application.tokens.size
  const held = await signIn(page)
  expect([held.status, held.body['reason'], held.body['access_token']]).toEqual([
    401,
    'sign-in-held',
    undefined,
  ])
  expect(application.tokens.size).toBe(known)
  await page.goto(app())
  expect(new URL(page.url()).pathname).toBe('/.gatehouse/access')
  expect(await page.textContent('h1')).toBe('Access restricted')
})
