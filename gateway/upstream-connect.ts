/**
 * How connections to an application are opened: to its configured address, and over TLS only to the right one.
 *
 * It keeps no pool and reads no answer. Invariant: the certificate must be the configured host's, whatever Host the
 * browser sent and whatever the environment says of TLS; with a CA file nobody else may vouch for it. A switch that
 * skips the check was refused: whoever answers at that address would be given every cookie.
 */
import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import type { UpstreamConfig } from '../runtime/config.ts'
import { readCertificates } from './certificate-file.ts'
import { bearContinue } from './upstream-interim.ts'

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

/** Errors of connections over which an earlier answer had come: they may have died of old age. */
const errorsOnUsed = new WeakSet<object>()

/** Whether this error came of a connection that had already brought an answer. */
export const isOnUsedConnection = (error: object): boolean => {
  if (errorsOnUsed.has(error)) return true
  if (!('socket' in error) || typeof error.socket !== 'object' || error.socket === null) return false
  return 'bytesRead' in error.socket && Number(error.socket.bytesRead) > 0
}

/** undici's connector to this application, and to it alone. Throws as `upstreamTls` does. */
export const createConnector = (upstream: UpstreamConfig): buildConnector.connector => {
  const { servername, ca, rejectUnauthorized } = upstreamTls(upstream)
  const connect = buildConnector({
    timeout: upstream.connectTimeoutMs,
    allowH2: false,
    rejectUnauthorized,
    ...(ca === undefined ? {} : { ca: [...ca] }),
  })
  return (options, callback) => {
    const { servername: _, ...rest } = options
    connect(servername === '' ? rest : { ...rest, servername }, (...result) => {
      const [error, socket] = result
      // undici leaves the socket out beside an error, whatever its types say.
      if (error !== null || socket === null) {
        callback(...result)
        return
      }
      socket.once('error', (failure) => {
        if (socket.bytesRead > 0) errorsOnUsed.add(failure)
      })
      callback(...result)
      bearContinue(socket)
    })
  }
}
