/**
 * The two sockets of an upgraded exchange joined: bytes both ways with back-pressure, and an orderly end.
 *
 * It decides nothing and changes no byte; the only bytes it adds are one Close frame when cut. Invariant: after
 * `cut` no byte passes from the browser to the application, and none from the application but the rest of a frame
 * that had begun and is small. Whoever ends first ends both. `pipe` was refused: it neither cuts nor counts frames.
 */
import type { Duplex } from 'node:stream'
import type { DurationMs } from '../policies/instant.ts'
import type { Schedule } from './exchanges.ts'
import { closeFrame, createFrameTracker, type FrameTracker } from './websocket-frames.ts'

/** A running tunnel. */
export type Tunnel = {
  /**
   * Takes nothing more from either end, as once cut, and says nothing yet; `cut` must follow. What was taken before may
   * still arrive. Costs next to nothing; idempotent.
   */
  hold(code: number, reason: string): void
  /**
   * Sends a Close frame with `code` and `reason` (those of `hold`, if it came before) at the next frame border, then ends
   * both sides. Idempotent.
   */
  cut(code: number, reason: string): void
}

/** The ends; nothing was read from them since the handshake. */
export type TunnelEnds = {
  readonly client: Duplex
  readonly upstream: Duplex
  readonly schedule: Schedule
  /** Called once, when both sides are closed. */
  readonly onEnd: () => void
}

/** How much of a frame that has begun may still pass once cut, and how long it and the browser's goodbye may take. */
const restBytesMax = 65_536
const restMs: DurationMs = 100
const goodbyeMs: DurationMs = 200
/** How long a slow browser may take to fetch what an application said before it ended by itself. */
const flushMs: DurationMs = 5_000

type State = TunnelEnds & {
  readonly frames: FrameTracker
  /** The Close frame to send; `null`: neither held nor cut. */
  goodbye: { readonly code: number; readonly reason: string } | null
  /** Cut, and not only held. */
  isCut: boolean
  /** It has been sent. */
  said: boolean
}

const destroyBoth = ({ client, upstream }: TunnelEnds): void => {
  client.destroy()
  upstream.destroy()
}

/** The application is cut off, the browser told; its own Close, or a short while, ends the rest. */
const sayGoodbye = (state: State): void => {
  const { client, upstream, schedule, goodbye } = state
  if (state.said || goodbye === null) return
  state.said = true
  client.end(closeFrame(goodbye.code, goodbye.reason))
  client.resume()
  upstream.destroy()
  schedule(() => client.destroy(), goodbyeMs)
}

/** Whether the frame that has begun is too long, or not known well enough, for its rest to pass once cut. */
const isBeyondRest = ({ frames }: State): boolean => (frames.toBorder() ?? Infinity) > restBytesMax

const toClient = (state: State, chunk: Buffer): void => {
  const { client, upstream, frames } = state
  if (state.said || (state.goodbye !== null && isBeyondRest(state))) return
  if (state.goodbye !== null && frames.toBorder() === 0) {
    sayGoodbye(state)
    return
  }
  const passing = state.goodbye === null ? chunk : chunk.subarray(0, frames.toBorder() ?? 0)
  frames.follow(passing)
  if (!client.write(passing)) upstream.pause()
  if (state.goodbye !== null && frames.toBorder() === 0) sayGoodbye(state)
}

const wire = (state: State): void => {
  const { client, upstream, schedule, onEnd } = state
  let open = 2
  const closed = (): void => {
    open -= 1
    if (open === 0) onEnd()
  }
  client
    .on('data', (chunk: Buffer) => {
      if (state.goodbye === null && !upstream.write(chunk)) client.pause()
    })
    .on('drain', () => upstream.resume())
    .on('end', () => upstream.end())
    .on('error', () => destroyBoth(state))
    .on('close', () => {
      upstream.destroy()
      closed()
    })
  upstream
    .on('data', (chunk: Buffer) => toClient(state, chunk))
    .on('drain', () => client.resume())
    .on('end', () => client.end())
    // The browser sees the connection end without a Close frame, which is what happened.
    .on('error', () => {})
    .on('close', () => {
      if (!state.said) {
        client.end()
        schedule(() => client.destroy(), flushMs)
      }
      closed()
    })
}

/** Joins the two ends; bytes already buffered in them go first. */
export const joinTunnel = (ends: TunnelEnds): Tunnel => {
  const state: State = { ...ends, frames: createFrameTracker(), goodbye: null, isCut: false, said: false }
  wire(state)
  state.client.resume()
  state.upstream.resume()
  return {
    hold(code, reason) {
      state.goodbye ??= { code, reason }
    },
    cut(code, reason) {
      if (state.isCut || state.client.destroyed) return
      state.isCut = true
      state.goodbye ??= { code, reason }
      if (state.frames.toBorder() === 0) sayGoodbye(state)
      else if (isBeyondRest(state)) destroyBoth(state)
      else
        state.schedule(() => {
          if (!state.said) destroyBoth(state)
        }, restMs)
    },
  }
}
