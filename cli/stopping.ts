/**
 * Stopping cleanly: what was started last is stopped first, once, however the end comes (Ctrl-C, SIGTERM, a child
 * that died, a start that failed half-way).
 *
 * Not a supervisor: nothing is started again. A second signal does not skip the queue but ends the process at
 * once, so that a person at a terminal is never held. Nested try/finally was refused: six deep, nobody reads it.
 */

/** Collects what must be stopped. */
export type Stopping = {
  /** Adds a closer, named for the message when it fails; the newest runs first. */
  add(name: string, close: () => Promise<void>): void
  /** Runs every closer once and resolves; failures are reported, never thrown. */
  stop(): Promise<void>
  /** Resolves when a signal arrived or `finish` was called, with the exit code to use. */
  readonly ended: Promise<number>
  /** Ends the wait with this exit code. */
  finish(exitCode: number): void
}

/** A new, empty stack of closers; `report` gets one line per closer that failed. */
export const createStopping = (report: (line: string) => void): Stopping => {
  const closers: { readonly name: string; readonly close: () => Promise<void> }[] = []
  const { promise: ended, resolve: finish } = Promise.withResolvers<number>()
  let stopping: Promise<void> | null = null
  const run = async (): Promise<void> => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
      try {
        await next.close()
      } catch (error) {
        report(`${next.name} did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  return {
    add: (name, close) => {
      closers.push({ name, close })
    },
    stop: () => {
      stopping ??= run()
      return stopping
    },
    ended,
    finish,
  }
}

/** Ends the wait at SIGINT or SIGTERM (exit code 0: asked for); a second signal exits at once with 130. */
export const stopOnSignals = (stopping: Stopping): void => {
  let asked = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130)
      asked = true
      stopping.finish(0)
    })
  }
}
