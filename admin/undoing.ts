/**
 * What a start has begun, to be undone: in reverse, each step even if another fails.
 *
 * It starts nothing. Invariant: a step runs once, however often and from wherever `run` is called. A list per part was refused:
 * what was started last must go first, across parts.
 */
import type { Log } from '../runtime/log.ts'

/** Steps to undo. `run` never rejects: what could not be stopped is logged. */
export type Undoing = {
  readonly add: (name: string, undo: () => unknown) => void
  readonly run: () => Promise<void>
}

/** Nothing to undo yet. */
export const createUndoing = (log: Log): Undoing => {
  const steps: { readonly name: string; readonly undo: () => unknown }[] = []
  return {
    add: (name, undo) => void steps.push({ name, undo }),
    run: async () => {
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step.undo()
        } catch (error) {
          log.warn({ error, step: step.name }, 'could not be stopped cleanly')
        }
      }
    },
  }
}
