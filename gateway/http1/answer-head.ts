/**
 * The head of an answer as it goes to a client, and how its content must follow.
 *
 * It sends nothing. Invariant: what is written is one status line and the header lines given, whatever they hold: a name
 * or value that cannot stand in a head is an error and writes nothing. Framing and `Connection` are written here alone
 * (RFC 9112 §6, §9.3). Filtering bad values was refused: what it would leave has never been meant.
 */
import { STATUS_CODES } from 'node:http'
import { isName } from './field-names.ts'
import { isFieldValue } from './grammar.ts'
import { isWithoutContent } from './response-head.ts'

/** What the head depends on besides its parts. */
export type AnswerContext = {
  readonly method: string
  /** Of the request. */
  readonly version: string
  /** Whether another request may follow on the connection. */
  readonly persists: boolean
  /** The header lines that say so. */
  readonly persistLines: string
  /** The `Date` of this second. */
  readonly date: () => string
}

/** How the content follows: there is none, `length` bytes of it, in chunks, or until the connection ends. */
export type AnswerFraming = {
  readonly kind: 'none' | 'length' | 'chunked' | 'close'
  readonly length: number
}

/** What the headers say that the head must know. */
type Said = { length: string | null; isDated: boolean }

const note = (said: Said, name: string, value: string): void => {
  switch (name.toLowerCase()) {
    case 'date':
      said.isDated = true
      return
    case 'content-length':
      if (said.length !== null || !/^\d{1,15}$/.test(value)) throw new TypeError('a length that is none')
      said.length = value
      return
    case 'connection':
    case 'keep-alive':
    case 'transfer-encoding':
      throw new TypeError('framing is not given')
  }
}

/** Header lines as text. Throws where a name or value cannot stand in one. */
export const headerLines = (
  headers: readonly string[],
  said: Said = { length: null, isDated: false },
): string => {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (!isName(name)) throw new TypeError('a header name that is no token')
    if (!isFieldValue(value)) throw new TypeError('a header value that cannot be sent')
    const { length } = name
    if (length === 4 || length === 10 || length === 14 || length === 17) note(said, name, value)
    text += `${name}: ${value}\r\n`
  }
  return text
}

/** The line and the empty rest of an interim answer, or the first line of any. */
export const statusLine = (status: number, reason: string): string => {
  if (!Number.isInteger(status) || status < 100 || status > 999 || !isFieldValue(reason))
    throw new TypeError('a status that cannot be sent')
  return `HTTP/1.1 ${status} ${reason === '' ? (STATUS_CODES[status] ?? '') : reason}\r\n`
}

const framingOf = (status: number, { method, version }: AnswerContext, said: Said): AnswerFraming => {
  if (isWithoutContent(status, method)) return { kind: 'none', length: 0 }
  if (said.length !== null) return { kind: 'length', length: Number(said.length) }
  return { kind: version === '1.1' ? 'chunked' : 'close', length: 0 }
}

/** The head's text, to be sent as latin1, and how the content must follow. */
export const writeAnswerHead = (
  status: number,
  reason: string,
  headers: readonly string[],
  context: AnswerContext,
): { readonly text: string; readonly framing: AnswerFraming } => {
  const said: Said = { length: null, isDated: false }
  let text = statusLine(status, reason) + headerLines(headers, said)
  const framing = framingOf(status, context, said)
  if (!said.isDated) text += `Date: ${context.date()}\r\n`
  if (framing.kind === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
  text += context.persists && framing.kind !== 'close' ? context.persistLines : 'Connection: close\r\n'
  return { text: `${text}\r\n`, framing }
}
