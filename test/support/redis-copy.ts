/**
 * What lies in a Redis, taken and laid down again byte for byte: how an old primary looks that was cut off some time ago.
 */
import { Redis } from 'ioredis'

/** Everything of one Redis at one moment: key, remaining time (0: none), value as `DUMP` gives it. */
export type RedisCopy = readonly { readonly key: string; readonly ttlMs: number; readonly value: Buffer }[]

const connected = async <T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> => {
  const client = new Redis(url, { maxRetriesPerRequest: 0 })
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

/** Everything that lies in the Redis at `url` now. */
export const copyRedis = (url: string): Promise<RedisCopy> =>
  connected(url, async (client) => {
    const names = (await client.keys('*')).sort()
    const found = await Promise.all(
      names.map(async (key) => ({
        key,
        ttlMs: Math.max(0, await client.pttl(key)),
        value: await client.dumpBuffer(key),
      })),
    )
    return found.flatMap(({ value, ...rest }) => (value === null ? [] : [{ ...rest, value }]))
  })

/** Lays `copy` down in the Redis at `url`, over what is there; nothing else of it changes. */
export const layCopy = (url: string, copy: RedisCopy): Promise<void> =>
  connected(url, async (client) => {
    for (const { key, ttlMs, value } of copy) await client.restore(key, ttlMs, value, 'REPLACE')
  })

/** Appends entries to a stream as anybody can who may write to that Redis. */
export const appendForged = (url: string, stream: string, texts: readonly string[]): Promise<void> =>
  connected(url, async (client) => {
    for (const text of texts) await client.xadd(stream, '*', 't', text)
  })

/** Empties it. */
export const flushRedis = (url: string): Promise<void> =>
  connected(url, async (client) => void (await client.flushall()))
