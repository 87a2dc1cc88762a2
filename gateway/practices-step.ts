/**
 * The page of one's practices: which of them can be opened now, which not until when, and the way to each.
 *
 * It switches nothing: which practice a request is about is told by place or by the application (`practice.ts`). Invariant: it
 * shows what `decide` would say to this person, from here, now; nothing on it is a promise for the next request.
 */
import { practicesPage } from '../runtime/pages/practice-list.ts'
import { emergencyEnd } from './emergency-shown.ts'
import type { WholeResponse } from './exchange.ts'
import { practiceRows } from './practice-rows.ts'
import { signInQuestion, stepPage, type Visit } from './step-visit.ts'

/** Where it is, on the application's own origin. */
export const practicesPath = '/.gatehouse/practices'

/** The page for somebody who is signed in. */
export function showPractices({ parts, exchange, session }: Visit): WholeResponse {
  const at = parts.clock.now()
  const question = signInQuestion(parts.duties.signIn, exchange, session)
  const html = practicesPage({
    rows: practiceRows(parts.directory, { question, exchange, at }),
    emergencyUntil: emergencyEnd(parts.directory, session.record.user, at),
  })
  return stepPage(200, html, 'same-origin', [])
}
