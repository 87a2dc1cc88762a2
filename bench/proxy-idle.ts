/**
 * What connections cost that lie idle: memory of the gateway's process, as the system counts it.
 *
 * It measures no time. Invariant: each connection has had a whole answer and stays open, and all of them are open at once.
 * The heap's own figure was refused: buffers, sockets and what the heap keeps free are paid for as well.
 */
import { readFileSync } from 'node:fs'
import net, { type Socket } from 'node:net'
import type { Pinned } from './pinned.ts'
import type { Shot } from './wrk.ts'

/** What was found. `bytesEach`: of resident memory. */
export type IdleFigures = { readonly connections: number; readonly bytesEach: number }

/** The goal of ten thousand idle connections. */
const connections = 10_000
/** From so many addresses, since the gateway limits connections by address. */
const addresses = 20

const residentBytes = ({ pid }: Pinned): number => {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (found === undefined) throw new Error('the system does not say what a process holds')
  return Number(found) * 1_024
}

const openFilesMax = (): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A connection from an address of its number, after one answer of `bytes` or more. */
const openOne = async (url: URL, shot: Shot, at: number, bytes: number): Promise<Socket> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const localAddress = `127.0.1.${1 + (at % addresses)}`
  const socket = net.connect({ host: url.hostname, port: Number(url.port), localAddress })
  const lines = Object.entries({ Host: url.host, ...shot.headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  let missing = bytes
  socket.on('error', reject).on('data', (chunk) => {
    missing -= chunk.length
    if (missing <= 0) resolve()
  })
  socket.write(`GET ${shot.path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  await promise
  return socket
}

const openMany = async (url: URL, shot: Shot, count: number, bytes: number): Promise<readonly Socket[]> => {
  const sockets: Socket[] = []
  while (sockets.length < count)
    sockets.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(50, count - sockets.length) }, (_, i) =>
          openOne(url, shot, sockets.length + i, bytes),
        ),
      )),
    )
  return sockets
}

const closeAll = async (sockets: readonly Socket[]): Promise<void> => {
  for (const socket of sockets) socket.destroy()
  await pause(2_000)
}

/**
 * Opens them at `program`, which has served nobody, by a request with an answer of `bytes`; they are closed again. `null`: as
 * many files may not be open here.
 */
export const measureIdle = async (
  program: Pinned,
  to: string,
  shot: Shot,
  bytes: number,
): Promise<IdleFigures | null> => {
  if (openFilesMax() < connections + 1_000) return null
  const url = new URL(to)
  // What a process grows by once, it has grown by then.
  await closeAll(await openMany(url, shot, 2_000, bytes))
  const before = residentBytes(program)
  const sockets = await openMany(url, shot, connections, bytes)
  await pause(2_000)
  const bytesEach = (residentBytes(program) - before) / connections
  await closeAll(sockets)
  return { connections, bytesEach }
}
