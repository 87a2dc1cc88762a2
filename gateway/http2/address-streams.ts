/**
 * How many streams one address has open, over all its connections.
 *
 * Connections are counted elsewhere (`connection-limits.ts`). Invariant: an address has no more requests under way by
 * HTTP/2 than it could have by HTTP/1.1, where each takes a connection. Trusted proxies are not limited: everybody
 * comes through them.
 */
import type { Address } from '../../policies/address.ts'
import type { Limits } from '../../runtime/config.ts'
import type { Receiver } from '../downstream.ts'

/** The streams of all connections of a listener. */
export type AddressStreams = {
  /** Counts one more of that address; `null`: it has too many. Else to be called when the stream has closed. */
  enter(address: Address): (() => void) | null
}

/** No streams yet. */
export const countAddressStreams = (
  { connectionsPerAddressMax }: Pick<Limits, 'connectionsPerAddressMax'>,
  receiver: Pick<Receiver, 'isTrusted'>,
): AddressStreams => {
  const counts = new Map<string, number>()
  return {
    enter({ text }) {
      const count = (counts.get(text) ?? 0) + 1
      if (count > connectionsPerAddressMax && !receiver.isTrusted(text)) return null
      counts.set(text, count)
      return () => {
        const left = (counts.get(text) ?? 1) - 1
        if (left === 0) counts.delete(text)
        else counts.set(text, left)
      }
    },
  }
}
