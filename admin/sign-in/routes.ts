/**
 * `/sign-in` and `/sign-out` of the admin origin: pages and forms around `admin-sessions.ts`.
 *
 * Nothing here is JSON and nothing of a practice is shown. Invariant: a POST that one of our own pages did
 * not send changes nothing, the session's token is new after every sign-in, and the answer to a wrong name is
 * that to a wrong password. A sign-in over a live session ends that one first.
 */
import { randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { AdminEnv } from '../api/admin-env.ts'
import { refusalOf } from '../api/refusals.ts'
import { secureHeaders } from '../response-headers.ts'
import type { AdminProvider } from './admin-providers.ts'
import { type AdminSessions, isCsrf } from './admin-sessions.ts'
import { expireCookie, readCookie, setCookie } from './cookie.ts'
import { deviceOf, elsewhere, formBytesMax, minutesText, readFields, seeOtherHere } from './forms.ts'
import { isFromUs, returnTarget } from './own-origin.ts'
import { signInPage } from './page.ts'
import { showCode, waitingCookie } from './step-routes.ts'

/** What the routes stand on. `origin`: ours, as browsers write it. */
export type SignInOptions = {
  readonly sessions: AdminSessions
  readonly providers: ReadonlyMap<string, AdminProvider>
  readonly origin: string
}

const page = async (
  c: Context<AdminEnv>,
  { providers }: SignInOptions,
  status: 200 | 403 | 429 | 503,
  view: { readonly login: string; readonly returnTo: string; readonly message: string | null },
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> => {
  const nonce = randomBytes(18).toString('base64')
  return c.html(await signInPage({ nonce, ...view, providers: [...providers.values()] }), status, {
    ...secureHeaders(nonce),
    'cache-control': 'no-store',
    ...headers,
  })
}

async function signIn(c: Context<AdminEnv>, options: SignInOptions): Promise<Response> {
  const { sessions, origin } = options
  const fields = await readFields(c, origin, ['login', 'password', 'return'])
  if (fields === null) return page(c, options, 403, { login: '', returnTo: '/', message: elsewhere })
  const { password } = fields
  const login = fields.login.slice(0, 200)
  const returnTo = returnTarget(fields.return)
  const secure = origin.startsWith('https:')
  const result = await sessions.signIn({
    login,
    password,
    address: c.get('hop').client,
    device: deviceOf(c),
  })
  if (result.outcome === 'signed-in') {
    const before = readCookie(c.req.header('cookie'), secure)
    if (before !== null) await sessions.signOut(before)
    return seeOtherHere(returnTo, [setCookie(secure, result.token)])
  }
  if (result.outcome === 'second-step') {
    const step = await sessions.askWaiting(result.token)
    const shown = await showCode({ action: '/sign-in/code', returnTo, csrf: null }, step)
    shown.headers.set('set-cookie', waitingCookie(secure, result.token))
    return shown
  }
  if (result.outcome === 'too-many') {
    const message = `Too many tries. Try again in ${minutesText(result.retryAfterMs)}.`
    const retryAfter = String(Math.max(1, Math.ceil(result.retryAfterMs / 1_000)))
    return page(c, options, 429, { login, returnTo, message }, { 'retry-after': retryAfter })
  }
  return page(c, options, 403, { login, returnTo, message: 'That account and password do not go together.' })
}

async function signOut(c: Context<AdminEnv>, options: SignInOptions): Promise<Response> {
  const { sessions, origin } = options
  const secure = origin.startsWith('https:')
  const token = readCookie(c.req.header('cookie'), secure)
  const admin = token === null ? null : await sessions.find(token, c.get('hop').client, false)
  const ours = isFromUs(origin, c.req.header('origin'), c.req.header('sec-fetch-site'))
  if (admin !== null) {
    const sent = c.req.header('x-gatehouse-csrf') ?? (await readFields(c, origin, ['csrf']))?.csrf
    if (!ours || !isCsrf(admin, sent))
      return page(c, options, 403, { login: '', returnTo: '/', message: elsewhere })
    await sessions.signOut(token ?? '')
  }
  return seeOtherHere('/sign-in', [expireCookie(secure)])
}

/** The routes. A database that cannot be had answers 503 with the form kept. */
export function createSignInRoutes(options: SignInOptions): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>()
  app.get('/sign-in', (c) =>
    page(c, options, 200, { login: '', returnTo: returnTarget(c.req.query('return')), message: null }),
  )
  app.post('/sign-in', bodyLimit({ maxSize: formBytesMax }), (c) => signIn(c, options))
  app.post('/sign-out', bodyLimit({ maxSize: formBytesMax }), (c) => signOut(c, options))
  app.onError((error, c) => {
    const { answer, ours } = refusalOf(error)
    if (ours) c.get('log').error({ error, requestId: c.get('requestId') }, 'sign-in failed')
    return page(c, options, 503, { login: '', returnTo: '/', message: `${answer.title}. Try again soon.` })
  })
  return app
}
