/**
 * A page of a heading and plain sentences: failures that no decision stands behind.
 *
 * It is not for refusals (`refusal-page.ts`), which have reasons. Invariant: the sentences are public ones; whatever
 * they are, they arrive as text. It renders without the control plane.
 */
import { html } from 'hono/html'
import { page } from './page.ts'
import { labels } from './texts-labels.ts'

/** The page as HTML. Send it with `pagePolicy` and `no-store`. `retries`: the same address may be opened again at once. */
export const plainPage = (title: string, sentences: readonly string[], retries = false): string =>
  page({
    title,
    practice: null,
    body: html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}${
      retries ? html`<div class="doing"><a class="first" href="">${labels.tryAgain}</a></div>` : ''
    }`,
  })
