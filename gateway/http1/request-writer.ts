/**
 * The head of a request as it goes to an application: built anew from judged parts, never relayed bytes.
 *
 * It sends nothing. Invariant: what is written is one request line and header lines, whatever the parts hold: a CR, an LF,
 * a NUL or a character that is no byte anywhere in them is an error of ours and sends nothing. Framing is written here
 * alone: a declared length is the content's own, else the coding is chunked (RFC 9112 §6).
 */
import { fault } from '../../runtime/fault.ts'
import { ownText } from '../own-text.ts'
import { isName } from './field-names.ts'
import { isFieldValue } from './grammar.ts'

/** How the content follows: not at all, `bytes` of it, or in chunks. */
export type RequestFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'length'; readonly bytes: number }

/** The parts of a request; `headers` without any framing but `Content-Length`. */
export type RequestParts = {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  /** The last of `headers`, as a list that comes again with other requests and is written once; absent: none. */
  readonly tail?: readonly string[] | undefined
  /** The number of content bytes where they are all known, `'stream'` where they follow, `null` without content. */
  readonly content: number | 'stream' | null
}

/** Methods whose missing content is said to be empty (RFC 9110 §8.6). */
const expectContent: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

const lengthDigits = /^\d{1,15}$/
const notTarget = /[^\x21-\x7e]/

const notSendable = (what: string) => fault('self', 'garbage', what, 'no')

const isLengthName = (name: string): boolean => name.length === 14 && name.toLowerCase() === 'content-length'

const noContent: RequestFraming = { kind: 'none' }
const none: readonly string[] = []

const framingOf = ({ method, content }: RequestParts, declared: string | null): RequestFraming => {
  if (content === 'stream')
    return declared === null ? { kind: 'chunked' } : { kind: 'length', bytes: Number(declared) }
  if (content !== null) return { kind: 'length', bytes: content }
  return declared === '0' || expectContent.has(method) ? { kind: 'length', bytes: 0 } : noContent
}

const lineOf = (name: string, value: string): string => {
  if (!isName(name) || !isFieldValue(value)) throw notSendable('a header that cannot be written')
  return `${name}: ${value}\r\n`
}

/** Lists that come again, as they were written; forgotten with the lists. */
const written = new WeakMap<readonly string[], string>()

/** A list's lines, written once; `null`: a length is among them, so that it must be read with the others. Throws as below. */
const linesOf = (list: readonly string[]): string | null => {
  const known = written.get(list)
  if (known !== undefined) return known
  let text = ''
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    if (isLengthName(name)) return null
    text += lineOf(name, list[i + 1] ?? '')
  }
  // In one piece: made of many, it would be put together again with every head.
  const whole = ownText(text)
  written.set(list, whole)
  return whole
}

/** The head's text, to be sent as latin1, and how the content must follow. Throws a Fault of ours, see above. */
export const writeRequestHead = (
  parts: RequestParts,
): { readonly text: string; readonly framing: RequestFraming } => {
  const { method, target, headers, tail = none } = parts
  const last = tail.length === 0 ? '' : linesOf(tail)
  const end = last === null ? headers.length : headers.length - tail.length
  let declared: string | null = null
  if (!isName(method) || notTarget.test(target)) throw notSendable('a request line that cannot be written')
  let text = `${method} ${target} HTTP/1.1\r\n`
  for (let i = 0; i < end; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (isLengthName(name)) {
      if (declared !== null || !lengthDigits.test(value)) throw notSendable('a length that is none')
      declared = value
      continue
    }
    text += lineOf(name, value)
  }
  text += last ?? ''
  const framing = framingOf(parts, declared)
  if (framing.kind === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
  else if (framing.kind === 'length') text += `Content-Length: ${framing.bytes}\r\n`
  return { text: `${text}\r\n`, framing }
}
