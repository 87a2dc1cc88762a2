/**
 * Goal: an application's roles become what the rules say, at the first sign-in only, and never more.
 * Method: identities translated by hand-written rules; then a sign-in through the control plane's own door.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { translateRoles } from '../../../admin/directory/role-rules.ts'
import { createInternal } from '../../../admin/internal.ts'
import { createPublisher } from '../../../admin/publish.ts'
import { findMember } from '../../../admin/store/members.ts'
import { silentLog } from '../../../runtime/log.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from '../practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const rules = [
  { says: 'DDS', roles: ['dentist'], practice: null },
  { says: 'admin', roles: ['office-manager', 'front-desk'], practice: north },
  { says: 'Admin', roles: ['front-desk'], practice: south },
  { says: 'Owner', roles: [], practice: null },
]
const identityOf = (...practices: { id: string; roles: string[] }[]) => ({
  ...sessionRequest('x').identity,
  practices,
})

test('a role that a rule names is what the rule says, whatever it is called; others stay', () => {
  const said = identityOf(
    { id: north, roles: [' dds ', 'ADMIN', 'hygienist', 'Front-Desk'] },
    { id: south, roles: ['admin', 'owner'] },
  )
  expect(translateRoles(said, rules).practices).toEqual([
    { id: north, roles: ['dentist', 'office-manager', 'front-desk', 'hygienist', 'Front-Desk'] },
    { id: south, roles: ['front-desk'] },
  ])
  expect(translateRoles(said, [])).toBe(said)
})

test('people are provisioned by the rules once; the directory is what counts from then on', async () => {
  const { store, signer, clock } = plane
  const publisher = createPublisher({ store, hotStore: null, signer, now: clock.now, log: silentLog })
  const internal = createInternal({
    ...{
      store,
      signer,
      publisher,
      now: clock.now,
      portal: () => 'http://127.0.0.1:8081',
      admin: () => 'http://127.0.0.1:8082',
    },
    provisioning: () => 'app-roles',
    roleRules: (upstream) => (upstream === 'demo' ? rules : []),
  })
  const rolesOf = async (user: string) =>
    (await plane.store.read((rows) => findMember(rows, north, user, clock.now())))?.roles
  const signIn = async (appUser: string, roles: string[], upstream = 'demo') => {
    const identity = { ...identityOf({ id: north, roles }), appUser }
    const opened = await internal.openSession({ ...sessionRequest(appUser), upstream, identity })
    expect(opened.outcome).toBe('opened')
    const person = await store.read((rows) =>
      rows
        .selectFrom('app_identity')
        .select('user_id')
        .where('upstream', '=', upstream)
        .where('app_user', '=', appUser)
        .executeTakeFirstOrThrow(),
    )
    return rolesOf(person.user_id)
  }
  expect(await signIn('drill', ['DDS'])).toEqual(['dentist'])
  // Called like ours, and meant to be nothing: nobody becomes an owner by it.
  expect(await signIn('climber', ['owner'])).toEqual(['unassigned'])
  expect(await signIn('drill', ['admin'])).toEqual(['dentist'])
  expect(await signIn('elsewhere', ['DDS'], 'imaging')).toEqual(['unassigned'])
  await publisher.close()
})
