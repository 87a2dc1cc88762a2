/**
 * What kind of client waits for an answer: a person's page, a script, an asset, a WebSocket (SPEC §2).
 *
 * It only shapes how a refusal looks; no decision may depend on it, since it is what a client says of itself.
 * Invariant: Sec-Fetch-* first, then Accept, then the cautious default `fetch`, which is refused by a plain status.
 * `User-Agent` is never read.
 */
import type { ClientKind, Exchange, RawHeaders } from './exchange.ts'

const headerOf = (headers: RawHeaders, wanted: string): string | null => {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length === wanted.length && name.toLowerCase() === wanted)
      return (headers[i + 1] ?? '').toLowerCase()
  }
  return null
}

const pageDestinations: ReadonlySet<string> = new Set(['document', 'iframe', 'frame', 'embed', 'object'])

/** The kind by `Sec-Fetch-Mode` and `-Dest` (W3C Fetch Metadata); `null`: not sent. */
const byFetchMetadata = (headers: RawHeaders): ClientKind | null => {
  const mode = headerOf(headers, 'sec-fetch-mode')
  const destination = headerOf(headers, 'sec-fetch-dest')
  if (mode === null && destination === null) return null
  if (mode === 'websocket') return 'websocket'
  if (mode === 'navigate' || (destination !== null && pageDestinations.has(destination))) return 'navigation'
  return destination === null || destination === 'empty' ? 'fetch' : 'asset'
}

/** The kind of the client that sent these headers; `upgrade` wins over what they say. */
export const clientKind = (headers: RawHeaders, upgrade: 'websocket' | null): ClientKind => {
  if (upgrade !== null) return 'websocket'
  const told = byFetchMetadata(headers)
  if (told !== null) return told
  if (headerOf(headers, 'x-requested-with') === 'xmlhttprequest') return 'fetch'
  const accept = headerOf(headers, 'accept') ?? ''
  if (accept.includes('text/html') || accept.includes('application/xhtml+xml')) return 'navigation'
  return /^\s*(?:image\/|text\/css|font\/|audio\/|video\/)/.test(accept) ? 'asset' : 'fetch'
}

/** Whether what is asked for lives on: a WebSocket or an event stream. Only a hint for how often it is looked at. */
export const asksForStream = ({ upgrade, headers }: Exchange): boolean =>
  upgrade !== null || (headerOf(headers, 'accept') ?? '').includes('text/event-stream')

/** A browser's question whether it may ask: carries no credential, and gets none of ours (SPEC §2). */
export const isPreflight = ({ method, headers }: Exchange): boolean =>
  method === 'OPTIONS' &&
  headerOf(headers, 'origin') !== null &&
  headerOf(headers, 'access-control-request-method') !== null &&
  headerOf(headers, 'authorization') === null
