/**
 * Live connections for tests: a WebSocket and an event stream whose opening, messages and end can be awaited.
 */
import http from 'node:http'
import { WebSocket } from 'ws'
import type { Client } from './client.ts'

/** How a live connection ended. `code` and `reason` for WebSockets only. */
export type StreamEnd = { readonly code: number | null; readonly reason: string }

/** An open live connection. */
export type LiveStream = {
  /** The next message not yet taken. */
  next(): Promise<string>
  send(text: string): void
  readonly ended: Promise<StreamEnd>
  close(): void
}

const createQueue = () => {
  const waiting: ((text: string) => void)[] = []
  const arrived: string[] = []
  return {
    push: (text: string): void => {
      const taker = waiting.shift()
      if (taker === undefined) arrived.push(text)
      else taker(text)
    },
    next: (): Promise<string> => {
      const text = arrived.shift()
      return text === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(text)
    },
  }
}

/** Opens a WebSocket as `client` (its cookies, its address); rejects with the status when refused. */
export const openSocket = (
  base: string,
  path: string,
  client: Client,
  from = '127.0.0.1',
): Promise<LiveStream> => {
  const queue = createQueue()
  const { promise: ended, resolve: end } = Promise.withResolvers<StreamEnd>()
  const socket = new WebSocket(new URL(path, base.replace(/^http/, 'ws')), {
    headers: { cookie: client.cookieHeader() },
    origin: base,
    localAddress: from,
  })
  return new Promise((resolve, reject) => {
    socket.on('message', (message) => queue.push(String(message)))
    socket.on('unexpected-response', (_request, response) => {
      reject(Object.assign(new Error(`refused with ${response.statusCode}`), { status: response.statusCode }))
      response.destroy()
    })
    socket.on('error', reject)
    socket.on('close', (code, reason) => end({ code, reason: String(reason) }))
    socket.on('open', () =>
      resolve({ next: queue.next, send: (text) => socket.send(text), ended, close: () => socket.close() }),
    )
  })
}

/** Opens an event stream as `client`; rejects with the status when refused. */
export const openEvents = (
  base: string,
  path: string,
  client: Client,
  from = '127.0.0.1',
): Promise<LiveStream> => {
  const queue = createQueue()
  const { promise: ended, resolve: end } = Promise.withResolvers<StreamEnd>()
  return new Promise((resolve, reject) => {
    const headers = {
      cookie: client.cookieHeader(),
      accept: 'text/event-stream',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      'sec-fetch-site': 'same-origin',
    }
    const request = http.get(
      new URL(path, base),
      { headers, localAddress: from, agent: false },
      (response) => {
        if (response.statusCode !== 200) {
          reject(
            Object.assign(new Error(`refused with ${response.statusCode}`), { status: response.statusCode }),
          )
          response.destroy()
          return
        }
        response.setEncoding('utf8')
        response.on('data', (text: string) => queue.push(text))
        response.on('error', () => end({ code: null, reason: 'aborted' }))
        response.on('close', () => end({ code: null, reason: response.complete ? 'completed' : 'aborted' }))
        resolve({ next: queue.next, send: () => undefined, ended, close: () => request.destroy() })
      },
    )
    request.on('error', reject)
  })
}
