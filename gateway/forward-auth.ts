/**
 * Forward-auth: another proxy (nginx, Caddy, Traefik, Envoy) carries the traffic and asks here before each request.
 *
 * It decides nothing: it makes an exchange of what the proxy says and asks the one judge. It sees no answer of the
 * application, so that no sign-in is held here and no stream is cut. Invariant: only a listed peer with the
 * secret or certificate is heard, and each of its `X-Forwarded-*` counts only where it came exactly once; whatever is no permit of
 * the judge's is never answered with 2xx, which all these proxies take for one.
 */
import { randomBytes } from 'node:crypto'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import { Server as TlsServer } from 'node:tls'
import { parseAddress } from '../policies/address.ts'
import type { Instant } from '../policies/instant.ts'
import type { Limits, UpstreamConfig } from '../runtime/config.ts'
import type { Log } from '../runtime/log.ts'
import { forwardAuthTexts } from '../runtime/pages/texts-failures.ts'
import { sendWhole } from './answers.ts'
import { clientAddress, type TrustedProxies } from './client-address.ts'
import { clientKind } from './client-kind.ts'
import { createNodeAnswers } from './downstream-node.ts'
import type { Exchange, Judge, Judgement, RawHeaders, WholeResponse } from './exchange.ts'
import { type HeaderRules, isMisleading } from './headers.ts'
import type { ListenerTls } from './listener-tls.ts'
import { requestFacts } from './passage.ts'
import { provedNames } from './peer-certificate.ts'
import { createProxyProof, type ProxyDemand, type ProxyShown } from './proxy-proof.ts'
import { answerFailure, type Failure } from './refusal.ts'
import { checkHead } from './request-head.ts'
import type { RouteDuties } from './route-duties.ts'
import { parseTarget } from './target.ts'

/** What forward-auth needs. */
export type ForwardAuthParts = {
  readonly judge: Judge
  readonly limits: Limits
  readonly rules: HeaderRules
  /** The proxies that may ask, and what they must show. */
  readonly asks: ProxyDemand
  /** `null`: proxies ask in plain HTTP, and none can show a certificate. */
  readonly tls: ListenerTls | null
  /** Proxies in front of those, for `X-Forwarded-For`. */
  readonly trusts: TrustedProxies
  /** In which machines send their token; it comes here, and the proxy removes it. */
  readonly tokenHeader: string
  readonly duties: ReadonlyMap<string, RouteDuties>
  readonly lookUpstream: (host: string) => UpstreamConfig | null
  readonly log: Log
  readonly now: () => Instant
  refused(): void
}

/** The header with the secret; no request of a client may carry it past the proxy, which overwrites it. */
export const secretHeader = 'x-gatehouse-forward-auth'

/** Answered with every permit, so that a proxy overwrites whatever the client sent under these names. */
const identityNames = [
  'X-Gatehouse-User',
  'X-Gatehouse-Email',
  'X-Gatehouse-Roles',
  'X-Gatehouse-Practice',
  'X-Gatehouse-Permissions',
  'X-Gatehouse-Session',
  'X-Gatehouse-Assertion',
] as const

/**
 * How a proxy asks. `check`: it understands 200, 401 and 403 alone (nginx). `answer`: it asked before, was refused, and
 * now wants the page (nginx's error page). `forward`: it hands any refusal to the client as it is (Caddy, Traefik).
 * `envoy`: as `forward`, with method, path and host in place.
 */
type Dialect = 'check' | 'answer' | 'forward' | 'envoy'

const dialectOf = (url: string): Dialect | null => {
  switch (url.split('?', 1)[0]) {
    case '/check':
      return 'check'
    case '/answer':
      return 'answer'
    case '/forward':
      return 'forward'
    default:
      return url.startsWith('/envoy/') ? 'envoy' : null
  }
}

const valuesOf = (headers: RawHeaders, wanted: string): readonly string[] =>
  headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === wanted)

/** The only value of a header; `null`: none, or several. */
const onlyOne = (headers: RawHeaders, wanted: string): string | null => {
  const [value, ...others] = valuesOf(headers, wanted)
  return value === undefined || others.length > 0 ? null : value
}

/** Of the proxy's own connection to us, or its word: nothing of the client's request. */
const notTheClients =
  /^(?:host|connection|keep-alive|content-length|transfer-encoding|expect|upgrade|te|trailer|x-forwarded-.*|x-gatehouse-.*)$/

const clientHeaders = (headers: RawHeaders, host: string, tokenHeader: string): RawHeaders => {
  const kept: string[] = ['Host', host]
  const token = tokenHeader.toLowerCase()
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    if (name === token || !notTheClients.test(name)) kept.push(headers[i] ?? '', headers[i + 1] ?? '')
  }
  return kept
}

/** What the proxy says was asked; `null`: it does not say so exactly once. */
type Told = { readonly method: string; readonly uri: string; readonly host: string; readonly secure: boolean }

function toldBy({ method = '', url = '', rawHeaders }: IncomingMessage, dialect: Dialect): Told | null {
  const proto = onlyOne(rawHeaders, 'x-forwarded-proto')
  const told =
    dialect === 'envoy'
      ? { method, uri: url.slice('/envoy'.length), host: onlyOne(rawHeaders, 'host') }
      : {
          method: onlyOne(rawHeaders, 'x-forwarded-method'),
          uri: onlyOne(rawHeaders, 'x-forwarded-uri'),
          host: onlyOne(rawHeaders, 'x-forwarded-host'),
        }
  if (told.method === null || told.uri === null || told.host === null) return null
  if (!/^[A-Z]{1,20}$/.test(told.method) || (proto !== 'http' && proto !== 'https')) return null
  return { method: told.method, uri: told.uri, host: told.host.toLowerCase(), secure: proto === 'https' }
}

const notHeard: Failure = { status: 403, ...forwardAuthTexts.notHeard }
const notUnderstood: Failure = { status: 400, ...forwardAuthTexts.notUnderstood }
const misleading: Failure = { status: 403, ...forwardAuthTexts.misleading }
const notHere: Failure = { status: 403, ...forwardAuthTexts.notHere }
const unreadable = (status: Failure['status'], sentence: string): Failure => ({
  status,
  title: forwardAuthTexts.notUnderstood.title,
  sentence,
})

type Read =
  | { readonly ok: true; readonly exchange: Exchange }
  | { readonly ok: false; readonly failure: Failure }

/** The exchange that a proxy asks about, or why there is none. */
function readExchange(parts: ForwardAuthParts, request: IncomingMessage, told: Told, id: string): Read {
  const refused = (of: Failure): Read => ({ ok: false, failure: of })
  const headers = clientHeaders(request.rawHeaders, told.host, parts.tokenHeader)
  // In the path they are left out; here the proxy forwards the client's headers itself.
  if (request.rawHeaders.some((name, i) => i % 2 === 0 && isMisleading(name))) return refused(misleading)
  const head = checkHead({ method: told.method, target: told.uri, version: '1.1', headers }, parts.limits)
  if (!head.ok) return refused(unreadable(head.status, head.sentence))
  const upstream = parts.lookUpstream(told.host)
  if (upstream === null) return refused({ status: 404, ...forwardAuthTexts.noSuchHost })
  const parsed = parseTarget(told.method, told.uri, told.host)
  if (!parsed.ok) return refused(unreadable(parsed.status, parsed.sentence))
  const peer = parseAddress(request.socket.remoteAddress ?? '')
  if (peer === null) return refused(notHeard)
  const trusts: TrustedProxies = (address) => address === peer || parts.trusts(address)
  const { address: client, malformed } = clientAddress(peer, request.rawHeaders, trusts)
  // A proxy that names no client would have everybody judged by its own address.
  if (malformed || valuesOf(request.rawHeaders, 'x-forwarded-for').length !== 1) return refused(notUnderstood)
  const upgrade = onlyOne(headers, 'sec-websocket-key') === null ? null : 'websocket'
  return {
    ok: true,
    exchange: {
      ...{ id, method: told.method, target: parsed.target, host: told.host, headers, peer, client, upgrade },
      // Names of the proxy that asks, which is not the peer of the client's connection.
      peerNames: [],
      ...{ at: parts.now(), secure: told.secure, kind: clientKind(headers, upgrade), upstream },
      // The proxy keeps it.
      body: () => Promise.resolve(null),
    },
  }
}

const setCookieHeaders = (setCookies: readonly string[]): readonly string[] =>
  setCookies.flatMap((one) => ['Set-Cookie', one])

/** A permit, with what the proxy must put in place of the client's: identity, cookies and authorization. */
function permitted(
  parts: ForwardAuthParts,
  exchange: Exchange,
  changes: Extract<Judgement, { act: 'forward' }>['changes'],
): WholeResponse {
  const sent = parts.rules.forRequest(exchange.headers, requestFacts(exchange, false), changes)
  const authorization = onlyOne(sent, 'authorization')
  const own = identityNames.flatMap((name) => [name, onlyOne(sent, name.toLowerCase()) ?? ''])
  return {
    status: 200,
    headers: [
      ...['Cache-Control', 'no-store', ...own, parts.tokenHeader, ''],
      // Twice: most proxies copy a name to another one, Traefik and Envoy only to the same.
      ...['X-Gatehouse-Cookie', onlyOne(sent, 'cookie') ?? '', 'Cookie', onlyOne(sent, 'cookie') ?? ''],
      ...['X-Gatehouse-Authorization', authorization ?? ''],
      // An empty one would be a malformed credential. Traefik removes what is not answered, Envoy what is named here.
      ...(authorization === null
        ? ['X-Envoy-Auth-Headers-To-Remove', `authorization,${parts.tokenHeader.toLowerCase()}`]
        : [
            'Authorization',
            authorization,
            'X-Envoy-Auth-Headers-To-Remove',
            parts.tokenHeader.toLowerCase(),
          ]),
      ...setCookieHeaders(changes.setCookies),
    ],
    body: '',
  }
}

/** A refusal as the proxy understands it; never 2xx. */
function refusedAs(dialect: Dialect, exchange: Exchange, whole: WholeResponse): WholeResponse {
  if (whole.status < 300) return answerFailure(exchange, notHere)
  if (dialect !== 'check' || whole.status === 401 || whole.status === 403) return whole
  // nginx takes all others for an error of its own; it asks again for the page (`answer`).
  return { ...whole, status: whole.status < 400 ? 401 : 403, body: '' }
}

/** Asked for the page of a refusal that is none any more: once more from the beginning. */
const again = (exchange: Exchange): WholeResponse =>
  exchange.method === 'GET'
    ? { status: 303, headers: ['Cache-Control', 'no-store', 'Location', exchange.target.raw], body: '' }
    : answerFailure(exchange, { status: 503, ...forwardAuthTexts.again })

/** What the gateway must see the answer of, or answers itself. */
const isElsewhere = ({ duties }: ForwardAuthParts, exchange: Exchange): boolean => {
  const found = duties.get(exchange.upstream.id)?.find(exchange)
  return found === undefined || found.login !== null || found.logout
}

async function judged(parts: ForwardAuthParts, dialect: Dialect, exchange: Exchange): Promise<WholeResponse> {
  if (isElsewhere(parts, exchange)) return answerFailure(exchange, notHere)
  const judgement = await parts.judge(exchange)
  if (judgement.act === 'answer') return refusedAs(dialect, exchange, judgement.response)
  if (judgement.held !== null) return answerFailure(exchange, notHere)
  return dialect === 'answer' ? again(exchange) : permitted(parts, exchange, judgement.changes)
}

const plainly = (of: Failure): WholeResponse =>
  answerFailure({ kind: 'fetch', method: 'GET', headers: [] }, of)

/** What one proxy is told. Never rejects. */
async function answerProxy(
  parts: ForwardAuthParts,
  isProxy: (shown: ProxyShown) => boolean,
  request: IncomingMessage,
  id: string,
) {
  const peer = parseAddress(request.socket.remoteAddress ?? '')
  const secret = onlyOne(request.rawHeaders, secretHeader)
  const names = provedNames(request.socket, parts.now())
  if (peer === null || !isProxy({ peer, secret, names })) {
    parts.refused()
    return plainly(notHeard)
  }
  const dialect = dialectOf(request.url ?? '')
  const told = dialect === null ? null : toldBy(request, dialect)
  if (dialect === null || told === null) return plainly(notUnderstood)
  const read = readExchange(parts, request, told, id)
  return read.ok ? judged(parts, dialect, read.exchange) : plainly(read.failure)
}

/** What asks under way get to be answered at the end; none of them lasts long. */
const lastAnswersMs = 2_000

/** A running listener. */
export type ForwardAuthListener = { readonly host: string; readonly port: number; close(): Promise<void> }

/** Listens on `host:port` (port 0: any); rejects when the address is taken. */
export async function startForwardAuth(
  parts: ForwardAuthParts,
  host: string,
  port: number,
): Promise<ForwardAuthListener> {
  const isProxy = createProxyProof(parts.asks, 'gateway.forwardAuth.peers')
  const prefix = `${randomBytes(6).toString('hex')}-f`
  let count = 0
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume()
    const answers = createNodeAnswers(response)
    count += 1
    answerProxy(parts, isProxy, request, `${prefix}${count.toString(36)}`).then(
      (whole) => sendWhole(answers, whole, false),
      (error: unknown) => {
        parts.log.error({ error }, 'a proxy could not be answered')
        sendWhole(answers, plainly({ status: 500, ...forwardAuthTexts.mistake }), false)
      },
    )
  }
  const { headBytesMax, headDeadlineMs, connectionsMax, keepAliveMs } = parts.limits
  const bounds = {
    ...{ maxHeaderSize: 2 * headBytesMax, headersTimeout: headDeadlineMs, keepAliveTimeout: keepAliveMs },
  }
  const server =
    parts.tls === null
      ? http.createServer(bounds, answer)
      : https.createServer({ ...bounds, ...parts.tls }, answer)
  if (server instanceof TlsServer) parts.tls?.adopt?.(server)
  server.maxConnections = connectionsMax
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  await promise
  const bound = server.address()
  return {
    host,
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((done) => {
        const last = setTimeout(() => server.closeAllConnections(), lastAnswersMs)
        server.close(() => {
          clearTimeout(last)
          done()
        })
      }),
  }
}
