/**
 * A server bound to an address.
 *
 * It accepts nothing itself. Invariant: an address that cannot be had is an error of whoever asked for it, and of nobody
 * later.
 */
import type { Server } from 'node:net'

/** Port 0: any. Rejects with the system's error. */
export const bind = async (
  server: Server,
  host: string,
  port: number,
): Promise<{ readonly host: string; readonly port: number }> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, () => {
    server.off('error', reject)
    resolve()
  })
  await promise
  const bound = server.address()
  return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port }
}
