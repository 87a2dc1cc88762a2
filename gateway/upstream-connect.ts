/**
 * How undici opens connections to an application: to its configured address, and over TLS only to the right one.
 *
 * It keeps no pool and reads no answer; whom to trust is `upstream-tls.ts`. Invariant: every connection of undici's is made
 * here, so that none asks for another host's certificate than the configured one's, and it is known which of them have
 * brought an answer. undici's own connector was refused: it asks for the name that the browser sent.
 */
import { buildConnector } from 'undici'
import type { UpstreamConfig } from '../runtime/config.ts'
import { bearContinue } from './upstream-interim.ts'
import { upstreamTls } from './upstream-tls.ts'

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
