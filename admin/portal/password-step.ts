/**
 * Setting a password at the portal, by a link that somebody was sent or handed.
 *
 * Links and passwords are judged by `own-sign-in/password-links.ts`. Invariant: opening a link spends nothing, since mail
 * programs open links too; its text leaves the address at once, into a cookie of this origin that no script can read; a form
 * counts only from a page that this link showed. Signing in with the link was refused: a mailbox alone would open the practice.
 */

import type { Context } from 'hono'
import type { DurationMs } from '../../policies/instant.ts'
import { passwordTexts } from '../../runtime/pages/texts-sign-in.ts'
import { findLinkHolder, setPasswordByLink } from '../own-sign-in/password-links.ts'
import { tellPasswordSet } from '../own-sign-in/password-mails.ts'
import { readCookieCalled } from '../sign-in/cookie.ts'
import { formToken, readPortalForm } from './forms.ts'
import { noLinkPage, passwordPage, passwordSetPage } from './password-page.ts'
import { notOursPage, tooOftenPage } from './plain-pages.ts'
import type { Portal, PortalEnv } from './visitor.ts'

const linkForm = /^[A-Za-z0-9_-]{43}$/
const cookieMs: DurationMs = 1_800_000

const cookieName = (secure: boolean): string =>
  secure ? '__Host-gatehouse-portal-password' : 'gatehouse-portal-password'

/** Lax: people come here from their mail. */
const cookieOf = (secure: boolean, link: string, forMs: DurationMs): string =>
  `${cookieName(secure)}=${link}; Max-Age=${forMs / 1_000}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`

const linkOf = ({ secure }: Portal, c: Context<PortalEnv>): string | null => {
  const link = readCookieCalled(cookieName(secure), c.req.header('cookie'))
  return link !== null && linkForm.test(link) ? link : null
}

async function noLink(portal: Portal, c: Context<PortalEnv>): Promise<Response> {
  const waitMs = await portal.knocks.knock(c.get('hop').client)
  if (waitMs === null) return portal.answers.page(403, noLinkPage())
  const afterS = Math.max(1, Math.ceil(waitMs / 1_000))
  return portal.answers.page(429, tooOftenPage(afterS), { retryAfterS: afterS })
}

/** The page of a link, or of the cookie that it became. */
export async function showPassword(portal: Portal, c: Context<PortalEnv>): Promise<Response> {
  const given = c.req.query('link')
  if (given !== undefined)
    return linkForm.test(given)
      ? portal.answers.seeOther('/password', cookieOf(portal.secure, given, cookieMs))
      : noLink(portal, c)
  const link = linkOf(portal, c)
  const holder = link === null ? null : await findLinkHolder(portal.parts.store, link, portal.now())
  if (link === null || holder === null) return noLink(portal, c)
  const { name, login } = holder
  return portal.answers.page(200, passwordPage({ name, login, token: formToken(link), said: null }))
}

/** Takes the form. What is wrong with a password is said in the answer itself: an address would keep it. */
export async function takePassword(portal: Portal, c: Context<PortalEnv>): Promise<Response> {
  const { parts, answers, origin, now } = portal
  const link = linkOf(portal, c)
  const at = now()
  const holder = link === null ? null : await findLinkHolder(parts.store, link, at)
  if (link === null || holder === null) return noLink(portal, c)
  const form = await readPortalForm(c, origin, link)
  if (form === null) return answers.page(403, notOursPage())
  const { name, login } = holder
  const again = (said: string): Response =>
    answers.page(422, passwordPage({ name, login, token: formToken(link), said }))
  const password = form.get('password')
  if (password !== form.get('again')) return again(passwordTexts.differ)
  const deed = { address: c.get('hop').client.text, at }
  const set = await setPasswordByLink(parts.store, { link, password }, deed, tellPasswordSet(portal.mail))
  switch (set.outcome) {
    case 'unfit':
      return again(set.said)
    case 'over':
      return noLink(portal, c)
    case 'set':
      parts.changed()
      return answers.page(200, passwordSetPage(), { setCookie: cookieOf(portal.secure, '', 0) })
  }
}
