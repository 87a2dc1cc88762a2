/**
 * The route table of one upstream as its configuration means it: its routes, and its sign-in and sign-out routes.
 *
 * The only place where the two are put together, so that the check at start-up and the table on the data path are
 * the same. What a route asks for is `policies/routes.ts`. Compiling on the request path was refused.
 */
import type { Problem } from '../policies/problem.ts'
import {
  parseRoutes,
  type RouteId,
  type RouteRequirement,
  type RouteRule,
  type RouteTable,
} from '../policies/routes.ts'
import type { UpstreamConfig } from './config.ts'

type Rule = { readonly path: string; readonly rule: RouteRule }

const rulesOf = (upstream: UpstreamConfig): readonly Rule[] => [
  ...upstream.routes.map((rule, at) => ({ path: `routes[${at}]`, rule })),
  ...(upstream.identity?.login ?? []).map(({ match }, at) => ({
    path: `identity.login[${at}]`,
    rule: { match, class: 'login' as const },
  })),
  ...(upstream.identity?.logout ?? []).map(({ match }, at) => ({
    path: `identity.logout[${at}]`,
    rule: { match, class: 'logout' as const },
  })),
]

/**
 * The table of an upstream; or every Problem, with paths within it (`routes[3].match`, `identity.login[0].match`).
 */
export function compileRoutes(
  upstream: UpstreamConfig,
):
  | { readonly ok: true; readonly table: RouteTable }
  | { readonly ok: false; readonly problems: readonly Problem[] } {
  const rules = rulesOf(upstream)
  const parsed = parseRoutes(
    upstream.id,
    rules.map(({ rule }) => rule),
    upstream.unmapped,
  )
  if (parsed.ok) return parsed
  const problems = parsed.problems.map(({ path, sentence }) => {
    const [, index = '', rest = ''] = /^routes\[(\d+)\](.*)$/.exec(path) ?? []
    return { path: `${rules[Number(index)]?.path ?? 'routes'}${rest}`, sentence }
  })
  return { ok: false, problems }
}

/** A rule's text as an application reads it that ignores capitals. */
const withoutCapitals = (match: string): string => {
  const at = match.indexOf('/')
  return (
    match.slice(0, at) + match.slice(at).replace(/(?<=\/)[^:*/][^/]*/g, (segment) => segment.toLowerCase())
  )
}

/**
 * Routes open to strangers that no stranger would get past: a path with capitals is also judged as one without, which is
 * staff where nothing names it.
 */
export const neverOpenProblems = (upstream: UpstreamConfig): readonly Problem[] => {
  const rules = rulesOf(upstream)
  const open = new Set(rules.map(({ rule }) => `${rule.class} ${rule.match}`))
  return rules.flatMap(({ path, rule: { class: kind, match } }) => {
    if (kind !== 'public' && kind !== 'login' && kind !== 'logout') return []
    const folded = withoutCapitals(match)
    if (open.has(`${kind} ${folded}`)) return []
    const sentence = `${match}: an application that ignores capitals reads ${folded} there, and what nothing names is for staff: add "${folded}" beside it, else nobody without a session gets there`
    return [{ path: `${path}.match`, sentence }]
  })
}

/** What every route of these upstreams asks for, by id. The configuration was checked: its routes compile. */
export const requirementsOf = (
  upstreams: readonly UpstreamConfig[],
): ReadonlyMap<RouteId, RouteRequirement> =>
  new Map(
    upstreams.flatMap((upstream) => {
      const compiled = compileRoutes(upstream)
      return compiled.ok ? [...compiled.table.requirements] : []
    }),
  )
