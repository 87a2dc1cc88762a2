/**
 * The registry of live exchanges under a clock and a scheduler of the test's own, with exchanges that record their end and
 * standings that the test scripts.
 */
import type { CutReason, Standing } from '../../gateway/exchange.ts'
import { createExchanges, type Exchanges, type LiveKind, type Schedule } from '../../gateway/exchanges.ts'
import type { Decision } from '../../policies/decision.ts'
import { createClock, type TestClock } from './clock.ts'
import { decisionOf } from './decisions.ts'

/** A registry, and the time it lives in. */
export type Bench = {
  readonly exchanges: Exchanges
  readonly clock: TestClock
  /** Lets time pass and runs what was scheduled, in order. */
  pass(ms: number): void
  readonly faults: unknown[]
}

/** A registry with its sweep running; `monotonic` absent: nothing is sliced. */
export const createBench = (monotonic?: () => number): Bench => {
  const clock = createClock()
  let tasks: { at: number; task: () => void }[] = []
  const schedule: Schedule = (task, ms) => {
    const entry = { at: clock.now() + ms, task }
    tasks.push(entry)
    return () => {
      tasks = tasks.filter((other) => other !== entry)
    }
  }
  const faults: unknown[] = []
  const exchanges = createExchanges({
    now: clock.now,
    schedule,
    sweepMs: 250,
    ...(monotonic === undefined ? {} : { monotonic }),
    onFault: (error) => faults.push(error),
  })
  return {
    exchanges,
    clock,
    faults,
    pass(ms) {
      const end = clock.now() + ms
      for (;;) {
        const [next] = tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        tasks = tasks.filter((other) => other !== next)
        clock.set(Math.max(clock.now(), next.at))
        next.task()
      }
      clock.set(end)
    },
  }
}

type Cut = { readonly reason: CutReason; readonly decision: Decision | null; readonly at: number }

/** A live exchange that records its end. */
export const live = (bench: Bench, kind: LiveKind | (() => LiveKind) = 'request') => {
  const cuts: Cut[] = []
  return {
    cuts,
    kind: typeof kind === 'string' ? () => kind : kind,
    cut: (reason: CutReason, decision: Decision | null) =>
      void cuts.push({ reason, decision, at: bench.clock.now() }),
  }
}

/** What `again` says, about the first user of the first practice unless told otherwise. */
export const standingOf = (again: (at: number) => Decision, about: Partial<Standing> = {}): Standing => ({
  decision: decisionOf('ok'),
  again,
  user: 'u1',
  practices: ['p1'],
  session: 's1',
  ...about,
})
/** A permit. */
export const permit = () => decisionOf('ok')
