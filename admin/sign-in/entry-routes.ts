/**
 * `/hand-over` and `/step-up` of the admin origin: how people of practices come in from the application, and how they
 * prove their second factor again.
 *
 * What each step needs is `entries.ts`'s. Invariant: a session is opened only by a navigation that brings the proof and
 * the cookie that this browser was given at its beginning; its token is new each time, and what this browser was signed
 * in with before is ended. Nothing here says why a link is no good.
 */
import { type Context, Hono } from 'hono'
import type { DurationMs } from '../../policies/instant.ts'
import { pagePolicy } from '../../runtime/pages/page.ts'
import { plainPage } from '../../runtime/pages/plain-page.ts'
import type { AdminEnv } from '../api/admin-env.ts'
import { refusalOf } from '../api/refusals.ts'
import { createKnocks, type Knocks } from '../portal/knocks.ts'
import { secureHeaders } from '../response-headers.ts'
import type { AdminSessions } from './admin-sessions.ts'
import { readCookie, readCookieCalled, setCookie } from './cookie.ts'
import { returnTarget } from './own-origin.ts'
import { showCode } from './step-routes.ts'

/** What the routes stand on. `origin`: ours, as browsers write it; `portal`: asked late, as its port is known late. */
export type EntryOptions = {
  readonly sessions: AdminSessions
  readonly origin: string
  readonly portal: () => string
}

/** How long a browser keeps the cookie of a beginning: as long as the way in may take. */
const beginMs: DurationMs = 600_000

const tokenForm = /^[A-Za-z0-9_-]{43}$/

/** Under which name the cookie of a beginning goes. */
const beginCookieName = (secure: boolean): string =>
  secure ? '__Host-gatehouse-admin-begin' : 'gatehouse-admin-begin'

/** Lax and not Strict: people come back by a redirect from the portal's origin. */
const beginCookie = (secure: boolean, value: string, maxAgeMs: DurationMs): string =>
  `${beginCookieName(secure)}=${value}; Max-Age=${maxAgeMs / 1_000}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`

const page = (
  status: number,
  title: string,
  sentences: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(plainPage(title, sentences), {
    status,
    headers: {
      ...secureHeaders(null),
      'content-security-policy': pagePolicy,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
  })

/** 303 with these cookies; the address that is left bears a ticket or a proof, so it goes to nobody. */
const seeOther = (location: string, cookies: readonly string[]): Response => {
  const headers = new Headers({
    ...secureHeaders(null),
    location,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  })
  for (const one of cookies) headers.append('set-cookie', one)
  return new Response(null, { status: 303, headers })
}

const noGoodPage = (): Response =>
  page(403, 'This link no longer works', [
    'A link to Security Management works once, for half a minute, and only in the browser that asked for it.',
    'Go back to your practice application and open Security Management there again.',
    'If somebody sent you this link, do not use it.',
  ])

const noPartPage = (name: string): Response =>
  page(403, 'Security Management is not open to you', [
    `${name}, none of your roles holds a permission to look after the security of a practice.`,
    'If you need it for your work, ask the person who manages access at your practice.',
  ])

/** Whether a person's browser opens this as a page: what looks ahead or embeds must not spend a ticket. */
const isOpened = (c: Context<AdminEnv>): boolean => {
  const mode = c.req.header('sec-fetch-mode')
  const destination = c.req.header('sec-fetch-dest')
  return (
    !/prefetch|prerender/.test(`${c.req.header('sec-purpose') ?? ''} ${c.req.header('purpose') ?? ''}`) &&
    (mode === undefined || mode === 'navigate') &&
    (destination === undefined || destination === 'document')
  )
}

/** Too many from one network; `null`: not so. */
async function tooOften(knocks: Knocks, c: Context<AdminEnv>): Promise<Response | null> {
  const waitMs = await knocks.knock(c.get('hop').client)
  if (waitMs === null) return null
  const afterS = Math.max(1, Math.ceil(waitMs / 1_000))
  const sentence = `Too many came here from your network at once. Wait ${afterS} s and try again.`
  return page(429, 'Just a moment', [sentence], { 'retry-after': String(afterS) })
}

const toPortal = ({ portal }: EntryOptions, secure: boolean, opened: { begin: string; ticket: string }) =>
  seeOther(`${portal()}/hand-over?ticket=${opened.ticket}`, [beginCookie(secure, opened.begin, beginMs)])

async function takeTicket(c: Context<AdminEnv>, options: EntryOptions, secure: boolean): Promise<Response> {
  const ticket = c.req.query('ticket') ?? ''
  if (!tokenForm.test(ticket)) return noGoodPage()
  const place = { admin: options.origin, address: c.get('hop').client.text }
  const entry = await options.sessions.beginEntry(ticket, place)
  switch (entry.outcome) {
    case 'opened':
      return toPortal(options, secure, entry.opened)
    case 'no-part':
      return noPartPage(entry.name)
    case 'gone':
      return noGoodPage()
  }
}

async function takeProof(
  c: Context<AdminEnv>,
  { sessions }: EntryOptions,
  secure: boolean,
  proof: string,
): Promise<Response> {
  const begin = readCookieCalled(beginCookieName(secure), c.req.header('cookie'))
  if (!tokenForm.test(proof) || begin === null || !tokenForm.test(begin)) return noGoodPage()
  const entered = await sessions.enter({
    proof,
    begin,
    address: c.get('hop').client,
    device: (c.req.header('user-agent') ?? '').slice(0, 300),
  })
  if (entered === null) return noGoodPage()
  const before = readCookie(c.req.header('cookie'), secure)
  if (before !== null) await sessions.signOut(before)
  return seeOther(returnTarget(entered.to), [setCookie(secure, entered.token), beginCookie(secure, '', 0)])
}

/** Whoever is in as a person goes to the portal once more; an own account is asked here; others sign in. */
async function stepUp(c: Context<AdminEnv>, options: EntryOptions, secure: boolean): Promise<Response> {
  const to = returnTarget(c.req.query('return'))
  const token = readCookie(c.req.header('cookie'), secure)
  const admin = token === null ? null : await options.sessions.find(token, c.get('hop').client, false)
  if (admin?.account.kind === 'admin' && admin.account.hasFactor)
    return showCode(
      { action: '/step-up', returnTo: to, csrf: admin.csrf },
      await options.sessions.askAgain(admin),
    )
  const place = { admin: options.origin, address: c.get('hop').client.text }
  const opened = admin === null ? null : await options.sessions.beginAgain(admin, place, to)
  return opened === null
    ? seeOther(`/sign-in?return=${encodeURIComponent(to)}`, [])
    : toPortal(options, secure, opened)
}

/** The routes. A database that cannot be had answers 503. */
export function createEntryRoutes(options: EntryOptions): Hono<AdminEnv> {
  const secure = options.origin.startsWith('https:')
  const knocks = createKnocks()
  const app = new Hono<AdminEnv>()
  app.get('/hand-over', async (c) => {
    const refused = await tooOften(knocks, c)
    if (refused !== null) return refused
    if (!isOpened(c) || c.req.method !== 'GET') return noGoodPage()
    const proof = c.req.query('proof')
    return proof === undefined ? takeTicket(c, options, secure) : takeProof(c, options, secure, proof)
  })
  app.get('/step-up', async (c) => {
    const refused = await tooOften(knocks, c)
    return refused ?? (isOpened(c) ? stepUp(c, options, secure) : noGoodPage())
  })
  app.onError((error, c) => {
    const { answer, ours } = refusalOf(error)
    if (ours) c.get('log').error({ error, requestId: c.get('requestId') }, 'an entry failed')
    return page(503, answer.title, [
      'Nothing was changed. Go back to your practice application and try again.',
    ])
  })
  return app
}
