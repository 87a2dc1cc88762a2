// Admission: who is standing at the desk, read from the two cookies.
//
// Not authorisation: every signed-in member of staff may do everything; roles are only told, never checked.
// Invariant: records are handed out only for the practice the `desk_practice` cookie names, and only to a
// member of it.
// Refused: falling back to "the first practice" when the cookie is missing; the wrong chart would open.

import type { Context, MiddlewareHandler } from 'hono'
import { parse } from 'hono/utils/cookie'
import type { Account } from './accounts.ts'
import type { Desk, DeskEnv, StaffVisitor } from './desk.ts'
import { page, pickerPage } from './layout.ts'
import { findPractice } from './people.ts'
import type { Session } from './sessions.ts'

/** The name of the opaque session cookie. */
export const sessionCookie = 'desk_session'
/** The name of the cookie that holds the chosen practice's plain id. */
export const practiceCookie = 'desk_practice'
/** How both cookies are set. */
export const cookieOptions = { path: '/', httpOnly: true, sameSite: 'Lax' } as const

/** Who is there: `staff` in a practice, `choosing` one (none or a foreign one named), a patient, or nobody. */
export type Admission =
  | { readonly kind: 'staff'; readonly staff: StaffVisitor }
  | {
      readonly kind: 'choosing'
      readonly foreign: boolean
      readonly session: Session
      readonly account: Account
    }
  | { readonly kind: 'patient'; readonly session: Session; readonly account: Account }
  | { readonly kind: 'nobody'; readonly session: Session | null }

/** Who sent this Cookie header. */
export function admit(desk: Desk, cookieHeader: string | undefined): Admission {
  const cookies = parse(cookieHeader ?? '')
  const session = desk.sessions.find(cookies[sessionCookie])
  if (!session?.account) return { kind: 'nobody', session }
  const { account } = session
  if (account.kind === 'patient') return { kind: 'patient', session, account }
  const named = cookies[practiceCookie]
  const practice = findPractice(named)
  if (!practice || !account.memberships.some((membership) => membership.practice === practice.id)) {
    return { kind: 'choosing', foreign: named !== undefined && named !== '', session, account }
  }
  return { kind: 'staff', staff: { session, account, practice, records: desk.records.of(practice) } }
}

/** The given path if it stays on this site, else the fallback. Guards redirects after sign-in. */
export function localPath(given: string | undefined, fallback: string): string {
  // No backslash, which browsers take for a slash, and no dots that leave two slashes in front.
  const isPath = given !== undefined && /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(given)
  return isPath && !new URL(given, 'http://desk.invalid').pathname.startsWith('//') ? given : fallback
}

/** Whether the caller is a program that expects JSON, told by the path. */
export function wantsJson(path: string): boolean {
  return path.startsWith('/api/') || path.startsWith('/live/')
}

function turnAway(
  c: Context<DeskEnv>,
  admission: Exclude<Admission, { kind: 'staff' }>,
): Response | Promise<Response> {
  const { pathname, search } = new URL(c.req.url)
  const reading = c.req.method === 'GET' || c.req.method === 'HEAD'
  const next = reading ? `?next=${encodeURIComponent(pathname + search)}` : ''
  const json = wantsJson(pathname)
  c.header('Cache-Control', 'no-store')
  if (admission.kind === 'nobody') {
    return json ? c.json({ error: 'signed out' }, 401) : c.redirect(`/sign-in${next}`, 303)
  }
  if (admission.kind === 'patient') {
    if (json) return c.json({ error: 'for staff only' }, 403)
    const body = 'This part is for staff. Your own visits are in the patient portal at /portal.'
    return c.html(page({ title: 'For staff only', message: body }), 403)
  }
  if (json)
    return c.json({ error: admission.foreign ? 'not a member of this practice' : 'choose a practice' }, 403)
  if (!admission.foreign) return c.redirect(`/practices${next}`, 303)
  const warning = 'You are not a member of that practice. Choose one of yours.'
  return c.html(pickerPage(admission.account, localPath(pathname + search, '/schedule'), warning), 403)
}

/** Lets staff of the chosen practice through; others get a redirect, a picker, or JSON 401/403. */
export function staffOnly(desk: Desk): MiddlewareHandler<DeskEnv> {
  return async (c, next) => {
    const admission = admit(desk, c.req.header('cookie'))
    if (admission.kind !== 'staff') return turnAway(c, admission)
    c.set('staff', admission.staff)
    c.header('Cache-Control', 'no-store')
    return next()
  }
}
