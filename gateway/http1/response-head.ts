/**
 * The head of an application's answer: strictly RFC 9110 and 9112, or not at all.
 *
 * It reads complete heads only and holds no bytes. Invariant: where two readers could see another end of the answer than
 * we do (two lengths, a length beside a coding, another coding than `chunked`, folded lines, bare CR or LF, control
 * bytes), the answer is garbage and its connection closed: whoever shares the connection must not be given what follows.
 * Mending such heads was refused, though RFC 9112 §6.3 allows some of it.
 */

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

const statusLine = /HTTP\/1\.([01]) (\d{3})(?: ([^\r]*))?\r\n/y
const name = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/y
/** Control bytes but HTAB, CR without LF, LF without CR, and lines that begin with white space. */
const broken = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n|\n[\t ]/
const lengthDigits = /^\d{1,15}$/

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

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

/** Header lines of `text` from `at` to the empty line; `null`: one of them is none. */
const readLines = (text: string, from: number, framing: Framing): string[] | null => {
  const headers: string[] = []
  let at = from
  while (text.charCodeAt(at) !== 0x0d) {
    name.lastIndex = at
    if (!name.test(text)) return null
    const colon = name.lastIndex - 1
    const end = text.indexOf('\r\n', colon)
    let first = colon + 1
    let last = end
    while (first < last && isBlank(text.charCodeAt(first))) first += 1
    while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1
    const key = text.slice(at, colon)
    const value = text.slice(first, last)
    // A tab around a coding is no part of it to us and part of it to others.
    if (isNoted(key.length))
      note(framing, key.toLowerCase(), text.slice(colon + 1, end).includes('\t') ? '\t' : value)
    headers.push(key, value)
    at = end + 2
  }
  return headers
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

/** How the answer is framed; a text: why that cannot be said. */
const framingOf = (
  { length, coding, twice }: Framing,
  isOld: boolean,
  isEmpty: boolean,
): { readonly framing: ResponseFraming; readonly length: number } | string => {
  if (twice) return 'a length or coding said twice'
  if (coding !== null) {
    if (length !== null) return 'a length beside a transfer coding'
    if (isOld) return 'a transfer coding in HTTP/1.0'
    if (coding !== 'chunked') return 'a transfer coding other than chunked'
    return { framing: isEmpty ? 'none' : 'chunked', length: 0 }
  }
  if (length !== null && !lengthDigits.test(length)) return 'a length that is none'
  if (isEmpty) return { framing: 'none', length: 0 }
  if (length === null) return { framing: 'close', length: 0 }
  const bytes = Number(length)
  return { framing: bytes === 0 ? 'none' : 'length', length: bytes }
}

/** Reads the head of an answer to `method`. `text`: from the status line to the empty line, both in it, as latin1. */
export const readResponseHead = (text: string, method: string): ResponseHeadRead => {
  statusLine.lastIndex = 0
  const line = statusLine.exec(text)
  if (line === null) return { ok: false, why: 'no status line' }
  if (broken.test(text))
    return { ok: false, why: 'a header with a control byte, a bare CR or LF, or a folded line' }
  const status = Number(line[2])
  if (status < 100) return { ok: false, why: 'no status' }
  const isOld = line[1] === '0'
  if (isOld && status < 200) return { ok: false, why: 'an interim answer in HTTP/1.0' }
  const said: Framing = { length: null, coding: null, twice: false, closes: false, keepsSeconds: null }
  const headers = readLines(text, line[0].length, said)
  if (headers === null) return { ok: false, why: 'a line that is no header' }
  const isEmpty = isWithoutContent(status, method)
  const framed = framingOf(said, isOld, isEmpty)
  if (typeof framed === 'string') return { ok: false, why: framed }
  return {
    ok: true,
    head: {
      status,
      reason: line[3] ?? '',
      headers,
      ...framed,
      persists:
        !isOld &&
        !said.closes &&
        framed.framing !== 'close' &&
        !(isEmpty && mayBringContent(status, method, said)),
      keepsSeconds: said.keepsSeconds,
    },
  }
}
