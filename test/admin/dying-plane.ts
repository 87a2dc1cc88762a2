/**
 * Control planes in one process of their own, each on its own database: each saves once, publishes as far as it is told,
 * and stands still there until the process is killed.
 *
 * Not whole planes: no listener, no job; saving, the outbox and the publisher are the real ones. Invariant: a plane stands
 * still only in what it waits for (a commit, an answer of the hot store), which is where a dying process leaves its work;
 * a line is written once it does. Refused: ending by itself, which would finish what it is at.
 */
import { createPrivateKey } from 'node:crypto'
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { createPublisher } from '../../admin/publish.ts'
import { revokeUser } from '../../admin/sessions/revocations.ts'
import { openStore, type Store } from '../../admin/store/database.ts'
import { listPending } from '../../admin/store/publications.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import { silentLog } from '../../runtime/log.ts'
import { createSigner } from '../../runtime/signing.ts'

/**
 * Where a plane stands still: once saved; with its publication written and not committed; committed and not pushed; before
 * the n-th write to the hot store, of this save or of what it found waiting; or with everything done.
 */
export type Stop =
  | 'saved'
  | 'before-commit'
  | 'before-push'
  | `before-write-${1 | 2 | 3 | 4 | 5}`
  | 'in-recovery'
  | 'published'

/** One plane. `user`: a member of `practice`, whose access is what it ends. */
export type DyingPlane = {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly practice: string
  readonly user: string
  readonly stop: Stop
}

/** What a process is told, as JSON in its last argument. `key`: for signing, PKCS#8 PEM. */
export type DyingPlanes = {
  readonly key: string
  readonly at: number
  readonly planes: readonly DyingPlane[]
}

/** A line that it writes: the plane's place and the outbox row of its save; `null`: it stood still before it saved. */
export type StoodStill = { readonly plane: number; readonly announced: number | null }

// A process that is killed never comes to it by itself, and the next ones would compile everything again.
flushCompileCache()
const told = JSON.parse(process.argv.at(-1) ?? '') as DyingPlanes
const signer = createSigner(createPrivateKey(told.key))
const forever = new Promise<never>(() => {})

/** The store, standing still around the publisher's transaction where `stop` says so; `armed`: from when on. */
const stopping = (store: Store, stop: Stop, armed: () => boolean, stand: () => Promise<never>): Store => ({
  ...store,
  snapshot: async (work) => {
    const wasArmed = armed()
    // The database rings when the save is committed: nothing may come of it.
    if (wasArmed && stop === 'saved') await forever
    const done = await store.snapshot(async (tx) => {
      const result = await work(tx)
      if (wasArmed && result !== null && stop === 'before-commit') await stand()
      return result
    })
    if (wasArmed && done !== null && stop === 'before-push') await stand()
    return done
  },
})

const stoppingHotStore = (
  hotStore: HotStore,
  stop: Stop,
  armed: () => boolean,
  stand: () => Promise<never>,
): HotStore => {
  let writes = 0
  const look = async (): Promise<void> => {
    if (stop === 'in-recovery' && !armed()) await stand()
    if (!armed()) return
    writes += 1
    if (stop === `before-write-${writes}`) await stand()
  }
  return {
    ...hotStore,
    write: async (...of) => {
      await look()
      return hotStore.write(...of)
    },
    append: async (...of) => {
      await look()
      return hotStore.append(...of)
    },
  }
}

async function live({ databaseUrl, redisUrl, practice, user, stop }: DyingPlane, plane: number) {
  const announced = Promise.withResolvers<number>()
  let isArmed = false
  const armed = (): boolean => isArmed
  let stands = false
  const stand = async (): Promise<never> => {
    // Several writes may be under way at once: it is told of once.
    if (stands) return forever
    stands = true
    const said: StoodStill = { plane, announced: isArmed ? await announced.promise : null }
    writeSync(1, `${JSON.stringify(said)}\n`)
    return forever
  }
  const store = openStore({ url: databaseUrl, poolMax: 1 })
  const publisher = createPublisher({
    store: stopping(store, stop, armed, stand),
    hotStore: stoppingHotStore(createRedisHotStore({ url: redisUrl }), stop, armed, stand),
    signer,
    now: () => told.at,
    log: silentLog,
  })
  // What the plane before it left comes first, as soon as the database has noticed that it is gone.
  do await publisher.tick()
  while (!publisher.status().leading || (await store.read((rows) => listPending(rows, 1))).length > 0)
  const deed = { actor: { kind: 'admin', id: 'adm_1', name: 'First' }, origin: 'ui', at: told.at } as const
  isArmed = true
  const saved = await revokeUser(store, { practice, user, block: false, deed })
  if (saved.outcome !== 'revoked') throw new Error(`${user} is no member of ${practice}`)
  announced.resolve(saved.announced)
  if (stop !== 'saved') await publisher.tick()
  await stand()
}

await Promise.all(told.planes.map(live))
