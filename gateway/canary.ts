/**
 * A gateway's answer to the canary: takes its record in like any other, decides, and tells the control plane what it decided.
 *
 * Off the request path: a record a round. Invariant: nothing here is reachable from a request, and nothing of a request from
 * here; a round that was answered is not answered again. Counting the time on this machine's clock was refused: the change
 * was made on another one.
 */
import { askCanary } from '../runtime/canary.ts'
import type { Clock } from '../runtime/clock.ts'
import type { SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import { canaryRecordSchema } from '../runtime/records.ts'
import { openRecord, type Verifier } from '../runtime/signing.ts'
import type { Reports } from './reports.ts'
import type { Applied, Snapshots } from './snapshots.ts'

/** What it needs. `gateway`: this one's id. */
export type CanaryParts = {
  readonly gateway: string
  readonly verifier: Verifier
  readonly clock: Clock
  readonly reports: Pick<Reports, 'add' | 'flush'>
}

/** `snapshots`, taking in and knowing the version of the canary's record besides. */
export function withCanary(snapshots: Snapshots, parts: CanaryParts): Snapshots {
  const { gateway, verifier, clock, reports } = parts
  let held = -1
  const take = (sealed: SealedRecord): Applied => {
    const opened = openRecord(verifier, sealed.key, sealed.text, canaryRecordSchema)
    if (opened === null) return 'bad'
    if (opened.version <= held) return 'old'
    // A record that this build cannot read is told as a decision that nobody expects.
    const reason = askCanary(opened.value, clock.now()) ?? 'unreadable'
    held = opened.version
    reports.add({ kind: 'canary', gateway, round: opened.value.round, reason })
    void reports.flush()
    return 'applied'
  }
  return {
    ...snapshots,
    apply: (sealed) => (sealed.key === keys.canary ? take(sealed) : snapshots.apply(sealed)),
    version: (key) => (key === keys.canary ? held : snapshots.version(key)),
  }
}
