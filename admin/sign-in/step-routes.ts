/**
 * `/sign-in/code`, `/sign-in/passkey`, the forms of `/step-up`, and `/set-password`: the second step of own accounts, and
 * their links.
 *
 * Codes and passkeys are judged by `admin-sessions.ts`, passwords by `password-rules.ts`. Invariant: a form that one of our own pages did
 * not send changes nothing; looking at a link spends nothing; after a code the session has a new token. Nothing here says
 * whether an account exists.
 */
import { randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Instant } from '../../policies/instant.ts'
import type { AdminEnv } from '../api/admin-env.ts'
import { refusalOf } from '../api/refusals.ts'
import { passwordProblem } from '../own-sign-in/password-rules.ts'
import { secureHeaders } from '../response-headers.ts'
import type { Store } from '../store/database.ts'
import { type Admin, type AdminSessions, isCsrf } from './admin-sessions.ts'
import { readCookie, readCookieCalled, setCookie } from './cookie.ts'
import { deviceOf, elsewhere, formBytesMax, minutesText, readFields, seeOtherHere } from './forms.ts'
import type { CodeOutcome, CodeTry, SecondStep } from './own-account-sign-in.ts'
import { findLink, takeLink } from './own-accounts.ts'
import { returnTarget } from './own-origin.ts'
import { codePage, passwordPage, sentencePage } from './page.ts'

/** What the routes stand on. `origin`: ours, as browsers write it. */
export type StepOptions = {
  readonly sessions: AdminSessions
  readonly store: Store
  readonly now: () => Instant
  readonly origin: string
}

/** Under which name the cookie of a sign-in goes that waits for its code. */
const waitingCookieName = (secure: boolean): string =>
  secure ? '__Host-gatehouse-admin-step' : 'gatehouse-admin-step'

/** The `Set-Cookie` value of a sign-in that waits five minutes; empty removes it. */
export const waitingCookie = (secure: boolean, token: string): string =>
  `${waitingCookieName(secure)}=${token}; Max-Age=${token === '' ? 0 : 300}; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`

/** A page made with a nonce of its own. */
const show = async (
  status: number,
  make: (nonce: string) => HtmlEscapedString | Promise<HtmlEscapedString>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> => {
  const nonce = randomBytes(18).toString('base64')
  return new Response(String(await make(nonce)), {
    status,
    headers: {
      ...secureHeaders(nonce),
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
  })
}

type Asked = {
  readonly action: '/sign-in/code' | '/step-up'
  readonly returnTo: string
  readonly csrf: string | null
}

/** The page that asks for a passkey or a code. `step`: what the account has; `null`: its sign-in is over. */
export const showCode = async (
  asked: Asked,
  step: SecondStep | null,
  status = 200,
  message: string | null = null,
): Promise<Response> =>
  step === null ? startAgain() : show(status, (nonce) => codePage({ nonce, ...asked, message, step }))

const wrongWords: Readonly<Record<CodeTry['by'], Readonly<Record<'wrong' | 'used', string>>>> = {
  code: {
    wrong: 'That code is not right. Look at your app again.',
    used: 'That code was used already. Wait for the next one.',
  },
  passkey: {
    wrong: 'That passkey did not prove that it is you. Try again, or use another way.',
    used: 'That was used already. Try again.',
  },
}

const startAgain = (): Response => seeOtherHere('/sign-in', [])

/** What a judged code or passkey leads to. `ask`: for the next try; `done`: the answer to a right one. */
async function answerCode(
  { by }: CodeTry,
  outcome: CodeOutcome,
  asked: Asked & { readonly ask: () => Promise<SecondStep | null> },
  done: (token: string) => Response,
): Promise<Response> {
  switch (outcome.outcome) {
    case 'signed-in':
      return done(outcome.token)
    case 'over':
      return startAgain()
    case 'too-many':
      return showCode(
        asked,
        await asked.ask(),
        429,
        `Too many tries. Try again in ${minutesText(outcome.retryAfterMs)}.`,
      )
    case 'wrong':
    case 'used':
      return showCode(asked, await asked.ask(), 403, wrongWords[by][outcome.outcome])
  }
}

/** What was tried, of a form's fields. */
const tryOf = (
  c: Context<AdminEnv>,
  by: CodeTry['by'],
  fields: { readonly code: string; readonly answer: string },
): CodeTry => {
  const from = { address: c.get('hop').client, device: deviceOf(c) }
  return by === 'code' ? { by, code: fields.code, ...from } : { by, answer: fields.answer, ...from }
}

async function takeSignInCode(
  c: Context<AdminEnv>,
  { sessions, origin }: StepOptions,
  by: CodeTry['by'],
): Promise<Response> {
  const secure = origin.startsWith('https:')
  const fields = await readFields(c, origin, ['code', 'answer', 'return'])
  const waiting = readCookieCalled(waitingCookieName(secure), c.req.header('cookie'))
  if (waiting === null) return startAgain()
  const ask = () => sessions.askWaiting(waiting)
  const returnTo = returnTarget(fields?.return)
  const asked = { action: '/sign-in/code' as const, returnTo, csrf: null, ask }
  if (fields === null) return showCode(asked, await ask(), 403, elsewhere)
  const attempt = tryOf(c, by, fields)
  const outcome = await sessions.finishSignIn(waiting, attempt)
  const before = readCookie(c.req.header('cookie'), secure)
  if (outcome.outcome === 'signed-in' && before !== null) await sessions.signOut(before)
  return answerCode(attempt, outcome, asked, (token) =>
    seeOtherHere(returnTo, [setCookie(secure, token), waitingCookie(secure, '')]),
  )
}

/** The own account that is in, with its token's csrf; `null`: nobody, or a person of a practice. */
async function findOwn(
  c: Context<AdminEnv>,
  { sessions, origin }: Pick<StepOptions, 'sessions' | 'origin'>,
): Promise<Admin | null> {
  const token = readCookie(c.req.header('cookie'), origin.startsWith('https:'))
  const admin = token === null ? null : await sessions.find(token, c.get('hop').client, false)
  return admin?.account.kind === 'admin' ? admin : null
}

async function takeStepUp(c: Context<AdminEnv>, options: StepOptions, by: CodeTry['by']): Promise<Response> {
  const { sessions, origin } = options
  const admin = await findOwn(c, options)
  const fields = await readFields(c, origin, ['code', 'answer', 'return', 'csrf'])
  if (admin === null) return startAgain()
  const ask = () => sessions.askAgain(admin)
  const returnTo = returnTarget(fields?.return)
  const asked = { action: '/step-up' as const, returnTo, csrf: admin.csrf, ask }
  if (fields === null || !isCsrf(admin, fields.csrf)) return showCode(asked, await ask(), 403, elsewhere)
  const attempt = tryOf(c, by, fields)
  return answerCode(attempt, await sessions.proveAgain(admin, attempt), asked, (token) =>
    seeOtherHere(returnTo, [setCookie(origin.startsWith('https:'), token)]),
  )
}

const linkForm = /^[A-Za-z0-9_-]{43}$/

const linkOverPage = () =>
  show(403, (nonce) =>
    sentencePage(
      nonce,
      'This link no longer works',
      'A link to set a password works once, for a day. Ask whoever gave it to you for a new one.',
    ),
  )

async function showLink(c: Context<AdminEnv>, { store, now }: StepOptions): Promise<Response> {
  const link = c.req.query('link') ?? ''
  const account = linkForm.test(link) ? await store.read((rows) => findLink(rows, link, now())) : null
  if (account === null) return linkOverPage()
  return show(200, (nonce) => passwordPage({ nonce, link, login: account.login, message: null }))
}

async function takePassword(c: Context<AdminEnv>, { store, now, origin }: StepOptions): Promise<Response> {
  const fields = await readFields(c, origin, ['link', 'password'])
  const link = fields?.link ?? ''
  const account = linkForm.test(link) ? await store.read((rows) => findLink(rows, link, now())) : null
  if (fields === null || account === null) return linkOverPage()
  const { login, name } = account
  const problem = passwordProblem(fields.password, [login, name])
  if (problem !== null) return show(422, (nonce) => passwordPage({ nonce, link, login, message: problem }))
  const { password } = fields
  const taken = await takeLink(store, { link, password, address: c.get('hop').client.text, at: now() })
  return taken ? seeOtherHere('/sign-in', []) : linkOverPage()
}

/** The routes. A database that cannot be had answers 503. */
export function createStepRoutes(options: StepOptions): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>()
  const small = bodyLimit({ maxSize: formBytesMax })
  app.post('/sign-in/code', small, (c) => takeSignInCode(c, options, 'code'))
  app.post('/sign-in/passkey', small, (c) => takeSignInCode(c, options, 'passkey'))
  app.post('/step-up', small, (c) => takeStepUp(c, options, 'code'))
  app.post('/step-up/passkey', small, (c) => takeStepUp(c, options, 'passkey'))
  app.get('/set-password', (c) => showLink(c, options))
  app.post('/set-password', small, (c) => takePassword(c, options))
  app.onError((error, c) => {
    const { answer, ours } = refusalOf(error)
    if (ours) c.get('log').error({ error, requestId: c.get('requestId') }, 'a step failed')
    return show(503, (nonce) => sentencePage(nonce, answer.title, 'Nothing was changed. Try again soon.'))
  })
  return app
}
