/**
 * Which client is behind a connection: the TCP peer, or, through trusted proxies, who `X-Forwarded-For` says.
 *
 * Walked from the right while hops are trusted (SPEC §4); whatever a client wrote further left is never
 * reached. Invariant: an untrusted peer's header changes nothing, and a malformed hop stops the walk at the
 * last good address. Taking the left-most entry, as many do, was refused: anyone can write it.
 */
import { type Address, parseAddress, parseRange, type Range, rangeContains } from '../policies/address.ts'
import type { Checked, Problem } from '../policies/problem.ts'

/** Who the client is, and why. */
export type ClientHop = {
  readonly client: Address
  /** The proxy that vouched for `client`; `null`: the connection itself. */
  readonly vouchedBy: Address | null
  /** A trusted proxy passed on text that is no address; the walk stopped before it. Count it. */
  readonly malformed: boolean
}

/** More hops than this are nobody's real set-up: junk. */
const hopsMax = 32

/**
 * The ranges of `trustedProxies`, or of the list at `key`. Problems: text that is no range, or a range of everybody
 * (`/0`).
 */
export function readTrustedProxies(
  texts: readonly string[],
  key = 'gateway.trustedProxies',
): Checked<readonly Range[]> {
  const ranges: Range[] = []
  const problems: Problem[] = []
  texts.forEach((text, at) => {
    const parsed = parseRange(text)
    const path = `${key}[${at}]`
    if (parsed === null) problems.push({ path, sentence: `"${text}" is no address and no range` })
    else if (parsed.range.prefix === 0) problems.push({ path, sentence: `${text} would trust everybody` })
    else ranges.push(text.includes('/') ? parsed.range : single(text, parsed.range))
  })
  return problems.length === 0 ? { ok: true, value: ranges } : { ok: false, problems }
}

/**
 * A proxy named by a bare address is that one machine, also in IPv6 (where an allowlist entry means its /64).
 */
const single = (text: string, otherwise: Range): Range =>
  text.includes(':') ? (parseRange(`${text}/128`)?.range ?? otherwise) : otherwise

/** One element of `X-Forwarded-For`; some proxies add the port, and then IPv6 stands in brackets. */
const parseHop = (text: string): Address | null => {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1]
  if (bracketed !== undefined) return bracketed.includes(':') ? parseAddress(bracketed) : null
  return parseAddress(text.replace(/^([\d.]{7,15}):\d{1,5}$/, '$1'))
}

/**
 * The client behind `peer`. `forwardedFor`: the value of `X-Forwarded-For`, several lines joined by commas; `null`
 * where there is none.
 */
export function clientBehind(
  peer: Address,
  forwardedFor: string | null,
  trusted: readonly Range[],
): ClientHop {
  const isTrusted = (address: Address): boolean => trusted.some((range) => rangeContains(range, address))
  let client = peer
  let vouchedBy: Address | null = null
  const hops = forwardedFor === null ? [] : forwardedFor.split(',')
  for (let at = hops.length - 1; at >= 0 && isTrusted(client); at--) {
    const next =
      hops.length - at > hopsMax ? null : parseHop((hops[at] ?? '').replace(/^[ \t]+|[ \t]+$/g, ''))
    if (next === null) return { client, vouchedBy, malformed: true }
    vouchedBy = client
    client = next
  }
  return { client, vouchedBy, malformed: false }
}
