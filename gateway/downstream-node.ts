/**
 * One request of node:http as the engine sees it.
 *
 * It judges nothing and frames nothing: node writes lengths, chunks and `Connection`. Invariant: a body flows only when
 * asked to, and whoever listens to it hears one end of it; an attendant hears once that all is over.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { parseAddress } from '../policies/address.ts'
import type { Limits } from '../runtime/config.ts'
import type { AnswerWriter, Attendant, ClientBody, Downstream } from './downstream.ts'
import { checkHead } from './request-head.ts'

/** What the listener wants to know of a request, and of its socket if it is a handshake. */
export type NodeHooks = {
  /** The socket under an upgrade, paused; `null` for ordinary requests. */
  readonly upgraded: Socket | null
  attended(attendant: Attendant): void
  closed(attendant: Attendant): void
  closesBehind(): void
}

/** Answers through node's response. */
export const createNodeAnswers = (response: ServerResponse): AnswerWriter => ({
  begin: (status, reason, headers) =>
    void response.writeHead(status, reason === '' ? undefined : reason, [...headers]),
  write: (chunk) => response.write(chunk),
  end: () => void response.end(),
  closeBehind() {
    response.shouldKeepAlive = false
  },
})

const createBody = (request: IncomingMessage, response: ServerResponse): ClientBody => {
  let stop = (): void => {}
  return {
    atHand: () => null,
    listen(listener) {
      stop()
      stop = () => {}
      if (listener === null) return
      const onEnd = (): void => {
        // Node closes a request that has ended, which is not the client going away.
        stop()
        listener.ended()
      }
      const onClose = (): void => {
        stop()
        listener.gone()
      }
      stop = () => {
        request.off('data', listener.data).off('end', onEnd).off('close', onClose).off('error', onClose)
      }
      // Else the listener itself would make it flow.
      if (!request.isPaused()) request.pause()
      request.on('data', listener.data).on('end', onEnd).on('close', onClose).on('error', onClose)
    },
    pause: () => void request.pause(),
    resume: () => void request.resume(),
    isFlowing: () => !request.isPaused(),
    isComplete: () => request.complete,
    isGone: () => request.destroyed,
    sendContinue: () => response.writeContinue(),
  }
}

/** The request with its response, which is untouched so far. */
export const createNodeDownstream = (
  request: IncomingMessage,
  response: ServerResponse,
  limits: Limits,
  hooks: NodeHooks,
): Downstream => {
  const { socket } = request
  const { method = '', url: target = '', httpVersion: version, rawHeaders: headers } = request
  const received = { method, target, version, headers }
  const answers = createNodeAnswers(response)
  response.on('error', () => {})
  request.on('error', () => {})
  return {
    ...answers,
    received,
    checked: checkHead(received, limits),
    peer: parseAddress(socket.remoteAddress ?? ''),
    socket,
    body: createBody(request, response),
    attend(attendant) {
      hooks.attended(attendant)
      response.on('drain', () => attendant.drained())
      response.on('close', () => {
        hooks.closed(attendant)
        attendant.closed()
      })
    },
    closeBehind() {
      hooks.closesBehind()
      answers.closeBehind()
    },
    inform: (status, lines) => void response.writeInformation(status, [...lines]),
    flush: () => response.flushHeaders(),
    needsDrain: () => response.writableNeedDrain,
    breakOff() {
      // Where only the end of the connection ends an answer, an orderly end would lie.
      if (version === '1.0') socket.resetAndDestroy()
      else socket.destroy()
    },
    takeReading() {
      if (hooks.upgraded === null) throw new Error('invariant: only a handshake is taken over')
      return hooks.upgraded
    },
    handOver: () => response.detachSocket(socket),
  }
}
