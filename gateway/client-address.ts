/**
 * Which address a request comes from: the peer, or what trusted proxies in front of us say (SPEC §4).
 *
 * It decides nothing about the address. Invariant: only a hop added by a trusted proxy is believed; the walk goes
 * from the right and ends at the first untrusted or malformed hop, so that nothing a client writes can stand in
 * for its address. Taking the left-most entry, as many frameworks do, was refused.
 */
import { type Address, parseAddress, parseRange, type Range, rangeContains } from '../policies/address.ts'
import { trimBlanks } from './cookie-names.ts'
import type { RawHeaders } from './exchange.ts'

/** The client's address. `hop`: which hop gave it, for people. `malformed`: the walk met junk; counted. */
export type ClientAddress = { readonly address: Address; readonly hop: string; readonly malformed: boolean }

/** Whether an address is a trusted proxy's. */
export type TrustedProxies = (address: Address) => boolean

/** How many hops are walked at most; more is junk. */
const hopsMax = 32

/**
 * The compiled list, or the first text that is no range or is a whole family (`0.0.0.0/0`, `::/0`): trusting
 * everybody would let everybody choose an address. An address alone means that one address.
 */
export const compileTrustedProxies = (
  texts: readonly string[],
): { readonly ok: true; readonly trusts: TrustedProxies } | { readonly ok: false; readonly text: string } => {
  const ranges: Range[] = []
  for (const text of texts) {
    const whole = text.includes('/') || !text.includes(':') ? text : `${text}/128`
    const parsed = parseRange(whole)
    if (parsed === null || parsed.range.prefix === 0) return { ok: false, text }
    ranges.push(parsed.range)
  }
  return { ok: true, trusts: (address) => ranges.some((range) => rangeContains(range, address)) }
}

/** One element of `X-Forwarded-For`; some proxies add the port. `null`: malformed. */
const parseHop = (text: string): Address | null => {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1]
  if (bracketed !== undefined) return bracketed.includes(':') ? parseAddress(bracketed) : null
  return parseAddress(text.replace(/^([\d.]{7,15}):\d{1,5}$/, '$1'))
}

const forwardedHops = (headers: RawHeaders): readonly string[] => {
  const hops: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length === 15 && name.toLowerCase() === 'x-forwarded-for')
      hops.push(...(headers[i + 1] ?? '').split(','))
  }
  return hops
}

/** The address to judge by. An untrusted peer's headers are not looked at. */
export const clientAddress = (peer: Address, headers: RawHeaders, trusts: TrustedProxies): ClientAddress => {
  if (!trusts(peer)) return { address: peer, hop: 'the connection itself', malformed: false }
  const hops = forwardedHops(headers)
  let address = peer
  let hop = `the trusted proxy ${peer.text}, which named no client`
  for (let i = hops.length - 1; i >= 0; i--) {
    const parsed = hops.length - i > hopsMax ? null : parseHop(trimBlanks(hops[i] ?? ''))
    if (parsed === null)
      return { address, hop: `${hop}; what stood before it was malformed`, malformed: true }
    hop = `X-Forwarded-For as added by ${address.text}`
    address = parsed
    if (!trusts(address)) break
  }
  return { address, hop, malformed: false }
}
