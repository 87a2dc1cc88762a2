/**
 * The exchange interface: what an engine (the part that speaks HTTP) and the judge (the part that identifies and
 * decides) tell each other about one request with its response, or one upgraded tunnel.
 *
 * An engine parses, limits, streams and cuts; it never decides. The judge decides and says what to change; it
 * never touches a socket. What speaks HTTP with clients (our own parser, or node:http) can be exchanged below it and
 * changes nothing here. Middleware chains were refused: there is exactly one judge.
 */
import type { Address } from '../policies/address.ts'
import type { Decision } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import type { UpstreamConfig } from '../runtime/config.ts'
import type { Target } from './target.ts'

/** Header names and values in turn, as received: `[name, value, name, value, …]`; names keep their case. */
export type RawHeaders = readonly string[]

/** What kind of client waits for the answer: told apart by Sec-Fetch-*, then Accept, then class (SPEC §2). */
export type ClientKind = 'navigation' | 'fetch' | 'asset' | 'websocket'

/** One request as the engine read it; everything is bounded and syntactically valid before the judge sees it. */
export type Exchange = {
  /** Unique in this process; the request id sent upstream and into logs. */
  readonly id: string
  readonly at: Instant
  readonly method: string
  readonly target: Target
  /** `Host` in lower case with its port as sent (`app.example:8443`). */
  readonly host: string
  readonly headers: RawHeaders
  readonly secure: boolean
  /** The TCP (or PROXY protocol) peer. */
  readonly peer: Address
  /** The names that the peer's client certificate proves (`peer-certificate.ts`); empty for people, who show none. */
  readonly peerNames: readonly string[]
  /** The client by the forwarding rules of SPEC §4. */
  readonly client: Address
  readonly kind: ClientKind
  readonly upgrade: 'websocket' | null
  readonly upstream: UpstreamConfig
  /**
   * The whole request body, where the judge asks for it (observed sign-ins); at most `bytesMax`, else `null`.
   * May be called once, before forwarding; the engine then forwards these same bytes.
   */
  body(bytesMax: number): Promise<Uint8Array | null>
}

/** A response as the judge writes it itself, or holds it: complete, in memory. */
export type WholeResponse = {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: Uint8Array | string
}

/** What the judge changes on the way; the engine applies it after its own header hygiene. */
export type Changes = {
  /** Cookie names removed from the request's `Cookie` before forwarding (the companion always is). */
  readonly dropCookies: readonly string[]
  /** Headers set on the forwarded request, lower-case names, replacing any of that name. */
  readonly setRequest: RawHeaders
  /** `Set-Cookie` values appended to the response. */
  readonly setCookies: readonly string[]
  /** Headers set on the response, replacing any of that name; absent: none. */
  readonly setResponse?: RawHeaders
  /** What `headers.ts` makes of `setRequest`, where it is sent again and again; absent: made each time. */
  readonly ready?: ReadyHeaders
}

/** Headers to be set on requests, as they go on. Made by `headers.ts` alone, and good for this very `of` alone. */
export type ReadyHeaders = {
  readonly of: RawHeaders
  /** Folded names that go on from nobody else. */
  readonly replaced: ReadonlySet<string>
  /** The `Cookie` header in place of the client's; `null`: the client's. */
  readonly cookie: string | null
  readonly own: RawHeaders
  /** The client's cookies that were filtered last, and what went on of them. */
  last: { readonly credentials: readonly string[]; readonly line: string; readonly cookie: string } | null
}

/** A response held until the judge has spoken: an observed sign-in or sign-out. */
export type Held = {
  readonly bytesMax: number
  /** Called with the application's complete answer; what it returns goes to the browser instead. */
  settle(response: WholeResponse): Promise<WholeResponse>
}

/** How an exchange that lives on is judged again. */
export type Standing = {
  /** The decision in force. */
  readonly decision: Decision
  /**
   * Judges again with what is known now; synchronous. The sweep calls it when `validUntil` came, and at once when
   * the knowledge that it was made from changed.
   */
  again(at: Instant): Decision
  /** Whether a change of this user, practice or session concerns it. `null` parts concern everyone. */
  readonly user: string | null
  readonly practices: readonly string[]
  readonly session: string | null
}

/** What the judge says. */
export type Judgement =
  | {
      readonly act: 'forward'
      readonly changes: Changes
      readonly held: Held | null
      /** `null` for public routes: nothing to judge again. */
      readonly standing: Standing | null
      /**
       * Called with the application's `Set-Cookie` values of an answer that is not held, before it is sent on: an
       * application may clear its own session anywhere. Must not throw. Absent: nothing to learn.
       */
      readonly notice?: (setCookies: readonly string[]) => void
    }
  | { readonly act: 'answer'; readonly response: WholeResponse; readonly decision: Decision | null }

/** Why a live exchange is cut: the reason of the new decision, or the gateway's own. */
export type CutReason = Decision['reason'] | 'knowledge-stale' | 'draining'

/** The judge. Must not throw; an engine that sees it throw answers 500 and forwards nothing. */
export type Judge = (exchange: Exchange) => Judgement | Promise<Judgement>
