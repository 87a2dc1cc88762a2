/**
 * HTTP by hand, both ends: a client that writes exactly the bytes it is told, and a server that records exactly the
 * bytes it gets.
 *
 * Not a parser: `node:http` would hide or mend what these tests are about.
 */
import net from 'node:net'

/** A raw connection. */
export type RawClient = {
  readonly socket: net.Socket
  write(text: string | Buffer): void
  /** All received so far, as latin1. */
  received(): string
  /** Resolves with all received once it matches; rejects when the connection closes before. */
  until(pattern: RegExp): Promise<string>
  /** Resolves with all received when the connection has closed, however it did. */
  closed(): Promise<string>
  /** Whether it was closed by a reset. */
  wasReset(): boolean
}

/** Connects to `port` on 127.0.0.1, from `from`. */
export const connectRaw = async (port: number, from = '127.0.0.1'): Promise<RawClient> => {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: from })
  let text = ''
  let reset = false
  const waiting = new Set<() => void>()
  const tell = (): void => {
    for (const wake of [...waiting]) wake()
  }
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    tell()
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reset ||= error.code === 'ECONNRESET'
  })
  socket.on('close', tell)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const when = (holds: () => boolean, isLost: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const wake = (): void => {
        if (holds()) resolve(text)
        else if (isLost()) reject(new Error(`closed after ${JSON.stringify(text)}`))
        else return
        waiting.delete(wake)
      }
      waiting.add(wake)
      wake()
    })
  return {
    socket,
    write: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    received: () => text,
    until: (pattern) =>
      when(
        () => pattern.test(text),
        () => socket.destroyed,
      ),
    closed: () =>
      when(
        () => socket.destroyed,
        () => false,
      ),
    wasReset: () => reset,
  }
}

/** Sends the bytes and resolves with everything received until the other side closes. */
export const exchangeRaw = async (port: number, bytes: string): Promise<string> => {
  const client = await connectRaw(port)
  client.write(bytes)
  return client.closed()
}

/** One connection that a raw server accepted. */
export type Accepted = {
  readonly socket: net.Socket
  received(): string
  until(pattern: RegExp): Promise<string>
  closed(): Promise<string>
}

/** A raw server. */
export type RawServer = {
  readonly url: string
  readonly port: number
  /** Connections in the order they came. */
  readonly connections: readonly Accepted[]
  /** The next connection, or the one already there. */
  connection(index: number): Promise<Accepted>
  close(): Promise<void>
}

/** Listens on 127.0.0.1; `answer` is called with each connection. */
export const startRawServer = async (answer: (accepted: Accepted) => void = () => {}): Promise<RawServer> => {
  const connections: Accepted[] = []
  const arrivals = new Set<() => void>()
  const server = net.createServer((socket) => {
    let text = ''
    const waiting = new Set<() => void>()
    const tell = (): void => {
      for (const wake of [...waiting]) wake()
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      tell()
    })
    socket.on('error', () => {})
    socket.on('close', tell)
    const when = (holds: () => boolean): Promise<string> =>
      new Promise((resolve) => {
        const wake = (): void => {
          if (!holds()) return
          waiting.delete(wake)
          resolve(text)
        }
        waiting.add(wake)
        wake()
      })
    const accepted: Accepted = {
      socket,
      received: () => text,
      until: (pattern) => when(() => pattern.test(text)),
      closed: () => when(() => socket.destroyed),
    }
    connections.push(accepted)
    for (const wake of [...arrivals]) wake()
    answer(accepted)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections,
    connection: (index) =>
      new Promise((resolve) => {
        const wake = (): void => {
          const found = connections[index]
          if (found === undefined) return
          arrivals.delete(wake)
          resolve(found)
        }
        arrivals.add(wake)
        wake()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const { socket } of connections) socket.destroy()
      }),
  }
}

/** Answers each request head that arrives with these bytes; bodies are not waited for. */
export const answering =
  (bytes: string | (() => string)) =>
  ({ socket }: Accepted): void => {
    let pending = ''
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      for (;;) {
        const head = /[A-Z]+ [^ ]+ HTTP\/1\.1\r\n(?:[^\r]+\r\n)*\r\n/.exec(pending)
        if (head === null) return
        pending = pending.slice(head.index + head[0].length)
        socket.write(Buffer.from(typeof bytes === 'string' ? bytes : bytes(), 'latin1'))
      }
    })
  }
