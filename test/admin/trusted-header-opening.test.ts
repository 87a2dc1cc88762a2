/**
 * Goal: a session opened on an identity proxy's word carries what that sign-in is worth after all revocations so far.
 * Method: sessions on a real database, told of with sign-ins before, about and after a revocation, and without a time.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { revokeSession, revokeUser } from '../../admin/sessions/revocations.ts'
import { epochAtOpening } from '../../admin/sessions/session-opening.ts'
import type { OpenSession } from '../../runtime/internal.ts'
import { hashToken } from '../../runtime/token.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const day = 86_400_000
const told = (user: string, change: Partial<OpenSession> = {}) =>
  plane.signIn(user, { method: 'trusted-header', ...change })

test('a sign-in from before a revocation, or about it, carries 0 for good; a later one the present epoch', async () => {
  const revokedAt = plane.clock.now()
  const before = await told('ruth', { signedInAt: revokedAt - 60_000 })
  expect(before).toMatchObject({ method: 'trusted-header', epochs: { [north]: 0 }, ended_why: null })
  await revokeUser(plane.store, { practice: north, user: before.user_id, block: false, deed: plane.deed() })
  plane.clock.advance(60_000)
  const epoch = async (signedInAt?: number) =>
    (await told('ruth', signedInAt === undefined ? {} : { signedInAt })).epochs[north]
  const ages = [revokedAt - 60_000, revokedAt, revokedAt + 5_000, plane.clock.now() + 6_000, undefined]
  for (const signedInAt of ages) expect(await epoch(signedInAt), String(signedInAt)).toBe(0)
  expect(await epoch(revokedAt + 5_001)).toBe(1)
  plane.clock.advance(31 * day)
  expect(await epoch(revokedAt - 60_000)).toBe(0)
  // Nobody said when: as with adopted cookies, it may be a new one by now.
  expect(await epoch()).toBe(1)
})

test('a sign-in whose session was revoked is ended again, whoever brings it; another one is not', async () => {
  const cookieHash = hashToken('ruben signed in at nine')
  const first = await told('ruben', { cookieHash, signedInAt: plane.clock.now() })
  await revokeSession(plane.store, {
    ...{ practice: north, session: first.id, deed: plane.deed() },
    mayRevoke: () => true,
  })
  plane.clock.advance(1_000)
  expect(await told('ruben', { cookieHash, signedInAt: plane.clock.now() })).toMatchObject({
    ended_why: 'revoked',
  })
  const other = await told('ruben', { cookieHash: hashToken('at ten'), signedInAt: plane.clock.now() })
  expect(other.ended_why).toBeNull()
})

test('what is proved here, and who was never revoked, has the member’s epoch; an adopted cookie 0 for 30 days', () => {
  const revoked = { epoch: 3, revokedAt: 100 * day }
  const at = 101 * day
  expect(epochAtOpening(revoked, { method: 'app-password' }, at)).toBe(3)
  expect(epochAtOpening({ ...revoked, revokedAt: null }, { method: 'adopted' }, at)).toBe(3)
  expect(epochAtOpening(revoked, { method: 'adopted' }, at)).toBe(0)
  expect(epochAtOpening(revoked, { method: 'adopted' }, 130 * day)).toBe(0)
  expect(epochAtOpening(revoked, { method: 'adopted' }, 130 * day + 1)).toBe(3)
  // A time that comes with an adopted cookie proves nothing less than its age.
  expect(epochAtOpening(revoked, { method: 'trusted-header', signedInAt: 100 * day + 5_001 }, at)).toBe(3)
})
