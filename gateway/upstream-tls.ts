/**
 * Where an application is, and over TLS who may be there: its configured address, and the certificate of that host alone.
 *
 * It opens no connection. Invariant: the certificate must be the configured host's, whatever Host the browser sent and
 * whatever the environment says of TLS; with a CA file nobody else may vouch for it. A switch that skips the check was
 * refused: whoever answers at that address would be given every cookie.
 */
import { isIP } from 'node:net'
import type { UpstreamConfig } from '../runtime/config.ts'
import { readCertificates } from './certificate-file.ts'

/** Whom to trust. `serverName`: in the certificate and asked for by SNI; empty: the address itself is in it. */
export type UpstreamTls = {
  readonly rejectUnauthorized: true
  readonly servername: string
  readonly ca?: readonly string[]
}

const authoritiesOf = (upstream: UpstreamConfig, file: string): readonly string[] => {
  const read = readCertificates(file)
  if (!read.ok) throw new Error(`upstream ${upstream.id}: tls.caFile ${file} ${read.why}`)
  return read.value
}

/** Read once per configuration, so that a gateway goes on with what it was started with. */
const known = new WeakMap<UpstreamConfig, UpstreamTls>()

/** The host in an upstream's `url`, IPv6 addresses without brackets. */
export const upstreamHost = (upstream: UpstreamConfig): string =>
  new URL(upstream.url).hostname.replace(/^\[|\]$/g, '')

/** Options of TLS for an application. Throws, with the file's name, when its CA file cannot be used. */
export const upstreamTls = (upstream: UpstreamConfig): UpstreamTls => {
  const found = known.get(upstream)
  if (found !== undefined) return found
  const { caFile, serverName } = upstream.tls
  const host = upstreamHost(upstream)
  const tls: UpstreamTls = {
    // Said although it is the default: `NODE_TLS_REJECT_UNAUTHORIZED=0` must not be a switch either.
    rejectUnauthorized: true,
    servername: serverName ?? (isIP(host) === 0 ? host : ''),
    ...(caFile === null ? {} : { ca: authoritiesOf(upstream, caFile) }),
  }
  known.set(upstream, tls)
  return tls
}
