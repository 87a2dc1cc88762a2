/**
 * The header of the PROXY protocol, versions 1 and 2, at the beginning of a connection: whom the peer speaks for.
 *
 * It trusts nobody: from whom a header is read at all is `announced-peers.ts`. Invariant: bytes are one header, or the
 * beginning of one, or none, and which of these never depends on how they were cut; nothing behind a header is looked at.
 * Only TCP over IPv4 or IPv6 names a client: a forwarded connection of another kind is refused, which the protocol leaves
 * to us, since judging it by the proxy's own address would be a guess.
 */
import { type Address, parseAddress } from '../../policies/address.ts'

/** A whole header: its length in bytes, and the client; `null`: the peer speaks for itself (`LOCAL`, `UNKNOWN`). */
export type ProxyHeader = { readonly length: number; readonly client: Address | null }

/** The longest line of version 1, with its end (PROXY protocol §2.1). */
const lineBytesMax = 107
/** What may follow the fixed 16 bytes of version 2: addresses and extensions. Nobody's proxy is known to send half of it. */
const blockBytesMax = 2_032

const lineStart = Buffer.from('PROXY ', 'latin1')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const cr = 0x0d
const lf = 0x0a

const isPort = (text: string): boolean => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535

/** An address as a line may have it: no zone id, and dots alone only for TCP4. */
const addressOf = (text: string, family: 'TCP4' | 'TCP6'): Address | null =>
  (family === 'TCP4' ? /^[\d.]+$/ : /^[\da-f:.]*:[\da-f:.]*$/i).test(text) ? parseAddress(text) : null

/** The line between `PROXY ` and CRLF; `undefined`: none. */
const clientOfLine = (line: string): Address | null | undefined => {
  // What a sender adds to UNKNOWN is not to be read.
  if (/^UNKNOWN(?: [\x20-\x7e]*)?$/.test(line)) return null
  const [family, source = '', destination = '', from = '', to = '', ...more] = line.split(' ')
  if ((family !== 'TCP4' && family !== 'TCP6') || more.length > 0 || !isPort(from) || !isPort(to))
    return undefined
  const client = addressOf(source, family)
  return client === null || addressOf(destination, family) === null ? undefined : client
}

const readLine = (bytes: Buffer): ProxyHeader | 'partial' | 'malformed' => {
  const window = bytes.subarray(0, lineBytesMax)
  const end = window.findIndex((byte) => byte < 0x20 || byte > 0x7e)
  if (end === -1) return window.length < lineBytesMax ? 'partial' : 'malformed'
  if (window[end] !== cr) return 'malformed'
  if (end + 1 === window.length) return window.length < lineBytesMax ? 'partial' : 'malformed'
  if (window[end + 1] !== lf) return 'malformed'
  const client = clientOfLine(window.toString('latin1', lineStart.length, end))
  return client === undefined ? 'malformed' : { length: end + 2, client }
}

const sixAt = (bytes: Buffer, at: number): Address | null =>
  parseAddress(
    Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(at + 2 * group).toString(16)).join(':'),
  )

/** How many bytes of addresses a family has: TCP over IPv4, TCP over IPv6; -1: none that names a client. */
const addressBytes = (family: number): number => (family === 0x11 ? 12 : family === 0x21 ? 36 : -1)

const readBlock = (bytes: Buffer): ProxyHeader | 'partial' | 'malformed' => {
  const [command = 0x20, family = 0x11] = bytes.subarray(12, 14)
  const isLocal = command === 0x20
  if (!isLocal && command !== 0x21) return 'malformed'
  // Of LOCAL the family is not to be read.
  if (!isLocal && addressBytes(family) === -1) return 'malformed'
  if (bytes.length < 16) return 'partial'
  const blockBytes = bytes.readUInt16BE(14)
  if (blockBytes > blockBytesMax || (!isLocal && blockBytes < addressBytes(family))) return 'malformed'
  const length = 16 + blockBytes
  if (bytes.length < length) return 'partial'
  if (isLocal) return { length, client: null }
  const client = family === 0x11 ? parseAddress(bytes.subarray(16, 20).join('.')) : sixAt(bytes, 16)
  return client === null ? 'malformed' : { length, client }
}

const beginsAs = (bytes: Buffer, known: Buffer): boolean => {
  const length = Math.min(bytes.length, known.length)
  return bytes.compare(known, 0, length, 0, length) === 0
}

/**
 * The header that these first bytes of a connection are, whatever follows it. `partial`: more is needed to tell;
 * `malformed`: no header, whatever follows.
 */
export const readProxyHeader = (bytes: Buffer): ProxyHeader | 'partial' | 'malformed' => {
  if (beginsAs(bytes, lineStart)) return bytes.length < lineStart.length ? 'partial' : readLine(bytes)
  if (beginsAs(bytes, signature)) return bytes.length < signature.length ? 'partial' : readBlock(bytes)
  return 'malformed'
}
