// The demonstration application, started: a small dental practice with its own sign-in.
//
// Not a product and not hardened for the internet: it listens on loopback and forgets everything at exit.
// Invariant: it trusts only its own cookies; no header tells it who someone is or what they may do.
// Refused: checking roles. Everyone on the staff may do everything, as in many real applications.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { openAccounts } from './accounts.ts'
import { wantsJson } from './admission.ts'
import { addAssetRoutes } from './asset-routes.ts'
import type { Desk, DeskApp, DeskEnv } from './desk.ts'
import { openHappenings } from './happenings.ts'
import { page } from './layout.ts'
import { addLiveRoutes } from './live-routes.ts'
import { openLiveSocket } from './live-socket.ts'
import { addOfficeRoutes } from './office-routes.ts'
import { addPatientRoutes } from './patient-routes.ts'
import { addPaymentRoutes } from './payment-routes.ts'
import { demoPractices } from './people.ts'
import { addPortalRoutes } from './portal-routes.ts'
import { addPublicRoutes } from './public-routes.ts'
import { openRecords } from './records.ts'
import { addScheduleRoutes } from './schedule-routes.ts'
import { openSessions } from './sessions.ts'
import { addSignInRoutes } from './sign-in-routes.ts'

/** How to start it. All optional: loopback, a free port, the real clock, rotation on, silence. */
export type DemoOptions = {
  readonly host?: string
  /** 0 means any free port. */
  readonly port?: number
  /** The time in ms since the epoch. Timers (heartbeat, long poll, slow) follow real time nevertheless. */
  readonly now?: () => number
  /** Whether a new session id is issued at sign-in; `false` keeps the one of the sign-in page. */
  readonly rotateSessionOnSignIn?: boolean
  /** How often open schedules are told that time has passed, in ms; absent: only when `tick` is called. */
  readonly tickMs?: number
  readonly log?: (line: string) => void
}

/** A request as the application received it: `path` with its query, header names in lower case. */
export type SeenRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Names and values alternating, exactly as received, repeated ones included. */
  readonly rawHeaders: readonly string[]
  readonly at: number
}

/** The running application. */
export type Demo = {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Ends all streams and connections; resolves once nothing is left. */
  readonly close: () => Promise<void>
  /** The last 1000 requests and upgrades, oldest first. */
  readonly requests: () => readonly SeenRequest[]
  /** Tells every open schedule and huddle that time has passed. */
  readonly tick: () => void
}

const seenMax = 1000
const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
}

function buildRoutes(desk: Desk, log: (line: string) => void): DeskApp {
  const app: DeskApp = new Hono<DeskEnv>()
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(securityHeaders)) c.header(name, value)
  })
  addAssetRoutes(app)
  addPublicRoutes(app, desk)
  addSignInRoutes(app, desk)
  addScheduleRoutes(app, desk)
  addPatientRoutes(app, desk)
  addPaymentRoutes(app, desk)
  addOfficeRoutes(app, desk)
  addLiveRoutes(app, desk)
  addPortalRoutes(app, desk)
  app.notFound((c) => {
    if (wantsJson(c.req.path)) return c.json({ error: 'not found' }, 404)
    return c.html(page({ title: 'Page not found', message: 'That address leads nowhere.' }), 404)
  })
  app.onError((error, c) => {
    const status = error instanceof HTTPException ? error.status : 500
    if (status === 500) log(`${c.req.method} ${c.req.path} failed: ${error.stack ?? error.message}`)
    const text =
      status === 500
        ? 'something went wrong'
        : error.message || (status === 413 ? 'too large' : 'bad request')
    if (wantsJson(c.req.path)) return c.json({ error: text }, status)
    return c.html(page({ title: 'That did not work', message: `We could not do that: ${text}.` }), status)
  })
  return app
}

function openRequestBook(now: () => number) {
  const seen: SeenRequest[] = []
  return {
    seen: () => [...seen],
    note({ method = 'GET', url = '/', headers, rawHeaders }: IncomingMessage): void {
      seen.push({ method, path: url, headers, rawHeaders, at: now() })
      if (seen.length > seenMax) seen.shift()
    },
  }
}

/** Starts the application; resolves once it listens. Rejects when the port is taken. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const {
    host = '127.0.0.1',
    port = 0,
    now = Date.now,
    rotateSessionOnSignIn = true,
    log = () => {},
  } = options
  const closing = new AbortController()
  const desk: Desk = {
    now,
    accounts: await openAccounts(),
    sessions: openSessions(now, rotateSessionOnSignIn),
    records: openRecords(now),
    happenings: openHappenings(now, log),
    closing: closing.signal,
  }
  for (const { id, name } of demoPractices) desk.happenings.publish(id, 'opened', `${name} opened the day`)

  const book = openRequestBook(now)
  const routes = buildRoutes(desk, log)
  const live = openLiveSocket(desk)
  const answer = getRequestListener(routes.fetch, { overrideGlobalObjects: false })
  const server = createServer((request, response) => {
    book.note(request)
    void answer(request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    book.note(request)
    live.upgrade(request, socket, head)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const bound = server.address() as AddressInfo
  const tick = (): void => {
    for (const { id } of demoPractices) desk.happenings.publish(id, 'tick', 'The schedule moved on')
  }
  const ticking = options.tickMs === undefined ? undefined : setInterval(tick, options.tickMs)
  return {
    url: `http://${host}:${bound.port}`,
    host,
    port: bound.port,
    requests: book.seen,
    tick,
    close: () =>
      new Promise((resolve) => {
        clearInterval(ticking)
        closing.abort()
        live.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
