/**
 * Goal: the Redis hot store keeps the contract, and every call ends within its deadline whatever happens to Redis.
 * Method: the conformance suite on a real Redis; then stop, kill, empty and misconfigure that Redis under calls.
 */
import { spawnSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import type { Log } from '../../runtime/log.ts'
import { silentLog } from '../../runtime/log.ts'
import { complaintsOf } from '../../runtime/redis-set-up.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { describeHotStore } from './hot-store-conformance.ts'

let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

describeHotStore('Redis', async () => ({
  store: createRedisHotStore({ url: redis.url }),
  elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}))

// A server that is given may be shared: the contract is tried on it, but it is never killed, paused or emptied.
const given = process.env['REDIS_URL']
if (given !== undefined)
  describeHotStore('the Redis of REDIS_URL', async () => ({
    store: createRedisHotStore({ url: given }),
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }))

const stores: HotStore[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})
const openStore = (options: { url?: string; deadlineMs?: number; log?: Log } = {}): HotStore => {
  const store = createRedisHotStore({ url: redis.url, ...options })
  stores.push(store)
  return store
}

/** How long a call took to reject, and with what. */
async function failure(call: Promise<unknown>): Promise<{ ms: number; error: unknown }> {
  const startedAt = performance.now()
  try {
    await call
  } catch (error) {
    return { ms: performance.now() - startedAt, error }
  }
  throw new Error('the call did not fail')
}

/** Asks until the store answers; the test's own timeout bounds it. */
async function answersAgain(store: HotStore): Promise<void> {
  for (;;) {
    try {
      await store.time()
      return
    } catch {
      // A turn of the event loop: a rejected promise alone would starve the sockets it waits for.
      await new Promise(setImmediate)
    }
  }
}

describe('a Redis that is stopped', () => {
  test('every kind of call ends as a timeout within its deadline, and works again once it goes on', async () => {
    const store = openStore({ deadlineMs: 150 })
    await answersAgain(store)
    await redis.kill('SIGSTOP')
    try {
      const failures = await Promise.all([
        failure(store.read('gh:test:a')),
        failure(store.write('gh:test:a', 'x', null)),
        failure(store.append('gh:test:s', 'x', 10)),
        failure(store.readAfter('gh:test:s', '0-0', 10, 100)),
      ])
      for (const { ms, error } of failures) {
        expect(error).toMatchObject({ fault: true, source: 'hot-store', retry: 'yes' })
        expect(ms).toBeLessThan(1_000)
      }
      expect(failures[0]!.error).toMatchObject({ kind: 'timeout' })
    } finally {
      await redis.kill('SIGCONT')
    }
    await answersAgain(store)
    await store.write('gh:test:b', 'fresh', null)
    expect(await store.read('gh:test:b')).toBe('fresh')
  })

  test('a connection that stays silent is given up for a new one', async () => {
    const store = openStore({ deadlineMs: 50 })
    await answersAgain(store)
    const before = await connectionIds()
    await redis.kill('SIGSTOP')
    // Past twice the deadline the socket is destroyed; a few failing calls span that.
    for (let call = 0; call < 5; call++) await failure(store.time())
    await redis.kill('SIGCONT')
    await answersAgain(store)
    const after = await connectionIds()
    expect(after.filter((id) => !before.includes(id)).length).toBeGreaterThan(0)
  })
})

/** Ids of the stores' connections, as Redis counts them. */
async function connectionIds(): Promise<string[]> {
  const client = new Redis(redis.url)
  const list = String(await client.client('LIST'))
  client.disconnect()
  return list
    .split('\n')
    .filter((line) => / name=gatehouse /.test(line))
    .map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '')
}

describe('a Redis that dies', () => {
  test('calls in flight are rejected at once, and the store connects again to its successor', async () => {
    const store = openStore({ deadlineMs: 1_000 })
    await store.write('gh:test:kept', 'x', null)
    // Two rounds, so that the waiting connection is there: the first read waits on it, then it is used again.
    expect(await store.readAfter('gh:test:never', '0-0', 1, 1)).toEqual([])
    const waiting = failure(store.readAfter('gh:test:never', '0-0', 1, 30_000))
    await redis.kill('SIGKILL')
    expect((await waiting).error).toMatchObject({ fault: true, source: 'hot-store' })
    const { error, ms } = await failure(store.read('gh:test:kept'))
    expect(error).toMatchObject({ fault: true, source: 'hot-store' })
    expect(ms).toBeLessThan(2_000)
    await redis.restart()
    await answersAgain(store)
    expect(await store.read('gh:test:kept')).toBeNull()
    const entries = store.readAfter('gh:test:again', '0-0', 1, 10_000)
    await store.append('gh:test:again', 'alive', 10)
    expect(await entries).toHaveLength(1)
  })

  test('a write that failed while it was away does not happen later', async () => {
    const store = openStore({ deadlineMs: 100 })
    await answersAgain(store)
    await redis.kill('SIGKILL')
    await failure(store.write('gh:test:late', 'stale', null))
    await redis.restart()
    await answersAgain(store)
    expect(await store.read('gh:test:late')).toBeNull()
  })

  test('one warning when it is lost and one word when it is back, however often it was tried', async () => {
    const lines: string[] = []
    const log: Log = {
      ...silentLog,
      warn: (_, message) => lines.push(`warn ${message}`),
      info: (_, message) => lines.push(`info ${message}`),
    }
    const store = openStore({ deadlineMs: 200, log })
    await answersAgain(store)
    await redis.kill('SIGKILL')
    for (let call = 0; call < 5; call++) await failure(store.time())
    await redis.restart()
    await answersAgain(store)
    expect(lines).toEqual(['warn hot store: connection lost', 'info hot store: connected again'])
  })
})

test('a read that may wait long does not wait as long for a server that is not there', async () => {
  const store = openStore({ url: `redis://127.0.0.1:${await freePort()}`, deadlineMs: 100 })
  const { error, ms } = await failure(store.readAfter('gh:test:s', '0-0', 1, 30_000))
  expect(error).toMatchObject({ fault: true, kind: 'unreachable' })
  expect(ms).toBeLessThan(2_000)
})

test('a Redis that was never there is unreachable within the deadline, not an unhandled error', async () => {
  const store = openStore({ url: `redis://127.0.0.1:${await freePort()}`, deadlineMs: 100 })
  const { error, ms } = await failure(store.read('gh:test:a'))
  expect(error).toMatchObject({ fault: true, kind: 'unreachable' })
  expect(ms).toBeLessThan(1_000)
})

test('a wrong password is a refusal or unreachable, and does not end the process', async () => {
  const store = openStore({ url: redis.url.replace(/:[^:@/]*@/, ':wrong@'), deadlineMs: 200 })
  expect((await failure(store.read('gh:test:a'))).error).toMatchObject({ fault: true, source: 'hot-store' })
})

describe('complaints', () => {
  test('an evicting Redis is named, with what to do; one that keeps nothing over a restart only costs', async () => {
    const client = new Redis(redis.url)
    const sentences = async (isGrave: boolean) =>
      (await openStore().complaints())
        .filter((one) => one.isGrave === isGrave)
        .map(({ sentence }) => sentence)
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    expect(await sentences(true)).toEqual([expect.stringMatching(/drop sessions.*allkeys-lru/)])
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    expect(await sentences(true)).toEqual([])
    expect(await sentences(false)).toEqual([expect.stringMatching(/appendonly is off/)])
    await client.config('SET', 'appendonly', 'yes')
    expect(await sentences(false)).toEqual([])
    await client.config('SET', 'maxmemory', '1048576')
    expect(await sentences(false)).toEqual([expect.stringMatching(/maxmemory/)])
    await client.config('SET', 'maxmemory', '0', 'appendonly', 'no')
    client.disconnect()
  })

  test('a disk that is full, a replica and an old server are grave', () => {
    const good = 'redis_version:7.2.0\r\nrole:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n'
    expect(complaintsOf([good])).toEqual([])
    for (const [line, said] of [
      ['rdb_last_bgsave_status:err', /snapshot/],
      ['aof_last_write_status:err', /append-only file/],
      ['role:slave', /replica/],
      ['redis_version:6.0.9', /older than 6.2/],
    ] as const) {
      const [name = ''] = line.split(':')
      const info = `${line}\r\n${good.replace(new RegExp(`${name}:[^\r]*\r\n`), '')}`
      expect(complaintsOf([info])).toMatchObject([{ isGrave: true, sentence: expect.stringMatching(said) }])
    }
  })

  test('a Redis that forbids the question is a complaint, not a failure', async () => {
    const client = new Redis(redis.url)
    await client.call('ACL', 'SETUSER', 'hosted', 'on', '>secret', '~*', '+@all', '-info')
    const store = openStore({ url: `redis://hosted:secret@127.0.0.1:${redis.port}` })
    expect(await store.complaints()).toMatchObject([{ sentence: expect.stringMatching(/does not tell/) }])
    client.disconnect()
  })
})

test('a process that closes its store ends by itself', () => {
  const program = `
    import { createRedisHotStore } from ${JSON.stringify(new URL('../../runtime/hot-store-redis.ts', import.meta.url).href)}
    const store = createRedisHotStore({ url: ${JSON.stringify(redis.url)} })
    const waiting = store.readAfter('gh:test:none', '0-0', 1, 20000).catch(() => {})
    await store.time()
    await store.close()
    await waiting
  `
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 8_000 })
  expect({ status: run.status, stderr: String(run.stderr) }).toEqual({ status: 0, stderr: '' })
})
