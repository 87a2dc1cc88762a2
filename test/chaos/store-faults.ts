/**
 * What can happen to Redis behind Sentinels, to a Cluster and to PostgreSQL with a standby.
 *
 * Each fault strikes real servers by their process ids or by their own commands. Invariant: where somebody is refused in the very
 * moment of a failover, they stay refused by every gateway: `ended first` sees to it.
 */
import { spawnSync } from 'node:child_process'
import { Redis } from 'ioredis'
import pg from 'pg'
import { clusterKey, keys } from '../../runtime/keys.ts'
import { activeEverywhere } from '../support/admin-client.ts'
import type { RedisNode } from '../support/redis-fleet.ts'
import { demandKept, type Edits, startEdits } from './edits.ts'
import type { Load } from './load.ts'
import { isApart } from './network.ts'
import type { Fault } from './rehearsal.ts'
import type { Stage } from './stage.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const primaryOf = async ({ servers }: Stage): Promise<RedisNode> => {
  const key = servers !== null && 'cluster' in servers.place ? clusterKey(keys.manifest) : keys.manifest
  const primary = await servers?.primaryOf(key).catch(() => null)
  if (primary == null) throw new Error('no primary')
  return primary
}

/** When another than this one is the primary (`performance.now()`). */
const takenOver = async (stage: Stage, from: RedisNode): Promise<number> => {
  const deadline = performance.now() + 20_000
  for (;;) {
    const now = await primaryOf(stage).catch(() => null)
    if (now !== null && now.port !== from.port) return performance.now()
    if (performance.now() > deadline) throw new Error('nobody took over')
    await pause(25)
  }
}

/** Somebody comes in, and their access is ended; they ask on, and are let in nowhere from then on. */
const endSomebody = async (stage: Stage, load: Load, who: string): Promise<void> => {
  const asker = await stage.enter(who)
  load.put(asker)
  await load.settled(10_000)
  load.drop(who)
  await activeEverywhere(stage.admin, await stage.revoke(who))
  load.put({ ...asker, may: false })
}

let struck: RedisNode | null = null
let stale = 0
let storm: (() => Promise<void>) | null = null

/** Takes connections until none is left, and keeps trying for as many; gives back what ends it. */
const openStorm = async (url: string, count: number): Promise<() => Promise<void>> => {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url }))
  for (const client of clients) client.on('error', () => {})
  await Promise.all(clients.map((client) => client.connect().catch(() => {})))
  return async () => void (await Promise.all(clients.map((client) => client.end().catch(() => {}))))
}

const bringBack = async (): Promise<void> => {
  await struck?.start()
  struck = null
}

/** Asks the Redis primary of a stage on a connection of its own. */
export const onPrimary = async <T>(stage: Stage, work: (client: Redis) => Promise<T>): Promise<T> => {
  const { host, port } = await primaryOf(stage)
  const client = new Redis(port, host, {
    password: stage.servers?.place.password ?? '',
    retryStrategy: () => null,
  })
  client.on('error', () => {})
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

/** Faults of Redis behind Sentinels. */
export const sentinelFaults: readonly Fault[] = [
  {
    id: 'redis-primary-killed',
    what: 'kill -9 of the Redis primary behind Sentinels, right after somebody’s access was ended',
    sees: 'nothing: gateways go on by the control plane until a replica has taken over',
    allows: 'nobody notices',
    lastsMs: 500,
    async strike(stage, load) {
      await endSomebody(stage, load, 'fiona')
      struck = await primaryOf(stage)
      await struck.kill('SIGKILL')
      return takenOver(stage, struck)
    },
    heal: bringBack,
  },
  {
    id: 'redis-primary-cut-off',
    what: 'a partition: no packet reaches the Redis primary any more (a route in a network namespace), for as long as it takes and three seconds',
    sees: 'nothing',
    allows: 'nobody notices',
    lastsMs: 3_000,
    async strike(stage, load) {
      await endSomebody(stage, load, 'fiona')
      const primary = await primaryOf(stage)
      route('add', primary)
      struck = primary
      return takenOver(stage, primary)
    },
    async heal() {
      if (struck !== null) route('del', struck)
      struck = null
    },
  },
  {
    id: 'redis-primary-stopped',
    what: 'SIGSTOP of the Redis primary behind Sentinels; it comes back believing that it is the primary',
    sees: 'nothing',
    allows: 'nobody notices',
    lastsMs: 500,
    async strike(stage) {
      const primary = await primaryOf(stage)
      await primary.kill('SIGSTOP')
      const at = await takenOver(stage, primary)
      await primary.kill('SIGCONT')
      return at
    },
  },
]

/** Lets nothing reach that address any more, in this network namespace; `del` takes it back. */
const route = (what: 'add' | 'del', { host }: RedisNode): void => {
  if (!isApart())
    throw new Error('needs a network namespace of its own (unshare --net), and there is none here')
  const done = spawnSync('ip', ['route', what, 'blackhole', `${host}/32`, 'table', 'local'], {
    encoding: 'utf8',
  })
  if (done.status !== 0) throw new Error(`ip route ${what}: ${done.stderr}`)
}

/** Faults that any Redis can have. */
export const redisFaults: readonly Fault[] = [
  {
    id: 'redis-flushed',
    what: 'FLUSHALL on the primary',
    sees: 'nothing: the control plane fills it anew',
    allows: 'nobody notices',
    lastsMs: 1_500,
    strike: async (stage) => void (await onPrimary(stage, (client) => client.flushall())),
  },
  {
    id: 'redis-all-killed',
    what: 'kill -9 of all Redis servers for three seconds, then started empty',
    sees: 'nothing: gateways go on by the control plane; revocations too',
    allows: 'nobody notices',
    lastsMs: 3_000,
    async strike(stage) {
      await Promise.all(stage.servers?.nodes.map((node) => node.kill('SIGKILL')) ?? [])
      stale = await stage.shutOut('dan', 20_000)
      return undefined
    },
    heal: async ({ servers }) => void (await Promise.all(servers?.nodes.map((node) => node.start()) ?? [])),
    check: async () => `without Redis a revocation reached both gateways ${stale} ms after it was saved`,
  },
  {
    id: 'redis-full',
    what: 'the primary is out of memory under noeviction: it takes no writes for three seconds',
    sees: 'nothing: gateways go on by the control plane',
    allows: 'nobody notices',
    lastsMs: 3_000,
    strike: async (stage) =>
      void (await onPrimary(stage, (client) => client.config('SET', 'maxmemory', '1'))),
    heal: async (stage) => void (await onPrimary(stage, (client) => client.config('SET', 'maxmemory', '0'))),
  },
  {
    id: 'redis-slow',
    what: 'the primary holds every command back for 400 ms, four times in a row',
    sees: 'nothing: no request asks Redis',
    allows: 'nobody notices',
    lastsMs: 0,
    async strike(stage) {
      for (let turn = 0; turn < 4; turn++) {
        await onPrimary(stage, (client) => client.call('CLIENT', 'PAUSE', 400))
        await pause(500)
      }
      return undefined
    },
  },
]

/** Faults of a Cluster. */
export const clusterFaults: readonly Fault[] = [
  {
    id: 'cluster-primary-killed',
    what: 'kill -9 of the Cluster’s primary that holds what the manifest vouches for, right after somebody’s access was ended',
    sees: 'nothing',
    allows: 'nobody notices',
    lastsMs: 500,
    async strike(stage, load) {
      await endSomebody(stage, load, 'fiona')
      struck = await primaryOf(stage)
      await struck.kill('SIGKILL')
      return takenOver(stage, struck)
    },
    heal: bringBack,
  },
]

let edits: Edits | null = null

const keptEdits = async (stage: Stage): Promise<string> => {
  const running = edits
  if (running === null) throw new Error('nobody was editing')
  await running.next(40_000)
  await running.stop()
  edits = null
  return demandKept(stage, running.confirmed)
}

const editing = async (stage: Stage): Promise<void> => {
  await edits?.stop()
  edits = startEdits(stage)
  await edits.next(40_000)
}

/** Faults of PostgreSQL, each while somebody edits. */
export const postgresFaults: readonly Fault[] = [
  {
    id: 'postgres-restarted',
    what: 'PostgreSQL restarted, its connections cut (fast shutdown), while an admin edits',
    sees: 'nothing; the admin API answers 503 meanwhile',
    allows: 'nobody notices',
    lastsMs: 300,
    async strike(stage) {
      await editing(stage)
      await stage.postgres.primary().kill('SIGINT')
      return undefined
    },
    heal: ({ postgres }) => postgres.primary().start(),
    check: keptEdits,
  },
  {
    id: 'postgres-killed',
    what: 'kill -9 of PostgreSQL, away for two seconds, while an admin edits',
    sees: 'nothing; the admin API answers 503 meanwhile',
    allows: 'nobody notices',
    lastsMs: 2_000,
    async strike(stage) {
      await editing(stage)
      await stage.postgres.primary().kill('SIGKILL')
      return undefined
    },
    heal: ({ postgres }) => postgres.primary().start(),
    check: keptEdits,
  },
  {
    id: 'postgres-stopped',
    what: 'SIGSTOP of PostgreSQL for three seconds while an admin edits',
    sees: 'nothing; edits wait',
    allows: 'nobody notices',
    lastsMs: 3_000,
    async strike(stage) {
      await editing(stage)
      await stage.postgres.primary().kill('SIGSTOP')
      return undefined
    },
    heal: ({ postgres }) => postgres.primary().kill('SIGCONT'),
    check: keptEdits,
  },
  {
    id: 'postgres-connections',
    what: 'every connection of PostgreSQL taken by somebody else for two seconds',
    sees: 'nothing; the admin API answers 503 meanwhile',
    allows: 'nobody notices',
    lastsMs: 2_000,
    async strike(stage) {
      await editing(stage)
      storm = await openStorm(stage.postgres.url, 130)
      return undefined
    },
    async heal() {
      await storm?.()
      storm = null
    },
    check: keptEdits,
  },
  {
    id: 'postgres-promoted',
    what: 'kill -9 of the PostgreSQL primary, its synchronous standby promoted, while an admin edits',
    sees: 'nothing',
    allows: 'nobody notices',
    lastsMs: 0,
    async strike(stage) {
      await editing(stage)
      await stage.postgres.promote()
      return performance.now()
    },
    check: keptEdits,
  },
]
