/**
 * One request's body: read whole for the judge, streamed to the application, or thrown away.
 *
 * It decodes nothing. Invariant: what the judge was shown is what is forwarded, byte for byte, and a body that the
 * client did not finish never looks finished to the application. Handing the request's own stream to the upstream
 * client was refused: that one destroys what it reads from, and with it the browser's connection.
 */
import { Readable } from 'node:stream'
import { fault } from '../runtime/fault.ts'
import type { ClientBody } from './downstream.ts'
import type { RequestHead } from './request-head.ts'

/** A body. Nothing is read before it is asked for, so that `Expect: 100-continue` waits for the judge. */
export type RequestBody = {
  /**
   * All bytes if there are at most `bytesMax`; else `null`, and what was read is kept for forwarding. Rejects with
   * a Fault (source `downstream`) when the client goes away. Asked again, it answers the same.
   */
  whole(bytesMax: number): Promise<Uint8Array | null>
  /** What to send on: `null` without a body, the bytes themselves when known, else a stream. Once. */
  forUpstream(): Uint8Array | Readable | null
  /** Whether the client may still be sending. */
  isUnfinished(): boolean
  /** Whether more bytes are wanted now: a client that is silent then is stalling. */
  isWanted(): boolean
}

type Source = {
  readonly body: ClientBody
  /** Sends `100 Continue` where the client waits for it. */
  readonly onWanted: () => void
}

const goneAway = () => fault('downstream', 'closed', 'the client went away while sending', 'no')

/** Reads up to `bytesMax`; answers whether that was all. */
const collectUpTo = (source: Source, parts: Buffer[], bytesMax: number): Promise<boolean> => {
  const { body } = source
  if (body.isGone()) return Promise.reject(goneAway())
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  let size = 0
  const stop = (): void => {
    body.listen(null)
    body.pause()
  }
  body.listen({
    data(chunk) {
      parts.push(chunk)
      size += chunk.length
      if (size <= bytesMax) return
      stop()
      resolve(false)
    },
    ended() {
      stop()
      resolve(true)
    },
    gone() {
      stop()
      reject(goneAway())
    },
  })
  source.onWanted()
  body.resume()
  return promise
}

/** The rest of the body behind `parts`, as a stream whose end is the client's proper end and nothing else. */
const streamRest = (source: Source, parts: readonly Buffer[]): Readable => {
  const { body } = source
  const stream = new Readable({
    read: () => body.resume(),
    destroy(error, done) {
      body.listen(null)
      body.pause()
      done(error)
    },
  })
  // The upstream call listens as well; without a listener an abort would be an uncaught error.
  stream.on('error', () => {})
  for (const part of parts) stream.push(part)
  if (body.isGone()) stream.destroy(goneAway())
  else
    body.listen({
      data(chunk) {
        if (!stream.push(chunk)) body.pause()
      },
      ended() {
        body.listen(null)
        stream.push(null)
      },
      gone: () => void stream.destroy(goneAway()),
    })
  source.onWanted()
  return stream
}

/** Of a request without one. */
const noBody: RequestBody = {
  whole: async () => new Uint8Array(0),
  forUpstream: () => null,
  isUnfinished: () => false,
  isWanted: () => false,
}

/** The body of a request that nobody has read from. */
export const createRequestBody = (body: ClientBody, head: RequestHead): RequestBody => {
  if (head.framing === 'none') return noBody
  const parts: Buffer[] = []
  let known: Promise<boolean> | null = null
  let bytes: Uint8Array | null = null
  let asked = false
  const source: Source = {
    body,
    onWanted: () => {
      if (!asked && head.expectsContinue) body.sendContinue()
      asked = true
    },
  }
  return {
    async whole(bytesMax) {
      if (bytes === null && head.length !== null && head.length > bytesMax && known === null) return null
      known ??= collectUpTo(source, parts, bytesMax)
      const complete = await known
      if (complete) bytes ??= Buffer.concat(parts)
      return bytes !== null && bytes.length <= bytesMax ? bytes : null
    },
    forUpstream() {
      // Who waits for a `100 Continue` has sent nothing.
      if (known === null && !head.expectsContinue) bytes ??= body.atHand()
      return bytes ?? streamRest(source, parts)
    },
    isUnfinished: () => !body.isComplete(),
    isWanted: () => asked && !body.isComplete() && body.isFlowing(),
  }
}
