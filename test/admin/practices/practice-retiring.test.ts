/**
 * Goal: a retired practice is gone for everything that runs, at once and for every gateway, and comes back as it was.
 * Method: a real database with two practices, a publisher, and a gateway's mirror fed from the hot store it fills.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensurePractices } from '../../../admin/bootstrap.ts'
import { createPractice } from '../../../admin/practices/practice-edits.ts'
import {
  readRetirement,
  reinstatePractice,
  retirePractice,
} from '../../../admin/practices/practice-retiring.ts'
import { createPublisher, type Publisher } from '../../../admin/publish.ts'
import { remindReviewers } from '../../../admin/requests/access-reminders.ts'
import { askForAccess } from '../../../admin/requests/access-requests.ts'
import { revokeUserEverywhere } from '../../../admin/sessions/revocations.ts'
import { saveRetention } from '../../../admin/store/event-retention.ts'
import { listEvents } from '../../../admin/store/events.ts'
import { findMember } from '../../../admin/store/members.ts'
import { listPractices } from '../../../admin/store/practices.ts'
import { listRetired } from '../../../admin/store/retired-practices.ts'
import { findSession } from '../../../admin/store/sessions.ts'
import { createSnapshots, type Snapshots } from '../../../gateway/snapshots.ts'
import { createMemoryHotStore } from '../../../runtime/hot-store-memory.ts'
import { keys } from '../../../runtime/keys.ts'
import { silentLog } from '../../../runtime/log.ts'
import { createVerifier } from '../../../runtime/signing.ts'
import { createPracticeStore, north, type PracticeStore, south } from '../practice-store.ts'

let plane: PracticeStore
let publisher: Publisher
let mirror: Snapshots
let hotStore: ReturnType<typeof createMemoryHotStore>
const told: string[] = []

beforeEach(async () => {
  plane = await createPracticeStore()
  const { store, signer, clock } = plane
  hotStore = createMemoryHotStore({ now: clock.now })
  publisher = createPublisher({ store, hotStore, signer, now: clock.now, log: silentLog })
  told.length = 0
  const verifier = createVerifier(signer.publicKey)
  if (verifier === null) throw new Error('no verifier')
  mirror = createSnapshots({
    ...{ verifier, routes: new Map(), onApplied: () => undefined },
    onChange: (scopes) => told.push(...scopes.map((scope) => JSON.stringify(scope))),
    onBad: (key) => told.push(`bad ${key}`),
  })
})
afterEach(async () => {
  await publisher?.close()
  await plane?.close()
})

const recordOf = async (key: string) => ({ key, text: (await hotStore.read(key)) ?? '' })

/** Publishes, and lets the gateway take in what the table asks for. */
const spread = async (): Promise<void> => {
  await publisher.tick()
  mirror.apply(await recordOf(keys.practices))
  for (const key of mirror.missing()) mirror.apply(await recordOf(key))
}
const reason = 'They moved to another product.'
const retire = (from = 1, contact = 'office@north.example') =>
  retirePractice(plane.store, { practice: north, from, contact, deed: plane.deed({ reason }) })
const actions = async (practice = north) =>
  (await plane.store.read((rows) => listEvents(rows, { practice }, { countMax: 20, before: null }))).map(
    ({ action }) => action,
  )

test('what runs for it ends in one go: sessions, requests, and every gateway refuses it by name', async () => {
  const { store, clock } = plane
  const only = await plane.signIn('ada', { cookieHash: 'c' })
  const both = await plane.signIn('ben')
  await store.transaction((tx) =>
    tx
      .insertInto('membership')
      .values({ practice: south, user_id: both.user_id, roles: ['front-desk'], created_at: clock.now() })
      .execute(),
  )
  await store.transaction((tx) =>
    tx.updateTable('session').set({ held: true }).where('id', '=', both.id).execute(),
  )
  const asking = { tokenHash: both.token_hash, kind: 'ip' as const, address: '198.51.100.9', reason: 'home' }
  await askForAccess(store, { ...asking, practices: [north] }, clock.now())
  await spread()
  expect(mirror.practicesOf(both.user_id)).toEqual([north, south])
  const review = await readRetirement(store, north, clock.now())
  expect(review).toMatchObject({ members: 2, sessions: 2, requests: 1, tokens: 0, isLast: false })
  const oldPolicy = await recordOf(keys.policy(north))
  const oldMembers = await recordOf(keys.members(north))

  expect(await retire(7)).toEqual({ outcome: 'conflict', current: 1 })
  expect(await retire()).toMatchObject({ outcome: 'retired', counts: { members: 2, requests: 1 } })
  told.length = 0
  await spread()
  // Live exchanges of it are judged again, and there is nothing to judge them by.
  expect(told).toContain(JSON.stringify({ practice: north }))
  expect(mirror.practice(north, clock.now())).toBeNull()
  expect(mirror.retired(north)).toEqual({ name: 'Practice north', contact: 'office@north.example' })
  expect([mirror.retired(south), mirror.retired('constructor')]).toEqual([null, null])
  expect([only, both].map(({ user_id }) => mirror.practicesOf(user_id))).toEqual([[], [south]])
  // Whoever writes to the hot store has only what was signed before.
  expect([mirror.apply(oldPolicy), mirror.apply(oldMembers)]).toEqual(['old', 'old'])
  expect(mirror.practice(north, clock.now())).toBeNull()

  const sessions = await store.read(async (rows) => [
    (await findSession(rows, only.token_hash))?.ended_why,
    (await findSession(rows, both.token_hash))?.ended_why,
  ])
  expect(sessions).toEqual(['revoked', null])
  expect((await actions()).slice(0, 2)).toEqual(['practice.retired', 'access-request.expired'])
})

test('nothing comes upon it later: no sign-in, mail, person or practice of the same id', async () => {
  const { store, clock } = plane
  const ada = await plane.signIn('ada')
  await retire()
  expect((await store.read(listPractices)).map(({ id }) => id)).toEqual([south])
  expect(await store.read((rows) => findMember(rows, north, ada.user_id, clock.now()))).toBeNull()
  // The application still names it: they are known, and members of nothing; the gateway can tell them why.
  const again = await plane.signIn('ada')
  expect(again.epochs).toEqual({ [north]: -1 })
  expect(await plane.signIn('new')).toMatchObject({ epochs: {} })
  clock.advance(25 * 3_600_000)
  expect(await remindReviewers(store, clock.now())).toBe(0)
  const everywhere = await revokeUserEverywhere(store, {
    ...{ practice: south, user: ada.user_id, block: false, deed: plane.deed(), mayRevoke: () => true },
  })
  expect(everywhere).toEqual({ outcome: 'unknown' })
  const wish = { name: 'North again', zone: 'Europe/Berlin', contact: '' }
  expect(await createPractice(store, { id: north, ...wish }, plane.deed())).toMatchObject([
    { path: 'id', sentence: expect.stringContaining('no id is used twice') },
  ])
  expect(await createPractice(store, { id: 'north-2', ...wish }, plane.deed())).toEqual([])
  // A configuration that still names it brings nothing back.
  const practices = [{ id: north, name: 'North', zone: 'Europe/Berlin', roles: 'standard' as const }]
  expect(await ensurePractices(store, practices, clock.now())).toEqual({ ok: true, created: [] })
  expect((await store.read(listRetired)).map(({ id, reason: why }) => [id, why])).toEqual([[north, reason]])
  await expect(
    store.transaction((tx) =>
      tx
        .insertInto('membership')
        .values({ practice: north, user_id: again.user_id, roles: [], created_at: 0 })
        .execute(),
    ),
  ).rejects.toThrow()
})

test('it comes back as it was, to whoever signs in afresh, for as long as its events are kept', async () => {
  const { store, clock } = plane
  const ada = await plane.signIn('ada', {}, ['Owner'])
  await spread()
  await retire()
  await spread()
  const back = () => reinstatePractice(store, { practice: north, deed: plane.deed() })
  clock.advance(6 * 31_556_952_000)
  expect(await back()).toEqual({ outcome: 'late' })
  const held = { years: 6, held: true, heldWhy: 'a case' }
  await saveRetention(store, { practice: north, from: 1, deed: plane.deed(), ...held })
  expect(await back()).toMatchObject({ outcome: 'reinstated', revision: 1 })
  expect(await back()).toEqual({ outcome: 'unknown' })
  await spread()
  expect(mirror.retired(north)).toBeNull()
  expect(mirror.practice(north, clock.now())?.snapshot.revision).toBe(1)
  expect(mirror.member(north, ada.user_id)).toMatchObject({ roles: ['owner'], epoch: 1 })
  expect((await store.read((rows) => findSession(rows, ada.token_hash)))?.ended_why).toBe('revoked')
  expect(await actions()).toEqual(expect.arrayContaining(['practice.reinstated', 'practice.retired']))
  expect(told.filter((line) => line.startsWith('bad'))).toEqual([])
})

test('the last one stays, also where two are retired at once', async () => {
  const deed = plane.deed({ reason })
  const outcomes = await Promise.all(
    [north, south].map((practice) =>
      retirePractice(plane.store, { practice, from: 1, contact: '', deed }).then(({ outcome }) => outcome),
    ),
  )
  expect(outcomes.sort()).toEqual(['last', 'retired'])
  expect(await plane.store.read(listPractices)).toHaveLength(1)
})
