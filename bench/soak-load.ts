/**
 * The load of a soak: requests in lanes on kept connections, some in flight at a time, counted by their status.
 *
 * It keeps no answer and no header: what grows must be the gateway. Invariant: every request sent is answered and counted,
 * or the lane fails. A closed loop of whole answers was refused: half the time would be the client's.
 */
import net from 'node:net'

/** Who asks: the `Cookie` header, or nothing. */
export type Asker = { readonly cookie: string }

/** How many answers had which status. */
export type Counts = Map<number, number>

const inFlightMax = 16
/** Fewer than a gateway lets through on one connection. */
const perConnection = 5_000

const head = (path: string, cookie: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: soak\r\nAccept: application/json\r\nSec-Fetch-Mode: cors\r\nUser-Agent: soak\r\n${
    cookie === '' ? '' : `Cookie: ${cookie}\r\n`
  }\r\n`

/** Of ten requests eight are judged, one is public, one comes without a session; a whole schedule, which is long, is rare. */
const pathOf = (n: number, { cookie }: Asker): string => {
  const turn = n % 10
  if (turn < 8) return head(n % 100 === 0 ? '/api/schedule' : '/api/me', cookie)
  return turn === 8 ? head('/healthz', '') : head('/api/schedule', '')
}

const onConnection = async (port: number, asker: Asker, count: number, counts: Counts): Promise<void> => {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let sent = 0
  let answered = 0
  let tail = ''
  const send = (): void => {
    let text = ''
    for (; sent < count && sent - answered < inFlightMax; sent += 1) text += pathOf(sent, asker)
    if (text !== '') socket.write(text)
  }
  socket.on('data', (chunk) => {
    const seen = tail + chunk.toString('latin1')
    let last = 0
    for (const found of seen.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      const status = Number(found[1])
      counts.set(status, (counts.get(status) ?? 0) + 1)
      answered += 1
      last = found.index + found[0].length
    }
    // A status line cut in two is seen whole with the next piece; a whole one is not seen twice.
    tail = seen.slice(Math.max(last, seen.length - 12))
    if (answered >= count) resolve()
    else if (sent - answered <= inFlightMax / 2) send()
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new Error(`closed after ${answered} of ${count} answers`)))
  socket.once('connect', send)
  try {
    await promise
  } finally {
    socket.destroy()
  }
}

/** Sends `count` requests for each asker, all askers at once; adds to `counts`. */
export async function askInLanes(
  port: number,
  askers: readonly Asker[],
  count: number,
  counts: Counts,
): Promise<void> {
  const lane = async (asker: Asker): Promise<void> => {
    for (let left = count; left > 0; left -= perConnection)
      await onConnection(port, asker, Math.min(left, perConnection), counts)
  }
  await Promise.all(askers.map(lane))
}
