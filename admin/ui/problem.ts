/**
 * What the API says when it says no, as the pages show it; failures of the network take the same shape.
 *
 * It shows nothing itself (`parts/problem-notice.tsx`). Invariant: whatever was thrown becomes a problem with a
 * title and a sentence, so that no page ever shows a stack or an empty box.
 */
import type { ProblemAnswer } from '../api/contract/wire.ts'

/** A problem+json answer, or what stands in for one (`code` `unreachable`: no answer came). */
export type ShownProblem = Omit<ProblemAnswer, 'code'> & {
  readonly code: ProblemAnswer['code'] | 'unreachable'
}

const unreachable: ShownProblem = {
  type: 'about:blank',
  title: 'Gatehouse cannot be reached',
  status: 0,
  code: 'unreachable',
  detail: 'Nothing was changed. Enforcement goes on by itself; try again in a moment.',
}

const isProblem = (value: unknown): value is ShownProblem =>
  typeof value === 'object' && value !== null && 'code' in value && 'detail' in value && 'title' in value

/** An error to throw that carries the answer's problem. */
export async function errorOf(response: Response): Promise<Error> {
  const body: unknown = await response.json().catch(() => null)
  const problem: ShownProblem = isProblem(body)
    ? body
    : {
        ...unreachable,
        title: `The answer was ${response.status}`,
        status: response.status,
        detail: 'Gatehouse answered in a way this page does not understand. Reload the page and try again.',
      }
  return Object.assign(new Error(problem.detail), { problem })
}

/** The problem in whatever was thrown. */
export function problemOf(error: unknown): ShownProblem {
  return error instanceof Error && 'problem' in error && isProblem(error.problem)
    ? error.problem
    : unreachable
}

const pathOf = (path: string): string => path.replace(/^(?:json|body|query|param)\./, '')

/** The sentences at a field, joined; `null`: none. A field `audience` also has those of `audience.role`. */
export function problemAt(problem: ShownProblem | null, field: string): string | null {
  const found = (problem?.problems ?? []).filter(
    ({ path }) => pathOf(path) === field || pathOf(path).startsWith(`${field}.`),
  )
  return found.length === 0 ? null : found.map(({ sentence }) => sentence).join(' ')
}

/** The sentences that belong to none of the fields shown. */
export function problemsBeside(problem: ShownProblem, fields: readonly string[]): readonly string[] {
  return (problem.problems ?? [])
    .filter(
      ({ path }) =>
        !fields.some(
          (field) => problemAt({ ...problem, problems: [{ path, sentence: '.' }] }, field) !== null,
        ),
    )
    .map(({ path, sentence }) => (path === '' ? sentence : `${pathOf(path)}: ${sentence}`))
}

/** Where a second factor is proved, and from there back to this page; `null`: the problem is another one. */
export const stepUpLink = ({ stepUp }: ShownProblem): string | null =>
  stepUp === undefined || !/^\/[a-z-]+$/.test(stepUp)
    ? null
    : `${stepUp}?return=${encodeURIComponent(`${location.pathname}${location.search}`)}`
