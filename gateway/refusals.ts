/**
 * A refusal from decision to answer: recorded, given its reference code, and shaped for its client.
 *
 * It decides nothing. Invariant: whatever is refused to a person is recorded under the code they are shown, except that
 * they are merely not signed in, which is how every day begins.
 */
import type { Decision } from '../policies/decision.ts'
import type { Clock } from '../runtime/clock.ts'
import { signInOf } from './engine.ts'
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
  /**
   * Refuses somebody who is signed in and whose second factor is asked for. Pages lead to the step; scripts and forms
   * are told where it is, and for what.
   */
  stepUp(
    exchange: Exchange,
    question: Question,
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

/** Where a browser is handed over to the portal, on the application's own origin too. */
export const secondFactorPath = '/.gatehouse/second-factor'

/** The step's address. The code is shown there; `to`: where the person was going, `null`: nowhere to return to. */
const stepOf = (code: string, to: string | null): string =>
  `${stepPath}?code=${code}${to === null ? '' : `&to=${encodeURIComponent(to)}`}`

const pathMax = 1_000

/** The path to return to; without its query where that is too long to take along. */
const returnOf = ({ target }: Exchange): string | null => {
  if (target.raw.length <= pathMax) return target.raw
  return target.path.length <= pathMax ? target.path : null
}

/** The page that a form was sent from, a path of this origin; `/` where that is not known. */
const formPageOf = ({ headers, secure, host }: Exchange): string => {
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'referer')
  const page = at === -1 ? null : URL.parse(headers[at + 1] ?? '')
  if (page === null || page.origin !== `${secure ? 'https' : 'http'}://${host}`) return '/'
  const path = `${page.pathname}${page.search}`
  return path.length > pathMax ? '/' : path
}

/** The step for a request that is no page itself: what it was goes along, so that the step asks for what that owes. */
const stepFor = (exchange: Exchange): string => {
  const path = returnOf(exchange)
  return path === null ? stepPath : `${stepPath}?for=${encodeURIComponent(`${exchange.method} ${path}`)}`
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
  stepUp(exchange, question, decision, setCookies) {
    const at = parts.clock.now()
    const code = parts.verdicts.refused(exchange, question, decision, at)
    const isPage = exchange.kind === 'navigation' && exchange.method === 'GET'
    const step = isPage ? stepOf(code, returnOf(exchange)) : stepFor(exchange)
    const confirm = `${step}${step.includes('?') ? '&' : '?'}to=${encodeURIComponent(formPageOf(exchange))}`
    const refusing = { exchange, question, decision, code, setCookies, at }
    return refuseWithPage(parts.directory, { ...refusing, step: { path: step, confirm } })
  },
  hold(exchange, question, decision, setCookies, afterSignIn) {
    const code = parts.verdicts.refused(exchange, question, decision, parts.clock.now())
    const isPage =
      exchange.method === 'GET' &&
      !afterSignIn &&
      exchange.target.path !== exchange.upstream.identity?.signInPage
    const facts = { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) }
    const step = exchange.kind === 'navigation' ? stepOf(code, isPage ? returnOf(exchange) : null) : stepPath
    return shapeRefusal(facts, plainDecision('sign-in-held'), { code, step, setCookies, afterSignIn })
  },
})
