/**
 * Asking for access of somebody who is signed in: for a practice of theirs that refuses them while another does not, or for
 * more time once the hours have ended.
 *
 * The page itself is `request-step.ts`'s, limits and cool-downs the control plane's. Invariant: it asks only where address or
 * hour refuses this very person now; a practice that is not theirs is passed over like one that does not exist; and nothing
 * goes on but to a page that is judged like any other. Asking with an adopted cookie was refused: it proves no sign-in.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'
import type { AccessForm } from './access-form.ts'
import { type AskKind, askableKind, kindOf, mayAskSignedIn, onlyIn, requestsPath } from './asking.ts'
import type { WholeResponse } from './exchange.ts'
import { practiceAddress, practiceRows } from './practice-rows.ts'
import { practicesPath } from './practices-step.ts'
import { answer, type Directory, type Question } from './questions.ts'
import { type Asking, askAccess, showRequests, withdrawAccess } from './request-step.ts'
import { addressOf, seeOther, signInQuestion, type Visit } from './step-visit.ts'

/** The practice that the page was opened for; `null`: none, or none of theirs. */
const namedOf = ({ parts, session, query }: Visit): PracticeId | null => {
  const wished = query.get('practice')
  return parts.directory.practicesOf(session.record.user).find((practice) => practice === wished) ?? null
}

const kindsOf = (directory: Directory, question: Question, at: Instant): ReadonlyMap<PracticeId, AskKind> =>
  new Map(
    directory.practicesOf(question.session.record.user).flatMap((practice) => {
      const kind = kindOf(answer(directory, onlyIn(question, practice), at).reason)
      return kind === null ? [] : [[practice, kind] as const]
    }),
  )

/** What they may ask for now; `null`: nothing, or no longer. */
function askingOf(visit: Visit): Asking | null {
  const { parts, exchange, session } = visit
  const { directory } = parts
  const at = parts.clock.now()
  const question = signInQuestion(parts.duties.signIn, exchange, session)
  if (!mayAskSignedIn(question)) return null
  const kinds = kindsOf(directory, question, at)
  const named = namedOf(visit)
  const kind = named === null ? askableKind(directory, question, at) : (kinds.get(named) ?? null)
  if (kind === null) return null
  const only = new Set([...kinds].flatMap(([practice, one]) => (one === kind ? [practice] : [])))
  const open = practiceRows(directory, { question, exchange, at })
  return {
    question: named === null ? question : onlyIn(question, named),
    ...{ kind, only, named, others: open.filter(({ state }) => state === 'open' || state === 'step') },
    here: (extra = {}) =>
      addressOf(visit, { ...(named === null ? {} : { practice: named }), ...extra }, requestsPath),
  }
}

/** Where whoever has nothing to ask for any more was going: what they were let in to, or else their practices. */
const wayOn = (visit: Visit): WholeResponse => {
  const named = namedOf(visit)
  const place = named === null ? null : practiceAddress(visit.exchange, named)
  return seeOther(visit.to ?? place ?? practicesPath)
}

/** The page; whoever has nothing to ask for goes on. */
export function showSignedIn(visit: Visit): WholeResponse | Promise<WholeResponse> {
  const asking = askingOf(visit)
  return asking === null ? wayOn(visit) : showRequests(visit, asking)
}

/** Its forms. */
export function takeSignedIn(visit: Visit, form: AccessForm): WholeResponse | Promise<WholeResponse> {
  const asking = askingOf(visit)
  if (asking === null) return wayOn(visit)
  switch (form.does) {
    case 'ask':
      return askAccess(visit, asking, form)
    case 'withdraw':
      return withdrawAccess(visit, asking, form.practices)
    case 'leave':
    case 'again':
    case 'later':
      return seeOther(asking.here())
  }
}

/** What the page's own question watches: what each of their practices says to them now. */
export function signedInState({ parts, exchange, session }: Visit): string {
  const at = parts.clock.now()
  const question = signInQuestion(parts.duties.signIn, exchange, session)
  return parts.directory
    .practicesOf(session.record.user)
    .map((practice) => answer(parts.directory, onlyIn(question, practice), at).reason)
    .join(' ')
}
