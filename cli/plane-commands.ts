/**
 * One plane in this process: `gatehouse admin`, a worker of `gatehouse gateway`, and each plane of `start` with Redis.
 *
 * Ready is told on standard output, as one line or one JSON object, and to a parent process over its channel.
 * A plane whose parent goes away stops: nothing of a `start` outlives it.
 */
import type { Config } from '../runtime/config.ts'
import { hasRedis } from '../runtime/config-hot-store.ts'
import { createLog } from '../runtime/log.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { listenStop, openRedis, remoteControlPlane, startAdminHere, startGatewayHere } from './planes.ts'
import { planeReadyLine } from './readiness.ts'
import { isPlainProxy, readPlaneSettings, readSettings } from './settings.ts'
import { createStopping, type Stopping, stopOnSignals } from './stopping.ts'
import { leaveCompiled, wayOfWorker } from './worker-process.ts'

const missing = (what: string, how: string): never => {
  throw stopWith(exitCodes.configuration, `gatehouse: ${what}: ${how}`)
}

const runGateway = async (config: Config, stopping: Stopping): Promise<object> => {
  const way = wayOfWorker(stopping)
  const log = createLog({ level: config.log.level, plane: 'gateway', stream: process.stderr })
  if (isPlainProxy(config) && !hasRedis(config.hotStore))
    return startGatewayHere(config, null, null, stopping, way)
  if (!hasRedis(config.hotStore))
    missing(
      'hotStore',
      'a gateway of its own needs Redis (set REDIS_URL, or hotStore.sentinels or hotStore.cluster); `gatehouse start` runs without.',
    )
  const store = openRedis(config, stopping, log)
  return startGatewayHere(config, store, remoteControlPlane(config), stopping, way)
}

const runAdmin = async (
  config: Config,
  stopping: Stopping,
  firstAccount: CommandLine['firstAccount'],
): Promise<object> => {
  const log = createLog({ level: config.log.level, plane: 'admin', stream: process.stderr })
  const databaseUrl =
    config.database.url ??
    missing(
      'database.url',
      'a control plane of its own needs PostgreSQL (set DATABASE_URL); `gatehouse start` brings one.',
    )
  if (!hasRedis(config.hotStore))
    missing(
      'hotStore',
      'a control plane of its own needs Redis (set REDIS_URL, or hotStore.sentinels or hotStore.cluster); `gatehouse start` runs without.',
    )
  if (config.clusterKey === null)
    missing(
      'clusterKey',
      'both planes need the same one (at least 32 characters; set GATEHOUSE_CLUSTER_KEY).',
    )
  const store = openRedis(config, stopping, log)
  const { addresses, firstAdmin, firstLink } = await startAdminHere(
    config,
    databaseUrl,
    store,
    stopping,
    firstAccount,
  )
  return { addresses, firstAdmin, firstLink }
}

/** Runs one plane until a signal; answers the exit code. */
export const runPlane = async (plane: 'gateway' | 'admin', line: CommandLine): Promise<number> => {
  const stopping = createStopping((text) => process.stderr.write(`${text}\n`))
  stopOnSignals(stopping)
  process.once('disconnect', () => stopping.finish(exitCodes.ok))
  const config = await (process.send === undefined ? readPlaneSettings(line) : readSettings(line))
  try {
    const ready = await (plane === 'gateway'
      ? runGateway(config, stopping)
      : runAdmin(config, stopping, line.firstAccount)
    ).catch((error: unknown) => {
      throw listenStop(error, config)
    })
    const told = { ok: true, firstAdmin: null, firstLink: null, ...ready }
    if (process.send === undefined)
      process.stdout.write(line.json ? `${JSON.stringify(told)}\n` : planeReadyLine(plane, told))
    else process.send({ ready: told })
    leaveCompiled()
    return await stopping.ended
  } finally {
    await stopping.stop()
  }
}
