/**
 * The page that explains the kinds of problem documents: what happened, why, and what to do about each.
 *
 * Data in, HTML out; it is the same for everybody and tells nothing of anybody. Invariant: each kind has its place on it under the
 * last part of its URI, so that a link to it leads there.
 */

import { html } from 'hono/html'
import type { ProblemKind } from '../problem-kinds.ts'
import { page } from './page.ts'
import { refusalTexts } from './texts-gateway.ts'
import { labels } from './texts-labels.ts'

/** The words as the documents have them (`docs/problems.md`): names of members in code, names of pages stressed. */
const marked = (text: string) =>
  text.split(/(`[^`]+`|\*[^*]+\*)/).map((part) => {
    if (part.startsWith('`')) return html`<code>${part.slice(1, -1)}</code>`
    return part.startsWith('*') ? html`<em>${part.slice(1, -1)}</em>` : part
  })

/** The page as HTML, at most 20 kB. */
export const problemsPage = (kinds: readonly ProblemKind[]): string =>
  page({
    title: labels.whatRefusalsMean,
    practice: null,
    body: html`<p>${refusalTexts.problems}</p>
${kinds.map(
  ({ type, name, title, why, next }) =>
    html`<h2 id="${name}">${title}</h2>
<p class="hint"><code>${type}</code></p>
<p>${marked(`${why} ${next}`)}</p>`,
)}`,
  })
