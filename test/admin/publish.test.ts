/**
 * Goal: what is committed reaches the hot store signed, in order and exactly once, whatever fails in between.
 * Method: publishers on a real database, the in-process hot store with faults injected.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { manifestEveryMs } from '../../admin/hot-store-filling.ts'
import { editPolicy } from '../../admin/policy-edit.ts'
import { createPublisher, type Publisher } from '../../admin/publish.ts'
import { revokeUser } from '../../admin/sessions/revocations.ts'
import { readSequence } from '../../admin/store/publications.ts'
import { readPublishState } from '../../admin/store/publish-state.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { keys } from '../../runtime/keys.ts'
import { silentLog } from '../../runtime/log.ts'
import {
  changeSchema,
  manifestSchema,
  membersRecordSchema,
  policyRecordSchema,
  practicesRecordSchema,
  seededSchema,
  sessionRecordSchema,
} from '../../runtime/records.ts'
import {
  bodyHash,
  createSigner,
  createVerifier,
  generateSigningKey,
  openRecord,
} from '../../runtime/signing.ts'
import { breakable } from './breakable-hot-store.ts'
import {
  createListeningLog,
  createPracticeStore,
  north,
  type PracticeStore,
  south,
} from './practice-store.ts'

let plane: PracticeStore
let hotStore: HotStore
const publishers: Publisher[] = []
beforeEach(async () => {
  plane = await createPracticeStore()
  hotStore = createMemoryHotStore({ now: plane.clock.now })
})
afterEach(async () => {
  for (const publisher of publishers.splice(0)) await publisher.close()
  await plane?.close()
})

const publisherOn = (
  store: HotStore | null,
  more: { signer?: PracticeStore['signer']; log?: typeof silentLog } = {},
): Publisher => {
  const publisher = createPublisher({
    store: plane.store,
    hotStore: store,
    signer: more.signer ?? plane.signer,
    now: plane.clock.now,
    log: more.log ?? silentLog,
  })
  publishers.push(publisher)
  return publisher
}

const open = async <T>(
  key: string,
  schema: Parameters<typeof openRecord<T>>[3],
  store = hotStore,
  signer = plane.signer,
) => {
  const verifier = createVerifier(signer.publicKey)
  const text = await store.read(key)
  return verifier === null || text === null ? null : openRecord(verifier, key, text, schema)
}
const manifest = (store = hotStore) => open(keys.manifest, manifestSchema, store)
const practices = () => open(keys.practices, practicesRecordSchema)
const changes = async (store = hotStore) =>
  (await store.readAfter(keys.changes, '0-0', 1_000, 0)).map(({ text }) =>
    changeSchema.parse(JSON.parse(text)),
  )
const sequence = async () => (await plane.store.read(readSequence)).sequence

const rename = (practice: string, label: string) =>
  editPolicy(plane.store, {
    practice,
    ifRevision: null,
    deed: plane.deed(),
    change: (document) => ({ ...document, requests: { ...document.requests, contact: label } }),
  })

test('a first round fills an empty store: every record signed, the table rooted in the manifest, then the mark', async () => {
  const session = await plane.signIn('ada')
  await publisherOn(hotStore).tick()
  expect((await open(keys.policy(north), policyRecordSchema))?.value).toMatchObject({
    practice: north,
    revision: 1,
    confirmBy: null,
  })
  const members = await open(keys.members(north), membersRecordSchema)
  expect(members?.value.members).toMatchObject([
    { user: session.user_id, roles: ['front-desk'], epoch: 0, factors: [], grants: [] },
  ])
  expect((await open(keys.session(session.token_hash), sessionRecordSchema))?.value).toMatchObject({
    id: session.id,
    ended: null,
    epochs: { [north]: 0 },
  })
  expect((await practices())?.value.practices).toEqual({
    [north]: { name: 'Practice north', policy: 1, members: members?.version },
    [south]: { name: 'Practice south', policy: 1, members: 2 },
  })
  const head = await manifest()
  expect(head?.value).toEqual({
    sequence: await sequence(),
    root: bodyHash((await hotStore.read(keys.practices)) ?? ''),
    issuedAt: plane.clock.now(),
  })
  expect((await open(keys.seeded, seededSchema))?.value).toEqual({
    sequence: head?.version,
    at: plane.clock.now(),
  })
})

test('a change is published with growing sequences, the table after it, and a nudge each', async () => {
  const publisher = publisherOn(hotStore)
  await publisher.tick()
  const before = await sequence()
  const outcome = await rename(north, 'call us')
  await publisher.tick()
  expect((await open(keys.policy(north), policyRecordSchema))?.version).toBe(2)
  expect((await practices())?.value.practices[north]?.policy).toBe(2)
  expect((await changes()).slice(-2)).toEqual([
    { kind: 'record', sequence: before + 1, key: keys.policy(north), version: 2 },
    { kind: 'record', sequence: before + 2, key: keys.practices, version: 2 },
  ])
  expect((await manifest())?.version).toBe(before + 2)
  const announced = outcome.outcome === 'saved' ? outcome.announced : 0
  const state = await plane.store.read((rows) => readPublishState(rows, announced, plane.clock.now()))
  expect(state).toMatchObject({ state: 'published', sequence: before + 2, gateways: 0 })
})

test('a session alone is published without touching the table of practices', async () => {
  const session = await plane.signIn('ada')
  const publisher = publisherOn(hotStore)
  await publisher.tick()
  const table = await hotStore.read(keys.practices)
  const again = await plane.signIn('ada')
  await publisher.tick()
  expect(await hotStore.read(keys.practices)).toBe(table)
  expect(again.user_id).toBe(session.user_id)
  expect((await changes()).at(-1)).toMatchObject({ key: keys.session(again.token_hash), version: 1 })
})

test('a revocation reaches the store by a kick alone', async () => {
  const { user_id: user } = await plane.signIn('ada')
  const publisher = publisherOn(hotStore)
  await publisher.tick()
  await revokeUser(plane.store, { practice: north, user, block: false, deed: plane.deed() })
  publisher.kick()
  await expect
    .poll(async () => (await open(keys.members(north), membersRecordSchema))?.value.members[0]?.epoch)
    .toBe(1)
})

test('what another control plane commits is published without anybody asking', async () => {
  const publisher = publisherOn(hotStore)
  await publisher.tick()
  await rename(south, 'elsewhere')
  await expect.poll(async () => (await open(keys.policy(south), policyRecordSchema))?.version).toBe(2)
})

test('saved and not published: a new publisher finds it', async () => {
  await publisherOn(hotStore).tick()
  await publishers.splice(0)[0]?.close()
  await rename(north, 'after the crash')
  await publisherOn(hotStore).tick()
  expect((await open(keys.policy(north), policyRecordSchema))?.version).toBe(2)
})

test('sequence assigned and the store not written: a new publisher fills the store again', async () => {
  const { store, state } = breakable(hotStore)
  const first = publisherOn(store)
  await first.tick()
  state.writesLeft = 1
  await rename(north, 'half written')
  await first.tick()
  expect((await manifest())?.version).toBeLessThan(await sequence())
  await publishers.splice(0)[0]?.close()
  await publisherOn(hotStore).tick()
  expect((await manifest())?.version).toBe(await sequence())
  expect((await practices())?.value.practices[north]?.policy).toBe(2)
  expect(
    (await changes()).some(
      (change) => change.kind === 'record' && change.key === keys.policy(north) && change.version === 2,
    ),
  ).toBe(true)
})

test('the store is down: sequences go on; when it is back it has everything and gateways are nudged', async () => {
  const { store, state } = breakable(hotStore)
  const publisher = publisherOn(store)
  const { user_id: user } = await plane.signIn('ada')
  await publisher.tick()
  state.down = true
  await revokeUser(plane.store, { practice: north, user, block: false, deed: plane.deed() })
  await publisher.tick()
  await rename(south, 'while away')
  await publisher.tick()
  const told = (await changes()).length
  expect(publisher.status()).toMatchObject({ hotStore: 'unknown', sequence: await sequence() })
  expect((await manifest())?.version).toBeLessThan(await sequence())
  state.down = false
  await publisher.tick()
  expect(publisher.status()).toMatchObject({ hotStore: 'filled', acknowledged: await sequence() })
  expect((await open(keys.members(north), membersRecordSchema))?.value.members[0]?.epoch).toBe(1)
  const nudged = (await changes()).slice(told).map((change) => (change.kind === 'record' ? change.key : ''))
  expect(nudged).toEqual([keys.members(north), keys.policy(south), keys.practices])
})

test.each([
  [
    'lost everything',
    async () =>
      Promise.all(
        [keys.manifest, keys.seeded, keys.practices, keys.policy(north)].map((key) => hotStore.remove(key)),
      ),
  ],
  ['lost its mark', async () => hotStore.remove(keys.seeded)],
  ['holds a forged mark', async () => hotStore.write(keys.seeded, '9 forged {}', null)],
])('a store that %s is filled again, live sessions included', async (_, lose) => {
  const session = await plane.signIn('ada')
  const ended = await plane.signIn('ada')
  plane.clock.set(ended.absolute_deadline)
  const later = await plane.signIn('bob')
  const publisher = publisherOn(hotStore)
  await publisher.tick()
  await lose()
  await hotStore.remove(keys.session(later.token_hash))
  await publisher.tick()
  expect((await open(keys.seeded, seededSchema))?.version).toBe(await sequence())
  expect(await open(keys.policy(north), policyRecordSchema)).not.toBeNull()
  expect(await open(keys.session(later.token_hash), sessionRecordSchema)).not.toBeNull()
  expect(await hotStore.read(keys.session(session.token_hash))).toBeNull()
})

test('a store put back to an older state is noticed and filled', async () => {
  const publisher = publisherOn(hotStore)
  await publisher.tick()
  const old = await Promise.all(
    [keys.manifest, keys.practices, keys.policy(north)].map(
      async (key) => [key, await hotStore.read(key)] as const,
    ),
  )
  await rename(north, 'newer')
  await publisher.tick()
  for (const [key, text] of old) await hotStore.write(key, text ?? '', null)
  await publisher.tick()
  expect((await open(keys.policy(north), policyRecordSchema))?.version).toBe(2)
  expect((await manifest())?.version).toBe(await sequence())
})

test('the manifest is issued anew with its age, under the same sequence', async () => {
  const publisher = publisherOn(hotStore)
  await publisher.tick()
  const first = await manifest()
  plane.clock.advance(manifestEveryMs - 1)
  await publisher.tick()
  expect((await manifest())?.value.issuedAt).toBe(first?.value.issuedAt)
  plane.clock.advance(1)
  await publisher.tick()
  expect((await manifest())?.value).toEqual({ ...first?.value, issuedAt: plane.clock.now() })
})

test('one that would sign with another key than the one that leads says so, until it leads itself', async () => {
  const [one, other] = [
    publisherOn(hotStore),
    publisherOn(hotStore, { signer: createSigner(generateSigningKey()) }),
  ]
  await one.tick()
  await other.tick()
  expect([one.status().disagrees, other.status().disagrees]).toEqual([false, true])
  await one.close()
  await other.tick()
  expect(other.status()).toMatchObject({ leading: true, disagrees: false })
})

test('of two publishers one leads; when it goes the other takes over', async () => {
  const one = publisherOn(hotStore)
  const two = publisherOn(hotStore)
  await one.tick()
  await two.tick()
  expect([one.status().leading, two.status().leading]).toEqual([true, false])
  await one.close()
  await rename(north, 'second leader')
  await two.tick()
  expect(two.status().leading).toBe(true)
  expect((await practices())?.value.practices[north]?.policy).toBe(2)
})

test('a database restored from an older copy goes on above what the store has seen', async () => {
  const log = createListeningLog()
  await publisherOn(hotStore).tick()
  const ahead = (await sequence()) + 100
  await plane.store.transaction((tx) =>
    tx.updateTable('publication_state').set({ sequence: ahead }).execute(),
  )
  await rename(north, 'far ahead')
  await publishers[0]?.tick()
  await publishers.splice(0)[0]?.close()
  await plane.store.transaction((tx) => tx.updateTable('publication_state').set({ sequence: 50 }).execute())
  await publisherOn(hotStore, { log }).tick()
  expect(await sequence()).toBeGreaterThan(ahead)
  expect((await manifest())?.version).toBe(await sequence())
  expect(log.lines.some(({ level, message }) => level === 'error' && message.includes('restored'))).toBe(true)
})

test('with a new signing key every record is signed anew', async () => {
  const session = await plane.signIn('ada')
  await publisherOn(hotStore).tick()
  await publishers.splice(0)[0]?.close()
  const signer = createSigner(generateSigningKey())
  await publisherOn(hotStore, { signer }).tick()
  for (const [key, schema] of [
    [keys.policy(south), policyRecordSchema],
    [keys.members(north), membersRecordSchema],
    [keys.session(session.token_hash), sessionRecordSchema],
    [keys.practices, practicesRecordSchema],
    [keys.manifest, manifestSchema],
    [keys.seeded, seededSchema],
  ] as const)
    expect(await open<unknown>(key, schema, hotStore, signer), key).not.toBeNull()
})

test('a saved policy that no longer compiles is said aloud, and the last good one stays', async () => {
  const log = createListeningLog()
  await publisherOn(hotStore).tick()
  await publishers.splice(0)[0]?.close()
  await rename(north, 'to be spoilt')
  await rename(south, 'good')
  await plane.store.transaction((tx) =>
    tx
      .updateTable('policy_revision')
      .set((eb) => ({
        document: eb.fn<string>('jsonb_set', [
          'document',
          eb.val('{practice,zone}'),
          eb.val('"Nowhere/Atall"'),
        ]),
        // Not the row that was compiled when it was saved.
        saved_at: eb('saved_at', '+', 1),
      }))
      .where('revision', '=', 2)
      .where('practice', '=', north)
      .execute(),
  )
  await publisherOn(hotStore, { log }).tick()
  expect((await open(keys.policy(north), policyRecordSchema))?.version).toBe(1)
  expect((await practices())?.value.practices[north]?.policy).toBe(1)
  expect((await practices())?.value.practices[south]?.policy).toBe(2)
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})
