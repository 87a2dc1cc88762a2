/**
 * Cookies as an access gateway must read them: by name, from the raw header list, and with doubt.
 *
 * It is not a cookie jar and decodes nothing. Invariant: if another parser could read another value for a name
 * than this one does (two values, a space before `=`, a second pair behind a quote or a comma), the reading is
 * `doubtful` and nobody is identified by it; other spellings of the name never go on (`cookie-names.ts`). Taking
 * "the first one" was refused: applications take the last. Only SP and HTAB are trimmed (RFC 6265 §5.2).
 */
import { trimBlanks as trim } from './cookie-names.ts'
import type { RawHeaders } from './exchange.ts'

/** What the `Cookie` headers say of one name. `value: null`: absent, or doubtful. */
export type CookieReading = { readonly value: string | null; readonly doubtful: boolean }

/** One `Set-Cookie` line as far as it matters here. `cleared`: it removes the cookie. */
export type CookieChange = { readonly name: string; readonly value: string; readonly cleared: boolean }

const valueBytesMax = 4_096
const absent: CookieReading = { value: null, doubtful: false }
const doubtful: CookieReading = { value: null, doubtful: true }
const plainValue = /^[\x20-\x7e]*$/
const nameCharacter = /[A-Za-z0-9!#$%&'*+.^_|~-]/

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09

/** All `Cookie` header values, in order. A request has one, or (HTTP/2, odd clients) several. */
export function cookieLines(headers: RawHeaders): readonly string[] {
  const lines: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]
    if (name !== undefined && name.length === 6 && name.toLowerCase() === 'cookie')
      lines.push(headers[i + 1] ?? '')
  }
  return lines
}

type Split = { readonly line: string; readonly pairs: readonly string[]; readonly lower: string }

/** One line is read for several names in a row: the credential's, the companion's, the practice's. */
let lastSplit: Split = { line: '', pairs: [''], lower: '' }

const splitOf = (line: string): Split => {
  if (lastSplit.line !== line) lastSplit = { line, pairs: line.split(';'), lower: line.toLowerCase() }
  return lastSplit
}

/** Before these inside another cookie's value, `name=` is part of a URL or JSON text, not the start of a pair. */
const insideValue = /[?&/:@([{<>)\]}=%]/

/** Places in a line in lower case where some parser, however odd, might begin to read a pair `name=`. */
function possibleStarts(text: string, name: string): number {
  const wanted = `${name.toLowerCase()}=`
  let count = 0
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const before = at === 0 ? ';' : text.charAt(at - 1)
    if (!nameCharacter.test(before) && !insideValue.test(before)) count += 1
  }
  return count
}

/** The value of `name` in the lines of `cookieLines`; doubtful where parsers could differ (see above). */
export function readCookie(lines: readonly string[], name: string): CookieReading {
  let value: string | null = null
  for (const line of lines) {
    const { pairs, lower } = splitOf(line)
    let found = 0
    for (const pair of pairs) {
      const at = pair.indexOf('=')
      if (at < 0) continue
      const raw = pair.slice(0, at)
      const given = trim(raw)
      if (given.length !== name.length) continue
      if (given.toLowerCase() !== name.toLowerCase()) continue
      found += 1
      if (given !== name) continue
      if (isSpace(raw.charCodeAt(raw.length - 1))) return doubtful
      const text = trim(pair.slice(at + 1))
      if (text.length > valueBytesMax || !plainValue.test(text)) return doubtful
      if (value !== null && value !== text) return doubtful
      value = text
    }
    if (possibleStarts(lower, name) > found) return doubtful
  }
  return value === null ? absent : { value, doubtful: false }
}

/** The `Cookie` header with these values in place of the request's; a renewed credential on its way upstream. */
export function replaceCookies(lines: readonly string[], replace: ReadonlyMap<string, string>): string {
  const kept: string[] = []
  for (const line of lines)
    for (const pair of line.split(';')) {
      const text = trim(pair)
      const at = text.indexOf('=')
      if (text !== '' && !replace.has(at < 0 ? text : trim(text.slice(0, at)))) kept.push(text)
    }
  for (const [name, value] of replace) if (value !== '') kept.push(`${name}=${value}`)
  return kept.join('; ')
}

const isPast = (expires: string, at: number): boolean => {
  const instant = Date.parse(expires)
  return !Number.isNaN(instant) && instant <= at
}

/** One `Set-Cookie` value; `null` when it has no name. `at` is needed for `Expires`; `Max-Age` wins (RFC 6265). */
export function readSetCookie(line: string, at: number): CookieChange | null {
  const [pair = '', ...attributes] = line.split(';')
  const equals = pair.indexOf('=')
  const name = trim(equals < 0 ? '' : pair.slice(0, equals))
  if (name === '') return null
  const value = trim(pair.slice(equals + 1))
  let maxAge: number | null = null
  let expires: string | null = null
  for (const attribute of attributes) {
    const split = attribute.indexOf('=')
    if (split < 0) continue
    const key = trim(attribute.slice(0, split)).toLowerCase()
    const text = trim(attribute.slice(split + 1))
    if (key === 'max-age' && /^-?\d+$/.test(text)) maxAge = Number(text)
    if (key === 'expires') expires = text
  }
  const ended = maxAge !== null ? maxAge <= 0 : expires !== null && isPast(expires, at)
  return { name, value, cleared: ended || value === '' }
}

/** All `Set-Cookie` values of a raw header list, in order. */
export function setCookieLines(headers: RawHeaders): readonly string[] {
  const lines: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i]?.toLowerCase() === 'set-cookie') lines.push(headers[i + 1] ?? '')
  return lines
}

/** A `Set-Cookie` value that removes a cookie of this host; `Secure` where the browser came by https. */
export const expiredCookie = (name: string, secure: boolean): string =>
  `${name}=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
