/**
 * A whole Gatehouse of several machines' worth of processes on loopback, to be broken: gateways with workers, control planes behind
 * balancers, Redis alone, behind Sentinels or as a Cluster, PostgreSQL with or without a standby, an application.
 *
 * Real commands and real stores, each a process that may be killed, stopped and started again where it was. It breaks nothing
 * itself. Invariant: everything that was started is ended by `close`, in the reverse order, also when a start fails half-way.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AdminReady } from '../../cli/planes.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import { type AdminClient, signInAdmin } from '../support/admin-client.ts'
import { newRunFolder, projectRoot } from '../support/cache-folder.ts'
import { createClient } from '../support/client.ts'
import { freePort } from '../support/free-port.ts'
import { type PlaneCommand, runPlaneCommand, type ToldGateway } from '../support/gateway-command.ts'
import { signInWell } from '../support/people.ts'
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { type RedisServers, startClusterRedis, startSentinelRedis } from '../support/redis-fleet.ts'
import { type Application, startApplication } from './application.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import type { Asker } from './load.ts'

/** What to start. */
export type StageWish = {
  readonly redis: 'one' | 'sentinels' | 'cluster'
  readonly gateways: number
  readonly workers: number
  readonly controls: number
  readonly standby: boolean
  /** Laid over the configuration of every plane. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** One process of a plane, on addresses that outlive it. */
export type Plane<Told> = {
  readonly file: string
  readonly port: number
  command(): PlaneCommand<Told>
  told(): Told
  /** Starts it again as it was; resolves once it is ready. */
  start(): Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Everything, running. */
export type Stage = {
  readonly application: Application
  readonly postgres: PostgresPair
  readonly redis: TestRedis | null
  readonly servers: RedisServers | null
  readonly gateways: readonly Plane<ToldGateway>[]
  readonly controls: readonly Plane<AdminReady>[]
  /** The gateways' addresses, `http://host:port`. */
  readonly bases: readonly string[]
  /** The admin's address, before all control planes. */
  readonly adminOrigin: string
  readonly admin: AdminClient
  /** Sends nobody to this control plane any more, as a balancer's health check would; `null`: to all. */
  withdraw(control: number | null): void
  readonly folder: string
  /** Signs somebody of the demo in, and gives what they ask with. */
  enter(who: string): Promise<Asker>
  /** Ends every session of theirs; the sequence by which it is so. */
  revoke(who: string): Promise<number>
  close(): Promise<void>
}

const clusterKey = 'a-cluster-key-for-rehearsals-only-0123456789'

const demoFile = join(projectRoot, 'cli', 'demo.yaml')

const startPlane = async <Told>(
  plane: 'gateway' | 'admin',
  folder: string,
  port: number,
  config: object,
): Promise<Plane<Told>> => {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'gatehouse.yaml')
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  const words = plane === 'admin' ? ['--first-account', 'password'] : []
  let command = runPlaneCommand<Told>(plane, file, words)
  let told = await command.ready
  return {
    file,
    port,
    command: () => command,
    told: () => told,
    async start() {
      command = runPlaneCommand<Told>(plane, file, words)
      told = await command.ready
    },
    async kill(signal) {
      command.kill(signal)
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT' && signal !== 'SIGHUP') await command.allGone
    },
  }
}

/** Everything that is the same for all planes. */
const sharedConfig = (upstreamUrl: string, wish: StageWish): object => {
  const checked = loadConfig({ file: demoFile, environment: {}, overrides: { log: { level: 'warn' } } })
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  const blob = { match: 'GET /api/blob/:size', any: ['see-schedule-page'] }
  const { upstreams, ...rest } = checked.value
  return {
    ...rest,
    clusterKey,
    signingKey: randomBytes(32).toString('base64url'),
    twoFactor: { keys: `k1:${randomBytes(32).toString('base64url')}` },
    gateway: { ...rest.gateway, workers: wish.workers, drainMs: 500 },
    upstreams: upstreams.map((one) => ({
      ...one,
      url: upstreamUrl,
      // What is written out anew is what was written, without what reading filled in.
      routes: [...one.routes, blob],
    })),
    ...wish.config,
  }
}

const hotStoreOf = (redis: TestRedis | null, servers: RedisServers | null): object => {
  if (redis !== null) return { url: redis.url }
  const place = servers?.place
  if (place === undefined) throw new Error('no Redis')
  const at = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`
  const { password = null } = place
  return 'cluster' in place
    ? { cluster: place.cluster.map(at), password }
    : { sentinels: place.sentinels.map(at), masterName: place.masterName, password }
}

type Undo = (work: () => Promise<unknown>) => void

const startStores = async (wish: StageWish, undo: Undo) => {
  const redis = wish.redis === 'one' ? await startRedis() : null
  if (redis !== null) undo(redis.stop)
  const [servers, postgres, application] = await Promise.all([
    wish.redis === 'one' ? null : wish.redis === 'sentinels' ? startSentinelRedis() : startClusterRedis(),
    startPostgresPair({ standby: wish.standby }),
    startApplication(),
  ])
  if (servers !== null) undo(servers.stop)
  undo(postgres.stop)
  undo(application.close)
  return { redis, servers, postgres, application }
}

const loopback = (port: number): string => `127.0.0.1:${port}`

type Shared = { readonly config: object; readonly folder: string; readonly undo: Undo }

const startControls = async ({ config, folder, undo }: Shared, databaseUrl: string, count: number) => {
  const ports = await Promise.all(
    Array.from({ length: count }, async () => ({
      ...{ admin: await freePort(), portal: await freePort(), internal: await freePort() },
    })),
  )
  const balancers: Balancer[] = []
  let withdrawn: number | null = null
  const before = async (key: 'admin' | 'portal' | 'internal'): Promise<number> => {
    const balancer = await startBalancer(() =>
      ports.filter((_, at) => at !== withdrawn).map((one) => one[key]),
    )
    undo(balancer.close)
    balancers.push(balancer)
    return balancer.port
  }
  const [admin, portal, internal] = [await before('admin'), await before('portal'), await before('internal')]
  const origins = { admin: `http://${loopback(admin)}`, portal: `http://${loopback(portal)}` }
  const controls: Plane<AdminReady>[] = []
  // One after the other: the first makes the database what it must be.
  for (const [at, own] of ports.entries()) {
    const place = join(folder, `control-${at + 1}`)
    const plane = await startPlane<AdminReady>('admin', place, own.internal, {
      ...config,
      dataDir: join(place, 'data'),
      database: { url: databaseUrl },
      origins,
      listen: {
        ...{ admin: loopback(own.admin), portal: loopback(own.portal), internal: loopback(own.internal) },
        adminMetrics: loopback(0),
      },
    })
    undo(() => plane.kill('SIGKILL'))
    controls.push(plane)
  }
  return {
    ...{ controls, adminOrigin: origins.admin, internalUrl: `http://${loopback(internal)}` },
    withdraw: (control: number | null): void => {
      withdrawn = control
      for (const balancer of balancers) balancer.cut()
    },
  }
}

const startGateways = async ({ config, folder, undo }: Shared, internalUrl: string, count: number) => {
  const { signingKey: _secret, twoFactor: _keys, ...known } = config as Record<string, unknown>
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const place = join(folder, `gateway-${at + 1}`)
      const port = await freePort()
      const plane = await startPlane<ToldGateway>('gateway', place, port, {
        ...known,
        gateway: { ...(known['gateway'] as object), id: `gateway-${at + 1}` },
        dataDir: join(place, 'data'),
        controlPlane: { url: internalUrl },
        listen: { application: loopback(port), gatewayMetrics: loopback(0), internal: loopback(0) },
      })
      undo(() => plane.kill('SIGTERM'))
      return plane
    }),
  )
}

const practice = '/api/practices/riverside'

const deeds = (bases: readonly string[], admin: AdminClient): Pick<Stage, 'enter' | 'revoke'> => ({
  async enter(who) {
    const client = createClient(bases[0] ?? '')
    await signInWell(client, who)
    return { who, cookie: client.cookieHeader(), may: true }
  },
  async revoke(who) {
    const { users } = (await admin.read(`${practice}/active-users`)).json() as {
      readonly users: readonly { readonly user: string; readonly email: string }[]
    }
    const user = users.find(({ email }) => email.startsWith(who))?.user
    if (user === undefined) throw new Error(`${who} is not active`)
    const path = `${practice}/users/${user}/revoke`
    return (await admin.edit<{ readonly sequence: number }>('POST', path, { reason: 'rehearsal' })).sequence
  },
})

/** Starts all of it, about eight seconds. */
export const startStage = async (wish: StageWish): Promise<Stage> => {
  const folder = newRunFolder('stage')
  const undoing: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const undo: Undo = (work) => void undoing.push(work)
  const close = async (): Promise<void> => {
    for (const work of undoing.splice(0).reverse()) await work()
  }
  try {
    const stores = await startStores(wish, undo)
    const config = {
      ...sharedConfig(stores.application.url, wish),
      hotStore: hotStoreOf(stores.redis, stores.servers),
    }
    const shared = { config, folder, undo }
    const planes = await startControls(shared, stores.postgres.url, wish.controls)
    const gateways = await startGateways(shared, planes.internalUrl, wish.gateways)
    const bases = gateways.map(({ port }) => `http://${loopback(port)}`)
    const first = planes.controls[0]?.told().firstAdmin
    if (first == null) throw new Error('no first admin')
    const admin = await signInAdmin(planes.adminOrigin, first)
    return { ...stores, ...planes, gateways, bases, admin, folder, ...deeds(bases, admin), close }
  } catch (error) {
    await close()
    throw error
  }
}
