/**
 * A control plane in a process of its own that saves and publishes as fast as it can, to be killed in the middle of it.
 *
 * Not a whole plane: no listener, no job; saving, the outbox and the publisher are the real ones. Invariant: a line is
 * written for a save only once its transaction is committed. Refused: ending by itself, which would finish what it is at.
 */
import { createPrivateKey } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createPublisher } from '../../admin/publish.ts'
import { revokeUser } from '../../admin/revocations.ts'
import { openStore } from '../../admin/store/database.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import { silentLog } from '../../runtime/log.ts'
import { createSigner } from '../../runtime/signing.ts'

/** What it is told, as JSON in its last argument. `people`: a member of each practice, revoked over and over. */
export type DyingPlane = {
  readonly databaseUrl: string
  readonly redisUrl: string
  /** The signing key, PKCS#8 PEM. */
  readonly key: string
  readonly at: number
  readonly people: readonly { readonly practice: string; readonly user: string }[]
}

const told = JSON.parse(process.argv.at(-1) ?? '') as DyingPlane
const store = openStore({ url: told.databaseUrl, poolMax: told.people.length + 2 })
const publisher = createPublisher({
  store,
  hotStore: createRedisHotStore({ url: told.redisUrl }),
  signer: createSigner(createPrivateKey(told.key)),
  now: () => told.at,
  log: silentLog,
})

const saveOn = async (practice: string, user: string): Promise<never> => {
  for (;;) {
    const deed = {
      actor: { kind: 'admin', id: 'adm_1', name: 'First admin' },
      origin: 'ui',
      at: told.at,
    } as const
    const saved = await revokeUser(store, { practice, user, block: false, deed })
    if (saved.outcome !== 'revoked') throw new Error(`${user} is no member of ${practice}`)
    writeSync(1, `${saved.announced}\n`)
    publisher.kick()
  }
}

publisher.start(20)
await Promise.all(told.people.map(({ practice, user }) => saveOn(practice, user)))
