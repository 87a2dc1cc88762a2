/**
 * `gatehouse start`: everything on one machine. PostgreSQL and Redis as given or as found, control plane, gateway,
 * and without a configuration file also the demo practice application.
 *
 * With Redis each plane is a process of its own, as in production; without it both share this process and an
 * in-process hot store. Progress goes to standard error, the table or the JSON object to standard output.
 */
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startDemo } from '../demo/app.ts'
import { demoUsers } from '../demo/people.ts'
import type { Config } from '../runtime/config.ts'
import { hasRedis } from '../runtime/config-hot-store.ts'
import { createMemoryHotStore } from '../runtime/hot-store-memory.ts'
import { ensureUiBuilt } from '../tools/build.mjs'
import type { CommandLine } from './command-line.ts'
import { keepDemoAdmin } from './demo-admin.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import {
  type AdminReady,
  type GatewayReady,
  listenStop,
  startAdminHere,
  startChildPlane,
  startGatewayHere,
  systemClock,
} from './planes.ts'
import { findRedisServer, startPrivateRedis } from './private-redis.ts'
import { type DemoPerson, type Readiness, readinessTable } from './readiness.ts'
import { announceDatabase, withdrawDatabase } from './running-start.ts'
import { readPlaneSettings, withClusterKey, writeEffectiveConfig } from './settings.ts'
import { createStopping, type Stopping, stopOnSignals } from './stopping.ts'

const demoPort = 8070

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

const withDatabase = async (config: Config, stopping: Stopping): Promise<Config> => {
  if (config.database.url !== null) return config
  say('Starting PostgreSQL …')
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const lines = createWriteStream(join(config.dataDir, 'postgres.log'), { flags: 'a', mode: 0o600 })
  const database = await startEmbeddedPostgres({
    dataDir: join(config.dataDir, 'postgres'),
    log: (line) => void lines.write(`${line}\n`),
  })
  stopping.add('PostgreSQL', async () => {
    withdrawDatabase(config.dataDir)
    await database.stop()
    lines.end()
  })
  announceDatabase(config.dataDir, database.url)
  return { ...config, database: { ...config.database, url: database.url } }
}

const withHotStore = async (
  config: Config,
  stopping: Stopping,
): Promise<{ readonly config: Config; readonly hotStore: Readiness['hotStore'] }> => {
  const { url, sentinels } = config.hotStore
  if (url !== null) return { config, hotStore: 'REDIS_URL' }
  if (hasRedis(config.hotStore)) return { config, hotStore: sentinels.length > 0 ? 'sentinels' : 'cluster' }
  const binary = findRedisServer()
  if (binary === null) return { config, hotStore: 'in-process' }
  say('Starting a private Redis …')
  const redis = await startPrivateRedis({ dataDir: join(config.dataDir, 'redis'), binary })
  stopping.add('Redis', redis.stop)
  return { config: { ...config, hotStore: { ...config.hotStore, url: redis.url } }, hotStore: 'private' }
}

const withDemo = async (
  config: Config,
  line: CommandLine,
  stopping: Stopping,
): Promise<{ readonly config: Config; readonly upstream: string | null }> => {
  if (line.config !== null) return { config, upstream: null }
  const demo = await startDemo({ port: line.ports === 'auto' ? 0 : demoPort, tickMs: 20_000 })
  stopping.add('the demo application', demo.close)
  return {
    config: { ...config, upstreams: config.upstreams.map((upstream) => ({ ...upstream, url: demo.url })) },
    upstream: demo.url,
  }
}

const startPlanes = async (
  config: Config,
  databaseUrl: string,
  stopping: Stopping,
): Promise<{ readonly admin: AdminReady; readonly gateway: GatewayReady }> => {
  if (!hasRedis(config.hotStore)) {
    const store = createMemoryHotStore({ now: systemClock.now })
    const admin = await startAdminHere(config, databaseUrl, store, stopping, 'password')
    return { admin, gateway: await startGatewayHere(config, store, admin.internal, stopping) }
  }
  const admin = (await startChildPlane('admin', await writeEffectiveConfig(config), stopping)) as AdminReady
  const told: Config = { ...config, controlPlane: { ...config.controlPlane, url: admin.addresses.internal } }
  const gateway = (await startChildPlane(
    'gateway',
    await writeEffectiveConfig(told),
    stopping,
  )) as GatewayReady
  return { admin, gateway }
}

const people = (): readonly DemoPerson[] =>
  demoUsers.map(({ name, email, password, title, memberships }) => ({
    name,
    email,
    password,
    does: [title, ...memberships.map(({ practice }) => practice)].join(', '),
  }))

const startAll = async (line: CommandLine, stopping: Stopping): Promise<Readiness> => {
  const began = await readPlaneSettings(line)
  await ensureUiBuilt(say)
  const settings = withClusterKey(began)
  const demo = await withDemo(settings, line, stopping).catch((error: unknown) => {
    throw listenStop(error, {
      ...settings,
      listen: { ...settings.listen, application: `127.0.0.1:${demoPort}` },
    })
  })
  const stored = await withHotStore(await withDatabase(demo.config, stopping), stopping)
  const databaseUrl = stored.config.database.url
  if (databaseUrl === null) throw new Error('no database was started')
  say('Starting the control plane and the gateway …')
  const { admin, gateway } = await startPlanes(stored.config, databaseUrl, stopping).catch(
    (error: unknown) => {
      throw listenStop(error, stored.config)
    },
  )
  if (line.config === null && admin.firstAdmin !== null) {
    const { keepDemoCodes } = await import('./demo-codes.ts')
    await keepDemoCodes({ dataDir: settings.dataDir, databaseUrl }, admin.firstAdmin.login, systemClock.now())
  }
  return {
    addresses: {
      application: gateway.addresses.application,
      admin: admin.addresses.admin,
      portal: admin.addresses.portal,
      internal: admin.addresses.internal,
      gatewayMetrics: gateway.addresses.metrics,
      adminMetrics: admin.addresses.metrics,
      upstream: demo.upstream,
    },
    admin: line.config === null ? keepDemoAdmin(settings.dataDir, admin.firstAdmin) : admin.firstAdmin,
    users: demo.upstream === null ? [] : people(),
    database: settings.database.url === null ? 'embedded' : 'DATABASE_URL',
    hotStore: stored.hotStore,
  }
}

/** Runs until a signal or a failure; answers the exit code. Everything started is stopped before it resolves. */
export const start = async (line: CommandLine): Promise<number> => {
  const stopping = createStopping(say)
  stopOnSignals(stopping)
  try {
    const facts = await Promise.race([startAll(line, stopping), stopping.ended.then(() => null)])
    if (facts !== null) {
      process.stdout.write(
        line.json
          ? `${JSON.stringify({ ok: true, ...facts })}\n`
          : readinessTable(facts, process.stdout.isTTY),
      )
    }
    return await stopping.ended
  } finally {
    await stopping.stop()
  }
}
