/**
 * Starting planes: each in this process, or each in a process of its own that reports when it is ready.
 *
 * The only place where both planes are imported together. A plane that cannot listen ends with a sentence that
 * names the address and the key that sets it. What a plane does is its own `main.ts`; nothing is decided here.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { startGateway } from '../gateway/main.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Config } from '../runtime/config.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { createRedisHotStore } from '../runtime/hot-store-redis.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import { createInternalClient } from '../runtime/internal-client.ts'
import { createLog, type Log } from '../runtime/log.ts'
import { redisPlaceOf } from '../runtime/redis-place.ts'
import { readChildMessage } from './child-message.ts'
import { exitCodes, type Stop, stopWith } from './exit-codes.ts'
import { goodOrStop } from './settings.ts'
import type { Stopping } from './stopping.ts'
import type { WorkerWay } from './worker-process.ts'

/** The real clocks. Everything below is handed them; nothing below reads its own. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

const uiDir = new URL('../dist/ui', import.meta.url).pathname

/** What a started control plane tells. */
export type AdminReady = {
  readonly addresses: {
    readonly admin: string
    readonly portal: string
    readonly internal: string
    readonly metrics: string
  }
  readonly firstAdmin: { readonly login: string; readonly password: string } | null
  readonly firstLink: { readonly login: string; readonly link: string } | null
}
/** What a started gateway tells. */
export type GatewayReady = { readonly addresses: { readonly application: string; readonly metrics: string } }

/** An address that is taken, as a sentence that names the key; anything else unchanged. */
export const listenStop = (error: unknown, config: Config): unknown => {
  if (!(error instanceof Error) || !('code' in error) || !('port' in error)) return error
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error
  const port = Number(error.port)
  const key =
    Object.entries(config.listen).find(([, address]) => address.endsWith(`:${port}`))?.[0] ?? 'application'
  const variable = `GATEHOUSE_LISTEN_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
  const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : 'may not be used by this user'
  const stop: Stop = stopWith(
    exitCodes.unavailable,
    `gatehouse: port ${port} ${why} (listen.${key}).`,
    `Stop that program, set ${variable}=127.0.0.1:PORT, or let free ports be picked with --ports auto.`,
  )
  return stop
}

/** A control plane in this process. */
export const startAdminHere = async (
  config: Config,
  databaseUrl: string,
  store: HotStore | null,
  stopping: Stopping,
  firstAdminBy: 'password' | 'link',
): Promise<AdminReady & { readonly internal: ControlPlane }> => {
  const log = createLog({ level: config.log.level, plane: 'admin', stream: process.stderr })
  // Loaded where it runs: without it a gateway’s worker begins sooner and is 28 MB smaller.
  const { startControlPlane } = await import('../admin/main.ts')
  const plane = await startControlPlane({
    config,
    databaseUrl,
    store,
    clock: systemClock,
    log,
    dataDir: config.dataDir,
    uiDir,
    firstAdminBy,
  })
  stopping.add('the control plane', plane.close)
  return plane
}

/** A gateway in this process. */
export const startGatewayHere = async (
  config: Config,
  store: HotStore | null,
  controlPlane: ControlPlane | null,
  stopping: Stopping,
  way: WorkerWay | null = null,
): Promise<GatewayReady> => {
  const log = createLog({ level: config.log.level, plane: 'gateway', stream: process.stderr })
  const gateway = await startGateway({
    config,
    store,
    controlPlane,
    clock: systemClock,
    log,
    ...(config.gateway.id === null ? {} : { id: config.gateway.id }),
    ...(way === null ? {} : { entrance: way.entrance, replaced: way.replaced }),
  })
  stopping.add('the gateway', () => gateway.close(way?.leave() ?? undefined))
  return gateway
}

/** The Redis hot store of a configuration, closed when stopping; `null` where none is given. */
export const openRedis = (config: Config, stopping: Stopping, log: Log): HotStore | null => {
  const place = goodOrStop(redisPlaceOf(config.hotStore), 'the configuration')
  if (place === null) return null
  const store = createRedisHotStore({ ...place, log })
  stopping.add('the Redis connection', () => store.close())
  return store
}

/** The control plane as a gateway of another process reaches it. */
export const remoteControlPlane = (config: Config): ControlPlane => {
  if (config.clusterKey === null) {
    throw stopWith(
      exitCodes.configuration,
      'gatehouse: clusterKey is not set: both planes need the same one (at least 32 characters).',
    )
  }
  return createInternalClient({
    url: config.controlPlane.url ?? `http://${config.listen.internal}`,
    clusterKey: config.clusterKey,
  })
}

const endChild = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise: exited, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  child.kill('SIGTERM')
  const last = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(last)
}

/**
 * A plane in a process of its own, once it says that it is ready: what it told. If it dies later, everything ends:
 * `start` is one thing to the person who typed it.
 */
export const startChildPlane = (
  plane: 'admin' | 'gateway',
  configFile: string,
  stopping: Stopping,
): Promise<unknown> => {
  // Who typed `start` is told a password that works at once; a plane of its own hands out a link.
  const first = plane === 'admin' ? ['--first-account', 'password'] : []
  const words = [plane, '--config', configFile, ...first]
  const child = fork(new URL('main.ts', import.meta.url).pathname, words, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(GATEHOUSE_|DATABASE_URL$|REDIS_URL$)/.test(name)),
    ),
    detached: true,
  })
  stopping.add(`the ${plane} process`, () => endChild(child))
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  child.on('message', (message: unknown) => {
    const said = readChildMessage(message)
    if (said === null) return
    if ('ready' in said) resolve(said.ready)
    else reject(stopWith(said.stopped.exitCode, ...said.stopped.lines))
  })
  child.once('exit', (code, signal) => {
    reject(
      stopWith(
        exitCodes.unavailable,
        `gatehouse: the ${plane} process ended (${signal ?? `exit ${code}`}) before it was ready.`,
      ),
    )
    stopping.finish(exitCodes.unavailable)
  })
  return promise
}
