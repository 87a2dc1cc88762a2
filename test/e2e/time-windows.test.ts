/**
 * Goal: outside approved hours nobody in scope gets in, live connections end with the window, and all goes on by itself.
 * Method: two gateways under one stepped clock, windows saved through the API, plain clients and a browser without script.
 */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AdminClient,
  activeEverywhere,
  everyRole,
  revisionOf,
  signInAdmin,
} from '../support/admin-client.ts'
import { launchBrowser } from '../support/chromium.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signIn, signInWell } from '../support/people.ts'
import { openEvents, openSocket } from '../support/streams.ts'
import { readWall } from '../support/wall-clock.ts'

let fleet: Fleet
let browser: Browser
let admin: AdminClient
let one: string
let two: string

const zone = 'America/Chicago'
const minuteMs = 60_000
const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

/** Steps the clock on to when the practice's wall next shows `HH:MM`; again where a clock change came between. */
const stepTo = (time: string): void => {
  const shown = (): number => minutesOf(readWall(zone, fleet.clock.now()).time)
  do {
    const ahead = (minutesOf(time) - shown() + 1_440) % 1_440
    fleet.clock.advance(ahead * minuteMs - (fleet.clock.now() % minuteMs))
  } while (shown() !== minutesOf(time))
}

/** When the wall shows `HH:MM` later today. */
const endOf = (time: string): string => {
  const now = fleet.clock.now()
  const ahead = minutesOf(time) - minutesOf(readWall(zone, now).time)
  return new Date(now - (now % minuteMs) + ahead * minuteMs).toISOString()
}

/** Admin sessions rest after half an hour, and the clock leaps. */
const signInAsAdmin = async (): Promise<void> => {
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
}

beforeAll(async () => {
  ;[fleet, browser] = await Promise.all([startFleet(), launchBrowser()])
  one = fleet.gateways[0]!.addresses.application
  two = fleet.gateways[1]!.addresses.application
  stepTo('10:00')
  await signInAsAdmin()
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await fleet?.close()
})

type Saved = { revision: number; sequence: number }

const addWindow = async (start: string, end: string, audience: unknown = 'practice'): Promise<void> => {
  const wish = { days: everyDay, start, end, audience }
  const path = '/api/practices/riverside/time-windows'
  await activeEverywhere(admin, (await admin.edit<Saved>('POST', path, wish)).sequence)
}

const setMode = async (mode: string, scope: unknown = everyRole): Promise<void> => {
  const revision = await revisionOf(admin, 'riverside')
  const path = '/api/practices/riverside/controls/time'
  const wish = { mode, scope, confirmPracticeName: 'Riverside Dental' }
  await activeEverywhere(admin, (await admin.edit<Saved>('PUT', path, wish, revision)).sequence)
}

const fetched = (client: Client) => client.get('/api/schedule', { navigation: false })

test('a window ends: streams are cut on both gateways, a request in flight ends well, the next is refused until it begins again', async () => {
  await addWindow('08:00', '10:30')
  await addWindow('11:00', '18:00')
  await setMode('enforce')
  const fiona = createClient(one)
  await signInWell(fiona, 'fiona')
  const there = fiona.elsewhere({ base: two })
  const sockets = await Promise.all([
    openSocket(one, '/live/schedule', fiona),
    openSocket(two, '/live/schedule', there),
  ])
  const events = await Promise.all([
    openEvents(one, '/live/huddle', fiona),
    openEvents(two, '/live/huddle', there),
  ])
  await Promise.all([...sockets, ...events].map((stream) => stream.next()))
  // Whoever wants to tell people in time can ask; two windows that do not adjoin are two ends.
  const status = await fiona.get('/.gatehouse/status', { navigation: false })
  expect(status.json()).toMatchObject({ signedIn: true, hoursEnd: { riverside: endOf('10:30') } })
  const slow = fiona.get('/slow?ms=1500', { navigation: false })
  await expect.poll(() => fleet.demo.requests().some(({ path }) => path.startsWith('/slow'))).toBe(true)

  stepTo('10:30')

  for (const socket of sockets) expect(await socket.ended).toEqual({ code: 1008, reason: 'window-closed' })
  for (const stream of events) expect((await stream.ended).reason).toBe('aborted')
  expect([(await slow).status, (await slow).json()]).toEqual([200, { sleptMs: 1500 }])
  for (const client of [fiona, there]) {
    const page = await client.get('/schedule')
    expect(page.status).toBe(403)
    expect(page.headers['cache-control']).toContain('no-store')
    for (const part of [
      'Access restricted',
      'Access is currently restricted',
      '10:30 C',
      '08:00–10:30, 11:00–18:00 (today)',
      'Opens',
      '11:00 C',
      'Try again',
      'goes on by itself',
    ])
      expect(page.text.replaceAll(/<[^>]*>/g, '')).toContain(part)
    expect(page.text).toMatch(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/)
    const remaining = 30 * 60
    expect(Number(page.headers['refresh'])).toBeGreaterThan(remaining - 20)
    expect(Number(page.headers['refresh'])).toBeLessThanOrEqual(remaining + 15)
    const script = await fetched(client)
    expect([script.status, script.headers['content-type']]).toEqual([403, 'application/problem+json'])
    expect(script.json()).toMatchObject({ reason: 'outside-time-window', control: 'time' })
    expect(script.headers['refresh']).toBeUndefined()
  }
  await expect(openSocket(one, '/live/schedule', fiona)).rejects.toMatchObject({ status: 403 })

  stepTo('11:00')
  for (const client of [fiona, there]) expect((await client.get('/schedule')).status).toBe(200)
  const again = await openSocket(two, '/live/schedule', there)
  await again.next()
  again.close()
})

test('windows by role and by person add up; who is not in scope is not asked', async () => {
  await signInAsAdmin()
  await addWindow('08:00', '20:00', { role: 'hygienist' })
  const helen = createClient(one)
  const fiona = createClient(one)
  await signInWell(helen, 'helen')
  await signInWell(fiona, 'fiona')
  stepTo('18:00')
  await signInAsAdmin()
  expect((await fetched(helen)).status).toBe(200)
  expect((await fetched(fiona)).status).toBe(403)
  const { members } = (await admin.read('/api/practices/riverside/users')).json() as {
    members: { user: string; email: string }[]
  }
  const user = members.find(({ email }) => email.startsWith('fiona'))?.user
  await addWindow('17:00', '19:00', { user })
  expect((await fetched(fiona)).status).toBe(200)
  stepTo('19:00')
  await signInAsAdmin()
  expect((await fetched(fiona)).status).toBe(403)
  expect((await fetched(helen)).status).toBe(200)
  await setMode('enforce', { include: { roles: ['hygienist'], users: [] }, exempt: { roles: [], users: [] } })
  expect((await fetched(fiona)).status).toBe(200)
  await setMode('monitor')
  expect((await fetched(fiona)).status).toBe(200)
  await setMode('enforce')
  expect((await fetched(fiona)).status).toBe(403)
})

test('a sign-in outside the hours is held: no cookie of the application, the page says when to come back', async () => {
  const mark = createClient(two)
  const answer = await signIn(mark, 'mark')
  expect(answer.status).toBe(303)
  const step = await mark.get(answer.headers.location ?? '')
  for (const words of [
    'Access restricted',
    'Your approved times this week',
    '08:00',
    'Date and time',
    'Opens',
    'Ask for access',
  ])
    expect(step.text).toContain(words)
  expect(Number(step.headers['refresh'])).toBeGreaterThan(60)
  const cookie = mark.cookies.get('desk_session') ?? ''
  const around = createClient(fleet.demo.url, '127.0.0.1', new Map([['desk_session', cookie]]))
  expect((await around.get('/api/me', { navigation: false })).status).toBe(401)
})

test('a closure beats the window, an opening beats the closure', async () => {
  stepTo('12:00')
  await signInAsAdmin()
  const dan = createClient(one)
  await signInWell(dan, 'dan')
  dan.cookies.set('desk_practice', 'riverside')
  expect((await fetched(dan)).status).toBe(200)
  const today = readWall(zone, fleet.clock.now()).date
  const path = '/api/practices/riverside/time-exceptions'
  const closure = { kind: 'closure', label: 'Burst pipe', from: today, to: today }
  const closed = await admin.edit<Saved>('POST', path, {
    ...closure,
    confirmPracticeName: 'Riverside Dental',
  })
  await activeEverywhere(admin, closed.sequence)
  expect((await fetched(dan)).status).toBe(403)
  const opening = { ...closure, kind: 'opening', label: 'Emergencies', audience: { role: 'dentist' } }
  const opened = await admin.edit<Saved>('POST', path, { ...opening, start: '11:30', end: '12:30' })
  await activeEverywhere(admin, opened.sequence)
  expect((await fetched(dan)).status).toBe(200)
})

test('the page returns by itself once the window begins, in a browser without script', async () => {
  stepTo('10:20')
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  const fiona = createClient(one)
  await signInWell(fiona, 'fiona')
  stepTo('10:59')
  fleet.clock.advance(58_000)
  await context.addCookies(
    [...fiona.cookies].map(([name, value]) => ({ name, value, domain: '127.0.0.1', path: '/' })),
  )
  const refused = await page.goto(`${one}/schedule?day=today`)
  expect(refused?.status()).toBe(403)
  await page.getByRole('heading', { name: 'Access restricted' }).waitFor()
  const back = await page.waitForResponse((response) => response.status() === 200, { timeout: 25_000 })
  expect(new URL(back.url()).pathname).toBe('/schedule')
  await page.getByRole('heading', { name: 'Access restricted' }).waitFor({ state: 'detached' })
  await context.close()
}, 60_000)
