/**
 * WebSockets through a contender: messages that go to the application and back, one at a time on each connection.
 *
 * A closed loop, as `wrk.ts` is. Invariant: a connection that ends, or that was not switched, is an error and not a figure.
 * One process for load and application was refused: it would measure how its own turns happen to fall.
 */
import net, { type Socket } from 'node:net'
import type { Shot } from './wrk.ts'

/** What came of it; times in microseconds, there and back. */
type SocketsRun = {
  readonly messages: number
  readonly seconds: number
  readonly p50Us: number
  readonly p99Us: number
}

/** RFC 6455 §4.2.2. */
export const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const text = Buffer.from(
  'Gatehouse carries this message, and its answer, unchanged…'.slice(0, 60).padEnd(60),
  'latin1',
)

/** A message as a browser sends it: final, masked with zeros, 60 bytes of text. */
const messageFrame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text])
/** Its answer. */
export const answerFrame: Uint8Array = Buffer.concat([Buffer.from([0x81, text.length]), text])
/** The size of each message on the wire. */
export const messageBytes: number = messageFrame.length

const open = async (url: URL, { path, headers }: Shot): Promise<Socket> => {
  const socket = net.connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  const lines = Object.entries({
    ...headers,
    Host: url.host,
    Origin: url.origin,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-Fetch-Mode': 'websocket',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let head = ''
  const onData = (chunk: Buffer): void => {
    head += chunk.toString('latin1')
    if (!head.endsWith('\r\n\r\n')) return
    if (head.startsWith('HTTP/1.1 101 ')) resolve()
    else reject(new Error(`a handshake was answered with ${head.slice(0, 300)}`))
  }
  socket.on('data', onData).once('close', () => reject(new Error('a handshake was not answered')))
  socket.once('error', reject)
  await promise
  socket.off('data', onData)
  return socket
}

/** Has `connections` WebSockets exchange messages for so long, each as one of these people. */
export const runSockets = async (load: {
  readonly url: string
  readonly shots: readonly Shot[]
  readonly connections: number
  readonly seconds: number
}): Promise<SocketsRun> => {
  const { shots, connections, seconds } = load
  const url = new URL(load.url)
  const sockets: Socket[] = []
  for (let at = 0; at < connections; at++) {
    const shot = shots[at % shots.length]
    if (shot !== undefined) sockets.push(await open(url, shot))
  }
  const times: number[] = []
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {})
  let isOver = false
  const begin = performance.now()
  for (const socket of sockets) {
    let sentAt = performance.now()
    let missing = answerFrame.length
    socket.on('data', (chunk) => {
      missing -= chunk.length
      if (missing > 0 || isOver) return
      const now = performance.now()
      times.push(now - sentAt)
      sentAt = now
      missing = answerFrame.length
      socket.write(messageFrame)
    })
    socket.once('close', () => {
      if (!isOver) reject(new Error('a WebSocket ended while it was measured'))
    })
    socket.write(messageFrame)
  }
  await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, seconds * 1_000))])
  isOver = true
  const took = (performance.now() - begin) / 1_000
  for (const socket of sockets) socket.destroy()
  times.sort((a, b) => a - b)
  const at = (share: number): number => 1_000 * (times[Math.floor(times.length * share)] ?? Number.NaN)
  return { messages: times.length, seconds: took, p50Us: at(0.5), p99Us: at(0.99) }
}
