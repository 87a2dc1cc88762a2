/**
 * What somebody who may not come in could ask for: leave for their address, or for the hour.
 *
 * It asks nobody and grants nothing. Invariant: only a control that refuses *now*, in a practice of theirs that takes
 * requests of that kind, can be asked for; everything else is refused for good. Offering a request where it would be
 * turned down unread was refused.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { Reason } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import { answer, type Directory, type Question } from './questions.ts'

/** What can be asked for. */
export type AskKind = 'ip' | 'time'

const kindOf = (reason: Reason): AskKind | null =>
  reason === 'address-not-allowed' ? 'ip' : reason === 'outside-time-window' ? 'time' : null

/** The same question for a sign-in that is held, as if it were not: what waits for it once the step is done. */
export const releasedQuestion = (question: Question, at: Instant): Question => ({
  ...question,
  session: {
    ...question.session,
    record: { ...question.session.record, held: false },
    // Who waits is there.
    lastSeenAt: at,
  },
})

/** What the person could ask for in some practice of theirs, the address first; `null`: nothing. */
export function askableKind(directory: Directory, question: Question, at: Instant): AskKind | null {
  const kindIn = (practice: PracticeId): AskKind | null => {
    const sources = { placed: [practice], carried: null, doubtful: false }
    const kind = kindOf(answer(directory, { ...question, sources }, at).reason)
    if (kind === null) return null
    return directory.practice(practice, at)?.snapshot.document.requests[kind] === true ? kind : null
  }
  const kinds = directory.practicesOf(question.session.record.user).map(kindIn)
  return kinds.includes('ip') ? 'ip' : kinds.includes('time') ? 'time' : null
}
