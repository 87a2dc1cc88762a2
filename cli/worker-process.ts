/**
 * One worker of a gateway, seen from both ends: how it is forked and told to leave, and how it learns that.
 *
 * Workers share what they listen on through `node:cluster`, without its round robin: the supervisor holds the socket
 * and never touches a connection. Invariant: a connection that waits to be accepted belongs to no worker, so the end
 * of one loses none. A socket per worker (`reusePort`) was refused: what waits in it dies with it at every reload;
 * accepting in the supervisor was too: it took 4,000 connections a second where workers take 10,000.
 */
import cluster from 'node:cluster'
import { flushCompileCache } from 'node:module'
import type { Entrance, Leave } from '../gateway/main.ts'
import { readChildMessage } from './child-message.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import type { Stopping } from './stopping.ts'

/** What a worker tells when it listens. */
export type WorkerReady = {
  readonly addresses: {
    readonly application: string
    readonly metrics: string
    readonly forwardAuth: string | null
  }
}

/** A worker as its supervisor sees it. */
export type WorkerProcess = {
  readonly pid: number
  /** Rejects with a `Stop` when it ends before. */
  readonly ready: Promise<WorkerReady>
  /** How it ended: the signal's name, or `exit 0`. */
  readonly ended: Promise<string>
  /** Asks it to leave; nothing happens where it is gone. */
  leave(how: Leave): void
  /** Ends it at once. */
  kill(): void
}

/** How a worker comes and goes, as its supervisor wants it. */
export type WorkerWay = {
  readonly entrance: Entrance
  /** How often the worker in this place was replaced so far. */
  readonly replaced: number
  /** `null`: nobody said; as configured. */
  leave(): Leave | null
}

const entranceVariable = 'GATEWAY_WORKER_ENTRANCE'
const replacedVariable = 'GATEWAY_WORKER_REPLACED'

/** The effective configuration is in the file; what the environment said is in it already. */
const environmentOf = (
  entrance: Entrance,
  replaced: number,
  compiledDir: string,
): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => /^(GATEHOUSE_|DATABASE_URL$|REDIS_URL$)/.test(name))
      .map((name) => [name, '']),
  ),
  [entranceVariable]: entrance,
  [replacedVariable]: String(replaced),
  NODE_COMPILE_CACHE: compiledDir,
})

/**
 * A new worker that runs with this file. `compiledDir`: where workers leave their compiled code for the next one, which
 * then begins in half the time; as private as the keys beside it. `replaced`: how many stood in its place before.
 */
export const forkWorker = (
  configFile: string,
  entrance: Entrance,
  replaced: number,
  compiledDir: string,
): WorkerProcess => {
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({
    exec: new URL('main.ts', import.meta.url).pathname,
    args: ['gateway', '--config', configFile],
  })
  const worker = cluster.fork(environmentOf(entrance, replaced, compiledDir))
  const ready = Promise.withResolvers<WorkerReady>()
  const ended = Promise.withResolvers<string>()
  // Whoever waits hears of it; a worker that nobody waits for any more may fail in silence.
  ready.promise.catch(() => {})
  worker.on('message', (message: unknown) => {
    const said = readChildMessage(message)
    if (said === null) return
    if ('ready' in said) ready.resolve(said.ready as WorkerReady)
    else ready.reject(stopWith(said.stopped.exitCode, ...said.stopped.lines))
  })
  worker.on('error', () => {})
  worker.once('exit', (code: number | null, signal: string | null) => {
    const how = signal ?? `exit ${code}`
    ready.reject(
      stopWith(exitCodes.unavailable, `gatehouse: a gateway process ended (${how}) before it was ready.`),
    )
    ended.resolve(how)
  })
  return {
    pid: worker.process.pid ?? 0,
    ready: ready.promise,
    ended: ended.promise,
    leave(how) {
      if (worker.isConnected()) worker.send({ leave: how })
    },
    kill: () => void worker.process.kill('SIGKILL'),
  }
}

const entrances: readonly Entrance[] = ['at-once', 'soon', 'knowing']

const readLeave = (message: unknown): Leave | null => {
  if (typeof message !== 'object' || message === null || !('leave' in message)) return null
  const { leave } = message
  if (typeof leave !== 'object' || leave === null) return null
  const { graceMs, lingerMs } = leave as { readonly graceMs?: unknown; readonly lingerMs?: unknown }
  return typeof graceMs === 'number' && typeof lingerMs === 'number' ? { graceMs, lingerMs } : null
}

/** What this process was told as a worker, whose leave ends `stopping`; `null`: it is none. */
export const wayOfWorker = (stopping: Stopping): WorkerWay | null => {
  if (!cluster.isWorker) return null
  let told: Leave | null = null
  process.on('message', (message: unknown) => {
    told ??= readLeave(message)
    if (told !== null) stopping.finish(exitCodes.ok)
  })
  // A terminal tells the whole group; only the supervisor reads the configuration again.
  process.on('SIGHUP', () => {})
  return {
    entrance: entrances.find((one) => one === process.env[entranceVariable]) ?? 'at-once',
    replaced: Number(process.env[replacedVariable] ?? 0) || 0,
    leave: () => told,
  }
}

/** Leaves this worker's compiled code for the next one, now: a worker that is killed could not. */
export const leaveCompiled = (): void => {
  if (cluster.isWorker) flushCompileCache()
}
