/**
 * Signing in at the portal with a login name and a password, and asking for a link to set one.
 *
 * Passwords are judged by `own-sign-in/password-sign-in.ts`. Invariant: a form counts only with the cookie of the sign-in
 * that its page was shown for, so that nobody is signed in by another site's form; whatever is wrong is said after a
 * redirect, in the same words, and asking for a link is answered before it is known whether there is anybody.
 */
import type { Context } from 'hono'
import { sendAskedLink } from '../own-sign-in/password-mails.ts'
import { tryPassword } from '../own-sign-in/password-sign-in.ts'
import { takeLinkTry } from '../own-sign-in/password-tries.ts'
import { formToken, type PortalForm, readPortalForm } from './forms.ts'
import { notOursPage } from './plain-pages.ts'
import { passwordLinkPage, waitWord } from './sign-in-page.ts'
import type { Guest, SignInStep } from './sign-in-step.ts'
import type { Portal, PortalEnv } from './visitor.ts'

/** The pages of signing in with a password. */
export type PasswordSignInStep = {
  readonly take: (c: Context<PortalEnv>) => Promise<Response>
  readonly showLink: (c: Context<PortalEnv>) => Promise<Response>
  readonly askLink: (c: Context<PortalEnv>) => Promise<Response>
}

type Taking = (guest: Guest, form: PortalForm) => Promise<Response>

async function take(
  { portal, signIn }: Parts,
  c: Context<PortalEnv>,
  guest: Guest,
  form: PortalForm,
): Promise<Response> {
  const { parts, log, now, answers } = portal
  const login = form.get('login')
  const password = form.get('password')
  const address = c.get('hop').client
  const tried = await tryPassword({ store: parts.store, log, now }, { login, password, address })
  switch (tried.outcome) {
    case 'proved':
      return signIn.goBack(guest, {
        ...{ method: 'own-password', user: tried.user, login: tried.login, factor: null },
      })
    case 'wrong':
      return answers.seeOther('/sign-in?said=wrong')
    case 'wait':
      return answers.seeOther(`/sign-in?said=${waitWord(tried.until - now())}`)
  }
}

async function askLink({ portal }: Parts, c: Context<PortalEnv>, form: PortalForm): Promise<Response> {
  const { parts, mail, origin, log, now, answers } = portal
  if (mail === null) return answers.seeOther('/sign-in')
  const address = c.get('hop').client
  const taken = await takeLinkTry(parts.store, address, now())
  if (taken.outcome === 'wait') return answers.seeOther(`/sign-in?said=${waitWord(taken.until - now())}`)
  // Not waited for: the time of the answer must not tell whether anybody has that name.
  sendAskedLink(
    parts.store,
    { login: form.get('login'), address },
    { queue: mail, portal: origin },
    now(),
  ).then(parts.changed, (error: unknown) => log.warn({ error }, 'a link that was asked for was not sent'))
  return answers.seeOther('/sign-in/password-link?said=asked')
}

type Parts = { readonly portal: Portal; readonly signIn: SignInStep }

/** The pages of signing in with a password at this portal. */
export function createPasswordSignInStep(portal: Portal, signIn: SignInStep): PasswordSignInStep {
  const parts: Parts = { portal, signIn }
  const taking = (answer: Taking) => async (c: Context<PortalEnv>) => {
    const guest = await signIn.findGuest(c)
    if (guest === null || !guest.password) return signIn.over(c)
    const form = await readPortalForm(c, portal.origin, guest.token)
    return form === null ? portal.answers.page(403, notOursPage()) : answer(guest, form)
  }
  return {
    take: (c) => taking((guest, form) => take(parts, c, guest, form))(c),
    askLink: (c) => taking((_, form) => askLink(parts, c, form))(c),
    showLink: async (c) => {
      const guest = await signIn.findGuest(c)
      if (guest === null || !guest.password || portal.mail === null) return signIn.over(c)
      const view = { token: formToken(guest.token), isAsked: c.req.query('said') === 'asked' }
      return portal.answers.page(200, passwordLinkPage(view))
    },
  }
}
