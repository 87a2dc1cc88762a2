/**
 * The built admin UI behind its real headers, with canned answers of the API in the place of the control plane.
 *
 * It decides nothing and keeps nothing. Invariant: a canned 2xx answer is parsed by the contract's schema before it
 * is sent; whatever the pages ask beyond the contract is a 500 and fails the test that looks at `strays`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { routes } from '../../../admin/api/contract/api.ts'
import { createUiAssets } from '../../../admin/ui-assets.ts'
import { ensureUiBuilt } from '../../../tools/build.mjs'
import { accountAnswers } from './canned-account.ts'
import { allowlist } from './canned-allowlist.ts'
import { factorAnswers, factorStatuses } from './canned-factors.ts'
import { generalAnswers } from './canned-general.ts'
import * as hours from './canned-hours.ts'
import { operations } from './canned-operations.ts'
import { peopleAnswers } from './canned-people.ts'
import * as canned from './canned-practice.ts'
import { practiceAnswers } from './canned-practices.ts'
import {
  accessRequests,
  approvedRequest,
  rejectedRequest,
  requestAnswers,
  withdrawnRequest,
} from './canned-requests.ts'
import { roleAnswers } from './canned-roles.ts'
import { timeAnswers } from './canned-time.ts'

/** A request that changed something, as it came. */
export type Sent = {
  readonly what: string
  readonly body: unknown
  readonly ifMatch: string | undefined
  readonly csrf: string | undefined
}

/** The server, and what it was asked. */
export type CannedServer = {
  readonly origin: string
  readonly sent: readonly Sent[]
  /** What was asked by POST and changes nothing: whom a draft would refuse. */
  readonly asked: readonly Sent[]
  /** Requests that the contract does not know. */
  readonly strays: readonly string[]
  /** From now on `GET /api/…` (path without query) is answered so, with status 0 never; resets at `forget`. */
  readonly answer: (what: string, status: number, body: unknown) => void
  /** Sends one live message to every page. */
  readonly tell: (kind: string, message: object) => void
  /** Ends every live stream, as a restart of the control plane does. */
  readonly dropStreams: () => void
  readonly forget: () => void
  readonly close: () => Promise<void>
}

const created: ReadonlySet<string> = new Set(
  [
    ...['ip-entries', 'time-windows', 'time-exceptions', 'scheduled-changes', 'roles', 'users'],
    'users/:user/extensions',
  ].map((list) => `POST /api/practices/:practice/${list}`),
)

const questions: ReadonlySet<string> = new Set(['POST /api/practices/:practice/impact'])

type Canned = { readonly status: number; readonly body: unknown }

const saved = { revision: 18, sequence: 42 }
const page = { nextCursor: null }
const practice = '/api/practices/:practice'

const good: Readonly<Record<string, unknown>> = {
  ...operations,
  ...allowlist,
  ...timeAnswers,
  ...generalAnswers,
  ...requestAnswers,
  'GET /api/me': canned.me,
  'GET /api/publish/:sequence': { ...canned.everywhere, sequence: 42, everywhereAfterMs: 41 },
  [`GET ${practice}/general`]: canned.general,
  [`POST ${practice}/confirmation/confirm`]: saved,
  [`POST ${practice}/confirmation/revert`]: saved,
  [`POST ${practice}/confirmation/again`]: saved,
  [`PUT ${practice}/controls/ip`]: saved,
  [`PUT ${practice}/controls/time`]: saved,
  [`PUT ${practice}/controls/two-factor`]: saved,
  [`PUT ${practice}/controls/permission`]: saved,
  [`GET ${practice}/time-windows`]: hours.timeWindows,
  [`POST ${practice}/time-windows`]: { ...saved, window: storedWindow(), notes: ['It runs on.'] },
  [`PATCH ${practice}/time-windows/:id`]: { ...saved, window: storedWindow(), notes: [] },
  [`DELETE ${practice}/time-windows/:id`]: saved,
  [`POST ${practice}/time-exceptions`]: { ...saved, exception: storedException(), notes: [] },
  [`PATCH ${practice}/time-exceptions/:id`]: { ...saved, exception: storedException(), notes: [] },
  [`DELETE ${practice}/time-exceptions/:id`]: saved,
  [`GET ${practice}/time-preview`]: hours.timePreview,
  [`GET ${practice}/presets`]: hours.presets,
  [`POST ${practice}/presets/:preset/apply`]: saved,
  [`POST ${practice}/presets/undo`]: saved,
  [`GET ${practice}/ip-entries`]: { revision: 17, total: 3, entries: canned.entries, ...page },
  [`POST ${practice}/ip-entries`]: { ...saved, entry: stored(0), notes: ['203.0.113.0/24 contains "Lab".'] },
  [`PATCH ${practice}/ip-entries/:id`]: { ...saved, entry: stored(0), notes: [] },
  [`DELETE ${practice}/ip-entries/:id`]: saved,
  [`POST ${practice}/ip-entries/test`]: {
    listed: true,
    entry: { id: 'ipe-office', label: 'Office Network', range: '203.0.113.0/24' },
    inScope: true,
    mode: 'monitor',
    sentence: '203.0.113.7 is in "Office Network" (203.0.113.0/24), which serves the whole practice.',
  },
  [`GET ${practice}/my-address`]: canned.myAddress,
  [`GET ${practice}/active-users`]: { total: 2, users: canned.activeUsers, ...page },
  [`POST ${practice}/sessions/:id/revoke`]: { sequence: 42, sessions: 1 },
  [`POST ${practice}/users/:user/revoke`]: { sequence: 42, sessions: 2 },
  [`POST ${practice}/active-users/revoke-all-but-mine`]: { sequence: 42, sessions: 2 },
  [`GET ${practice}/two-factor`]: factorStatuses,
  [`POST ${practice}/users/:user/two-factor/reset`]: { sequence: 42, sessions: 2 },
  [`GET ${practice}/access-requests`]: accessRequests,
  [`POST ${practice}/access-requests/:id/approve`]: { request: approvedRequest, sequence: 42 },
  [`POST ${practice}/access-requests/:id/reject`]: { request: rejectedRequest, sequence: null },
  [`POST ${practice}/access-requests/:id/withdraw`]: { request: withdrawnRequest, sequence: 42 },
  [`PUT ${practice}/controls/requests`]: saved,
  [`GET ${practice}/users`]: { version: 5, total: 4, members: canned.members, ...page },
  [`PUT ${practice}/users/:user/roles`]: { version: 6, sequence: 42 },
  [`POST ${practice}/users/:user/suspend`]: { version: 6, sequence: 42 },
  [`POST ${practice}/users/:user/rejoin`]: { version: 6, sequence: 42 },
  [`GET ${practice}/roles`]: { revision: 17, roles: canned.roles },
  [`GET ${practice}/security-events`]: { events: canned.events, ...page },
  [`GET ${practice}/security-events/verify`]: canned.chain,
  [`GET ${practice}/decisions`]: { decisions: canned.decisions, ...page },
  ...peopleAnswers,
  ...roleAnswers,
  ...factorAnswers,
  ...accountAnswers,
  ...practiceAnswers,
}

function stored(place: number): unknown {
  const { id, range, label, audience, on, expiresAt, note, createdBy, createdAt } = canned.entries[place]!
  return { id, range, label, audience, on, expiresAt, note, createdBy, createdAt }
}

function storedWindow(): unknown {
  const { audienceName: _, sentence: __, ...window } = hours.timeWindows.windows[0]!
  return window
}

function storedException(): unknown {
  const { audienceName: _, sentence: __, past: ___, ...exception } = hours.timeWindows.exceptions[0]!
  return exception
}

type Declared = {
  readonly method: string
  readonly getRoutingPath: () => string
  readonly responses: Readonly<Record<string, unknown>>
}
const contract = Object.values(routes).flatMap((tab) => Object.values(tab) as readonly Declared[])

const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/:[a-z]+/g, '[^/]+')}$`)

/** Of several, the one with the fewest parameters: `ip-entries/test` before `ip-entries/:id`. */
const routeOf = (method: string, path: string): Declared | undefined =>
  contract
    .filter((route) => route.method.toUpperCase() === method && patternOf(route.getRoutingPath()).test(path))
    .sort(
      (one, other) => one.getRoutingPath().split(':').length - other.getRoutingPath().split(':').length,
    )[0]

type Schema = { readonly parse: (value: unknown) => unknown }
const schemaOf = (route: Declared, status: number): Schema => {
  const answer = route.responses[status] as { readonly content: Record<string, { readonly schema: Schema }> }
  return Object.values(answer.content)[0]!.schema
}

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString())
}

const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, {
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
  })
  response.end(JSON.stringify(body))
}

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

type State = {
  readonly sent: Sent[]
  readonly asked: Sent[]
  readonly strays: string[]
  readonly streams: Set<ServerResponse>
  readonly overrides: Map<string, Canned>
}

/** Answers one request below `/api/`. */
const answerApi = async (
  { sent, asked, strays, streams, overrides }: State,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> => {
  const method = request.method ?? 'GET'
  const route = routeOf(method, path)
  const key = route === undefined ? '' : `${method} ${route.getRoutingPath()}`
  if (method !== 'GET')
    (questions.has(key) ? asked : sent).push({
      what: `${method} ${path}`,
      body: await bodyOf(request),
      ifMatch: header(request, 'if-match'),
      csrf: header(request, 'x-gatehouse-csrf'),
    })
  if (key === 'GET /api/live') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write('retry: 100\n: watching\n\n')
    streams.add(response)
    response.on('close', () => streams.delete(response))
    return
  }
  const special = overrides.get(`${method} ${path}`)
  if (special !== undefined && special.status >= 400) return sendJson(response, special.status, special.body)
  // Left open, as by a server that is slow.
  if (special?.status === 0) return
  const body = special?.body ?? good[key]
  if (route === undefined || body === undefined) {
    strays.push(`${method} ${path}`)
    return sendJson(response, 500, { message: 'not in the contract' })
  }
  if (typeof body === 'string') {
    response.writeHead(200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="canned.csv"',
    })
    response.end(body)
    return
  }
  const status = created.has(key) || !(200 in route.responses) ? 201 : 200
  sendJson(response, status, schemaOf(route, status).parse(body))
}

/** Starts it on a free port of 127.0.0.1; builds the UI first if need be. */
export async function startCannedServer(): Promise<CannedServer> {
  const assets = createUiAssets(await ensureUiBuilt())
  const sent: Sent[] = []
  const asked: Sent[] = []
  const strays: string[] = []
  const streams = new Set<ServerResponse>()
  const overrides = new Map<string, Canned>()
  const state: State = { sent, asked, strays, streams, overrides }

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://canned')
    if (pathname.startsWith('/api/')) {
      answerApi(state, request, response, pathname).catch((error: unknown) => {
        strays.push(`${request.method} ${pathname}: ${String(error)}`)
        sendJson(response, 500, { message: String(error) })
      })
      return
    }
    const page = pathname === '/sign-in' ? new Response('the sign-in page') : assets(pathname, true)
    if (page === null) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(page.status, Object.fromEntries(page.headers))
    void page.arrayBuffer().then((bytes) => response.end(Buffer.from(bytes)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    sent,
    asked,
    strays,
    answer: (what, status, body) => overrides.set(what, { status, body }),
    tell: (kind, message) => {
      for (const stream of streams) stream.write(`event: ${kind}\ndata: ${JSON.stringify(message)}\n\n`)
    },
    dropStreams: () => {
      for (const stream of streams) stream.destroy()
    },
    forget: () => {
      overrides.clear()
      sent.length = 0
      asked.length = 0
      strays.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
