/**
 * A publication until a gateway enforces it, and what a restart publishes: with both planes, over a large database.
 *
 * One control plane and one gateway in this process on an in-process hot store, as `start` runs them. Invariant: "enforced"
 * is the control plane's own word (`everywhere`), which takes the gateway's acknowledgement; edits go through the API.
 */
import { join } from 'node:path'
import { startControlPlane } from '../admin/main.ts'
import type { Store } from '../admin/store/database.ts'
import { readSequence } from '../admin/store/publications.ts'
import { startGateway } from '../gateway/main.ts'
import type { Config } from '../runtime/config.ts'
import { loadConfig } from '../runtime/config-load.ts'
import { createMemoryHotStore } from '../runtime/hot-store-memory.ts'
import { silentLog } from '../runtime/log.ts'
import { type AdminClient, revisionOf, signInAdmin } from '../test/support/admin-client.ts'

/**
 * Edits until enforced everywhere: `savedToEnforcedMs` by the control plane's clock, `askedToEnforcedMs` as a client sees
 * it, the answer to its edit and its looking included. `republished`: records that a restart published though nothing had changed;
 * the canary's rounds, which begin by themselves, aside.
 */
export type PlanesResults = {
  readonly edits: number
  readonly savedToEnforcedMs: readonly number[]
  readonly askedToEnforcedMs: readonly number[]
  readonly firstStartMs: number
  readonly firstPublished: number
  readonly restartMs: number
  readonly republished: number
}

/** Where, and by which account. */
export type PlanesWish = {
  readonly databaseUrl: string
  readonly store: Store
  readonly folder: string
  readonly login: string
  readonly password: string
  readonly say: (line: string) => void
}

const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const edits = 30
/** One of common size. */
const edited = 'practice-7'

const configIn = async (folder: string): Promise<Config> => {
  const nowhere = '127.0.0.1:0'
  const checked = await loadConfig({
    file: new URL('../cli/demo.yaml', import.meta.url).pathname,
    environment: {},
    overrides: {
      dataDir: folder,
      clusterKey: 'a-cluster-key-for-benches-only-0123456789',
      listen: {
        ...{ application: nowhere, portal: nowhere, admin: nowhere, internal: nowhere },
        ...{ gatewayMetrics: nowhere, adminMetrics: nowhere },
      },
    },
  })
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return checked.value
}

const startBoth = async ({ databaseUrl, folder }: PlanesWish, config: Config) => {
  const store = createMemoryHotStore({ now: clock.now })
  const common = { config, store, clock, log: silentLog }
  const control = await startControlPlane({
    ...{ ...common, databaseUrl, dataDir: folder, uiDir: '/nowhere' },
    firstAdminBy: 'password',
  })
  const gateway = await startGateway({
    ...{ ...common, config: { ...config, dataDir: join(folder, 'gateway') } },
    ...{ controlPlane: control.internal, id: 'gateway-1' },
  })
  return {
    origin: control.addresses.admin,
    close: async () => {
      await gateway.close()
      await control.close()
      await store.close()
    },
  }
}

const sequenceOf = async (store: Store): Promise<number> => (await store.read(readSequence)).sequence

/** Records published since, without the canary's. */
const publishedAfter = async (store: Store, sequence: number): Promise<number> => {
  const found = await store.read((rows) =>
    rows
      .selectFrom('publication')
      .select('key')
      .where('sequence', '>', sequence)
      .where('kind', '!=', 'canary')
      .execute(),
  )
  return found.length
}

type State = { readonly state: string; readonly everywhereAfterMs: number | null }

/** Looks until a change is in force everywhere; 10 s at most. */
const enforced = async (admin: AdminClient, sequence: number): Promise<number> => {
  const deadline = performance.now() + 10_000
  for (;;) {
    const state = (await admin.read(`/api/publish/${sequence}`)).json() as State
    if (state.state === 'everywhere' && state.everywhereAfterMs !== null) return state.everywhereAfterMs
    if (performance.now() > deadline) throw new Error(`change ${sequence} is ${state.state} after 10 s`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const editOnce = async (admin: AdminClient, n: number) => {
  const revision = await revisionOf(admin, edited)
  const startedAt = performance.now()
  const entry = { range: `198.51.100.${n}`, label: `Office ${n}`, audience: 'practice', on: true, note: '' }
  const saved = await admin.edit<{ readonly sequence: number }>(
    'POST',
    `/api/practices/${edited}/ip-entries`,
    { ...entry, expiresAt: null },
    revision,
  )
  const savedToEnforcedMs = await enforced(admin, saved.sequence)
  return { savedToEnforcedMs, askedToEnforcedMs: performance.now() - startedAt }
}

/** Waits until nothing waits to be published any more, and a little longer for what a running plane still does by itself. */
const settled = async (store: Store): Promise<number> => {
  for (let last = -1, same = 0; ; ) {
    const sequence = await sequenceOf(store)
    same = sequence === last ? same + 1 : 0
    if (same >= 10) return sequence
    last = sequence
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Starts both planes, edits, and starts them again. */
export const measurePlanes = async (wish: PlanesWish): Promise<PlanesResults> => {
  const { store, say } = wish
  const config = await configIn(wish.folder)
  const timed = async () => {
    const startedAt = performance.now()
    const planes = await startBoth(wish, config)
    return { planes, startMs: performance.now() - startedAt }
  }
  const first = await timed()
  const firstPublished = await settled(store)
  say(`planes: started in ${Math.round(first.startMs)} ms, ${firstPublished} records published`)
  const figures: { readonly savedToEnforcedMs: number; readonly askedToEnforcedMs: number }[] = []
  const admin = await signInAdmin(first.planes.origin, wish)
  for (let n = 1; n <= edits; n += 1) figures.push(await editOnce(admin, n))
  const before = await settled(store)
  await first.planes.close()
  const second = await timed()
  await settled(store)
  const republished = await publishedAfter(store, before)
  await second.planes.close()
  return {
    edits,
    savedToEnforcedMs: figures.map((one) => one.savedToEnforcedMs),
    askedToEnforcedMs: figures.map((one) => one.askedToEnforcedMs),
    ...{ firstStartMs: first.startMs, firstPublished, restartMs: second.startMs, republished },
  }
}
