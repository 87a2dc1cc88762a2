/**
 * A server that we run as a child (PostgreSQL, Redis): started until it says it is ready, stopped for certain.
 *
 * Not a supervisor: one that dies stays dead and says so through `exited`. Children get a process group of their
 * own, so that Ctrl-C reaches us alone and we stop them last. Invariant: a data directory has one owner; a server
 * orphaned by a killed owner is stopped by the next start. Refused: pid files of the servers, which forget the owner.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { exitCodes, stopWith } from './exit-codes.ts'
import { isLiving, markOf, type ProcessMark } from './process-mark.ts'

/** A signal and how long the server may take to obey before the next one is sent. */
export type StopSignal = { readonly signal: NodeJS.Signals; readonly waitMs: number }

/** What to run. `readyWhen` sees each line the server prints; `input` is written to its standard input. */
export type ChildServicePlan = {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly input?: string
  readonly claimFile: string
  readonly stopSignals: readonly StopSignal[]
  readonly readyMs: number
  readonly readyWhen: (line: string) => boolean
  readonly log: (line: string) => void
}

/** A running server. `exited` resolves with its last lines when it ends, asked for or not; `stop` may be called twice. */
export type ChildService = {
  readonly pid: number
  readonly exited: Promise<readonly string[]>
  stop(): Promise<void>
}

/** A start's outcome: the server, or its last lines when it ended before it was ready. */
export type ChildStart =
  | { readonly service: ChildService; readonly lines: null }
  | { readonly service: null; readonly lines: readonly string[] }

type Claim = { readonly owner: ProcessMark; readonly child: ProcessMark | null }

const linesKept = 20
const orphanLookMs = 25

const readClaim = (path: string): Claim | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Claim
  } catch {
    return null
  }
}

const writeClaim = (path: string, child: ProcessMark | null): void => {
  const owner = markOf(process.pid)
  if (owner !== null) writeFileSync(path, JSON.stringify({ owner, child } satisfies Claim), { mode: 0o600 })
}

const stopOrphan = async (mark: ProcessMark, signals: readonly StopSignal[]): Promise<void> => {
  for (const { signal, waitMs } of signals) {
    if (!isLiving(mark)) return
    process.kill(mark.pid, signal)
    // Not our child, so no event tells its end.
    for (let waited = 0; waited < waitMs && isLiving(mark); waited += orphanLookMs) await pause(orphanLookMs)
  }
}

/**
 * Makes a directory ours: refuses (exit 69) when a living process owns it, and stops what a dead owner left running.
 * `claimFile` lies in that directory and is removed when the service ends.
 */
export const claimDirectory = async (
  name: string,
  claimFile: string,
  stopSignals: readonly StopSignal[],
): Promise<void> => {
  mkdirSync(dirname(claimFile), { recursive: true, mode: 0o700 })
  const old = readClaim(claimFile)
  if (old !== null && isLiving(old.owner)) {
    throw stopWith(
      exitCodes.unavailable,
      `${name} in ${dirname(claimFile)} is in use by process ${old.owner.pid}: stop that one first, or choose another data directory.`,
    )
  }
  if (old?.child) await stopOrphan(old.child, stopSignals)
  writeClaim(claimFile, null)
}

/** Gives a claimed directory up, for a caller that did not come to start anything in it. */
export const releaseDirectory = (claimFile: string): void => rmSync(claimFile, { force: true })

const exitOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })

const stopChild = async (
  child: ChildProcess,
  exited: Promise<unknown>,
  signals: readonly StopSignal[],
): Promise<void> => {
  for (const { signal, waitMs } of signals) {
    if (child.exitCode !== null || child.signalCode !== null) break
    child.kill(signal)
    // A paused server obeys nothing but SIGKILL until it goes on.
    child.kill('SIGCONT')
    const timer = new AbortController()
    await Promise.race([exited, pause(waitMs, null, { signal: timer.signal }).catch(() => null)])
    timer.abort()
  }
  await exited
}

/** Keeps the last lines and settles once one says ready. */
const listen = (child: ChildProcess, plan: ChildServicePlan) => {
  const kept: string[] = []
  const ready = Promise.withResolvers<void>()
  const take = (line: string): void => {
    kept.push(line)
    if (kept.length > linesKept) kept.shift()
    plan.log(line)
    if (plan.readyWhen(line)) ready.resolve()
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', take)
  }
  child.once('error', (error) => take(error.message))
  return { kept, ready: ready.promise }
}

/**
 * Starts the server and resolves once it is ready, or with its last lines once it has ended instead.
 * The directory of `claimFile` must have been claimed; the claim goes with the server.
 */
export const startChildService = async (plan: ChildServicePlan): Promise<ChildStart> => {
  const child = spawn(plan.command, plan.args, {
    env: plan.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { kept, ready } = listen(child, plan)
  const exited = exitOf(child)
  child.stdin.on('error', () => undefined)
  child.stdin.end(plan.input ?? '')
  if (child.pid !== undefined) writeClaim(plan.claimFile, markOf(child.pid))

  // The last resort when we end without stopping anything: an exception, process.exit.
  const onExit = (): void => {
    child.kill(plan.stopSignals[0]?.signal)
    child.kill('SIGCONT')
  }
  process.once('exit', onExit)
  const gone = exited.then(() => {
    process.off('exit', onExit)
    releaseDirectory(plan.claimFile)
    return kept
  })

  const timer = new AbortController()
  const late = pause(plan.readyMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const)
  const outcome = await Promise.race([
    ready.then(() => 'ready' as const),
    gone.then(() => 'ended' as const),
    late,
  ])
  timer.abort()
  const stop = (): Promise<void> => stopChild(child, gone, plan.stopSignals)
  if (outcome === 'ready' && child.pid !== undefined) {
    return { service: { pid: child.pid, exited: gone, stop }, lines: null }
  }
  await stop()
  return {
    service: null,
    lines: outcome === 'late' ? [...kept, `not ready after ${plan.readyMs / 1000} s`] : kept,
  }
}
