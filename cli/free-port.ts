/**
 * A TCP port of 127.0.0.1 that nobody listens on right now, chosen by the system.
 *
 * Not a reservation: between the answer and its use somebody else may take it, so callers that can try again do.
 * Refused: counting up from a fixed number, which makes two starts at once collide every time.
 */
import { createServer } from 'node:net'

/** A port that was free a moment ago. Rejects only when the system has none left. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
