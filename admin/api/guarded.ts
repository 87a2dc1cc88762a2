/**
 * The door of the API: every route gets its guard before it gets its answer, and every no its form.
 *
 * It knows no tab. Invariant: session, then forgery defence, then permission, then the practice's own
 * policy (`admission.ts`), then, where the table says so, a fresh second factor, and only then the body is read; a route
 * of the contract without a line in the access table stops the start. One guard per route, and not one for
 * all paths: only the route itself reads its practice from the path as the answer will.
 */
import type { RouteConfig } from '@hono/zod-openapi'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Instant } from '../../policies/instant.ts'
import { problemsOf } from '../../policies/problem.ts'
import { secureHeaders } from '../response-headers.ts'
import { type Admin, type AdminSessions, isCsrf } from '../sign-in/admin-sessions.ts'
import { readCookie } from '../sign-in/cookie.ts'
import { isFresh } from '../sign-in/freshness.ts'
import { isFromUs, isUnsafe } from '../sign-in/own-origin.ts'
import { answeredWhenRetired, holds, type Needed, neededBy } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import type { Admission } from './admission.ts'
import { invalid, refusal, refusalOf, refusalResponse, stepUpRequired } from './refusals.ts'

/** The largest body an API route reads. */
const bodyBytesMax = 1_048_576

/**
 * What the door stands on. `origin`: ours, as browsers write it; `changed`: called after what may have saved; `once`: what
 * stands before the answer of each POST (`idempotency.ts`).
 */
export type DoorOptions = {
  readonly sessions: AdminSessions
  readonly admission: Admission
  readonly now: () => Instant
  readonly origin: string
  readonly changed: () => void
  readonly once: MiddlewareHandler<AdminEnv>
}

/** A route of the contract. */
export type ContractRoute = RouteConfig & { getRoutingPath(): string }

const keyOf = (route: ContractRoute): string => `${route.method.toUpperCase()} ${route.getRoutingPath()}`

/** What a route needs; throws for one that the access table does not know. */
export function neededFor(route: ContractRoute): Needed {
  const needed = neededBy[keyOf(route)]
  if (needed === undefined) throw new Error(`no permission is set for ${keyOf(route)}`)
  return needed
}

type NeededInPractice = Extract<Needed, { readonly permission: string }>
type NeededOfAccount = Extract<Needed, { readonly account: string }>

/** Own accounts look after themselves, and those with every practice after all of them; no person of a practice does. */
function assertAccount(admin: Admin, needed: NeededOfAccount, at: Instant): void {
  const { kind, practices } = admin.account
  if (kind !== 'admin') throw refusal('not-permitted', 'This is for own accounts of Gatehouse.')
  if (needed.account === 'every' && practices !== 'every')
    throw refusal('not-permitted', 'This is for accounts that may administer every practice.')
  if (needed.factor === 'always' && !isFresh(admin, at)) throw stepUpRequired()
}

const practiceIn = (c: Context<AdminEnv>, needed: NeededInPractice): string | undefined =>
  needed.practiceIn === 'query' ? c.req.query('practice') : c.req.param('practice')

/** Permission first: of a practice that somebody may not look after, not even the hours are told. */
async function assertPermitted(
  c: Context<AdminEnv>,
  { admission, now }: DoorOptions,
  admin: Admin,
  needed: NeededInPractice,
  ofRetired: boolean,
): Promise<void> {
  const practice = practiceIn(c, needed)
  if (practice === undefined || !holds(admin.account, practice, needed.permission))
    throw refusal('not-permitted', `This needs the permission ${needed.permission} in this practice.`)
  const { client } = c.get('hop')
  const refused = await admission.admit({ admin, practice, client, method: c.req.method, ofRetired })
  if (refused !== null) throw refused
  if (needed.factor === 'always' && !isFresh(admin, now())) throw stepUpRequired()
}

/** A request that a page makes by itself says so; it may be answered but keeps nobody signed in. */
const isBackground = (header: string | undefined): boolean => header === '1'

function guard(options: DoorOptions, route: ContractRoute): MiddlewareHandler<AdminEnv> {
  const needed = neededFor(route)
  const ofRetired = answeredWhenRetired.has(keyOf(route))
  const { sessions, origin } = options
  return async (c, next) => {
    const token = readCookie(c.req.header('cookie'), origin.startsWith('https:'))
    const renews = !isBackground(c.req.header('x-gatehouse-background'))
    const admin = token === null ? null : await sessions.find(token, c.get('hop').client, renews)
    if (admin === null) throw refusal('not-signed-in', 'Sign in to go on.')
    if (isUnsafe(c.req.method)) {
      const ours = isFromUs(origin, c.req.header('origin'), c.req.header('sec-fetch-site'))
      if (!ours || !isCsrf(admin, c.req.header('x-gatehouse-csrf')))
        throw refusal('forged-request', 'This was not asked by the admin pages. Load the page again.')
    }
    if (needed !== 'signed-in' && 'account' in needed) assertAccount(admin, needed, options.now())
    if (needed !== 'signed-in' && 'permission' in needed)
      await assertPermitted(c, options, admin, needed, ofRetired)
    c.set('admin', admin)
    await next()
    if (isUnsafe(c.req.method) && c.res.ok) options.changed()
  }
}

/** An app with a guard in front of each route of the contract, and the API's way of saying no. */
export function createGuardedApp(
  options: DoorOptions,
  routes: readonly ContractRoute[],
): OpenAPIHono<AdminEnv> {
  const app = new OpenAPIHono<AdminEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const { issues } = result.error
      if (result.target === 'header' && issues.some(({ code }) => code === 'invalid_type'))
        throw refusal('revision-missing', 'Send If-Match with the ETag of what is edited, such as "17".')
      throw invalid(problemsOf(result.error))
    },
  })
  app.use('/api/*', async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(secureHeaders(null))) c.res.headers.set(name, value)
    c.res.headers.set('cache-control', 'no-store')
    c.res.headers.set('x-request-id', c.get('requestId'))
  })
  for (const route of routes)
    app.on([route.method.toUpperCase()], route.getRoutingPath(), guard(options, route))
  app.use(
    '/api/*',
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: () => {
        throw refusal('too-large', 'The body is larger than 1 MiB.')
      },
    }),
  )
  for (const route of routes)
    if (route.method === 'post') app.on(['POST'], route.getRoutingPath(), options.once)
  app.onError((error, c) => {
    const { answer, ours } = refusalOf(error)
    if (ours)
      c.get('log').error({ error, requestId: c.get('requestId'), path: c.req.routePath }, 'api failed')
    return refusalResponse(answer)
  })
  return app
}
