/**
 * Goal: what worked against other access proxies does not work against the whole of this one.
 * Method: raw bytes and forged browsers against two gateways and the admin origin, on real stores.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { everyRoute } from '../../admin/api/api.ts'
import { type AdminClient, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'
import { connectRaw } from '../support/raw-http.ts'

let fleet: Fleet
let admin: AdminClient
let first: string
let second: string

beforeAll(async () => {
  fleet = await startFleet()
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  const [one, two] = fleet.gateways.map(({ addresses }) => addresses.application)
  first = one!
  second = two!
}, 60_000)
afterAll(() => fleet?.close())

test('whoever signs in for the first time at one gateway is known at once at the other', async () => {
  // One after another, so that each is a new member whom the other gateway has not heard of.
  for (const who of ['fiona', 'mark', 'bea']) {
    const client = createClient(first)
    await signInWell(client, who)
    const there = client.elsewhere({ base: second })
    expect((await there.get('/schedule')).status, who).toBe(200)
  }
})

test("the admin console's cookie never reaches the application", async () => {
  const token = admin.client.cookies.get('gatehouse-admin')
  expect(token).toMatch(/^[A-Za-z0-9_-]{40,}$/)
  const client = createClient(first)
  await signInWell(client, 'fiona')
  // A browser sends the cookies of all ports of a host.
  for (const name of ['gatehouse-admin', 'Gatehouse_Admin', '__Host-gatehouse-admin', 'gatehouse-admin.x'])
    client.cookies.set(name, token!)
  expect((await client.get('/schedule')).status).toBe(200)
  for (const { headers } of fleet.demo.requests()) expect(headers.cookie ?? '').not.toContain(token)
})

test('no unsafe route of the admin API is moved by another page, nor without the token against forgery', async () => {
  const { origin } = new URL(fleet.control().addresses.admin)
  const me = (await admin.read('/api/me')).json() as { csrf: string }
  const unsafe = everyRoute.filter(({ method }) => !['get', 'head'].includes(method))
  expect(unsafe.length).toBeGreaterThan(5)
  const forged: readonly Readonly<Record<string, string>>[] = [
    { 'x-gatehouse-csrf': me.csrf },
    { origin: first, 'x-gatehouse-csrf': me.csrf },
    { origin: 'null', 'x-gatehouse-csrf': me.csrf },
    { origin, 'sec-fetch-site': 'same-site', 'x-gatehouse-csrf': me.csrf },
    { origin },
    { origin, 'x-gatehouse-csrf': `${me.csrf}x` },
  ]
  for (const route of unsafe)
    for (const headers of forged) {
      const path = route.getRoutingPath().replace(':practice', 'riverside').replace(/:\w+/g, '1')
      // Neither a body nor its type: what a form of another page can leave out.
      const answer = await admin.client.send(path, {
        method: route.method.toUpperCase(),
        headers,
        navigation: false,
      })
      expect([answer.status, (answer.json() as { type: string }).type], `${route.method} ${path}`).toEqual([
        403,
        expect.stringContaining('forged-request'),
      ])
    }
})

test('nothing that a client says of itself lets it pass', async () => {
  const claims = [
    { 'user-agent': 'kube-probe/1.33' },
    { 'user-agent': 'GoogleHC/1.0', referer: `${first}/sign-in` },
    { 'user-agent': 'Gatehouse', 'x-gatehouse-user': 'usr_1', 'x-gatehouse-permissions': 'all' },
    { 'x-forwarded-uri': '/book', 'x-original-url': '/book', 'x-forwarded-for': '127.0.0.1' },
    { authorization: 'Bearer null', 'x-requested-with': 'XMLHttpRequest' },
  ]
  const before = fleet.demo.requests().length
  for (const headers of claims) {
    const answer = await createClient(first).get('/api/schedule', { headers, navigation: false })
    expect(answer.status, JSON.stringify(headers)).toBe(401)
  }
  expect(fleet.demo.requests()).toHaveLength(before)
})

test('no raw request ends a process: everything is answered or hung up on, and both origins still serve', async () => {
  const heads = [
    'GET / HTTP/1.1\r\nHost: x\r\n__proto__: 1\r\nconstructor: 2\r\n\r\n',
    'GET /?__proto__[x]=1 HTTP/1.1\r\nHost: x\r\nCookie: __proto__=1; constructor=2; =; ;;\r\n\r\n',
    'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n',
    'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET http:http://x/settings HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n',
    'POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ]
  const origins = [first, second, fleet.control().addresses.admin, fleet.control().addresses.internal]
  for (const origin of origins)
    for (const head of heads) {
      const client = await connectRaw(Number(new URL(origin).port))
      client.write(head)
      client.socket.end()
      const answer = await client.closed()
      expect(answer, JSON.stringify(head)).not.toMatch(/^HTTP\/1\.1 5(?!01|05)/)
    }
  for (const origin of [first, second, fleet.control().addresses.admin])
    expect((await createClient(origin).get('/sign-in')).status).toBe(200)
})
