/**
 * A request's head, checked for what two parsers could read differently, beyond what llhttp refuses by itself.
 *
 * It parses no bytes: `http1/request-parser.ts` or node:http did, and the raw header list is judged here before anybody
 * else sees it. Invariant: after `checkHead` there is one host, at most one way to find the end of the body, and an upgrade
 * only if it is a complete, body-less WebSocket handshake. Trusting node's own joined headers was refused: it takes the
 * first of two Hosts and reads `,chunked` as chunked (CVE-2024-27982 and kin).
 */
import type { Limits } from '../runtime/config.ts'
import { requestTexts } from '../runtime/pages/texts-failures.ts'
import type { RawHeaders } from './exchange.ts'

/** A head as it was read. */
export type ReceivedHead = {
  readonly method: string
  readonly target: string
  /** `1.1`, `1.0`, … */
  readonly version: string
  readonly headers: RawHeaders
}

/** What the engine needs to know of a good head. */
export type RequestHead = {
  /** Lower case, with its port as sent. */
  readonly host: string
  readonly framing: 'none' | 'length' | 'chunked'
  /** The declared length of the body; `null` when chunked. */
  readonly length: number | null
  readonly upgrade: 'websocket' | null
  /**
   * Whether another request may follow: not where the client says `close` (in `Proxy-Connection` too, which means nothing
   * and which many parsers obey) or speaks HTTP/1.0, nor behind an Upgrade that is not made, where node loses its place.
   */
  readonly mayPersist: boolean
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean
}

/** A good head, or how to answer. The connection is closed after any of these. */
export type CheckedHead =
  | { readonly ok: true; readonly head: RequestHead }
  | { readonly ok: false; readonly status: 400 | 501 | 414 | 417 | 431 | 505; readonly sentence: string }

/** The values of the headers that count here. */
type Singles = {
  host: readonly string[]
  length: readonly string[]
  coding: readonly string[]
  upgrade: readonly string[]
  expect: readonly string[]
  connection: readonly string[]
  proxyConnection: readonly string[]
  key: readonly string[]
  version: readonly string[]
}

const none: readonly string[] = []

/** By length: 1 for those of the names below. Most headers of a request are none of them, and need no lower case. */
const singleLengths = new Uint8Array(64)
for (const length of [4, 6, 7, 10, 14, 16, 17, 21]) singleLengths[length] = 1

/** Notes one header. By a switch, since a key that was made a moment ago has to be looked up among all strings first. */
const note = (singles: Singles, lower: string, value: string): void => {
  switch (lower) {
    case 'host':
      singles.host = [...singles.host, value]
      return
    case 'content-length':
      singles.length = [...singles.length, value]
      return
    case 'transfer-encoding':
      singles.coding = [...singles.coding, value]
      return
    case 'upgrade':
      singles.upgrade = [...singles.upgrade, value]
      return
    case 'expect':
      singles.expect = [...singles.expect, value]
      return
    case 'connection':
      singles.connection = [...singles.connection, value]
      return
    case 'proxy-connection':
      singles.proxyConnection = [...singles.proxyConnection, value]
      return
    case 'sec-websocket-key':
      singles.key = [...singles.key, value]
      return
    case 'sec-websocket-version':
      singles.version = [...singles.version, value]
  }
}

const collect = (headers: RawHeaders): Singles => {
  const singles: Singles = {
    host: none,
    length: none,
    coding: none,
    upgrade: none,
    expect: none,
    connection: none,
    proxyConnection: none,
    key: none,
    version: none,
  }
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (singleLengths[name.length] === 1) note(singles, name.toLowerCase(), headers[i + 1] ?? '')
  }
  return singles
}

const refused = (
  status: 400 | 501 | 414 | 417 | 431 | 505,
  sentence: string,
): CheckedHead & { ok: false } => ({
  ok: false,
  status,
  sentence,
})

/** A registered name or IPv4 address, or a bracketed IPv6 address, with an optional port (RFC 9110 §7.2). */
const hostSyntax = /^(?:[a-z0-9_](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/

/** The head as it is usually written. Node counts names, values and target alone, so it refuses later than this. */
const headBytes = ({ method, target, version, headers }: ReceivedHead): number => {
  let bytes = method.length + target.length + version.length + ' '.length + ' HTTP/\r\n\r\n'.length
  for (const text of headers) bytes += text.length + 2
  return bytes
}

const websocketKey = /^[A-Za-z0-9+/]{22}==$/

/** A list of codings by their names, as RFC 9112 §6.1 has it: what is not even that is no coding that we merely lack. */
const codingList = /^[a-z][a-z0-9!#$%&'*+.^_`|~-]*(?:[ \t]*,[ \t]*[a-z][a-z0-9!#$%&'*+.^_`|~-]*)*$/i

const framedBy = (coding: string, isAlone: boolean): (CheckedHead & { ok: false }) | null => {
  if (isAlone && coding.toLowerCase() === 'chunked') return null
  const isKnown = coding.split(',').every((name) => name.trim().toLowerCase() === 'chunked')
  const isOther = isAlone && codingList.test(coding) && !isKnown
  return refused(isOther ? 501 : 400, requestTexts.codings)
}

/** How the body ends, or how to answer a head that does not say it in one way only. */
const frame = (
  singles: Singles,
  version: string,
): Pick<RequestHead, 'framing' | 'length'> | (CheckedHead & { ok: false }) => {
  const [length] = singles.length
  const [coding] = singles.coding
  if (coding !== undefined) {
    if (length !== undefined) return refused(400, requestTexts.twoLengths)
    if (version !== '1.1') return refused(400, requestTexts.oldCodings)
    return framedBy(coding, singles.coding.length === 1) ?? { framing: 'chunked', length: null }
  }
  if (length === undefined) return { framing: 'none', length: 0 }
  if (singles.length.length > 1 || !/^\d{1,15}$/.test(length)) return refused(400, requestTexts.length)
  const bytes = Number(length)
  return { framing: bytes === 0 ? 'none' : 'length', length: bytes }
}

const upgrading = /(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i
const closing = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i

/** Whether one of these lists has that element. */
const lists = (values: readonly string[], element: RegExp): boolean => {
  for (const value of values) if (element.test(value)) return true
  return false
}

/** `websocket` for a complete handshake; `null`: answered as plain HTTP; a sentence: refused. */
const upgradeOf = (
  received: ReceivedHead,
  singles: Singles,
  hasBody: boolean,
): 'websocket' | null | { sentence: string } => {
  if (singles.upgrade.length === 0) return null
  if (hasBody) return { sentence: requestTexts.upgradeBody }
  const asks = lists(singles.connection, upgrading)
  const [protocol, ...protocols] = singles.upgrade
  if (!asks || protocols.length > 0 || protocol?.toLowerCase() !== 'websocket') return null
  if (received.method !== 'GET' || received.version !== '1.1') return null
  const [key, ...keys] = singles.key
  const [version, ...versions] = singles.version
  if (
    keys.length > 0 ||
    versions.length > 0 ||
    version !== '13' ||
    key === undefined ||
    !websocketKey.test(key)
  )
    return { sentence: requestTexts.handshake }
  return 'websocket'
}

/** Everything about a head that is checked before its target is parsed. Public sentences, nothing quoted. */
export const checkHead = (
  received: ReceivedHead,
  limits: Pick<Limits, 'headBytesMax' | 'headersMax' | 'targetBytesMax'>,
): CheckedHead => {
  const { version, method } = received
  if (version !== '1.1' && version !== '1.0') return refused(505, requestTexts.version)
  if (received.headers.length > 2 * limits.headersMax) return refused(431, requestTexts.manyHeaders)
  if (headBytes(received) > limits.headBytesMax) return refused(431, requestTexts.largeHead)
  if (received.target.length > limits.targetBytesMax) return refused(414, requestTexts.longTarget)
  // TRACE would show the caller the headers that we add for the application.
  if (method === 'TRACE') return refused(501, requestTexts.trace)
  const singles = collect(received.headers)
  const host = (singles.host[0] ?? '').toLowerCase()
  if (singles.host.length > 1 || !hostSyntax.test(host)) return refused(400, requestTexts.hosts)
  const framing = frame(singles, version)
  if ('ok' in framing) return framing
  const upgrade = upgradeOf(received, singles, framing.framing !== 'none')
  if (upgrade !== null && upgrade !== 'websocket') return refused(400, upgrade.sentence)
  const [expectation] = singles.expect
  if (
    singles.expect.length > 1 ||
    (expectation !== undefined && expectation.toLowerCase() !== '100-continue')
  )
    return refused(417, requestTexts.expectation)
  const expectsContinue = expectation !== undefined && version === '1.1' && framing.framing !== 'none'
  const mayPersist =
    version === '1.1' &&
    singles.upgrade.length === 0 &&
    !lists(singles.connection, closing) &&
    !lists(singles.proxyConnection, closing)
  return {
    ok: true,
    head: {
      host,
      framing: framing.framing,
      length: framing.length,
      upgrade,
      mayPersist,
      expectsContinue,
    },
  }
}
