/**
 * `gatehouse gateway`: looks after the workers of a gateway. SIGHUP brings a new generation of them with the
 * configuration read again, SIGTERM and SIGINT let them leave.
 *
 * It carries no traffic and loads neither plane. Invariant: the generation in force goes only when all of the next one
 * listen and know enough; whatever is wrong with the next one ends that one. Workers that changed their configuration
 * in place were refused: half of every request's answer would be of the old one.
 */
import type { Config } from '../runtime/config.ts'
import { createLog, type Log } from '../runtime/log.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, isStop, stopWith } from './exit-codes.ts'
import { planeReadyLine } from './readiness.ts'
import { isPlainProxy, readPlaneSettings, withClusterKey } from './settings.ts'
import { createStopping, type Stopping, stopOnSignals } from './stopping.ts'
import { createWorkerFolders } from './worker-folders.ts'
import { createGeneration, type Listening, type WorkerGeneration } from './worker-generation.ts'

const readyWithinMs = 30_000
/** What idle connections of the old generation get to bring the request that is on its way. */
const lingerMs = 1_000

type Crew = {
  start(config: Config): Promise<readonly Listening[]>
  /** Never rejects; a bad configuration or one that does not come up leaves everything as it is. */
  reload(): Promise<void>
  leave(): Promise<void>
}

const logOf = (config: Config): Log =>
  createLog({ level: config.log.level, plane: 'gateway', stream: process.stderr }).with({
    process: 'supervisor',
  })

/** A plain proxy makes its key itself; made here, workers have one and the same. */
const settingsOf = async (line: CommandLine): Promise<Config> => {
  const config = await readPlaneSettings(line)
  return isPlainProxy(config) ? withClusterKey(config) : config
}

const sentencesOf = (error: unknown): readonly string[] =>
  isStop(error) ? error.lines : [error instanceof Error ? error.message : String(error)]

const withinLimit = async <T>(done: Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(stopWith(exitCodes.unavailable, `not ready after ${readyWithinMs} ms`)),
    readyWithinMs,
  )
  try {
    return await Promise.race([done, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

const createCrew = (line: CommandLine): Crew => {
  const folders = createWorkerFolders()
  const retired = new Set<WorkerGeneration>()
  let current: { readonly config: Config; readonly generation: WorkerGeneration } | null = null
  let coming: WorkerGeneration | null = null
  let isOver = false

  const generationOf = (config: Config): WorkerGeneration =>
    createGeneration({ config, folders, log: logOf(config), monotonic: () => performance.now() })

  const retire = async (old: NonNullable<typeof current>, log: Log): Promise<void> => {
    retired.add(old.generation)
    await old.generation.leave({ graceMs: old.config.gateway.reloadDrainMs, lingerMs })
    retired.delete(old.generation)
    log.info({}, 'the workers of the last configuration are gone')
  }
  const succeed = async (old: NonNullable<typeof current>, config: Config): Promise<void> => {
    const generation = generationOf(config)
    coming = generation
    try {
      await withinLimit(generation.start('knowing'))
    } catch (error) {
      await generation.leave({ graceMs: 0, lingerMs: 0 })
      throw error
    } finally {
      coming = null
    }
    if (isOver) return await generation.leave({ graceMs: 0, lingerMs: 0 })
    current = { config, generation }
    const log = logOf(config)
    log.info({ workers: config.gateway.workers }, 'the configuration was read again and is in force')
    void retire(old, log)
  }
  return {
    async start(config) {
      const generation = generationOf(config)
      current = { config, generation }
      return await generation.start('at-once')
    },
    async reload() {
      const old = current
      if (old === null || isOver) return
      try {
        await succeed(old, await settingsOf(line))
      } catch (error) {
        const log = logOf(old.config)
        for (const problem of sentencesOf(error)) log.error({ problem }, 'the configuration cannot be used')
        log.error({}, 'the last good configuration stays in force')
      }
    },
    async leave() {
      isOver = true
      const how = { graceMs: current?.config.gateway.drainMs ?? 0, lingerMs: 0 }
      const all = [...retired, ...(current === null ? [] : [current.generation])]
      await Promise.all([
        ...all.map((generation) => generation.leave(how)),
        coming?.leave({ graceMs: 0, lingerMs: 0 }),
      ])
    },
  }
}

/** One reload at a time; asked for during one, another follows. Nothing happens before `open`. */
const reloadOnSignal = (crew: Crew): { open(): void } => {
  let isOpen = false
  let isAsked = false
  let isBusy = false
  const run = async (): Promise<void> => {
    if (isBusy || !isOpen) return
    isBusy = true
    while (isAsked) {
      isAsked = false
      await crew.reload()
    }
    isBusy = false
  }
  process.on('SIGHUP', () => {
    isAsked = true
    void run()
  })
  return {
    open() {
      isOpen = true
      void run()
    },
  }
}

const tell = (line: CommandLine, workers: readonly Listening[]): void => {
  const [first] = workers
  if (first === undefined) throw new Error('a gateway without workers')
  const listening = workers.map(({ pid, addresses }) => ({ pid, metrics: addresses.metrics }))
  const told = { ok: true, addresses: first.addresses, workers: listening }
  const others = listening.slice(1).map(({ metrics }) => metrics)
  process.stdout.write(
    line.json
      ? `${JSON.stringify(told)}\n`
      : planeReadyLine('gateway', {
          ...told,
          addresses: { ...first.addresses, metrics: [first.addresses.metrics, ...others].join(' ') },
        }),
  )
}

const startAll = async (line: CommandLine, crew: Crew, stopping: Stopping): Promise<void> => {
  const config = await settingsOf(line)
  stopping.add('the gateway', crew.leave)
  tell(line, await crew.start(config))
}

/** Runs the gateway's workers until a signal; answers the exit code. A second signal ends everything at once. */
export const superviseGateway = async (line: CommandLine): Promise<number> => {
  const stopping = createStopping((text) => process.stderr.write(`${text}\n`))
  const crew = createCrew(line)
  const reloads = reloadOnSignal(crew)
  stopOnSignals(stopping)
  try {
    await Promise.race([startAll(line, crew, stopping), stopping.ended])
    reloads.open()
    return await stopping.ended
  } finally {
    await stopping.stop()
  }
}
