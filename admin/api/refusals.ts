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
import { problemLink } from '../../runtime/problem-kinds.ts'
import type { ProblemAnswer } from './contract/wire.ts'
import { adminProblemsPath, adminProblemType, type ProblemCode, problemTexts } from './problem-texts.ts'

/** Where a second factor is proved again; takes `?return=`. */
export const stepUpPath = '/step-up'

/** What a refusal carries besides its code. */
export type RefusalDetails = Pick<
  ProblemAnswer,
  'problems' | 'current' | 'lockedOut' | 'retryAfterMs' | 'control' | 'reason' | 'opensAt' | 'stepUp'
>

/** A no on its way to the client. */
export type Refusal = Error & { readonly refusal: ProblemAnswer }

/** A refusal to throw. `detail` is the public sentence: what is wrong and what to do. */
export function refusal(code: ProblemCode, detail: string, details: RefusalDetails = {}): Refusal {
  const { status, title } = problemTexts[code]
  const answer: ProblemAnswer = {
    type: adminProblemType(code),
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
  const headers = new Headers({
    ...{ 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    link: problemLink(adminProblemsPath, answer.code),
  })
  if (answer.retryAfterMs !== undefined)
    headers.set('retry-after', String(Math.max(1, Math.ceil(answer.retryAfterMs / 1_000))))
  // RFC 9470, as the gateways say it.
  if (answer.code === 'step-up-required')
    headers.set('www-authenticate', 'Bearer error="insufficient_user_authentication"')
  return new Response(JSON.stringify(answer), { status: answer.status, headers })
}
