/**
 * The kinds of problem documents that the admin API sends, each with its status, what happened, why, and what to do.
 *
 * `detail` of an answer says the same of the case at hand; this says it of the kind. Invariant: every code of the contract has
 * its words here, and no other kind leaves this API.
 */
import type { ProblemKind } from '../../runtime/problem-kinds.ts'
import type { ProblemAnswer } from './contract/wire.ts'

/** A code of the closed set. */
export type ProblemCode = ProblemAnswer['code']

/** The words for one code. */
type Text = { readonly status: number } & Pick<ProblemKind, 'title' | 'why' | 'next'>

/** Where the control plane explains its kinds, to anybody. */
export const adminProblemsPath = '/problems'

/** The URI of a code. */
export const adminProblemType = (code: ProblemCode): string => `urn:gatehouse:problem:${code}`

/** The words for each code. */
export const problemTexts: Readonly<Record<ProblemCode, Text>> = {
  invalid: {
    status: 422,
    title: 'Some of this cannot be saved',
    why: 'A value is missing, too long, not of its form, or contradicts another.',
    next: 'Put right everything that `problems` names by its path, and send it again.',
  },
  'not-signed-in': {
    status: 401,
    title: 'Sign in first',
    why: 'There is no session of an admin, or it has ended.',
    next: 'Sign in, then send it again.',
  },
  'not-permitted': {
    status: 403,
    title: 'Not permitted',
    why: 'The role of the admin who asks does not include this.',
    next: 'Ask somebody whose role does; *Security events* shows who changed it.',
  },
  'access-refused': {
    status: 403,
    title: 'Not from here, or not now',
    why: 'The practice’s own rules for networks, hours or second factor hold for its admins too. `control` and `reason` say which.',
    next: 'Come from an approved network, wait until `opensAt`, or confirm the second factor.',
  },
  'step-up-required': {
    status: 401,
    title: 'Confirm that it is you',
    why: 'This would weaken security, and is asked of somebody who has just confirmed their second factor.',
    next: 'Open the page that `stepUp` names, confirm, and do it again.',
  },
  'forged-request': {
    status: 403,
    title: 'Not asked by the admin pages',
    why: 'A request that changes something came without the header that the admin pages send, or from another site.',
    next: 'Send `X-Gatehouse-CSRF` as `docs/api.md` says.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    why: 'There is no such thing, or none in a practice that the admin may see.',
    next: 'Load the list again: it may have been removed in the meantime.',
  },
  'revision-conflict': {
    status: 412,
    title: 'Somebody else saved in between',
    why: 'The edit was made from an older revision than the one that is current.',
    next: 'Load the revision that `current` names, make the edit again, and send it with that in `If-Match`.',
  },
  'revision-missing': {
    status: 428,
    title: 'If-Match is missing',
    why: 'An edit has to say from which revision it was made, so that nobody’s work is overwritten unseen.',
    next: 'Send the `ETag` of what was read as `If-Match`.',
  },
  'lockout-risk': {
    status: 409,
    title: 'This would lock out an admin',
    why: 'After this change somebody who looks after security could no longer come in; `lockedOut` says who and from where.',
    next: 'Add the network or hours that are missing, or confirm with the practice’s name.',
  },
  'last-security-admin': {
    status: 409,
    title: 'The last security admin stays',
    why: 'Nobody would be left who may look after the practice’s security.',
    next: 'Give somebody else the role first.',
  },
  'sealed-codes-first': {
    status: 409,
    title: 'Make sealed codes first',
    why: 'The only security admin of a practice would have no way back in if this went wrong.',
    next: 'Make sealed emergency codes and keep them away from the computer, then do this again.',
  },
  'already-decided': {
    status: 409,
    title: 'Somebody else has decided',
    why: 'Another admin was quicker.',
    next: 'Nothing needs to be done; the list shows who decided what.',
  },
  'confirmation-pending': {
    status: 409,
    title: 'An earlier change waits to be confirmed',
    why: 'A risky change is taken back by itself unless somebody whom it lets in confirms it.',
    next: 'Confirm it or take it back, then do this again; or wait as long as `retryAfterMs` says.',
  },
  'confirm-elsewhere': {
    status: 409,
    title: 'Not from here',
    why: 'A change counts as confirmed only by a session that it lets in.',
    next: 'Confirm it from a network, and at an hour, that the new rules allow.',
  },
  'in-progress': {
    status: 409,
    title: 'Being worked at',
    why: 'A request with the same `Idempotency-Key` is still being carried out.',
    next: 'Send it again in a moment: it is carried out once, and answered as it was.',
  },
  'outcome-unknown': {
    status: 409,
    title: 'Perhaps it was done',
    why: 'An earlier request with this `Idempotency-Key` was cut off before its end was known.',
    next: 'Look whether it was done, then send it with a new key if it was not.',
  },
  'key-reused': {
    status: 422,
    title: 'Another request had this key',
    why: 'An `Idempotency-Key` belongs to one request, and this is a different one.',
    next: 'Send it with a key of its own.',
  },
  'too-many': {
    status: 429,
    title: 'Too many tries',
    why: 'It was tried more often than somebody does who knows what they want.',
    next: 'Wait as long as `Retry-After` says.',
  },
  'too-large': {
    status: 413,
    title: 'Too large',
    why: 'The body is larger than this route takes.',
    next: 'Send less at once.',
  },
  'unsupported-media': {
    status: 415,
    title: 'Send JSON',
    why: 'The body is of another kind than this route takes.',
    next: 'Send it as `application/json`, unless the route asks for CSV.',
  },
  'database-unavailable': {
    status: 503,
    title: 'The database cannot be reached',
    why: 'PostgreSQL did not answer. Nothing was changed, and gateways go on enforcing what they know.',
    next: 'Send it again in a few seconds.',
  },
  'control-plane-unavailable': {
    status: 503,
    title: 'Not available just now',
    why: 'Something that this needs could not be reached.',
    next: 'Send it again in a few seconds.',
  },
  internal: {
    status: 500,
    title: 'A mistake of ours',
    why: 'The request met something that nobody thought of. It has been logged.',
    next: 'Tell the operator the `X-Request-Id` of the answer.',
  },
}

/** Every kind that the admin API sends. */
export const adminProblems: readonly ProblemKind[] = (Object.keys(problemTexts) as ProblemCode[]).map(
  (code) => {
    const { title, why, next } = problemTexts[code]
    return { type: adminProblemType(code), name: code, title, why, next }
  },
)
