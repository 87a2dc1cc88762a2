/**
 * Which spellings of a cookie's name a back end might take for another one.
 *
 * It reads no values (`cookies.ts` does). Invariant: a spelling that some framework folds into a guarded name (other
 * case as in ASP.NET, `.` and spaces for `_` as in PHP, stray marks at the ends that a generous `trim` removes)
 * never passes as a different cookie. Comparing exactly was refused: what is judged must be what is read.
 */
import { ownText } from './own-text.ts'

/** Folded names by name as spelled; bounded, since clients choose names. */
const foldCache = new Map<string, string>()
const foldCacheMax = 2_048

const findFold = (name: string): string => {
  const text = name.toLowerCase().replace(/[^a-z0-9]/g, '_')
  let from = 0
  let to = text.length
  // By hand: a regex for trailing marks is quadratic in a client's text.
  while (from < to && text.charCodeAt(from) === 95) from += 1
  while (to > from && text.charCodeAt(to - 1) === 95) to -= 1
  return text.slice(from, to)
}

/** A cookie's name as the most generous reader might fold it; equal results may be one cookie to somebody. */
export const foldCookieName = (name: string): string => {
  const known = foldCache.get(name)
  if (known !== undefined) return known
  if (foldCache.size >= foldCacheMax) foldCache.clear()
  const folded = findFold(name)
  // Long names are nobody's session cookie and would make the cache large.
  if (name.length <= 64) foldCache.set(ownText(name), folded)
  return folded
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09

/** The text without SP and HTAB at its ends; nothing else is trimmed (BYPASSES 19). */
export const trimBlanks = (text: string): string => {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from += 1
  while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

/**
 * Folded beginnings of names that are the gateway's own: the companion's, and whatever begins with it or with our
 * name, as the admin console's cookie does, which browsers send along to every port of its host.
 */
export const ownBeginnings = (companionName: string): readonly string[] =>
  [...new Set([companionName, 'gatehouse'])].flatMap((name) =>
    [name, `__Host-${name}`, `__Secure-${name}`].map(foldCookieName),
  )

const beginsWith = (folded: string, beginnings: readonly string[]): boolean => {
  for (const own of beginnings)
    if (folded.startsWith(own) && (folded.length === own.length || folded.charCodeAt(own.length) === 95))
      return true
  return false
}

/** Which cookies of a request go on, by their names as spelled. */
export type CookieFilter = { passes(name: string): boolean }

const verdictsMax = 2_048

/**
 * A filter that removes what begins with `own` (of `ownBeginnings`), `gone` in every spelling, and every spelling of
 * `guarded` but its own.
 */
export const createCookieFilter = (
  own: readonly string[],
  gone: readonly string[],
  guarded: readonly string[],
): CookieFilter => {
  const folds = new Set(gone.map(foldCookieName))
  const spellings = new Map(guarded.map((name) => [foldCookieName(name), name]))
  /** By name as spelled; bounded, since clients choose names. */
  const verdicts = new Map<string, boolean>()
  const judge = (name: string): boolean => {
    const folded = foldCookieName(name)
    if (folds.has(folded) || beginsWith(folded, own)) return false
    const spelling = spellings.get(folded)
    return spelling === undefined || spelling === name
  }
  return {
    passes(name) {
      const known = verdicts.get(name)
      if (known !== undefined) return known
      if (verdicts.size >= verdictsMax) verdicts.clear()
      const passes = judge(name)
      // Long names are nobody's session cookie and would make it large.
      if (name.length <= 64) verdicts.set(ownText(name), passes)
      return passes
    },
  }
}

const goesOn = (pair: string, filter: CookieFilter): boolean => {
  const equals = pair.indexOf('=')
  const name = trimBlanks(equals === -1 ? pair : pair.slice(0, equals))
  // A pair that begins with "=" has no name for us and perhaps one for others; one that is empty, no meaning.
  return name !== '' && filter.passes(name)
}

/**
 * The `Cookie` header to forward for these `Cookie` lines; empty: none. A single line of which nothing is removed
 * comes back byte for byte; otherwise the remaining pairs are joined with `; ` in their order.
 */
export const filterCookies = (lines: readonly string[], filter: CookieFilter): string => {
  let kept = ''
  let isWhole = lines.length === 1
  for (const line of lines)
    for (let at = 0; at <= line.length; ) {
      const mark = line.indexOf(';', at)
      const end = mark === -1 ? line.length : mark
      const pair = line.slice(at, end)
      at = end + 1
      if (!goesOn(pair, filter)) isWhole = false
      else kept = kept === '' ? trimBlanks(pair) : `${kept}; ${trimBlanks(pair)}`
    }
  return isWhole ? (lines[0] ?? '') : kept
}

/** Whether a `Set-Cookie` value sets, in any spelling, a cookie that begins with `own` (of `ownBeginnings`). */
export const setsOwnCookie = (line: string, own: readonly string[]): boolean => {
  const pair = line.split(';', 1)[0] ?? ''
  // Browsers drop a leading "=" and send the rest back, which then reads as name and value.
  const text = pair.replace(/^[\s=]+/, '')
  const equals = text.indexOf('=')
  return beginsWith(foldCookieName(equals === -1 ? text : text.slice(0, equals)), own)
}
