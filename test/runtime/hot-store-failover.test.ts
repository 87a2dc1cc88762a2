/**
 * Goal: the hot store keeps its contract on Redis behind Sentinels and on a Cluster, over TLS, finds the new primary by itself after the
 * old one died or froze, and shows what is older together with an older manifest. Method: real servers, killed and paused.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import { clusterKey, keys } from '../../runtime/keys.ts'
import { complaintsOf } from '../../runtime/redis-set-up.ts'
import { createAuthority } from '../support/certificates.ts'
import { type RedisServers, startClusterRedis, startSentinelRedis } from '../support/redis-fleet.ts'
import { describeHotStore } from './hot-store-conformance.ts'

const elapse = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const authority = createAuthority()
const tls = { ...authority.issue({ names: ['127.0.0.1'] }), ca: authority.cert }

describe.each([
  ['Sentinels', startSentinelRedis, 'SIGSTOP'],
  ['a Cluster', startClusterRedis, 'SIGKILL'],
] as const)('Redis behind %s', (name, start, signal) => {
  let servers: RedisServers
  let store: HotStore
  beforeAll(async () => {
    servers = await start({ tls })
    store = createRedisHotStore({ ...servers.place, deadlineMs: 500 })
  }, 60_000)
  afterAll(async () => {
    await store?.close()
    await servers?.stop()
  })

  describeHotStore(`Redis behind ${name}`, async () => ({
    store: createRedisHotStore(servers.place),
    elapse,
  }))

  const works = async (): Promise<boolean> => {
    await store.write(keys.manifest, 'newest', null)
    return (await store.read(keys.manifest)) === 'newest'
  }
  const onServers = name === 'a Cluster' ? clusterKey : (key: string): string => key

  test('a good set-up is nothing to complain of but that it keeps nothing; one of several is not taken for all', async () => {
    expect(await store.complaints()).toMatchObject([{ sentence: expect.stringMatching(/appendonly is off/) }])
    const graveAt = async (url: string) => {
      const one = createRedisHotStore({ url, tls: { ca: authority.cert } })
      const grave = (await one.complaints()).filter(({ isGrave }) => isGrave)
      await one.close()
      return grave.map(({ advice }) => advice)
    }
    const { place, nodes } = servers
    const grave = await graveAt(`rediss://:${place.password}@127.0.0.1:${nodes[0]?.port}`)
    if (!('sentinels' in place)) return expect(grave).toEqual([expect.stringMatching(/hotStore.cluster/)])
    expect(grave).toEqual([])
    expect((await graveAt(`rediss://127.0.0.1:${place.sentinels[0]?.port}`))[0]).toMatch(/hotStore.sentinels/)
  })

  test('whoever else answers there with another certificate is not believed', async () => {
    const stranger = createRedisHotStore({
      ...{ ...servers.place, tls: { ca: createAuthority().cert } },
      deadlineMs: 500,
    })
    await expect(stranger.read(keys.manifest)).rejects.toMatchObject({ fault: true, kind: 'unreachable' })
    await stranger.close()
  })

  test(`its primary gets ${signal}: the next one is found`, async () => {
    expect(await works()).toBe(true)
    const primary = await servers.primaryOf(onServers(keys.manifest))
    expect(primary).not.toBeNull()
    const waiting = store.readAfter(keys.changes, '0-0', 1, 20_000).catch((error: unknown) => error)
    await primary?.kill(signal)
    await expect.poll(() => works().catch(() => false), { timeout: 15_000, interval: 50 }).toBe(true)
    expect((await servers.primaryOf(onServers(keys.manifest)))?.port).not.toBe(primary?.port)
    const after = store.readAfter(keys.changes, '0-0', 1, 10_000)
    await store.append(keys.changes, 'news', 10)
    expect((await after).at(0)?.text).toBe('news')
    await waiting
  }, 60_000)
})

test('what a primary says of its replicas is complained of only where another may take over', () => {
  const good =
    'redis_version:7.2.0\r\nrole:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nredis_mode:standalone\r\n'
  const alone = `${good}connected_slaves:0\r\n`
  const well = `${good}connected_slaves:1\r\nmin_slaves_good_slaves:1\r\n`
  expect(complaintsOf([alone])).toEqual([])
  expect(complaintsOf([well], 'sentinels')).toEqual([])
  expect(complaintsOf([alone], 'sentinels').map(({ sentence }) => sentence)).toEqual([
    expect.stringMatching(/no replica/),
    expect.stringMatching(/without any replica/),
  ])
  expect(complaintsOf([well, alone, alone], 'cluster')).toMatchObject([
    { isGrave: false, sentence: expect.stringMatching(/no replica/) },
  ])
})

test('in a Cluster what the manifest vouches for lies in one slot, and nothing else is moved', () => {
  const vouchedFor = [
    keys.manifest,
    keys.practices,
    keys.seeded,
    keys.canary,
    keys.changes,
    keys.policy('p'),
    keys.members('p'),
    keys.session('h'),
  ]
  for (const key of vouchedFor) expect(clusterKey(key)).toBe(`{gatehouse}:${key}`)
  const rest = [
    keys.reports,
    keys.seen('s'),
    keys.binding('c'),
    keys.parked('h'),
    keys.parkedPlace('u', 1),
    keys.count('n'),
  ]
  for (const key of rest) expect(clusterKey(key)).toBe(key)
  expect(new Set([...vouchedFor, ...rest]).size).toBe(Object.keys(keys).length)
})
