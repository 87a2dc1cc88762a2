/**
 * A TCP relay that connects onward from a chosen loopback address, so that a browser (which always comes from
 * 127.0.0.1) can play a visitor from another network. Bytes pass unchanged; nothing is parsed.
 */
import net from 'node:net'

/** A running relay. */
export type Relay = { readonly url: string; close(): Promise<void> }

/** Relays `listenPort` (0: a free one) of 127.0.0.1 to `target` (`http://host:port`), connecting from `from`. */
export const startRelay = async (target: string, from: string, listenPort = 0): Promise<Relay> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true }, (inward) => {
    const outward = net.connect({
      host: hostname,
      port: Number(port),
      localAddress: from,
      allowHalfOpen: true,
    })
    for (const [one, other] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(listenPort, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
