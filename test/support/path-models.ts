/**
 * Back ends as they read paths, written without a look at `gateway/target.ts`: the oracle of its readings.
 *
 * Each model answers the path it would route by, or `null` where it gives up. They lean on other people's code (the
 * WHATWG `URL`, `decodeURIComponent`) and on character loops, not on the product's regular expressions.
 */

/** A back end's reading of a path. */
export type PathModel = { readonly name: string; readonly read: (path: string) => string | null }

const decode = (path: string): string | null => {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

/** Decodes what it can byte by byte and leaves broken escapes alone, as many C programs do. */
const decodeLeniently = (path: string): string => {
  const bytes: number[] = []
  for (let i = 0; i < path.length; i++) {
    const hex = path.slice(i + 1, i + 3)
    if (path[i] === '%' && /^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      i += 2
    } else bytes.push(...Buffer.from(path[i] ?? '', 'utf8'))
  }
  return Buffer.from(bytes).toString('utf8')
}

const perSegment = (path: string, change: (segment: string) => string): string =>
  path.split('/').map(change).join('/')

/** Resolves dot segments on a stack (RFC 3986 §5.2.4, empty segments kept). */
const resolveDots = (path: string): string => {
  const out: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') out.pop()
    else if (segment !== '.') out.push(segment)
  }
  return `/${out.join('/')}`
}

const dropTail = (segment: string, isTail: (char: string) => boolean): string => {
  const chars = [...segment]
  while (chars.length > 0 && isTail(chars.at(-1) ?? '')) chars.pop()
  return chars.join('')
}

/** The readings of BYPASSES class 1, singly; tests compose them. */
export const pathModels: readonly PathModel[] = [
  { name: 'lower-casing', read: (path) => path.toLowerCase() },
  { name: 'upper-then-lower', read: (path) => path.toUpperCase().toLowerCase() },
  { name: 'decoding', read: decode },
  { name: 'decoding leniently', read: decodeLeniently },
  {
    name: 'matrix parameters stripped',
    read: (path) => perSegment(path, (segment) => segment.split(';')[0] ?? ''),
  },
  {
    name: 'slashes merged',
    read: (path) => [...path].filter((char, i, all) => char !== '/' || all[i - 1] !== '/').join(''),
  },
  { name: 'dots resolved', read: resolveDots },
  { name: 'backslashes folded', read: (path) => path.replaceAll('\\', '/') },
  {
    name: 'trailing dots stripped',
    read: (path) => perSegment(path, (segment) => dropTail(segment, (char) => char === '.')),
  },
  {
    name: 'trailing dots and spaces stripped',
    read: (path) => perSegment(path, (segment) => dropTail(segment, (char) => char === '.' || char === ' ')),
  },
  { name: 'cut at a mark', read: (path) => path.split(/[?#]/, 1)[0] ?? '' },
  {
    name: 'URL relative to a base',
    read: (path) => {
      try {
        return new URL(path, 'http://base.example').pathname
      } catch {
        return null
      }
    },
  },
  { name: 'cut at NUL', read: (path) => path.split('\0', 1)[0] ?? '' },
]

/** How often a model decodes: back ends that decode three times are outside the promise. */
export const decodings = (models: readonly PathModel[]): number =>
  models.filter((model) => model.name.startsWith('decoding')).length

/** The path with what a URL parser escapes escaped, hex digits in one case: readings are compared up to that. */
export const escapeAsUrl = (path: string): string => {
  const url = new URL('http://base.example')
  url.pathname = path
  return url.pathname.replace(/%[0-9a-f]{2}/gi, (hex) => hex.toUpperCase())
}
