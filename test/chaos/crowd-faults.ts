/**
 * Crowds that mean no good: connections that say nothing, and heads that come a byte at a time.
 *
 * Bounded here as there: what is opened is counted and closed again. They come from as many loopback addresses as the limit of one
 * address makes necessary, since a crowd from one address is refused at once.
 */
import { readFileSync } from 'node:fs'
import net from 'node:net'
import type { Fault } from './rehearsal.ts'
import { type Stage, workersOf } from './stage.ts'

const idleCount = 10_000
const slowCount = 1_000
/** Fewer than the thousand that one address may have. */
const perAddress = 900

let crowd: readonly net.Socket[] = []
let dripping: NodeJS.Timeout | null = null

/** Resident memory of the first gateway's workers. */
const memoryOf = ({ gateways }: Stage): number =>
  (gateways[0] === undefined ? [] : workersOf(gateways[0]))
    .map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096)
    .reduce((sum, bytes) => sum + bytes, 0)

const openOne = (port: number, from: string): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: from })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => {})
  })

const openMany = async (port: number, count: number): Promise<readonly net.Socket[]> => {
  const sockets: net.Socket[] = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(200, count - sockets.length) }, (_, at) =>
      openOne(port, `127.0.1.${1 + Math.floor((sockets.length + at) / perAddress)}`),
    )
    sockets.push(...(await Promise.all(batch)))
  }
  return sockets
}

let memoryBefore = 0

const leave = (): void => {
  if (dripping !== null) clearInterval(dripping)
  dripping = null
  for (const socket of crowd) socket.destroy()
  crowd = []
}

/** Faults of crowds. */
export const crowdFaults: readonly Fault[] = [
  {
    id: 'crowd',
    what: `${idleCount.toLocaleString('en')} connections that say nothing and ${slowCount.toLocaleString('en')} whose heads come a byte a second, at one gateway`,
    sees: 'nothing: the slow ones are closed after 10 s',
    allows: 'nobody notices',
    lastsMs: 13_000,
    async strike(stage) {
      const port = stage.gateways[0]?.port ?? 0
      memoryBefore = memoryOf(stage)
      crowd = await openMany(port, idleCount + slowCount)
      const slow = crowd.slice(idleCount)
      for (const socket of slow) socket.write('GET /api/me HTTP/1.1\r\nHost: a\r\nX-Slow: ')
      dripping = setInterval(() => {
        for (const socket of slow) if (!socket.destroyed) socket.write('a')
      }, 1_000)
      return undefined
    },
    heal: async () => leave(),
    async check(stage) {
      const grown = Math.round((memoryOf(stage) - memoryBefore) / 1_048_576)
      return `the gateway’s two workers grew by ${grown} MB`
    },
  },
]
