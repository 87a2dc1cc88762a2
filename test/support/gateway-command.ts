/**
 * `gatehouse gateway` or `gatehouse admin` as somebody types it, in a process of its own whose workers, log and end can be
 * awaited.
 *
 * Not tools/run.mjs, which would stand between a test's signals and the supervisor.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from './cache-folder.ts'
import { createClient } from './client.ts'

/** One worker as the command tells of it. */
export type ToldWorker = { readonly pid: number; readonly metrics: string }

/** What the command prints. */
export type ToldGateway = {
  readonly addresses: { readonly application: string; readonly metrics: string }
  readonly workers: readonly ToldWorker[]
}

/** A running command that prints `Told` once it is ready. */
export type PlaneCommand<Told> = {
  readonly pid: number
  /** Rejects with what it wrote on standard error when it ends before. */
  readonly ready: Promise<Told>
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  /** Resolves when nobody holds its standard error any more: it and all its workers are gone. */
  readonly allGone: Promise<void>
  errors(): string
  /** The first match in what it wrote on standard error since `mark()`, now or later. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  /** What was written so far is not looked at again. */
  mark(): void
  kill(signal: NodeJS.Signals): void
}

/** A running `gatehouse gateway`. */
export type GatewayCommand = PlaneCommand<ToldGateway>

/** Starts one plane with this configuration file, further words and environment. */
export const runPlaneCommand = <Told>(
  plane: 'gateway' | 'admin',
  file: string,
  more: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): PlaneCommand<Told> => {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(GATEHOUSE_|DATABASE_URL$|REDIS_URL$)/.test(name),
  )
  const words = [join(projectRoot, 'cli/main.ts'), plane, '--config', file, '--json', ...more]
  const child = spawn(process.execPath, words, {
    env: { ...Object.fromEntries(environment), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ready = Promise.withResolvers<Told>()
  const ended = Promise.withResolvers<number | string>()
  const allGone = Promise.withResolvers<void>()
  const waiting = new Set<() => void>()
  let [out, errors, from] = ['', '', 0]
  ready.promise.catch(() => undefined)
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
    if (out.includes('\n')) ready.resolve(JSON.parse(out) as Told)
  })
  child.stderr.on('data', (chunk) => {
    errors += String(chunk)
    for (const look of [...waiting]) look()
  })
  child.once('exit', (code, signal) => {
    ended.resolve(code ?? signal ?? 'nothing')
    ready.reject(new Error(`it ended with ${code ?? signal}: ${errors}`))
  })
  child.once('close', () => allGone.resolve())
  return {
    pid: child.pid ?? 0,
    ready: ready.promise,
    ended: ended.promise,
    allGone: allGone.promise,
    errors: () => errors,
    said: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = pattern.exec(errors.slice(from))
          if (found === null) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    mark: () => {
      from = errors.length
    },
    kill: (signal) => void child.kill(signal),
  }
}

/** Starts a gateway with this configuration file. */
export const runGatewayCommand = (file: string): GatewayCommand =>
  runPlaneCommand<ToldGateway>('gateway', file)

/** How many exchanges of a kind a worker has open. */
export const openAt = async (worker: ToldWorker, kind: string): Promise<number> => {
  const { text } = await createClient(worker.metrics).get('/metrics')
  return Number(new RegExp(`^gatehouse_open_exchanges\\{kind="${kind}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
}
