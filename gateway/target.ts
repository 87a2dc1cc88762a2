/**
 * The request target: what is accepted at all, and under which readings a back end might understand its path.
 *
 * It does not match routes and looks at no header but the given Host. Invariant: whatever a back end that
 * lower-cases, resolves URLs, decodes once or twice, strips matrix parameters, trailing dots or spaces, or merges
 * slashes makes of an accepted path, in any order, is among its readings; where that cannot be promised within
 * sixteen readings the target is refused. Forwarding a cleaned-up path was refused: real applications need `%2F`.
 */
import { requestTexts } from '../runtime/pages/texts-failures.ts'

/** An accepted target in origin-form, forwarded unchanged. */
export type Target = {
  /** Exactly the bytes forwarded: path and query. */
  readonly raw: string
  /** The path as received, without query. */
  readonly path: string
  /** The query with its `?`, or empty. */
  readonly query: string
  /** Every path a back end might read, the raw one first, no duplicates, at most 16 (DESIGN §4.2). */
  readonly readings: readonly string[]
}

/** A target, or why the request is answered 400. The sentence is public and quotes nothing of the target. */
export type ParsedTarget =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly status: 400; readonly sentence: string }

const readingsMax = 16
const decodingsMax = 2

const refused = (sentence: string): ParsedTarget => ({ ok: false, status: 400, sentence })

/** Per ASCII code: 1 for `[a-z0-9_-]`, 2 for `/`, 3 for `.`, else 0. */
const plainClass = new Uint8Array(128)
for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789_-') plainClass[char.charCodeAt(0)] = 1
plainClass[47] = 2
plainClass[46] = 3

/**
 * Where a path ends that every back end reads alike: lower-case words, single slashes, dots only inside a word.
 * -1: look closer.
 */
const plainPathEnd = (text: string): number => {
  let before = 0
  let i = 0
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 63) break
    const kind = code < 128 ? (plainClass[code] ?? 0) : 0
    if (kind === 0 || (kind === 2 && before > 1) || (kind === 3 && before !== 1)) return -1
    before = kind
  }
  return before === 3 ? -1 : i
}

/** Whether all from `start` on is visible ASCII without `#`; no byte of a target may be anything else. */
const isVisible = (text: string, start: number): boolean => {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x21 || code > 0x7e || code === 35) return false
  }
  return true
}

/** Percent escapes decoded once, broken ones left alone. Throws where the bytes are not UTF-8. */
const decodeOnce = (text: string): string =>
  text.includes('%') ? text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => decodeURIComponent(run)) : text

/** RFC 3986 §6.2.2.2: escapes of unreserved characters decoded, all others kept. */
const decodeUnreserved = (text: string): string =>
  text.includes('%')
    ? text.replace(/%([0-9A-Fa-f]{2})/g, (written, hex: string) => {
        const char = String.fromCharCode(Number.parseInt(hex, 16))
        return /[A-Za-z0-9._~-]/.test(char) ? char : written
      })
    : text

/** Each segment without its trailing dots (and spaces, as Windows does); by hand, since a regex is quadratic. */
const trimSegments = (text: string, spaces: boolean): string =>
  text.includes('.') || (spaces && text.includes(' '))
    ? text
        .split('/')
        .map((segment) => {
          let end = segment.length
          while (end > 0 && (segment[end - 1] === '.' || (spaces && segment[end - 1] === ' '))) end -= 1
          return segment.slice(0, end)
        })
        .join('/')
    : text

/** What a URL parser makes of `//name/path` against a base: `name` is a host there (WHATWG URL, relative state). */
const withoutAuthority = (text: string): string => {
  if (!text.startsWith('//')) return text
  const rest = text.replace(/^\/+[^/?#]*/, '')
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** What is left where a decoded `?` or `#` is taken for the end of the path. */
const beforeMark = (text: string): string => {
  const at = text.search(/[?#]/)
  return at === -1 ? text : text.slice(0, at)
}

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** What back ends do to a path besides decoding; applied to every reading until nothing new comes. */
const models: readonly ((text: string) => string)[] = [
  (text) => text.toLowerCase(),
  // Case folding by way of upper case finds what `toLowerCase` misses: ſ is an s, ı an i.
  (text) => (isAscii(text) ? text : text.toUpperCase().toLowerCase()),
  decodeUnreserved,
  (text) => (text.includes(';') ? text.replace(/;[^/]*/g, '') : text),
  (text) => (text.includes('//') ? text.replace(/\/{2,}/g, '/') : text),
  (text) => trimSegments(text, false),
  (text) => trimSegments(text, true),
  (text) => text.trimEnd(),
  withoutAuthority,
  beforeMark,
]

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const forbidden = /[\u0000-\u001f\u007f-\u009f\\]/
/** `.` or `..` between slashes, or before a decoded mark; spaces behind it do not make it harmless. */
const dotSegment = /\/\.{1,2} *(?:[/?#]|$)/

/** All readings, the raw one first; a sentence where one of them is never accepted. */
const readingsOf = (path: string): readonly string[] | string => {
  const decodingsLeft = new Map([[path, decodingsMax]])
  const queue = [path]
  for (let text = queue.shift(); text !== undefined; text = queue.shift()) {
    if (forbidden.test(text)) return requestTexts.pathControls
    if (dotSegment.test(text)) return requestTexts.dotSegment
    const left = decodingsLeft.get(text) ?? 0
    const add = (reading: string, decodings: number): void => {
      // A text reached again with more decodings to spare is looked at again.
      if ((decodingsLeft.get(reading) ?? -1) >= decodings) return
      decodingsLeft.set(reading, decodings)
      queue.push(reading)
    }
    for (const model of models) add(model(text), left)
    if (left > 0) {
      try {
        add(decodeOnce(text), left - 1)
      } catch {
        return requestTexts.pathUtf8
      }
    }
    if (decodingsLeft.size > readingsMax) return requestTexts.manyReadings
  }
  return [...decodingsLeft.keys()]
}

const parseOrigin = (raw: string): ParsedTarget => {
  const plainEnd = plainPathEnd(raw)
  if (plainEnd === raw.length) return { ok: true, target: { raw, path: raw, query: '', readings: [raw] } }
  if (!isVisible(raw, plainEnd === -1 ? 0 : plainEnd)) return refused(requestTexts.targetCharacter)
  const mark = plainEnd === -1 ? raw.indexOf('?') : plainEnd
  const path = mark === -1 ? raw : raw.slice(0, mark)
  const query = mark === -1 ? '' : raw.slice(mark)
  if (plainEnd !== -1) return { ok: true, target: { raw, path, query, readings: [path] } }
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return refused(requestTexts.percentEscape)
  const readings = readingsOf(path)
  return typeof readings === 'string'
    ? refused(readings)
    : { ok: true, target: { raw, path, query, readings } }
}

/** What is odd about a path, the most telling first: a closed set, for counting. */
export const oddnesses = [
  'encoded-slash',
  'empty-segment',
  'matrix-parameter',
  'trailing-dot',
  'twice-encoded',
  'encoded',
] as const
/** What is odd about a path. */
export type Oddness = (typeof oddnesses)[number]

const inLowerCase = (text: string): string => text.toLowerCase()

/** What is odd about an accepted path; `null`: all back ends read it alike, but perhaps for its capitals. */
export const oddnessOf = ({ path, readings }: Pick<Target, 'path' | 'readings'>): Oddness | null => {
  if (readings.length === 1) return null
  const lower = inLowerCase(path)
  if (readings.every((reading) => inLowerCase(reading) === lower)) return null
  if (lower.includes('%2f') || lower.includes('%252f')) return 'encoded-slash'
  if (path.includes('//')) return 'empty-segment'
  if (path.includes(';')) return 'matrix-parameter'
  if (/\.(?:\/|$)/.test(path)) return 'trailing-dot'
  return path.includes('%25') ? 'twice-encoded' : 'encoded'
}

const absoluteForm = /^https?:\/\/([^/?#]*)(.*)$/is

/**
 * The target of a request line as it is judged and forwarded. `host` is the `Host` header in lower case with its
 * port as sent; absolute-form is accepted only if its authority equals it, and is judged by its own path.
 * CONNECT and `OPTIONS *` are refused. 50 ns for plain paths, a few µs for odd ones, linear in length.
 */
export const parseTarget = (method: string, rawTarget: string, host: string): ParsedTarget => {
  if (method === 'CONNECT') return refused(requestTexts.forwardProxy)
  if (rawTarget.startsWith('/')) return parseOrigin(rawTarget)
  const absolute = absoluteForm.exec(rawTarget)
  if (absolute === null) return refused(requestTexts.targetForm)
  const [, authority = '', rest = ''] = absolute
  if (authority === '' || authority.toLowerCase() !== host) return refused(requestTexts.hostDisagrees)
  return parseOrigin(rest.startsWith('/') ? rest : `/${rest}`)
}
