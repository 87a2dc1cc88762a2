/**
 * One route pattern: its methods, host and path, and how two of them relate.
 *
 * It is not the table (`routes.ts`) and does not search. A pattern is a list of segments, `null` where any one
 * segment fits, and perhaps a rest. Invariant: `relate` is exact: it says how the sets of matched paths lie to
 * each other, not how the texts look. Globs inside a segment were refused: their overlaps are hard to see.
 */

/** A parsed `METHODS [HOST]PATH`. */
export type RoutePattern = {
  /** `null`: every method. `GET` brings `HEAD`. */
  readonly methods: ReadonlySet<string> | null
  /** Lower case, no port; `null`: any host. */
  readonly host: string | null
  /** `null`: any one non-empty segment. */
  readonly segments: readonly (string | null)[]
  /** Ends in `**`: zero or more segments follow. */
  readonly rest: boolean
}

/** How two sets lie: equal, the first inside the second, the second inside the first, overlapping, apart. */
export type Relation = 'equal' | 'inside' | 'around' | 'across' | 'apart'

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/
const methodPattern = /^[A-Z][A-Z-]{0,31}$/
/** RFC 3986 path characters without `*`, and `:` not in front, which speak here; percent escapes stay as written. */
const fixedPattern = /^(?!:)(?:[A-Za-z0-9\-._~!$&'()+,;=@:]|%[0-9A-Fa-f]{2})+$/
const paramPattern = /^:[A-Za-z_][A-Za-z0-9_]{0,63}$/
const segmentsMax = 32

const parseMethods = (text: string): ReadonlySet<string> | null | string => {
  if (text === '*') return null
  const methods = text.split(',')
  const wrong = methods.find((method) => !methodPattern.test(method))
  if (wrong !== undefined) return `"${wrong}" is not a method; write upper case, commas and no spaces, or *`
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)
}

const parseSegments = (path: string): Pick<RoutePattern, 'segments' | 'rest'> | string => {
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path
  const parts = trimmed === '' ? [] : trimmed.slice(1).split('/')
  const rest = parts.at(-1) === '**'
  const written = rest ? parts.slice(0, -1) : parts
  if (written.length > segmentsMax) return `${path} has more than ${segmentsMax} segments`
  const segments: (string | null)[] = []
  for (const part of written) {
    if (part === '*' || paramPattern.test(part)) segments.push(null)
    else if (part === '**') return `${path}: ** may only stand at the end`
    else if (part === '.' || part === '..') return `${path}: dot segments never reach the table`
    else if (fixedPattern.test(part)) segments.push(part)
    else
      return `${path}: "${part}" is not a segment; write plain text, :name, * for one segment or ** at the end`
  }
  return { segments, rest }
}

/** The pattern, or a sentence that says what is wrong with it. */
export const parsePattern = (match: string): RoutePattern | string => {
  const parts = match.split(' ')
  const [methodsText = '', target = ''] = parts
  const slash = target.indexOf('/')
  if (parts.length !== 2 || slash === -1) return `"${match}" should read METHODS PATH, like GET /schedule`
  const methods = parseMethods(methodsText)
  if (typeof methods === 'string') return methods
  const host = slash === 0 ? null : target.slice(0, slash).toLowerCase()
  if (host !== null && !hostPattern.test(host)) return `"${host}" is not a host name (no port, no wildcard)`
  const path = parseSegments(target.slice(slash))
  return typeof path === 'string' ? path : { methods, host, ...path }
}

/** Whether the pattern's methods include this one. */
export const matchesMethod = (pattern: RoutePattern, method: string): boolean =>
  pattern.methods === null || pattern.methods.has(method)

/** A fixed segment without capitals and escapes; escapes that are not UTF-8 stay. */
const looseText = (segment: string): string => {
  try {
    return decodeURIComponent(segment).toLowerCase()
  } catch {
    return segment.toLowerCase()
  }
}

/** Whether a fixed segment has a capital letter or an escape. */
export const hasOtherReading = ({ segments }: RoutePattern): boolean =>
  segments.some((segment) => segment !== null && segment !== looseText(segment))

/** The pattern as a back end reads it that decodes first and ignores capitals: `/a%2FB` is `/a/b` to it. */
export const readLoosely = (pattern: RoutePattern): RoutePattern => ({
  ...pattern,
  segments: pattern.segments.flatMap((segment) =>
    segment === null ? [null] : looseText(segment).split('/'),
  ),
})

const relationOf = (inFirst: boolean, inSecond: boolean): Relation => {
  if (inFirst && inSecond) return 'equal'
  if (inFirst) return 'inside'
  return inSecond ? 'around' : 'across'
}

/** How the methods of two patterns lie. */
export const relateMethods = (first: RoutePattern, second: RoutePattern): Relation => {
  const [a, b] = [first.methods, second.methods]
  if (a === null || b === null) return relationOf(b === null, a === null)
  const shared = [...a].filter((method) => b.has(method)).length
  return shared === 0 ? 'apart' : relationOf(shared === a.size, shared === b.size)
}

/** How the paths of two patterns lie; hosts are not looked at. */
export const relatePaths = (first: RoutePattern, second: RoutePattern): Relation => {
  const [a, b] = [first.segments, second.segments]
  // Where one has ended without a rest, the other's further segments can never be.
  if (a.length > b.length && !second.rest) return 'apart'
  if (b.length > a.length && !first.rest) return 'apart'
  let inSecond = second.rest || (!first.rest && a.length === b.length)
  let inFirst = first.rest || (!second.rest && a.length === b.length)
  if (b.length > a.length) inSecond = false
  if (a.length > b.length) inFirst = false
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    if (a[i] === b[i]) continue
    if (a[i] !== null && b[i] !== null) return 'apart'
    // A fixed text lies inside "any", never the other way round.
    if (a[i] === null) inSecond = false
    else inFirst = false
  }
  return relationOf(inSecond, inFirst)
}

/** The paths that both match, as a pattern; only for patterns that are not apart. */
export const sharedPath = (
  first: RoutePattern,
  second: RoutePattern,
): Pick<RoutePattern, 'segments' | 'rest'> => {
  const length = Math.max(first.segments.length, second.segments.length)
  const segments: (string | null)[] = []
  for (let i = 0; i < length; i++) segments.push(first.segments[i] ?? second.segments[i] ?? null)
  return { segments, rest: first.rest && second.rest }
}
