/**
 * Goal: whatever lasts is cut when its person may not go on, for each reason there is: streams and sockets at once, what
 * would end by itself after 30 s where only a window ended. Method: every kind open at one gateway for one person, then
 * the cause; the clock is stepped.
 */
import http from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PolicyDocument } from '../../policies/document.ts'
import { endedHere } from '../../runtime/records.ts'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { openEvents, openSocket } from '../support/streams.ts'

const hour = 3_600_000
const kinds = ['websocket', 'events', 'poll', 'download', 'upload'] as const
type Kind = (typeof kinds)[number]
/** How it ended: a close code with its reason, a status where it was refused, or broken off. */
type End = string

let stand: Stand
let client: Client

const needed = { any: ['view-patient-window'] }

beforeEach(async () => {
  stand = await startStand({
    change: (config) => ({
      ...config,
      // Longer than the time that passes until a request counts as a long poll.
      gateway: { ...config.gateway, leaseMs: 60_000 },
      upstreams: config.upstreams.map((upstream) => ({
        ...upstream,
        routes: [...upstream.routes, { match: '* /lasting/**', ...needed } as (typeof upstream.routes)[0]],
      })),
    }),
  })
  await policy((document) => document)
  client = stand.client()
  await stand.signIn(client, 'ann')
  expect((await client.get('/patients/7')).status).toBe(200)
})
afterEach(() => stand.close())

const known = (): Promise<void> =>
  eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'applied')

const policy = async (
  change: (document: PolicyDocument) => PolicyDocument,
  confirmBy: number | null = null,
): Promise<void> => {
  await stand.control.savePolicy(
    'riverside',
    (before) => {
      const document = change(before)
      const permission = { ...document.controls.permission, mode: 'enforce' as const }
      return { ...document, controls: { ...document.controls, permission } }
    },
    confirmBy,
  )
  await known()
}

/** From here only, until `expiresAt`. */
const fromHere =
  (expiresAt: number | null, range = '127.0.0.0/24') =>
  (document: PolicyDocument): PolicyDocument => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'here', range, label: 'Here', audience: 'practice', on: true, expiresAt },
        ...{ note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  })

/** With these timeouts of the role that they hold. */
const withRole =
  (change: Partial<PolicyDocument['roles'][0]>) =>
  (document: PolicyDocument): PolicyDocument => ({
    ...document,
    roles: document.roles.map((role) => (role.id === 'front-desk' ? { ...role, ...change } : role)),
  })

const openHours = (document: PolicyDocument): PolicyDocument => {
  const at = (ms: number): string => new Date(stand.clock.now() + ms).toISOString().slice(11, 13)
  return {
    ...document,
    controls: { ...document.controls, time: { ...document.controls.time, mode: 'enforce' } },
    timeWindows: [
      {
        ...{ id: 'now', label: null, audience: 'practice', days: [...days], insteadOfRoleHours: false },
        ...{ start: `${at(-hour)}:00`, end: `${at(hour)}:00`, zone: 'UTC', validFrom: null, validTo: null },
      },
    ],
  }
}
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** An ordinary request on its way; ends with the status it was refused with, or broken off in the middle. */
const openRequest = (method: string, path: string, begun: (request: http.ClientRequest) => void) => {
  const { promise: ended, resolve } = Promise.withResolvers<End>()
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  const request = http.request(
    new URL(path, stand.gateways[0]!.addresses.application),
    { method, agent: false, headers: { cookie: client.cookieHeader(), accept: 'application/json' } },
    (response) => {
      answer()
      response.resume()
      response.on('error', () => {})
      response.on('close', () =>
        resolve(response.complete ? `${response.statusCode}` : `${response.statusCode} broken off`),
      )
    },
  )
  request.on('error', () => resolve('broken off'))
  begun(request)
  return { ended, answered }
}

const arrived = (path: string): Promise<void> =>
  eventually(() => stand.application.arrived.some(({ url }) => url === path), `${path} arrived`)

/** Opens one and resolves once it is forwarded. */
const open = async (kind: Kind): Promise<{ readonly ended: Promise<End> }> => {
  const base = stand.gateways[0]!.addresses.application
  const path = `/lasting/${kind}`
  switch (kind) {
    case 'websocket':
      return {
        ended: (await openSocket(base, path, client)).ended.then(({ code, reason }) => `${code} ${reason}`),
      }
    case 'events':
      return { ended: (await openEvents(base, path, client)).ended.then(({ reason }) => reason) }
    case 'poll': {
      const { ended } = openRequest('GET', path, (request) => request.end())
      await arrived(path)
      stand.clock.elapse(6_000)
      return { ended }
    }
    case 'download': {
      const { ended, answered } = openRequest('GET', path, (request) => request.end())
      await answered
      return { ended }
    }
    case 'upload': {
      const { ended } = openRequest('POST', path, (request) => request.write('begun'))
      await arrived(path)
      return { ended }
    }
  }
}

type Cause = {
  readonly name: string
  readonly reason: string
  /** The status of the refusal where nothing was answered yet. */
  readonly status: number
  prepare?(): Promise<unknown>
  strike(): unknown
}

const causes: readonly Cause[] = [
  {
    name: 'the user was revoked',
    reason: 'session-revoked',
    status: 401,
    strike: () => stand.control.revoke('riverside', 'usr_ann'),
  },
  {
    name: 'their factors were reset, which ends their sessions',
    reason: 'session-ended',
    status: 401,
    strike: async () => {
      await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, factors: [] }))
      for (const tokenHash of stand.control.sessions.keys())
        await stand.control.endSession(tokenHash, 'revoked')
    },
  },
  {
    name: 'their session was ended in this practice alone',
    reason: 'session-revoked',
    status: 401,
    strike: async () => {
      for (const tokenHash of stand.control.sessions.keys())
        await stand.control.changeSession(tokenHash, { epochs: { riverside: endedHere } })
    },
  },
  {
    name: 'the idle time of their role ran out, although their streams went on',
    reason: 'session-idle',
    status: 401,
    prepare: () => policy(withRole({ idleMs: hour / 6 })),
    strike: () => stand.clock.advance(hour / 6 + 1),
  },
  {
    name: 'the longest time of their role ran out',
    reason: 'session-expired',
    status: 401,
    prepare: () => policy(withRole({ absoluteMs: hour / 6 })),
    strike: () => stand.clock.advance(hour / 6 + 1),
  },
  {
    name: 'sessions were bound to the network of their sign-in, which was another',
    reason: 'network-changed',
    status: 401,
    prepare: async () => {
      for (const tokenHash of stand.control.sessions.keys())
        await stand.control.changeSession(tokenHash, { address: '192.0.2.9' })
    },
    strike: () =>
      policy((document) => ({ ...document, sessions: { ...document.sessions, bindToNetwork: true } })),
  },
  {
    name: 'the entry of their network was removed',
    reason: 'address-not-allowed',
    status: 403,
    prepare: () => policy(fromHere(null)),
    strike: () => policy(fromHere(null, '127.9.9.9/32')),
  },
  {
    name: 'the entry of their network expired',
    reason: 'address-not-allowed',
    status: 403,
    prepare: () => policy(fromHere(stand.clock.now() + hour)),
    strike: () => stand.clock.advance(hour + 1),
  },
  {
    name: 'they lost their role',
    reason: 'permission-missing',
    status: 403,
    strike: () => stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, roles: [] })),
  },
  {
    name: 'they left the practice',
    reason: 'not-a-member',
    status: 403,
    strike: () => stand.control.saveMember('riverside', 'usr_ann', () => null),
  },
  {
    name: 'another policy asks for more',
    reason: 'two-factor-not-enrolled',
    status: 401,
    strike: () =>
      policy((document) => ({
        ...document,
        controls: { ...document.controls, twoFactor: { ...document.controls.twoFactor, mode: 'enforce' } },
      })),
  },
  {
    name: 'a policy was not confirmed in time, and the one before refuses',
    reason: 'address-not-allowed',
    status: 403,
    prepare: async () => {
      await policy(fromHere(null, '127.9.9.9/32'))
      await policy(fromHere(null), stand.clock.now() + hour)
    },
    strike: () => stand.clock.advance(hour + 1),
  },
]

const endOf = (kind: Kind, { reason, status }: Pick<Cause, 'reason' | 'status'>): End => {
  const ends = { websocket: `1008 ${reason}`, events: 'aborted', download: '200 broken off' }
  return kind === 'poll' || kind === 'upload' ? `${status}` : ends[kind]
}

describe.each(causes)('when $name', (cause) => {
  test('everything that lasts is cut at once', async () => {
    await cause.prepare?.()
    const ends = new Map<Kind, Promise<End>>()
    for (const kind of kinds) ends.set(kind, (await open(kind)).ended)
    expect(stand.gateways[0]!.state.openExchanges()).toBe(kinds.length)
    await cause.strike()
    for (const [kind, end] of ends) expect([kind, await end]).toEqual([kind, endOf(kind, cause)])
    expect(stand.gateways[0]!.state.openExchanges()).toBe(0)
    const next = await client.get('/lasting/any', { navigation: false })
    expect(next.status).toBe(cause.status)
  })
})

test('when a window ends, sockets, events and long polls are cut, and what is under way gets 30 s', async () => {
  await policy(openHours)
  const ends = new Map<Kind, Promise<End>>()
  for (const kind of kinds) ends.set(kind, (await open(kind)).ended)
  stand.clock.advance(2 * hour)
  const closed = { reason: 'window-closed', status: 403 }
  for (const kind of ['websocket', 'events', 'poll'] as const)
    expect([kind, await ends.get(kind)]).toEqual([kind, endOf(kind, closed)])
  expect(stand.gateways[0]!.state.openExchanges()).toBe(2)
  stand.clock.advance(29_000)
  // Saved once more: whatever is open is judged again at this moment, and stays.
  await policy((same) => same)
  expect(stand.gateways[0]!.state.openExchanges()).toBe(2)
  stand.clock.advance(2_000)
  for (const kind of ['download', 'upload'] as const)
    expect([kind, await ends.get(kind)]).toEqual([kind, endOf(kind, closed)])
})

test('what gets 30 s at the end of a window is cut at once by a revocation', async () => {
  await policy(openHours)
  const ends = [(await open('download')).ended, (await open('upload')).ended]
  stand.clock.advance(2 * hour)
  await eventually(
    async () => (await client.get('/patients/7', { navigation: false })).status === 403,
    'closed',
  )
  expect(stand.gateways[0]!.state.openExchanges()).toBe(2)
  await stand.control.revoke('riverside', 'usr_ann')
  expect(await Promise.all(ends)).toEqual(['200 broken off', '401'])
})

test('a bound session passes from its /24 and asks for another sign-in elsewhere', async () => {
  await policy((document) => ({ ...document, sessions: { ...document.sessions, bindToNetwork: true } }))
  const from = async (address: string) => {
    const other = stand.client(address)
    for (const [name, value] of client.cookies) other.cookies.set(name, value)
    return (await other.get('/patients/7', { navigation: false })).status
  }
  expect([await from('127.0.0.77'), await from('127.0.9.1')]).toEqual([200, 401])
})
