/**
 * How the admin API says no: a closed set of codes, each with one status and one problem+json form (RFC
 * 9457).
 *
 * Not for a gateway's refusals (decisions). A `Refusal` is thrown, because a tab's answer is typed for
 * success and no middle layer may turn a no into something else. Invariant: of a Fault or a mistake of ours
 * only a public sentence leaves; the cause stays in the log.
 */
import type { Problem } from '../../policies/problem.ts'
import { type Fault, isFault } from '../../runtime/fault.ts'
import type { ProblemAnswer } from './contract/wire.ts'

/** Where a second factor is proved again; takes `?return=`. */
export const stepUpPath = '/step-up'

type Code = ProblemAnswer['code']

const codes: Readonly<Record<Code, { readonly status: number; readonly title: string }>> = {
  invalid: { status: 422, title: 'Some of this cannot be saved' },
  'not-signed-in': { status: 401, title: 'Sign in first' },
  'not-permitted': { status: 403, title: 'Not permitted' },
  'access-refused': { status: 403, title: 'Not from here, or not now' },
  'step-up-required': { status: 401, title: 'Confirm that it is you' },
  'forged-request': { status: 403, title: 'Not asked by the admin pages' },
  'not-found': { status: 404, title: 'Not found' },
  'revision-conflict': { status: 412, title: 'Somebody else saved in between' },
  'revision-missing': { status: 428, title: 'If-Match is missing' },
  'lockout-risk': { status: 409, title: 'This would lock out an admin' },
  'last-security-admin': { status: 409, title: 'The last security admin stays' },
  'sealed-codes-first': { status: 409, title: 'Make sealed codes first' },
  'already-decided': { status: 409, title: 'Somebody else has decided' },
  'confirmation-pending': { status: 409, title: 'An earlier change waits to be confirmed' },
  'confirm-elsewhere': { status: 409, title: 'Not from here' },
  'in-progress': { status: 409, title: 'Being worked at' },
  'outcome-unknown': { status: 409, title: 'Perhaps it was done' },
  'key-reused': { status: 422, title: 'Another request had this key' },
  'too-many': { status: 429, title: 'Too many tries' },
  'too-large': { status: 413, title: 'Too large' },
  'unsupported-media': { status: 415, title: 'Send JSON' },
  'database-unavailable': { status: 503, title: 'The database cannot be reached' },
  'control-plane-unavailable': { status: 503, title: 'Not available just now' },
  internal: { status: 500, title: 'A mistake of ours' },
}

/** What a refusal carries besides its code. */
export type RefusalDetails = Pick<
  ProblemAnswer,
  'problems' | 'current' | 'lockedOut' | 'retryAfterMs' | 'control' | 'reason' | 'opensAt' | 'stepUp'
>

/** A no on its way to the client. */
export type Refusal = Error & { readonly refusal: ProblemAnswer }

/** A refusal to throw. `detail` is the public sentence: what is wrong and what to do. */
export function refusal(code: Code, detail: string, details: RefusalDetails = {}): Refusal {
  const { status, title } = codes[code]
  const answer: ProblemAnswer = {
    type: `urn:gatehouse:problem:${code}`,
    title,
    status,
    code,
    detail,
    ...details,
  }
  return Object.assign(new Error(`${code}: ${detail}`), { refusal: answer })
}

/** What somebody hears who would weaken the security of a practice without a second factor of the last minutes. */
export const stepUpRequired = (): Refusal =>
  refusal(
    'step-up-required',
    'This is asked of somebody who has just confirmed their second factor. Confirm it, then do this again.',
    { control: 'two-factor', reason: 'two-factor-too-old', stepUp: stepUpPath },
  )

/** A refusal for bad input: everything that is wrong, at once. */
export const invalid = (problems: readonly Problem[]): Refusal =>
  refusal('invalid', problems.map(({ sentence }) => sentence).join(' '), { problems: [...problems] })

const isRefusal = (error: unknown): error is Refusal => error instanceof Error && 'refusal' in error

const refusalOfFault = (cause: Fault): Refusal =>
  cause.source === 'database'
    ? refusal(
        'database-unavailable',
        'The database cannot be reached. Nothing was changed; try again soon.',
        {
          retryAfterMs: 2_000,
        },
      )
    : refusal('control-plane-unavailable', 'This cannot be done just now. Try again soon.', {
        retryAfterMs: 2_000,
      })

const statusOf = (error: unknown): number =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500

/** What a thrown value comes to; `ours`: it is a mistake of ours and belongs in the log as an error. */
export function refusalOf(error: unknown): { readonly answer: ProblemAnswer; readonly ours: boolean } {
  if (isRefusal(error)) return { answer: error.refusal, ours: false }
  if (isFault(error)) return { answer: refusalOfFault(error).refusal, ours: false }
  const status = statusOf(error)
  if (status === 400)
    return { answer: invalid([{ path: '', sentence: 'The body is not JSON.' }]).refusal, ours: false }
  if (status === 413)
    return { answer: refusal('too-large', 'The body is larger than 1 MiB.').refusal, ours: false }
  if (status === 415)
    return {
      answer: refusal('unsupported-media', 'Send the body as application/json.').refusal,
      ours: false,
    }
  return {
    answer: refusal('internal', 'Something went wrong on our side. It has been logged.').refusal,
    ours: true,
  }
}

/** The answer as a response. `requestId` is repeated in a header, so that a person can name the log line. */
export function refusalResponse(answer: ProblemAnswer): Response {
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  if (answer.retryAfterMs !== undefined)
    headers.set('retry-after', String(Math.max(1, Math.ceil(answer.retryAfterMs / 1_000))))
  // RFC 9470, as the gateways say it.
  if (answer.code === 'step-up-required')
    headers.set('www-authenticate', 'Bearer error="insufficient_user_authentication"')
  return new Response(JSON.stringify(answer), { status: answer.status, headers })
}
