/**
 * The exit codes of the `gatehouse` command, after sysexits(3), and the one way a command ends early.
 *
 * A `Stop` is thrown by a command that cannot go on and caught in `main.ts`, which prints its lines. Not for
 * faults of the world inside a running plane: those are logged and survived.
 */

/** What the exit codes mean; printed by `gatehouse help`. */
export const exitCodes = {
  ok: 0,
  /** A check failed: a broken audit chain, a policy test that does not hold. */
  failed: 1,
  /** A plan finds something to apply. */
  changes: 2,
  /** The command line is not understood. */
  usage: 64,
  /** A port is taken, a store cannot be reached. */
  unavailable: 69,
  /** We were wrong. */
  software: 70,
  /** Saved, but not active everywhere yet, or to be confirmed. */
  waiting: 75,
  /** Not saved: a newer revision, the lockout guard, a save that waits for its confirmation. */
  refused: 77,
  /** The configuration has Problems. */
  configuration: 78,
} as const

/** A command's early end, with the lines to print on standard error. */
export type Stop = Error & {
  readonly stop: true
  readonly exitCode: number
  readonly lines: readonly string[]
}

/** A stop, ready to be thrown. */
export const stopWith = (exitCode: number, ...lines: readonly string[]): Stop =>
  Object.assign(new Error(lines.join('\n')), { stop: true as const, exitCode, lines })

/** Whether a caught value is a stop. */
export const isStop = (value: unknown): value is Stop =>
  value instanceof Error && 'stop' in value && value.stop === true
