/**
 * Whom a connection is from, where proxies announce it by the PROXY protocol before anything else.
 *
 * It reads the header off the raw socket (`proxy-header.ts` says what one is) and leaves what follows it, TLS or HTTP,
 * unread. Invariant: a listed peer begins with a header or is closed, unanswered; anybody else's bytes are not looked at
 * here, so that a header of theirs is no request and announces nobody. Taking a header where one comes, and none where
 * none does, was refused: then everybody could announce.
 */
import type { Socket } from 'node:net'
import type { Address } from '../../policies/address.ts'
import { parseAddress } from '../../policies/address.ts'
import type { DurationMs } from '../../policies/instant.ts'
import type { TrustedProxies } from '../client-address.ts'
import type { Receiver } from '../downstream.ts'
import type { Schedule } from '../exchanges.ts'
import { readProxyHeader } from './proxy-header.ts'

/** From whom headers are read, and how long one may take. */
export type ProxyProtocol = { readonly announces: TrustedProxies; readonly deadlineMs: DurationMs }

type Parts = { readonly protocol: ProxyProtocol; readonly receiver: Receiver; readonly schedule: Schedule }

/** Reads the header; `heard` is called once, with the socket paused, or never: then the connection is closed. */
const readHeader = (
  { protocol, receiver, schedule }: Parts,
  socket: Socket,
  heard: (client: Address | null) => void,
): void => {
  let held: Buffer | null = null
  const refuse = (): void => {
    // Who connects and leaves only looks whether somebody listens.
    if (held !== null) receiver.malformed('proxy-protocol')
    socket.destroy()
  }
  const expire = (): void => {
    receiver.malformed('timeout')
    socket.destroy()
  }
  const onData = (chunk: Buffer): void => {
    held = held === null ? chunk : Buffer.concat([held, chunk])
    const read = readProxyHeader(held)
    if (read === 'partial') return
    letGo()
    if (read === 'malformed') {
      refuse()
      return
    }
    socket.pause()
    if (held.length > read.length) socket.unshift(held.subarray(read.length))
    heard(read.client)
  }
  const cancel = schedule(expire, protocol.deadlineMs)
  const letGo = (): void => {
    cancel()
    socket.off('data', onData).off('end', refuse).off('close', letGo)
  }
  socket
    .on('data', onData)
    .on('end', refuse)
    .on('close', letGo)
    .on('error', () => {})
}

/**
 * Tells whom `socket` is from, once: `peer` at once, or whom it announces later; never where that cannot be told, and the
 * connection is closed. `admits` is asked about an announced client, and closes what it does not admit.
 */
export const hearPeer = (
  parts: Parts,
  socket: Socket,
  admits: (client: Address) => boolean,
  told: (peer: Address) => void,
): void => {
  const own = parseAddress(socket.remoteAddress ?? '')
  if (own === null) socket.destroy()
  else if (!parts.protocol.announces(own)) told(own)
  else
    readHeader(parts, socket, (announced) => {
      const client = announced ?? own
      if (admits(client)) told(client)
    })
}
