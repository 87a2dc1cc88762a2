/**
 * A client of one Redis, of the primary that Sentinels name, or of a Cluster, behind one face.
 *
 * Deadlines and faults are `redis-connection.ts`. Invariant: nothing that failed is sent again by the client itself; a
 * redirection within a Cluster is no failure. Reading from replicas was refused: they lag, and a gateway would take an old
 * record for the newest.
 */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import type { DurationMs } from '../policies/instant.ts'
import type { RedisPlace } from './redis-place.ts'

/** What a client tells of itself: each loss and each recovery, as often as they come. */
export type RedisClientEvents = {
  lost(error: unknown): void
  ready(): void
  /** Of a Cluster: one node, `host:port`. */
  nodeLost(node: string, error: unknown): void
  nodeReady(node: string): void
}

/** A client that is asked without deadlines. */
export type RedisClient = {
  isReady(): boolean
  send(command: string, args: readonly (string | number)[]): Promise<unknown>
  /** The answer of every primary; one that does not answer rejects all. */
  sendToEach(command: string, args: readonly (string | number)[]): Promise<readonly unknown[]>
  /** A call failed: who is responsible may have changed. */
  doubt(): void
  close(): void
}

/** How long a connection may take to be there, and after which silence to a question it is given up (`null`: never). */
export type ClientBounds = { readonly connectMs: DurationMs; readonly socketTimeoutMs: DurationMs | null }

const retryStrategy = (attempt: number): number =>
  Math.min(50 * attempt, 500) + Math.floor(Math.random() * 50)

/** What every connection to a server has in common, in each of the three ways. */
const common = (name: string, { socketTimeoutMs }: ClientBounds) =>
  ({
    protocol: 2,
    connectionName: name,
    disableClientInfo: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A server whose network is gone answers nothing: the next one is not to wait long for that.
    connectTimeout: 2_000,
    ...(socketTimeoutMs === null ? {} : { socketTimeout: socketTimeoutMs }),
  }) satisfies RedisOptions

const whole = (name: string, bounds: ClientBounds) =>
  ({
    ...common(name, bounds),
    enableOfflineQueue: false,
    retryStrategy,
    // After a failover the old address may be a replica that only reads: look for the primary again.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }) satisfies RedisOptions

function openSingle(
  place: Exclude<RedisPlace, { cluster: unknown }>,
  name: string,
  bounds: ClientBounds,
): Redis {
  if ('url' in place)
    return new Redis(place.url, {
      ...whole(name, bounds),
      ...(place.tls === undefined ? {} : { tls: place.tls }),
    })
  const { sentinels, masterName, tls, ...access } = place
  return new Redis({
    ...whole(name, bounds),
    ...access,
    sentinels: sentinels.map((one) => ({ ...one })),
    name: masterName,
    role: 'master',
    sentinelRetryStrategy: retryStrategy,
    // A Sentinel that is paused must not keep us from asking the next.
    sentinelCommandTimeout: bounds.connectMs,
    ...(tls === undefined ? {} : { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
  })
}

function singleClient(redis: Redis, events: RedisClientEvents): RedisClient {
  redis.on('error', events.lost)
  redis.on('ready', events.ready)
  return {
    isReady: () => redis.status === 'ready',
    send: (command, args) => redis.call(command, ...args),
    sendToEach: async (command, args) => [await redis.call(command, ...args)],
    doubt: () => undefined,
    close: () => redis.disconnect(),
  }
}

/** How often a Cluster is asked by itself who is responsible for what; a failure asks at once. */
const slotsRefreshInterval: DurationMs = 5_000

const clusterOptions = (
  { username, password, tls }: Extract<RedisPlace, { cluster: unknown }>,
  name: string,
  bounds: ClientBounds,
) =>
  ({
    // A call is made only while it is ready; the queue then holds what waits for one node's connection, not longer.
    enableOfflineQueue: true,
    clusterRetryStrategy: retryStrategy,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: bounds.connectMs,
    slotsRefreshInterval,
    // Names in certificates are those that the nodes announce, so they are not resolved before.
    dnsLookup: (address, callback) => callback(null, address),
    redisOptions: {
      ...common(name, bounds),
      connectTimeout: bounds.connectMs,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
    },
  }) satisfies ClusterOptions

function clusterClient(
  place: Extract<RedisPlace, { cluster: unknown }>,
  name: string,
  bounds: ClientBounds,
  events: RedisClientEvents,
): RedisClient {
  const cluster = new Cluster(
    place.cluster.map((one) => ({ ...one })),
    clusterOptions(place, name, bounds),
  )
  cluster.on('error', events.lost)
  cluster.on('node error', (error: unknown, node: string) => events.nodeLost(node, error))
  cluster.on('+node', (node: Redis) => {
    const { host, port } = node.options
    node.on('ready', () => events.nodeReady(`${host}:${port}`))
  })
  cluster.on('ready', events.ready)
  return {
    isReady: () => cluster.status === 'ready',
    send: (command, args) => cluster.call(command, ...args),
    sendToEach: (command, args) =>
      Promise.all(cluster.nodes('master').map((node) => node.call(command, ...args))),
    doubt: () => {
      // Only while it is ready: else it is connecting anew, and asks then.
      if (cluster.status === 'ready') cluster.refreshSlotsCache()
    },
    close: () => cluster.disconnect(),
  }
}

/** Opens a client of that place, which connects in the background and keeps itself up. */
export const openRedisClient = (
  place: RedisPlace,
  name: string,
  bounds: ClientBounds,
  events: RedisClientEvents,
): RedisClient =>
  'cluster' in place
    ? clusterClient(place, name, bounds, events)
    : singleClient(openSingle(place, name, bounds), events)
