/**
 * Goal: what is published lies in a real Redis, and is there again after Redis lost it.
 * Method: a publisher on a real database and a real Redis that is flushed.
 */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setRoles } from '../../admin/directory/directory.ts'
import { createPublisher, type Publisher } from '../../admin/publish.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import { keys } from '../../runtime/keys.ts'
import { silentLog } from '../../runtime/log.ts'
import {
  manifestSchema,
  membersRecordSchema,
  seededSchema,
  sessionRecordSchema,
} from '../../runtime/records.ts'
import { createVerifier, openRecord } from '../../runtime/signing.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

let plane: PracticeStore
let redis: TestRedis
let hotStore: HotStore
let publisher: Publisher
beforeAll(async () => {
  ;[plane, redis] = await Promise.all([createPracticeStore(), startRedis()])
  hotStore = createRedisHotStore({ url: redis.url })
  publisher = createPublisher({
    store: plane.store,
    hotStore,
    signer: plane.signer,
    now: plane.clock.now,
    log: silentLog,
  })
})
afterAll(async () => {
  await publisher?.close()
  await hotStore?.close()
  await redis?.stop()
  await plane?.close()
})

const open = async <T>(key: string, schema: Parameters<typeof openRecord<T>>[3]) => {
  const verifier = createVerifier(plane.signer.publicKey)
  const text = await hotStore.read(key)
  return verifier === null || text === null ? null : openRecord(verifier, key, text, schema)
}

test('publishes, notices a flush, fills again with live sessions, and marks the store', async () => {
  const session = await plane.signIn('ada')
  await publisher.tick()
  const change = { practice: north, user: session.user_id, ifVersion: null, deed: plane.deed() }
  await setRoles(plane.store, { ...change, roles: ['hygienist'] })
  await publisher.tick()
  const members = await open(keys.members(north), membersRecordSchema)
  expect(members?.value.members[0]?.roles).toEqual(['hygienist'])
  const before = await open(keys.manifest, manifestSchema)
  const operator = new Redis(redis.url)
  await operator.flushall()
  await operator.quit()
  await publisher.tick()
  expect((await open(keys.manifest, manifestSchema))?.version).toBe(before?.version)
  expect((await open(keys.seeded, seededSchema))?.version).toBe(before?.version)
  expect(await open(keys.session(session.token_hash), sessionRecordSchema)).not.toBeNull()
  expect(await open(keys.members(north), membersRecordSchema)).toEqual(members)
})
