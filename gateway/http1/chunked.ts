/**
 * The chunked coding of RFC 9112 §7.1, read byte by byte from whatever pieces arrive.
 *
 * It keeps no content: pieces of it are handed on as they are. Invariant: only what every reader takes for the same is
 * read at all; a size that is not plain hexadecimal, a line that does not end in CRLF, a control byte or a trailer that is
 * no header line breaks it for good, so that nothing behind it can be taken for a message of its own (CVE-2025-58056).
 * Extensions and trailers are bounded and dropped (RFC 9112 §7.1.1, RFC 9110 §6.5.1); passing them on was refused.
 */

/** How a read came out: `rest` is the index of the first byte behind the message. */
export type ChunkedRead = 'more' | 'broken' | { readonly rest: number }

/** The reader of one message's content. */
export type ChunkedDecoder = {
  /** Reads `bytes` from `from` on; content goes to `onData` in views of `bytes`. Not called again after an end. */
  read(bytes: Buffer, from: number, onData: (piece: Buffer) => void): ChunkedRead
}

/** 2^44 bytes a chunk. */
const sizeDigitsMax = 11
/** All extensions of a message together, as node's parser has it for one. */
const extensionBytesMax = 16_384
const trailerBytesMax = 16_384

const cr = 0x0d
const lf = 0x0a

/** The value of a hexadecimal digit; -1: it is none. */
const digitOf = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

const isControl = (byte: number): boolean => (byte < 0x20 && byte !== 0x09) || byte === 0x7f

/** Extensions in the grammar's strict form, without white space (RFC 9112 §7.1.1), from the first `;` on. */
const extensions =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/

/** A header line, but none that says how messages are framed, routed or followed: some readers obey it even here. */
const trailerLine =
  /^(?!(?:content-[a-z-]*|transfer-encoding|te|trailer|host|connection|proxy-connection|keep-alive|upgrade|expect):)[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/i

/** Where the reader stands. `-lf`: the next byte must be LF. */
type Place =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'content'
  | 'content-cr'
  | 'content-lf'
  | 'trailer'
  | 'trailer-lf'

type State = {
  place: Place
  digits: number
  /** Of the chunk: what its size says so far, then how many bytes of it are still to come. */
  left: number
  isLast: boolean
  extensionBytes: number
  trailerBytes: number
  /** Of the extensions or the trailer that is being read. */
  line: string
}

const endSize = (state: State): void => {
  state.isLast = state.left === 0
  state.digits = 0
  state.place = state.isLast ? 'trailer' : 'content'
}

/** One byte of a chunk's size line; false: broken. */
const readSize = (state: State, byte: number): boolean => {
  const digit = digitOf(byte)
  if (digit >= 0) {
    state.digits += 1
    state.left = state.left * 16 + digit
    return state.digits <= sizeDigitsMax
  }
  if (state.digits === 0) return false
  if (byte === cr) state.place = 'size-lf'
  else if (byte === 0x3b) {
    state.place = 'extension'
    state.line = ';'
  } else return false
  return true
}

const readExtension = (state: State, byte: number): boolean => {
  state.extensionBytes += 1
  if (byte !== cr) {
    state.line += String.fromCharCode(byte)
    return state.extensionBytes <= extensionBytesMax
  }
  state.place = 'size-lf'
  const isOne = extensions.test(state.line)
  state.line = ''
  return isOne
}

const readTrailer = (state: State, byte: number): boolean => {
  state.trailerBytes += 1
  if (byte === cr) state.place = 'trailer-lf'
  else if (isControl(byte)) return false
  else state.line += String.fromCharCode(byte)
  return state.trailerBytes <= trailerBytesMax
}

type Step = 'on' | 'broken' | 'end'

/** One byte that is not content. */
const step = (state: State, byte: number): Step => {
  switch (state.place) {
    case 'size':
      return readSize(state, byte) ? 'on' : 'broken'
    case 'extension':
      return readExtension(state, byte) ? 'on' : 'broken'
    case 'size-lf':
      if (byte !== lf) return 'broken'
      endSize(state)
      return 'on'
    case 'content-cr':
      state.place = 'content-lf'
      return byte === cr ? 'on' : 'broken'
    case 'content-lf':
      state.place = 'size'
      return byte === lf ? 'on' : 'broken'
    case 'trailer':
      return readTrailer(state, byte) ? 'on' : 'broken'
    case 'trailer-lf': {
      if (byte !== lf) return 'broken'
      if (state.line === '') return 'end'
      const isLine = trailerLine.test(state.line)
      state.line = ''
      state.place = 'trailer'
      return isLine ? 'on' : 'broken'
    }
    case 'content':
      return 'broken'
  }
}

/** A reader at the beginning of a message's content. */
export const createChunkedDecoder = (): ChunkedDecoder => {
  const state: State = {
    place: 'size',
    digits: 0,
    left: 0,
    isLast: false,
    extensionBytes: 0,
    trailerBytes: 0,
    line: '',
  }
  return {
    read(bytes, from, onData) {
      let at = from
      while (at < bytes.length) {
        if (state.place === 'content') {
          const end = Math.min(bytes.length, at + state.left)
          onData(bytes.subarray(at, end))
          state.left -= end - at
          at = end
          if (state.left === 0) state.place = 'content-cr'
          continue
        }
        const stepped = step(state, bytes[at] ?? 0)
        at += 1
        if (stepped === 'broken') return 'broken'
        if (stepped === 'end') return { rest: at }
      }
      return 'more'
    },
  }
}
