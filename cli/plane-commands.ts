/**
 * `gatehouse gateway` and `gatehouse admin`: one plane a process, for production and for `start` with Redis.
 *
 * Ready is told on standard output, as one line or one JSON object, and to a parent process over its channel.
 * A plane whose parent goes away stops: nothing of a `start` outlives it.
 */
import type { Config } from '../runtime/config.ts'
import { createLog } from '../runtime/log.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { listenStop, openRedis, remoteControlPlane, startAdminHere, startGatewayHere } from './planes.ts'
import { readSettings } from './settings.ts'
import { createStopping, type Stopping, stopOnSignals } from './stopping.ts'

const missing = (what: string, how: string): never => {
  throw stopWith(exitCodes.configuration, `gatehouse: ${what}: ${how}`)
}

const isPlainProxy = (config: Config): boolean =>
  config.upstreams.every(
    ({ identity, routes }) => identity === null && routes.every((route) => route.class === 'public'),
  )

const runGateway = async (config: Config, stopping: Stopping): Promise<object> => {
  const log = createLog({ level: config.log.level, plane: 'gateway', stream: process.stderr })
  if (isPlainProxy(config) && config.hotStore.url === null)
    return startGatewayHere(config, null, null, stopping)
  if (config.hotStore.url === null)
    missing(
      'hotStore.url',
      'a gateway of its own needs Redis (set REDIS_URL); `gatehouse start` runs without.',
    )
  const store = openRedis(config, stopping, log)
  return startGatewayHere(config, store, remoteControlPlane(config), stopping)
}

const runAdmin = async (config: Config, stopping: Stopping): Promise<object> => {
  const log = createLog({ level: config.log.level, plane: 'admin', stream: process.stderr })
  const databaseUrl =
    config.database.url ??
    missing(
      'database.url',
      'a control plane of its own needs PostgreSQL (set DATABASE_URL); `gatehouse start` brings one.',
    )
  if (config.hotStore.url === null)
    missing(
      'hotStore.url',
      'a control plane of its own needs Redis (set REDIS_URL); `gatehouse start` runs without.',
    )
  if (config.clusterKey === null)
    missing(
      'clusterKey',
      'both planes need the same one (at least 32 characters; set GATEHOUSE_CLUSTER_KEY).',
    )
  const { addresses, firstAdmin } = await startAdminHere(
    config,
    databaseUrl,
    openRedis(config, stopping, log),
    stopping,
  )
  return { addresses, firstAdmin }
}

const describe = (plane: string, ready: object): string => {
  const addresses =
    'addresses' in ready && typeof ready.addresses === 'object' && ready.addresses !== null
      ? Object.entries(ready.addresses)
      : []
  const first = 'firstAdmin' in ready && ready.firstAdmin !== null ? ready.firstAdmin : null
  const account = first === null ? '' : ` First account (shown once): ${JSON.stringify(first)}`
  return `gatehouse ${plane} is ready: ${addresses.map(([name, url]) => `${name} ${String(url)}`).join(', ')}.${account}\n`
}

/** Runs one plane until a signal; answers the exit code. */
export const runPlane = async (plane: 'gateway' | 'admin', line: CommandLine): Promise<number> => {
  const stopping = createStopping((text) => process.stderr.write(`${text}\n`))
  stopOnSignals(stopping)
  process.once('disconnect', () => stopping.finish(exitCodes.ok))
  const config = await readSettings(line)
  try {
    const ready = await (plane === 'gateway'
      ? runGateway(config, stopping)
      : runAdmin(config, stopping)
    ).catch((error: unknown) => {
      throw listenStop(error, config)
    })
    const { addresses, firstAdmin = null } = ready as { addresses: object; firstAdmin?: object | null }
    const told = { addresses, firstAdmin }
    if (process.send === undefined)
      process.stdout.write(line.json ? `${JSON.stringify(told)}\n` : describe(plane, told))
    else process.send({ ready: told })
    return await stopping.ended
  } finally {
    await stopping.stop()
  }
}
