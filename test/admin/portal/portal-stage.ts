/**
 * A stage for tests of the portal: a real database with two practices, the app on it asked without a socket, people
 * handed over to it, and their authenticator apps, under a clock that moves when told.
 *
 * What a browser would send along (Origin, Fetch Metadata, cookie, form token) is sent unless a test takes it away.
 */
import { randomBytes } from 'node:crypto'
import { generateSync } from 'otplib/functional'
import type { OwnUpstream } from '../../../admin/own-sign-in/visits.ts'
import { createPortalApp, type PortalApp } from '../../../admin/portal/portal-app.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { createFactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import { handOver } from '../../../admin/two-factor/visits.ts'
import { readTrustedProxies } from '../../../runtime/forwarded.ts'
import type { HandOver } from '../../../runtime/internal.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { createListeningLog, createPracticeStore } from '../practice-store.ts'

/** The portal of every test here. */
export const origin = 'https://portal.example'
/** The application that people come from. */
export const application = 'https://lakeside.example:8443'
/** Where people are. */
export const address = '203.0.113.9'

/** The six digits that an app with this base32 key shows at `at`. */
export const digits = (key: string, at: number): string =>
  generateSync({
    secret: key.replaceAll(' ', ''),
    strategy: 'totp',
    algorithm: 'sha1',
    digits: 6,
    period: 30,
    epoch: Math.floor(at / 1_000),
  })

/** The hidden `token` of the first form on a page. */
export const tokenOn = (html: string): string => /name="token" value="([^"]+)"/.exec(html)?.[1] ?? ''

/** The key that a set-up page shows. */
export const keyOn = (html: string): string => /id="key">([A-Z2-7 ]+)</.exec(html)?.[1] ?? ''

/** The recovery codes that a page shows. */
export const codesOn = (html: string): readonly string[] =>
  [...html.matchAll(/<li>([0-9A-Z]{5}-[0-9A-Z]{5})<\/li>/g)].map(([, code]) => code ?? '')

/** The body of an answer. */
export const text = async (answer: Promise<Response> | Response): Promise<string> => (await answer).text()

/** What a page asks the browser's passkeys (JSON). */
export const optionsOn = (html: string): string =>
  (/data-options="([^"]*)"/.exec(html)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

/** The heading of a page. */
export const heading = (html: string): string => /<h1>([^<]*)<\/h1>/.exec(html)?.[1] ?? ''

/** The proof in an answer's `Location`; empty: none. */
export const proofOf = (answer: Response): string =>
  new URL(answer.headers.get('location') ?? '', application).searchParams.get('proof') ?? ''

/** The application's wish that somebody be handed over; the ticket goes to the portal's address. */
export type Wish = Partial<Pick<HandOver, 'reason' | 'to' | 'origin'>>

const proxies = () => {
  const trusted = readTrustedProxies(['10.0.0.0/8'])
  if (!trusted.ok) throw new Error('not a range')
  return trusted.value
}

const createAsking = (app: PortalApp, portalOrigin: string) => {
  const request = (path: string, init: RequestInit = {}, peer: string = address): Promise<Response> =>
    Promise.resolve(
      app.fetch(new Request(`${portalOrigin}${path}`, { redirect: 'manual', ...init }), { peer }),
    )
  const get = (path: string, cookie = '', headers: Record<string, string> = {}) =>
    request(path, { headers: { ...(cookie === '' ? {} : { cookie }), ...headers } })
  const post = (
    path: string,
    cookie: string,
    fields: Readonly<Record<string, string>>,
    headers: Record<string, string> = {},
  ) =>
    request(path, {
      method: 'POST',
      headers: {
        cookie,
        origin: portalOrigin,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body: new URLSearchParams(fields),
    })
  return { request, get, post }
}

/** A portal with nobody at it. `own`: how every upstream's people sign in there; absent: not at all. */
export const createPortalStage = async (
  wished: { readonly origin?: string; readonly own?: OwnUpstream } = {},
) => {
  const stage = await createPracticeStore()
  const { store, clock } = stage
  const log = createListeningLog()
  const portalOrigin = wished.origin ?? origin
  const keyring = createFactorKeyring([{ id: 'k1', bytes: randomBytes(32) }])
  const parts = { store, keyring, changed: () => undefined }
  const app = createPortalApp({
    parts,
    origin: portalOrigin,
    trustedProxies: proxies(),
    upstreams: { find: () => wished.own ?? null, secret: () => null, takePasswords: false },
    now: clock.now,
    log,
  })
  const { request, get, post } = createAsking(app, portalOrigin)
  /** Lays down a ticket for a session as a gateway does. */
  const ticketFor = async (session: SessionRow, wish: Wish = {}): Promise<string> => {
    const ticket = newToken()
    const laid = await handOver(
      store,
      {
        ticketHash: hashToken(ticket),
        tokenHash: session.token_hash,
        reason: 'two-factor-not-verified',
        origin: application,
        to: '/schedule?day=1',
        address,
        ...wish,
      },
      clock.now(),
    )
    if (!laid) throw new Error('there is no such session')
    return ticket
  }
  let arrivals = 0
  /** Comes to the portal with a ticket: the cookie that a browser then holds. */
  const arrive = async (session: SessionRow, wish: Wish = {}): Promise<string> => {
    // From a network of its own each time: how often one may come is another test's.
    arrivals += 1
    const peer = `198.18.${arrivals >> 8}.${arrivals & 255}`
    const answer = await request(`/hand-over?ticket=${await ticketFor(session, wish)}`, {}, peer)
    if (answer.status !== 303) throw new Error(`${answer.status} ${await answer.text()}`)
    return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  }
  /** Sends a form with the token that stands on the page at `from`. */
  const send = async (
    cookie: string,
    from: string,
    to: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<Response> => {
    const token = tokenOn(await (await get(from, cookie)).text())
    return post(to, cookie, { token, ...fields })
  }
  /** Sets up an app in a visit of its own; its key and the codes shown. The clock then stands at a fresh code. */
  const enrol = async (session: SessionRow) => {
    const cookie = await arrive(session, { reason: 'two-factor-not-enrolled' })
    const key = keyOn(await (await get('/set-up', cookie)).text())
    const answer = await send(cookie, '/set-up', '/set-up', { code: digits(key, clock.now()) })
    const codes = codesOn(await answer.text())
    if (codes.length !== 10) throw new Error(`${answer.status}: not enrolled`)
    clock.advance(60_000)
    return { key, codes, cookie }
  }
  return { ...stage, parts, app, log, request, get, post, send, ticketFor, arrive, enrol }
}

/** A portal with nobody at it. */
export type PortalStage = Awaited<ReturnType<typeof createPortalStage>>
