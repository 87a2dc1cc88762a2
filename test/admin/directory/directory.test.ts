/**
 * Goal: people get in as provisioning says, never more; roles and suspension change as one edit with its event.
 * Method: sessions opened as a gateway asks for them, on a real database.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setRoles, setSuspended } from '../../../admin/directory/directory.ts'
import { takeIn } from '../../../admin/directory/directory-edits.ts'
import { editPolicy } from '../../../admin/policy-edit.ts'
import { openSession } from '../../../admin/sessions/session-opening.ts'
import { verifyChain } from '../../../admin/store/event-chain.ts'
import { listEvents } from '../../../admin/store/events.ts'
import { listMembers, readMembers } from '../../../admin/store/members.ts'
import { listPending } from '../../../admin/store/publications.ts'
import type { OpenSession } from '../../../runtime/internal.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from '../practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const membersOf = async (practice: string) => {
  const known = await plane.store.read((rows) => readMembers(rows, practice, plane.clock.now()))
  if (known === null) throw new Error(`no practice ${practice}`)
  return known
}
const memberOf = async (practice: string, user: string) =>
  (await membersOf(practice)).members.find((member) => member.user === user)

const lastEvent = async (practice: string) => {
  const [event] = await plane.store.read((rows) =>
    listEvents(rows, { practice }, { countMax: 1, before: null }),
  )
  return event
}

const asked = (request: OpenSession, provisioning: 'app-roles' | 'unassigned' | 'deny' = 'app-roles') =>
  openSession(plane.store, request, provisioning, plane.clock.now())

const identityOf = (appUser: string, practices: OpenSession['identity']['practices']) => ({
  ...sessionRequest(appUser).identity,
  practices,
})

test('app roles map by id or name in any case; unknown ones and unknown practices are ignored', async () => {
  const session = await plane.signIn('mapped', {
    identity: identityOf('mapped', [
      { id: north, roles: ['FRONT-DESK', 'hygienist', 'wizard'] },
      { id: south, roles: ['wizard'] },
      { id: 'nowhere', roles: ['owner'] },
    ]),
  })
  expect((await memberOf(north, session.user_id))?.roles).toEqual(['front-desk', 'hygienist'])
  expect((await memberOf(south, session.user_id))?.roles).toEqual(['unassigned'])
  expect(session.epochs).toEqual({ [north]: 0, [south]: 0 })
  expect(await lastEvent(south)).toMatchObject({ action: 'session.opened', target: { id: session.user_id } })
})

test('provisioning unassigned gives no role of the application, deny nothing at all', async () => {
  const session = await plane.signIn('newcomer', {}, ['Owner'], 'unassigned')
  expect((await memberOf(north, session.user_id))?.roles).toEqual(['unassigned'])
  const before = (await membersOf(north)).members.length
  expect(await asked(sessionRequest('stranger'), 'deny')).toEqual({ outcome: 'unknown-user' })
  expect((await membersOf(north)).members).toHaveLength(before)
  expect(await asked(sessionRequest('newcomer'), 'deny')).toMatchObject({ outcome: 'opened' })
})

test('a patient is never provisioned, whatever the setting', async () => {
  const request = sessionRequest('patient-1')
  const patient = { ...request, identity: { ...request.identity, kind: 'patient' as const } }
  expect(await asked(patient)).toEqual({ outcome: 'unknown-user' })
})

test('the directory keeps roles that an admin has changed, whatever the application says later', async () => {
  const first = await plane.signIn('kept', {}, ['Front Desk'])
  const changed = await setRoles(plane.store, {
    practice: north,
    user: first.user_id,
    roles: ['hygienist'],
    ifVersion: null,
    deed: plane.deed(),
  })
  expect(changed.outcome).toBe('saved')
  await plane.signIn('kept', {}, ['Owner'])
  expect((await memberOf(north, first.user_id))?.roles).toEqual(['hygienist'])
})

test('two spellings of one id are one person; the same id in another application is another', async () => {
  const one = await plane.signIn('Ada@Example.com')
  const same = await plane.signIn('ada@example.COM')
  const other = await plane.signIn('ada@example.com', { upstream: 'imaging' })
  expect(same.user_id).toBe(one.user_id)
  expect(other.user_id).not.toBe(one.user_id)
  expect((await memberOf(north, other.user_id))?.login).toBe('ada@example.com@imaging')
})

test('twenty first sign-ins of one person at once make one person', async () => {
  const sessions = await Promise.all(Array.from({ length: 20 }, () => plane.signIn('crowd')))
  expect(new Set(sessions.map((session) => session.user_id)).size).toBe(1)
  expect(new Set(sessions.map((session) => session.id)).size).toBe(20)
  expect(await verifyChain(plane.store, north, plane.signer.publicKey)).toMatchObject({ ok: true })
})

test('a changed name follows the application; control characters never get in', async () => {
  const { user_id: user } = await plane.signIn('renamed')
  const request = sessionRequest('renamed')
  const renamed = { ...request, identity: { ...request.identity, name: 'New\u0000 Name\n' } }
  expect(await asked(renamed)).toMatchObject({ outcome: 'opened', changed: [north] })
  expect((await memberOf(north, user))?.name).toBe('New  Name')
})

test('roles: a conflict, an unknown role, an unknown member and no change are outcomes, not edits', async () => {
  const { user_id: user } = await plane.signIn('edited')
  const { version } = await membersOf(north)
  const change = { practice: north, user, deed: plane.deed() }
  expect(await setRoles(plane.store, { ...change, roles: ['biller'], ifVersion: version - 1 })).toEqual({
    outcome: 'conflict',
    version,
  })
  expect(
    await setRoles(plane.store, { ...change, roles: ['front-desk', 'wizard'], ifVersion: version }),
  ).toEqual({
    outcome: 'problems',
    problems: [{ path: 'roles[1]', sentence: 'there is no role "wizard" in this practice' }],
  })
  expect(await setRoles(plane.store, { ...change, user: 'usr_nobody', roles: [], ifVersion: null })).toEqual({
    outcome: 'unknown-member',
  })
  expect(await setRoles(plane.store, { ...change, practice: 'nowhere', roles: [], ifVersion: null })).toEqual(
    { outcome: 'unknown-member' },
  )
  expect(await setRoles(plane.store, { ...change, roles: ['front-desk'], ifVersion: version })).toEqual({
    outcome: 'unchanged',
    version,
  })
  expect((await membersOf(north)).version).toBe(version)
})

test('saved roles raise the version, are announced, and stand in the event before and after', async () => {
  const { user_id: user } = await plane.signIn('promoted')
  const { version } = await membersOf(north)
  const outcome = await setRoles(plane.store, {
    practice: north,
    user,
    roles: ['hygienist'],
    ifVersion: version,
    deed: plane.deed({ reason: 'promoted' }),
  })
  expect(outcome).toMatchObject({ outcome: 'saved', version: version + 1 })
  const pending = await plane.store.read((rows) => listPending(rows, 1_000))
  expect(outcome.outcome === 'saved' && pending.at(-1)).toEqual({
    id: 'announced' in outcome ? outcome.announced : 0,
    kind: 'members',
    part: north,
  })
  expect(await lastEvent(north)).toMatchObject({
    action: 'user.roles-changed',
    before: { roles: ['front-desk'] },
    after: { roles: ['hygienist'] },
    reason: 'promoted',
    actor: { id: 'adm_1' },
  })
})

test('the last security admin keeps the role and cannot be suspended; the last but one can', async () => {
  const owner = await plane.signIn('owner-1', {}, ['Owner'])
  const change = { practice: north, user: owner.user_id, ifVersion: null, deed: plane.deed() }
  expect(await setRoles(plane.store, { ...change, roles: ['front-desk'] })).toEqual({
    outcome: 'last-security-admin',
  })
  expect(await setSuspended(plane.store, { ...change, suspended: true })).toEqual({
    outcome: 'last-security-admin',
  })
  const second = await plane.signIn('owner-2', {}, ['Owner'])
  expect(await setSuspended(plane.store, { ...change, suspended: true })).toMatchObject({ outcome: 'saved' })
  expect((await memberOf(north, owner.user_id))?.suspended).toBe(true)
  expect(await setSuspended(plane.store, { ...change, user: second.user_id, suspended: true })).toEqual({
    outcome: 'last-security-admin',
  })
})

test('suspended in every practice: no session; suspended in one of two: a session', async () => {
  const both = identityOf('halved', [
    { id: north, roles: ['Front Desk'] },
    { id: south, roles: ['Front Desk'] },
  ])
  const { user_id: user } = await plane.signIn('halved', { identity: both })
  const suspend = (practice: string) =>
    setSuspended(plane.store, { practice, user, suspended: true, ifVersion: null, deed: plane.deed() })
  await suspend(north)
  expect(await asked(sessionRequest('halved'))).toMatchObject({ outcome: 'opened' })
  await suspend(south)
  expect(await asked(sessionRequest('halved'))).toEqual({ outcome: 'suspended' })
})

test('the list names members with their other practices', async () => {
  const listed = await plane.store.read((rows) => listMembers(rows, north))
  const halved = listed?.members.find(({ name }) => name === 'HALVED')
  expect(halved).toMatchObject({ otherPractices: 1, suspended: true, roles: ['front-desk'] })
  expect(listed?.members.map(({ name }) => name)).toEqual(
    [...(listed?.members ?? [])]
      .map(({ name }) => name)
      .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
  )
})

test('a role that would lock out whoever gives it to themselves asks for the name of the practice', async () => {
  const boss = await plane.signIn('boss', {
    address: '198.51.100.50',
    identity: identityOf('boss', [{ id: south, roles: ['Owner'] }]),
  })
  const self = plane.deed({
    actor: { kind: 'user', id: boss.user_id, name: 'BOSS' },
    address: '198.51.100.50',
  })
  const edited = await editPolicy(plane.store, {
    ...{ practice: south, ifRevision: null, deed: self, isUnattended: true },
    change: (document) => ({
      ...document,
      controls: {
        ...document.controls,
        ip: {
          ...{ mode: 'enforce', signInOnlyFromListed: false },
          scope: { include: { roles: ['front-desk'], users: [] }, exempt: { roles: [], users: [] } },
        },
      },
      ipEntries: [
        {
          ...{ id: 'office', range: '203.0.113.0/24', label: 'Office', audience: 'practice', on: true },
          ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
        },
      ],
    }),
  })
  expect(edited.outcome).toBe('saved')
  const change = { practice: south, user: boss.user_id, ifVersion: null, deed: self }
  const roles = ['owner', 'front-desk']
  expect(await setRoles(plane.store, { ...change, roles })).toMatchObject({
    outcome: 'lockout-risk',
    lockedOut: [{ name: 'BOSS', address: '198.51.100.50' }],
  })
  expect((await memberOf(south, boss.user_id))?.roles).toEqual(['owner'])
  expect(await setRoles(plane.store, { ...change, roles, typedName: 'Practice south' })).toMatchObject({
    outcome: 'saved',
  })
})

test('whoever is known already is taken in, and told of in the event, under the name they have', async () => {
  const wish = (practice: string, name: string) => ({
    ...{ practice, reach: () => true, deed: plane.deed() },
    person: { name, login: 'ines@example.com', email: null, roles: ['hygienist'], identity: null },
  })
  const made = await takeIn(plane.store, wish(north, 'Ines Ito'))
  expect(made).toMatchObject({ outcome: 'saved', name: 'Ines Ito' })
  const joined = await takeIn(plane.store, wish(south, 'The Owner'))
  expect(joined).toMatchObject({ outcome: 'saved', name: 'Ines Ito' })
  expect(await lastEvent(south)).toMatchObject({ action: 'user.joined', target: { name: 'Ines Ito' } })
})
