// Signing in and out, choosing a practice, and telling who is signed in.
//
// Not a guard: pages guard themselves with `staffOnly`.
// Invariant: a failed sign-in changes no session, and never says whether the address exists.
// Refused: a CSRF token on the sign-in form; there is no session yet worth protecting.

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import type { Account } from './accounts.ts'
import { admit, cookieOptions, localPath, practiceCookie, sessionCookie } from './admission.ts'
import type { Desk, DeskApp, DeskEnv } from './desk.ts'
import type { Markup } from './layout.ts'
import { page, pickerPage } from './layout.ts'
import { findPractice } from './people.ts'
import { readForm, readJson } from './request-bodies.ts'
import { tokensMatch } from './sessions.ts'

/** Makes sure the browser has a session cookie before a form is shown. */
export function openSession(desk: Desk, c: Context<DeskEnv>): void {
  if (!desk.sessions.find(getCookie(c, sessionCookie))) {
    setCookie(c, sessionCookie, desk.sessions.open().id, cookieOptions)
  }
}

/** Checks the password and sets the cookies; the account, or `null` when it is not of `kind` or wrong. */
export async function signIn(
  desk: Desk,
  c: Context<DeskEnv>,
  given: { readonly email: string; readonly password: string },
  kind: Account['kind'] | 'any',
): Promise<Account | null> {
  const account = await desk.accounts.verify(given.email, given.password)
  if (!account || (kind !== 'any' && account.kind !== kind)) return null
  const earlier = desk.sessions.find(getCookie(c, sessionCookie))
  setCookie(c, sessionCookie, desk.sessions.signIn(earlier, account).id, cookieOptions)
  const [only, ...more] = account.memberships
  if (only && more.length === 0) setCookie(c, practiceCookie, only.practice, cookieOptions)
  return account
}

/** A sign-in form posting to `action`; `problem` is announced above it. */
export function signInForm(action: string, next: string, email: string, problem: string | null): Markup {
  return html`${problem ? html`<p class="notice bad" role="alert">${problem}</p>` : ''}
<form method="post" action="${action}" class="card stack">
<input type="hidden" name="next" value="${next}">
<label>E-mail address <input type="email" name="email" autocomplete="username" required value="${email}"></label>
<label>Password <input type="password" name="password" autocomplete="current-password" required></label>
<button class="primary">Sign in</button>
</form>`
}

/** What a wrong address or password is answered with, everywhere. */
export const wrongPassword = 'That e-mail address and password do not match.'

function signInPage(next: string, email = '', problem: string | null = null): Markup {
  return page({
    title: 'Staff sign-in',
    message: 'Schedule, charts and payments of your practice.',
    body: signInForm('/sign-in', next, email, problem),
  })
}

function addSignIn(app: DeskApp, desk: Desk): void {
  app.get('/sign-in', (c) => {
    openSession(desk, c)
    c.header('Cache-Control', 'no-store')
    return c.html(signInPage(localPath(c.req.query('next'), '')))
  })

  app.post('/sign-in', async (c) => {
    const form = await readForm(c)
    const email = form.get('email') ?? ''
    const next = localPath(form.get('next'), '')
    const account = await signIn(desk, c, { email, password: form.get('password') ?? '' }, 'staff')
    c.header('Cache-Control', 'no-store')
    if (!account) return c.html(signInPage(next, email, wrongPassword), 401)
    if (account.memberships.length === 1) return c.redirect(next || '/schedule', 303)
    return c.redirect(next ? `/practices?next=${encodeURIComponent(next)}` : '/practices', 303)
  })

  app.post('/api/sign-in', async (c) => {
    const { email, password } = await readJson(c)
    if (typeof email !== 'string' || typeof password !== 'string') {
      return c.json({ error: 'email and password are needed' }, 400)
    }
    const account = await signIn(desk, c, { email, password }, 'any')
    return account ? c.json({ ok: true }) : c.json({ error: wrongPassword }, 401)
  })
}

function addPicker(app: DeskApp, desk: Desk): void {
  app.get('/practices', (c) => {
    const admission = admit(desk, c.req.header('cookie'))
    if (admission.kind === 'nobody') return c.redirect('/sign-in?next=%2Fpractices', 303)
    if (admission.kind === 'patient') return c.redirect('/portal', 303)
    const { account } = admission.kind === 'staff' ? admission.staff : admission
    c.header('Cache-Control', 'no-store')
    return c.html(pickerPage(account, localPath(c.req.query('next'), '/schedule')))
  })

  app.post('/practices/choose', async (c) => {
    const admission = admit(desk, c.req.header('cookie'))
    if (admission.kind === 'nobody') return c.redirect('/sign-in?next=%2Fpractices', 303)
    if (admission.kind === 'patient') return c.redirect('/portal', 303)
    const { account } = admission.kind === 'staff' ? admission.staff : admission
    const form = await readForm(c)
    const chosen = form.get('practice')
    const next = localPath(form.get('next'), '/schedule')
    c.header('Cache-Control', 'no-store')
    const member = account.memberships.find((membership) => membership.practice === chosen)
    if (!member) return c.html(pickerPage(account, next, 'You are not a member of that practice.'), 403)
    setCookie(c, practiceCookie, member.practice, cookieOptions)
    return c.redirect(next, 303)
  })
}

function addWhoAndOut(app: DeskApp, desk: Desk): void {
  app.get('/api/me', (c) => {
    const account = desk.sessions.find(getCookie(c, sessionCookie))?.account
    c.header('Cache-Control', 'no-store')
    if (!account) return c.json({ error: 'signed out' }, 401)
    const { id, email, name, kind } = account
    const practices = account.memberships.map(({ practice, roles }) => ({
      id: practice,
      name: findPractice(practice)?.name ?? practice,
      roles,
    }))
    return c.json({ id, email, name, kind, practices })
  })

  // For programs: browsers send DELETE to another origin only after asking, which is never permitted here.
  app.delete('/api/session', (c) => {
    const session = desk.sessions.find(getCookie(c, sessionCookie))
    if (session) desk.sessions.end(session.id)
    deleteCookie(c, sessionCookie, cookieOptions)
    return c.body(null, 204)
  })

  app.post('/sign-out', async (c) => {
    const session = desk.sessions.find(getCookie(c, sessionCookie))
    const form = await readForm(c)
    if (session?.account && !tokensMatch(form.get('csrf') ?? '', session.csrf)) {
      return c.html(
        page({ title: 'Not signed out', message: 'The form was out of date. Go back and try again.' }),
        403,
      )
    }
    if (session) desk.sessions.end(session.id)
    deleteCookie(c, sessionCookie, cookieOptions)
    deleteCookie(c, practiceCookie, cookieOptions)
    c.header('Cache-Control', 'no-store')
    return c.redirect(session?.account?.kind === 'patient' ? '/portal' : '/sign-in', 303)
  })
}

/** Adds /sign-in, /api/sign-in, /sign-out, /api/session, /practices, /practices/choose and /api/me. */
export function addSignInRoutes(app: DeskApp, desk: Desk): void {
  addSignIn(app, desk)
  addPicker(app, desk)
  addWhoAndOut(app, desk)
}
