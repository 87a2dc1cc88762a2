/**
 * Goal: grace starts when somebody is first required, moves with its setting, ends with enrolment, and comes once.
 * Method: edits, role changes, sign-ins and resets on a real database; the members record is what gateways would get.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { setRoles } from '../../../admin/directory/directory.ts'
import { readMembers } from '../../../admin/store/members.ts'
import { readPolicy } from '../../../admin/store/practices.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { refreshRequirements } from '../../../admin/two-factor/requirements.ts'
import { resetTwoFactor } from '../../../admin/two-factor/reset.ts'
import { listFactorStatuses } from '../../../admin/two-factor/statuses.ts'
import { verifyCode } from '../../../admin/two-factor/verification.ts'
import { north, south } from '../practice-store.ts'
import { createFactorStage, type FactorStage, home } from './factor-stage.ts'

const day = 86_400_000

let stage: FactorStage
let ada: SessionRow
let bob: SessionRow
beforeEach(async () => {
  stage = await createFactorStage()
  ada = await stage.signIn('ada')
  bob = await stage.signIn('bob', [north, south], ['Dentist'])
})
afterEach(() => stage?.close())

const members = async (practice = north) => {
  const read = await stage.plane.store.read((rows) => readMembers(rows, practice, stage.now()))
  if (read === null) throw new Error('no practice')
  return read
}
const deadline = async (session: SessionRow, practice = north) =>
  (await members(practice)).members.find(({ user }) => user === session.user_id)?.enrolBy
const frontDeskOnly = { include: { roles: ['front-desk'], users: [] }, exempt: { roles: [], users: [] } }
const reset = (session: SessionRow) =>
  resetTwoFactor(
    stage.plane.store,
    { practice: north, user: session.user_id, reason: 'Lost the telephone' },
    stage.plane.deed(),
  )
const roles = (session: SessionRow, next: readonly string[]) =>
  setRoles(stage.plane.store, {
    practice: north,
    user: session.user_id,
    ifVersion: null,
    deed: stage.plane.deed(),
    roles: next,
  })
const status = async (session: SessionRow, practice = north) => {
  const all = await stage.plane.store.read(async (rows) => {
    const saved = await readPolicy(rows, practice)
    const known = await readMembers(rows, practice, stage.now())
    if (saved === null || known === null) throw new Error('no such practice')
    return listFactorStatuses(rows, { ...saved, ...known }, stage.now())
  })
  return all.find(({ user }) => user === session.user_id)
}

describe('grace', () => {
  test('starts for everyone in scope when the control is enforced, in that practice only, and gateways are told', async () => {
    const before = (await members()).version
    await stage.require({ graceMs: 7 * day, scope: frontDeskOnly })
    expect(await deadline(ada)).toBe(stage.now() + 7 * day)
    expect([await deadline(bob), await deadline(ada, south)]).toEqual([null, null])
    expect((await members()).version).toBe(before + 1)
    const told = await stage.plane.store.read((rows) =>
      rows
        .selectFrom('outbox')
        .select('kind')
        .where('part', '=', north)
        .orderBy('id', 'desc')
        .limit(2)
        .execute(),
    )
    // The members first: nobody may be refused for want of a grace that is on its way.
    expect(told.map(({ kind }) => kind)).toEqual(['policy', 'members'])
  })

  test('monitoring starts none', async () => {
    await stage.require({ mode: 'monitor', graceMs: 7 * day })
    expect(await deadline(ada)).toBeNull()
    stage.plane.clock.advance(day)
    await stage.require({ graceMs: 7 * day })
    expect(await deadline(ada)).toBe(stage.now() + 7 * day)
  })

  test('counts from when somebody was first required, whatever is saved later; its length moves the deadline', async () => {
    await stage.require({ graceMs: 7 * day })
    const start = stage.now()
    stage.plane.clock.advance(3 * day)
    await stage.require({ graceMs: 7 * day, maxAgeMs: day })
    expect(await deadline(ada)).toBe(start + 7 * day)
    await stage.require({ graceMs: 2 * day })
    expect(await deadline(ada)).toBe(start + 2 * day)
    await stage.require({ graceMs: 30 * day })
    expect(await deadline(ada)).toBe(start + 30 * day)
    await stage.require({ mode: 'off' })
    expect(await deadline(ada)).toBeNull()
  })

  test('an edit that changes no deadline leaves the members as they are', async () => {
    await stage.require({ graceMs: 7 * day })
    const { version } = await members()
    await stage.require({ graceMs: 7 * day, maxAgeMs: day })
    expect((await members()).version).toBe(version)
  })

  test('follows roles: into scope it starts, out of it it ends', async () => {
    await stage.require({ graceMs: 7 * day, scope: frontDeskOnly })
    stage.plane.clock.advance(day)
    await roles(bob, ['dentist', 'front-desk'])
    expect(await deadline(bob)).toBe(stage.now() + 7 * day)
    await roles(ada, ['dentist'])
    expect(await deadline(ada)).toBeNull()
  })

  test('whoever comes new has their own', async () => {
    await stage.require({ graceMs: 7 * day })
    stage.plane.clock.advance(5 * day)
    const carol = await stage.signIn('carol')
    expect(await deadline(carol)).toBe(stage.now() + 7 * day)
    const again = stage.now()
    stage.plane.clock.advance(day)
    await stage.signIn('carol')
    expect(await deadline(carol)).toBe(again + 7 * day)
  })

  test('ends with enrolment; after a reset there is no other, in any practice', async () => {
    for (const practice of [north, south]) await stage.require({ graceMs: 7 * day }, practice)
    await stage.enrol(await stage.visit(ada))
    expect([await deadline(ada), await deadline(ada, south)]).toEqual([null, null])
    await reset(ada)
    expect([await deadline(ada), await deadline(ada, south)]).toEqual([null, null])
    await stage.require({ graceMs: 30 * day })
    expect(await deadline(ada)).toBeNull()
    expect(await status(ada)).toMatchObject({ status: 'required-not-set-up', deadline: null })
    expect(await deadline(bob)).not.toBeNull()
  })

  test('20,000 members are worked out in one go', async () => {
    const { store } = stage.plane
    await store.transaction(async (tx) => {
      const people = Array.from({ length: 20_000 }, (_, at) => ({
        id: `usr_many${at}`,
        name: `Person ${at}`,
        login: `many${at}`,
        email: null,
        created_at: stage.now(),
      }))
      for (let from = 0; from < people.length; from += 5_000) {
        const part = people.slice(from, from + 5_000)
        await tx.insertInto('app_user').values(part).execute()
        const joined = part.map(({ id }) => ({
          practice: north,
          user_id: id,
          roles: ['front-desk'],
          created_at: 0,
        }))
        await tx.insertInto('membership').values(joined).execute()
      }
    })
    await stage.require({ graceMs: 7 * day, scope: frontDeskOnly })
    const due = (await members()).members.filter(({ enrolBy }) => enrolBy === stage.now() + 7 * day)
    expect(due).toHaveLength(20_001)
    const again = await store.transaction((tx) =>
      refreshRequirements(tx, north, 'everyone', stage.now() + day),
    )
    expect(again).toBe(false)
  })
})

describe('statuses', () => {
  test('say who has one, who must, and until when', async () => {
    expect(await status(ada)).toEqual({
      user: ada.user_id,
      name: 'ADA',
      login: 'ada',
      roles: ['front-desk'],
      status: 'off',
      methods: [],
      deadline: null,
      lastVerifiedAt: null,
      enrolledAt: null,
      recoveryCodesLeft: 0,
      lockedUntil: null,
      source: null,
      gaps: [],
    })
    await stage.require({ graceMs: 7 * day, scope: frontDeskOnly })
    expect(await status(ada)).toMatchObject({
      status: 'required-not-set-up',
      deadline: stage.now() + 7 * day,
    })
    expect(await status(bob)).toMatchObject({ status: 'optional', deadline: null })
    const enrolledAt = stage.now()
    for (const session of [ada, bob]) await stage.enrol(await stage.visit(session))
    expect(await status(ada)).toMatchObject({
      status: 'required-enabled',
      methods: ['totp'],
      deadline: null,
      enrolledAt,
      lastVerifiedAt: enrolledAt,
      recoveryCodesLeft: 10,
      source: 'gateway',
    })
    expect(await status(bob)).toMatchObject({ status: 'enabled' })
    expect(await status(bob, south)).toMatchObject({ status: 'enabled' })
  })

  test('locked while a pause for wrong codes lasts', async () => {
    await stage.enrol(await stage.visit(ada))
    for (let count = 0; count < 10; count += 1)
      await verifyCode(stage.parts, await stage.visit(ada), 'wrong', stage.now(), home)
    expect(await status(ada)).toMatchObject({ status: 'locked', methods: ['totp'] })
    stage.plane.clock.advance(60_000)
    expect(await status(ada)).toMatchObject({ status: 'enabled' })
  })
})
