/**
 * One request's body: read whole for the judge, streamed to the application, or thrown away.
 *
 * It decodes nothing. Invariant: what the judge was shown is what is forwarded, byte for byte, and a body that the
 * client did not finish never looks finished to the application. Handing node's request itself to the upstream
 * client was refused: that one destroys what it reads from, and with it the browser's connection.
 */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { fault } from '../runtime/fault.ts'
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
  readonly request: IncomingMessage
  readonly head: RequestHead
  /** Sends `100 Continue` where the client waits for it. */
  readonly onWanted: () => void
}

const goneAway = () => fault('downstream', 'closed', 'the client went away while sending', 'no')

/** Reads up to `bytesMax`; answers whether that was all. */
const collectUpTo = (source: Source, parts: Buffer[], bytesMax: number): Promise<boolean> => {
  const { request } = source
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  let size = 0
  const stop = (): void => {
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
    request.pause()
  }
  const onData = (chunk: Buffer): void => {
    parts.push(chunk)
    size += chunk.length
    if (size <= bytesMax) return
    stop()
    resolve(false)
  }
  const onEnd = (): void => {
    stop()
    resolve(true)
  }
  const onClose = (): void => {
    stop()
    reject(goneAway())
  }
  request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  source.onWanted()
  request.resume()
  return promise
}

/** The rest of the body behind `parts`, as a stream whose end is the client's proper end and nothing else. */
const streamRest = (source: Source, parts: readonly Buffer[]): Readable => {
  const { request } = source
  const stop = (): void => {
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
  }
  const stream = new Readable({
    read: () => void request.resume(),
    destroy(error, done) {
      stop()
      request.pause()
      done(error)
    },
  })
  const onData = (chunk: Buffer): void => {
    if (!stream.push(chunk)) request.pause()
  }
  const onEnd = (): void => {
    // Node closes a request that has ended, which is not the client going away.
    stop()
    stream.push(null)
  }
  const onClose = (): void => void stream.destroy(goneAway())
  // The upstream call listens as well; without a listener an abort would be an uncaught error.
  stream.on('error', () => {})
  for (const part of parts) stream.push(part)
  if (request.destroyed) stream.destroy(goneAway())
  else request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  source.onWanted()
  return stream
}

/** The body of a request that nobody has read from. */
export const createRequestBody = (
  request: IncomingMessage,
  head: RequestHead,
  sendContinue: () => void,
): RequestBody => {
  const parts: Buffer[] = []
  let known: Promise<boolean> | null = null
  let bytes: Uint8Array | null = head.framing === 'none' ? new Uint8Array(0) : null
  let asked = false
  const source: Source = {
    request,
    head,
    onWanted: () => {
      if (!asked && head.expectsContinue) sendContinue()
      asked = true
    },
  }
  return {
    async whole(bytesMax) {
      if (bytes === null && head.length !== null && head.length > bytesMax && known === null) return null
      known ??= bytes === null ? collectUpTo(source, parts, bytesMax) : Promise.resolve(true)
      const complete = await known
      if (complete) bytes ??= Buffer.concat(parts)
      return bytes !== null && bytes.length <= bytesMax ? bytes : null
    },
    forUpstream() {
      if (head.framing === 'none') return null
      return bytes ?? streamRest(source, parts)
    },
    isUnfinished: () => head.framing !== 'none' && !request.complete,
    isWanted: () => asked && !request.complete && !request.isPaused(),
  }
}
