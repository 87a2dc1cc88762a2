/**
 * What a gateway tells the control plane in passing: refusals, facts, last seen, acknowledgements (`gh:reports`).
 *
 * Not for what must not be lost (sessions are opened by a call). Invariant: `add` is synchronous, never throws and
 * never holds more than `queueMax` items; beyond that the oldest go and are counted. What the store did not take
 * is sent again; the reader is idempotent. Waiting for the store on the request path was refused.
 */
import type { KeyObject } from 'node:crypto'
import { sealFleet } from '../runtime/fleet-seal.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { keys } from '../runtime/keys.ts'
import type { Report } from '../runtime/records.ts'

/** The way back to the control plane. */
export type Reports = {
  add(report: Report): void
  /** Sends what is waiting; resolves when it is sent or could not be. Never rejects. */
  flush(): Promise<void>
  /** Items dropped for want of room since the start, and items waiting. */
  counts(): { readonly dropped: number; readonly waiting: number }
  /** Flushes a last time and stops. */
  close(): Promise<void>
}

const batchMax = 500
const streamLengthMax = 200_000

/** Reports to `store` (`null`: nowhere, everything is dropped and counted) under the fleet's seal. */
export function createReports(options: {
  readonly store: HotStore | null
  readonly fleetKey: KeyObject
  readonly queueMax?: number
  readonly everyMs?: number
  onFault(error: unknown): void
}): Reports {
  const { store, fleetKey } = options
  const queueMax = options.queueMax ?? 20_000
  let queue: Report[] = []
  let dropped = 0
  let sending: Promise<void> | null = null

  const send = async (): Promise<void> => {
    while (queue.length > 0 && store !== null) {
      const batch = queue.slice(0, batchMax)
      queue = queue.slice(batchMax)
      try {
        const text = sealFleet(fleetKey, keys.reports, JSON.stringify(batch))
        await store.append(keys.reports, text, streamLengthMax)
      } catch (error) {
        const kept = [...batch, ...queue]
        dropped += Math.max(0, kept.length - queueMax)
        queue = kept.slice(-queueMax)
        options.onFault(error)
        return
      }
    }
  }
  const flush = (): Promise<void> => {
    sending ??= send().finally(() => {
      sending = null
    })
    return sending
  }
  const timer = setInterval(() => void flush(), options.everyMs ?? 1_000)
  timer.unref()

  return {
    add(report) {
      if (store === null || queue.length >= queueMax) dropped += 1
      if (store === null) return
      if (queue.length >= queueMax) queue.shift()
      queue.push(report)
      // Only at the mark: a store that is away must not be tried again at every item.
      if (queue.length === batchMax) void flush()
    },
    flush,
    counts: () => ({ dropped, waiting: queue.length }),
    async close() {
      clearInterval(timer)
      await sending
      await flush()
    },
  }
}
