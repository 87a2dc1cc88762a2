/**
 * Which practice a request is about (SPEC §3): host, path prefix, the application's cookie or header, its word on the
 * person, the only membership.
 *
 * It asks nobody and decides nothing. Invariant: a value that the client carries counts only where the user is a
 * member and parsers cannot differ about it; whatever is conflicting or unresolved widens the question to *every*
 * membership, never narrows it. Taking the first membership was refused: the wrong chart would open.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { UpstreamConfig } from '../runtime/config.ts'
import { type CookieReading, readCookie } from './cookies.ts'
import type { RawHeaders } from './exchange.ts'
import { foldName } from './headers.ts'

/** What a request says of its practice. Empty sets say nothing. */
export type PracticeSources = {
  /** Practices that host, path (under every reading) and configuration name. */
  readonly placed: readonly PracticeId[]
  /** What cookie, header and the application's word name together; `null`: none of them names any. */
  readonly carried: string | null
  /** One of them could be read two ways, or two of them differ. */
  readonly doubtful: boolean
}

/**
 * What a request says of its practice apart from its place. `claimed`: by the application's word; `cookie`: what its cookie
 * says, where that was read before.
 */
export type PracticeWords = {
  readonly headers: RawHeaders
  readonly claimed: string | null
  readonly cookie?: CookieReading | undefined
}

/** The practices to ask. `resolved`: exactly one, by a source that counts or the only membership. */
export type PracticeScope = { readonly practices: readonly PracticeId[]; readonly resolved: boolean }

const firstSegment = (path: string): string => {
  const end = path.indexOf('/', 1)
  return path.slice(1, end < 0 ? undefined : end)
}

/** Whether the application's word names the practice that people are in. */
export const isClaimed = ({ identity }: UpstreamConfig): boolean =>
  (identity?.introspection?.currentPractice ?? identity?.jwt?.currentPractice ?? null) !== null

const nowhere: readonly PracticeId[] = []

const nothingSaid: CookieReading = { value: null, doubtful: false }

/** The header's only value. Twice, spelled otherwise or named by `Connection`, it may be another one to the application. */
function readHeader(headers: RawHeaders, name: string): CookieReading {
  const wanted = name.toLowerCase()
  const folded = foldName(wanted)
  let value: string | null = null
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const lower = (headers[i] ?? '').toLowerCase()
    const text = headers[i + 1] ?? ''
    if (
      lower === 'connection' &&
      text
        .toLowerCase()
        .split(/[\s,]+/)
        .includes(wanted)
    )
      return { value: null, doubtful: true }
    if (foldName(lower) !== folded) continue
    if (lower !== wanted || value !== null) return { value: null, doubtful: true }
    value = text
  }
  return value === null || value === '' ? nothingSaid : { value, doubtful: false }
}

/** What cookie, header and word come to: one value, or a doubt. */
function togetherSaid(readings: readonly CookieReading[]): CookieReading {
  const values = new Set(readings.flatMap(({ value }) => value ?? []))
  const [value = null] = values
  return { value, doubtful: values.size > 1 || readings.some(({ doubtful }) => doubtful) }
}

/** Whether a request says nothing of its practice but by its host and cookies, as far as configuration listens. */
export const isByHostAlone = ({ pathPrefixes, header }: UpstreamConfig['practice']): boolean =>
  header === null && Object.keys(pathPrefixes).length === 0

const withoutPort = (host: string): string => (host.includes(':') ? host.replace(/:\d*$/, '') : host)

/** What host, path and configuration name. `host` in lower case. */
function placedBy(
  { hosts, pathPrefixes, fixed }: UpstreamConfig['practice'],
  host: string,
  readings: readonly string[],
): readonly PracticeId[] {
  const placed: PracticeId[] = []
  const add = (practice: PracticeId | null | undefined): void => {
    if (practice != null && !placed.includes(practice)) placed.push(practice)
  }
  const name = withoutPort(host)
  if (Object.hasOwn(hosts, name)) add(hosts[name])
  for (const reading of readings) {
    const segment = firstSegment(reading)
    if (Object.hasOwn(pathPrefixes, segment)) add(pathPrefixes[segment])
  }
  add(fixed)
  return placed.length === 0 ? nowhere : placed
}

/** What the practice's cookie says in these `Cookie` headers; nothing where there is no such cookie. */
export const practiceCookie = (
  { cookie }: UpstreamConfig['practice'],
  lines: readonly string[],
): CookieReading => (cookie === null ? nothingSaid : readCookie(lines, cookie.name))

/** The sources of one request. `host` in lower case; `lines`: its `Cookie` headers. */
export function practiceSources(
  config: UpstreamConfig['practice'],
  host: string,
  readings: readonly string[],
  lines: readonly string[],
  words: PracticeWords,
): PracticeSources {
  const read = words.cookie ?? practiceCookie(config, lines)
  const cookie = read.value === '' ? { ...read, value: null } : read
  const header = config.header === null ? nothingSaid : readHeader(words.headers, config.header.name)
  const said =
    header === nothingSaid && words.claimed === null
      ? cookie
      : togetherSaid([cookie, header, { value: words.claimed, doubtful: false }])
  return { placed: placedBy(config, host, readings), carried: said.value, doubtful: said.doubtful }
}

const isSameList = (some: readonly string[], others: readonly string[]): boolean =>
  some === others || (some.length === others.length && some.every((one, at) => one === others[at]))

/** Whether both say the very same. */
export const saySame = (one: PracticeSources, other: PracticeSources): boolean =>
  one === other ||
  (one.carried === other.carried && one.doubtful === other.doubtful && isSameList(one.placed, other.placed))

/** Whether the sources contradict each other, or themselves. */
export const areConflicting = ({ placed, carried, doubtful }: PracticeSources): boolean =>
  placed.length > 1 || doubtful || (carried !== null && placed.length === 1 && carried !== placed[0])

/** The practices to ask for a user of these memberships. */
export function practiceScope(sources: PracticeSources, memberships: readonly PracticeId[]): PracticeScope {
  const { placed, carried } = sources
  const [place] = placed
  const counts = carried !== null && memberships.includes(carried)
  if (areConflicting(sources)) {
    // Asked of all: what is named besides must allow as well.
    return { practices: [...new Set([...memberships, ...placed])], resolved: false }
  }
  if (place !== undefined) return { practices: placed, resolved: true }
  if (counts) return { practices: [carried], resolved: true }
  return { practices: memberships, resolved: memberships.length === 1 && carried === null }
}
