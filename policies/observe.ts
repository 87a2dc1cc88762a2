/**
 * A policy under the operator's override (SPEC §11): address and hours are watched instead of enforced, all else holds.
 *
 * It knows no clock: how long an override lasts is the gateway's business, which bounds decisions by its end. Invariant:
 * whatever is permitted without it is permitted with it, and nothing that session, second factor or permission refuse
 * is; the laws of a decision hold since only modes change. Switching the controls off was refused: then nobody would
 * see who passed that would not have.
 */
import { modeShifts, type PolicySnapshot } from './snapshot.ts'

const lifted = ['ip', 'time'] as const
const monitor = 1
const enforce = 2

/** The snapshot with `ip` and `time` in monitor mode where they were enforced; the same one where neither was. */
export function observing(snapshot: PolicySnapshot): PolicySnapshot {
  let { modeBits } = snapshot
  for (const control of lifted) {
    const shift = modeShifts[control]
    if (((modeBits >> shift) & 3) === enforce) modeBits = (modeBits & ~(3 << shift)) | (monitor << shift)
  }
  if (modeBits === snapshot.modeBits) return snapshot
  const { ip, time, ...others } = snapshot.modes
  const watched = (mode: typeof ip): typeof ip => (mode === 'enforce' ? 'monitor' : mode)
  return {
    ...snapshot,
    modeBits,
    modes: { ...others, ip: watched(ip), time: watched(time) },
    observed: true,
  }
}
