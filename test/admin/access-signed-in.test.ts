/**
 * Goal: who is signed in asks for another practice of theirs under the limits of everybody; a cookie alone asks for nothing.
 * Method: the asking functions on a real database, with sessions that are not held.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askForAccess } from '../../admin/requests/access-requests.ts'
import { rejectRequest } from '../../admin/requests/access-review.ts'
import { takeAccessBack } from '../../admin/requests/access-taking-back.ts'
import { revokeUser } from '../../admin/sessions/revocations.ts'
import { listRequests, readRequests } from '../../admin/store/access-requests.ts'
import type { SessionRow } from '../../admin/store/sessions.ts'
import type { AccessStandings, AskAccess, OpenSession } from '../../runtime/internal.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from './practice-store.ts'

const minute = 60_000

let plane: PracticeStore
beforeEach(async () => {
  plane = await createPracticeStore()
})
afterEach(() => plane?.close())

const signInBoth = (appUser: string, method: OpenSession['method'] = 'app-password'): Promise<SessionRow> => {
  const both = [north, south].map((id) => ({ id, roles: ['Front Desk'] }))
  return plane.signIn(appUser, {
    ...{ method, identity: { ...sessionRequest(appUser).identity, practices: both } },
  })
}
const ask = (session: SessionRow, change: Partial<AskAccess> = {}): Promise<AccessStandings> => {
  const wish = {
    kind: 'ip' as const,
    address: '198.51.100.7',
    practices: [north],
    reason: 'Working from home today',
  }
  return askForAccess(plane.store, { tokenHash: session.token_hash, ...wish, ...change }, plane.clock.now())
}
const takeBack = (session: SessionRow, practice = north): Promise<AccessStandings> => {
  const wish = { kind: 'ip' as const, address: '198.51.100.7', practices: [practice] }
  return takeAccessBack(plane.store, { tokenHash: session.token_hash, ...wish }, plane.clock.now())
}
const list = (practice = north) =>
  plane.store.read(async (rows) => {
    const at = plane.clock.now()
    const found = await listRequests(rows, practice, at, 100)
    return readRequests(
      rows,
      practice,
      found.map(({ id }) => id),
      at,
    )
  })

test('a cookie alone, seen first without a sign-in, asks for nothing and takes nothing back', async () => {
  const adopted = await signInBoth('eve', 'adopted')
  expect((await ask(adopted)).refused).toBe('Sign in again to ask for access.')
  expect((await takeBack(adopted)).refused).toBe('Sign in again to ask for access.')
  expect(await list()).toEqual([])
})

test('who is signed in asks for another practice of theirs, under the same limits and cool-downs, and takes it back', async () => {
  const eve = await signInBoth('eve')
  expect((await ask(eve, { practices: [south] })).refused).toBeNull()
  expect(await list(south)).toMatchObject([{ status: 'pending', reason: 'Working from home today' }])
  expect((await takeBack(eve, south)).refused).toBeNull()
  expect((await list(south)).map(({ status }) => status)).toEqual(['withdrawn'])
  for (let host = 1; host <= 3; host += 1) await ask(eve, { address: `198.51.100.${host}` })
  expect((await ask(eve)).refused).toMatch(/^At most 3 requests may wait/)
  const [newest] = await list()
  await rejectRequest(plane.store, {
    ...{ practice: north, id: newest!.id, note: '', reviewerLogin: 'admin', deed: plane.deed() },
  })
  const again = await ask(eve, { address: newest!.address })
  expect(again.refused).toBe('Your request was rejected a short while ago. Ask again later.')
  expect(again.standings.find(({ practice }) => practice === north)?.askAgainAt).toBe(
    plane.clock.now() + 15 * minute,
  )
})

test('who was put out of a practice since they signed in asks for nothing there; elsewhere they still do', async () => {
  const eve = await signInBoth('eve')
  await revokeUser(plane.store, {
    ...{ practice: south, user: eve.user_id, block: false, deed: plane.deed() },
  })
  const refused = await ask(eve, { practices: [south] })
  expect(refused.standings.map(({ practice }) => practice)).toEqual([north])
  expect(refused.refused).toBe((await ask(eve, { practices: ['no-such'] })).refused)
  expect(await list(south)).toEqual([])
  expect((await ask(eve)).refused).toBeNull()
  const back = await signInBoth('eve')
  expect((await ask(back, { practices: [south] })).refused).toBeNull()
})
