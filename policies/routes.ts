/**
 * The route table: which class, step-up group and permissions a method, host and path ask for.
 *
 * It is configuration of an upstream, never practice policy, and never keyed on a header. What no pattern
 * matches is `staff` and unmapped. Patterns are segments, `:param`, `*` (one segment) and a final `**`;
 * matching is linear and user-written regular expressions are refused.
 */
import type { PermissionId } from './access-request.ts'

/** A route's id: the text it has in configuration (`METHOD[,METHOD] path`), or `unmapped`. Stable and loggable. */
export type RouteId = string

/** Route classes of SPEC §1. */
export type RouteClass = 'public' | 'staff' | 'picker' | 'background' | 'login' | 'logout'

/** What a route asks for. `permissions: null`: nothing mapped. */
export type RouteRequirement = {
  readonly id: RouteId
  readonly class: RouteClass
  readonly stepUp: string | null
  readonly permissions: { readonly any: readonly PermissionId[] } | { readonly all: readonly PermissionId[] } | null
  readonly mapped: boolean
}

/** A route as configuration writes it. */
export type RouteRule = {
  /**
   * `METHODS [HOST]PATH`: methods upper-case, comma-separated, or `*`; an optional exact host; a path pattern
   * that starts with `/`. Examples: `GET /schedule`, `POST,PUT /api/settings`, `* book.example.com/**`.
   */
  readonly match: string
  readonly class?: RouteClass | undefined
  readonly stepUp?: string | undefined
  readonly any?: readonly PermissionId[] | undefined
  readonly all?: readonly PermissionId[] | undefined
  readonly paths?: 'lenient' | 'strict' | undefined
}
