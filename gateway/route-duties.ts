/**
 * What a request owes by its route: the requirements of every reading of its path, and whether a sign-in or sign-out
 * is to be watched.
 *
 * It decides nothing. Invariant: a path that back ends could read in several ways owes what *each* reading asks for;
 * a form that could become a PUT, PATCH or DELETE behind us owes what those ask for, where the table names them.
 * Judging only the raw path was refused: that is how such gateways are bypassed.
 */
import type { RouteId, RouteRequirement, RouteTable } from '../policies/routes.ts'
import type { IdentityConfig, UpstreamConfig } from '../runtime/config.ts'
import { compileRoutes } from '../runtime/upstream-routes.ts'
import type { Exchange } from './exchange.ts'
import { oddnessOf } from './target.ts'

/** How an observed sign-in shows. */
export type LoginRule = IdentityConfig['login'][number]

/** What one request owes. */
export type Duties = {
  /** Requirements with staff controls, raw reading first; empty: nobody is judged here. */
  readonly judged: readonly RouteRequirement[]
  /** Any membership suffices: all judged routes are for choosing a practice. */
  readonly picking: boolean
  /** Does not renew idle time. */
  readonly background: boolean
  readonly login: LoginRule | null
  readonly logout: boolean
  /** An odd path on a route that takes none, or one that is a sign-in to some readers only. */
  readonly refused: boolean
}

/** The routes of one upstream. */
export type RouteDuties = {
  find(exchange: Pick<Exchange, 'method' | 'host' | 'target'>): Duties
  /** The requirement that a sign-in is judged by: staff controls, no permission. */
  readonly signIn: RouteRequirement
  /** All requirements by id, that of `signIn` included: what snapshots are asked about. */
  readonly requirements: ReadonlyMap<RouteId, RouteRequirement>
  /** A path with each segment that no route names written as `:x`: patients' names and ids never leave. */
  template(path: string): string
}

const overriding = ['PUT', 'PATCH', 'DELETE'] as const

const isJudged = (requirement: RouteRequirement): boolean => {
  switch (requirement.class) {
    case 'staff':
    case 'picker':
    case 'background':
      return true
    case 'public':
    case 'login':
    case 'logout':
      return false
  }
}

/**
 * The requirements of all readings, without repetition; the raw reading's first. What a back end that ignores capitals
 * would find besides counts where it asks for something.
 */
function requirementsOf(
  table: RouteTable,
  method: string,
  host: string,
  readings: readonly string[],
): readonly RouteRequirement[] {
  const [raw = ''] = readings
  const first = table.find(method, host, raw)
  const folded = table.findFolded(method, host, raw)
  if (readings.length === 1 && folded === null) return [first]
  const all = new Map([[first.id, first]])
  for (const reading of readings) {
    const requirement = table.find(method, host, reading)
    all.set(requirement.id, requirement)
    const besides = table.findFolded(method, host, reading)
    if (besides !== null && isJudged(besides)) all.set(besides.id, besides)
  }
  return [...all.values()]
}

function withOverrides(
  table: RouteTable,
  host: string,
  readings: readonly string[],
  found: readonly RouteRequirement[],
): readonly RouteRequirement[] {
  const all = new Map(found.map((requirement) => [requirement.id, requirement]))
  for (const method of overriding)
    for (const requirement of requirementsOf(table, method, host, readings))
      if (requirement.mapped && isJudged(requirement)) all.set(requirement.id, requirement)
  return all.size === found.length ? found : [...all.values()]
}

const wordsOf = (upstream: UpstreamConfig): ReadonlySet<string> => {
  const words = new Set<string>()
  for (const { match } of upstream.routes)
    for (const segment of match.slice(match.indexOf('/')).split('/'))
      if (segment !== '' && !segment.startsWith(':') && !segment.startsWith('*')) words.add(segment)
  return words
}

/** The duties of an upstream's routes; throws on a table that configuration should have refused. */
export function createRouteDuties(upstream: UpstreamConfig): RouteDuties {
  const logins = upstream.identity?.login ?? []
  const parsed = compileRoutes(upstream)
  if (!parsed.ok)
    throw new Error(`routes of ${upstream.id}: ${parsed.problems.map(({ sentence }) => sentence).join('; ')}`)
  const { table } = parsed
  const loginById = new Map(logins.map((login) => [`${upstream.id} ${login.match}`, login]))
  const signIn: RouteRequirement = {
    id: `${upstream.id} sign-in`,
    class: 'staff',
    stepUp: null,
    permissions: null,
    mapped: true,
    unmapped: null,
    paths: 'lenient',
  }
  const words = wordsOf(upstream)
  const plain = new Map<string, Duties>()

  const dutiesOf = (found: readonly RouteRequirement[], oddPath: boolean): Duties => {
    const judged = found.filter(isJudged)
    const login = found.find((requirement) => requirement.class === 'login')
    const logout = found.some((requirement) => requirement.class === 'logout')
    return {
      judged,
      picking: judged.length > 0 && judged.every((requirement) => requirement.class === 'picker'),
      background: judged.length > 0 && judged.every((requirement) => requirement.class === 'background'),
      login: login === undefined ? null : (loginById.get(login.id) ?? null),
      logout: logout && judged.length === 0,
      refused:
        (oddPath && found.some((requirement) => requirement.paths === 'strict')) ||
        (login !== undefined && judged.length > 0),
    }
  }

  return {
    find({ method, host, target }) {
      const { readings } = target
      const found = requirementsOf(table, method, host, readings)
      const [only] = found
      if (method === 'POST' && upstream.methodOverride === 'form') {
        // A watched sign-in or sign-out stays one, whatever PUT means there.
        const watched = only !== undefined && (only.class === 'login' || only.class === 'logout')
        const all = watched && found.length === 1 ? found : withOverrides(table, host, readings, found)
        if (all.length > 1) return dutiesOf(all, oddnessOf(target) !== null)
      }
      if (found.length > 1 || only === undefined || readings.length > 1)
        return dutiesOf(found, oddnessOf(target) !== null)
      const known = plain.get(only.id) ?? dutiesOf(found, false)
      plain.set(only.id, known)
      return known
    },
    signIn,
    requirements: new Map([...table.requirements, [signIn.id, signIn]]),
    template: (path) =>
      path
        .split('/')
        .map((segment) => (segment === '' || words.has(segment) ? segment : ':x'))
        .join('/'),
  }
}
