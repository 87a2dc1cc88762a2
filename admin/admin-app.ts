/**
 * The admin origin as one app: who asks and from where, then sign-in, API and the UI's files.
 *
 * It listens to nothing (`admin/main.ts` does), so tests ask it directly. Invariant: a request for another
 * host name gets nothing (a name rebound to our address is not ours), and an address that is no address gets
 * nothing.
 */
import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { parseAddress, type Range } from '../policies/address.ts'
import type { DurationMs } from '../policies/instant.ts'
import { clientBehind } from '../runtime/forwarded.ts'
import type { Log } from '../runtime/log.ts'
import { pagePolicy } from '../runtime/pages/page.ts'
import { problemsPage } from '../runtime/pages/problems-page.ts'
import type { AdminEnv } from './api/admin-env.ts'
import { createApi } from './api/api.ts'
import type { ApiPlane } from './api/api-plane.ts'
import { adminProblems, adminProblemsPath } from './api/problem-texts.ts'
import { refusal, refusalResponse } from './api/refusals.ts'
import { secureHeaders } from './response-headers.ts'
import { createEntryRoutes } from './sign-in/entry-routes.ts'
import { isForUs } from './sign-in/own-origin.ts'
import { createProviderRoutes } from './sign-in/provider-routes.ts'
import { createSignInRoutes } from './sign-in/routes.ts'
import { createStepRoutes } from './sign-in/step-routes.ts'
import type { UiAssets } from './ui-assets.ts'

/**
 * What the app stands on. `origin`: as browsers write it; `trustedProxies`: whose `X-Forwarded-For` counts.
 */
export type AdminAppOptions = {
  readonly plane: ApiPlane
  readonly origin: string
  /** The portal's origin, where second factors are proved. */
  readonly portal: () => string
  readonly trustedProxies: readonly Range[]
  readonly ui: UiAssets
  readonly log: Log
  readonly heartbeatMs: DurationMs
}

const plain = (status: number, text: string): Response =>
  new Response(text, {
    status,
    headers: {
      ...secureHeaders(null),
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    },
  })

/** What the kinds of problem documents mean: for anybody, since it tells nothing of anybody. */
const problemsAnswer = (): Response =>
  new Response(problemsPage(adminProblems), {
    headers: {
      ...secureHeaders(null),
      'content-security-policy': pagePolicy,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=300',
    },
  })

/** The admin origin. */
export type AdminApp = Hono<AdminEnv>

/** The app. */
export function createAdminApp(options: AdminAppOptions): AdminApp {
  const { plane, origin, trustedProxies, ui, log } = options
  const app = new Hono<AdminEnv>()
  app.use(async (c, next) => {
    if (!isForUs(c.req.url, origin)) return plain(421, `This is ${origin}.\n`)
    const peer = parseAddress(c.env.peer ?? '')
    if (peer === null) return plain(400, 'No address to answer to.\n')
    c.set('hop', clientBehind(peer, c.req.header('x-forwarded-for') ?? null, trustedProxies))
    c.set('requestId', randomUUID())
    c.set('log', log)
    return next()
  })
  app.route('/', createSignInRoutes({ sessions: plane.sessions, providers: plane.providers, origin }))
  app.route('/', createStepRoutes({ sessions: plane.sessions, store: plane.store, now: plane.now, origin }))
  const { sessions, store, limits, now, providers } = plane
  app.route('/', createProviderRoutes({ sessions, store, limits, now, providers, origin }))
  app.route('/', createEntryRoutes({ sessions: plane.sessions, origin, portal: options.portal }))
  app.route('/', createApi(plane, { origin, heartbeatMs: options.heartbeatMs }))
  app.all('/api/*', () => refusalResponse(refusal('not-found', 'There is no such route.').refusal))
  app.get(adminProblemsPath, () => problemsAnswer())
  app.get('*', (c) => {
    const gzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
    return ui(c.req.path, gzip) ?? plain(404, 'Not found.\n')
  })
  app.notFound(() => plain(404, 'Not found.\n'))
  app.onError((error, c) => {
    log.error({ error, requestId: c.get('requestId') }, 'admin request failed')
    return plain(500, 'A mistake of ours. It has been logged.\n')
  })
  return app
}
