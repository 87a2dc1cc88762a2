/**
 * One job of the control plane, over and over until it is stopped.
 *
 * What the job does is the job's. Invariant: two runs of one loop never overlap, a failure ends no loop, and stopping
 * waits for what is under way. A timer per job was refused: a slow run would meet the next one.
 */
import type { DurationMs } from '../policies/instant.ts'
import type { Log } from '../runtime/log.ts'

/** A job that runs over and over. `done`: once `stop` was called and what was under way has ended. */
export type JobLoop = { readonly stop: () => void; readonly done: Promise<void> }

/**
 * Runs `work` over and over: at once again while it answers more than 0 and `eager`, else after `everyMs`. `waits`: it
 * waits for something to do by itself, so that only a failure is followed by a pause. A failure is logged, once until it
 * works again.
 */
export function startLoop(
  log: Log,
  name: string,
  everyMs: DurationMs,
  eager: boolean | 'waits',
  work: () => Promise<number>,
): JobLoop {
  let stopped = false
  let wake: () => void = () => undefined
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, everyMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async (): Promise<void> => {
    let failing = false
    while (!stopped) {
      const count = await work().then(
        (done) => {
          failing = false
          return done
        },
        (error: unknown) => {
          if (!failing) log.warn({ error, job: name }, 'a job failed: tried again')
          failing = true
          return 0
        },
      )
      if (!stopped && (failing || !(eager === 'waits' || (eager && count > 0)))) await pause()
    }
  }
  const stop = (): void => {
    stopped = true
    wake()
  }
  return { stop, done: run() }
}
