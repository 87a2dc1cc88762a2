/**
 * A permitted WebSocket handshake carried to the application, and the tunnel if it is accepted.
 *
 * It decides nothing. Invariant: the browser sees a 101 only after the application's own, and from then on the
 * exchange is cut by a Close frame that says why. Answering the handshake ourselves was refused: extensions and
 * subprotocols are between the browser and the application.
 */
import type { Socket } from 'node:net'
import { fault } from '../runtime/fault.ts'
import { type Downstream, firstHeader } from './downstream.ts'
import type { CutReason, RawHeaders } from './exchange.ts'
import type { Live } from './exchanges.ts'
import { type Forwarding, type Passage, type PassageTools, requestFacts } from './passage.ts'
import { joinTunnel, type Tunnel } from './tunnel.ts'
import { openUpgrade, type UpgradeSink } from './upstream-upgrade.ts'

/** An upgraded exchange as the registry sees it. */
export type Upgrade = Live & {
  /** Starts the handshake with the application; `onEnd` is called once the tunnel has closed. */
  forward(forwarding: Forwarding, onEnd: () => void): void
}

/** Dead peers are found by TCP, since a quiet WebSocket is no sign of anything. */
const keepAliveProbeMs = 30_000

/** Close codes and reasons as browsers see them (RFC 6455 §7.4; SPEC §6, §11). */
const closeOf = (reason: CutReason): readonly [code: number, text: string] => {
  switch (reason) {
    case 'knowledge-stale':
      return [1013, 'knowledge-stale']
    case 'draining':
      return [1001, 'draining']
    case 'outside-time-window':
      return [1008, 'window-closed']
    default:
      return [1008, reason]
  }
}

/** Written by hand, so checked by hand: a line break in a value would be another header. */
const headText = (headers: readonly string[]): string => {
  let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  for (let i = 0; i < headers.length; i += 2) {
    const line = `${headers[i]}: ${headers[i + 1]}`
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*$/.test(line)) throw new Error('not a header')
    text += `${line}\r\n`
  }
  return `${text}\r\n`
}

/** Framing has no meaning in a 101, and none may be given to it. */
const withoutLength = (headers: readonly string[]): readonly string[] =>
  headers.filter((_, i) => (headers[i - (i % 2)] ?? '').toLowerCase() !== 'content-length')

/** How much of what a browser sends ahead of the 101 is kept; it waits with the rest. */
const aheadBytesMax = 65_536

/**
 * Reads the browser's side while the handshake is under way, since an end that nobody reads is not noticed; answers
 * how to stop, with what was sent ahead back in its place.
 */
const watchClient = (socket: Socket): (() => void) => {
  const ahead: Buffer[] = []
  let size = 0
  const onData = (chunk: Buffer): void => {
    ahead.push(chunk)
    size += chunk.length
    if (size >= aheadBytesMax) socket.pause()
  }
  const onEnd = (): void => void socket.destroy()
  socket.on('data', onData).on('end', onEnd).resume()
  return () => {
    socket.off('data', onData).off('end', onEnd)
    socket.pause()
    if (size > 0) socket.unshift(Buffer.concat(ahead))
  }
}

/** The upgrade of this passage. */
export const createUpgrade = (tools: PassageTools, passage: Passage, client: Downstream): Upgrade => {
  const { exchange } = passage
  const socket = client.takeReading()
  let tunnel: Tunnel | null = null
  const stopWatching = watchClient(socket)

  const open = (headers: RawHeaders, upstream: Socket, forwarding: Forwarding, onEnd: () => void): void => {
    forwarding.notice?.([])
    const out = withoutLength(tools.rules.forResponse(headers, 101, forwarding.changes))
    const head = headText(out)
    if (!passage.handOver()) {
      upstream.destroy()
      return
    }
    stopWatching()
    client.handOver()
    socket.setKeepAlive(true, keepAliveProbeMs)
    upstream.setKeepAlive(true, keepAliveProbeMs)
    socket.setNoDelay(true)
    upstream.setNoDelay(true)
    socket.write(head, 'latin1')
    tools.counters.answered('application', 101)
    tunnel = joinTunnel({ client: socket, upstream, schedule: tools.schedule, onEnd })
  }

  return {
    kind: () => 'websocket',
    hold(reason) {
      tunnel?.hold(...closeOf(reason))
      return tunnel !== null
    },
    cut(reason, decision) {
      if (tunnel === null) passage.cut(reason, decision)
      else tunnel.cut(...closeOf(reason))
    },
    forward(forwarding, onEnd) {
      const sink = passage.sink({ ...forwarding, held: null })
      const headers = tools.rules.forRequest(
        exchange.headers,
        requestFacts(exchange, false),
        forwarding.changes,
      )
      const request = {
        target: exchange.target.raw,
        headers,
        key: firstHeader(headers, 'sec-websocket-key') ?? '',
      }
      const upgraded = (answer: RawHeaders, upstream: Socket): void => {
        try {
          open(answer, upstream, forwarding, onEnd)
        } catch (error) {
          upstream.destroy()
          sink.failed(fault('upstream', 'garbage', 'the 101 could not be passed on', 'no', error))
        }
      }
      const heard: UpgradeSink = {
        informed: (status, headers) => sink.informed(status, headers),
        begun: (status, reason, headers) => sink.begun(status, reason, headers),
        data: (chunk) => sink.data(chunk),
        lulled: () => sink.lulled(),
        ended: () => sink.ended(),
        failed: (reason) => sink.failed(reason),
        upgraded,
      }
      passage.follow(openUpgrade(exchange.upstream, request, heard, tools.schedule))
    },
  }
}
