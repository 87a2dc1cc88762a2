/**
 * Header hygiene: which headers of a request go on to the application and which of its answer to the browser.
 *
 * It decides nothing and changes no value it lets pass. Invariant: no header that the application could take for
 * ours, for another method or path, for another client or for framing reaches it except as written here, in
 * whatever spelling and whatever `Connection` says. Only the engine adds framing. Patching the client's
 * `X-Forwarded-*` was refused: they are rebuilt from what is known.
 */
import type { Address } from '../policies/address.ts'
import {
  type CookieFilter,
  createCookieFilter,
  filterCookies,
  ownBeginnings,
  setsOwnCookie,
} from './cookie-names.ts'
import type { Changes, RawHeaders, ReadyHeaders } from './exchange.ts'
import { ownText } from './own-text.ts'

/** What is known of a request apart from its headers. */
export type RequestFacts = {
  readonly client: Address
  /** The judged host, lower case, with its port as sent. */
  readonly host: string
  readonly secure: boolean
  /** The application's cookies that are judged by: other spellings of their names are removed. */
  readonly credentials: readonly string[]
  /** Folded names of headers in which an identity proxy names people: none goes on. Absent: none. */
  readonly vouching?: ReadonlySet<string>
  /** The answer is read by the judge, so it must not be compressed. */
  readonly observed: boolean
}

/** Hygiene of one gateway. Pure functions; lists are `[name, value, …]`. */
export type HeaderRules = {
  /** The headers of the forwarded request, `host` first, without any framing but `Content-Length`. */
  forRequest(headers: RawHeaders, facts: RequestFacts, changes: Changes): string[]
  /** The headers of the answer as the browser gets them, without hop-by-hop; what is set comes last. */
  forResponse(
    headers: RawHeaders,
    status: number,
    changes: Pick<Changes, 'setCookies' | 'setResponse'>,
  ): string[]
}

/** What becomes of a request header; `claim`: its value is replaced by the client's address. */
type Fate = 'keep' | 'drop' | 'cookie' | 'claim' | 'encoding'

/** Meant for the next hop only (RFC 9110 §7.6.1), or answered by the engine itself. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
] as const

/** By which a back end would take another method, path or host than the one judged. */
const overrides = [
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-original-method',
  'x-rewrite-url',
] as const

/** Claims of the client's address; present ones are overwritten, so that an application behind a CDN keeps reading. */
const addressClaims = [
  'x-real-ip',
  'x-client-ip',
  'client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-cluster-client-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-originating-ip',
] as const

const overrideNames: ReadonlySet<string> = new Set(overrides)

const fates = new Map<string, Fate>([
  ...hopByHop.map((name) => [name, 'drop'] as const),
  ...overrides.map((name) => [name, 'drop'] as const),
  ...addressClaims.map((name) => [name, 'claim'] as const),
  ['forwarded', 'drop'],
  ['host', 'drop'],
  ['cookie', 'cookie'],
  ['accept-encoding', 'encoding'],
])

/** End-to-end names that another spelling must not imitate: what is judged by, and framing. */
const judgedNames = new Set(['authorization', 'content-length', 'content-type', 'content-encoding', 'origin'])

/** A header's name, in lower case, as CGI-like back ends fold it: every mark is the same mark. */
export const foldName = (lower: string): string => lower.replace(/[^a-z0-9]/g, '-')

const isOurs = (folded: string): boolean => /^x-(?:gatehouse|forwarded)(?:-|$)/.test(folded)

/**
 * Whether a back end could take another method, path, person or framing from a header of this name than was judged.
 * `forRequest` leaves these out; where another proxy forwards the headers, such a request must not pass at all.
 */
export const isMisleading = (name: string): boolean => {
  const lower = name.toLowerCase()
  const folded = foldName(lower)
  if (overrideNames.has(folded)) return true
  return lower !== folded && (isOurs(folded) || fates.has(folded) || judgedNames.has(folded))
}

const findFate = (name: string): Fate => {
  const lower = name.toLowerCase()
  const folded = foldName(lower)
  if (isOurs(folded)) return 'drop'
  const fate = fates.get(folded)
  // `Content_Length` is nothing to us and a length to others: only the proper spelling passes.
  if (lower !== folded && (fate !== undefined || judgedNames.has(folded)))
    return fate === 'claim' ? fate : 'drop'
  return fate ?? 'keep'
}

/** Fates by name as spelled; bounded, since clients choose names. */
const fateCache = new Map<string, Fate>()
const fateCacheMax = 2_048

const fateOf = (name: string): Fate => {
  const known = fateCache.get(name)
  if (known !== undefined) return known
  if (fateCache.size >= fateCacheMax) fateCache.clear()
  const fate = findFate(name)
  // Long names would make the cache large, and are nobody's.
  if (name.length <= 64) fateCache.set(name, fate)
  return fate
}

/** What `Connection` may not remove: removing it would change what was judged, or how the body is read. */
const isEndToEnd = (lower: string): boolean =>
  /^(?:host|cookie|set-cookie|authorization|www-authenticate|origin|referer|location|cache-control|content-.*|accept.*|sec-.*)$/.test(
    lower,
  )

const nothing: ReadonlySet<string> = new Set()

/** The header names that `Connection` lists, lower case, except those it may not remove. */
const connectionNames = (headers: RawHeaders): ReadonlySet<string> => {
  let named: Set<string> | null = null
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const token of (headers[i + 1] ?? '').toLowerCase().split(',')) {
      const text = token.trim()
      if (text === '' || text === 'close' || text === 'keep-alive' || text === 'upgrade') continue
      if (isEndToEnd(text)) continue
      named ??= new Set()
      named.add(text)
    }
  }
  return named ?? nothing
}

const hostPort = (host: string, secure: boolean): string => {
  const port = host.includes(':') ? /:(\d{1,5})$/.exec(host)?.[1] : undefined
  return port ?? (secure ? '443' : '80')
}

/** `X-Forwarded-*` and `Forwarded` (RFC 7239) as the gateway knows them: one hop, the client as judged. */
const forwardedHeaders = (facts: RequestFacts): readonly string[] => {
  const { client, host, secure } = facts
  const proto = secure ? 'https' : 'http'
  const node = client.family === 6 ? `"[${client.text}]"` : client.text
  return [
    'X-Forwarded-For',
    client.text,
    'X-Forwarded-Proto',
    proto,
    'X-Forwarded-Host',
    host,
    'X-Forwarded-Port',
    hostPort(host, secure),
    'Forwarded',
    `for=${node};host="${host}";proto=${proto}`,
  ]
}

/** Header text as bytes-in-latin1: names of people are UTF-8 on the wire. */
const wireText = (value: string): string =>
  /^[\t\x20-\x7e]*$/.test(value) ? value : Buffer.from(value, 'utf8').toString('latin1')

const foldedNames = (list: RawHeaders): ReadonlySet<string> => {
  if (list.length === 0) return nothing
  const names = new Set<string>()
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    // Those that never pass anyway need no second look.
    if (fateOf(name) !== 'drop') names.add(foldName(name.toLowerCase()))
  }
  return names
}

/** What is to be set, as it goes on. */
const readyHeaders = (setRequest: RawHeaders): ReadyHeaders => {
  const own: string[] = []
  let cookie: string | null = null
  for (let i = 0; i < setRequest.length; i += 2) {
    const name = setRequest[i] ?? ''
    const value = setRequest[i + 1] ?? ''
    if (name.toLowerCase() === 'cookie') cookie = value
    // An empty one would be a malformed credential: it means none.
    else if (name !== 'authorization' || value !== '') own.push(name, wireText(value))
  }
  return { of: setRequest, replaced: foldedNames(setRequest), cookie, own, last: null }
}

/** These changes, for requests without number: what is to be set is made once. */
export const readyChanges = (changes: Changes): Changes => ({
  ...changes,
  ready: readyHeaders(changes.setRequest),
})

/** What of `forRequest`'s list stands last and comes again with every request of these changes, as one and the same list. */
export const tailOf = ({ setRequest, ready }: Changes): RawHeaders | undefined =>
  ready?.of === setRequest ? ready.own : undefined

/** Changes are copied and altered on their way: what was made of another list is not meant. */
const readyOf = ({ setRequest, ready }: Changes): ReadyHeaders =>
  ready?.of === setRequest ? ready : readyHeaders(setRequest)

/** What becomes of an answer's headers; `companions`: the beginnings of our own cookies' names. */
const createForResponse =
  (companions: ReturnType<typeof ownBeginnings>): HeaderRules['forResponse'] =>
  (headers, status, { setCookies, setResponse }) => {
    const out: string[] = []
    const named = connectionNames(headers)
    const replaced = setResponse === undefined ? nothing : foldedNames(setResponse)
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? ''
      const value = headers[i + 1] ?? ''
      const lower = name.toLowerCase()
      if (responseDropped.has(lower) || (named.size > 0 && named.has(lower))) continue
      if (lower === 'set-cookie' && setsOwnCookie(value, companions)) continue
      if (lower === 'content-length' && status === 204) continue
      if (replaced.size > 0 && (replaced.has(lower) || lower === 'expires')) continue
      // A session's cookie must not lie in a cache that the application filled.
      if (setCookies.length > 0 && (lower === 'cache-control' || lower === 'expires')) continue
      out.push(name, value)
    }
    if (setResponse !== undefined) out.push(...setResponse)
    else if (setCookies.length > 0) out.push('Cache-Control', 'no-store')
    for (const cookie of setCookies) out.push('Set-Cookie', cookie)
    return out
  }

/** The rules of a gateway with this companion cookie; every spelling of what begins with its name is its own. */
export const createHeaderRules = (companionName: string): HeaderRules => {
  const companions = ownBeginnings(companionName)

  /** Most requests drop nothing: one filter per application, by the identity of its configured list. */
  const usual = new WeakMap<readonly string[], CookieFilter>()
  const filterOf = (credentials: readonly string[], dropped: readonly string[]): CookieFilter => {
    if (dropped.length > 0) return createCookieFilter(companions, dropped, credentials)
    const known = usual.get(credentials) ?? createCookieFilter(companions, [], credentials)
    usual.set(credentials, known)
    return known
  }

  /** What goes on of the client's cookies; read once where the same come again with the same changes. */
  const cookieOf = (
    cookies: readonly string[],
    { credentials }: RequestFacts,
    { dropCookies }: Changes,
    ready: ReadyHeaders,
  ): string => {
    if (ready.cookie !== null) return filterCookies([ready.cookie], filterOf(credentials, dropCookies))
    const [line] = cookies
    if (line === undefined) return ''
    if (cookies.length > 1 || dropCookies.length > 0)
      return filterCookies(cookies, filterOf(credentials, dropCookies))
    const { last } = ready
    if (last?.credentials === credentials && last.line === line) return last.cookie
    const cookie = filterCookies(cookies, filterOf(credentials, dropCookies))
    if (ready.own.length > 0) ready.last = { credentials, line: ownText(line), cookie }
    return cookie
  }

  const forRequest: HeaderRules['forRequest'] = (headers, facts, changes) => {
    const out: string[] = ['Host', facts.host]
    const named = connectionNames(headers)
    const ready = readyOf(changes)
    const { replaced } = ready
    const cookies: string[] = []
    const { vouching = nothing } = facts
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? ''
      const value = headers[i + 1] ?? ''
      const fate = fateOf(name)
      if (fate === 'drop' || (vouching.size > 0 && vouching.has(foldName(name.toLowerCase())))) continue
      if (fate === 'cookie') cookies.push(value)
      else if (named.size > 0 && named.has(name.toLowerCase())) continue
      else if (replaced.size > 0 && replaced.has(foldName(name.toLowerCase()))) continue
      else if (fate === 'claim') out.push(name, facts.client.text)
      else if (fate === 'encoding' && facts.observed) continue
      else out.push(name, value)
    }
    const cookie = cookieOf(cookies, facts, changes, ready)
    if (cookie !== '') out.push('Cookie', cookie)
    if (facts.observed) out.push('Accept-Encoding', 'identity')
    out.push(...forwardedHeaders(facts), ...ready.own)
    return out
  }

  return { forRequest, forResponse: createForResponse(companions) }
}

/**
 * Hop-by-hop; `Alt-Svc`, which would show browsers a way around the gateway; and what only the gateway says
 * (`support-header.ts`).
 */
const responseDropped: ReadonlySet<string> = new Set([...hopByHop, 'alt-svc', 'x-gatehouse-decision'])
