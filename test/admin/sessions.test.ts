/**
 * Goal: sessions open once, carry the epochs of their proof, and stay ended; revocations cannot be undone by a cookie.
 * Method: sessions and revocations on a real database, under a clock that steps.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { revokeEveryoneBut, revokeSession, revokeUser } from '../../admin/sessions/revocations.ts'
import { changeSession, openSession } from '../../admin/sessions/session-opening.ts'
import { listActiveUsers } from '../../admin/store/active-users.ts'
import { listAddresses } from '../../admin/store/address-use.ts'
import { listEvents } from '../../admin/store/events.ts'
import { readMembers } from '../../admin/store/members.ts'
import { findSession } from '../../admin/store/sessions.ts'
import { hashToken } from '../../runtime/token.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const day = 86_400_000
const both = (appUser: string) => ({
  identity: {
    ...sessionRequest(appUser).identity,
    practices: [
      { id: north, roles: ['Front Desk'] },
      { id: south, roles: ['Front Desk'] },
    ],
  },
})
const active = async (practice: string, name: string) => {
  const users = await plane.store.read((rows) => listActiveUsers(rows, practice, plane.clock.now()))
  return users.find((user) => user.name === name)
}
const epochOf = async (practice: string, user: string) => {
  const known = await plane.store.read((rows) => readMembers(rows, practice, plane.clock.now()))
  return known?.members.find((member) => member.user === user)?.epoch
}
const revoke = (practice: string, user: string, block = false) =>
  revokeUser(plane.store, { practice, user, block, deed: plane.deed() })
const actions = async (practice: string, user: string) => {
  const events = await plane.store.read((rows) =>
    listEvents(rows, { practice, target: user }, { countMax: 50, after: 0 }),
  )
  return events.map(({ action }) => action)
}

test('opening twice with one token hash opens once, with one event', async () => {
  const request = sessionRequest('twice')
  const open = () => openSession(plane.store, request, 'app-roles', plane.clock.now())
  const first = await open()
  plane.clock.advance(1_000)
  expect(await open()).toEqual({ ...first, changed: [] })
  const user = first.outcome === 'opened' ? first.session.user_id : ''
  expect(await actions(north, user)).toEqual(['user.provisioned', 'session.opened'])
})

test('one token hash for two people is a mistake, never a session', async () => {
  const request = sessionRequest('mine')
  await openSession(plane.store, request, 'app-roles', plane.clock.now())
  const stolen = { ...sessionRequest('yours'), tokenHash: request.tokenHash }
  await expect(openSession(plane.store, stolen, 'app-roles', plane.clock.now())).rejects.toThrow(
    /one token hash/,
  )
})

test('a sign-in over an existing session replaces it', async () => {
  const old = await plane.signIn('switching')
  await plane.signIn('switching', { replaces: old.token_hash })
  expect(await plane.store.read((rows) => findSession(rows, old.token_hash))).toMatchObject({
    ended_why: 'replaced',
    version: 2,
  })
})

test('revoking raises the epoch of that user in that practice only, and a fresh sign-in carries it', async () => {
  const old = await plane.signIn('revoked', both('revoked'))
  expect(await active(north, 'REVOKED')).toMatchObject({
    practices: [north, south],
    sessions: [{ id: old.id }],
  })
  expect(await revoke(north, old.user_id)).toMatchObject({ outcome: 'revoked', sessions: 1 })
  expect([await epochOf(north, old.user_id), await epochOf(south, old.user_id)]).toEqual([1, 0])
  expect(await active(north, 'REVOKED')).toBeUndefined()
  expect(await active(south, 'REVOKED')).toMatchObject({ sessions: [{ id: old.id }] })
  const fresh = await plane.signIn('revoked', both('revoked'))
  expect(fresh.epochs).toEqual({ [north]: 1, [south]: 0 })
  expect(await active(north, 'REVOKED')).toMatchObject({ sessions: [{ id: fresh.id }] })
  expect(await actions(north, old.user_id)).toContain('user.revoked')
  expect(await actions(south, old.user_id)).not.toContain('user.revoked')
})

test('an adopted cookie carries epoch 0 after a revocation, until no such cookie can live any more', async () => {
  const { user_id: user } = await plane.signIn('adopted')
  await revoke(north, user)
  const adopt = () => plane.signIn('adopted', { method: 'adopted', cookieHash: hashToken('never seen') })
  expect((await adopt()).epochs).toEqual({ [north]: 0 })
  plane.clock.advance(30 * day + 1)
  expect((await adopt()).epochs).toEqual({ [north]: 1 })
  expect(await actions(north, user)).toContain('session.adopted')
})

test.each(['revoked', 'signed-out', 'app-signed-out', 'limit', 'refused'] as const)(
  'the cookie of a session that ended as %s is not adopted back',
  async (why) => {
    const cookieHash = hashToken(`cookie ${why}`)
    const session = await plane.signIn(`ended-${why}`, { cookieHash })
    await changeSession(plane.store, { to: 'ended', tokenHash: session.token_hash, why }, plane.clock.now())
    plane.clock.advance(1)
    const adopted = await plane.signIn(`ended-${why}`, { cookieHash, method: 'adopted' })
    expect(adopted.ended_why).toBe(why)
    plane.clock.advance(1)
    expect((await plane.signIn(`ended-${why}`, { cookieHash })).ended_why).toBeNull()
  },
)

test('a cookie whose session is held or too old is not adopted past that either; one replaced is', async () => {
  const cookieHash = hashToken('held cookie')
  const held = await plane.signIn('held', { cookieHash })
  await changeSession(
    plane.store,
    { to: 'held', tokenHash: held.token_hash, reason: 'ip' },
    plane.clock.now(),
  )
  plane.clock.advance(1)
  expect(await plane.signIn('held', { cookieHash, method: 'adopted' })).toMatchObject({
    held: true,
    held_reason: 'ip',
  })
  const old = await plane.signIn('old', { cookieHash: hashToken('old cookie') })
  plane.clock.set(old.absolute_deadline)
  expect(
    (await plane.signIn('old', { cookieHash: hashToken('old cookie'), method: 'adopted' })).ended_why,
  ).toBe('expired')
  const first = await plane.signIn('again', { cookieHash: hashToken('again') })
  await changeSession(
    plane.store,
    { to: 'ended', tokenHash: first.token_hash, why: 'replaced' },
    plane.clock.now(),
  )
  expect(
    (await plane.signIn('again', { cookieHash: hashToken('again'), method: 'adopted' })).ended_why,
  ).toBeNull()
})

test('holding, releasing and ending grow the version once each, and repeating changes nothing', async () => {
  const { token_hash: tokenHash, user_id: user } = await plane.signIn('stepper')
  const change = (
    wish: { to: 'held'; reason: string } | { to: 'live' } | { to: 'ended'; why: 'signed-out' },
  ) => changeSession(plane.store, { ...wish, tokenHash }, plane.clock.now())
  expect(await change({ to: 'held', reason: 'two-factor' })).toMatchObject({ held: true, version: 2 })
  expect(await change({ to: 'held', reason: 'two-factor' })).toMatchObject({ held: true, version: 2 })
  expect(await change({ to: 'live' })).toMatchObject({ held: false, version: 3 })
  expect(await change({ to: 'ended', why: 'signed-out' })).toMatchObject({
    ended_why: 'signed-out',
    version: 4,
  })
  expect(await change({ to: 'ended', why: 'signed-out' })).toMatchObject({ version: 4 })
  expect(await change({ to: 'live' })).toMatchObject({ ended_why: 'signed-out', version: 4 })
  expect((await actions(north, user)).slice(-3)).toEqual([
    'session.held',
    'session.released',
    'session.ended',
  ])
  expect(
    await changeSession(plane.store, { to: 'live', tokenHash: hashToken('none') }, plane.clock.now()),
  ).toBeNull()
})

test('one session ended by an admin of a practice it reaches, and by nobody else', async () => {
  const session = await plane.signIn('single')
  const end = (practice: string) =>
    revokeSession(plane.store, { practice, session: session.id, mayRevoke: () => true, deed: plane.deed() })
  expect(await end(south)).toEqual({ outcome: 'unknown' })
  expect(await end(north)).toMatchObject({ outcome: 'revoked', sessions: 1 })
  expect(await end(north)).toEqual({ outcome: 'unknown' })
  expect(await plane.store.read((rows) => findSession(rows, session.token_hash))).toMatchObject({
    ended_why: 'revoked',
  })
})

test('one session ended ends all that its cookie was adopted for, and no other', async () => {
  const cookieHash = hashToken('stolen cookie')
  const own = await plane.signIn('robbed', { cookieHash })
  const other = await plane.signIn('robbed', { cookieHash: hashToken('another browser') })
  const adopted: string[] = []
  for (let at = 0; at < 5; at += 1) {
    plane.clock.advance(1_000)
    adopted.push((await plane.signIn('robbed', { cookieHash, method: 'adopted' })).token_hash)
  }
  expect(
    await revokeSession(plane.store, {
      ...{ practice: north, session: own.id, deed: plane.deed() },
      mayRevoke: () => true,
    }),
  ).toMatchObject({ outcome: 'revoked', sessions: 6 })
  const endOf = async (hash: string) =>
    (await plane.store.read((rows) => findSession(rows, hash)))?.ended_why ?? null
  expect(await Promise.all(adopted.map(endOf))).toEqual(Array(5).fill('revoked'))
  expect(await endOf(other.token_hash)).toBeNull()
  plane.clock.advance(1_000)
  expect((await plane.signIn('robbed', { cookieHash, method: 'adopted' })).ended_why).toBe('revoked')
})

test.each(['signed-out', 'expired', 'refused', 'replaced'] as const)(
  'ended as %s, what its cookie was adopted for ends with it where the cookie is worth nothing any more',
  async (why) => {
    const cookieHash = hashToken(`cookie ${why}`)
    const own = await plane.signIn('leaver', { cookieHash })
    plane.clock.advance(1_000)
    const adopted = await plane.signIn('leaver', { cookieHash, method: 'adopted' })
    await changeSession(plane.store, { to: 'ended', tokenHash: own.token_hash, why }, plane.clock.now())
    const found = await plane.store.read((rows) => findSession(rows, adopted.token_hash))
    expect(found?.ended_why).toBe(why === 'replaced' ? null : why)
  },
)

test('everyone but one: their epochs rise, those of sessions not open now too', async () => {
  const mine = await plane.signIn('keeper', both('keeper'))
  const theirs = await plane.signIn('loser', both('loser'))
  const before = [await epochOf(south, mine.user_id), await epochOf(south, theirs.user_id)]
  const outcome = await revokeEveryoneBut(plane.store, {
    practice: south,
    keep: mine.user_id,
    deed: plane.deed(),
  })
  expect(outcome).toMatchObject({ outcome: 'revoked' })
  expect([await epochOf(south, mine.user_id), await epochOf(south, theirs.user_id)]).toEqual([
    before[0],
    (before[1] ?? 0) + 1,
  ])
  const users = await plane.store.read((rows) => listActiveUsers(rows, south, plane.clock.now()))
  expect(users.map(({ name }) => name)).toEqual(['KEEPER'])
})

test('unknown users and practices are outcomes; blocking also suspends', async () => {
  const { user_id: user } = await plane.signIn('blocked')
  expect(await revoke(south, user)).toEqual({ outcome: 'unknown' })
  expect(await revoke('nowhere', user)).toEqual({ outcome: 'unknown' })
  await revoke(north, user, true)
  const opened = await openSession(plane.store, sessionRequest('blocked'), 'app-roles', plane.clock.now())
  expect(opened).toEqual({ outcome: 'suspended' })
})

test('who is in now: idle and expired sessions are not, addresses are remembered for 30 days', async () => {
  const { user_id: user } = await plane.signIn('idler', { address: '198.51.100.7' })
  expect(await active(north, 'IDLER')).toMatchObject({
    roles: ['front-desk'],
    sessions: [{ address: '198.51.100.7', held: false }],
  })
  plane.clock.advance(12 * 3_600_000)
  expect(await active(north, 'IDLER')).toBeUndefined()
  const addresses = async () =>
    (await plane.store.read((rows) => listAddresses(rows, [user], plane.clock.now()))).get(user)
  expect(await addresses()).toEqual(['198.51.100.7'])
  plane.clock.advance(30 * day)
  expect(await addresses()).toEqual([])
})

test('a sign-in keeps a factor that the same person proved a moment ago in the session it replaces, and no other', async () => {
  const proved = async (name: string, ago: number) => {
    const session = await plane.signIn(name)
    await plane.store.transaction((tx) =>
      tx
        .updateTable('session')
        .set({ factor_method: 'totp', factor_verified_at: plane.clock.now() - ago })
        .where('token_hash', '=', session.token_hash)
        .execute(),
    )
    return session.token_hash
  }
  const factorAfter = async (name: string, replaces: string | null, method: 'app-password' | 'adopted') =>
    (await plane.signIn(name, { replaces, method })).factor_method
  expect(await factorAfter('keeper', await proved('keeper', 60_000), 'app-password')).toBe('totp')
  expect(await factorAfter('keeper', await proved('keeper', 600_000), 'app-password')).toBeNull()
  expect(await factorAfter('keeper', await proved('keeper', 60_000), 'adopted')).toBeNull()
  expect(await factorAfter('keeper', await proved('somebody', 60_000), 'app-password')).toBeNull()
  expect(await factorAfter('keeper', null, 'app-password')).toBeNull()
  const ended = await proved('keeper', 60_000)
  await changeSession(plane.store, { to: 'ended', tokenHash: ended, why: 'revoked' }, plane.clock.now())
  expect(await factorAfter('keeper', ended, 'app-password')).toBeNull()
  // Revoked by its epoch alone: what was proved before says nothing of who comes now.
  const revoked = await proved('keeper', 60_000)
  const row = await plane.store.read((rows) => findSession(rows, revoked))
  await revoke(north, row?.user_id ?? '')
  expect(await factorAfter('keeper', revoked, 'app-password')).toBeNull()
})

test('a factor that the application claims comes with a sign-in just seen, and takes the place of no other', async () => {
  const claiming = (amr: readonly string[], change = {}) =>
    plane.signIn('claire', {
      identity: { ...sessionRequest('claire').identity, amr: [...amr] },
      ...change,
    })
  const at = plane.clock.now()
  expect(await claiming(['pwd', 'mfa'])).toMatchObject({ factor_method: 'app', factor_verified_at: at })
  expect(await claiming(['pwd', 'pin'])).toMatchObject({ factor_method: null })
  // Whoever stole the cookie or the token would have its factor too.
  for (const method of ['adopted', 'token', 'trusted-header'] as const)
    expect(await claiming(['mfa'], { method })).toMatchObject({ factor_method: null })
  const own = await claiming([])
  await plane.store.read((rows) =>
    rows
      .updateTable('session')
      .set({ factor_method: 'totp', factor_verified_at: at })
      .where('id', '=', own.id)
      .execute(),
  )
  expect(await claiming(['mfa'], { replaces: own.token_hash })).toMatchObject({ factor_method: 'totp' })
})
