/**
 * The bytes of a request's head, read strictly by RFC 9112 §2–5, each once.
 *
 * It judges no header (`checkHead` does) and no target (`parseTarget` does). Invariant: what it accepts has one reading:
 * lines end in CRLF and nothing else, names are tokens with their colon at once behind them, no line goes on another, no
 * control byte stands anywhere. Mending what is nearly right was refused: the next parser mends it differently.
 */
import { METHODS } from 'node:http'
import type { ReceivedHead } from '../request-head.ts'
import { type NameHints, readFieldLines } from './field-lines.ts'
import { targetBytes, valueBytes } from './grammar.ts'

const methods: ReadonlyMap<string, string> = new Map(METHODS.map((method) => [method, method]))

const cr = 0x0d
const lf = 0x0a

/** Where the header lines begin, and what stood before; `null`: no request line. */
type Line = {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly next: number
}

const parseLine = (text: string): Line | null => {
  const methodEnd = text.indexOf(' ')
  const method = methodEnd < 1 ? undefined : methods.get(text.slice(0, methodEnd))
  if (method === undefined) return null
  let at = methodEnd + 1
  while (targetBytes[text.charCodeAt(at)] === 1) at += 1
  if (at === methodEnd + 1) return null
  const target = text.slice(methodEnd + 1, at)
  if (text.startsWith(' HTTP/1.1\r\n', at)) return { method, target, version: '1.1', next: at + 11 }
  // The line of HTTP/0.9; answered as a version that is not spoken.
  if (text.startsWith('\r\n', at)) return { method, target, version: '0.9', next: at + 2 }
  const version = /^ HTTP\/(\d\.\d)\r\n$/.exec(text.slice(at, at + 11))?.[1]
  return version === undefined ? null : { method, target, version, next: at + 11 }
}

const hints: NameHints = []

/** The head in the first `end` bytes, from the request line to the empty line, both in it. `null`: 400. */
export const parseRequestHead = (bytes: Buffer, end: number): ReceivedHead | null => {
  const text = bytes.toString('latin1', 0, end)
  const line = parseLine(text)
  if (line === null) return null
  const { method, target, version } = line
  const headers = readFieldLines({ bytes, from: 0, end, text }, line.next, hints, 'behind')
  return headers === null ? null : { method, target, version, headers }
}

/**
 * Whether a head could still come of these bytes, looked at from `from` on: no control byte, and CR and LF only together.
 * A head that is not whole yet is refused as soon as it is known to be none.
 */
export const mayBecomeHead = (bytes: Buffer, from: number): boolean => {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === lf) {
      if (at === 0 || bytes[at - 1] !== cr) return false
    } else if (byte === cr) {
      if (at + 1 < bytes.length && bytes[at + 1] !== lf) return false
    } else if (valueBytes[byte] !== 1) return false
    else if (at > 0 && bytes[at - 1] === cr) return false
  }
  return true
}
