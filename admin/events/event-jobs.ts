/**
 * What the control plane does for its audit chains by itself: checks them, forgets what was kept its time, and takes
 * events and checkpoints out, to a file and to machines elsewhere.
 *
 * Signing checkpoints is `jobs.ts`. Each job is a function that a test calls. Invariant: a chain found broken is an error
 * in the log each time it is checked, once a day, until somebody acts; checking repairs and hides nothing.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Log } from '../../runtime/log.ts'
import type { Signer } from '../../runtime/signing.ts'
import { type JobLoop, startLoop } from '../job-loop.ts'
import type { Store } from '../store/database.ts'
import { checkNextChain, listChains } from '../store/event-chain.ts'
import { forgetEvents } from '../store/event-retention.ts'
import { appendCheckpoints } from './checkpoint-file.ts'
import { type StreamParts, sendEvents } from './event-stream.ts'

/** What they work with. `checkpointFile: null`: checkpoints stay in the database. */
export type EventJobParts = {
  readonly store: Store
  readonly signer: Signer
  readonly now: () => Instant
  readonly log: Log
  readonly checkpointFile: string | null
  readonly streams: StreamParts['streams']
}

/** The jobs. Each answers how many things it did and rejects with a `Fault` or the system's error; loops go on. */
export type EventJobs = {
  /** Checks the chain that waited longest, if its last check is a day old. */
  readonly check: () => Promise<number>
  /** Forgets segments of every chain that were kept their time; answers the events. */
  readonly forget: () => Promise<number>
  /** Appends new checkpoints to the file. */
  readonly append: () => Promise<number>
  /** Posts new events to where configuration says. */
  readonly send: () => Promise<number>
  readonly start: () => void
  readonly close: () => Promise<void>
}

const dayMs: DurationMs = 86_400_000

/** Creates the jobs; nothing runs before `start`. */
export function createEventJobs(parts: EventJobParts): EventJobs {
  const { store, signer, now, log, checkpointFile } = parts
  let loops: readonly JobLoop[] = []
  const jobs: EventJobs = {
    check: async () => {
      const found = await checkNextChain(store, signer.publicKey, now(), dayMs)
      if (found === null) return 0
      const { practice, check } = found
      if (!check.ok)
        log.error({ practice, event: check.brokenAt, why: check.why }, 'an audit chain is broken')
      return 1
    },
    forget: async () => {
      let forgotten = 0
      for (const practice of await store.read(listChains))
        forgotten += await forgetEvents(store, { signer, streams: parts.streams }, practice, now())
      if (forgotten > 0) log.info({ events: forgotten }, 'events that were kept their time were forgotten')
      return forgotten
    },
    append: () => (checkpointFile === null ? Promise.resolve(0) : appendCheckpoints(store, checkpointFile)),
    send: () => sendEvents(parts),
    start: () => {
      if (loops.length > 0) return
      loops = [
        startLoop(log, 'audit check', 60_000, false, jobs.check),
        startLoop(log, 'forgetting', 3_600_000, false, jobs.forget),
        ...(parts.streams.length === 0 ? [] : [startLoop(log, 'event streams', 2_000, true, jobs.send)]),
        ...(checkpointFile === null ? [] : [startLoop(log, 'checkpoint file', 60_000, true, jobs.append)]),
      ]
    },
    close: async () => {
      for (const { stop } of loops) stop()
      await Promise.all(loops.map(({ done }) => done))
      loops = []
    },
  }
  return jobs
}
