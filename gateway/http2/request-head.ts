/**
 * The head of a stream of HTTP/2 as the request of HTTP/1.1 that it is judged and forwarded as (RFC 9113 §8.2, §8.3).
 *
 * It judges no header (`checkHead` does) and no target (`parseTarget` does), and does not rely on what nghttp2 refuses.
 * Invariant: what it accepts can be written as lines of HTTP/1.1 and is read there as the same method, target, host,
 * headers and framing; nothing in it could end a line, a name or a request early. Judging pseudo headers beside the
 * others was refused: there would be two heads, and the one that is judged has to be the one that is sent.
 */
import { METHODS } from 'node:http'
import { requestTexts } from '../../runtime/pages/texts-failures.ts'
import { isFieldValue, isToken } from '../http1/grammar.ts'
import type { ReceivedHead } from '../request-head.ts'

/** A head; `sentence`: why it is answered 400, `null`: it has not been found to be malformed. */
export type StreamHead = { readonly received: ReceivedHead; readonly sentence: string | null }

const methods: ReadonlySet<string> = new Set(METHODS)
const pseudoNames = [':method', ':scheme', ':authority', ':path'] as const
type PseudoName = (typeof pseudoNames)[number]
const isPseudo = (name: string): name is PseudoName => (pseudoNames as readonly string[]).includes(name)

/** Of one connection, which HTTP/2 has by itself (§8.2.2). */
const ofConnections: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t'
const isVisible = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

type Sorted = {
  readonly pseudo: Partial<Record<PseudoName, string>>
  readonly hosts: string[]
  readonly crumbs: string[]
  readonly others: string[]
}

const sortPseudo = (
  { pseudo, hosts, crumbs, others }: Sorted,
  name: string,
  value: string,
): string | null => {
  const isLate = hosts.length + crumbs.length + others.length > 0
  if (!isPseudo(name) || isLate || pseudo[name] !== undefined || !isVisible(value))
    return requestTexts.streamHead
  pseudo[name] = value
  return null
}

const sortField = ({ hosts, crumbs, others }: Sorted, name: string, value: string): string | null => {
  if (!isToken(name) || /[A-Z]/.test(name)) return requestTexts.streamHead
  if (!isFieldValue(value) || isBlank(value[0]) || isBlank(value.at(-1))) return requestTexts.streamHead
  if (ofConnections.has(name)) return requestTexts.connectionHeader
  if (name === 'te' && value.toLowerCase() !== 'trailers') return requestTexts.connectionHeader
  if (name === 'host') hosts.push(value)
  else if (name === 'cookie') crumbs.push(value)
  else others.push(name, value)
  return null
}

/** The lists by what becomes of them, or why there are none. */
const sort = (raw: readonly string[]): Sorted | string => {
  const sorted: Sorted = { pseudo: {}, hosts: [], crumbs: [], others: [] }
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    const sentence = name.startsWith(':') ? sortPseudo(sorted, name, value) : sortField(sorted, name, value)
    if (sentence !== null) return sentence
  }
  return sorted
}

/** What is wrong with the pseudo headers, by themselves and beside `Host`. */
const faultOf = ({ pseudo, hosts }: Sorted): string | null => {
  const { ':method': method, ':scheme': scheme, ':authority': authority, ':path': path } = pseudo
  if (method === undefined || !methods.has(method)) return requestTexts.streamHead
  if (hosts.length > 1) return requestTexts.hosts
  if (authority !== undefined && hosts.some((host) => host.toLowerCase() !== authority.toLowerCase()))
    return requestTexts.hostDisagrees
  if (method === 'CONNECT') return requestTexts.forwardProxy
  // Only TLS agrees on HTTP/2, and a path is no URL here.
  if (scheme?.toLowerCase() !== 'https' || path === undefined) return requestTexts.streamHead
  return path.startsWith('/') || path === '*' ? null : requestTexts.targetForm
}

const lengthsOf = (others: readonly string[]): readonly string[] =>
  others.filter((_, i) => i % 2 === 1 && others[i - 1] === 'content-length')

const refusedAs = (method: string | undefined, sentence: string): StreamHead => ({
  received: {
    method: method !== undefined && methods.has(method) ? method : 'GET',
    target: '/',
    version: '1.1',
    headers: [],
  },
  sentence,
})

/** The head in `raw`: names and values in turn, latin1. `endsStream`: no content follows. */
export const readStreamHead = (raw: readonly string[], endsStream: boolean): StreamHead => {
  const sorted = sort(raw)
  if (typeof sorted === 'string') return refusedAs(raw[raw.indexOf(':method') + 1], sorted)
  const { pseudo, hosts, crumbs, others } = sorted
  const method = pseudo[':method']
  const fault = faultOf(sorted)
  if (method === undefined || fault !== null) return refusedAs(method, fault ?? requestTexts.streamHead)
  const lengths = lengthsOf(others)
  if (endsStream && lengths.some((length) => !/^0+$/.test(length)))
    return refusedAs(method, requestTexts.otherLength)
  const authority = pseudo[':authority'] ?? hosts[0]
  const headers = authority === undefined ? others : ['host', authority, ...others]
  // Clients may cut a cookie into pieces, to compress it better (§8.2.3); an empty one would leave a blank at an end.
  const cookie = crumbs.filter((crumb) => crumb !== '').join('; ')
  if (cookie !== '') headers.push('cookie', cookie)
  if (!endsStream && lengths.length === 0) headers.push('transfer-encoding', 'chunked')
  return { received: { method, target: pseudo[':path'] ?? '', version: '1.1', headers }, sentence: null }
}

/** What a trailer must not be: it frames or routes a message that is already under way (RFC 9110 §6.5.1). */
export const isBadTrailer = (name: string): boolean =>
  ofConnections.has(name) || /^(?::.*|content-.*|host|te|trailer|cookie|authorization)$/.test(name)
