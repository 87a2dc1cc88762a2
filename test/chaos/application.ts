/**
 * The application behind the gateways under faults: the demo, and in front of it a route whose bodies are known byte by byte
 * and which can be slow, reset, answer with garbage or not at all.
 *
 * Not the demo itself, which has never heard of faults. Invariant: a body is a function of its size, so that whoever asks knows
 * whether it came whole.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { startDemo } from '../../demo/app.ts'

/** How the route with known bodies answers. */
export type BlobMode = 'well' | 'slow' | 'resetting' | 'garbage' | 'silent'

/** The running application. */
export type Application = {
  readonly url: string
  answer(mode: BlobMode): void
  close(): Promise<void>
}

/** The bytes of a body of that size. */
export const blobOf = (size: number): Buffer => {
  const text = `${size}:0123456789abcdefghijklmnopqrstuvwxyz\n`
  return Buffer.alloc(size, text)
}

/** The path of a body of that size. */
export const blobPath = (size: number): string => `/api/blob/${size}`

/** How long a slow answer takes to begin. */
const slowMs = 1_500

const answerBlob = (size: number, mode: BlobMode, response: http.ServerResponse): void => {
  const head = { 'content-type': 'application/octet-stream' }
  const body = blobOf(size)
  if (mode === 'silent') return
  if (mode === 'garbage') {
    response.socket?.end('\u0000\u0001HTTP/9.9 two hundred\r\n: nothing\r\n\r\nthe rest is silence')
    return
  }
  if (mode === 'resetting') {
    response.writeHead(200, { ...head, 'content-length': size })
    response.write(body.subarray(0, Math.floor(size / 2)), () => response.socket?.resetAndDestroy())
    return
  }
  const whole = (): void => {
    // Half of the sizes come with their length, half in chunks: both ends must be seen.
    if (size % 2 === 0) response.writeHead(200, { ...head, 'content-length': size })
    else response.writeHead(200, head)
    response.end(body)
  }
  if (mode === 'slow') setTimeout(whole, slowMs)
  else whole()
}

/** Starts both. */
export const startApplication = async (): Promise<Application> => {
  const demo = await startDemo({ now: () => Date.now() })
  const { hostname, port } = new URL(demo.url)
  const agent = new http.Agent({ keepAlive: true })
  let mode: BlobMode = 'well'
  const server = http.createServer((request, response) => {
    const size = /^\/api\/blob\/(\d{1,7})$/.exec(request.url ?? '')?.[1]
    if (size !== undefined) return answerBlob(Number(size), mode, response)
    const { method = 'GET', url = '/', headers } = request
    const onward = http.request({ hostname, port, method, path: url, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer(next) {
      mode = next
    },
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await demo.close()
    },
  }
}
