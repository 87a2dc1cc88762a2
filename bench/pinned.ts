/**
 * Programs held to one processor core, and the processor time that they used.
 *
 * Linux only (`taskset`, `/proc`). Invariant: what was started here ends with this process, however it ends, and nothing
 * else is ever signalled. A contender's cost by the time of its whole core was refused: others use it too, and a
 * process's own ticks (10 ms) are exact enough over seconds.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

/** What to start, on which core. `ipc`: with a channel for messages. */
export type PinnedPlan = {
  readonly core: number
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly ipc?: boolean
}

/** A running program. `stop` resolves when it has ended. */
export type Pinned = { readonly pid: number; readonly child: ChildProcess; stop(): Promise<void> }

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Makes the usual signals end this process by way of its exit, which takes everything with it that was started. */
const exitOnSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
}

/**
 * Holds this process, and whatever it starts without naming a core, to `core`; a signal then ends it with all that it
 * started. Throws where that cannot be done.
 */
export const holdOurselves = (core: number): void => {
  exitOnSignals()
  const done = spawnSync('taskset', ['-a', '-cp', String(core), String(process.pid)], { encoding: 'utf8' })
  if (done.status === 0) return
  const why = done.error?.message ?? done.stderr.trim()
  throw new Error(`programs cannot be held to a core here (taskset, of util-linux, on Linux): ${why}`)
}

/** Starts a program on its core; its complaints go where ours go. */
export const startPinned = ({ core, command, args, env = {}, ipc = false }: PinnedPlan): Pinned => {
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', ...(ipc ? (['ipc'] as const) : [])],
    env: { ...process.env, ...env },
  })
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  running.add(child)
  child.once('error', () => resolve())
  child.once('exit', () => {
    running.delete(child)
    resolve()
  })
  if (child.pid === undefined) throw new Error(`${command} could not be started`)
  return {
    pid: child.pid,
    child,
    async stop() {
      const last = setTimeout(() => child.kill('SIGKILL'), 8_000)
      if (running.has(child)) child.kill('SIGTERM')
      await ended
      clearTimeout(last)
    },
  }
}

/** Ticks a second of `/proc/PID/stat`, the same on every Linux. */
const ticksPerSecond = 100

/** Seconds of processor time in one line of `/proc/PID/stat`: of user and system, all threads. */
export const processorSeconds = (stat: string): number => {
  // The name of the program is in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Seconds of processor time that these programs have used since they began. Throws if one has ended. */
export const usedSeconds = (programs: readonly Pinned[]): number =>
  programs
    .map(({ pid }) => processorSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8')))
    .reduce((sum, seconds) => sum + seconds, 0)

/** Seconds that `core` has worked for programs, by the text of `/proc/stat`; waiting and interrupts left out. */
export const workedSeconds = (stat: string, core: number): number => {
  const line = stat.split('\n').find((one) => one.startsWith(`cpu${core} `))
  if (line === undefined) throw new Error(`/proc/stat tells nothing of core ${core}`)
  const [, user, nice, system, , , , , steal] = line.split(/ +/).map(Number)
  return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (steal ?? 0)) / ticksPerSecond
}

/** Seconds that this core has worked for anybody's programs since the machine began. */
export const coreSeconds = (core: number): number => workedSeconds(readFileSync('/proc/stat', 'utf8'), core)
