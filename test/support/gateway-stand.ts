/**
 * Gateways for tests of the judging side: a fake application, a fake control plane, an in-process hot store, and as many
 * gateways as wished, under one clock that can be stepped.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '../../gateway/main.ts'
import { type Config, configSchema } from '../../runtime/config.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { silentLog } from '../../runtime/log.ts'
import { type Client, createClient } from './client.ts'
import { startFakeApplication } from './fake-application.ts'
import { createFakeControlPlane } from './fake-control-plane.ts'

/** Who exists: the application's user id → user of the directory. */
export const people = {
  owner: { user: 'usr_owner', roles: { riverside: ['owner'], lakeview: ['owner'] } },
  ann: { user: 'usr_ann', roles: { riverside: ['front-desk'] } },
  ben: { user: 'usr_ben', roles: { riverside: ['hygienist'], lakeview: ['front-desk'] } },
} as const

const users = {
  owner: { email: 'owner@example.test', practices: [{ id: 'riverside', roles: [] }] },
  ann: { email: 'ann@example.test', practices: [{ id: 'riverside', roles: [] }] },
  ben: { email: 'ben@example.test', practices: [{ id: 'riverside', roles: [] }] },
  pat: { kind: 'patient' },
  stranger: { email: 'stranger@example.test' },
}

/** The configuration of a gateway in front of `url`. */
export const standConfig = (url: string, dataDir: string): Config =>
  configSchema.parse({
    dataDir,
    clusterKey: 'a-cluster-key-for-tests-only-0123456789',
    listen: { application: '127.0.0.1:0', gatewayMetrics: '127.0.0.1:0' },
    gateway: { beatMs: 50, leaseMs: 1_000, limits: { introspectionsPerAddressPerSecond: 10_000 } },
    upstreams: [
      {
        id: 'app',
        name: 'Application',
        url,
        identity: {
          cookies: ['sid'],
          signInPage: '/sign-in',
          returnParameter: 'next',
          introspection: { path: '/me', kindField: 'kind', practices: 'practices', timeoutMs: 500 },
          login: [
            { match: 'POST /sign-in', userField: 'user', success: { status: [303], setCookie: null } },
            { match: 'POST /api/sign-in', body: 'json', userField: 'user', success: { status: [303] } },
          ],
          logout: [{ match: 'POST /sign-out' }],
        },
        practice: { cookie: { name: 'practice', authoritative: true } },
        routes: [
          { match: 'GET /sign-in', class: 'public' },
          { match: '* /public/**', class: 'public' },
          { match: 'GET /home', class: 'picker' },
          { match: 'GET /payments', any: ['view-payments-dashboard'] },
          { match: 'GET /patients/:id', any: ['view-patient-window'] },
          { match: 'GET /events', class: 'background' },
          { match: 'POST /patients/:id' },
          { match: 'GET,POST /reports', stepUp: 'reports' },
          { match: 'DELETE /patients/:id', any: ['manage-refunds'] },
        ],
      },
    ],
  })

/** What a test may wish for. */
export type StandWish = {
  readonly gateways?: number
  readonly store?: 'memory' | 'none'
  /** Whom the application knows and what it says of them, by user id; the test may change it meanwhile. */
  readonly users?: Readonly<Record<string, object>>
  /** How far the clock of each gateway is off, ms. */
  readonly skewsMs?: readonly number[]
  readonly change?: (config: Config) => Config
  /** How often who stood in the gateways' place before was replaced. */
  readonly replaced?: number
}

/** A store that can be made to fail, as one that is unreachable. */
const breakable = (store: HotStore) => {
  const state = { broken: false, reading: { readMany: store.readMany } }
  const guard =
    <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
    (...given: A): Promise<R> =>
      state.broken
        ? Promise.reject(
            Object.assign(new Error('away'), {
              fault: true,
              source: 'hot-store',
              kind: 'unreachable',
              retry: 'yes',
            }),
          )
        : call(...given)
  const guarded: HotStore = {
    ...store,
    read: guard(store.read),
    readMany: guard((wanted) => state.reading.readMany(wanted)),
    write: guard(store.write),
    writeIfAbsent: guard(store.writeIfAbsent),
    remove: guard(store.remove),
    append: guard(store.append),
    readAfter: guard(store.readAfter),
    lastPosition: guard(store.lastPosition),
  }
  return { guarded, state }
}

/** A running stand. */
export const startStand = async (wish: StandWish = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-stand-'))
  let shift = 0
  let elapsed = 0
  const clock = { now: () => Date.now() + shift, monotonic: () => performance.now() + elapsed }
  const application = await startFakeApplication(wish.users ?? users)
  const memory = createMemoryHotStore({ now: clock.now })
  const { guarded, state: storeState } = breakable(memory)
  const store = wish.store === 'none' ? null : guarded
  const control = createFakeControlPlane({ now: clock.now, store, people })
  await control.seed()
  const config = (wish.change ?? ((same) => same))(standConfig(application.url, folder))
  const startOne = async (id: string, publicKey: string | null = null, skewMs = 0) =>
    startGateway({
      config: { ...config, dataDir: join(folder, id), controlPlane: { ...config.controlPlane, publicKey } },
      store,
      controlPlane: control.plane,
      clock: { ...clock, now: () => clock.now() + skewMs },
      log: silentLog,
      id,
      replaced: wish.replaced ?? 0,
      // Tests need not be root.
      overrideOwner: process.getuid?.() ?? 0,
    })
  const gateways = await Promise.all(
    Array.from({ length: wish.gateways ?? 1 }, (_, at) =>
      startOne(`gateway-${at + 1}`, null, wish.skewsMs?.[at] ?? 0),
    ),
  )
  return {
    application,
    config,
    control,
    store: memory,
    storeState,
    gateways,
    startOne,
    folder,
    clock: {
      ...clock,
      advance: (ms: number) => {
        shift += ms
      },
      /** Elapsed time alone, as the monotonic clock shows it. */
      elapse: (ms: number) => {
        elapsed += ms
      },
    },
    client: (from = '127.0.0.1', at = 0): Client => createClient(gateways[at]!.addresses.application, from),
    signIn: (client: Client, user: string) => client.post('/sign-in', { form: { user, password: 'right' } }),
    close: async () => {
      await Promise.all(gateways.map((gateway) => gateway.close()))
      await memory.close()
      await application.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A running stand. */
export type Stand = Awaited<ReturnType<typeof startStand>>

/** Resolves once `holds` does; asks every few milliseconds, and fails after 5 s. */
export const eventually = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const end = performance.now() + 5_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within 5 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
