/**
 * The application and everybody who holds a WebSocket through the gateway, in one process beside the measured one.
 *
 * It measures nothing. Invariant: it answers its parent only when every connection asked for is open or has failed. An
 * application in the gateway's own process was refused: its work would be measured as the gateway's stall.
 */
import { createHash } from 'node:crypto'
import http from 'node:http'
import net from 'node:net'

/** What the parent asks for: `each` sockets for each of `users` people, `u0` and so on. */
export type CrowdWish = { readonly port: number; readonly users: number; readonly each: number }

/** What it is told: the application's port, then how many sockets are open, then at each question how many still are. */
export type CrowdWord = { readonly application: number } | { readonly open: number }

const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

const server = http.createServer((request, response) => {
  const user = /(?:^|;\s*)sid=(u\d+)/.exec(request.headers.cookie ?? '')?.[1]
  response.writeHead(user === undefined ? 401 : 200, { 'content-type': 'application/json' })
  response.end(user === undefined ? '{}' : JSON.stringify({ id: user, kind: 'staff' }))
})
server.on('upgrade', (request, socket) => {
  socket.on('error', () => {})
  const accept = acceptOf(request.headers['sec-websocket-key'] ?? '')
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'))
})

const sockets = new Set<net.Socket>()

const openOne = (port: number, user: string, from: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: from })
    socket.on('error', () => resolve(false))
    socket.on('close', () => {
      sockets.delete(socket)
      resolve(false)
    })
    socket.once('data', (answer) => {
      const isOpen = answer.toString('latin1').startsWith('HTTP/1.1 101')
      if (isOpen) sockets.add(socket)
      else socket.destroy()
      socket.resume()
      resolve(isOpen)
    })
    socket.write(
      [
        'GET /live HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        `Cookie: sid=${user}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '',
        '',
      ].join('\r\n'),
    )
  })

const say = (word: CrowdWord): void => void process.send?.(word)

process.on('message', async (wish: CrowdWish | 'count') => {
  if (wish === 'count') return say({ open: sockets.size })
  for (let user = 0; user < wish.users; user += 1) {
    const from = `127.0.${1 + (user >> 7)}.${1 + (user & 127)}`
    // The first is adopted, the others are then known.
    await openOne(wish.port, `u${user}`, from)
    await Promise.all(Array.from({ length: wish.each - 1 }, () => openOne(wish.port, `u${user}`, from)))
  }
  say({ open: sockets.size })
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') say({ application: address.port })
})
