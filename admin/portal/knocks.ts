/**
 * How often one network may come to the portal without a visit: with a ticket, or with a cookie that is nobody's.
 *
 * Tickets and cookies cannot be guessed; this bounds what looking for them costs the database. It does not count codes
 * (`two-factor/verification.ts` does, by person). Invariant: a busy practice behind one address gets through in the
 * morning. Counts are this process's: with two control planes there are twice as many, which costs little.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { type Address, networkOf, rangeText } from '../../policies/address.ts'
import type { DurationMs } from '../../policies/instant.ts'

/** Counts one coming: `null`, or after how long to come again. */
export type Knocks = { readonly knock: (address: Address) => Promise<DurationMs | null> }

const perNetwork = { points: 120, duration: 60 }

/** New counts, all at zero: 120 a network and minute. */
export function createKnocks(): Knocks {
  const networks = new RateLimiterMemory(perNetwork)
  return {
    async knock(address) {
      try {
        await networks.consume(rangeText(networkOf(address)))
        return null
      } catch (reason) {
        return reason instanceof RateLimiterRes ? reason.msBeforeNext : 60_000
      }
    },
  }
}
