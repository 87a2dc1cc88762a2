/**
 * A Redis (or Valkey) of our own for `gatehouse start`: found on PATH, listening on 127.0.0.1, thrown away with us.
 *
 * Not a store: nothing is written to disk, because the hot store is rebuilt from the database. Invariant: it never
 * evicts (a lost revocation would be silent) and its password is in no file and no process list: the configuration
 * goes through standard input. Refused: adopting whatever listens on 6379, which may be somebody's.
 */

import { randomBytes } from 'node:crypto'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { claimDirectory, releaseDirectory, type StopSignal, startChildService } from './child-service.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { freePort } from './free-port.ts'

/** What to start. `port` 0 or absent: a free one; `password` absent: a random one; `env` is added to ours. */
export type PrivateRedisPlan = {
  readonly dataDir: string
  readonly binary: string
  readonly port?: number
  readonly password?: string
  readonly env?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
}

/** A running private Redis. `exited` resolves when it ends, asked for or not. */
export type PrivateRedis = {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly exited: Promise<readonly string[]>
  stop(): Promise<void>
}

/** SIGTERM saves nothing here and is quick. */
const stopSignals: readonly StopSignal[] = [
  { signal: 'SIGTERM', waitMs: 2_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
]

const portAttemptsMax = 5

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The path of `valkey-server`, else of `redis-server`, on PATH; null when there is neither. */
export const findRedisServer = (path: string = process.env.PATH ?? ''): string | null => {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  for (const name of ['valkey-server', 'redis-server']) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable)
    if (found !== undefined) return found
  }
  return null
}

const settings = (port: number, password: string, dataDir: string): string =>
  [
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    `requirepass ${password}`,
    `dir ${JSON.stringify(dataDir)}`,
    'daemonize no',
    'save ""',
    'appendonly no',
    'maxmemory-policy noeviction',
    '',
  ].join('\n')

/**
 * Starts it and resolves once it accepts connections (about 20 ms). A taken port, or a data directory that a living
 * process uses, is a `Stop` with exit code 69.
 */
export const startPrivateRedis = async (plan: PrivateRedisPlan): Promise<PrivateRedis> => {
  const claimFile = join(plan.dataDir, 'redis-claim.json')
  await claimDirectory('Redis', claimFile, stopSignals)
  const password = plan.password ?? randomBytes(24).toString('base64url')
  let lines: readonly string[] = []
  for (let attempt = 1; attempt <= portAttemptsMax; attempt += 1) {
    const port = plan.port || (await freePort())
    const start = await startChildService({
      name: 'Redis',
      command: plan.binary,
      args: ['-'],
      env: { ...process.env, ...plan.env },
      input: settings(port, password, plan.dataDir),
      claimFile,
      stopSignals,
      readyMs: 20_000,
      readyWhen: (line) => line.includes('Ready to accept connections'),
      log: plan.log ?? (() => undefined),
    })
    if (start.service !== null) {
      const { pid, exited, stop } = start.service
      return { url: `redis://default:${password}@127.0.0.1:${port}`, port, pid, exited, stop }
    }
    lines = start.lines
    const taken = lines.some((line) => line.includes('Address already in use'))
    if (taken && plan.port)
      throw stopWith(exitCodes.unavailable, `Port ${port} of 127.0.0.1, wanted for Redis, is taken.`)
    if (!taken) break
    await claimDirectory('Redis', claimFile, stopSignals)
  }
  releaseDirectory(claimFile)
  throw stopWith(
    exitCodes.unavailable,
    `Redis (${plan.binary}) did not start:`,
    ...lines.map((line) => `  ${line}`),
  )
}
