/**
 * Which practice a request is about (SPEC §3): host, path prefix, the application's own cookie, the only membership.
 *
 * It asks nobody and decides nothing. Invariant: a value that the client carries counts only where the user is a
 * member and parsers cannot differ about it; whatever is conflicting or unresolved widens the question to *every*
 * membership, never narrows it. Taking the first membership was refused: the wrong chart would open.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { UpstreamConfig } from '../runtime/config.ts'
import { readCookie } from './cookies.ts'

/** What a request says of its practice. Empty sets say nothing. */
export type PracticeSources = {
  /** Practices that host, path (under every reading) and configuration name. */
  readonly placed: readonly PracticeId[]
  /** The authoritative cookie's value; `null`: none. */
  readonly carried: string | null
  /** The cookie could be read two ways. */
  readonly doubtful: boolean
}

/** The practices to ask. `resolved`: exactly one, by a source that counts or the only membership. */
export type PracticeScope = { readonly practices: readonly PracticeId[]; readonly resolved: boolean }

const firstSegment = (path: string): string => {
  const end = path.indexOf('/', 1)
  return path.slice(1, end < 0 ? undefined : end)
}

const nowhere: readonly PracticeId[] = []

/** The sources of one request. `host` without port, lower case. */
export function practiceSources(
  config: UpstreamConfig['practice'],
  host: string,
  readings: readonly string[],
  lines: readonly string[],
): PracticeSources {
  const placed = new Set<PracticeId>()
  const byHost = Object.hasOwn(config.hosts, host) ? config.hosts[host] : undefined
  if (byHost !== undefined) placed.add(byHost)
  for (const reading of readings) {
    const segment = firstSegment(reading)
    const byPath = Object.hasOwn(config.pathPrefixes, segment) ? config.pathPrefixes[segment] : undefined
    if (byPath !== undefined) placed.add(byPath)
  }
  if (config.fixed !== null) placed.add(config.fixed)
  const cookie = config.cookie === null ? null : readCookie(lines, config.cookie.name)
  return {
    placed: placed.size === 0 ? nowhere : [...placed],
    carried: cookie === null || cookie.value === '' ? null : cookie.value,
    doubtful: cookie?.doubtful === true,
  }
}

/** The practices to ask for a user of these memberships. */
export function practiceScope(sources: PracticeSources, memberships: readonly PracticeId[]): PracticeScope {
  const { placed, carried, doubtful } = sources
  const [place] = placed
  const counts = carried !== null && memberships.includes(carried)
  const agrees = carried === null || place === undefined || carried === place
  if (placed.length > 1 || doubtful || !agrees) {
    // Asked of all: what is named besides must allow as well.
    return { practices: [...new Set([...memberships, ...placed])], resolved: false }
  }
  if (place !== undefined) return { practices: placed, resolved: true }
  if (counts) return { practices: [carried], resolved: true }
  return { practices: memberships, resolved: memberships.length === 1 && carried === null }
}
