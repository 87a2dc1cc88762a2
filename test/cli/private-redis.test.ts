/**
 * Goal: a private Redis is ours alone, never evicts, writes nothing, and always ends.
 * Method: the real server, started, asked, paused, killed and orphaned.
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isStop } from '../../cli/exit-codes.ts'
import { findRedisServer, type PrivateRedis, startPrivateRedis } from '../../cli/private-redis.ts'
import { isLiving, markOf } from '../../cli/process-mark.ts'
import { newRunFolder, projectRoot } from '../support/cache-folder.ts'
import { freePort } from '../support/free-port.ts'
import { findTestRedis, type RedisProgram, startRedis } from '../support/redis.ts'

let program: RedisProgram
const closers: (() => Promise<unknown> | unknown)[] = []

const folder = (): string => {
  const path = newRunFolder('private-redis')
  closers.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const start = async (plan: { dataDir?: string; port?: number } = {}): Promise<PrivateRedis> => {
  const redis = await startPrivateRedis({ ...program, dataDir: folder(), ...plan })
  closers.push(redis.stop)
  return redis
}

const clientOf = (url: string): Redis => {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => undefined)
  closers.push(() => client.disconnect())
  return client
}

beforeAll(async () => {
  program = await findTestRedis()
})

afterEach(async () => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
})

describe('finding a server', () => {
  it('prefers valkey-server to redis-server, and passes over what cannot be run', () => {
    const [first, second] = [folder(), folder()]
    const path = `${first}:${second}`
    expect(findRedisServer(path)).toBeNull()
    writeFileSync(join(first, 'redis-server'), '')
    expect(findRedisServer(path)).toBeNull()
    chmodSync(join(first, 'redis-server'), 0o755)
    expect(findRedisServer(path)).toBe(join(first, 'redis-server'))
    mkdirSync(join(first, 'valkey-server'))
    writeFileSync(join(second, 'valkey-server'), '', { mode: 0o755 })
    expect(findRedisServer(path)).toBe(join(second, 'valkey-server'))
  })
})

describe('a private Redis', () => {
  it('never evicts, keeps nothing on disk and listens on 127.0.0.1 alone', async () => {
    const dataDir = folder()
    const redis = await start({ dataDir })
    const client = clientOf(redis.url)
    for (const [name, value] of [
      ['maxmemory-policy', 'noeviction'],
      ['save', ''],
      ['appendonly', 'no'],
      ['bind', '127.0.0.1'],
    ] as const) {
      expect(Object.values((await client.config('GET', name)) as object).at(-1)).toBe(value)
    }
    await client.set('a', '1')
    await redis.stop()
    expect(readdirSync(dataDir)).toEqual([])
  })

  it('asks for a password, and shows it in no file and no process list', async () => {
    const dataDir = folder()
    const redis = await start({ dataDir })
    const password = new URL(redis.url).password
    expect(password.length).toBeGreaterThanOrEqual(32)
    await expect(clientOf(`redis://127.0.0.1:${redis.port}`).ping()).rejects.toThrow('NOAUTH')
    const files = readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name), 'utf8'))
    const shown = process.platform === 'linux' ? readFileSync(`/proc/${redis.pid}/cmdline`, 'utf8') : ''
    expect([...files, shown].join('\n')).not.toContain(password)
  })

  it('refuses a taken port with one sentence', async () => {
    const first = await start()
    const second = await start({ port: first.port }).catch((error: unknown) => error)
    expect(isStop(second) && second.exitCode).toBe(69)
    expect(String(second)).toContain(`Port ${first.port} of 127.0.0.1, wanted for Redis, is taken.`)
  })

  it('refuses a folder that a living process uses', async () => {
    const dataDir = folder()
    await start({ dataDir })
    await expect(start({ dataDir })).rejects.toThrow(`in use by process ${process.pid}`)
  })

  it('says what the server said when it does not start', async () => {
    const plan = { dataDir: folder(), binary: process.execPath }
    await expect(startPrivateRedis(plan)).rejects.toThrow(/did not start:\n.*SyntaxError/s)
    await expect(startPrivateRedis({ ...plan, binary: '/nowhere/redis-server' })).rejects.toThrow('ENOENT')
  })

  it('stops a server whose owner was killed', async () => {
    const dataDir = folder()
    const script = `
      import { startPrivateRedis } from './cli/private-redis.ts'
      const redis = await startPrivateRedis(JSON.parse(process.argv[1]))
      console.log(redis.pid)
    `
    const plan = JSON.stringify({ ...program, dataDir })
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script, plan], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = await new Promise<number>((resolve) =>
      owner.stdout.once('data', (said) => resolve(Number(said))),
    )
    const orphan = markOf(pid)
    const gone = new Promise((resolve) => owner.once('exit', resolve))
    owner.kill('SIGKILL')
    await gone
    expect(orphan !== null && isLiving(orphan)).toBe(true)
    await start({ dataDir })
    expect(orphan !== null && isLiving(orphan)).toBe(false)
  })
})

describe('the Redis that tests get', () => {
  it('comes back on its port, empty, after SIGKILL', async () => {
    const redis = await startRedis()
    closers.push(redis.stop)
    const before = redis.pid
    await clientOf(redis.url).set('a', '1')
    await redis.kill('SIGKILL')
    await expect(clientOf(redis.url).ping()).rejects.toThrow()
    await redis.restart()
    expect(redis.pid).not.toBe(before)
    expect(await clientOf(redis.url).dbsize()).toBe(0)
  })

  it('can be paused, and stopped while it is', async () => {
    const redis = await startRedis()
    closers.push(redis.stop)
    const mark = markOf(redis.pid)
    await redis.kill('SIGSTOP')
    // The kernel still accepts; nobody answers.
    const socket = connect(redis.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.destroy()
    await redis.stop()
    expect(mark !== null && isLiving(mark)).toBe(false)
  })

  it('gives ports of its own', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, freePort))
    expect(new Set(ports).size).toBe(50)
  })
})
