/**
 * Goal: an admin of one practice ends access to that one, an owner everywhere; no sign-in exceeds the sessions allowed.
 * Method: people of two practices on a real database, sign-ins at the same time, the clock stepped.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { editPolicy } from '../../admin/policy-edit.ts'
import { revokeSession, revokeUserEverywhere } from '../../admin/sessions/revocations.ts'
import { changeSession } from '../../admin/sessions/session-opening.ts'
import { listActiveUsers } from '../../admin/store/active-users.ts'
import { listEvents } from '../../admin/store/events.ts'
import { readMembers } from '../../admin/store/members.ts'
import { findSession, sessionRecordOf } from '../../admin/store/sessions.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { OpenSession } from '../../runtime/internal.ts'
import { sessionRecordSchema } from '../../runtime/records.ts'
import { hashToken } from '../../runtime/token.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const inBoth = (name: string, change: Partial<OpenSession> = {}): Partial<OpenSession> => ({
  ...change,
  identity: {
    ...sessionRequest(name).identity,
    practices: [
      { id: north, roles: ['Front Desk'] },
      { id: south, roles: ['Front Desk'] },
    ],
  },
})
const row = (tokenHash: string) => plane.store.read((rows) => findSession(rows, tokenHash))
const liveIn = async (practice: string, name: string) => {
  const users = await plane.store.read((rows) => listActiveUsers(rows, practice, plane.clock.now()))
  return (users.find((user) => user.name === name)?.sessions ?? []).map(({ id }) => id)
}
const actionsOf = async (practice: string, user: string) =>
  (
    await plane.store.read((rows) =>
      listEvents(rows, { practice, target: user }, { countMax: 100, after: 0 }),
    )
  ).map(({ action }) => action)
const set = async (practice: string, change: (document: PolicyDocument) => PolicyDocument) => {
  const outcome = await editPolicy(plane.store, { practice, ifRevision: null, deed: plane.deed(), change })
  expect(outcome.outcome).toBe('saved')
  if (outcome.outcome === 'saved' && outcome.confirmBy !== null) throw new Error('waits to be confirmed')
}
const limit = (practice: string, concurrentMax: number | null) =>
  set(practice, (document) => ({ ...document, sessions: { ...document.sessions, concurrentMax } }))

test('ended from one practice, a session goes on in the other, and no cookie brings it back there', async () => {
  const cookieHash = hashToken('in both')
  const session = await plane.signIn('reach', inBoth('reach', { cookieHash }))
  const copy = await plane.signIn('reach', inBoth('reach', { cookieHash, method: 'adopted' }))
  const end = () =>
    revokeSession(plane.store, {
      ...{ practice: north, session: session.id, deed: plane.deed() },
      mayRevoke: (practice) => practice === north,
    })
  expect(await end()).toMatchObject({ outcome: 'revoked', sessions: 2 })
  expect(await end()).toEqual({ outcome: 'unknown' })
  expect(await liveIn(north, 'REACH')).toEqual([])
  expect((await liveIn(south, 'REACH')).sort()).toEqual([session.id, copy.id].sort())
  const after = await row(session.token_hash)
  expect(after).toMatchObject({ ended_at: null, version: 2, epochs: { [north]: -1, [south]: 0 } })
  // Gateways read it, and refuse it in that practice: every member's epoch is above.
  expect(after && sessionRecordSchema.safeParse(sessionRecordOf(after)).success).toBe(true)
  plane.clock.advance(1_000)
  const again = await plane.signIn('reach', inBoth('reach', { cookieHash, method: 'adopted' }))
  expect(again.epochs).toEqual({ [north]: -1, [south]: 0 })
  plane.clock.advance(1_000)
  expect((await plane.signIn('reach', inBoth('reach', { cookieHash }))).epochs).toEqual({
    [north]: 0,
    [south]: 0,
  })
  expect(await actionsOf(north, session.user_id)).toContain('session.revoked')
  expect(await actionsOf(south, session.user_id)).not.toContain('session.revoked')
})

test('an owner of all ends it for good, with an event in each', async () => {
  const session = await plane.signIn('whole', inBoth('whole'))
  const wish = { practice: south, session: session.id, mayRevoke: () => true, deed: plane.deed() }
  expect(await revokeSession(plane.store, wish)).toMatchObject({ outcome: 'revoked', sessions: 1 })
  expect(await row(session.token_hash)).toMatchObject({ ended_why: 'revoked' })
  for (const practice of [north, south])
    expect(await actionsOf(practice, session.user_id)).toContain('session.revoked')
})

test('everywhere needs every practice, and does all or nothing', async () => {
  const { user_id: user } = await plane.signIn('roamer', inBoth('roamer'))
  const everywhere = (mayRevoke: (practice: string) => boolean, block = false) =>
    revokeUserEverywhere(plane.store, { practice: north, user, block, mayRevoke, deed: plane.deed() })
  const members = async () =>
    Promise.all(
      [north, south].map(async (practice) => {
        const known = await plane.store.read((rows) => readMembers(rows, practice, plane.clock.now()))
        const member = known?.members.find((one) => one.user === user)
        return [member?.epoch, member?.suspended]
      }),
    )
  expect(await everywhere((practice) => practice === north)).toEqual({ outcome: 'not-everywhere' })
  expect(await members()).toEqual([
    [0, false],
    [0, false],
  ])
  expect(await everywhere(() => true, true)).toMatchObject({ outcome: 'revoked', sessions: 1 })
  expect(await members()).toEqual([
    [1, true],
    [1, true],
  ])
  for (const practice of [north, south])
    expect((await actionsOf(practice, user)).slice(-2)).toEqual(['user.revoked', 'user.suspended'])
})

test('beyond the limit the oldest end, also when eight sign in at once', async () => {
  await limit(north, 2)
  const first = await plane.signIn('many')
  plane.clock.advance(1_000)
  const second = await plane.signIn('many')
  plane.clock.advance(1_000)
  const third = await plane.signIn('many')
  expect((await row(first.token_hash))?.ended_why).toBe('limit')
  expect((await liveIn(north, 'MANY')).sort()).toEqual([second.id, third.id].sort())
  expect(await actionsOf(north, first.user_id)).toContain('session.ended')
  await Promise.all(Array.from({ length: 8 }, () => plane.signIn('many')))
  expect(await liveIn(north, 'MANY')).toHaveLength(2)
  await limit(north, null)
})

test('who is not let in signs nobody out: held first, and only then counted', async () => {
  await limit(north, 1)
  const office = await plane.signIn('victim')
  await set(north, (document) => ({
    ...document,
    ipEntries: [
      {
        ...{ id: 'office', range: '203.0.113.0/24', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  }))
  const enforced = await editPolicy(plane.store, {
    ...{ practice: north, ifRevision: null, deed: plane.deed({ address: '203.0.113.9' }) },
    change: (document) => ({
      ...document,
      controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    }),
  })
  expect(enforced.outcome).toBe('saved')
  plane.clock.advance(1_000)
  const stranger = await plane.signIn('victim', { address: '198.51.100.66' })
  expect((await row(office.token_hash))?.ended_why).toBeNull()
  const change = (wish: { to: 'held'; reason: string } | { to: 'live' }, tokenHash: string) =>
    changeSession(plane.store, { ...wish, tokenHash }, plane.clock.now())
  await change({ to: 'held', reason: 'address-not-allowed' }, stranger.token_hash)
  const home = await plane.signIn('victim', { address: '203.0.113.200' })
  expect((await row(office.token_hash))?.ended_why).toBe('limit')
  // A held one is nobody's session yet; released from where it may be, it is.
  expect((await row(stranger.token_hash))?.ended_why).toBeNull()
  await plane.store.transaction((tx) =>
    tx
      .updateTable('session')
      .set({ address_last: '203.0.113.7' })
      .where('token_hash', '=', stranger.token_hash)
      .execute(),
  )
  await change({ to: 'live' }, stranger.token_hash)
  expect((await row(home.token_hash))?.ended_why).toBe('limit')
})
