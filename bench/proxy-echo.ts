/**
 * The application's WebSocket while it is measured: each message of the load's is answered with one of the same size.
 *
 * Not a WebSocket server: it reads no frame, only counts bytes of messages that all have one size. Invariant: as many
 * answers as messages, so that what is lost on the way is waited for. A library was refused: on the load's core its
 * work would be the limit.
 */
import { hash } from 'node:crypto'
import net from 'node:net'
import { acceptSuffix, answerFrame, messageBytes } from './proxy-sockets.ts'

const [port = ''] = process.argv.slice(2)

net
  .createServer({ noDelay: true }, (socket) => {
    let pending = 0
    let head = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      if (!head.endsWith('\r\n\r\n')) {
        head += chunk.toString('latin1')
        const key = /\r\nsec-websocket-key: *(\S+)\r\n/i.exec(head)?.[1]
        if (!head.endsWith('\r\n\r\n') || key === undefined) return
        const accept = hash('sha1', key + acceptSuffix, 'base64')
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        )
        return
      }
      for (pending += chunk.length; pending >= messageBytes; pending -= messageBytes)
        socket.write(answerFrame)
    })
  })
  .listen(Number(port), '127.0.0.1')
