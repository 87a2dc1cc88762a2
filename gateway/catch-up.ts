/**
 * Reads a practice's members anew for somebody who was just made one: the news is still on its way to this gateway.
 *
 * It renews nothing and judges nobody. Invariant: what asks for one user within a second shares one reading, so that
 * knocking does not reach the control plane. Sharing it between users was refused: another's reading may be from before
 * this one was made a member.
 */
import type { DurationMs } from '../policies/instant.ts'
import type { Clock } from '../runtime/clock.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { Snapshots } from './snapshots.ts'

/** Where members are read from, and what takes them in. */
export type CatchUpParts = {
  readonly store: HotStore | null
  readonly controlPlane: ControlPlane | null
  readonly snapshots: Pick<Snapshots, 'apply'>
  readonly clock: Clock
}

const catchUpMs: DurationMs = 1_000
const catchUpsMax = 10_000

/** One practice's members from the control plane, which is never behind the store, else from the store. */
async function readMembers(
  { store, controlPlane, snapshots }: CatchUpParts,
  practice: string,
): Promise<void> {
  const key = keys.members(practice)
  const record = await controlPlane?.record(key).catch(() => undefined)
  if (record != null) snapshots.apply(record)
  if (record !== undefined || store === null) return
  const text = await store.read(key).catch(() => null)
  if (text !== null) snapshots.apply({ key, text })
}

/** Reads the members of a practice anew for a user of it, at most once a second. What it gives never rejects. */
export function createCatchUp(parts: CatchUpParts): (practice: string, user: string) => Promise<void> {
  const readings = createBoundedMap<string, { readonly at: DurationMs; readonly done: Promise<void> }>(
    catchUpsMax,
  )
  return (practice, user) => {
    const at = parts.clock.monotonic()
    const key = `${practice} ${user}`
    const last = readings.get(key)
    if (last !== undefined && at - last.at < catchUpMs) return last.done
    const done = readMembers(parts, practice)
    readings.set(key, { at, done })
    return done
  }
}
