/**
 * The portal's origin as one app: who asks and from where, the ticket, then the pages of the second factor, and of signing in.
 *
 * It listens to nothing (`admin/listeners.ts` does), so tests ask it directly. Invariant: a request for another host
 * name gets nothing; a ticket is taken only by somebody's browser opening it; every POST is a form of our own page in
 * the browser that holds the visit; no ticket, code, secret or cookie is ever logged.
 */
import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { parseAddress, type Range } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import { isFault } from '../../runtime/fault.ts'
import { clientBehind } from '../../runtime/forwarded.ts'
import type { Log } from '../../runtime/log.ts'
import { type Logo, logoHeaders } from '../../runtime/logos.ts'
import type { TextSender } from '../notify/text-messages.ts'
import type { QueueMail } from '../own-sign-in/password-mails.ts'
import { noOwnUpstreams, type OwnUpstreams } from '../own-sign-in/upstreams.ts'
import { isForUs } from '../sign-in/own-origin.ts'
import type { FactorParts } from '../two-factor/verification.ts'
import { endVisit, findVisit, openVisit } from '../two-factor/visits.ts'
import { partyAt } from '../webauthn.ts'
import { showAccount, takeEnding } from './account-step.ts'
import { createAnswers } from './answers.ts'
import { expirePortalCookie, readPortalCookie, setPortalCookie } from './cookie.ts'
import { showEmergency, takeEmergencyForm } from './emergency-step.ts'
import { formBytesMax, type PortalForm, passkeyFormBytesMax, readPortalForm } from './forms.ts'
import { takeHeartbeat } from './heartbeat-step.ts'
import { createKnocks } from './knocks.ts'
import { showFactor, takeFactor, takeForgetting } from './manage-step.ts'
import { takePasskeySignIn } from './passkey-sign-in-step.ts'
import { createPasswordSignInStep } from './password-sign-in-step.ts'
import { showPassword, takePassword } from './password-step.ts'
import {
  awayPage,
  mistakePage,
  notOursPage,
  nowherePage,
  overPage,
  ticketPage,
  tooOftenPage,
} from './plain-pages.ts'
import {
  showHome,
  showPasskey,
  showRenew,
  showSetUp,
  takeAdmission,
  takeFirstCode,
  takeNewPasskey,
  takeRenewal,
} from './set-up-step.ts'
import { createSignInStep } from './sign-in-step.ts'
import { signOutEverywhere } from './sign-out-step.ts'
import { showText, takeNumber, takeNumberCode } from './text-step.ts'
import { finish, sendText, showVerify, takeCode, takePasskey } from './verify-step.ts'
import { findVisitor, isPlainOrigin, type Portal, type PortalEnv, type Visitor } from './visitor.ts'

/** What the app stands on. `origin`: as browsers write it; `trustedProxies`: whose `X-Forwarded-For` counts. */
export type PortalAppOptions = {
  readonly parts: FactorParts
  readonly origin: string
  readonly trustedProxies: readonly Range[]
  /** Whose people sign in here; absent: nobody's. */
  readonly upstreams?: OwnUpstreams
  /** How mails are queued; absent: none can be sent. */
  readonly mail?: QueueMail | null
  /** Who sends text messages; absent: nobody. */
  readonly texts?: TextSender | null
  /** Logos of practices, by id; absent: none. */
  readonly logos?: ReadonlyMap<string, Logo>
  readonly now: () => Instant
  readonly log: Log
}

/** The portal's origin. */
export type PortalApp = Hono<PortalEnv>

const ticketForm = /^[A-Za-z0-9_-]{43}$/

/** Whether a person's browser opens this as a page: what looks ahead or embeds must not spend a ticket. */
const isOpened = (c: Context<PortalEnv>): boolean => {
  const mode = c.req.header('sec-fetch-mode')
  const destination = c.req.header('sec-fetch-dest')
  return (
    c.req.method === 'GET' &&
    !/prefetch|prerender/.test(`${c.req.header('sec-purpose') ?? ''} ${c.req.header('purpose') ?? ''}`) &&
    (mode === undefined || mode === 'navigate') &&
    (destination === undefined || destination === 'document')
  )
}

/** Somebody without a visit; those who come so too often are told to wait. */
async function stranger(portal: Portal, c: Context<PortalEnv>, page: string): Promise<Response> {
  const waitMs = await portal.knocks.knock(c.get('hop').client)
  // A cookie is taken away only from who sent it: another site's form comes without it and must not remove it.
  const came = readPortalCookie(c.req.header('cookie'), portal.secure) !== null
  const gone = came ? { setCookie: expirePortalCookie(portal.secure) } : {}
  if (waitMs === null) return portal.answers.page(403, page, gone)
  const afterS = Math.max(1, Math.ceil(waitMs / 1_000))
  return portal.answers.page(429, tooOftenPage(afterS), { retryAfterS: afterS })
}

/** Takes a ticket and opens its visit; the address without the ticket is the next one in the browser's history. */
async function takeTicket(portal: Portal, c: Context<PortalEnv>): Promise<Response> {
  const { parts, answers, secure, now } = portal
  const waitMs = await portal.knocks.knock(c.get('hop').client)
  if (waitMs !== null) {
    const afterS = Math.max(1, Math.ceil(waitMs / 1_000))
    return answers.page(429, tooOftenPage(afterS), { retryAfterS: afterS })
  }
  const ticket = c.req.query('ticket') ?? ''
  if (!isOpened(c) || !ticketForm.test(ticket)) return answers.page(403, ticketPage())
  const opened = await openVisit(parts.store, ticket, now())
  if (opened === null) return answers.page(403, ticketPage())
  if (!isPlainOrigin(opened.visit.origin)) {
    await endVisit(parts.store, opened.visit)
    return answers.page(403, ticketPage())
  }
  // One browser, one visit: what was begun before is not left lying about.
  const before = readPortalCookie(c.req.header('cookie'), secure)
  const earlier = before === null ? null : await findVisit(parts.store, before, now())
  if (earlier !== null) await endVisit(parts.store, earlier)
  const first = c.req.query('at') === 'account' ? '/account' : '/'
  return answers.seeOther(first, setPortalCookie(secure, opened.token))
}

const showing =
  (portal: Portal, show: (visitor: Visitor) => Promise<Response>) =>
  async (c: Context<PortalEnv>): Promise<Response> => {
    const visitor = await findVisitor(portal, c)
    return visitor === null ? stranger(portal, c, overPage()) : show(visitor)
  }

const taking =
  (portal: Portal, take: (visitor: Visitor, form: PortalForm) => Promise<Response>) =>
  async (c: Context<PortalEnv>): Promise<Response> => {
    const visitor = await findVisitor(portal, c)
    if (visitor === null) return stranger(portal, c, overPage())
    const form = await readPortalForm(c, portal.origin, visitor.token)
    return form === null ? portal.answers.page(403, notOursPage()) : take(visitor, form)
  }

function addSteps(app: PortalApp, portal: Portal, upstreams: OwnUpstreams): void {
  const signIn = createSignInStep(portal, upstreams, isOpened)
  const password = createPasswordSignInStep(portal, signIn)
  app.get('/sign-in', signIn.show)
  app.get('/sign-in/with/:provider', signIn.leave)
  app.get('/sign-in/from/:provider', signIn.comeBack)
  app.get('/sign-in/password-link', password.showLink)
  app.get('/password', (c) => showPassword(portal, c))
  app.get('/hand-over', (c) => takeTicket(portal, c))
  app.get('/', showing(portal, showHome))
  app.get('/account', showing(portal, showAccount))
  app.get('/emergency', showing(portal, showEmergency))
  app.get('/verify', showing(portal, showVerify))
  app.get('/set-up', showing(portal, showSetUp))
  app.get('/passkey', showing(portal, showPasskey))
  app.get('/text', showing(portal, showText))
  app.get('/factor', showing(portal, showFactor))
  app.get('/recovery-codes', showing(portal, showRenew))
  const upTo = (maxSize: number) =>
    bodyLimit({ maxSize, onError: () => portal.answers.page(413, notOursPage()) })
  const small = upTo(formBytesMax)
  app.post('/verify/passkey', upTo(passkeyFormBytesMax), taking(portal, takePasskey))
  app.post('/passkey', upTo(passkeyFormBytesMax), taking(portal, takeNewPasskey))
  app.post('/sign-in/passkey', upTo(passkeyFormBytesMax), takePasskeySignIn(portal, signIn))
  app.post('/account/end', small, taking(portal, takeEnding))
  app.post('/admission', small, taking(portal, takeAdmission))
  app.post('/factor', small, taking(portal, takeFactor))
  app.post('/devices', small, taking(portal, takeForgetting))
  app.post('/sign-in/password', small, password.take)
  app.post('/sign-in/password-link', small, password.askLink)
  app.post('/password', small, (c) => takePassword(portal, c))
  app.post('/text/send', small, taking(portal, takeNumber))
  app.post('/text', small, taking(portal, takeNumberCode))
  app.post('/verify/text', small, taking(portal, sendText))
  app.post('/verify', small, taking(portal, takeCode))
  app.post('/set-up', small, taking(portal, takeFirstCode))
  app.post('/recovery-codes', small, taking(portal, takeRenewal))
  app.post('/emergency', small, taking(portal, takeEmergencyForm))
  app.post('/sign-out-everywhere', small, taking(portal, signOutEverywhere))
  app.post('/done', small, taking(portal, finish))
}

const awayS = 5

/** The app. A database that cannot be had answers 503 and tries again; after a form, with the page of the step. */
export function createPortalApp(options: PortalAppOptions): PortalApp {
  const { parts, origin, trustedProxies, now, log } = options
  const secure = origin.startsWith('https:')
  const answers = createAnswers(secure)
  const party = partyAt(origin)
  const knocks = createKnocks()
  const mail = options.mail ?? null
  const texts = options.texts ?? null
  const logos = options.logos ?? new Map<string, Logo>()
  const portal: Portal = { parts, origin, secure, party, answers, knocks, mail, texts, logos, now, log }
  const app = new Hono<PortalEnv>()
  app.use(async (c, next) => {
    if (!isForUs(c.req.url, origin)) return answers.page(421, nowherePage())
    const peer = parseAddress(c.env.peer ?? '')
    if (peer === null) return answers.page(400, nowherePage())
    c.set('hop', clientBehind(peer, c.req.header('x-forwarded-for') ?? null, trustedProxies))
    c.set('requestId', randomUUID())
    return next()
  })
  addSteps(app, portal, options.upstreams ?? noOwnUpstreams)
  app.get('/logo/:practice', (c) => {
    const logo = logos.get(c.req.param('practice'))
    if (logo === undefined) return answers.page(404, nowherePage())
    return new Response(Uint8Array.from(logo.bytes), { headers: logoHeaders(logo) })
  })
  app.post('/heartbeat', takeHeartbeat(portal, trustedProxies))
  app.notFound(() => answers.page(404, nowherePage()))
  app.onError((error, c) => {
    const { method, path } = c.req
    if (isFault(error)) {
      const { pathname, search } = new URL(c.req.url)
      const to = method === 'GET' ? `${pathname}${search}` : '/'
      return answers.page(503, awayPage(), { refresh: { afterS: awayS, to }, retryAfterS: awayS })
    }
    log.error({ error, path, requestId: c.get('requestId') }, 'portal request failed')
    return answers.page(500, mistakePage())
  })
  return app
}
