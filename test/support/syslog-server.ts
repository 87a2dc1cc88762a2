/**
 * A syslog server for tests: TLS on loopback, octet-counted frames read to the letter (RFC 6587, RFC 5424).
 *
 * It keeps what it read whole and throws away what was cut, as a server that falls does. Invariant: a frame whose length
 * or form is wrong is an error of the test, not a frame.
 */
import { createServer, type TLSSocket } from 'node:tls'
import type { Certified } from './certificates.ts'

/** A message as it was read. `data`: of its one element of structured data. */
export type SyslogFrame = {
  readonly priority: number
  readonly at: number
  readonly app: string
  readonly id: string
  readonly data: Readonly<Record<string, string>>
  readonly text: string
}

const form =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([\x21-\x7e]+) (\S+) - ([\x21-\x7e]{1,32}) \[gatehouse@32473((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")*)\] \ufeff(.*)$/su

const readFrame = (message: string): SyslogFrame => {
  const found = form.exec(message)
  if (found === null) throw new Error(`no RFC 5424 message: ${message.slice(0, 200)}`)
  const [, priority, at = '', , app = '', id = '', fields = '', text = ''] = found
  const pairs = [...fields.matchAll(/ ([a-z]+)="((?:[^"\\\]]|\\.)*)"/g)].map(
    ([, name = '', value = '']) => [name, value.replace(/\\(.)/g, '$1')] as const,
  )
  return { priority: Number(priority), at: Date.parse(at), app, id, data: Object.fromEntries(pairs), text }
}

/** Every whole frame of a stream, and whether anything was left over. */
const readFrames = (bytes: Buffer): { readonly frames: readonly SyslogFrame[]; readonly whole: boolean } => {
  const frames: SyslogFrame[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space))
    if (!Number.isSafeInteger(length) || space + 1 + length > bytes.length) return { frames, whole: false }
    frames.push(readFrame(bytes.toString('utf8', space + 1, space + 1 + length)))
    at = space + 1 + length
  }
  return { frames, whole: true }
}

/** How it behaves: reads to the end; falls after so many bytes; falls, or closes, as soon as somebody is there. */
export type SyslogManner = 'reads' | { readonly fallsAfter: number } | 'falls' | 'closes'

/** Starts one. `frames`: read to the end of a connection, in order; `connections`: how many there were. */
export const startSyslogServer = async (certified: Certified) => {
  const frames: SyslogFrame[] = []
  const errors: unknown[] = []
  const open = new Set<TLSSocket>()
  let manner: SyslogManner = 'reads'
  let connections = 0
  const take = (socket: TLSSocket): void => {
    connections += 1
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const parts: Buffer[] = []
    const now = manner
    socket.on('error', () => {})
    if (now === 'falls') {
      socket.destroy()
      return
    }
    if (now === 'closes') {
      socket.end()
      return
    }
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      const size = parts.reduce((sum, { length }) => sum + length, 0)
      if (typeof now === 'object' && size >= now.fallsAfter) socket.destroy()
    })
    socket.on('end', () => {
      try {
        const read = readFrames(Buffer.concat(parts))
        if (!read.whole) throw new Error('a frame was cut and the connection ended well')
        frames.push(...read.frames)
      } catch (error) {
        errors.push(error)
      }
    })
  }
  const server = createServer({ cert: certified.cert, key: certified.key }, take)
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    frames,
    errors,
    connections: () => connections,
    behave: (next: SyslogManner): void => {
      manner = next
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
