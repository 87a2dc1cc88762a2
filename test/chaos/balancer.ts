/**
 * What stands in front of two control planes: connections go to the first of them that takes any.
 *
 * No health checks: a control plane that takes connections and never answers is asked all the same, which is the worst case for
 * whoever asks. Bytes pass unchanged.
 */
import net from 'node:net'

/** A running balancer. */
export type Balancer = {
  readonly port: number
  /** Ends every connection there is. */
  cut(): void
  close(): Promise<void>
}

/** Leads a free port of 127.0.0.1 to the first of `ports` that takes a connection, asked for at each. */
export const startBalancer = async (ports: () => readonly number[]): Promise<Balancer> => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true }, (inward) => {
    sockets.add(inward)
    inward.on('error', () => {})
    inward.on('close', () => sockets.delete(inward))
    const connect = ([port, ...rest]: readonly number[]): void => {
      if (port === undefined) return void inward.destroy()
      const outward = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true })
      let isThere = false
      outward.once('connect', () => {
        isThere = true
        sockets.add(outward)
        inward.pipe(outward)
        outward.pipe(inward)
        inward.once('close', () => outward.destroy())
      })
      outward.on('error', () => (isThere ? inward.destroy() : connect(rest)))
      outward.on('close', () => {
        sockets.delete(outward)
        if (isThere) inward.destroy()
      })
    }
    connect(ports())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    cut,
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
