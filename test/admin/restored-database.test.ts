/**
 * Goal: a database that is an older copy is noticed, counts on above everything gateways have seen, and lets nobody back in
 * who was revoked since the copy. Method: real databases put back by hand; what is published before and after.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createInternal } from '../../admin/internal.ts'
import { createPublisher, type Publisher } from '../../admin/publish.ts'
import { acknowledgedAhead, goOnAbove } from '../../admin/restored-database.ts'
import { revokeUser } from '../../admin/sessions/revocations.ts'
import { listPublished, readSequence } from '../../admin/store/publications.ts'
import { writeSetting } from '../../admin/store/settings.ts'
import { silentLog } from '../../runtime/log.ts'
import { createListeningLog, createPracticeStore, north, type PracticeStore } from './practice-store.ts'

let plane: PracticeStore
const publishers: Publisher[] = []
beforeEach(async () => {
  plane = await createPracticeStore()
})
afterEach(async () => {
  for (const publisher of publishers.splice(0)) await publisher.close()
  await plane.close()
})

const publish = async (log = silentLog): Promise<void> => {
  const { store, signer, clock } = plane
  const publisher = createPublisher({ store, hotStore: null, signer, now: clock.now, log })
  publishers.push(publisher)
  await publisher.tick()
  await publisher.tick()
  await publisher.close()
}
const versions = async () =>
  new Map(
    (await plane.store.read((rows) => listPublished(rows, 0, 100))).map(({ key, version }) => [key, version]),
  )
const sequence = async () => (await plane.store.read(readSequence)).sequence
const epochs = () =>
  plane.store.read((rows) =>
    rows.selectFrom('membership').select(['user_id', 'epoch', 'revoked_at']).execute(),
  )
const restores = () =>
  plane.store.read((rows) =>
    rows.selectFrom('security_event').select('body').where('action', '=', 'database.restored').execute(),
  )

test('what lies elsewhere than before is a copy: all versions leap, everybody is signed out, once', async () => {
  await plane.signIn('ada')
  await publish()
  const [before, from, members] = [await versions(), await sequence(), await epochs()]
  expect(members[0]).toMatchObject({ epoch: 0, revoked_at: null })
  await plane.store.transaction((tx) => writeSetting(tx, 'database-identity', 'elsewhere/1/1'))
  const log = createListeningLog()
  await publish(log)
  const after = await versions()
  for (const kind of ['policy', 'members']) {
    const key = `gh:${kind}:{${north}}`
    expect(after.get(key), kind).toBeGreaterThanOrEqual((before.get(key) ?? 0) + 1_000_000)
  }
  expect(after.get('gh:practices')).toBeGreaterThan(before.get('gh:practices') ?? 0)
  expect(await sequence()).toBeGreaterThan(from + 1_000_000_000)
  expect((await epochs())[0]).toMatchObject({ epoch: 1_000, revoked_at: plane.clock.now() })
  expect(log.lines.filter(({ message }) => message.includes('restored copy'))).toHaveLength(1)
  expect(await restores()).toHaveLength(1)

  // The same database under the next leader is no copy.
  const settled = await sequence()
  await publish(log)
  expect([await sequence(), (await restores()).length]).toEqual([settled, 1])
})

test('an installation that never looked takes the database it finds as its own', async () => {
  await publish()
  expect(await restores()).toHaveLength(0)
})

test('a copy in the same place gives itself away by a gateway that has seen more, with or without a hot store', async () => {
  await publish()
  const from = await sequence()
  const { store, signer, clock } = plane
  const unused = (): never => {
    throw new Error('not asked')
  }
  const internal = createInternal({
    ...{ store, signer, now: clock.now, publisher: { kick: () => {} } },
    ...{ provisioning: () => null, portal: unused, admin: unused },
  })
  await internal.changes(from, 'gateway-1')
  expect(await acknowledgedAhead(store, clock.now())).toBeNull()
  await internal.changes(from + 7, 'gateway-1')
  expect(await acknowledgedAhead(store, clock.now())).toBe(from + 7)
  // Long ago is no evidence: it may be of the time before.
  expect(await acknowledgedAhead(store, clock.now() + 121_000)).toBeNull()
  await publish()
  expect(await sequence()).toBeGreaterThan(from + 7)
  expect(await restores()).toHaveLength(1)
  expect(await acknowledgedAhead(store, clock.now())).toBeNull()
})

test('what nobody can have published is no evidence', async () => {
  await publish()
  const { store, clock } = plane
  expect(await goOnAbove(store, Number.MAX_SAFE_INTEGER, clock.now(), 'a mistake')).toBe(false)
  expect(await restores()).toHaveLength(0)
})

test('whoever was revoked after the copy was made does not come back by it, and new revocations count', async () => {
  const session = await plane.signIn('ada')
  await publish()
  await plane.store.transaction((tx) => writeSetting(tx, 'database-identity', 'elsewhere/1/1'))
  await publish()
  const published = await versions()
  const [member] = await epochs()
  expect(session.epochs[north] ?? 0).toBeLessThan(member?.epoch ?? 0)
  await revokeUser(plane.store, { practice: north, user: session.user_id, block: false, deed: plane.deed() })
  await publish()
  const key = `gh:members:{${north}}`
  expect((await versions()).get(key)).toBeGreaterThan(published.get(key) ?? 0)
})
