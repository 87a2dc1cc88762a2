/**
 * Goal: a code counts once, whatever comes at the same time; guessing is bounded by visit and by person.
 * Method: visits on a real database under a clock that moves when told; parallel submissions over several visits.
 */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { renewRecoveryCodes } from '../../../admin/two-factor/enrolment.ts'
import { createFactorKeyring, type FactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import { type CodeOutcome, verifyCode } from '../../../admin/two-factor/verification.ts'
import { findVisit, type PortalVisit } from '../../../admin/two-factor/visits.ts'
import { north } from '../practice-store.ts'
import { codeAt, createFactorStage, type FactorStage, home, wrongCode } from './factor-stage.ts'

const minute = 60_000
const hour = 60 * minute

let stage: FactorStage
let ada: SessionRow
let key: string
let codes: readonly string[]
beforeEach(async () => {
  stage = await createFactorStage()
  ada = await stage.signIn('ada')
  const enrolled = await stage.enrol(await stage.visit(ada))
  key = enrolled.key
  codes = enrolled.codes
})
afterEach(() => stage?.close())

const verify = (visit: PortalVisit, code: string): Promise<CodeOutcome> =>
  verifyCode(stage.parts, visit, code, stage.now(), home)
const right = (): string => codeAt(key, stage.now())
const wrong = (): string => wrongCode(key, stage.now())
const tally = (outcomes: readonly CodeOutcome[]) => {
  const counts: Record<string, number> = {}
  for (const { outcome } of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
const visits = (count: number): Promise<PortalVisit[]> =>
  Promise.all(Array.from({ length: count }, () => stage.visit(ada)))

describe('a code of the app', () => {
  test('verifies, marks the visit as proved, and is refused the second time', async () => {
    const { token, visit } = await stage.arrive(ada)
    expect(await verify(visit, ` ${right().slice(0, 3)} ${right().slice(3)} `)).toEqual({
      outcome: 'verified',
      method: 'totp',
      recoveryCodesLeft: 10,
    })
    const found = await findVisit(stage.plane.store, token, stage.now())
    expect(found?.proved).toEqual({ method: 'totp', at: stage.now() })
    expect(await verify(visit, right())).toEqual({ outcome: 'used', triesLeft: 3 })
    expect(await verify(await stage.visit(ada), right())).toEqual({ outcome: 'used', triesLeft: 4 })
  })

  test('of one step ago and of the next counts, of two steps does not; an older one never after a newer', async () => {
    const visit = await stage.visit(ada)
    const at = stage.now()
    expect(await verify(visit, codeAt(key, at - 2 * 30_000))).toMatchObject({ outcome: 'expired' })
    expect(await verify(visit, codeAt(key, at + 10 * 30_000))).toMatchObject({ outcome: 'expired' })
    expect(await verify(visit, codeAt(key, at - 30_000))).toMatchObject({ outcome: 'verified' })
    expect(await verify(visit, codeAt(key, at + 30_000))).toMatchObject({ outcome: 'verified' })
    expect(await verify(visit, codeAt(key, at))).toMatchObject({ outcome: 'used' })
  })

  test('the code that confirmed the set-up does not sign in', async () => {
    const bob = await stage.signIn('bob')
    const at = stage.now()
    const enrolled = await stage.enrol(await stage.visit(bob))
    stage.plane.clock.set(at)
    expect(await verify(await stage.visit(bob), codeAt(enrolled.key, at))).toMatchObject({ outcome: 'used' })
  })

  test('of somebody else is wrong', async () => {
    const bob = await stage.signIn('bob')
    const other = await stage.enrol(await stage.visit(bob))
    expect(await verify(await stage.visit(bob), right())).toMatchObject({ outcome: 'wrong' })
    expect(await verify(await stage.visit(ada), codeAt(other.key, stage.now()))).toMatchObject({
      outcome: 'wrong',
    })
    const carol = await stage.signIn('carol')
    expect(await verify(await stage.visit(carol), right())).toMatchObject({ outcome: 'wrong' })
  })

  test('a hundred submissions at once: exactly one succeeds', async () => {
    const places = await visits(20)
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, at) => verify(places[at % places.length]!, right())),
    )
    const counts = tally(outcomes)
    expect(counts.verified).toBe(1)
    expect((counts.used ?? 0) + (counts.wait ?? 0) + (counts.over ?? 0)).toBe(99)
    // The limits are not what keeps the others out: some came as far as the comparison.
    expect(counts.used).toBeGreaterThan(0)
    const proved = await stage.plane.store.read((rows) =>
      rows.selectFrom('factor_visit').select('id').where('proved_at', 'is not', null).execute(),
    )
    // One of the visits here, and the one of the set-up.
    expect(proved).toHaveLength(2)
  })

  test('a hundred submissions at once without the limit of tries: exactly one succeeds all the same', async () => {
    const { store } = stage.plane
    const places = await visits(100)
    let failed: CodeOutcome[] = []
    const outcomes: CodeOutcome[] = []
    // Ten at a time, so that the ten free tries are there; those before are forgotten in between.
    for (let round = 0; round < 10; round += 1) {
      await store.read((rows) => rows.deleteFrom('factor_tries').execute())
      failed = await Promise.all(places.slice(round * 10, round * 10 + 10).map((one) => verify(one, right())))
      outcomes.push(...failed)
    }
    expect(tally(outcomes)).toEqual({ verified: 1, used: 99 })
  })
})

describe('recovery codes', () => {
  test('each counts once, as typed from paper, and the others go on', async () => {
    const visit = await stage.visit(ada)
    const first = codes[0]!.toLowerCase().replace('-', ' ')
    expect(await verify(visit, first)).toEqual({
      outcome: 'verified',
      method: 'recovery-code',
      recoveryCodesLeft: 9,
    })
    expect(await verify(visit, first)).toMatchObject({ outcome: 'used' })
    expect(await verify(visit, codes[1]!)).toMatchObject({ outcome: 'verified', recoveryCodesLeft: 8 })
    expect((await stage.events()).map(({ action }) => action)).toEqual([
      'two-factor.enrolled',
      'two-factor.recovery-code-used',
      'two-factor.failed',
      'two-factor.recovery-code-used',
    ])
  })

  test('one code in ten visits at once: exactly one succeeds', async () => {
    const outcomes = await Promise.all((await visits(10)).map((visit) => verify(visit, codes[3]!)))
    expect(tally(outcomes)).toEqual({ verified: 1, used: 9 })
  })

  test('are stored as marks only, and renewed ones replace the old', async () => {
    const visit = await stage.visit(ada)
    expect(await renewRecoveryCodes(stage.parts, visit, stage.now(), home)).toBeNull()
    await verify(visit, right())
    const renewed = await renewRecoveryCodes(stage.parts, visit, stage.now(), home)
    expect(renewed).toHaveLength(10)
    const rows = await stage.plane.store.read((tx) => tx.selectFrom('recovery_code').selectAll().execute())
    expect(rows).toHaveLength(10)
    for (const code of renewed ?? []) expect(JSON.stringify(rows)).not.toContain(code.replace('-', ''))
    expect(await verify(visit, codes[0]!)).toMatchObject({ outcome: 'wrong' })
    expect(await verify(visit, renewed![0]!)).toMatchObject({ outcome: 'verified' })
    expect(JSON.stringify(await stage.events())).not.toContain(renewed![1])
  })
})

describe('tries', () => {
  test('five a visit; what is no code at all is a try too; the right code comes too late then', async () => {
    const visit = await stage.visit(ada)
    const outcomes: CodeOutcome[] = []
    for (const code of [wrong(), 'nonsense', '', '0'.repeat(5_000), wrong()])
      outcomes.push(await verify(visit, code))
    expect(outcomes).toEqual([4, 3, 2, 1, 0].map((triesLeft) => ({ outcome: 'wrong', triesLeft })))
    expect(await verify(visit, right())).toEqual({ outcome: 'over' })
    expect(await verify(await stage.visit(ada), right())).toMatchObject({ outcome: 'verified' })
  })

  test('five at a time in parallel, not one more', async () => {
    const visit = await stage.visit(ada)
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verify(visit, wrong())))
    expect(tally(outcomes)).toEqual({ wrong: 5, over: 15 })
  })

  const fail = async (): Promise<CodeOutcome> => verify(await stage.visit(ada), wrong())

  test('ten over all visits, then pauses of 1, 2, 4, 8 and never more than 15 minutes', async () => {
    for (let count = 0; count < 10; count += 1) expect(await fail()).toMatchObject({ outcome: 'wrong' })
    for (const minutes of [1, 2, 4, 8, 15, 15]) {
      const until = stage.now() + minutes * minute
      expect(await fail()).toEqual({ outcome: 'wait', until })
      expect(await verify(await stage.visit(ada), right())).toEqual({ outcome: 'wait', until })
      stage.plane.clock.set(until - 1)
      expect(await fail()).toEqual({ outcome: 'wait', until })
      stage.plane.clock.set(until)
      expect(await fail()).toMatchObject({ outcome: 'wrong' })
    }
  })

  test('a pause costs no try of the visit, and a success forgets what was tried in vain', async () => {
    for (let count = 0; count < 10; count += 1) await fail()
    const visit = await stage.visit(ada)
    for (let count = 0; count < 10; count += 1)
      expect(await verify(visit, wrong())).toMatchObject({ outcome: 'wait' })
    stage.plane.clock.advance(minute)
    expect(await verify(visit, right())).toMatchObject({ outcome: 'verified' })
    for (let count = 0; count < 10; count += 1) expect(await fail()).toMatchObject({ outcome: 'wrong' })
    expect(await fail()).toMatchObject({ outcome: 'wait' })
  })

  test('no more than ten guesses of one person are compared at once, however many visits they have', async () => {
    const places = await visits(30)
    const outcomes = await Promise.all(places.map((visit) => verify(visit, wrong())))
    expect(tally(outcomes)).toEqual({ wrong: 10, wait: 20 })
  })

  test('are counted by person: others go on; a day of quiet starts the count anew', async () => {
    for (let count = 0; count < 11; count += 1) await fail()
    const bob = await stage.signIn('bob')
    const other = await stage.enrol(await stage.visit(bob))
    expect(await verify(await stage.visit(bob), codeAt(other.key, stage.now()))).toMatchObject({
      outcome: 'verified',
    })
    stage.plane.clock.advance(24 * hour)
    ada = await stage.signIn('ada')
    for (let count = 0; count < 10; count += 1) expect(await fail()).toMatchObject({ outcome: 'wrong' })
    expect(await fail()).toMatchObject({ outcome: 'wait' })
  })

  test('each code refused is an event that names no code', async () => {
    const code = wrong()
    await verify(await stage.visit(ada), code)
    const [, failed] = await stage.events()
    expect(failed).toMatchObject({
      practice: north,
      action: 'two-factor.failed',
      actor: { kind: 'user', id: ada.user_id },
      address: home,
      after: { why: 'wrong', step: 'verifying' },
    })
    expect(JSON.stringify(failed)).not.toContain(code)
  })
})

describe('what is stored', () => {
  const factors = () => stage.plane.store.read((rows) => rows.selectFrom('factor').selectAll().execute())

  test('holds no secret in the clear', async () => {
    const everything = JSON.stringify([await factors(), await stage.events()])
    expect(everything).not.toContain(key)
  })

  test('a new key: what the old one sealed verifies, and is under the new one from then on', async () => {
    const keys = ['k1', 'k2'].map((id) => ({ id, bytes: randomBytes(32) }))
    const [old, fresh] = keys.map((key) => createFactorKeyring([key]))
    const bob = await stage.signIn('bob')
    const other = await stage.enrol(await stage.visit(bob), { ...stage.parts, keyring: old! })
    const check = async (keyring: FactorKeyring, code: string) =>
      verifyCode({ ...stage.parts, keyring }, await stage.visit(bob), code, stage.now(), home)
    const both = createFactorKeyring([...keys].reverse())
    expect(await check(both, other.codes[0]!)).toMatchObject({ outcome: 'verified' })
    expect(await check(both, codeAt(other.key, stage.now()))).toMatchObject({ outcome: 'verified' })
    stage.plane.clock.advance(30_000)
    expect(await check(fresh!, codeAt(other.key, stage.now()))).toMatchObject({ outcome: 'verified' })
    expect(await check(fresh!, other.codes[1]!)).toMatchObject({ outcome: 'wrong' })
    stage.plane.clock.advance(30_000)
    await expect(check(old!, codeAt(other.key, stage.now()))).rejects.toThrow(/not in the keyring/)
  })

  test('a sealed secret that was altered, or moved to another user, verifies nothing', async () => {
    const bob = await stage.signIn('bob')
    const other = await stage.enrol(await stage.visit(bob))
    const found = await factors()
    const [mine, theirs] = [ada, bob].map(({ user_id }) => found.find((row) => row.user_id === user_id)!)
    const put = (sealed: string | null) =>
      stage.plane.store.read((rows) =>
        rows.updateTable('factor').set({ sealed }).where('id', '=', mine!.id).execute(),
      )
    await put(theirs!.sealed)
    for (const code of [right(), codeAt(other.key, stage.now())])
      await expect(verify(await stage.visit(ada), code)).rejects.toThrow()
    await put(`${mine!.sealed!.slice(0, -2)}AA`)
    await expect(verify(await stage.visit(ada), right())).rejects.toThrow()
    await put(mine!.sealed)
    expect(await verify(await stage.visit(ada), right())).toMatchObject({ outcome: 'verified' })
  })
})
