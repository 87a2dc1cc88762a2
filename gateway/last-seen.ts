/**
 * Last seen: when a person last did something, shared between gateways through the store, at most once a minute.
 *
 * It ends no session (the policy's idle gate does). Invariant: only user traffic renews it, never frames, streams
 * or `background` routes (SPEC §6), and before anybody is refused as idle the store is asked once more, since
 * another gateway may have seen them. Writing at each request was refused: idle time is counted in minutes.
 */
import type { KeyObject } from 'node:crypto'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Clock } from '../runtime/clock.ts'
import { openFleet, sealFleet } from '../runtime/fleet-seal.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { keys } from '../runtime/keys.ts'
import type { Reports } from './reports.ts'
import type { MirroredSession } from './sessions.ts'

/** Renews and reads "last seen". */
export type LastSeen = {
  /** A person did something from `address`; synchronous. */
  renew(session: MirroredSession, at: Instant, address: string): void
  /** Asks the store, at most once a second per session and once for all who wait; whether they were seen later. Never rejects. */
  refresh(session: MirroredSession): Promise<boolean>
}

const writeEveryMs: DurationMs = 60_000
const readEveryMs: DurationMs = 1_000
/** The longest idle time that a policy can give. */
const keptMs: DurationMs = 30 * 86_400_000

const instantForm = /^[1-9]\d{0,15}$/

/** Last seen over `store` (`null`: known here only), sealed for the fleet. */
export function createLastSeen(parts: {
  readonly store: HotStore | null
  readonly fleetKey: KeyObject
  readonly clock: Clock
  readonly reports: Reports
}): LastSeen {
  const { store, fleetKey, clock } = parts
  const readings = new WeakMap<MirroredSession, Promise<boolean>>()

  const read = async (store: HotStore, session: MirroredSession): Promise<boolean> => {
    const key = keys.seen(session.record.id)
    try {
      const sealed = await store.read(key)
      const text = sealed === null ? null : openFleet(fleetKey, key, sealed)
      if (text === null || !instantForm.test(text) || Number(text) <= session.lastSeenAt) return false
      session.lastSeenAt = Number(text)
      return true
    } catch {
      return false
    }
  }

  return {
    renew(session, at, address) {
      if (at > session.lastSeenAt) session.lastSeenAt = at
      const elapsed = clock.monotonic()
      if (elapsed - session.seenWrittenAt < writeEveryMs) return
      session.seenWrittenAt = elapsed
      const { id } = session.record
      parts.reports.add({ kind: 'seen', session: id, at, address, streams: 0 })
      const key = keys.seen(id)
      // Lost writes cost a minute of precision; the next one comes with the next minute's traffic.
      store?.write(key, sealFleet(fleetKey, key, String(at)), keptMs).catch(() => {})
    },
    async refresh(session) {
      // Whoever asks meanwhile waits for the same answer: "not yet known" would end the session as idle.
      const under = readings.get(session)
      if (under !== undefined) return under
      const elapsed = clock.monotonic()
      if (store === null || elapsed - session.seenReadAt < readEveryMs) return false
      session.seenReadAt = elapsed
      const reading = read(store, session).finally(() => readings.delete(session))
      readings.set(session, reading)
      return reading
    },
  }
}
