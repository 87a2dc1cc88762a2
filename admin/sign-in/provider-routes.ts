/**
 * `/sign-in/with/ID` and `/sign-in/from/ID` of the admin origin: own accounts that come in by a provider's word.
 *
 * What a provider's word means is `linked-identities.ts`'s, whether it is good `own-sign-in/provider.ts`'s. Invariant: an
 * answer counts once, in the browser that asked, and opens only an account that it is linked with; a second factor is still
 * asked for unless configuration trusts the provider's. Every failure looks the same.
 */
import { randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { Instant } from '../../policies/instant.ts'
import type { AdminEnv } from '../api/admin-env.ts'
import { refusalOf } from '../api/refusals.ts'
import { secureHeaders } from '../response-headers.ts'
import type { Store } from '../store/database.ts'
import type { AdminProvider } from './admin-providers.ts'
import type { AdminSessions } from './admin-sessions.ts'
import { readCookie, readCookieCalled, setCookie } from './cookie.ts'
import { deviceOf, minutesText, seeOtherHere } from './forms.ts'
import { beginProviderVisit, takeProviderVisit } from './linked-identities.ts'
import { returnTarget } from './own-origin.ts'
import { sentencePage } from './page.ts'
import { showCode, waitingCookie } from './step-routes.ts'
import type { TryLimits } from './try-limits.ts'

/** What the routes stand on. `origin`: ours, as browsers write it. */
export type ProviderOptions = {
  readonly sessions: AdminSessions
  readonly store: Store
  readonly limits: TryLimits
  readonly providers: ReadonlyMap<string, AdminProvider>
  readonly now: () => Instant
  readonly origin: string
}

const cookieName = (secure: boolean): string =>
  secure ? '__Host-gatehouse-admin-provider' : 'gatehouse-admin-provider'

/** Lax and not Strict: browsers come back by a redirect from the provider's origin. */
const visitCookie = (secure: boolean, token: string): string =>
  `${cookieName(secure)}=${token}; Max-Age=${token === '' ? 0 : 600}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`

const show = async (status: number, title: string, sentence: string): Promise<Response> => {
  const nonce = randomBytes(18).toString('base64')
  return new Response(String(await sentencePage(nonce, title, sentence)), {
    status,
    headers: {
      ...secureHeaders(nonce),
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    },
  })
}

const failed = (): Promise<Response> =>
  show(
    403,
    'That did not sign you in',
    'Either the provider did not vouch for you just now, or no account here is linked with who you are there. Try again, or sign in with your password.',
  )

const away = (): Promise<Response> =>
  show(503, 'The provider cannot be asked now', 'Try again soon, or sign in with your password.')

async function begin(c: Context<AdminEnv>, options: ProviderOptions): Promise<Response> {
  const { providers, store, limits, now, origin } = options
  const provider = providers.get(c.req.param('id') ?? '')
  if (provider === undefined) return failed()
  const counted = await limits.beginVisit(c.get('hop').client)
  if (!counted.allowed) return tooOften(counted.retryAfterMs)
  const visit = { provider: provider.id, returnTo: returnTarget(c.req.query('return')) }
  const { token, challenge } = await beginProviderVisit(store, visit, now())
  const location = await provider.begin(challenge)
  if (location === null) return away()
  const headers = { ...secureHeaders(null), location, 'cache-control': 'no-store' }
  return new Response(null, {
    status: 303,
    headers: { ...headers, 'set-cookie': visitCookie(origin.startsWith('https:'), token) },
  })
}

const tooOften = (waitMs: number): Promise<Response> =>
  show(429, 'Just a moment', `Too many tries from your network. Try again in ${minutesText(waitMs)}.`)

const tokenForm = /^[A-Za-z0-9_-]{43}$/

async function finish(c: Context<AdminEnv>, options: ProviderOptions): Promise<Response> {
  const { providers, store, sessions, now, origin } = options
  const secure = origin.startsWith('https:')
  const provider = providers.get(c.req.param('id') ?? '')
  const token = readCookieCalled(cookieName(secure), c.req.header('cookie'))
  if (provider === undefined || token === null || !tokenForm.test(token)) return failed()
  const visit = await takeProviderVisit(store, { token, provider: provider.id }, now())
  if (visit === null) return failed()
  const answer = await provider.finish(new URL(c.req.url).searchParams, visit.challenge)
  if (answer.kind === 'away') return away()
  if (answer.kind !== 'proved') {
    c.get('log').warn({ provider: provider.id, why: answer.why }, 'a provider’s answer was no good')
    return failed()
  }
  const { appUser: subject, factorAt } = answer.person
  const result = await sessions.signInAs({
    ...{ provider: provider.id, subject, factorAt: provider.trustsFactor ? factorAt : null },
    ...{ address: c.get('hop').client, device: deviceOf(c) },
  })
  if (result.outcome === 'signed-in') {
    const before = readCookie(c.req.header('cookie'), secure)
    if (before !== null) await sessions.signOut(before)
    return seeOtherHere(visit.returnTo, [setCookie(secure, result.token), visitCookie(secure, '')])
  }
  if (result.outcome !== 'second-step') return failed()
  const shown = await showCode(
    { action: '/sign-in/code', returnTo: visit.returnTo, csrf: null },
    await sessions.askWaiting(result.token),
  )
  shown.headers.append('set-cookie', waitingCookie(secure, result.token))
  shown.headers.append('set-cookie', visitCookie(secure, ''))
  return shown
}

/** The routes. A database that cannot be had answers 503. */
export function createProviderRoutes(options: ProviderOptions): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>()
  app.get('/sign-in/with/:id', (c) => begin(c, options))
  app.get('/sign-in/from/:id', (c) => finish(c, options))
  app.onError((error, c) => {
    const { answer, ours } = refusalOf(error)
    if (ours) c.get('log').error({ error, requestId: c.get('requestId') }, 'a sign-in by a provider failed')
    return show(503, answer.title, 'Nobody was signed in. Try again soon.')
  })
  return app
}
