/**
 * The workers of one configuration: all started together, each replaced when it dies, all asked to leave together.
 *
 * It reads no configuration and hears no signal. Invariant: once told to leave it replaces nobody, and nobody of it is
 * left when that resolves. Replacing only after a pause was refused: the first death is usually an accident.
 */

import { join } from 'node:path'
import type { Entrance, Leave } from '../gateway/main.ts'
import type { DurationMs } from '../policies/instant.ts'
import type { Config } from '../runtime/config.ts'
import { overrideFileOf } from '../runtime/host-override.ts'
import type { Log } from '../runtime/log.ts'
import { writeEffectiveConfig } from './settings.ts'
import type { WorkerFolder, WorkerFolders } from './worker-folders.ts'
import { forkWorker, type WorkerProcess, type WorkerReady } from './worker-process.ts'

/** A worker that listens. */
export type Listening = WorkerReady & { readonly pid: number }

/** The workers of one configuration. */
export type WorkerGeneration = {
  /** Starts all; resolves when all listen, else ends them and rejects with the first `Stop`. Call it once. */
  start(entrance: Entrance): Promise<readonly Listening[]>
  /** Asks all to leave and resolves when they are gone; whoever stays too long is ended. A second call hurries. */
  leave(how: Leave): Promise<void>
}

/** What a generation is made of. `monotonic` counts milliseconds. */
export type GenerationParts = {
  readonly config: Config
  readonly folders: WorkerFolders
  readonly log: Log
  readonly monotonic: () => DurationMs
}

type Member = { readonly process: WorkerProcess; readyAt: DurationMs | null }

const pauseFirstMs = 100
const pauseMaxMs = 5_000
/** Who lived shorter than this will probably die again. */
const shortLifeMs = 1_000
/** What closing takes beside the requests under way. */
const closingMs = 3_000

const shiftPort = (address: string, by: number): string => {
  const at = address.lastIndexOf(':') + 1
  const port = Number(address.slice(at))
  return `${address.slice(0, at)}${port === 0 ? 0 : port + by}`
}

/** The configuration of the `post`th worker, counted from 0. */
const configOf = (config: Config, post: number, { slot, path }: WorkerFolder): Config => ({
  ...config,
  dataDir: path,
  listen: { ...config.listen, gatewayMetrics: shiftPort(config.listen.gatewayMetrics, post) },
  gateway: {
    ...config.gateway,
    workers: 1,
    // The host's, not the worker's own.
    overrideFile: overrideFileOf(config),
    // By folder, not by post: two generations live side by side for a while.
    id: config.gateway.id === null || slot === 1 ? config.gateway.id : `${config.gateway.id}.${slot}`,
  },
})

const after = (ms: DurationMs): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

type State = GenerationParts & { readonly living: Set<Member>; isOver: boolean }

const begin = async (state: State, post: number, entrance: Entrance, replaced = 0): Promise<Member> => {
  const folder = await state.folders.claim(state.config.dataDir)
  try {
    const file = await writeEffectiveConfig(configOf(state.config, post, folder))
    const member: Member = {
      process: forkWorker(file, entrance, replaced, join(state.config.dataDir, 'compiled')),
      readyAt: null,
    }
    state.living.add(member)
    void member.process.ended.then(() => {
      state.living.delete(member)
      folder.release()
    })
    member.process.ready.then(
      () => {
        member.readyAt = state.monotonic()
      },
      () => {},
    )
    if (state.isOver) member.process.kill()
    return member
  } catch (error) {
    folder.release()
    throw error
  }
}

/** A worker in the place of one that ended at `endedAt`; `null`: there could be none. */
const replace = async (
  state: State,
  post: number,
  endedAt: DurationMs,
  replaced: number,
): Promise<Member | null> => {
  const { log, monotonic } = state
  try {
    const member = await begin(state, post, 'soon', replaced)
    const { pid } = member.process
    void member.process.ready.then(
      () =>
        log.info(
          { worker: post + 1, pid, afterMs: Math.round(monotonic() - endedAt) },
          'a worker is replaced',
        ),
      (error: unknown) => {
        if (!state.isOver) log.error({ worker: post + 1, pid, error }, 'a worker could not be replaced')
      },
    )
    return member
  } catch (error) {
    log.error({ worker: post + 1, error }, 'a worker could not be replaced')
    return null
  }
}

/** Sees to it that somebody is at this post until the generation is told to leave. */
const keepPost = async (state: State, post: number, first: Member): Promise<void> => {
  let member: Member | null = first
  let pauseMs = 0
  for (let replaced = 1; ; replaced += 1) {
    const how = member === null ? null : await member.process.ended
    if (state.isOver) return
    const endedAt = state.monotonic()
    const readyAt = member?.readyAt ?? null
    const livedShort = readyAt === null || endedAt - readyAt < shortLifeMs
    pauseMs = livedShort ? Math.min(pauseMaxMs, Math.max(pauseFirstMs, 2 * pauseMs)) : 0
    if (member !== null)
      state.log.error({ worker: post + 1, pid: member.process.pid, how, pauseMs }, 'a worker ended')
    if (pauseMs > 0) await after(pauseMs)
    if (state.isOver) return
    member = await replace(state, post, endedAt, replaced)
  }
}

const leave = async (state: State, how: Leave): Promise<void> => {
  state.isOver = true
  const members = [...state.living]
  for (const { process, readyAt } of members) {
    // Who does not listen yet has nobody to wait for.
    if (readyAt === null) process.kill()
    else process.leave(how)
  }
  const last = setTimeout(
    () => {
      for (const { process } of members) process.kill()
    },
    Math.max(how.graceMs, how.lingerMs) + how.lingerMs + closingMs,
  )
  await Promise.all(members.map(({ process }) => process.ended))
  clearTimeout(last)
}

/** The workers of this configuration, none of which is started. */
export const createGeneration = (parts: GenerationParts): WorkerGeneration => {
  const state: State = { ...parts, living: new Set(), isOver: false }
  return {
    async start(entrance) {
      const posts = Array.from({ length: parts.config.gateway.workers }, (_, post) => post)
      try {
        // One after another claims a folder; they start side by side.
        const members = await Promise.all(posts.map((post) => begin(state, post, entrance)))
        const told = await Promise.all(
          members.map(async ({ process }) => ({ ...(await process.ready), pid: process.pid })),
        )
        members.forEach((member, post) => void keepPost(state, post, member))
        return told
      } catch (error) {
        state.isOver = true
        for (const { process } of state.living) process.kill()
        throw error
      }
    },
    leave: (how) => leave(state, how),
  }
}
