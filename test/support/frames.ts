/**
 * HTTP/2 by hand: a client that writes exactly the frames it is told, over TLS, and records the frames it gets.
 *
 * Not a client to be polite with: it grants no window by itself and acknowledges nothing. Headers are written as
 * literals without indexing (RFC 7541 §6.2.2); of an answer's head only its status is read.
 */
import tls from 'node:tls'

/** Types of frames (RFC 9113 §6). */
export const frameTypes = {
  ...{ data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5, ping: 6, goaway: 7, update: 8 },
  continuation: 9,
} as const

/** Flags. */
export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const

/** A frame as it came. */
export type Frame = {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

/** Headers in turn: names and values, latin1. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** A frame's bytes. */
export const frame = (
  type: number,
  bits: number,
  id: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = bits
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

const prefixed = (bits: number, value: number, first = 0): Buffer => {
  const max = 2 ** bits - 1
  if (value < max) return Buffer.from([first | value])
  const bytes = [first | max]
  let rest = value - max
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

const text = (value: string): Buffer =>
  Buffer.concat([prefixed(7, Buffer.byteLength(value, 'latin1')), Buffer.from(value, 'latin1')])

/** A header block of literals. */
export const block = (fields: Fields): Buffer =>
  Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))

/** A literal that is kept in the client's dynamic table, and the index by which it is named then. */
export const kept = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0x40]), text(name), text(value)])
/** The newest entry of the dynamic table. */
export const newest = Buffer.from([0x80 | 62])

/** What every request has. */
export const usual = (path = '/x', method = 'GET'): Fields => [
  [':method', method],
  [':scheme', 'https'],
  [':authority', 'app.example'],
  [':path', path],
]

/** Frames that are written often. */
export const frames = {
  headers: (id: number, fields: Fields = usual(), bits = flags.endStream | flags.endHeaders): Buffer =>
    frame(frameTypes.headers, bits, id, block(fields)),
  data: (id: number, content: string, bits = 0): Buffer =>
    frame(frameTypes.data, bits, id, Buffer.from(content, 'latin1')),
  reset: (id: number, code = 8): Buffer => frame(frameTypes.reset, 0, id, uint32(code)),
  update: (id: number, size: number): Buffer => frame(frameTypes.update, 0, id, uint32(size)),
  settings: (pairs: readonly (readonly [key: number, value: number])[] = []): Buffer =>
    frame(
      frameTypes.settings,
      0,
      0,
      Buffer.concat(pairs.map(([key, value]) => Buffer.concat([Buffer.from([0, key]), uint32(value)]))),
    ),
  ping: (): Buffer => frame(frameTypes.ping, 0, 0, Buffer.alloc(8)),
}

/** The Huffman codes of digits (RFC 7541 appendix B). */
const digits = new Map([
  ...['00000', '00001', '00010'].map((code, digit) => [code, digit] as const),
  ...['011001', '011010', '011011', '011100', '011101', '011110', '011111'].map(
    (code, at) => [code, at + 3] as const,
  ),
])

const readDigits = (bytes: Buffer): number => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let at = 0
  let value = ''
  while (value.length < 3) {
    const code = [5, 6].map((length) => bits.slice(at, at + length)).find((piece) => digits.has(piece))
    if (code === undefined) throw new Error(`no digit in ${bits} at ${at}`)
    value += digits.get(code)
    at += code.length
  }
  return Number(value)
}

const indexed = [200, 204, 206, 304, 400, 404, 500]

/** The status of an answer's head, which comes first in it. */
export const statusIn = ({ payload }: Frame): number => {
  let at = 0
  while (((payload[at] ?? 0) & 0xe0) === 0x20) at += 1
  const first = payload[at] ?? 0
  if (first >= 0x88 && first <= 0x8e) return indexed[first - 0x88]!
  const length = payload[at + 1] ?? 0
  const value = payload.subarray(at + 2, at + 2 + (length & 0x7f))
  return length >= 0x80 ? readDigits(value) : Number(value.toString('latin1'))
}

/** The client. */
export type FrameClient = {
  readonly socket: tls.TLSSocket
  /** All so far. */
  readonly seen: readonly Frame[]
  write(...bytes: readonly Uint8Array[]): void
  /** The first frame that fits, already there or not; rejects when the connection closes without one. */
  until(fits: (frame: Frame) => boolean): Promise<Frame>
  /** The status of that stream's answer. */
  status(id: number): Promise<number>
  /** The content of that stream so far. */
  content(id: number): string
  /** How that stream was reset: its code; `null`: it was not. */
  resetOf(id: number): number | null
  /** The code of the last GOAWAY; `null`: there was none. */
  goneAway(): number | null
  closed(): Promise<void>
}

/** Notes what comes as frames; `waiting` are woken by each, and by the end. */
const record = (
  socket: tls.TLSSocket,
): { readonly seen: readonly Frame[]; readonly waiting: Set<() => void> } => {
  const seen: Frame[] = []
  const waiting = new Set<() => void>()
  const tell = (): void => {
    for (const wake of [...waiting]) wake()
  }
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3)
      const [type = 0, bits = 0] = bytes.subarray(3, 5)
      seen.push({ type, flags: bits, id: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) })
      bytes = bytes.subarray(end)
    }
    tell()
  })
  socket.on('error', () => {})
  socket.on('close', tell)
  return { seen, waiting }
}

/**
 * Connects to `port` on 127.0.0.1 and says hello; `greeting`: what stands in the place of the preface and SETTINGS;
 * `allowHalfOpen`: it does not close when the other side does.
 */
export const connectFrames = async (
  port: number,
  greeting: Uint8Array = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
    // No dynamic table for what comes back, which is not read.
    frames.settings([[1, 0]]),
  ]),
  from = '127.0.0.1',
  allowHalfOpen = false,
): Promise<FrameClient> => {
  const socket = tls.connect({
    ...{
      port,
      host: '127.0.0.1',
      localAddress: from,
      allowHalfOpen,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    },
  })
  const { seen, waiting } = record(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('close', () => reject(new Error('no handshake')))
  })
  socket.write(greeting)
  const when = <T>(look: () => T | undefined, otherwise: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const wake = (): void => {
        const found = look() ?? (socket.destroyed ? otherwise() : undefined)
        if (found !== undefined) resolve(found)
        else if (socket.destroyed) reject(new Error(`closed after ${seen.map(({ type }) => type).join(' ')}`))
        else return
        waiting.delete(wake)
      }
      waiting.add(wake)
      wake()
    })
  const until = (fits: (frame: Frame) => boolean): Promise<Frame> =>
    when(
      () => seen.find(fits),
      () => undefined,
    )
  const last = (fits: (frame: Frame) => boolean, from: number): number | null =>
    seen.findLast(fits)?.payload.readUInt32BE(from) ?? null
  return {
    socket,
    seen,
    write: (...pieces) => void socket.write(Buffer.concat(pieces)),
    until,
    status: async (id) =>
      statusIn(
        await until((got) => got.type === frameTypes.headers && got.id === id && statusIn(got) >= 200),
      ),
    content: (id) =>
      Buffer.concat(
        seen.filter((got) => got.type === frameTypes.data && got.id === id).map(({ payload }) => payload),
      ).toString('latin1'),
    resetOf: (id) => last((got) => got.type === frameTypes.reset && got.id === id, 0),
    goneAway: () => last((got) => got.type === frameTypes.goaway, 4),
    closed: () =>
      when(
        () => undefined as true | undefined,
        () => true as const,
      ).then(() => {}),
  }
}

/** Whether that stream was ended in order. */
export const isEnded = ({ seen }: FrameClient, id: number): boolean =>
  seen.some(
    (got) =>
      got.id === id &&
      (got.type === frameTypes.data || got.type === frameTypes.headers) &&
      (got.flags & flags.endStream) === flags.endStream,
  )
