/**
 * A refusal from decision to answer: recorded, given its reference code, and shaped for its client.
 *
 * It decides nothing. Invariant: whatever is refused to a person is recorded under the code they are shown, except that
 * they are merely not signed in, which is how every day begins.
 */
import type { Decision } from '../policies/decision.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Exchange, WholeResponse } from './exchange.ts'
import type { Directory, Question } from './questions.ts'
import { refuseWithPage } from './refusal-view.ts'
import type { VerdictLog } from './verdict-log.ts'

/** Refuses. `question: null`: nobody of the directory asked. */
export type Refusals = {
  refuse(
    exchange: Exchange,
    question: Question | null,
    decision: Decision,
    setCookies: readonly string[],
  ): WholeResponse
}

/** Refusals of one gateway. */
export const createRefusals = (parts: {
  readonly directory: Directory
  readonly verdicts: VerdictLog
  readonly clock: Clock
}): Refusals => ({
  refuse(exchange, question, decision, setCookies) {
    const at = parts.clock.now()
    const code =
      decision.reason === 'not-signed-in' ? null : parts.verdicts.refused(exchange, question, decision, at)
    return refuseWithPage(parts.directory, { exchange, question, decision, code, setCookies, at })
  },
})
