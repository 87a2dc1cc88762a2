/**
 * Signing in at the portal: opened by whoever a gateway sends, over to a provider, and back to the application with a proof.
 *
 * Tokens are judged by `own-sign-in/provider.ts`, and the session is the gateway's. Invariant: a browser is sent to a
 * provider, and its answer is taken, only with the cookie of the sign-in that it opened; each provider has an address of
 * its own to send people back to, so that one cannot answer for another; each answer counts once, whatever it says.
 */
import type { Context } from 'hono'
import type { DurationMs } from '../../policies/instant.ts'
import { readOpenWays } from '../own-sign-in/open-ways.ts'
import { beginPasskeySignIn } from '../own-sign-in/passkey-sign-in.ts'
import { createProvider, type Provider } from '../own-sign-in/provider.ts'
import type { OwnUpstreams } from '../own-sign-in/upstreams.ts'
import {
  beginAttempt,
  findSignIn,
  layProof,
  openSignIn,
  type Proved,
  type SignInVisit,
  takeAttempt,
} from '../own-sign-in/visits.ts'
import { readCookieCalled } from '../sign-in/cookie.ts'
import { formToken } from './forms.ts'
import { overPage, tooOftenPage } from './plain-pages.ts'
import { passkeyScript } from './scripts.ts'
import { readSignInSaid, type SignInSaid, type SignInView, signInPage } from './sign-in-page.ts'
import { isPlainOrigin, type Portal, type PortalEnv } from './visitor.ts'

/** The pages of signing in. `findGuest`: whose cookie a request carries; `goBack`: to the application, with a proof. */
export type SignInStep = {
  readonly findGuest: (c: Context<PortalEnv>) => Promise<Guest | null>
  /** Where there is no guest. */
  readonly over: (c: Context<PortalEnv>) => Promise<Response>
  readonly goBack: (guest: Guest, proved: Proved) => Promise<Response>
  readonly show: (c: Context<PortalEnv>) => Promise<Response>
  readonly leave: (c: Context<PortalEnv>) => Promise<Response>
  readonly comeBack: (c: Context<PortalEnv>) => Promise<Response>
}

type Parts = {
  readonly portal: Portal
  readonly upstreams: OwnUpstreams
  readonly isOpened: (c: Context<PortalEnv>) => boolean
  readonly providers: Map<string, Provider>
}

/** Somebody signing in, with what their upstream offers. `token`: the bearer text of their cookie. */
export type Guest = {
  readonly token: string
  readonly visit: SignInVisit
  readonly providers: readonly Provider[]
  readonly password: boolean
  readonly passkey: boolean
}

const tokenForm = /^[A-Za-z0-9_-]{43}$/
const cookieMs: DurationMs = 600_000

const cookieName = (secure: boolean): string =>
  secure ? '__Host-gatehouse-portal-sign-in' : 'gatehouse-portal-sign-in'

const cookieOf = (secure: boolean, token: string, forMs: DurationMs): string =>
  `${cookieName(secure)}=${token}; Max-Age=${forMs / 1_000}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`

/** Where a provider sends people back to. */
const redirectUri = (portal: Portal, provider: string): string => `${portal.origin}/sign-in/from/${provider}`

function providersOf({ portal, upstreams, providers }: Parts, upstream: string): readonly Provider[] {
  return (upstreams.find(upstream)?.providers ?? []).map((rules) => {
    const key = `${upstream} ${rules.id}`
    const known = providers.get(key)
    if (known !== undefined) return known
    const secret = upstreams.secret(upstream, rules.id)
    const made = createProvider({
      rules,
      secret,
      redirectUri: redirectUri(portal, rules.id),
      now: portal.now,
    })
    providers.set(key, made)
    return made
  })
}

async function findGuest(parts: Parts, c: Context<PortalEnv>): Promise<Guest | null> {
  const { portal } = parts
  const token = readCookieCalled(cookieName(portal.secure), c.req.header('cookie'))
  if (token === null || !tokenForm.test(token)) return null
  const visit = await findSignIn(portal.parts.store, token, portal.now())
  if (visit === null || !isPlainOrigin(visit.origin)) return null
  const own = parts.upstreams.find(visit.upstream)
  if (own === null) return null
  // The practice of an application has its say before anything is typed; others have theirs when somebody is known.
  const practices = own.practice === null ? [] : [own.practice]
  const ways = await portal.parts.store.read((rows) => readOpenWays(rows, practices))
  const providers = ways.provider ? providersOf(parts, visit.upstream) : []
  const passkey = own.passkey && ways.passkey && portal.party !== null
  return { token, visit, providers, password: own.password && ways.password, passkey }
}

const over = ({ portal }: Parts): Response => portal.answers.page(403, overPage())

/** `null`: not too often. */
async function tooOften({ portal }: Parts, c: Context<PortalEnv>): Promise<Response | null> {
  const waitMs = await portal.knocks.knock(c.get('hop').client)
  if (waitMs === null) return null
  const afterS = Math.max(1, Math.ceil(waitMs / 1_000))
  return portal.answers.page(429, tooOftenPage(afterS), { retryAfterS: afterS })
}

/** Takes what a gateway began, once; the address without it is the next one in the browser's history. */
async function open(parts: Parts, c: Context<PortalEnv>, begun: string): Promise<Response> {
  const { portal } = parts
  const wait = await tooOften(parts, c)
  if (wait !== null) return wait
  const token =
    parts.isOpened(c) && tokenForm.test(begun)
      ? await openSignIn(portal.parts.store, begun, portal.now())
      : null
  if (token === null) return over(parts)
  return portal.answers.seeOther('/sign-in', cookieOf(portal.secure, token, cookieMs))
}

async function askForPasskey({ portal }: Parts, { passkey, token }: Guest): Promise<SignInView['passkey']> {
  if (!passkey || portal.party === null) return null
  const options = await beginPasskeySignIn(portal.parts.store, portal.party, token, portal.now())
  return options === null ? null : { token: formToken(token), options }
}

async function show(parts: Parts, c: Context<PortalEnv>): Promise<Response> {
  const begun = c.req.query('begin')
  if (begun !== undefined) return open(parts, c, begun)
  const guest = await findGuest(parts, c)
  if (guest === null) return (await tooOften(parts, c)) ?? over(parts)
  const { visit, providers, token } = guest
  const said = readSignInSaid(c.req.query('said'))
  const hasLinks = parts.portal.mail !== null
  const password = guest.password ? { token: formToken(token), hasLinks } : null
  const passkey = await askForPasskey(parts, guest)
  const html = signInPage({ origin: visit.origin, providers, password, passkey, said })
  const script = passkey === null ? {} : { script: passkeyScript }
  return parts.portal.answers.page(200, html, { elsewhere: visit.origin, ...script })
}

const sayAgain = ({ portal }: Parts, said: SignInSaid): Response =>
  portal.answers.seeOther(`/sign-in?said=${said}`)

async function leave(parts: Parts, c: Context<PortalEnv>): Promise<Response> {
  const { portal } = parts
  const wait = await tooOften(parts, c)
  if (wait !== null) return wait
  const guest = await findGuest(parts, c)
  const provider = guest?.providers.find(({ id }) => id === c.req.param('provider'))
  if (guest === null || provider === undefined || !parts.isOpened(c)) return over(parts)
  const challenge = await beginAttempt(portal.parts.store, guest.token, provider.id, portal.now())
  if (challenge === null) return over(parts)
  const to = await provider.begin(challenge)
  return to === null ? sayAgain(parts, 'away') : portal.answers.seeOther(to)
}

/** Back to the application that this browser came from, with a proof that counts only there. */
async function goBack(parts: Parts, guest: Guest, proved: Proved): Promise<Response> {
  const { portal } = parts
  const proof = await layProof(portal.parts.store, guest.token, proved, portal.now())
  if (proof === null) return over(parts)
  const gone = cookieOf(portal.secure, '', 0)
  return portal.answers.seeOther(`${guest.visit.origin}/.gatehouse/access?signed-in=${proof}`, gone)
}

async function comeBack(parts: Parts, c: Context<PortalEnv>): Promise<Response> {
  const { portal } = parts
  const { store } = portal.parts
  const guest = await findGuest(parts, c)
  const provider = guest?.providers.find(({ id }) => id === c.req.param('provider'))
  if (guest === null || provider === undefined || !parts.isOpened(c))
    return (await tooOften(parts, c)) ?? over(parts)
  const challenge = await takeAttempt(store, guest.token, provider.id, portal.now())
  if (challenge === null) return sayAgain(parts, 'refused')
  const answer = await provider.finish(new URL(c.req.url).searchParams, challenge)
  if (answer.kind !== 'proved') {
    portal.log.warn({ provider: provider.id, kind: answer.kind, why: answer.why }, 'a provider named nobody')
    return sayAgain(parts, answer.kind)
  }
  const { person } = answer
  const factor =
    person.factorAt === null ? null : ({ method: 'google', verifiedAt: person.factorAt } as const)
  return goBack(parts, guest, { method: 'own-oidc', person, factor })
}

/** The pages of signing in at this portal, for these upstreams. */
export function createSignInStep(
  portal: Portal,
  upstreams: OwnUpstreams,
  isOpened: (c: Context<PortalEnv>) => boolean,
): SignInStep {
  const parts: Parts = { portal, upstreams, isOpened, providers: new Map() }
  return {
    findGuest: (c) => findGuest(parts, c),
    over: async (c) => (await tooOften(parts, c)) ?? over(parts),
    goBack: (guest, proved) => goBack(parts, guest, proved),
    show: (c) => show(parts, c),
    leave: (c) => leave(parts, c),
    comeBack: (c) => comeBack(parts, c),
  }
}
