/**
 * A page of a heading and plain sentences: failures that no decision stands behind.
 *
 * It is not for refusals (`refusal-page.ts`), which have reasons. Invariant: the sentences are public ones; whatever
 * they are, they arrive as text. It renders without the control plane.
 */
import { html } from 'hono/html'
import { page } from './page.ts'

/** The page as HTML. Send it with `pagePolicy` and `no-store`. */
export const plainPage = (title: string, sentences: readonly string[]): string =>
  page({ title, practice: null, body: html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}` })
