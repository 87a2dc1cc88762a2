/**
 * A real Redis for a test, in a process of its own, so that the test may kill it, pause it and start it again.
 *
 * Not REDIS_URL: a shared server can be neither killed nor paused, and two test files would see each other's keys.
 * Invariant: same url after restart(), and empty. The program comes from PATH (valkey-server, redis-server) or, on
 * Debian, from a package unpacked under .cache. Refused: an imitation in JavaScript, which agrees with us, not Redis.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { findRedisServer, type PrivateRedis, startPrivateRedis } from '../../cli/private-redis.ts'
import { cachePath, newRunFolder } from './cache-folder.ts'
import { fetchDebianPackages, libraryFolders } from './debian-packages.ts'
import { freePort } from './free-port.ts'

/** A running Redis. `pid` is that of the present process and changes with restart(). */
export type TestRedis = {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Sends the signal; for one that ends the process, resolves once it has ended. SIGSTOP pauses, SIGCONT goes on. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Ends what still runs and starts anew: same port, same password, no keys. */
  restart(): Promise<void>
  /** Ends it and removes its folder; may be called twice. */
  stop(): Promise<void>
}

/** A program and the environment it needs. */
export type RedisProgram = { readonly binary: string; readonly env: Readonly<Record<string, string>> }

const debianPackages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

/** Where a Redis server is; fetched rootless on Debian (some seconds, once) when PATH has none. */
export const findTestRedis = async (): Promise<RedisProgram> => {
  const installed = findRedisServer()
  if (installed !== null) return { binary: installed, env: {} }
  const folder = cachePath('redis', process.arch)
  try {
    await fetchDebianPackages({ purpose: 'a Redis server', packages: debianPackages, folder })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`Tests need valkey-server or redis-server on PATH (macOS: brew install valkey). ${why}`)
  }
  return {
    binary: join(folder, 'usr', 'bin', 'redis-server'),
    env: { LD_LIBRARY_PATH: libraryFolders(folder).join(':') },
  }
}

const lasting: ReadonlySet<NodeJS.Signals> = new Set(['SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2', 'SIGHUP'])

/** Starts a Redis of its own (about 30 ms) on a port of 127.0.0.1 that stays its own through restarts. */
export const startRedis = async (): Promise<TestRedis> => {
  const program = await findTestRedis()
  const dataDir = newRunFolder('redis')
  const plan = { ...program, dataDir, port: await freePort(), password: 'test' }
  let running: PrivateRedis = await startPrivateRedis(plan)
  return {
    url: running.url,
    port: running.port,
    get pid() {
      return running.pid
    },
    kill: async (signal) => {
      process.kill(running.pid, signal)
      if (!lasting.has(signal)) await running.exited
    },
    restart: async () => {
      await running.stop()
      running = await startPrivateRedis(plan)
    },
    stop: async () => {
      await running.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
