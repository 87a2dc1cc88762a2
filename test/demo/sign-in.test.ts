// Goal: the demo signs people in and out like an ordinary application, by form and by JSON.
// Method: real requests with a cookie jar; the session cookie is compared before and after each step.

import { expect, test } from 'vitest'
import { createClient } from '../support/client.ts'
import { credentials, csrfOf, morning, openDemo, signedIn } from './desk-visits.ts'

test('the form signs in, sets both cookies and leads to the schedule', async () => {
  const demo = await openDemo()
  const client = createClient(demo.url)
  const answer = await client.post('/sign-in', { form: credentials('fiona') })
  expect(answer.status).toBe(303)
  expect(answer.headers.location).toBe('/schedule')
  const [session, practice] = answer.headers['set-cookie'] ?? []
  expect(session).toMatch(/^desk_session=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax$/)
  expect(practice).toMatch(/^desk_practice=riverside; /)
  expect((await client.get('/schedule')).text).toContain('Riverside Dental')
})

test('JSON signs in as well', async () => {
  const client = createClient((await openDemo()).url)
  const answer = await client.post('/api/sign-in', { json: credentials('bea') })
  expect([answer.status, answer.json()]).toEqual([200, { ok: true }])
  expect((await client.get('/api/me')).json()).toEqual({
    id: 'u-bea',
    email: 'bea.billing@demo.test',
    name: 'Bea Castillo',
    kind: 'staff',
    practices: [{ id: 'lakeview', name: 'Lakeview Family Dentistry', roles: ['front-desk'] }],
  })
})

test('a wrong password changes nothing and says so', async () => {
  const demo = await openDemo()
  const client = createClient(demo.url)
  await client.get('/sign-in')
  const before = client.cookieHeader()
  const form = await client.post('/sign-in', { form: { ...credentials('mark'), password: 'nope' } })
  expect(form.status).toBe(401)
  expect(form.text).toContain('do not match')
  const json = await client.post('/api/sign-in', { json: { email: 'nobody@demo.test', password: 'nope' } })
  expect([json.status, json.json()]).toEqual([
    401,
    { error: 'That e-mail address and password do not match.' },
  ])
  expect(client.cookieHeader()).toBe(before)
  expect((await client.get('/api/me')).status).toBe(401)
})

test('the session id of the sign-in page is replaced, and the old one names nobody', async () => {
  const demo = await openDemo()
  const client = createClient(demo.url)
  await client.get('/sign-in')
  const before = client.cookies.get('desk_session') ?? ''
  await client.post('/sign-in', { form: credentials('fiona') })
  expect(client.cookies.get('desk_session')).not.toBe(before)
  const old = createClient(demo.url, undefined, new Map([['desk_session', before]]))
  expect((await old.get('/api/me')).status).toBe(401)
})

test('without rotation the same id goes on, but a made-up one is never adopted', async () => {
  const demo = await openDemo({ rotateSessionOnSignIn: false })
  const client = createClient(demo.url)
  await client.get('/sign-in')
  const before = client.cookies.get('desk_session')
  const answer = await client.post('/sign-in', { form: credentials('fiona') })
  expect(answer.headers['set-cookie']?.[0]).toContain(`desk_session=${before};`)
  expect((await client.get('/api/me')).status).toBe(200)
  const made = createClient(demo.url, undefined, new Map([['desk_session', 'made-up']]))
  await made.post('/sign-in', { form: credentials('fiona') })
  expect(made.cookies.get('desk_session')).not.toBe('made-up')
})

test('of repeated form fields and JSON keys the last counts', async () => {
  const demo = await openDemo()
  const fiona = 'email=fiona.front%40demo.test&password=front-desk-demo'
  const form = await createClient(demo.url).post('/sign-in', {
    body: `email=mark.manager%40demo.test&${fiona}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(form.status).toBe(303)
  const json = await createClient(demo.url).post('/api/sign-in', {
    body: '{"email":"x@demo.test","email":"fiona.front@demo.test","password":"front-desk-demo"}',
    headers: { 'content-type': 'application/json' },
  })
  expect(json.status).toBe(200)
})

test('next is followed only on this site', async () => {
  const demo = await openDemo()
  const landing = async (next: string) =>
    (await createClient(demo.url).post('/sign-in', { form: { ...credentials('fiona'), next } })).headers
      .location
  expect(await landing('/payments?x=1')).toBe('/payments?x=1')
  for (const next of ['//evil.test', '/\\evil.test', 'https://evil.test', '/\tx', '']) {
    expect(await landing(next)).toBe('/schedule')
  }
})

test('signed out, pages lead to the sign-in and the API says 401', async () => {
  const client = createClient((await openDemo()).url)
  const page = await client.get('/patients?search=a')
  expect([page.status, page.headers.location]).toEqual([303, '/sign-in?next=%2Fpatients%3Fsearch%3Da'])
  for (const path of ['/api/schedule', '/api/me', '/api/patients', '/live/huddle', '/api/longpoll']) {
    const answer = await client.get(path)
    expect([path, answer.status, answer.json()]).toEqual([path, 401, { error: 'signed out' }])
  }
})

test('signing out needs the token of the page, and really ends the session', async () => {
  const demo = await openDemo()
  const client = await signedIn(demo, 'fiona')
  const token = csrfOf((await client.get('/schedule')).text)
  expect((await client.post('/sign-out', { form: { csrf: 'guessed' } })).status).toBe(403)
  const same = createClient(demo.url, undefined, new Map(client.cookies))
  const answer = await client.post('/sign-out', { form: { csrf: token } })
  expect([answer.status, answer.headers.location]).toEqual([303, '/sign-in'])
  expect(client.cookies.size).toBe(0)
  expect((await same.get('/api/me')).status).toBe(401)
})

test('a session lasts twelve hours', async () => {
  let at = morning
  const client = await signedIn(await openDemo({ now: () => at }), 'fiona')
  at += 12 * 60 * 60 * 1000 - 1
  expect((await client.get('/api/me')).status).toBe(200)
  at += 1
  expect((await client.get('/api/me')).status).toBe(401)
})

test('a patient signs in to the portal only, and sees their own chart there', async () => {
  const demo = await openDemo()
  const client = createClient(demo.url)
  expect((await client.get('/portal')).text).toContain('Patient portal')
  expect((await client.post('/sign-in', { form: credentials('paula') })).status).toBe(401)
  const answer = await client.post('/portal/sign-in', { form: credentials('paula') })
  expect([answer.status, answer.headers.location]).toEqual([303, '/portal'])
  expect((await client.get('/portal')).text).toContain('Hello, Paula Nguyen')
  expect((await client.get('/api/me')).json()).toMatchObject({ kind: 'patient', practices: [] })
  expect((await client.get('/schedule')).status).toBe(403)
  expect((await client.get('/api/patients')).status).toBe(403)
  expect((await createClient(demo.url).post('/portal/sign-in', { form: credentials('fiona') })).status).toBe(
    401,
  )
})
