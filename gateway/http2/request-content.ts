/**
 * The content of one stream's request, pushed while somebody wants it.
 *
 * It frames nothing: nghttp2 does, and holds the client to its window. Invariant: its end is heard only behind the
 * client's own END_STREAM and exactly the length that was declared; a reset, of whatever code, is no end. node ends the
 * readable side behind a reset without error too, which was found by trying and is not believed.
 */
import type { ServerHttp2Stream } from 'node:http2'
import type { BodyListener, ClientBody } from '../downstream.ts'
import type { RequestHead } from '../request-head.ts'

/** What a content tells its stream. */
export type ContentHooks = {
  /** A sign of life. */
  heard(bytes: number): void
  /** It is longer or shorter than declared. */
  broken(): void
}

type State = {
  listener: BodyListener | null
  /** Of a declared length what is still to come; `null`: none was. */
  left: number | null
  isFlowing: boolean
  isComplete: boolean
  /** The end, or that there will be none, has been heard. */
  isOver: boolean
}

const tellGone = (state: State): void => {
  if (state.isOver) return
  state.isOver = true
  state.listener?.gone()
}

const tellEnd = (state: State): void => {
  if (!state.isComplete || state.isOver || state.listener === null || !state.isFlowing) return
  state.isOver = true
  state.listener.ended()
}

/** The content that follows a head; nothing flows before it is asked for. */
export const createStreamContent = (
  stream: ServerHttp2Stream,
  { framing, length }: Pick<RequestHead, 'framing' | 'length'>,
  hooks: ContentHooks,
): ClientBody => {
  const state: State = {
    listener: null,
    left: framing === 'chunked' ? null : (length ?? 0),
    isFlowing: false,
    isComplete: stream.endAfterHeaders,
    isOver: false,
  }
  const fail = (): void => {
    tellGone(state)
    hooks.broken()
  }
  stream.pause()
  stream.on('data', (chunk: Buffer) => {
    hooks.heard(chunk.length)
    if (state.left !== null) {
      state.left -= chunk.length
      if (state.left < 0) {
        fail()
        return
      }
    }
    state.listener?.data(chunk)
  })
  stream.on('end', () => {
    if (stream.aborted || stream.closed) tellGone(state)
    else if (state.left !== null && state.left > 0) fail()
    else {
      state.isComplete = true
      tellEnd(state)
    }
  })
  stream.on('close', () => tellGone(state))
  return {
    atHand: () => null,
    listen(listener) {
      state.listener = listener
    },
    pause() {
      state.isFlowing = false
      stream.pause()
    },
    resume() {
      state.isFlowing = true
      stream.resume()
      tellEnd(state)
    },
    isFlowing: () => state.isFlowing,
    isComplete: () => state.isComplete,
    isGone: () => !state.isComplete && (stream.destroyed || stream.aborted),
    sendContinue() {
      if (!stream.destroyed && !stream.closed && !stream.headersSent)
        stream.additionalHeaders({ ':status': 100 })
    },
  }
}
