/**
 * Goal: with `roles: app` the directory follows what an application says of somebody's roles, with an event, and never hands
 * Gatehouse's own keys on, makes a member, or takes the last security admin away.
 * Method: what gateways ask, on a real database with two practices.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findUser } from '../../../admin/directory/directory.ts'
import { createInternal } from '../../../admin/internal.ts'
import { listEvents } from '../../../admin/store/events.ts'
import { readMembers } from '../../../admin/store/members.ts'
import { silentLog } from '../../../runtime/log.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from '../practice-store.ts'

let plane: PracticeStore
const warned: unknown[] = []
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const create = (rolesFrom: 'app' | 'directory') =>
  createInternal({
    store: plane.store,
    publisher: { kick: () => {} },
    signer: plane.signer,
    provisioning: () => 'app-roles',
    rolesFrom: () => rolesFrom,
    roleRules: () => [{ says: 'dr', roles: ['dentist'], practice: null }],
    log: { ...silentLog, warn: (facts: object) => void warned.push(facts) },
    portal: () => '',
    admin: () => '',
    now: plane.clock.now,
  })
const { upstream } = sessionRequest('anybody')
const said = (appUser: string, practices: Readonly<Record<string, string[]>>) => ({
  upstream,
  identity: {
    ...sessionRequest(appUser).identity,
    practices: Object.entries(practices).map(([id, roles]) => ({ id, roles })),
  },
})
const rolesOf = async (practice: string, user: string) =>
  (await plane.store.read((rows) => readMembers(rows, practice, plane.clock.now())))?.members.find(
    (member) => member.user === user,
  )?.roles
const newest = async (practice: string) =>
  (await plane.store.read((rows) => listEvents(rows, { practice }, { countMax: 1, before: null })))[0]

test('roles follow the word, by its rules, with an event and a signed record; nothing new is nothing', async () => {
  const { user_id: user } = await plane.signIn('word', {}, ['Front Desk'])
  const app = create('app')
  const { records } = await app.assertRoles(said('word', { [north]: ['DR'] }))
  expect(await rolesOf(north, user)).toEqual(['dentist'])
  expect(records.map(({ key }) => key)).toEqual([`gh:members:{${north}}`])
  expect(await newest(north)).toMatchObject({
    ...{ action: 'user.roles-changed', origin: 'auto', actor: { kind: 'system', id: upstream } },
    ...{ before: { roles: ['front-desk'] }, after: { roles: ['dentist'] } },
  })
  expect(await app.assertRoles(said('word', { [north]: ['dr'] }))).toEqual({ records: [] })
  expect(await create('directory').assertRoles(said('word', { [north]: ['front-desk'] }))).toEqual({
    records: [],
  })
  expect(await rolesOf(north, user)).toEqual(['dentist'])
})

test('a sign-in follows the word too, and its record comes with the answer', async () => {
  const { user_id: user } = await plane.signIn('arrives', {}, ['Front Desk'])
  const request = sessionRequest('arrives', {}, ['hygienist'])
  const opened = await create('app').openSession(request)
  expect(opened).toMatchObject({ outcome: 'opened', records: [{ key: `gh:members:{${north}}` }] })
  expect(await rolesOf(north, user)).toEqual(['hygienist'])
})

test('no role with keys of Gatehouse’s own is gained by it; who has one may lose it', async () => {
  const { user_id: user } = await plane.signIn('riser', {}, ['Front Desk'])
  const { user_id: owner } = await plane.signIn('owner', {}, ['Owner'])
  await plane.signIn('second-owner', {}, ['Owner'])
  const app = create('app')
  await app.assertRoles(said('riser', { [north]: ['owner', 'hygienist'] }))
  expect(await rolesOf(north, user)).toEqual(['hygienist'])
  expect(await newest(north)).toMatchObject({ after: { roles: ['hygienist'], withheld: ['owner'] } })
  await app.assertRoles(said('riser', { [north]: ['owner'] }))
  expect(await rolesOf(north, user)).toEqual(['unassigned'])
  await app.assertRoles(said('owner', { [north]: ['owner', 'dentist'] }))
  expect(await rolesOf(north, owner)).toEqual(['owner', 'dentist'])
  await app.assertRoles(said('owner', { [north]: ['dentist'] }))
  expect(await rolesOf(north, owner)).toEqual(['dentist'])
  // The other one is the last: they stay, and somebody is told.
  await app.assertRoles(said('second-owner', { [north]: ['dentist'] }))
  expect(warned).toMatchObject([{ upstream, practice: north }])
})

test('nobody is made a member, and what the word does not name stays', async () => {
  const { user_id: user } = await plane.signIn('stays', {}, ['Front Desk'])
  const app = create('app')
  expect(await app.assertRoles(said('stays', { [south]: ['dentist'], nowhere: ['owner'] }))).toEqual({
    records: [],
  })
  expect(await app.assertRoles(said('nobody-known', { [north]: ['dentist'] }))).toEqual({ records: [] })
  const patient = said('stays', { [north]: ['dentist'] })
  await app.assertRoles({ ...patient, identity: { ...patient.identity, kind: 'patient' } })
  expect([await rolesOf(north, user), await rolesOf(south, user)]).toEqual([['front-desk'], undefined])
})

test('somebody whom it invents gains no such role either, but the first security admin of a practice', async () => {
  const app = create('app')
  const arrive = async (appUser: string) => {
    const request = sessionRequest(appUser, {}, ['Owner', 'Dentist'])
    expect(await app.openSession(request)).toMatchObject({ outcome: 'opened' })
    const user = await plane.store.read((rows) => findUser(rows, upstream, appUser))
    return rolesOf(north, user ?? '')
  }
  expect(await arrive('invented')).toEqual(['dentist'])
  expect(warned.at(-1)).toMatchObject({ practice: north, appUser: 'invented', withheld: ['Owner'] })
  await plane.store.read((rows) =>
    rows.updateTable('membership').set({ suspended: true }).where('practice', '=', north).execute(),
  )
  expect(await arrive('first')).toEqual(['owner', 'dentist'])
  expect(await arrive('next')).toEqual(['dentist'])
})
