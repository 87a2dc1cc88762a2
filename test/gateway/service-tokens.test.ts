/**
 * Goal: a machine with a service token is held to its routes, methods, addresses, practice and expiry, never to hours or a
 * second factor, and never taken for a person. Method: a whole gateway, real requests, signed records, a stepped clock.
 */
import { createConnection } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fleetKey, openFleet } from '../../runtime/fleet-seal.ts'
import { keys } from '../../runtime/keys.ts'
import type { Report, TokenRecord } from '../../runtime/records.ts'
import { hashToken, newServiceToken } from '../../runtime/token.ts'
import type { Answer } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

const sync = newServiceToken()
const year = 365 * 86_400_000

const record = (token: string, change: Partial<TokenRecord> = {}): TokenRecord => ({
  id: 'tok_sync',
  name: 'Nightly sync',
  hash: hashToken(token),
  routes: ['app GET /payments', 'app GET /events', 'app POST /patients/:id'],
  methods: 'anything',
  ranges: ['127.0.0.1'],
  permissions: ['view-practice-management-data', 'view-financial-data', 'view-payments-dashboard'],
  revoked: false,
  expiresAt: Date.now() + year,
  ...change,
})

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
  // Closed for everybody, from everywhere, without a second factor.
  await stand.control.savePolicy('riverside', ({ controls, ...document }) => ({
    ...document,
    ipEntries: [
      {
        ...{ id: 'office', range: '127.0.0.9/32', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
    timeWindows: [
      {
        ...{ id: 'past', label: 'Past', days: ['mon'], start: '08:00', end: '09:00', zone: null },
        ...{
          audience: 'practice',
          insteadOfRoleHours: false,
          validFrom: '2020-01-01',
          validTo: '2020-02-01',
        },
      },
    ],
    controls: {
      ...controls,
      time: { ...controls.time, mode: 'enforce' },
      ip: { ...controls.ip, mode: 'enforce' },
      twoFactor: { ...controls.twoFactor, mode: 'enforce' },
    },
  }))
})
afterAll(() => stand.close())
beforeEach(() => stand.control.saveTokens('riverside', [record(sync)]))

const ask = (
  path: string,
  headers: Readonly<Record<string, string>>,
  { method = 'GET', from = '127.0.0.1' } = {},
): Promise<Answer> => stand.client(from).send(path, { method, headers, navigation: false })
const withToken = (token: string): Readonly<Record<string, string>> => ({ 'X-Gatehouse-Token': token })
const problem = (answer: Answer) => answer.json() as { reason?: string; code?: string }

/** Resolves once the gateway has heard of the tokens that `beforeEach` or a test saved. */
const heard = () => eventually(() => stand.gateways[0]!.state.sequence() >= stand.control.sequence(), 'heard')

test('passes outside hours, unlisted by the practice and without a second factor, and is named as a machine', async () => {
  await heard()
  const answer = await ask('/payments', withToken(sync))
  expect(answer.status).toBe(200)
  const { headers } = stand.application.arrived.at(-1)!
  expect(headers).toMatchObject({
    'x-gatehouse-user': 'tok_sync',
    'x-gatehouse-session': 'tok_sync',
    'x-gatehouse-practice': 'riverside',
    'x-gatehouse-roles': '',
  })
  expect(headers['x-gatehouse-permissions']).toContain('view-payments-dashboard')
  const [, body = ''] = String(headers['x-gatehouse-assertion']).split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  expect(claims).toMatchObject({ sub: 'tok_sync', name: 'Nightly sync', acr: 'service-token' })
  expect(JSON.stringify(headers)).not.toContain(sync)
  expect(answer.headers['set-cookie']).toBeUndefined()
})

test('goes on in no spelling, on public routes too', async () => {
  await heard()
  for (const name of ['X-Gatehouse-Token', 'x_gatehouse_token', 'X-Gatehouse.Token'])
    for (const path of ['/public/a', '/sign-in']) {
      expect((await ask(path, { [name]: sync })).status).toBe(200)
      expect(JSON.stringify(stand.application.arrived.at(-1)!.headers)).not.toContain('ght_')
    }
})

test('a spelling that is not the header is no token', async () => {
  await heard()
  const answer = await ask('/payments', { x_gatehouse_token: sync })
  expect(answer.status).toBe(401)
  expect(problem(answer).reason).toBe('not-signed-in')
})

test('is refused elsewhere: by address, route, method, permission, practice', async () => {
  await heard()
  const reasonOf = async (...of: Parameters<typeof ask>) => {
    const answer = await ask(...of)
    expect(answer.status).toBe(403)
    expect(problem(answer).code).toMatch(/^GH-/)
    return problem(answer).reason
  }
  const token = withToken(sync)
  expect(await reasonOf('/payments', token, { from: '127.0.0.2' })).toBe('address-not-allowed')
  expect(await reasonOf('/home', token)).toBe('token-out-of-scope')
  expect(await reasonOf('/PAYMENTS/', token)).toBe('token-out-of-scope')
  expect(await reasonOf('/payments', { ...token, cookie: 'practice=lakeview' })).toBe('not-a-member')
  await stand.control.saveTokens('riverside', [record(sync, { methods: ['POST'] })])
  await heard()
  expect(await reasonOf('/payments', token)).toBe('token-out-of-scope')
  await stand.control.saveTokens('riverside', [record(sync, { permissions: [] })])
  await heard()
  expect(await reasonOf('/payments', token)).toBe('permission-missing')
})

test('unknown, malformed, revoked and expired ones get one answer, byte for byte', async () => {
  const [revoked, expired] = [newServiceToken(), newServiceToken()]
  await stand.control.saveTokens('riverside', [
    record(sync),
    record(revoked, { id: 'tok_revoked', revoked: true }),
    record(expired, { id: 'tok_expired', expiresAt: 1 }),
  ])
  await heard()
  const answers = await Promise.all(
    [newServiceToken(), 'x', '', revoked, expired].map((token) =>
      ask('/payments', withToken(token), { from: '127.0.0.3' }),
    ),
  )
  const shown = answers.map(({ status, text, headers: { date: _date, ...rest } }) =>
    JSON.stringify([status, text, rest]),
  )
  expect(answers[0]!.status).toBe(401)
  expect(new Set(shown).size).toBe(1)
})

test('beside a person’s credential is 400, on public routes too, whatever the token is worth', async () => {
  await heard()
  const person = stand.client()
  await stand.signIn(person, 'ann')
  const cookies = person.cookieHeader()
  for (const cookie of [cookies, 'sid=whatever', `gatehouse=${'a'.repeat(43)}`, 'sid=a; sid=b'])
    for (const [path, token] of [
      ['/payments', sync],
      ['/public/a', sync],
      ['/payments', 'wrong'],
    ] as const)
      expect([path, cookie, (await ask(path, { ...withToken(token), cookie })).status]).toEqual([
        path,
        cookie,
        400,
      ])
})

test('one that was good once is counted like an invented one', async () => {
  const revoked = newServiceToken()
  await stand.control.saveTokens('riverside', [record(revoked, { id: 'tok_revoked', revoked: true })])
  await heard()
  const tries = await Promise.all(
    Array.from({ length: 40 }, () => ask('/payments', withToken(revoked), { from: '127.0.0.5' })),
  )
  expect(tries.filter(({ status }) => status === 401)).toHaveLength(30)
  expect(tries.filter(({ status }) => status === 429)).toHaveLength(10)
})

test('many wrong ones from one address are answered 429 there, while the right one passes', async () => {
  await heard()
  const tries = await Promise.all(
    Array.from({ length: 40 }, () => ask('/payments', withToken(newServiceToken()), { from: '127.0.0.4' })),
  )
  expect(tries.filter(({ status }) => status === 401)).toHaveLength(30)
  expect(tries.filter(({ status }) => status === 429)).toHaveLength(10)
  await stand.control.saveTokens('riverside', [record(sync, { ranges: 'anywhere' })])
  await heard()
  expect((await ask('/payments', withToken(sync), { from: '127.0.0.4' })).status).toBe(200)
})

test('a revocation refuses the next request and cuts what is open', async () => {
  await heard()
  const { port } = new URL(stand.gateways[0]!.addresses.application)
  const socket = createConnection(Number(port), '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  const begun = new Promise<void>((resolve) => socket.once('data', () => resolve()))
  socket.write(
    `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Gatehouse-Token: ${sync}\r\nAccept: text/event-stream\r\n\r\n`,
  )
  await begun
  expect(stand.gateways[0]!.state.openExchanges()).toBe(1)
  await stand.control.saveTokens('riverside', [record(sync, { revoked: true })])
  await closed
  expect((await ask('/payments', withToken(sync))).status).toBe(401)
  await stand.control.saveTokens('riverside', [])
  await heard()
  expect((await ask('/payments', withToken(sync))).status).toBe(401)
})

test('its use is told once a minute, and no report or answer holds it', async () => {
  await heard()
  await ask('/payments', withToken(sync))
  await ask('/payments', withToken(sync))
  const fleet = fleetKey('a-cluster-key-for-tests-only-0123456789')
  const reports = async (): Promise<readonly Report[]> => {
    const entries = await stand.store.readAfter(keys.reports, '0-0', 1_000, 0)
    return entries.flatMap(({ text }) => JSON.parse(openFleet(fleet, keys.reports, text) ?? '[]') as Report[])
  }
  await eventually(
    async () => (await reports()).some(({ kind }) => kind === 'token-used'),
    'a report of its use',
  )
  const all = await reports()
  expect(JSON.stringify(all)).not.toContain('ght_')
  const refused = all.filter((report) => report.kind === 'refusal')
  expect(refused.every(({ token }) => token?.startsWith('tok_') ?? true)).toBe(true)
})
