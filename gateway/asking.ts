/**
 * What could let somebody in who may not come in: their second factor, or leave for their address, or for the hour.
 *
 * It asks nobody and grants nothing. Invariant: only a control that refuses *now*, in a practice of theirs that takes
 * requests of that kind, can be asked for; only a control that says so itself is cured by a second factor; everything
 * else is refused for good. Offering a request where it would be turned down unread was refused.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { Reason } from '../policies/decision.ts'
import { mayUseEmergency } from '../policies/emergency.ts'
import type { Instant } from '../policies/instant.ts'
import type { HandOver } from '../runtime/internal.ts'
import { answer, type Directory, type Question } from './questions.ts'

/** Where somebody who is signed in asks, on the application's own origin. */
export const requestsPath = '/.gatehouse/requests'

/** What can be asked for. */
export type AskKind = 'ip' | 'time'

/** The step that could cure a refusal. */
export type Cure = 'two-factor' | AskKind

/** Why a second factor is asked for. */
export type FactorReason = Exclude<NonNullable<HandOver['reason']>, 'emergency'>

/** A practice that asks for a second factor before long: of whom, and by when. */
export type Grace = { readonly practice: PracticeId; readonly enrolBy: Instant }

/** What would lift a refusal for this reason; `null`: nothing that can be asked for. */
export const kindOf = (reason: Reason): AskKind | null =>
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

/** The same question, of one practice alone. */
export const onlyIn = (question: Question, practice: PracticeId): Question => ({
  ...question,
  sources: { placed: [practice], carried: null, doubtful: false },
})

const ownPractices = (directory: Directory, { session }: Question): readonly PracticeId[] =>
  directory.practicesOf(session.record.user)

/**
 * Whether somebody who is in may ask for more from here: their sign-in was proved, and their browser brought what it left
 * (`admin/requests/access-requests.ts` asks the first again).
 */
export const mayAskSignedIn = ({ session, accompanied }: Question): boolean =>
  accompanied && session.record.ended === null && !session.record.held && session.record.method !== 'adopted'

/** Whether a practice takes requests of a kind. */
export const takesRequests = (
  directory: Directory,
  practice: PracticeId,
  kind: AskKind,
  at: Instant,
): boolean => directory.practice(practice, at)?.snapshot.document.requests[kind] === true

/** What the person could ask for in some practice of theirs, the address first; `null`: nothing. */
export function askableKind(directory: Directory, question: Question, at: Instant): AskKind | null {
  const kindIn = (practice: PracticeId): AskKind | null => {
    const kind = kindOf(answer(directory, onlyIn(question, practice), at).reason)
    if (kind === null) return null
    return takesRequests(directory, practice, kind, at) ? kind : null
  }
  const kinds = ownPractices(directory, question).map(kindIn)
  return kinds.includes('ip') ? 'ip' : kinds.includes('time') ? 'time' : null
}

/** Practices of theirs where address or hour refuses and the person may lift that by emergency access; mostly none. */
export function emergencyPlaces(
  directory: Directory,
  question: Question,
  at: Instant,
): readonly PracticeId[] {
  const { user } = question.session.record
  return ownPractices(directory, question).filter((practice) => {
    const member = directory.member(practice, user)
    const document = directory.practice(practice, at)?.snapshot.document
    if (member === null || document === undefined || !mayUseEmergency(document, member)) return false
    return kindOf(answer(directory, onlyIn(question, practice), at).reason) !== null
  })
}

/** The control that refuses where only emergency access would help; `null`: it would not. */
function emergencyKind(directory: Directory, question: Question, at: Instant): AskKind | null {
  const [practice] = emergencyPlaces(directory, question, at)
  return practice === undefined ? null : kindOf(answer(directory, onlyIn(question, practice), at).reason)
}

const factorReasonOf = (reason: Reason): FactorReason | null => {
  switch (reason) {
    case 'two-factor-not-enrolled':
    case 'two-factor-not-verified':
    case 'two-factor-too-old':
    case 'two-factor-too-weak':
      return reason
    default:
      return null
  }
}

/**
 * Why a second factor would go further: where any practice suffices, one of theirs asks for it and nothing before it
 * refuses; else all of them do. `null`: it would not.
 */
export function factorReason(directory: Directory, question: Question, at: Instant): FactorReason | null {
  const decision = answer(directory, question, at)
  if (decision.verdict === 'permit' || !question.picking) return factorReasonOf(decision.reason)
  return factorReasonAnywhere(directory, question, at)
}

/** Why some practice of theirs asks for a second factor, where nothing before it refuses there; `null`: none does. */
export function factorReasonAnywhere(
  directory: Directory,
  question: Question,
  at: Instant,
): FactorReason | null {
  for (const practice of ownPractices(directory, question)) {
    const reason = factorReasonOf(answer(directory, onlyIn(question, practice), at).reason)
    if (reason !== null) return reason
  }
  return null
}

/** The step that could cure the refusal of this question; `null`: it is permitted, or refused for good. */
export const cureOf = (directory: Directory, question: Question, at: Instant): Cure | null => {
  if (factorReason(directory, question, at) !== null) return 'two-factor'
  if (answer(directory, question, at).verdict === 'permit') return null
  return askableKind(directory, question, at) ?? emergencyKind(directory, question, at)
}

/** The directory on the day after everybody's grace. */
const withoutGrace = (directory: Directory): Directory => ({
  ...directory,
  member(practice, user) {
    const member = directory.member(practice, user)
    return member === null ? null : { ...member, enrolBy: null }
  },
})

/** The practice of theirs that will refuse this question first for want of a second factor; `null`: none. */
export function graceOf(directory: Directory, question: Question, at: Instant): Grace | null {
  let first: Grace | null = null
  for (const practice of ownPractices(directory, question)) {
    const enrolBy = directory.member(practice, question.session.record.user)?.enrolBy ?? null
    if (enrolBy === null || enrolBy <= at || (first !== null && first.enrolBy <= enrolBy)) continue
    const asked = onlyIn(question, practice)
    if (answer(directory, asked, at).verdict !== 'permit') continue
    if (answer(withoutGrace(directory), asked, at).reason === 'two-factor-not-enrolled')
      first = { practice, enrolBy }
  }
  return first
}
