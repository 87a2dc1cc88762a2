/**
 * Whole answers written to a client: the gateway's own, the judge's and settled ones.
 *
 * It shapes nothing (`refusal.ts` does). Invariant: length and connection headers are the engine's alone, whatever a
 * list says, so that an answer ends where it says it ends. Closing at once on a client that still sends was refused:
 * the reset would overtake the answer.
 */
import type { AnswerWriter, Downstream } from './downstream.ts'
import type { RawHeaders, WholeResponse } from './exchange.ts'
import type { Schedule } from './exchanges.ts'

/** Which headers the engine sets itself. */
const framing: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
])

const hasNoBody = (status: number): boolean => status === 204 || status === 304 || status < 200

const withoutFraming = (headers: RawHeaders): string[] => {
  const out: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (!framing.has(name.toLowerCase())) out.push(name, headers[i + 1] ?? '')
  }
  return out
}

/** Writes the whole answer; `close` says so and lets the connection end behind it. */
export const sendWhole = (writer: AnswerWriter, whole: WholeResponse, close: boolean): void => {
  const body = typeof whole.body === 'string' ? Buffer.from(whole.body, 'utf8') : whole.body
  const headers = withoutFraming(whole.headers)
  if (!hasNoBody(whole.status)) headers.push('Content-Length', String(body.length))
  if (close) writer.closeBehind()
  writer.begin(whole.status, '', headers)
  if (!hasNoBody(whole.status) && body.length > 0) writer.write(body)
  writer.end()
}

/** How much of an unwanted body is swallowed, and for how long, before the connection is closed on its sender. */
const swallowBytesMax = 1_048_576
const swallowMs = 2_000

/**
 * Swallows a little of a body that nobody wants, so that its sender reads the answer instead of a reset; one that
 * goes on is cut off. A connection that gets through this stays usable.
 */
export const swallowBody = (client: Downstream, schedule: Schedule): void => {
  const { body } = client
  if (body.isComplete()) return
  let swallowed = 0
  // Called on the client: what it is made of are methods.
  const cancel = schedule(() => client.breakOff(), swallowMs)
  body.listen({
    data(chunk) {
      swallowed += chunk.length
      if (swallowed > swallowBytesMax) client.breakOff()
    },
    ended: cancel,
    gone: cancel,
  })
  body.resume()
}
