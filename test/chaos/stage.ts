/**
 * A whole Gatehouse of several machines' worth of processes on loopback, to be broken: gateways with workers, control planes behind
 * balancers, Redis alone, behind Sentinels or as a Cluster, PostgreSQL with or without a standby, an application.
 *
 * Real commands and real stores, each a process that may be killed, stopped and started again where it was. It breaks nothing
 * itself. Invariant: everything that was started is ended by `close`, in the reverse order, also when a start fails half-way.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
import { type Application, blobPath, startApplication } from './application.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import type { Asker } from './load.ts'

/** What to start. */
export type StageWish = {
  readonly redis: 'one' | 'sentinels' | 'cluster'
  readonly gateways: number
  readonly workers: number
  readonly controls: number
  readonly standby: boolean
  /** Whether Redis servers have addresses of their own, so that one can be cut off. */
  readonly apart?: boolean
  /** libfaketime, under which the last gateway runs; absent: none does. */
  readonly fakeTime?: string
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
  /** The file that says how far the last gateway's clock is off; `null`: it cannot be moved. */
  readonly fakeClock: string | null
  /** Signs somebody of the demo in, and gives what they ask with. */
  enter(who: string): Promise<Asker>
  /** Ends every session of theirs; the sequence by which it is so. */
  revoke(who: string): Promise<number>
  /**
   * Ends every session of somebody who was let in until now; from the answer to that until no gateway lets them in, in ms.
   * Rejects after `ms`.
   */
  shutOut(who: string, ms: number): Promise<number>
  close(): Promise<void>
}

/** The processes of a gateway's workers now, as the system tells it: others may have taken the place of those it told of. */
export const workersOf = (gateway: Plane<ToldGateway>): readonly number[] => {
  const { pid } = gateway.command()
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children.split(' ').filter(Boolean).map(Number)
}

const clusterKey = 'a-cluster-key-for-rehearsals-only-0123456789'

const demoFile = join(projectRoot, 'cli', 'demo.yaml')

const startPlane = async <Told>(
  plane: 'gateway' | 'admin',
  folder: string,
  port: number,
  config: object,
  env: Readonly<Record<string, string>> = {},
): Promise<Plane<Told>> => {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'gatehouse.yaml')
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  const words = plane === 'admin' ? ['--first-account', 'password'] : []
  let command = runPlaneCommand<Told>(plane, file, words, env)
  let told = await command.ready
  return {
    file,
    port,
    command: () => command,
    told: () => told,
    async start() {
      command = runPlaneCommand<Told>(plane, file, words, env)
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
      firstByteTimeoutMs: 3_000,
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
    wish.redis === 'one'
      ? null
      : wish.redis === 'sentinels'
        ? startSentinelRedis({ apart: wish.apart ?? false })
        : startClusterRedis(),
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

/** The clock is read from that file at every look; monotonic time stays the system's. */
const clockFrom = (library: string, file: string): Readonly<Record<string, string>> => ({
  ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' },
  ...{ FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' },
})

const startGateways = async (
  { config, folder, undo }: Shared,
  internalUrl: string,
  { gateways: count, fakeTime }: StageWish,
) => {
  const fakeClock = fakeTime === undefined ? null : join(folder, 'clock')
  if (fakeClock !== null) writeFileSync(fakeClock, '+0')
  const { signingKey: _secret, twoFactor: _keys, ...known } = config as Record<string, unknown>
  const gateways = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const place = join(folder, `gateway-${at + 1}`)
      const port = await freePort()
      const own = {
        ...known,
        gateway: { ...(known['gateway'] as object), id: `gateway-${at + 1}` },
        log: { level: 'info' },
        dataDir: join(place, 'data'),
        controlPlane: { url: internalUrl },
        listen: { application: loopback(port), gatewayMetrics: loopback(0), internal: loopback(0) },
      }
      const isMoved = fakeTime !== undefined && fakeClock !== null && at === count - 1
      const env = isMoved ? clockFrom(fakeTime, fakeClock) : {}
      const plane = await startPlane<ToldGateway>('gateway', place, port, own, env)
      undo(() => plane.kill('SIGTERM'))
      return plane
    }),
  )
  return { gateways, fakeClock }
}

const practice = '/api/practices/riverside'

const userOf = async (admin: AdminClient, who: string): Promise<string> => {
  const { users } = (await admin.read(`${practice}/active-users`)).json() as {
    readonly users: readonly { readonly user: string; readonly email: string }[]
  }
  const user = users.find(({ email }) => email.startsWith(who))?.user
  if (user === undefined) throw new Error(`${who} is not active`)
  return user
}

const deeds = (bases: readonly string[], admin: AdminClient): Pick<Stage, 'enter' | 'revoke' | 'shutOut'> => {
  const enter = async (who: string): Promise<Asker> => {
    const client = createClient(bases[0] ?? '')
    // On a machine that is busy with starting all of it a sign-in can be told to come again.
    for (let tries = 1; ; tries++) {
      const failed = await signInWell(client, who).then(
        () => null,
        (error: unknown) => error,
      )
      if (failed === null) break
      if (tries === 5) throw failed
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    return { who, cookie: client.cookieHeader(), may: true }
  }
  const revoke = async (who: string): Promise<number> => {
    const path = `${practice}/users/${await userOf(admin, who)}/revoke`
    return (await admin.edit<{ readonly sequence: number }>('POST', path, { reason: 'rehearsal' })).sequence
  }
  const isIn = async (base: string, cookie: string): Promise<boolean> =>
    (await createClient(base).get(blobPath(20), { navigation: false, headers: { cookie } })).status === 200
  const shutOut = async (who: string, ms: number): Promise<number> => {
    const { cookie } = await enter(who)
    for (const base of bases) if (!(await isIn(base, cookie))) throw new Error(`${who} is not in`)
    await revoke(who)
    const from = performance.now()
    for (const base of bases)
      while (await isIn(base, cookie))
        if (performance.now() - from > ms) throw new Error(`${who} is still in after ${ms} ms`)
    return Math.round(performance.now() - from)
  }
  return { enter, revoke, shutOut }
}

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
    const front = await startGateways(shared, planes.internalUrl, wish)
    const bases = front.gateways.map(({ port }) => `http://${loopback(port)}`)
    const first = planes.controls[0]?.told().firstAdmin
    if (first == null) throw new Error('no first admin')
    const admin = await signInAdmin(planes.adminOrigin, first)
    return { ...stores, ...planes, ...front, bases, admin, ...deeds(bases, admin), close }
  } catch (error) {
    await close()
    throw error
  }
}
