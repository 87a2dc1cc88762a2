/**
 * What a gateway tells the control plane in passing: refusals, facts, last seen, acknowledgements (`gh:reports`).
 *
 * Not for what must not be lost (sessions are opened by a call). Invariant: `add` is synchronous, never throws and
 * never holds more than `queueMax` items; beyond that the oldest go and are counted. What the store did not confirm is
 * sent again under the same number, so that the reader takes it once. Waiting for the store on the request path was
 * refused.
 */
import { type KeyObject, randomUUID } from 'node:crypto'
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

/** With the number in front 500, which is what readers take. */
const batchMax = 499
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
  const source = randomUUID()
  const queue: Report[] = []
  /** Sent and not confirmed: it may have arrived. */
  let unsure: Report[] = []
  let number = 0
  let dropped = 0
  let sending: Promise<void> | null = null

  const send = async (): Promise<void> => {
    while (unsure.length + queue.length > 0 && store !== null) {
      if (unsure.length === 0) {
        unsure = queue.splice(0, batchMax)
        number += 1
      }
      try {
        const head: Report = { kind: 'batch', source, number }
        const text = sealFleet(fleetKey, keys.reports, JSON.stringify([head, ...unsure]))
        await store.append(keys.reports, text, streamLengthMax)
        unsure = []
      } catch (error) {
        options.onFault(error)
        return
      }
    }
  }
  const waiting = (): number => unsure.length + queue.length
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
      const full = waiting() >= queueMax
      if (store === null || full) dropped += 1
      if (store === null) return
      if (full && queue.shift() === undefined) unsure.shift()
      queue.push(report)
      // Only at the mark: a store that is away must not be tried again at every item.
      if (queue.length === batchMax) void flush()
    },
    flush,
    counts: () => ({ dropped, waiting: waiting() }),
    async close() {
      clearInterval(timer)
      await sending
      await flush()
    },
  }
}
