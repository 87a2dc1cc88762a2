/**
 * A receiver of webhooks on loopback: keeps every request as it came and answers what a test tells it to.
 *
 * It checks no signature; tests do.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http'

/** A request as it came. */
export type Received = { readonly headers: IncomingHttpHeaders; readonly body: string }

/** Starts a receiver on a free port. `requests` grows as they come; `answer` holds from the next one on. */
export async function startWebhookReceiver() {
  const requests: Received[] = []
  let status = 204
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    requests,
    answer: (next: number): void => {
      status = next
    },
    close: (): Promise<void> => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
