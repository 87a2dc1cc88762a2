/**
 * A whole Gatehouse for end-to-end tests: the demo application, one control plane on a real PostgreSQL, two
 * gateways on a real Redis, all in this process, on free loopback ports, under one clock that can be stepped.
 *
 * Nothing here knows what a test proves. Faults are injected on the real Redis by its process id.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startControlPlane } from '../../admin/main.ts'
import { startDemo } from '../../demo/app.ts'
import { startGateway } from '../../gateway/main.ts'
import type { Config } from '../../runtime/config.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import { createInternalClient } from '../../runtime/internal-client.ts'
import { silentLog } from '../../runtime/log.ts'
import type { RedisPlace } from '../../runtime/redis-place.ts'
import { createDatabase } from './postgres.ts'
import { startRedis } from './redis.ts'
import { keepSealedCode } from './sealed-code.ts'

/** Steps for a test's clock; it runs with the real one, shifted. */
export type SteppedClock = { now(): number; monotonic(): number; advance(ms: number): void }

const createClock = (): SteppedClock => {
  let shift = 0
  return {
    now: () => Date.now() + shift,
    monotonic: () => performance.now(),
    advance: (ms) => {
      shift += ms
    },
  }
}

const clusterKey = 'a-cluster-key-for-tests-only-0123456789'

const fleetConfig = async (
  dataDir: string,
  upstreamUrl: string,
  change: (config: Config) => Config,
): Promise<Config> => {
  const checked = await loadConfig({
    file: new URL('../../cli/demo.yaml', import.meta.url).pathname,
    environment: {},
    overrides: {
      dataDir,
      clusterKey,
      listen: {
        application: '127.0.0.1:0',
        portal: '127.0.0.1:0',
        admin: '127.0.0.1:0',
        internal: '127.0.0.1:0',
        gatewayMetrics: '127.0.0.1:0',
        adminMetrics: '127.0.0.1:0',
      },
    },
  })
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  const config = {
    ...checked.value,
    upstreams: checked.value.upstreams.map((upstream) => ({ ...upstream, url: upstreamUrl })),
  }
  return change(config)
}

/** What a test may wish for. */
export type FleetWish = {
  readonly gateways?: number
  readonly rotateSessionOnSignIn?: boolean
  readonly uiDir?: string
  readonly change?: (config: Config) => Config
  /** Where one side finds the Redis at `redisUrl`, if not there. */
  readonly storeUrl?: (redisUrl: string, side: 'gateways' | 'control') => Promise<string>
  /** Redis servers that both sides use instead of one of the fleet's own. */
  readonly place?: RedisPlace
  /** Where the control plane finds the PostgreSQL at `databaseUrl`, if not there. */
  readonly recordUrl?: (databaseUrl: string) => Promise<string>
}

const startServices = async (wish: FleetWish, now: () => number) => {
  const { rotateSessionOnSignIn = true } = wish
  const [redis, database, demo] = await Promise.all([
    startRedis(),
    createDatabase(),
    startDemo({ now, rotateSessionOnSignIn }),
  ])
  const recordUrl = (await wish.recordUrl?.(database.url)) ?? database.url
  return { redis, database, demo, recordUrl }
}

/** A running fleet. `gateways[0]` and `gateways[1]` are equals. */
export const startFleet = async (wish: FleetWish = {}) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-fleet-'))
  const clock = createClock()
  const { redis, database, demo, recordUrl } = await startServices(wish, clock.now)
  const config = await fleetConfig(dataDir, demo.url, wish.change ?? ((same) => same))
  const stores: HotStore[] = []
  const gatewaysUrl = (await wish.storeUrl?.(redis.url, 'gateways')) ?? redis.url
  const controlUrl = (await wish.storeUrl?.(redis.url, 'control')) ?? redis.url
  const openStore = (url: string): HotStore => {
    const store = createRedisHotStore(wish.place ?? { url })
    stores.push(store)
    return store
  }
  const startControl = (listen: Partial<Config['listen']> = {}) =>
    startControlPlane({
      config: { ...config, listen: { ...config.listen, ...listen } },
      databaseUrl: recordUrl,
      store: openStore(controlUrl),
      ...{ clock, log: silentLog, dataDir, firstAdminBy: 'password' },
      uiDir: wish.uiDir ?? new URL('../../dist/ui', import.meta.url).pathname,
    })
  let control = await startControl()
  await keepSealedCode(control.database, clock.now())
  const internalUrl = control.addresses.internal
  const startOne = (id: string) =>
    startGateway({
      config: { ...config, dataDir: join(dataDir, id) },
      store: openStore(gatewaysUrl),
      controlPlane: createInternalClient({ url: internalUrl, clusterKey }),
      clock,
      log: silentLog,
      id,
    })
  const gateways = await Promise.all(
    Array.from({ length: wish.gateways ?? 2 }, (_, index) => startOne(`gateway-${index + 1}`)),
  )
  return {
    clock,
    config,
    demo,
    redis,
    databaseUrl: database.url,
    dataDir,
    gateways,
    /** One more gateway, which knows nothing yet unless one of that id was here before. The test closes it. */
    startOne,
    control: () => control,
    /** Stops the control plane, as a crash would look from outside. */
    stopControl: () => control.close(),
    /** Starts it again on the same addresses. */
    restartControl: async () => {
      control = await startControl({
        admin: new URL(control.addresses.admin).host,
        portal: new URL(control.addresses.portal).host,
        internal: new URL(internalUrl).host,
      })
      return control
    },
    close: async () => {
      await Promise.all(gateways.map((gateway) => gateway.close()))
      await control.close()
      await Promise.all(stores.map((store) => store.close()))
      await demo.close()
      await redis.stop()
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A running fleet. */
export type Fleet = Awaited<ReturnType<typeof startFleet>>
