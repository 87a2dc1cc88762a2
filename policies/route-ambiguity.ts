/**
 * Finds pairs of route rules of which neither is more specific, though a request can match both.
 *
 * It is not a style check: nested rules in any order are fine. Host beats path beats methods. Invariant: a table
 * without findings has one most specific rule for every request, so the order of rules never matters. First-match
 * and left-to-right precedence were refused: both drop, silently, what the other rule asked for.
 */
import { type RoutePattern, relateMethods, relatePaths, sharedPath } from './route-pattern.ts'

/** Two rules by index, and what to do about them. */
export type Ambiguity = { readonly first: number; readonly second: number; readonly sentence: string }

const segmentText = (segment: string | null): string => (segment === null ? '*' : segment)

/** Whether `pattern` settles what `first` and `second` share: the same paths, at least the shared methods. */
const settles = (pattern: RoutePattern, first: RoutePattern, second: RoutePattern): boolean => {
  const shared = sharedPath(first, second)
  if (pattern.rest !== shared.rest || pattern.segments.length !== shared.segments.length) return false
  if (pattern.segments.some((segment, at) => segment !== shared.segments[at])) return false
  const { methods } = pattern
  if (methods === null) return true
  const either = first.methods ?? second.methods
  if (either === null) return false
  return [...either]
    .filter((method) => (first.methods?.has(method) ?? true) && (second.methods?.has(method) ?? true))
    .every((method) => methods.has(method))
}

const sentenceFor = (
  first: RoutePattern,
  second: RoutePattern,
  siblings: readonly RoutePattern[],
): string | null => {
  const methods = relateMethods(first, second)
  if (methods === 'apart') return null
  const paths = relatePaths(first, second)
  if (paths === 'equal' && methods === 'equal') return 'the same requests; remove one'
  if (paths === 'equal' && methods === 'across')
    return 'the same path and some of the same methods; split them'
  if (paths !== 'across' || siblings.some((pattern) => settles(pattern, first, second))) return null
  const shared = sharedPath(first, second)
  const path = `/${[...shared.segments.map(segmentText), ...(shared.rest ? ['**'] : [])].join('/')}`
  return `neither is more specific for ${path}; add a rule for exactly that path`
}

/** Every ambiguous pair; `null` patterns (malformed ones) are passed over. Quadratic: 2,000 rules take 0.1 s. */
export const ambiguities = (patterns: readonly (RoutePattern | null)[]): readonly Ambiguity[] => {
  const byHost = new Map<string | null, { readonly pattern: RoutePattern; readonly index: number }[]>()
  patterns.forEach((pattern, index) => {
    if (pattern === null) return
    const list = byHost.get(pattern.host) ?? []
    list.push({ pattern, index })
    byHost.set(pattern.host, list)
  })
  const found: Ambiguity[] = []
  for (const list of byHost.values()) {
    const siblings = list.map(({ pattern }) => pattern)
    for (const [at, second] of list.entries()) {
      for (const first of list.slice(0, at)) {
        // The cheap look first: most pairs part at their first segment.
        const [a, b] = [first.pattern.segments[0], second.pattern.segments[0]]
        if (typeof a === 'string' && typeof b === 'string' && a !== b) continue
        const sentence = sentenceFor(first.pattern, second.pattern, siblings)
        if (sentence !== null) found.push({ first: first.index, second: second.index, sentence })
      }
    }
  }
  return found
}
