/**
 * A plain HTTP listener for an app: bounded, without effect on globals, and closed so that nothing is left
 * hanging.
 *
 * It is not the data plane's engine and speaks no TLS (a terminating proxy does, see `origins.admin`).
 * Invariant: `close` lets answers in progress finish for a second and then ends every connection. Hono's
 * `serve` was refused: it reports neither a taken port nor the port that was given.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { DurationMs } from '../policies/instant.ts'

/** What answers. `peer`: the TCP peer's address; absent once its socket has closed. */
export type Answer = (
  request: Request,
  env: { readonly peer: string | undefined },
) => Response | Promise<Response>

/** A listener. `port`: the one in use, also where 0 was asked for. */
export type Listener = { readonly host: string; readonly port: number; readonly close: () => Promise<void> }

const headBytesMax = 16_384
const headDeadlineMs: DurationMs = 10_000
const requestDeadlineMs: DurationMs = 30_000
const keepAliveMs: DurationMs = 65_000
const connectionsMax = 2_000
const graceMs: DurationMs = 1_000

/** Host and port of a `host:port` as configuration writes it; IPv6 without its brackets. */
export const hostAndPort = (listen: string): { readonly host: string; readonly port: number } => {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) }
}

/** The origin of a listener as browsers write it, without TLS. */
export const originOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`).origin

/**
 * Listens on `host:port` and resolves once it does; rejects with the system's error (a taken port, for one).
 */
export async function listenOn(listen: string, answer: Answer): Promise<Listener> {
  const { host, port } = hostAndPort(listen)
  const listener = getRequestListener(
    (request, env) => answer(request, { peer: (env as HttpBindings).incoming.socket.remoteAddress }),
    { overrideGlobalObjects: false },
  )
  const server = createServer(
    {
      maxHeaderSize: headBytesMax,
      headersTimeout: headDeadlineMs,
      requestTimeout: requestDeadlineMs,
      keepAliveTimeout: keepAliveMs,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port: given } = server.address() as AddressInfo
  return {
    host,
    port: given,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(timer)
    },
  }
}
