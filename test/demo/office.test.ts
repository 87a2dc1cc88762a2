// Goal: booking, payments, settings and the public pages behave, and bad input is told, not swallowed.
// Method: real requests under a fixed clock; the seeded day is compared between two demos.

import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createClient } from '../support/client.ts'
import { csrfOf, openDemo, signedIn } from './desk-visits.ts'

type Visit = {
  readonly id: string
  readonly chair: string
  readonly startMinute: number
  readonly status: string
}
type Day = {
  readonly appointments: readonly (Visit & { readonly durationMinutes: number; readonly patientId: string })[]
}

test('the day is the same in every run, and nobody sits in two chairs', async () => {
  const days = await Promise.all(
    [await openDemo(), await openDemo()].map(async (demo) => {
      const client = await signedIn(demo, 'fiona')
      return (await client.get('/api/schedule')).json() as Day
    }),
  )
  expect(days[0]).toEqual(days[1])
  const visits = days[0]!.appointments
  expect(visits.length).toBeGreaterThan(15)
  expect(new Set(visits.map(({ patientId }) => patientId)).size).toBe(visits.length)
  expect(new Set(visits.map(({ status }) => status))).toContain('in-chair')
})

test('a visit is booked where it was asked for, once', async () => {
  const client = await signedIn(await openDemo(), 'fiona')
  const wish = {
    patientId: 'p-1005',
    chair: 'op-1',
    start: '17:30',
    durationMinutes: 30,
    procedure: 'Limited exam',
  }
  const answer = await client.post('/api/appointments', { json: wish })
  expect(answer.json()).toMatchObject({
    appointment: { chair: 'op-1', startMinute: 1050, status: 'unconfirmed' },
  })
  expect((await client.post('/api/appointments', { json: wish })).status).toBe(409)
  const bad = { patientId: 'p-2001', chair: 'op-9', start: '8:07', durationMinutes: 20, date: '2026-02-30' }
  const refused = await client.post('/api/appointments', { json: bad })
  expect([refused.status, (refused.json() as { problems: string[] }).problems.length]).toEqual([400, 5])
})

test('bodies that are no JSON object are 400, too large ones 413', async () => {
  const client = await signedIn(await openDemo(), 'fiona')
  const put = async (body: string) =>
    (
      await client.send('/api/settings', {
        method: 'PUT',
        body,
        headers: { 'content-type': 'application/json' },
      })
    ).status
  expect(await put('{"opens":')).toBe(400)
  expect(await put('[1]')).toBe(400)
  expect(await put('null')).toBe(400)
  expect(await put(JSON.stringify({ bookingMessage: 'x'.repeat(70_000) }))).toBe(413)
})

test('settings change as a whole or not at all', async () => {
  const client = await signedIn(await openDemo(), 'mark')
  const put = (json: unknown) => client.send('/api/settings', { method: 'PUT', json })
  const refused = await put({ opens: '07:30', closes: 'late', colour: 'red' })
  expect([refused.status, refused.json()]).toMatchObject([
    400,
    { problems: ['closes: must be a time as HH:MM', 'colour: no such setting'] },
  ])
  expect((await client.get('/api/settings')).json()).toMatchObject({ settings: { opens: '08:00' } })
  expect((await put({ opens: '07:30' })).json()).toMatchObject({
    settings: { opens: '07:30', closes: '17:30' },
  })
})

test('a refund needs the token of the page and happens once', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'mark')
  const page = (await client.get('/payments')).text
  const path = /action="(\/payments\/pay-\d+\/refund)"/.exec(page)?.[1] ?? ''
  expect((await client.post(path, { form: { csrf: 'guessed' } })).status).toBe(403)
  const done = await client.post(path, { form: { csrf: csrfOf(page) } })
  expect([done.status, done.headers.location]).toEqual([
    303,
    expect.stringContaining('/payments?refunded=pay-'),
  ])
  expect((await client.post(path, { form: { csrf: csrfOf(page) } })).status).toBe(409)
})

test('anyone can ask for a visit; staff see it in the huddle', async () => {
  const demo = await openDemo()
  const anyone = createClient(demo.url)
  expect((await anyone.get('/book')).status).toBe(200)
  const form = { practice: 'riverside', name: '<b>Kim</b>', phone: '555', date: '2026-03-20', part: 'Midday' }
  const done = await anyone.post('/book', { form })
  expect([done.status, done.text]).toEqual([200, expect.stringContaining('RI-1001')])
  expect((await anyone.post('/book', { form: { ...form, name: '', date: 'soon' } })).status).toBe(422)
  const huddle = (await (await signedIn(demo, 'fiona')).get('/huddle')).text
  expect(huddle).toContain('&lt;b&gt;Kim&lt;/b&gt;')
  expect(anyone.cookies.size).toBe(0)
})

test('every page of the navigation opens, and unknown addresses are 404', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'dan', 'riverside')
  const paths = [
    '/schedule',
    '/patients',
    '/patients/p-1001',
    '/payments',
    '/forms',
    '/forms/f-301',
    '/settings',
    '/huddle',
  ]
  for (const path of [
    ...paths,
    '/healthz',
    '/assets/app.css',
    '/assets/app.js',
    '/schedule?date=2026-03-12',
  ]) {
    expect([path, (await client.get(path)).status]).toEqual([path, 200])
  }
  for (const path of ['/nowhere', '/api/nowhere', '/patients/p-9', '/forms/f-9', '/assets/other.css']) {
    expect([path, (await client.get(path)).status]).toEqual([path, 404])
  }
  expect(demo.requests().at(-1)).toMatchObject({ method: 'GET', path: '/assets/other.css' })
})

test('the application knows nothing of what may stand in front of it', () => {
  const folder = new URL('../../demo/', import.meta.url)
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.\w+$/.test(name),
  )
  expect(names.length).toBeGreaterThan(20)
  for (const name of names)
    expect(readFileSync(new URL(name, folder), 'utf8')).not.toMatch(/gatehouse|proxy/i)
})
