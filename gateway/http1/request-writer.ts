/**
 * The head of a request as it goes to an application: built anew from judged parts, never relayed bytes.
 *
 * It sends nothing. Invariant: what is written is one request line and header lines, whatever the parts hold: a CR, an LF,
 * a NUL or a character that is no byte anywhere in them is an error of ours and sends nothing. Framing is written here
 * alone: a declared length is the content's own, else the coding is chunked (RFC 9112 §6).
 */
import { fault } from '../../runtime/fault.ts'
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
  /** The number of content bytes where they are all known, `'stream'` where they follow, `null` without content. */
  readonly content: number | 'stream' | null
}

/** Methods whose missing content is said to be empty (RFC 9110 §8.6). */
const expectContent: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

const lengthDigits = /^\d{1,15}$/
const notTarget = /[^\x21-\x7e]/

const notSendable = (what: string) => fault('self', 'garbage', what, 'no')

const isLengthName = (name: string): boolean => name.length === 14 && name.toLowerCase() === 'content-length'

const none: RequestFraming = { kind: 'none' }

const framingOf = ({ method, content }: RequestParts, declared: string | null): RequestFraming => {
  if (content === 'stream')
    return declared === null ? { kind: 'chunked' } : { kind: 'length', bytes: Number(declared) }
  if (content !== null) return { kind: 'length', bytes: content }
  return declared === '0' || expectContent.has(method) ? { kind: 'length', bytes: 0 } : none
}

/** The head's text, to be sent as latin1, and how the content must follow. Throws a Fault of ours, see above. */
export const writeRequestHead = (
  parts: RequestParts,
): { readonly text: string; readonly framing: RequestFraming } => {
  const { method, target, headers } = parts
  let declared: string | null = null
  if (!isName(method) || notTarget.test(target)) throw notSendable('a request line that cannot be written')
  let text = `${method} ${target} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (isLengthName(name)) {
      if (declared !== null || !lengthDigits.test(value)) throw notSendable('a length that is none')
      declared = value
      continue
    }
    if (!isName(name) || !isFieldValue(value)) throw notSendable('a header that cannot be written')
    text += `${name}: ${value}\r\n`
  }
  const framing = framingOf(parts, declared)
  if (framing.kind === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
  else if (framing.kind === 'length') text += `Content-Length: ${framing.bytes}\r\n`
  return { text: `${text}\r\n`, framing }
}
