/**
 * The content of one request, taken from a connection's bytes while somebody wants it.
 *
 * It reads no socket. Invariant: exactly the bytes of the content are taken, by its declared length or by the chunked
 * coding, each is heard once and in order however often the listener changes or pauses, and its end is heard only behind
 * all of them. Reading ahead of a listener was refused: memory would be the client's to choose.
 */
import type { BodyListener, ClientBody } from '../downstream.ts'
import type { RequestHead } from '../request-head.ts'
import { type ChunkedDecoder, createChunkedDecoder } from './chunked.ts'

/** A content under way. */
export type RequestContent = ClientBody & {
  /** Takes of these bytes what is wanted now; answers with those that are left, or that they are no content. */
  take(bytes: Buffer | null): Buffer | null | 'broken'
  /** The connection is gone, or will not be read from. */
  lose(): void
}

/** What a content needs of its connection. */
export type ContentHooks = {
  /** It flows again. */
  wanted(): void
  /** The first `size` of the bytes that have come and are not read, which then are; `null`: there are not so many. */
  takeAhead(size: number): Buffer | null
  sendContinue(): void
}

/** Of a request without content. */
export const noContent: RequestContent = {
  atHand: () => null,
  listen: () => {},
  pause: () => {},
  resume: () => {},
  isFlowing: () => false,
  isComplete: () => true,
  isGone: () => false,
  sendContinue: () => {},
  take: (bytes) => bytes,
  lose: () => {},
}

type State = {
  listener: BodyListener | null
  isFlowing: boolean
  /** Of a declared length: what is still to come. */
  left: number
  readonly decoder: ChunkedDecoder | null
  /** Pieces that were decoded behind the one at which the listener had enough. */
  readonly spilt: Buffer[]
  isComplete: boolean
  isEndHeard: boolean
  isGone: boolean
}

const hear = (state: State, piece: Buffer): void => {
  if (state.listener !== null && state.isFlowing && state.spilt.length === 0) state.listener.data(piece)
  else state.spilt.push(piece)
}

const hearSpilt = (state: State): void => {
  while (state.listener !== null && state.isFlowing) {
    const piece = state.spilt.shift()
    if (piece === undefined) return
    state.listener.data(piece)
  }
}

/** The bytes from `from` on; `null`: there are none. */
export const behind = (bytes: Buffer, from: number): Buffer | null =>
  from < bytes.length ? bytes.subarray(from) : null

const decode = (state: State, decoder: ChunkedDecoder, bytes: Buffer): Buffer | null | 'broken' => {
  const read = decoder.read(bytes, 0, (piece) => hear(state, piece))
  if (read === 'broken') return 'broken'
  if (read === 'more') return null
  state.isComplete = true
  return behind(bytes, read.rest)
}

const count = (state: State, bytes: Buffer): Buffer | null => {
  const size = Math.min(state.left, bytes.length)
  state.left -= size
  state.isComplete = state.left === 0
  hear(state, size === bytes.length ? bytes : bytes.subarray(0, size))
  return behind(bytes, size)
}

const take = (state: State, bytes: Buffer | null): Buffer | null | 'broken' => {
  let rest: Buffer | null | 'broken' = bytes
  if (state.spilt.length > 0) hearSpilt(state)
  if (state.listener === null || !state.isFlowing) return rest
  if (bytes !== null && !state.isComplete)
    rest = state.decoder === null ? count(state, bytes) : decode(state, state.decoder, bytes)
  if (
    state.isComplete &&
    !state.isEndHeard &&
    state.spilt.length === 0 &&
    state.listener !== null &&
    state.isFlowing
  ) {
    state.isEndHeard = true
    state.listener.ended()
  }
  return rest
}

/** The content that this head announces. */
export const createRequestContent = (
  { framing, length }: Pick<RequestHead, 'framing' | 'length'>,
  hooks: ContentHooks,
): RequestContent => {
  if (framing === 'none') return noContent
  const state: State = {
    listener: null,
    isFlowing: false,
    left: length ?? 0,
    decoder: framing === 'chunked' ? createChunkedDecoder() : null,
    spilt: [],
    isComplete: false,
    isEndHeard: false,
    isGone: false,
  }
  return {
    atHand() {
      const isUntouched = state.listener === null && state.decoder === null && !state.isFlowing
      const bytes = isUntouched && !state.isComplete ? hooks.takeAhead(state.left) : null
      if (bytes === null) return null
      state.left = 0
      state.isComplete = true
      state.isEndHeard = true
      return bytes
    },
    listen(listener) {
      state.listener = listener
    },
    pause() {
      state.isFlowing = false
    },
    resume() {
      state.isFlowing = true
      hooks.wanted()
    },
    isFlowing: () => state.isFlowing,
    isComplete: () => state.isComplete,
    isGone: () => state.isGone,
    sendContinue: hooks.sendContinue,
    take: (bytes) => take(state, bytes),
    lose() {
      if (state.isGone || state.isEndHeard) return
      state.isGone = true
      state.listener?.gone()
    },
  }
}
