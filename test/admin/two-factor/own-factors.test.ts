/**
 * Goal: people have several factors, add one only after showing one, and cannot leave themselves without where one is asked.
 * Method: visits on a real database, under a clock that moves when told.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readMembers } from '../../../admin/store/members.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { beginTotp, confirmTotp, standingOf } from '../../../admin/two-factor/enrolment.ts'
import { removeFactor, renameFactor } from '../../../admin/two-factor/factors.ts'
import { verifyCode } from '../../../admin/two-factor/verification.ts'
import { findVisit, type PortalVisit } from '../../../admin/two-factor/visits.ts'
import { north } from '../practice-store.ts'
import { codeAt, createFactorStage, type FactorStage, home } from './factor-stage.ts'

let stage: FactorStage
let ada: SessionRow
beforeEach(async () => {
  stage = await createFactorStage()
  ada = await stage.signIn('ada')
})
afterEach(() => stage?.close())

const begin = (visit: PortalVisit) => beginTotp(stage.parts, visit, stage.now())
const confirm = (visit: PortalVisit, code: string) => confirmTotp(stage.parts, visit, code, stage.now(), home)
const standing = (visit: PortalVisit) => standingOf(stage.plane.store, visit, home, stage.now())
const factors = () => stage.plane.store.read((rows) => rows.selectFrom('factor').selectAll().execute())
const member = async (session: SessionRow) => {
  const read = await stage.plane.store.read((rows) => readMembers(rows, north, stage.now()))
  return { ...read?.members.find(({ user }) => user === session.user_id), version: read?.version ?? 0 }
}

describe('another one', () => {
  test('only in a visit that has shown a present factor; each then works, and the codes stay', async () => {
    const old = await stage.enrol(await stage.visit(ada))
    const visit = await stage.visit(ada)
    expect(await begin(visit)).toBeNull()
    expect(await confirm(visit, '123456')).toEqual({ outcome: 'over' })
    await verifyCode(stage.parts, visit, codeAt(old.key, stage.now()), stage.now(), home)
    const fresh = await stage.enrol(visit)
    expect(fresh.codes).toEqual([])
    expect((await member(ada)).factors).toEqual(['totp'])
    const next = await stage.visit(ada)
    for (const code of [codeAt(old.key, stage.now()), codeAt(fresh.key, stage.now()), old.codes[0]!])
      expect(await verifyCode(stage.parts, next, code, stage.now(), home)).toMatchObject({
        outcome: 'verified',
      })
    expect((await standing(next)).factors.map(({ name }) => name)).toEqual([
      'Authenticator app',
      'Authenticator app',
    ])
  })

  test('ten, and no more', async () => {
    const first = await stage.visit(ada)
    await stage.enrol(first)
    const [factor] = await factors()
    for (let count = 1; count < 10; count += 1)
      await stage.plane.store.read((rows) =>
        rows
          .insertInto('factor')
          .values({ ...factor!, id: `fac_${count}` })
          .execute(),
      )
    expect(await begin(first)).toBeNull()
    expect(await factors()).toHaveLength(10)
  })
})

describe('one’s own', () => {
  const change = (visit: PortalVisit, id: string, name: string) =>
    renameFactor(stage.parts, visit, { id, name }, stage.now(), home)
  const remove = (visit: PortalVisit, id: string) => removeFactor(stage.parts, visit, id, stage.now(), home)
  const idsOf = async (visit: PortalVisit) => (await standing(visit)).factors.map(({ id }) => id)

  test('are renamed and removed only after a proof, and only one’s own', async () => {
    const bob = await stage.visit(await stage.signIn('bob'))
    await stage.enrol(bob)
    const [theirs = ''] = await idsOf(bob)
    const visit = await stage.visit(ada)
    const { key } = await stage.enrol(visit)
    const [mine = ''] = await idsOf(visit)
    const unproved = await stage.visit(ada)
    expect([await change(unproved, mine, 'X'), await remove(unproved, mine)]).toEqual([
      'unproved',
      'unproved',
    ])
    expect([await change(visit, theirs, 'X'), await remove(visit, theirs)]).toEqual(['unknown', 'unknown'])
    expect(await change(visit, mine, '  My\u202e\nphone '.padEnd(99, '!'))).toBe('changed')
    expect((await standing(visit)).factors[0]?.name).toBe('My phone !!!!!!!!!!!!!!!!!!!!!')
    const before = (await member(ada)).version
    expect(await remove(visit, mine)).toBe('changed')
    expect(await member(ada)).toMatchObject({ factors: [], version: before + 1 })
    expect((await standing(visit)).recoveryCodesLeft).toBe(0)
    expect(await findVisit(stage.plane.store, unproved.id, stage.now())).toBeNull()
    const later = await stage.visit(ada)
    expect(await verifyCode(stage.parts, later, codeAt(key, stage.now()), stage.now(), home)).toMatchObject({
      outcome: 'wrong',
    })
    expect((await stage.events()).map(({ action }) => action)).toContain('two-factor.removed')
  })

  test('the last one of somebody who must have one stays until there is another', async () => {
    await stage.require()
    const visit = await stage.visit(ada)
    await stage.enrol(visit)
    const [first = ''] = await idsOf(visit)
    expect(await remove(visit, first)).toBe('required')
    await stage.enrol(visit)
    expect(await remove(visit, first)).toBe('changed')
    const [second = ''] = await idsOf(visit)
    expect(await remove(visit, second)).toBe('required')
  })

  test('what another visit has shown counts no more once one is gone', async () => {
    const visit = await stage.visit(ada)
    const { codes } = await stage.enrol(visit)
    await stage.enrol(visit)
    const other = await stage.visit(ada)
    await verifyCode(stage.parts, other, codes[0]!, stage.now(), home)
    expect(await begin(other)).not.toBeNull()
    expect(await remove(visit, (await idsOf(visit))[0]!)).toBe('changed')
    expect(await begin(other)).toBeNull()
  })
})
