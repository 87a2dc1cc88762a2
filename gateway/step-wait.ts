/**
 * The waiting page's own question: has anything changed for me yet? Answered when it has, or after nine seconds.
 *
 * Only a nudge for the page's script to load it again; without script the page does so every ten seconds. It releases
 * and tells nothing but that. Invariant: it is answered from what this gateway knows anyway, so that a hundred who wait
 * cost neither the control plane nor the application anything; a browser waits once at a time, at most five hundred of
 * one application. A stream was refused: it would live on while the sign-in it waits for is long over.
 */
import type { DurationMs } from '../policies/instant.ts'
import { cureOf, requestsPath } from './asking.ts'
import type { WholeResponse } from './exchange.ts'
import { heldQuestion } from './factor-step.ts'
import { answer } from './questions.ts'
import { signedInState } from './signed-in-requests.ts'
import type { Visit } from './step-visit.ts'

/** Who waits now: one per browser, by its companion's hash. */
export type Waiting = {
  /** Answers whether what this visitor may do changed; `false` after nine seconds, or at once where too many wait. */
  readonly forChange: (visit: Visit) => Promise<boolean>
}

const lookEveryMs: DurationMs = 250
const waitMs: DurationMs = 9_000
const waitersMax = 500

/** What the page shows, as far as this gateway knows it. */
const stateOf = (visit: Visit): string => {
  const { parts, exchange, session } = visit
  const at = parts.clock.now()
  if (session.record.ended !== null) return 'over'
  if (exchange.target.path === requestsPath) return session.record.held ? 'over' : signedInState(visit)
  if (!session.record.held) return 'over'
  const question = heldQuestion(visit)
  const { verdict, reason } = answer(parts.directory, question, at)
  return `${verdict} ${reason} ${cureOf(parts.directory, question, at)}`
}

/** Nobody waits yet. */
export function createWaiting(): Waiting {
  const waiting = new Map<string, () => void>()
  return {
    forChange(visit) {
      const who = visit.session.tokenHash
      // A second tab takes the place of the first, whose page loads itself anyway.
      waiting.get(who)?.()
      const before = stateOf(visit)
      if (waiting.size >= waitersMax || before === 'over') return Promise.resolve(before === 'over')
      return new Promise((resolve) => {
        let looks = 0
        const end = (changed: boolean): void => {
          clearInterval(timer)
          if (waiting.get(who) === leave) waiting.delete(who)
          resolve(changed)
        }
        const leave = (): void => end(false)
        const timer = setInterval(() => {
          looks += 1
          if (stateOf(visit) !== before) end(true)
          else if (looks * lookEveryMs >= waitMs) end(false)
        }, lookEveryMs)
        timer.unref()
        waiting.set(who, leave)
      })
    },
  }
}

/** The answer as the page's script reads it. */
export const waitAnswer = (changed: boolean): WholeResponse => ({
  status: 200,
  headers: [
    ...['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
    ...['X-Content-Type-Options', 'nosniff'],
  ],
  body: JSON.stringify({ changed }),
})
