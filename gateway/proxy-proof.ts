/**
 * Whether somebody is the proxy that configuration means: by address, and by a secret, a certificate, or both.
 *
 * It reads neither headers nor sockets. Invariant: all that is demanded must be shown; where nothing is demanded but an
 * address nobody is the proxy. Either of two proofs being enough was refused: who lists both means both.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Address } from '../policies/address.ts'
import { compileTrustedProxies } from './client-address.ts'

/** What is demanded. `secret: null` and `certificateNames: []`: not that. */
export type ProxyDemand = {
  readonly peers: readonly string[]
  readonly secret: string | null
  readonly certificateNames: readonly string[]
}

/** What one request shows. `secret: null`: not exactly once. `names`: as `provedNames` gives them. */
export type ProxyShown = {
  readonly peer: Address
  readonly secret: string | null
  readonly names: readonly string[]
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/** The check; `key` is where the peers stand in the configuration. Throws on peers that are no ranges. */
export function createProxyProof(demand: ProxyDemand, key: string): (shown: ProxyShown) => boolean {
  const { peers, secret, certificateNames } = demand
  const listed = compileTrustedProxies(peers)
  if (!listed.ok) throw new Error(`${key}: ${listed.text} is no range that may be trusted`)
  const wanted = secret === null ? null : digest(secret)
  const names = new Set(certificateNames)
  if (wanted === null && names.size === 0) return () => false
  return (shown) => {
    const knowsSecret =
      wanted === null || (shown.secret !== null && timingSafeEqual(digest(shown.secret), wanted))
    const isNamed = names.size === 0 || shown.names.some((name) => names.has(name))
    return knowsSecret && isNamed && listed.trusts(shown.peer)
  }
}
