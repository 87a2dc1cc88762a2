/**
 * The page on which people sign in here: one link for each provider, and what became of the last try.
 *
 * Data in, HTML out. Invariant: what is said names no person and tells nothing of the directory, and the words in the
 * address choose among these sentences only. A form was refused: nothing is typed here.
 */
import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'

/** What became of the last try. */
export type SignInSaid = 'cancelled' | 'refused' | 'not-verified' | 'not-allowed' | 'away'

const sentences: Readonly<Record<SignInSaid, string>> = {
  cancelled: 'Nobody was signed in there. You can try again.',
  refused:
    'The answer that came back could not be trusted, so nobody was signed in. Please try again from here.',
  'not-verified':
    'Your e-mail address there is not verified. Verify it there first, or use another account, then try again.',
  'not-allowed': 'That account is not one of your practice’s. Use the account that your practice gave you.',
  away: 'The sign-in cannot be reached just now. Please try again in a moment.',
}

/** Out of an address; `null`: nothing is said, or nothing of ours. */
export const readSignInSaid = (word: string | undefined): SignInSaid | null =>
  word !== undefined && Object.hasOwn(sentences, word) ? (word as SignInSaid) : null

/** The page. `origin`: the application's; `providers` in the order of their buttons. */
export const signInPage = (view: {
  readonly origin: string
  readonly providers: readonly { readonly id: string; readonly name: string }[]
  readonly said: SignInSaid | null
}): string =>
  page({
    title: 'Sign in',
    practice: null,
    body: html`<p>Sign in to go on to <strong>${new URL(view.origin).host}</strong>.</p>
${view.said === null ? '' : html`<p class="problem" role="alert">${sentences[view.said]}</p>`}
<div class="doing">${view.providers.map(
      ({ id, name }, at) =>
        html`<a${at === 0 ? html` class="first"` : ''} href="/sign-in/with/${id}">Continue with ${name}</a>`,
    )}</div>
<p class="last">Did you not just open this application? Then close this page.</p>`,
  })
