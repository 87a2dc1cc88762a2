/**
 * Ports for servers that a test kills and starts again on the same port.
 *
 * Not cli/free-port.ts, which takes what the system offers: those lie where outgoing connections get their own ports
 * from, so while a server is down somebody else, or the retrying client itself, may take its port. These lie below.
 * Invariant: free when given, and never given twice in one process.
 */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const lowest = 15_000
const beyond = 32_000
const given = new Set<number>()

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** A port of 127.0.0.1 between 15,000 and 32,000 that nobody listened on a moment ago. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(lowest, beyond)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}
