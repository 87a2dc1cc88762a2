/**
 * The client's side of an exchange: one request as it was read, its body, and the way back.
 *
 * What speaks HTTP with clients implements this (`downstream-node.ts`, `http1/`); what carries exchanges uses it and sees
 * no protocol. Invariant: framing, order on a connection and what is read from it are the implementation's alone, so that
 * nobody above can end an answer where it does not end. node's request and response were refused as this interface: most
 * of what they can do must not be done.
 */
import type { Socket } from 'node:net'
import type { Address } from '../policies/address.ts'
import type { RawHeaders } from './exchange.ts'
import type { MalformedKind } from './metrics.ts'
import type { CheckedHead, ReceivedHead } from './request-head.ts'

/** Who hears a body. Nothing here may throw. */
export type BodyListener = {
  data(chunk: Buffer): void
  /** The client's proper end. */
  ended(): void
  /** The client is gone before the end, or what it sent is no body. Once, and nothing after it. */
  gone(): void
}

/** The body of a request, pushed while it is let flow; it does not flow by itself. */
export type ClientBody = {
  /** All of it, where nobody has heard of it and it has come whole; `null`: it must be listened to. Once. */
  atHand(): Uint8Array | null
  /** From now on this one hears; `null`: nobody does, and what comes waits. */
  listen(listener: BodyListener | null): void
  pause(): void
  resume(): void
  isFlowing(): boolean
  /** All of it has been read, though not all may have been heard. */
  isComplete(): boolean
  isGone(): boolean
  /** Tells a client that waits for it to send its body (RFC 9110 §10.1.1). */
  sendContinue(): void
}

/** Who looks after an exchange. Nothing here may throw. */
export type Attendant = {
  /** More may be written. */
  drained(): void
  /** The answer has been sent, or nobody is there to send it to. Once; not after `handOver`. */
  closed(): void
  /** The client lets us wait: it neither sends what is wanted nor reads what is there. */
  isStalled(): boolean
}

/** How an answer is written. `begin` throws, with nothing sent, where a header cannot stand in one. */
export type AnswerWriter = {
  /** `headers`: names and values in turn; of framing only `Content-Length`. An empty `reason`: the usual one. */
  begin(status: number, reason: string, headers: readonly string[]): void
  /** Answers whether more may be written at once; else `drained` is awaited. */
  write(chunk: Uint8Array): boolean
  end(): void
  /** No request is read behind this one. Before `begin`, which says so to the client. */
  closeBehind(): void
}

/** One request with the way back. */
export type Downstream = AnswerWriter & {
  readonly received: ReceivedHead
  readonly checked: CheckedHead
  /** The other end of the connection; `null`: it is gone. */
  readonly peer: Address | null
  /** To be asked about its certificate; nobody reads from it or writes to it but who took an upgrade over. */
  readonly socket: Socket
  readonly body: ClientBody
  attend(attendant: Attendant): void
  /** Sends an interim answer. */
  inform(status: number, headers: readonly string[]): void
  /** Sends the head if it still waits for company. */
  flush(): void
  /** Written bytes wait for the client. */
  needsDrain(): boolean
  /** Ends the connection so that a half answer cannot be taken for a whole one. */
  breakOff(): void
  /** Of a handshake: the socket, paused, to be read from by whoever asked; answers can still be written here. */
  takeReading(): Socket
  /** Behind `takeReading`: nothing is written here any more, the socket is another's. */
  handOver(): void
}

/** Who is told of what arrives at a listener. Nothing here may throw. */
export type Receiver = {
  request(downstream: Downstream): void
  malformed(kind: MalformedKind): void
  /** Whether connections from this address are not limited by number. */
  isTrusted(remoteAddress: string): boolean
}

/** A listener that is not listening yet. */
export type Listener = {
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>
  /** Accepts no more; connections stay, idle ones too. Resolves when every connection is closed. */
  stop(): Promise<void>
  closeIdle(): void
  /** Closes what is still open. */
  destroyAll(): void
}

/** The value of the first header of that lower-case name; `null`: there is none. */
export const firstHeader = (headers: RawHeaders, wanted: string): string | null => {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length === wanted.length && name.toLowerCase() === wanted) return headers[i + 1] ?? ''
  }
  return null
}
