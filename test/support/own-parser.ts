/**
 * Our own connection, without a network: what the gateway's engine reads of a client's bytes, piece by piece.
 *
 * The connection is the product's; only the socket and the engine above it are stand-ins. Every request is answered with
 * 204 as soon as it is whole, so that the next is read.
 */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Downstream } from '../../gateway/downstream.ts'
import { type ConnectionParts, serveConnection } from '../../gateway/http1/connection.ts'
import { parseTarget } from '../../gateway/target.ts'
import { configSchema } from '../../runtime/config.ts'
import type { ReadRequest } from './request-oracle.ts'

/** As much of a socket as a connection uses. */
class StandInSocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1'
  destroyed = false
  ended = false
  paused = false
  written = ''
  readonly writableLength = 0
  readonly writableNeedDrain = false
  write(text: string | Buffer, ...rest: readonly unknown[]): boolean {
    this.written += typeof text === 'string' ? text : text.toString('latin1')
    const done = rest.at(-1)
    if (typeof done === 'function') process.nextTick(done as () => void)
    return true
  }
  cork(): void {}
  uncork(): void {}
  end(): void {
    this.ended = true
  }
  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    process.nextTick(() => this.emit('close'))
  }
  resetAndDestroy(): void {
    this.destroy()
  }
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
  isPaused(): boolean {
    return this.paused
  }
  unshift(): void {}
}

/** What was read. `refused`: requests that were turned away, by us or by the head's own check. */
export type OwnRead = { readonly requests: readonly ReadRequest[]; refused: number; written: () => string }

const { limits } = configSchema.parse({}).gateway

/** Answers as an engine does: at once what cannot be read, else when the body is whole. */
const serve = (read: { requests: ReadRequest[]; refused: number }, downstream: Downstream): void => {
  const { received, checked, body } = downstream
  const close = (status: number): void => {
    downstream.closeBehind()
    downstream.begin(status, '', ['Content-Length', '0'])
    downstream.end()
  }
  const isGood = checked.ok && parseTarget(received.method, received.target, checked.head.host).ok
  if (!checked.ok || !isGood) {
    read.refused += 1
    close(400)
    return
  }
  const request: ReadRequest = { ...received, body: '', complete: body.isComplete() }
  read.requests.push(request)
  if (!checked.head.mayPersist) downstream.closeBehind()
  const answer = (): void => {
    request.complete = true
    downstream.begin(204, '', [])
    downstream.end()
  }
  if (request.complete) {
    answer()
    return
  }
  if (checked.head.expectsContinue) body.sendContinue()
  body.listen({
    data(chunk) {
      request.body += chunk.toString('latin1')
    },
    ended: answer,
    gone: () => {},
  })
  body.resume()
}

/** A connection to which pieces can be given; what it makes of them is known once the event loop has turned. */
export const openOwn = (): { readonly read: OwnRead; give(piece: Buffer): void } => {
  const socket = new StandInSocket()
  const requests: ReadRequest[] = []
  const read = { requests, refused: 0, written: () => socket.written }
  const parts: ConnectionParts = {
    limits,
    receiver: {
      request: (downstream) => serve(read, downstream),
      malformed() {
        read.refused += 1
      },
      isTrusted: () => false,
    },
    wheel: { now: () => 0, add: () => () => {} },
    schedule: () => () => {},
    persistLines: '',
    date: () => '',
  }
  serveConnection(parts, socket as unknown as Socket, null, () => {})
  return {
    read,
    give(piece) {
      if (!socket.destroyed) socket.emit('data', piece)
    },
  }
}
