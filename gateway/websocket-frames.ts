/**
 * Where the frames of a WebSocket stream end (RFC 6455 §5.2), and the Close frame that may be put there.
 *
 * It unmasks and reads no payload and enforces nothing: what the two ends say to each other is theirs. Invariant:
 * `toBorder` is 0 exactly when the next byte begins a frame, so that a Close frame put there is one to the browser.
 * Parsing whole messages was refused: only borders are needed, and a stream may carry gigabytes.
 */

/** Follows one direction of a stream. */
export type FrameTracker = {
  /** Takes note of the next bytes of the stream. */
  follow(chunk: Uint8Array): void
  /** Bytes until the next border: 0 at one; `null` inside a frame's head, where it is not known yet. */
  toBorder(): number | null
}

const headBytesMax = 14

/** The length of a frame whose head starts at 0 of `head`; `null` while bytes of the head are missing. */
const frameLength = (head: Uint8Array, have: number): number | null => {
  if (have < 2) return null
  const second = head[1] ?? 0
  const mask = (second & 0x80) === 0 ? 0 : 4
  const short = second & 0x7f
  if (short < 126) return 2 + mask + short
  const view = new DataView(head.buffer, head.byteOffset, headBytesMax)
  if (short === 126) return have < 4 ? null : 4 + mask + view.getUint16(2)
  return have < 10 ? null : 10 + mask + Number(view.getBigUint64(2))
}

/** A tracker at the beginning of a stream. */
export const createFrameTracker = (): FrameTracker => {
  const head = new Uint8Array(headBytesMax)
  let have = 0
  let left = 0
  return {
    follow(chunk) {
      let at = 0
      while (at < chunk.length) {
        if (left > 0) {
          const step = Math.min(left, chunk.length - at)
          left -= step
          at += step
          continue
        }
        head[have] = chunk[at] ?? 0
        have += 1
        at += 1
        const length = frameLength(head, have)
        if (length !== null) {
          left = length - have
          have = 0
        }
      }
    },
    toBorder: () => (have > 0 ? null : left),
  }
}

/** A Close frame from server to client: unmasked, `code` and at most 123 bytes of reason. */
export const closeFrame = (code: number, reason: string): Uint8Array => {
  const text = Buffer.from(reason, 'utf8').subarray(0, 123)
  const frame = Buffer.alloc(4 + text.length)
  frame[0] = 0x88
  frame[1] = 2 + text.length
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}
