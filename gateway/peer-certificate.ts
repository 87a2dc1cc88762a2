/**
 * The names by which a proxy is known: those in the client certificate of its connection, once that is verified.
 *
 * It trusts no name (`proxy-proof.ts` compares them). Invariant: a name comes only from a certificate that a full
 * handshake on this very connection verified against the configured authorities, and only while it is in its time, also on
 * a connection that outlives it; what cannot be read for certain is no name. node's `authorized` alone was refused: it is
 * true of a resumed session too, whatever that had shown.
 */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Instant } from '../policies/instant.ts'

/** Until when which names hold. */
type Shown = { readonly names: readonly string[]; readonly until: Instant }

const nobody: Shown = { names: [], until: 0 }
const noNames: readonly string[] = []

/** One entry of node's text of the alternative names; what holds a comma or worse stands there as a JSON string. */
const entry = /(?:^|, )([A-Za-z ]+):(?:"((?:[^"\\]|\\.)*)"|([^",\\]*))(?=, |$)/y

/** `dns:…` and `uri:…`; empty where the text is not what it always is. */
export function alternativeNames(text: string): readonly string[] {
  const names: string[] = []
  entry.lastIndex = 0
  let end = 0
  for (let found = entry.exec(text); found !== null; found = entry.exec(text)) {
    const [, kind, quoted, plain] = found
    end = entry.lastIndex
    // No host and no URI needs quotes.
    if (quoted !== undefined || plain === undefined || plain === '') continue
    if (kind === 'DNS') names.push(`dns:${plain.toLowerCase()}`)
    if (kind === 'URI') names.push(`uri:${plain}`)
  }
  return end === text.length ? names : noNames
}

/** The subject's common name; empty where it has none, or several. */
function commonNames(certificate: X509Certificate): readonly string[] {
  const name: unknown = certificate.toLegacyObject().subject?.CN
  return typeof name === 'string' && name !== '' ? [`cn:${name}`] : noNames
}

function shownBy(socket: Socket): Shown {
  if (!(socket instanceof TLSSocket) || !socket.authorized || socket.isSessionReused()) return nobody
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return nobody
  const names = [...alternativeNames(certificate.subjectAltName ?? ''), ...commonNames(certificate)]
  const until = certificate.validToDate.getTime()
  return Number.isFinite(until) ? { names, until } : nobody
}

const known = new WeakMap<Socket, Shown>()

/**
 * The names that the peer of this connection has proved, at `at`: `dns:` (in lower case), `uri:` and `cn:` before each.
 * Empty: none, as for everybody who is no proxy. Read once per connection, after its handshake.
 */
export function provedNames(socket: Socket, at: Instant): readonly string[] {
  const shown = known.get(socket) ?? shownBy(socket)
  known.set(socket, shown)
  return at < shown.until ? shown.names : noNames
}
