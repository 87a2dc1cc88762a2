/**
 * Goal: factors are set up only where they may be, more of them only by who showed one; once reset, nothing of them is
 * left. Method: visits on a real database, in parallel where it matters, under a clock that moves when told.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readMembers } from '../../../admin/store/members.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { beginTotp, confirmTotp, type EnrolOutcome, standingOf } from '../../../admin/two-factor/enrolment.ts'
import { resetTwoFactor } from '../../../admin/two-factor/reset.ts'
import { verifyCode } from '../../../admin/two-factor/verification.ts'
import {
  findVisit,
  handOver,
  layProof,
  openVisit,
  type PortalVisit,
  proveFactor,
} from '../../../admin/two-factor/visits.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { north, south } from '../practice-store.ts'
import { bytesOf, codeAt, createFactorStage, type FactorStage, home, wrongCode } from './factor-stage.ts'

let stage: FactorStage
let ada: SessionRow
beforeEach(async () => {
  stage = await createFactorStage()
  ada = await stage.signIn('ada')
})
afterEach(() => stage?.close())

const begin = (visit: PortalVisit) => beginTotp(stage.parts, visit, stage.now())
const confirm = (visit: PortalVisit, code: string, address = home): Promise<EnrolOutcome> =>
  confirmTotp(stage.parts, visit, code, stage.now(), address)
const standing = (visit: PortalVisit, address = home) =>
  standingOf(stage.plane.store, visit, address, stage.now())
const factors = () => stage.plane.store.read((rows) => rows.selectFrom('factor').selectAll().execute())
const member = async (session: SessionRow, practice = north) => {
  const read = await stage.plane.store.read((rows) => readMembers(rows, practice, stage.now()))
  return { ...read?.members.find(({ user }) => user === session.user_id), version: read?.version ?? 0 }
}

describe('setting up', () => {
  test('the same key while the visit lasts, another in another visit; its first code confirms it', async () => {
    const visit = await stage.visit(ada)
    const begun = (await begin(visit))!
    expect(bytesOf(begun.key)).toHaveLength(20)
    expect(await begin(visit)).toEqual(begun)
    expect((await begin(await stage.visit(ada)))?.key).not.toBe(begun.key)
    expect(new URL(begun.uri).searchParams.get('secret')).toBe(begun.key)
    expect(new URL(begun.uri).searchParams.get('issuer')).toBe('Gatehouse')
    expect(await confirm(visit, wrongCode(begun.key, stage.now()))).toEqual({
      outcome: 'wrong',
      triesLeft: 4,
    })
    expect(await factors()).toEqual([])
    const before = await member(ada)
    const done = await confirm(visit, codeAt(begun.key, stage.now()))
    expect(done.outcome === 'enrolled' && done.recoveryCodes.length).toBe(10)
    expect(stage.changes()).toBe(1)
    for (const practice of [north, south]) {
      expect((await member(ada, practice)).factors).toEqual(['totp'])
      expect((await stage.events(practice)).at(-1)).toMatchObject({
        action: 'two-factor.enrolled',
        actor: { kind: 'user', id: ada.user_id },
        before: null,
        after: { method: 'totp' },
      })
    }
    expect((await member(ada)).version).toBe(before.version + 1)
    const all = JSON.stringify(await stage.events())
    for (const secret of done.outcome === 'enrolled' ? [begun.key, ...done.recoveryCodes] : [begun.key])
      expect(all).not.toContain(secret)
  })

  test('marks the visit as proved; confirming again in it says that the code was accepted', async () => {
    const { token, visit } = await stage.arrive(ada)
    const begun = (await begin(visit))!
    const code = codeAt(begun.key, stage.now())
    const outcomes = await Promise.all([confirm(visit, code), confirm(visit, code)])
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['enrolled', 'used'])
    expect((await findVisit(stage.plane.store, token, stage.now()))?.proved?.method).toBe('totp')
    expect(await factors()).toHaveLength(1)
  })

  test('nothing was begun: nothing is confirmed', async () => {
    expect(await confirm(await stage.visit(ada), '123456')).toEqual({ outcome: 'over' })
  })

  test('wrong codes are bounded as everywhere', async () => {
    const visit = await stage.visit(ada)
    const { key } = (await begin(visit))!
    for (let count = 0; count < 5; count += 1) await confirm(visit, wrongCode(key, stage.now()))
    expect(await confirm(visit, codeAt(key, stage.now()))).toEqual({ outcome: 'over' })
    expect((await stage.events()).map(({ action }) => action)).toEqual(Array(5).fill('two-factor.failed'))
  })

  test('two visits confirm at once: one factor results, and its codes are the ones that count', async () => {
    const visits = [await stage.visit(ada), await stage.visit(ada)]
    const keys = await Promise.all(visits.map(async (visit) => (await begin(visit))!.key))
    const outcomes = await Promise.all(
      visits.map((visit, at) => confirm(visit, codeAt(keys[at]!, stage.now()))),
    )
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['enrolled', 'over'])
    expect(await factors()).toHaveLength(1)
    const winner = outcomes.findIndex(({ outcome }) => outcome === 'enrolled')
    stage.plane.clock.advance(60_000)
    const next = await stage.visit(ada)
    const [lost, kept] = [keys[1 - winner]!, keys[winner]!]
    const verify = (key: string) => verifyCode(stage.parts, next, codeAt(key, stage.now()), stage.now(), home)
    expect(await verify(lost)).toMatchObject({ outcome: 'wrong' })
    expect(await verify(kept)).toMatchObject({ outcome: 'verified' })
  })

  test('a pending secret that was moved from another visit confirms nothing', async () => {
    const [mine, theirs] = [await stage.visit(ada), await stage.visit(await stage.signIn('bob'))]
    await begin(mine)
    const other = (await begin(theirs))!
    await stage.plane.store.read((rows) =>
      rows
        .updateTable('factor_visit')
        .set((eb) => ({
          pending_sealed: eb
            .selectFrom('factor_visit as o')
            .select('o.pending_sealed')
            .where('o.id', '=', theirs.id),
        }))
        .where('id', '=', mine.id)
        .execute(),
    )
    await expect(confirm(mine, codeAt(other.key, stage.now()))).rejects.toThrow()
    expect(await factors()).toEqual([])
  })
})

describe('from where', () => {
  const office = '198.51.100.0/24'
  const listOffice = (practice: string, mode: 'monitor' | 'enforce', exempt: readonly string[] = []) =>
    stage.edit(
      (document) => ({
        ...document,
        controls: {
          ...document.controls,
          ip: {
            ...document.controls.ip,
            mode,
            scope: { include: 'everyone', exempt: { roles: [], users: [...exempt] } },
          },
        },
        ipEntries: [
          {
            id: 'office',
            range: office,
            label: 'Office',
            audience: 'practice',
            on: true,
            expiresAt: null,
            note: '',
            createdBy: 'First admin',
            createdAt: stage.now(),
          },
        ],
      }),
      practice,
    )
  const may = async (address: string) => (await standing(await stage.visit(ada), address)).mayEnrol

  test('anywhere while no practice of theirs asks for an address; nowhere from an address that is none', async () => {
    expect(await may(home)).toBe(true)
    expect(await may('not an address')).toBe(false)
  })

  test.each(['monitor', 'enforce'] as const)(
    '%s: only from listed addresses, of every practice',
    async (mode) => {
      await listOffice(south, mode)
      expect([await may('198.51.100.7'), await may(home)]).toEqual([true, false])
      const visit = await stage.visit(ada)
      const { key } = (await begin(visit))!
      expect(await confirm(visit, codeAt(key, stage.now()))).toEqual({ outcome: 'not-here' })
      expect(await factors()).toEqual([])
      expect(await confirm(visit, codeAt(key, stage.now()), '198.51.100.7')).toMatchObject({
        outcome: 'enrolled',
      })
    },
  )

  test('a practice that exempts them, suspends them or lifted the control for their network does not stand against it', async () => {
    await listOffice(south, 'enforce', [ada.user_id])
    expect(await may(home)).toBe(true)
    await listOffice(south, 'enforce')
    expect(await may(home)).toBe(false)
    await stage.plane.store.read((rows) =>
      rows
        .insertInto('access_grant')
        .values({
          id: 'grt_1',
          practice: south,
          user_id: ada.user_id,
          kind: 'ip',
          range: `${home}/32`,
          starts_at: stage.now(),
          ends_at: stage.now() + 1_000,
          given_by: 'First admin',
          withdrawn_at: null,
        })
        .execute(),
    )
    expect(await may(home)).toBe(true)
    stage.plane.clock.advance(1_000)
    expect(await may(home)).toBe(false)
    await stage.plane.store.read((rows) =>
      rows.updateTable('membership').set({ suspended: true }).where('practice', '=', south).execute(),
    )
    expect(await may(home)).toBe(true)
  })
})

test('the database itself refuses a factor without its key, one of nobody, a code twice and a sixth try', async () => {
  const visit = await stage.visit(ada)
  await stage.enrol(visit)
  const { store } = stage.plane
  const [factor] = await factors()
  const [code] = await store.read((rows) => rows.selectFrom('recovery_code').selectAll().execute())
  const refused = [
    store.read((rows) =>
      rows
        .insertInto('factor')
        .values({ ...factor!, id: 'fac_2', method: 'passkey' })
        .execute(),
    ),
    store.read((rows) =>
      rows
        .insertInto('factor')
        .values({ ...factor!, id: 'fac_3', user_id: 'usr_nobody' })
        .execute(),
    ),
    store.read((rows) => rows.insertInto('recovery_code').values(code!).execute()),
    store.read((rows) => rows.updateTable('factor_visit').set({ tries: 6 }).execute()),
    store.read((rows) =>
      rows.updateTable('factor_visit').set({ proved_at: 1, proved_method: null }).execute(),
    ),
  ]
  const codes = await Promise.all(refused.map((work) => work.catch((error: { code: string }) => error.code)))
  expect(codes).toEqual(['23514', '23503', '23505', '23514', '23514'])
})

test('the standing tells what there is and when it was shown last', async () => {
  const visit = await stage.visit(ada)
  expect(await standing(visit)).toEqual({ factors: [], methods: [], recoveryCodesLeft: 0, mayEnrol: true })
  const enrolledAt = stage.now()
  const { codes } = await stage.enrol(visit)
  await verifyCode(stage.parts, visit, codes[4]!, stage.now(), home)
  expect(await standing(visit)).toEqual({
    factors: [
      expect.objectContaining({
        method: 'totp',
        name: 'Authenticator app',
        enrolledAt,
        lastVerifiedAt: enrolledAt,
      }),
    ],
    methods: ['totp'],
    recoveryCodesLeft: 9,
    mayEnrol: true,
  })
})

describe('a reset', () => {
  const reset = (session: SessionRow, practice = north) =>
    resetTwoFactor(
      stage.plane.store,
      { practice, user: session.user_id, reason: 'Lost the telephone' },
      stage.plane.deed(),
    )

  test('takes away factor and codes, ends every session everywhere, and is recorded in every practice', async () => {
    await stage.enrol(await stage.visit(ada))
    const other = await stage.signIn('ada', [south])
    const bob = await stage.signIn('bob')
    await stage.enrol(await stage.visit(bob))
    expect(await reset(ada)).toEqual({ outcome: 'reset', sessionsEnded: 2 })
    const sessions = await stage.plane.store.read((rows) => rows.selectFrom('session').selectAll().execute())
    for (const { token_hash } of [ada, other])
      expect(sessions.find((row) => row.token_hash === token_hash)).toMatchObject({
        ended_why: 'revoked',
        ended_at: stage.now(),
      })
    expect(sessions.find(({ id }) => id === bob.id)?.ended_at).toBeNull()
    expect((await factors()).map(({ user_id }) => user_id)).toEqual([bob.user_id])
    const codes = await stage.plane.store.read((rows) =>
      rows.selectFrom('recovery_code').select('user_id').distinct().execute(),
    )
    expect(codes).toEqual([{ user_id: bob.user_id }])
    for (const practice of [north, south]) {
      expect(await member(ada, practice)).toMatchObject({ factors: [], epoch: 1 })
      expect((await member(bob, practice)).factors).toEqual(['totp'])
      const resets = (await stage.events(practice)).filter(({ action }) => action === 'two-factor.reset')
      expect(resets).toMatchObject([
        {
          actor: { id: 'adm_1' },
          target: { id: ada.user_id },
          // Why is what the one practice wrote.
          reason: practice === north ? 'Lost the telephone' : null,
          before: { methods: ['totp'], recoveryCodesCount: 10 },
          after: { sessionsEnded: 2, mailed: false },
        },
      ])
    }
    expect(await reset(ada)).toEqual({ outcome: 'nothing-to-reset' })
  })

  test('mails the person where the directory knows an address', async () => {
    await stage.enrol(await stage.visit(ada))
    await stage.plane.store.read((rows) =>
      rows
        .updateTable('app_user')
        .set({ email: 'ada@lakeside.example' })
        .where('id', '=', ada.user_id)
        .execute(),
    )
    await reset(ada)
    const mails = await stage.plane.store.read((rows) => rows.selectFrom('mail').selectAll().execute())
    expect(mails).toMatchObject([
      { to_address: 'ada@lakeside.example', subject: 'Your second factor was reset' },
    ])
    expect(mails[0]?.body).toContain('If you did not ask for it')
    expect(mails[0]?.body).not.toContain('Lost the telephone')
  })

  test('nothing that was on its way counts afterwards: no ticket, no visit, no proof', async () => {
    const { store } = stage.plane
    const first = await stage.visit(ada)
    await stage.enrol(first)
    const ticket = newToken()
    await handOver(store, stage.request(ada, ticket), stage.now())
    const { token, visit } = await stage.arrive(ada)
    const proof = (await layProof(store, first, stage.now()))!
    await reset(ada)
    expect(await openVisit(store, ticket, stage.now())).toBeNull()
    expect(await findVisit(store, token, stage.now())).toBeNull()
    expect(await verifyCode(stage.parts, visit, '123456', stage.now(), home)).toEqual({ outcome: 'over' })
    const request = {
      tokenHash: ada.token_hash,
      proofHash: hashToken(proof),
      renewedHash: hashToken(newToken()),
    }
    expect(await proveFactor(store, request, stage.now())).toBeNull()
    expect(await begin(visit)).toBeNull()
  })

  test('while codes come in and others reset too: one reset, and nothing verifies afterwards', async () => {
    const { key, codes } = await stage.enrol(await stage.visit(ada))
    const visits = await Promise.all(codes.map(() => stage.visit(ada)))
    const work = [
      ...visits.map((visit, at) => () => verifyCode(stage.parts, visit, codes[at]!, stage.now(), home)),
      ...Array.from({ length: 3 }, () => () => reset(ada)),
    ]
    const outcomes = (await Promise.all(work.map((one) => one()))).map(({ outcome }) => outcome)
    expect(outcomes.slice(-3).sort()).toEqual(['nothing-to-reset', 'nothing-to-reset', 'reset'])
    const again = await stage.visit(await stage.signIn('ada'))
    for (const code of [codeAt(key, stage.now()), codes[0]!])
      expect(await verifyCode(stage.parts, again, code, stage.now(), home)).toMatchObject({
        outcome: 'wrong',
      })
    expect(await factors()).toEqual([])
  })

  test('unlocks, and only a member of the practice can be reset there', async () => {
    const bob = await stage.signIn('bob', [south])
    expect(await reset(bob)).toEqual({ outcome: 'unknown' })
    expect(await reset({ ...bob, user_id: 'usr_nobody' })).toEqual({ outcome: 'unknown' })
    expect(await reset(bob, south)).toEqual({ outcome: 'nothing-to-reset' })
    await stage.enrol(await stage.visit(ada))
    for (let count = 0; count < 11; count += 1)
      await verifyCode(stage.parts, await stage.visit(ada), 'wrong', stage.now(), home)
    await reset(ada)
    ada = await stage.signIn('ada')
    expect(await stage.enrol(await stage.visit(ada))).toBeDefined()
  })
})
