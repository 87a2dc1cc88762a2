/**
 * The head of an application's answer: strictly RFC 9110 and 9112, or not at all.
 *
 * It reads complete heads only and holds no bytes. Invariant: where two readers could see another end of the answer than
 * we do (two lengths, a length beside a coding, another coding than `chunked`, folded lines, bare CR or LF, control
 * bytes), the answer is garbage and its connection closed: whoever shares the connection must not be given what follows.
 * Mending such heads was refused, though RFC 9112 §6.3 allows some of it.
 */
import { type NameHints, readFieldLines } from './field-lines.ts'
import { valueBytes } from './grammar.ts'

/**
 * How the content ends: there is none, after `length` bytes, by the chunked coding, or with the connection
 * (RFC 9112 §6.3).
 */
export type ResponseFraming = 'none' | 'length' | 'chunked' | 'close'

/** A head as read. `headers`: names and values in turn. */
export type ResponseHead = {
  readonly status: number
  readonly reason: string
  readonly headers: string[]
  readonly framing: ResponseFraming
  /** Of `framing: 'length'`; else 0. */
  readonly length: number
  /** Whether the connection may carry another request after this answer. */
  readonly persists: boolean
  /** For how long the application says that it keeps it (`Keep-Alive: timeout=`), in seconds; `null`: it does not say. */
  readonly keepsSeconds: number | null
}

/** The head, or what is wrong with it. */
export type ResponseHeadRead =
  | { readonly ok: true; readonly head: ResponseHead }
  | { readonly ok: false; readonly why: string }

const cr = 0x0d
const lf = 0x0a
const lengthDigits = /^\d{1,15}$/

/** What the headers say about the message itself. */
type Framing = {
  length: string | null
  coding: string | null
  twice: boolean
  closes: boolean
  keepsSeconds: number | null
}

/** Notes one header. */
const note = (framing: Framing, lower: string, value: string): void => {
  switch (lower) {
    case 'content-length':
      framing.twice ||= framing.length !== null
      framing.length = value
      return
    case 'transfer-encoding':
      framing.twice ||= framing.coding !== null
      framing.coding = value.toLowerCase()
      return
    case 'connection':
      framing.closes ||= /(?:^|[,\t ])close(?:$|[,\t ])/i.test(value)
      return
    case 'keep-alive': {
      const said = /(?:^|[,\t ])timeout=(\d{1,6})(?:$|[,\t ])/i.exec(value)?.[1]
      if (said !== undefined) framing.keepsSeconds = Number(said)
    }
  }
}

/** The lengths of the names that `note` knows, so that most names are not looked at twice. */
const isNoted = (length: number): boolean => length === 10 || length === 14 || length === 17

/** What these headers say about the message. */
const framingSaid = (headers: readonly string[]): Framing => {
  const said: Framing = { length: null, coding: null, twice: false, closes: false, keepsSeconds: null }
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (isNoted(name.length)) note(said, name.toLowerCase(), headers[i + 1] ?? '')
  }
  return said
}

/** Status line: `at` is behind it. */
type Line = {
  readonly status: number
  readonly reason: string
  readonly isOld: boolean
  readonly at: number
}

const digit = (text: string, at: number): number => {
  const value = text.charCodeAt(at) - 0x30
  return value >= 0 && value <= 9 ? value : Number.NaN
}

/** The first line; `null`: it is no status line. */
const readStatusLine = (text: string): Line | null => {
  const version = text.charCodeAt(7)
  if (!text.startsWith('HTTP/1.') || (version !== 0x30 && version !== 0x31) || text[8] !== ' ') return null
  const status = 100 * digit(text, 9) + 10 * digit(text, 10) + digit(text, 11)
  if (!(status >= 0)) return null
  let at = 12
  const hasReason = text[at] === ' '
  if (hasReason) {
    at += 1
    while (valueBytes[text.charCodeAt(at)] === 1) at += 1
  }
  if (text.charCodeAt(at) !== cr || text.charCodeAt(at + 1) !== lf) return null
  return { status, reason: hasReason ? text.slice(13, at) : '', isOld: version === 0x30, at: at + 2 }
}

/** Whether an answer of this status to this method has no content, whatever it says (RFC 9112 §6.3). */
export const isWithoutContent = (status: number, method: string): boolean =>
  method === 'HEAD' || status < 200 || status === 204 || status === 304

/**
 * Whether an answer that has no content may be followed by some: one to HEAD, or one that announces it. Where an application
 * sends it all the same, a moment later, it would be read as the answer to the next request. The length beside 304 announces
 * nothing: it is that of what the client has.
 */
const mayBringContent = (status: number, method: string, { length, coding }: Framing): boolean =>
  method === 'HEAD' || coding !== null || (status !== 304 && length !== null && Number(length) > 0)

/** How the answer is framed; else why that cannot be said. */
const framingOf = (
  { length, coding, twice }: Framing,
  isOld: boolean,
  isEmpty: boolean,
): ResponseFraming | { readonly why: string } => {
  if (twice) return { why: 'a length or coding said twice' }
  if (coding !== null) {
    if (length !== null) return { why: 'a length beside a transfer coding' }
    if (isOld) return { why: 'a transfer coding in HTTP/1.0' }
    if (coding !== 'chunked') return { why: 'a transfer coding other than chunked' }
    return isEmpty ? 'none' : 'chunked'
  }
  if (length !== null && !lengthDigits.test(length)) return { why: 'a length that is none' }
  if (isEmpty) return 'none'
  if (length === null) return 'close'
  return Number(length) === 0 ? 'none' : 'length'
}

const hints: NameHints = []

/** Reads the head of an answer to `method`: `bytes` from the status line at `from` to the empty line before `end`. */
export const readResponseHead = (
  bytes: Buffer,
  from: number,
  end: number,
  method: string,
): ResponseHeadRead => {
  const text = bytes.toString('latin1', from, end)
  const line = readStatusLine(text)
  if (line === null) return { ok: false, why: 'no status line' }
  const { status, reason, isOld } = line
  if (status < 100) return { ok: false, why: 'no status' }
  if (isOld && status < 200) return { ok: false, why: 'an interim answer in HTTP/1.0' }
  // A tab around a coding is no part of it to us and part of it to others.
  const headers = readFieldLines({ bytes, from, end, text }, from + line.at, hints, 'around')
  if (headers === null)
    return {
      ok: false,
      why: 'a line that is no header, is folded, or holds a control byte or a bare CR or LF',
    }
  const said = framingSaid(headers)
  const isEmpty = isWithoutContent(status, method)
  const framing = framingOf(said, isOld, isEmpty)
  if (typeof framing === 'object') return { ok: false, why: framing.why }
  const length = framing === 'length' ? Number(said.length) : 0
  const persists =
    !isOld && !said.closes && framing !== 'close' && !(isEmpty && mayBringContent(status, method, said))
  const { keepsSeconds } = said
  return { ok: true, head: { status, reason, headers, framing, length, persists, keepsSeconds } }
}
