/**
 * Telling an application that a session of ours is over, by its own sign-out, with the credential that just came in.
 *
 * A gateway keeps nobody's credential, so it can tell no earlier than when the browser comes back with one: that is refused,
 * taken out of the browser, and ended at the application as well. Invariant: best effort, and no request waits for it; each
 * credential is told of once, and again only where that failed; at most `inFlightMax` calls at once, so that a revocation of
 * everybody is no flood. Keeping credentials for this was refused: whoever read them would be everybody.
 */
import { createBoundedMap } from '../bounded-map.ts'
import type { Credential } from './credential.ts'

/** Tells of a credential whose session is over; returns at once and never throws. */
export type TellEnded = (credential: Credential) => void

const toldMax = 10_000
const inFlightMax = 8

/** By `endSession`, which answers whether the application has heard. */
export function createTellEnded(endSession: (credential: Credential) => Promise<boolean>): TellEnded {
  const told = createBoundedMap<string, true>(toldMax)
  let inFlight = 0
  return (credential) => {
    if (inFlight >= inFlightMax || told.peek(credential.hash) !== undefined) return
    told.set(credential.hash, true)
    inFlight += 1
    endSession(credential)
      .then((heard) => {
        if (!heard) told.delete(credential.hash)
      })
      .catch(() => told.delete(credential.hash))
      .finally(() => {
        inFlight -= 1
      })
  }
}
