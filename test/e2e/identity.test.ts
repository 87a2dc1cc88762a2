/**
 * Goal: who somebody is comes from the application's own answer about the resulting cookie, never from what was typed.
 * Method: real sign-ins through a gateway, forged and odd ones too; what is bound is read from the admin API.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signIn, signInWell } from '../support/people.ts'

let fleet: Fleet
let admin: AdminClient
let app: string

beforeAll(async () => {
  fleet = await startFleet({ gateways: 1 })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  app = fleet.gateways[0]!.addresses.application
}, 60_000)
afterAll(() => fleet?.close())

type Session = { method: string; address: string; device: string; practices: { id: string }[] }
type Users = { users: { email: string; name: string; sessions: Session[] }[] }
const active = async (practice: string): Promise<Users['users']> =>
  ((await admin.read(`/api/practices/${practice}/active-users`)).json() as Users).users

test('a sign-in is listed with user, method, address, device and practices', async () => {
  const dan = createClient(app, '127.0.0.4')
  const page = await dan.get('/sign-in')
  expect(page.status).toBe(200)
  const csrf = /name="csrf"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  await dan.post('/sign-in', {
    form: { csrf, email: 'dan.dentist@demo.test', password: 'dentist-demo', next: '/schedule' },
    headers: {
      'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0',
    },
  })
  for (const practice of ['riverside', 'lakeview']) {
    const user = (await active(practice)).find(({ email }) => email.startsWith('dan'))
    expect(user?.name).toBe('Dr. Dan Whitaker')
    expect(user?.sessions[0]).toMatchObject({ method: 'app-password', address: '127.0.0.4' })
    expect(user?.sessions[0]?.device).toMatch(/Firefox.*Windows/)
    expect(user?.sessions[0]?.practices.map(({ id }) => id).toSorted()).toEqual(['lakeview', 'riverside'])
  }
})

test('the application never receives the companion cookie and its own session id is rotated at sign-in', async () => {
  const mark = createClient(app)
  await signInWell(mark, 'mark')
  const companion = mark.cookies.get('gatehouse')
  expect(companion).toMatch(/^[A-Za-z0-9_-]{43}$/)
  await mark.get('/schedule')
  for (const request of fleet.demo.requests()) expect(request.headers.cookie ?? '').not.toContain(companion)
  const seen = fleet.demo.requests().findLast(({ path }) => path === '/schedule')
  expect(seen?.headers['x-gatehouse-email']).toBe('mark.manager@demo.test')
  expect(seen?.headers['x-gatehouse-practice']).toBe('riverside')
})

test.each([
  [
    'a form with two names',
    'application/x-www-form-urlencoded',
    (csrf: string) =>
      `csrf=${csrf}&email=olivia.owner%40demo.test&email=fiona.front%40demo.test&password=front-desk-demo`,
    '/sign-in',
  ],
  [
    'JSON with a duplicate key',
    'application/json',
    () => '{"email":"olivia.owner@demo.test","email":"fiona.front@demo.test","password":"front-desk-demo"}',
    '/api/sign-in',
  ],
])('%s never binds another user', async (_name, type, body, path) => {
  const client = createClient(app, '127.0.0.9')
  const page = await client.get('/sign-in')
  const csrf = /name="csrf"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  await client.post(path, { body: body(csrf), headers: { 'content-type': type } })
  const owners = (await active('riverside')).filter(({ email }) => email.startsWith('olivia'))
  expect(owners.flatMap(({ sessions }) => sessions).filter(({ address }) => address === '127.0.0.9')).toEqual(
    [],
  )
  const request = await client.get('/api/settings', { navigation: false })
  if (request.status === 200) {
    const seen = fleet.demo.requests().findLast(({ path: seenPath }) => seenPath === '/api/settings')
    expect(seen?.headers['x-gatehouse-email']).toBe('fiona.front@demo.test')
  }
})

test('a wrong password opens no session', async () => {
  const client = createClient(app, '127.0.0.8')
  const page = await client.get('/sign-in')
  const csrf = /name="csrf"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  const answer = await client.post('/sign-in', {
    form: { csrf, email: 'fiona.front@demo.test', password: 'wrong' },
  })
  expect(answer.status).toBe(401)
  expect(client.cookies.has('gatehouse')).toBe(false)
  expect((await client.get('/api/schedule', { navigation: false })).status).toBe(401)
})

test("signing out in the application ends the gateway's session", async () => {
  const bea = createClient(app)
  await signIn(bea, 'bea')
  const page = await bea.get('/schedule')
  const csrf = /name="csrf"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  const companion = bea.cookies.get('gatehouse') ?? ''
  expect((await bea.post('/sign-out', { form: { csrf } })).status).toBe(303)
  const later = createClient(app, '127.0.0.1', new Map([['gatehouse', companion]]))
  expect((await later.get('/api/schedule', { navigation: false })).status).toBe(401)
  expect((await active('lakeview')).filter(({ email }) => email.startsWith('bea'))).toEqual([])
})

test("the gateway's session ending ends the application's, by its own sign-out", async () => {
  /** What the application says of this cookie when it is asked around the gateway. */
  const cookieOf = (client: ReturnType<typeof createClient>) =>
    new Map([['desk_session', client.cookies.get('desk_session') ?? '']])
  const around = async (cookies: ReadonlyMap<string, string>): Promise<number> =>
    (await createClient(fleet.demo.url, '127.0.0.1', new Map(cookies)).get('/api/me')).status
  const told = () => fleet.demo.requests().filter(({ path }) => path === '/api/session').length

  const dan = createClient(app, '127.0.0.4')
  await signInWell(dan, 'dan')
  const dans = cookieOf(dan)
  expect(await around(dans)).toBe(200)
  const listed = (await admin.read('/api/practices/riverside/active-users')).json() as {
    users: { user: string; email: string }[]
  }
  const { user } = listed.users.find(({ email }) => email.startsWith('dan'))!
  await admin.edit('POST', `/api/practices/riverside/users/${user}/revoke-everywhere`, {})
  // Practice by practice: the browser may come back between the two of them.
  await expect
    .poll(async () => {
      await dan.get('/api/schedule', { navigation: false })
      return around(dans)
    })
    .toBe(401)
  expect(dan.cookies.has('desk_session')).toBe(false)
  // Once, however often the browser comes with it.
  const before = told()
  const again = createClient(app, '127.0.0.4', new Map(dans))
  for (let i = 0; i < 3; i += 1) await again.get('/api/schedule', { navigation: false })
  expect(told()).toBe(before)

  const helen = createClient(app, '127.0.0.5')
  await signInWell(helen, 'helen')
  const helens = cookieOf(helen)
  const page = await helen.get('/.gatehouse/access?leave')
  const token = /name="token"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  expect(
    (await helen.post('/.gatehouse/access', { form: { token, do: 'leave' }, headers: { origin: app } }))
      .status,
  ).toBe(303)
  expect(await around(helens)).toBe(401)
})

test('whose only practice is retired is signed out, and told so at the next sign-in too', async () => {
  const bea = createClient(app)
  await signInWell(bea, 'bea')
  expect((await bea.get('/schedule')).status).toBe(200)
  const of = '/api/practices/lakeview'
  const { name, revision } = (await admin.read(`${of}/retirement`)).json() as {
    name: string
    revision: number
  }
  const wish = { reason: 'They left.', contact: 'Maya, ext. 12', confirmPracticeName: name }
  const { sequence } = await admin.edit<{ sequence: number }>('POST', `${of}/retire`, wish, revision)
  await activeEverywhere(admin, sequence)
  const told = async () => (await bea.get('/schedule')).text
  await expect.poll(told).toContain('no longer at Gatehouse')
  expect(await told()).not.toContain('See schedule')
  expect((await signIn(bea, 'bea')).text).toMatch(/no longer at Gatehouse.*Maya, ext\. 12/s)
  const dan = createClient(app, '127.0.0.4')
  await signInWell(dan, 'dan')
  // Who has another one goes on there, and is not let past the one that is gone by it.
  dan.cookies.set('desk_practice', 'riverside')
  expect((await dan.get('/schedule')).status).toBe(200)
  dan.cookies.set('desk_practice', 'lakeview')
  const refused = await dan.get('/schedule')
  expect([refused.status, refused.text.includes('no longer at Gatehouse')]).toEqual([403, true])
})
