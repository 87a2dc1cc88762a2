/**
 * A refusal from decision to answer: recorded, given its reference code, and shaped for its client.
 *
 * It decides nothing. Invariant: whatever is refused to a person is recorded under the code they are shown, except that
 * they are merely not signed in, which is how every day begins.
 */
import type { Decision } from '../policies/decision.ts'
import type { Clock } from '../runtime/clock.ts'
import { signInOf } from './engine-node.ts'
import type { Exchange, WholeResponse } from './exchange.ts'
import { type Directory, plainDecision, type Question } from './questions.ts'
import { refuse as shapeRefusal } from './refusal.ts'
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
  /** Refuses somebody whose sign-in is held, and shows the way to the step. `afterSignIn`: the sign-in itself. */
  hold(
    exchange: Exchange,
    question: Question,
    decision: Decision,
    setCookies: readonly string[],
    afterSignIn: boolean,
  ): WholeResponse
}

/** Where the step is taken, on the application's own origin. */
export const stepPath = '/.gatehouse/access'

/** The step's address. The code is shown there; `to`: where the person was going, `null`: nowhere to return to. */
const stepOf = (code: string, to: string | null): string =>
  `${stepPath}?code=${code}${to === null ? '' : `&to=${encodeURIComponent(to)}`}`

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
  hold(exchange, question, decision, setCookies, afterSignIn) {
    const code = parts.verdicts.refused(exchange, question, decision, parts.clock.now())
    const isPage =
      exchange.method === 'GET' &&
      !afterSignIn &&
      exchange.target.path !== exchange.upstream.identity?.signInPage
    const facts = { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) }
    const step =
      exchange.kind === 'navigation'
        ? stepOf(code, isPage ? exchange.target.raw.slice(0, 1_000) : null)
        : stepPath
    return shapeRefusal(facts, plainDecision('sign-in-held'), { code, step, setCookies, afterSignIn })
  },
})
