/**
 * The route table: which class, step-up group and permissions a method, host and path ask for.
 *
 * It is configuration of an upstream, never practice policy, and never keyed on a header. What no pattern
 * matches is `staff` and unmapped. Patterns are segments, `:param`, `*` (one segment) and a final `**`; matching
 * walks a tree of segments, and user-written regular expressions are refused. Invariant: of the rules that
 * match a request one is the most specific, whatever their order; where that cannot be said, the table is refused.
 */
import type { PermissionId } from './access-request.ts'
import { unknownPermission } from './permissions.ts'
import { type Problem, pathText } from './problem.ts'
import { ambiguities } from './route-ambiguity.ts'
import {
  hasOtherReading,
  matchesMethod,
  parsePattern,
  type RoutePattern,
  readLoosely,
} from './route-pattern.ts'

/** A route's id: `OWNER METHODS PATH` as written in configuration, or `OWNER unmapped`. Stable and loggable. */
export type RouteId = string

/** Route classes of SPEC §1. */
export type RouteClass = 'public' | 'staff' | 'picker' | 'background' | 'login' | 'logout'

/** What a route asks for. `permissions: null`: nothing mapped. */
export type RouteRequirement = {
  readonly id: RouteId
  readonly class: RouteClass
  readonly stepUp: string | null
  readonly permissions:
    | { readonly any: readonly PermissionId[] }
    | { readonly all: readonly PermissionId[] }
    | null
  readonly mapped: boolean
  /** For the unmapped route: passed and counted, or refused (`route-unmapped`). `null` where mapped. */
  readonly unmapped: 'report' | 'deny' | null
  /** Whether odd but real paths are forwarded under every reading, or refused (DESIGN §4.2). */
  readonly paths: 'lenient' | 'strict'
}

/** A route as configuration writes it. */
export type RouteRule = {
  /**
   * `METHODS [HOST]PATH`: methods upper-case, comma-separated, or `*`; an optional exact host; a path pattern
   * that starts with `/`. Examples: `GET /schedule`, `POST,PUT /api/settings`, `* book.example.com/**`.
   * `GET` covers `HEAD`; a trailing slash means nothing; `/a/**` covers `/a` too.
   */
  readonly match: string
  readonly class?: RouteClass | undefined
  readonly stepUp?: string | undefined
  readonly any?: readonly PermissionId[] | undefined
  readonly all?: readonly PermissionId[] | undefined
  readonly paths?: 'lenient' | 'strict' | undefined
}

/** A compiled table. Immutable. */
export type RouteTable = {
  /**
   * What the request asks for; the unmapped requirement where no rule matches. `host` may carry a port, `path` is
   * one reading of the path without query. Linear in the path's length, 0.3–0.6 µs.
   */
  find(method: string, host: string, path: string): RouteRequirement
  /**
   * What a back end that ignores capitals, or decodes before it matches, would find besides: the most specific of the
   * rules written with capitals or escapes, read without them; `null` where none matches. For a `path` in lower case. Count it in only where it asks
   * for something: to the others the path may well be another one.
   */
  findFolded(method: string, host: string, path: string): RouteRequirement | null
  /** Every requirement by id, the unmapped one included. */
  readonly requirements: ReadonlyMap<RouteId, RouteRequirement>
}

/** A node of the tree: what follows after the segments so far. */
type Node = {
  readonly fixed: Map<string, Node>
  any: Node | null
  /** Rules that end here, the smallest method set first. */
  here: Leaf[]
  /** Rules that end in `**` here. */
  rest: Leaf[]
}
type Leaf = { readonly pattern: RoutePattern; readonly requirement: RouteRequirement }

const emptyNode = (): Node => ({ fixed: new Map(), any: null, here: [], rest: [] })

const insert = (root: Node, leaf: Leaf): void => {
  let node = root
  for (const segment of leaf.pattern.segments) {
    if (segment === null) {
      node.any ??= emptyNode()
      node = node.any
    } else {
      const next = node.fixed.get(segment) ?? emptyNode()
      node.fixed.set(segment, next)
      node = next
    }
  }
  const list = leaf.pattern.rest ? node.rest : node.here
  list.push(leaf)
  const size = (of: Leaf): number => of.pattern.methods?.size ?? Number.MAX_SAFE_INTEGER
  list.sort((a, b) => size(a) - size(b))
}

const firstOf = (leaves: readonly Leaf[], method: string): RouteRequirement | null => {
  for (const leaf of leaves) if (matchesMethod(leaf.pattern, method)) return leaf.requirement
  return null
}

/** Fixed before any before rest: the first hit is the most specific, since overlaps are nested or refused. */
const search = (node: Node, method: string, path: string, start: number): RouteRequirement | null => {
  if (start > path.length) return firstOf(node.here, method) ?? firstOf(node.rest, method)
  const slash = path.indexOf('/', start)
  const end = slash === -1 ? path.length : slash
  const fixed = node.fixed.get(path.slice(start, end))
  const deeper = fixed === undefined ? null : search(fixed, method, path, end + 1)
  if (deeper !== null) return deeper
  const wild = node.any === null || end === start ? null : search(node.any, method, path, end + 1)
  return wild ?? firstOf(node.rest, method)
}

const hostName = (host: string): string => host.replace(/:\d*$/, '').toLowerCase()

/** Classes that no staff control guards, so that nothing may be asked on them. */
const unguarded: ReadonlySet<RouteClass> = new Set(['public', 'login', 'logout', 'picker'])

const permissionsOf = (rule: RouteRule): RouteRequirement['permissions'] => {
  if (rule.any !== undefined) return { any: [...rule.any] }
  return rule.all === undefined ? null : { all: [...rule.all] }
}

/** What is wrong with a rule apart from its pattern. */
const ruleProblems = (rule: RouteRule, index: number): readonly Problem[] => {
  const problems: Problem[] = []
  const add = (key: string, sentence: string, at?: number): void => {
    const path = ['routes', index, key, ...(at === undefined ? [] : [at])]
    problems.push({ path: pathText(path), sentence })
  }
  if (rule.any !== undefined && rule.all !== undefined) add('all', `${rule.match}: give either any or all`)
  for (const key of ['any', 'all'] as const) {
    if (rule[key]?.length === 0) add(key, `${rule.match}: an empty list would mean nobody; name a permission`)
    rule[key]?.forEach((permission, at) => {
      const sentence = unknownPermission(permission)
      if (sentence !== null) add(key, sentence, at)
    })
  }
  const kind = rule.class ?? 'staff'
  if (unguarded.has(kind) && (permissionsOf(rule) !== null || rule.stepUp !== undefined)) {
    add('class', `${rule.match}: a ${kind} route asks for no permission and no step-up; make it staff`)
  }
  return problems
}

const requirementOf = (owner: string, rule: RouteRule): RouteRequirement => ({
  id: `${owner} ${rule.match}`,
  class: rule.class ?? 'staff',
  stepUp: rule.stepUp ?? null,
  permissions: permissionsOf(rule),
  mapped: true,
  unmapped: null,
  paths: rule.paths ?? 'lenient',
})

/** The requirement of whatever no rule matches: all staff controls, no permission. */
const unmappedRequirement = (owner: string, unmapped: 'report' | 'deny'): RouteRequirement => ({
  id: `${owner} unmapped`,
  class: 'staff',
  stepUp: null,
  permissions: null,
  mapped: false,
  unmapped,
  paths: 'lenient',
})

type Find = (method: string, host: string, path: string) => RouteRequirement | null

/** The most specific of these leaves: those of the very host first. */
const findIn = (leaves: readonly Leaf[]): Find => {
  if (leaves.length === 0) return () => null
  const anyHost = emptyNode()
  const byHost = new Map<string, Node>()
  for (const leaf of leaves) {
    const { host } = leaf.pattern
    const root = host === null ? anyHost : (byHost.get(host) ?? emptyNode())
    if (host !== null) byHost.set(host, root)
    insert(root, leaf)
  }
  return (method, host, path) => {
    if (!path.startsWith('/')) return null
    // A trailing slash is dropped: most back ends serve the same page for both.
    const trimmed = path.endsWith('/') ? path.slice(0, -1) : path
    const own = byHost.size === 0 ? undefined : byHost.get(hostName(host))
    const found = own === undefined ? null : search(own, method, trimmed, 1)
    return found ?? search(anyHost, method, trimmed, 1)
  }
}

const tableOf = (leaves: readonly Leaf[], otherwise: RouteRequirement): RouteTable => {
  const requirements = new Map(
    [...leaves.map((leaf) => leaf.requirement), otherwise].map((of) => [of.id, of]),
  )
  const findWritten = findIn(leaves)
  const findFolded = findIn(
    leaves.flatMap(({ pattern, requirement }) => {
      return hasOtherReading(pattern) ? [{ pattern: readLoosely(pattern), requirement }] : []
    }),
  )
  return {
    find: (method, host, path) => findWritten(method, host, path) ?? otherwise,
    findFolded,
    requirements,
  }
}

/** Rules with capitals or escapes that are the same or cross without them: which one a back end means cannot be said. */
const foldedAmbiguities = (patterns: readonly (RoutePattern | null)[]): ReturnType<typeof ambiguities> =>
  ambiguities(patterns.map((of) => (of !== null && hasOtherReading(of) ? readLoosely(of) : null)))

/**
 * The table of one upstream (`owner`: its id), or every Problem with paths like `routes[3].match`: a malformed
 * pattern, an unknown permission, a contradiction, or two rules of which neither is more specific.
 */
export const parseRoutes = (
  owner: string,
  rules: readonly RouteRule[],
  unmapped: 'report' | 'deny' = 'report',
):
  | { readonly ok: true; readonly table: RouteTable }
  | { readonly ok: false; readonly problems: readonly Problem[] } => {
  const problems: Problem[] = []
  const patterns: (RoutePattern | null)[] = []
  rules.forEach((rule, index) => {
    const parsed = parsePattern(rule.match)
    patterns.push(typeof parsed === 'string' ? null : parsed)
    if (typeof parsed === 'string')
      problems.push({ path: pathText(['routes', index, 'match']), sentence: parsed })
    problems.push(...ruleProblems(rule, index))
  })
  for (const { first, second, sentence } of ambiguities(patterns)) {
    const named = `${rules[second]?.match} and ${rules[first]?.match}: ${sentence}`
    problems.push({ path: pathText(['routes', second, 'match']), sentence: named })
  }
  if (problems.length === 0) {
    for (const { first, second, sentence } of foldedAmbiguities(patterns)) {
      const named = `${rules[second]?.match} and ${rules[first]?.match}: without capitals and escapes ${sentence}`
      problems.push({ path: pathText(['routes', second, 'match']), sentence: named })
    }
  }
  if (problems.length > 0) return { ok: false, problems }
  const leaves: Leaf[] = []
  rules.forEach((rule, index) => {
    const pattern = patterns[index]
    if (pattern) leaves.push({ pattern, requirement: requirementOf(owner, rule) })
  })
  return { ok: true, table: tableOf(leaves, unmappedRequirement(owner, unmapped)) }
}
