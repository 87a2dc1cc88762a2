/**
 * The answer to one stream.
 *
 * It decides nothing. Invariant: a stream ends in order (END_STREAM) only behind all that its head announced; whatever
 * else ends it is a reset, which no client takes for an end. node's own `close` with an error code was refused: behind
 * content of unknown length it first ends the stream in order, so that half an answer looks whole.
 */
import type { ServerHttp2Stream } from 'node:http2'
import type { AnswerWriter } from '../downstream.ts'
import { isFieldValue, isToken } from '../http1/grammar.ts'
import { isWithoutContent } from '../http1/response-head.ts'

/** An answer under way. */
export type StreamAnswer = Omit<AnswerWriter, 'closeBehind'> & {
  inform(status: number, headers: readonly string[]): void
  breakOff(): void
  /** Its end has been given to node. */
  isEnded(): boolean
}

/** Of one hop, or written by the protocol itself (RFC 9113 §8.2.2). */
const forbidden: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** Larger heads cannot be sent by nghttp2, which would end the whole connection. */
const headBytesMax = 65_536

/** The header list that is sent, and the length it announces; throws where something cannot stand in one. */
const writeHead = (
  status: number,
  headers: readonly string[],
): { readonly list: string[]; readonly length: number | null; readonly isDated: boolean } => {
  if (!Number.isInteger(status) || status < 100 || status === 101 || status > 599)
    throw new TypeError('a status that cannot be sent')
  const list = [':status', String(status)]
  let length: number | null = null
  let isDated = false
  let bytes = 0
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    const value = headers[i + 1] ?? ''
    if (!isToken(name) || forbidden.has(name)) throw new TypeError('a header name that cannot be sent')
    if (!isFieldValue(value)) throw new TypeError('a header value that cannot be sent')
    if (name === 'content-length') {
      if (length !== null || !/^\d{1,15}$/.test(value)) throw new TypeError('a length that is none')
      length = Number(value)
    }
    isDated ||= name === 'date'
    bytes += name.length + value.length + 32
    list.push(name, value)
  }
  if (bytes > headBytesMax) throw new TypeError('a head that is too large to be sent')
  return { list, length, isDated }
}

/** How the content follows. */
type Framing = { readonly kind: 'none' | 'length' | 'open'; readonly length: number }

const framingOf = (status: number, method: string, length: number | null): Framing => {
  if (isWithoutContent(status, method)) return { kind: 'none', length: 0 }
  return length === null ? { kind: 'open', length: 0 } : { kind: 'length', length }
}

/** An answer that has not begun. `date`: the `Date` of this second. */
export const createStreamAnswer = (
  stream: ServerHttp2Stream,
  method: string,
  date: () => string,
): StreamAnswer => {
  let framing: Framing | null = null
  let left = 0
  let isEnded = false

  const breakOff = (): void => {
    // Who was answered in whole and still sends is told to stop, and keeps the answer (RFC 9113 §8.1).
    if (isEnded && stream.writableFinished) stream.close()
    else stream.destroy(new Error('the exchange was broken off'))
  }

  return {
    begin(status, _reason, headers) {
      if (framing !== null) throw new Error('invariant: an answer begins once')
      if (status < 200) throw new TypeError('a status that is none of an answer')
      const { list, length, isDated } = writeHead(status, headers)
      const follows = framingOf(status, method, length)
      if (!isDated) list.push('date', date())
      framing = follows
      left = follows.length
      // The client may be gone.
      if (stream.destroyed || stream.closed) return
      const isOpen = follows.kind === 'open'
      if (isOpen) stream.once('wantTrailers', () => stream.sendTrailers({}))
      stream.respond(list, { endStream: follows.kind === 'none', waitForTrailers: isOpen })
    },
    write(chunk) {
      if (framing === null || isEnded) throw new Error('invariant: content stands between head and end')
      if (framing.kind === 'none' || chunk.length === 0 || stream.destroyed) return true
      left -= chunk.length
      if (framing.kind === 'length' && left < 0) {
        breakOff()
        return true
      }
      return stream.write(chunk)
    },
    end() {
      if (framing === null || isEnded) throw new Error('invariant: an answer ends once, behind its head')
      if (framing.kind === 'length' && left !== 0) {
        breakOff()
        return
      }
      isEnded = true
      if (!stream.destroyed && framing.kind !== 'none') stream.end()
    },
    inform(status, headers) {
      const { list } = writeHead(status, headers)
      const fields: Record<string, string | string[]> = {}
      for (let i = 0; i < list.length; i += 2) {
        const name = list[i] ?? ''
        const before = fields[name]
        fields[name] = before === undefined ? (list[i + 1] ?? '') : [before, list[i + 1] ?? ''].flat()
      }
      if (!stream.destroyed && !stream.closed && !stream.headersSent) stream.additionalHeaders(fields)
    },
    breakOff,
    isEnded: () => isEnded,
  }
}
