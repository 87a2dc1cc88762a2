/**
 * Signing in at the portal with a passkey alone.
 *
 * Passkeys are judged by `own-sign-in/passkey-sign-in.ts`. Invariant: the form counts only with the cookie of the sign-in
 * that its page was shown for; whatever is wrong is said after a redirect, in the same words. The passkey was shown with its
 * person verified, so it is their second factor too, and none is asked for again.
 */
import type { Context } from 'hono'
import { tryPasskey } from '../own-sign-in/passkey-sign-in.ts'
import { passkeyAnswerMax } from '../webauthn.ts'
import { readPortalForm } from './forms.ts'
import { notOursPage } from './plain-pages.ts'
import { waitWord } from './sign-in-page.ts'
import type { SignInStep } from './sign-in-step.ts'
import type { Portal, PortalEnv } from './visitor.ts'

/** Takes the form with what a passkey answered; leads back to the application with a proof. */
export const takePasskeySignIn =
  (portal: Portal, signIn: SignInStep) =>
  async (c: Context<PortalEnv>): Promise<Response> => {
    const { parts, party, answers, now } = portal
    const guest = await signIn.findGuest(c)
    if (guest === null || !guest.passkey || party === null) return signIn.over(c)
    const form = await readPortalForm(c, portal.origin, guest.token)
    if (form === null) return answers.page(403, notOursPage())
    const answer = form.get('answer', passkeyAnswerMax)
    if (answer === '') return answers.seeOther('/sign-in')
    const at = now()
    const attempt = { token: guest.token, answer, address: c.get('hop').client }
    const tried = await tryPasskey(parts.store, party, attempt, at)
    switch (tried.outcome) {
      case 'proved':
        return signIn.goBack(guest, {
          ...{ method: 'own-passkey', user: tried.user, login: tried.login },
          factor: { method: tried.method, verifiedAt: at },
        })
      case 'wrong':
        return answers.seeOther('/sign-in?said=no-passkey')
      case 'wait':
        return answers.seeOther(`/sign-in?said=${waitWord(tried.until - now())}`)
    }
  }
