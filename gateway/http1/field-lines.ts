/**
 * The header lines of a head, whoever sent it: strictly RFC 9112 §5, each byte looked at once.
 *
 * It judges no value. Invariant: what it reads has one reading: lines end in CRLF and nothing else, names are tokens with
 * their colon at once behind them, no line goes on another, no control byte stands anywhere. Reading them from text was
 * refused: a byte costs half of a character.
 */
import { type FieldName, nameOf } from './field-names.ts'
import { tokenBytes, valueBytes } from './grammar.ts'

/** A head: `text` is what stands in `bytes` from `from` on, as latin1; `end` is behind the empty line that ends it. */
type HeadBytes = {
  readonly bytes: Buffer
  readonly from: number
  readonly end: number
  readonly text: string
}

/**
 * The names that stood at each place in the head before, of whichever connection: most heads have the same names in the
 * same order, so that a name is mostly found by being compared with one.
 */
export type NameHints = (FieldName | undefined)[]

const hintsMax = 64

const cr = 0x0d
const lf = 0x0a
const colon = 0x3a

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09

/** By which a body's end is found: where tabs around their values are odd, not everybody finds the same. */
const isFraming = (name: string): boolean =>
  (name.length === 14 || name.length === 17) && /^(?:content-length|transfer-encoding)$/i.test(name)

/** Whether `name` stands at `at`, with its colon. */
const standsAt = (bytes: Buffer, at: number, name: Uint8Array): boolean => {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false
  return bytes[at + name.length] === colon
}

/** The name at `at`; `null`: there is none. */
const readName = ({ bytes, from, text }: HeadBytes, at: number): FieldName | null => {
  let end = at
  while (tokenBytes[bytes[end] ?? 0] === 1) end += 1
  return end === at || bytes[end] !== colon ? null : nameOf(text.slice(at - from, end - from))
}

/**
 * Names and values in turn, from the line at `start` to the last; `null`: one of them is none. `tabs`: where a tab beside a
 * value that frames the message makes its line none.
 */
export const readFieldLines = (
  head: HeadBytes,
  start: number,
  hints: NameHints,
  tabs: 'behind' | 'around',
): string[] | null => {
  const { bytes, from, text } = head
  const fields: string[] = []
  const last = head.end - 2
  let at = start
  for (let place = 0; at < last; place++) {
    let name = hints[place] ?? null
    if (name === null || !standsAt(bytes, at, name.bytes)) {
      name = readName(head, at)
      if (name === null) return null
      if (place < hintsMax) hints[place] = name
    }
    at += name.bytes.length + 1
    const lineStart = at
    while (isBlank(bytes[at])) at += 1
    const valueStart = at
    while (valueBytes[bytes[at] ?? 0] === 1) at += 1
    if (bytes[at] !== cr || bytes[at + 1] !== lf) return null
    let valueEnd = at
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd -= 1
    // One space in front, as nearly all have it, is nothing to look at.
    const isOdd = valueEnd < at || valueStart !== lineStart + 1 || bytes[lineStart] !== 0x20
    if (isOdd && isFraming(name.text)) {
      const before = tabs === 'around' ? bytes.subarray(lineStart, valueStart) : bytes.subarray(0, 0)
      if (before.includes(0x09) || bytes.subarray(valueEnd, at).includes(0x09)) return null
    }
    fields.push(name.text, text.slice(valueStart - from, valueEnd - from))
    at += 2
  }
  return at === last ? fields : null
}
