/**
 * A TCP relay in front of a service that can be cut, held back and pointed at another one, so that a test can let one
 * side see another Redis than the other side does. Bytes pass unchanged; of what clients send only a name is looked for.
 */
import net from 'node:net'

/** A running relay. */
export type FaultRelay = {
  readonly port: number
  /** Where new connections go from now on; those that exist are cut. */
  pointAt(port: number): void
  cut(): void
  /** Answers to connections whose client sent none of `sparing` (default: all) wait until `release`. */
  hold(sparing?: string): void
  release(): void
  close(): Promise<void>
}

type Pair = { readonly inward: net.Socket; readonly outward: net.Socket; begun: string }

/** Relays a free port of 127.0.0.1 to `port`. */
export const startFaultRelay = async (port: number): Promise<FaultRelay> => {
  let target = port
  let sparing: string | null | undefined
  const pairs = new Set<Pair>()
  const isHeld = ({ begun }: Pair): boolean =>
    sparing !== undefined && (sparing === null || !begun.includes(sparing))
  const server = net.createServer((inward) => {
    const outward = net.connect({ host: '127.0.0.1', port: target })
    const pair: Pair = { inward, outward, begun: '' }
    pairs.add(pair)
    inward.on('data', (chunk) => {
      if (pair.begun.length < 1_000) pair.begun += chunk.toString('latin1')
      outward.write(chunk)
      if (isHeld(pair)) outward.pause()
    })
    outward.on('data', (chunk) => inward.write(chunk))
    for (const socket of [inward, outward]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        inward.destroy()
        outward.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  const cut = (): void => {
    for (const { inward, outward } of pairs) {
      inward.destroy()
      outward.destroy()
    }
  }
  return {
    port: address.port,
    cut,
    pointAt(next) {
      target = next
      cut()
    },
    hold(spared) {
      sparing = spared ?? null
      for (const pair of pairs) if (isHeld(pair)) pair.outward.pause()
    },
    release() {
      sparing = undefined
      for (const { outward } of pairs) outward.resume()
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
