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
import { type AdminSessions, isCsrf } from './admin-sessions.ts'
import { expireCookie, readCookie, setCookie } from './cookie.ts'
import { isFromUs, returnTarget } from './own-origin.ts'
import { signInPage } from './page.ts'

/** What the routes stand on. `origin`: ours, as browsers write it. */
export type SignInOptions = { readonly sessions: AdminSessions; readonly origin: string }

const formBytesMax = 16_384

type Fields = {
  readonly login: string
  readonly password: string
  readonly returnTo: string
  readonly csrf: string
}

/** Each field at most once: a second value would be read differently by whoever looks next. */
const readFields = async (c: Context<AdminEnv>): Promise<Fields | null> => {
  if (!/^application\/x-www-form-urlencoded(?:;|$)/.test(c.req.header('content-type') ?? '')) return null
  const form = new URLSearchParams(await c.req.text())
  const one = (name: string): string => form.get(name) ?? ''
  const names = ['login', 'password', 'return', 'csrf']
  if (names.some((name) => form.getAll(name).length > 1)) return null
  return {
    login: one('login').slice(0, 200),
    password: one('password'),
    returnTo: returnTarget(one('return')),
    csrf: one('csrf'),
  }
}

const page = async (
  c: Context<AdminEnv>,
  status: 200 | 403 | 429 | 503,
  view: { readonly login: string; readonly returnTo: string; readonly message: string | null },
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> => {
  const nonce = randomBytes(18).toString('base64')
  return c.html(await signInPage({ nonce, ...view }), status, {
    ...secureHeaders(nonce),
    'cache-control': 'no-store',
    ...headers,
  })
}

const minutes = (ms: number): string => {
  const whole = Math.max(1, Math.ceil(ms / 60_000))
  return whole === 1 ? 'a minute' : `${whole} minutes`
}

const elsewhere = 'That form was not sent by this page. Try again here.'

async function signIn(c: Context<AdminEnv>, { sessions, origin }: SignInOptions): Promise<Response> {
  const fields = await readFields(c)
  const ours = isFromUs(origin, c.req.header('origin'), c.req.header('sec-fetch-site'))
  if (fields === null || !ours) return page(c, 403, { login: '', returnTo: '/', message: elsewhere })
  const { login, password, returnTo } = fields
  const secure = origin.startsWith('https:')
  const result = await sessions.signIn({
    login,
    password,
    address: c.get('hop').client,
    device: (c.req.header('user-agent') ?? '').slice(0, 300),
  })
  if (result.outcome === 'signed-in') {
    const before = readCookie(c.req.header('cookie'), secure)
    if (before !== null) await sessions.signOut(before)
    return new Response(null, {
      status: 303,
      headers: {
        ...secureHeaders(null),
        location: returnTo,
        'set-cookie': setCookie(secure, result.token),
        'cache-control': 'no-store',
      },
    })
  }
  if (result.outcome === 'too-many') {
    const message = `Too many tries. Try again in ${minutes(result.retryAfterMs)}.`
    const retryAfter = String(Math.max(1, Math.ceil(result.retryAfterMs / 1_000)))
    return page(c, 429, { login, returnTo, message }, { 'retry-after': retryAfter })
  }
  return page(c, 403, { login, returnTo, message: 'That account and password do not go together.' })
}

async function signOut(c: Context<AdminEnv>, { sessions, origin }: SignInOptions): Promise<Response> {
  const secure = origin.startsWith('https:')
  const token = readCookie(c.req.header('cookie'), secure)
  const admin = token === null ? null : await sessions.find(token, c.get('hop').client, false)
  const ours = isFromUs(origin, c.req.header('origin'), c.req.header('sec-fetch-site'))
  if (admin !== null) {
    const sent = c.req.header('x-gatehouse-csrf') ?? (await readFields(c))?.csrf
    if (!ours || !isCsrf(admin, sent)) return page(c, 403, { login: '', returnTo: '/', message: elsewhere })
    await sessions.signOut(token ?? '')
  }
  return new Response(null, {
    status: 303,
    headers: {
      ...secureHeaders(null),
      location: '/sign-in',
      'set-cookie': expireCookie(secure),
      'cache-control': 'no-store',
    },
  })
}

/** The routes. A database that cannot be had answers 503 with the form kept. */
export function createSignInRoutes(options: SignInOptions): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>()
  app.get('/sign-in', (c) =>
    page(c, 200, { login: '', returnTo: returnTarget(c.req.query('return')), message: null }),
  )
  app.post('/sign-in', bodyLimit({ maxSize: formBytesMax }), (c) => signIn(c, options))
  app.post('/sign-out', bodyLimit({ maxSize: formBytesMax }), (c) => signOut(c, options))
  app.onError((error, c) => {
    const { answer, ours } = refusalOf(error)
    if (ours) c.get('log').error({ error, requestId: c.get('requestId') }, 'sign-in failed')
    return page(c, 503, { login: '', returnTo: '/', message: `${answer.title}. Try again soon.` })
  })
  return app
}
