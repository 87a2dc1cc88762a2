/**
 * Goal: ticket, visit and proof are each good once, for a while, and for the one session that they came from.
 * Method: the functions and the calls of gateways on a real database, with two sessions and a clock that moves when told.
 */
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { setSuspended } from '../../../admin/directory/directory.ts'
import { createInternal } from '../../../admin/internal.ts'
import { createJobs } from '../../../admin/jobs.ts'
import { revokeSession, revokeUser } from '../../../admin/sessions/revocations.ts'
import { changeSession } from '../../../admin/sessions/session-opening.ts'
import { findSession, markHeld, type SessionRow } from '../../../admin/store/sessions.ts'
import { renewSession } from '../../../admin/two-factor/renewal.ts'
import { resetTwoFactor } from '../../../admin/two-factor/reset.ts'
import { verifyCode } from '../../../admin/two-factor/verification.ts'
import {
  endVisit,
  findVisit,
  handOver,
  layProof,
  openVisit,
  type PortalVisit,
  proveFactor,
} from '../../../admin/two-factor/visits.ts'
import { silentLog } from '../../../runtime/log.ts'
import { sessionRecordSchema } from '../../../runtime/records.ts'
import { createVerifier, openRecord } from '../../../runtime/signing.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { north, south } from '../practice-store.ts'
import { codeAt, createFactorStage, type FactorStage, home } from './factor-stage.ts'

let stage: FactorStage
let ada: SessionRow
beforeEach(async () => {
  stage = await createFactorStage()
  ada = await stage.signIn('ada')
})
afterEach(() => stage?.close())

const hand = (session: SessionRow, ticket: string) =>
  handOver(stage.plane.store, stage.request(session, ticket), stage.now())
const open = (ticket: string) => openVisit(stage.plane.store, ticket, stage.now())
const find = (token: string) => findVisit(stage.plane.store, token, stage.now())
const lay = (visit: PortalVisit) => layProof(stage.plane.store, visit, stage.now())
const bring = (session: SessionRow, proof: string, renewed = newToken()) => {
  const { token_hash: tokenHash } = session
  const request = { tokenHash, proofHash: hashToken(proof), renewedHash: hashToken(renewed) }
  return proveFactor(stage.plane.store, request, stage.now())
}
const prove = async (session: SessionRow, proof: string) => (await bring(session, proof))?.session ?? null
const end = (session: SessionRow) =>
  changeSession(
    stage.plane.store,
    { to: 'ended', tokenHash: session.token_hash, why: 'signed-out' },
    stage.now(),
  )
const factorOf = async (session: SessionRow) => {
  const row = await stage.plane.store.read((rows) => findSession(rows, session.token_hash))
  return row?.factor_method ?? null
}

describe('a ticket', () => {
  test('opens one visit of its person, with their practices by name', async () => {
    const ticket = newToken()
    expect(await hand(ada, ticket)).toBe(true)
    const opened = await open(ticket)
    expect(opened?.visit).toEqual({
      id: hashToken(opened?.token ?? ''),
      user: ada.user_id,
      name: 'ADA',
      login: 'ada',
      tokenHash: ada.token_hash,
      reason: 'two-factor-not-verified',
      origin: 'https://app.example',
      to: '/charts',
      adminEntry: null,
      practices: [
        { id: north, name: 'Practice north' },
        { id: south, name: 'Practice south' },
      ],
      endsAt: stage.now() + 600_000,
      proved: null,
      admittedBy: [],
      trusted: {},
      emergency: null,
    })
    expect(await find(opened!.token)).toEqual(opened!.visit)
    expect(await open(ticket)).toBeNull()
  })

  test('taken by twenty at once opens one visit', async () => {
    const ticket = newToken()
    await hand(ada, ticket)
    const opened = await Promise.all(Array.from({ length: 20 }, () => open(ticket)))
    expect(opened.filter((one) => one !== null)).toHaveLength(1)
  })

  test('is good for 30 seconds, and nothing for one that was never laid down', async () => {
    const [first, second] = [newToken(), newToken()]
    await hand(ada, first)
    await hand(ada, second)
    stage.plane.clock.advance(29_999)
    expect(await open(first)).not.toBeNull()
    stage.plane.clock.advance(1)
    expect(await open(second)).toBeNull()
    expect(await open(newToken())).toBeNull()
  })

  test('laid down again changes nothing: not its end, not that it was used, not whose it is', async () => {
    const ticket = newToken()
    const bob = await stage.signIn('bob')
    expect(await hand(ada, ticket)).toBe(true)
    stage.plane.clock.advance(20_000)
    expect(await hand(ada, ticket)).toBe(true)
    expect(await hand(bob, ticket)).toBe(false)
    expect((await open(ticket))?.visit.user).toBe(ada.user_id)
    await hand(ada, ticket)
    expect(await open(ticket)).toBeNull()
    const late = newToken()
    await hand(ada, late)
    stage.plane.clock.advance(20_000)
    await hand(ada, late)
    stage.plane.clock.advance(10_000)
    expect(await open(late)).toBeNull()
  })

  test('a held session has one; an ended, expired, revoked, suspended or unknown one has none', async () => {
    const { store } = stage.plane
    await store.transaction((tx) => markHeld(tx, ada.token_hash, { reason: 'two-factor' }))
    expect(await hand(ada, newToken())).toBe(true)
    expect(await hand({ ...ada, token_hash: hashToken('nobody') }, newToken())).toBe(false)
    const bob = await stage.signIn('bob', [north])
    await revokeUser(store, { practice: north, user: bob.user_id, block: false, deed: stage.plane.deed() })
    expect(await hand(bob, newToken())).toBe(false)
    const carol = await stage.signIn('carol', [north])
    const change = { practice: north, user: carol.user_id, ifVersion: null, deed: stage.plane.deed() }
    await setSuspended(store, { ...change, suspended: true })
    expect(await hand(carol, newToken())).toBe(false)
    await end(ada)
    expect(await hand(ada, newToken())).toBe(false)
    const dave = await stage.signIn('dave')
    stage.plane.clock.set(dave.absolute_deadline)
    expect(await hand(dave, newToken())).toBe(false)
  })

  test('of a session that ended in between opens nothing', async () => {
    const ticket = newToken()
    await hand(ada, ticket)
    await end(ada)
    expect(await open(ticket)).toBeNull()
  })
})

describe('a visit', () => {
  test('lasts ten minutes, until it is ended, or until its session is', async () => {
    const first = await stage.arrive(ada)
    const second = await stage.arrive(ada)
    expect(await find(newToken())).toBeNull()
    await endVisit(stage.plane.store, second.visit)
    expect(await find(second.token)).toBeNull()
    stage.plane.clock.advance(599_999)
    expect(await find(first.token)).not.toBeNull()
    stage.plane.clock.advance(1)
    expect(await find(first.token)).toBeNull()
    const third = await stage.arrive(ada)
    await end(ada)
    expect(await find(third.token)).toBeNull()
  })
})

describe('a proof', () => {
  const proofOf = async (session: SessionRow): Promise<string> => {
    const { key } = await stage.enrol(await stage.visit(session))
    const visit = await stage.visit(session)
    expect(await lay(visit)).toBeNull()
    await verifyCode(stage.parts, visit, codeAt(key, stage.now()), stage.now(), home)
    return (await lay(visit)) ?? ''
  }

  test('raises its own session once, tells the gateways and every practice', async () => {
    const proof = await proofOf(ada)
    const before = await stage.plane.store.read((rows) => findSession(rows, ada.token_hash))
    const raised = await prove(ada, proof)
    expect(raised).toMatchObject({
      id: ada.id,
      factor_method: 'totp',
      factor_verified_at: stage.now(),
      version: (before?.version ?? 0) + 1,
    })
    expect(await prove(ada, proof)).toBeNull()
    const told = await stage.plane.store.read((rows) =>
      rows.selectFrom('outbox').select('part').where('kind', '=', 'session').orderBy('id', 'desc').execute(),
    )
    expect(told.slice(0, 2).map(({ part }) => part)).toEqual([ada.token_hash, raised?.token_hash])
    for (const practice of [north, south])
      expect((await stage.events(practice)).at(-1)).toMatchObject({
        action: 'two-factor.verified',
        actor: { id: ada.user_id },
        after: { session: ada.id, method: 'totp' },
      })
  })

  test('moves the session to a new token; what is left under the old one has ended and was never raised', async () => {
    const proof = await proofOf(ada)
    const fresh = newToken()
    const renewed = await bring(ada, proof, fresh)
    const [{ held, epochs }, { started_at, absolute_deadline }] = [ada, ada]
    expect(renewed?.session).toMatchObject({
      ...{ id: ada.id, token_hash: hashToken(fresh), factor_method: 'totp', ended_at: null },
      ...{ held, epochs, started_at, absolute_deadline },
    })
    expect(renewed?.replaced).toMatchObject({
      ...{ token_hash: ada.token_hash, ended_at: stage.now(), ended_why: 'replaced', factor_method: null },
      version: ada.version + 1,
    })
    expect(renewed?.replaced.id).not.toBe(ada.id)
    // The answer was lost on its way: asking again answers the same, and raises nothing twice.
    expect(await bring(ada, proof, fresh)).toEqual(renewed)
    expect(await bring(ada, proof)).toBeNull()
    expect(await hand(ada, newToken())).toBe(false)
  })

  test('a raised session that was ended stays ended for its cookie, whichever of its rows is looked at first', async () => {
    const cookieHash = hashToken(newToken())
    const cookie = (method: 'app-password' | 'adopted') => stage.plane.signIn('eve', { cookieHash, method })
    const forget = () =>
      stage.plane.store.read((rows) => rows.deleteFrom('session').where('method', '=', 'adopted').execute())
    const eve = await cookie('app-password')
    const raised = await prove(eve, await proofOf(eve))
    expect((await cookie('adopted')).ended_at).toBeNull()
    await forget()
    if (raised !== null) await end(raised)
    // The database answers equal rows in the order that they lie in: each of them comes first once.
    for (const [seen, touched] of [eve.token_hash, raised?.token_hash ?? ''].entries()) {
      await stage.plane.store.read((rows) =>
        rows.updateTable('session').set({ last_seen_at: seen }).where('token_hash', '=', touched).execute(),
      )
      expect((await cookie('adopted')).ended_why).toBe('signed-out')
      await forget()
    }
  })

  test.each(['revoking the session', 'resetting the factor'])(
    'on its way to a new token does not escape %s',
    async (way) => {
      const { store } = stage.plane
      await proofOf(ada)
      const blocked = async (): Promise<boolean> => {
        const { rows } = await store.read((all) =>
          sql<{ n: number }>`select count(*)::int as n from pg_locks where not granted`.execute(all),
        )
        return (rows[0]?.n ?? 0) > 0
      }
      const tokens = { tokenHash: ada.token_hash, renewedHash: hashToken(newToken()) }
      const factor = { method: 'totp', verified_at: stage.now(), devices: {} } as const
      let ending: Promise<{ outcome: string }> | null = null
      await store.transaction(async (tx) => {
        await renewSession(tx, tokens, factor, stage.now())
        const deed = stage.plane.deed()
        ending =
          way === 'revoking the session'
            ? revokeSession(store, { practice: north, session: ada.id, mayRevoke: () => true, deed })
            : resetTwoFactor(store, { practice: north, user: ada.user_id, reason: 'lost' }, deed)
        while (!(await blocked())) await new Promise(setImmediate)
      })
      expect((await ending!).outcome).toMatch(/^re(?:voked|set)$/)
      const row = await store.read((rows) => findSession(rows, tokens.renewedHash))
      expect(row?.ended_why).toBe('revoked')
    },
  )

  test('is laid once, and ends its visit', async () => {
    const { token, visit } = await stage.arrive(ada)
    await stage.enrol(visit)
    const [first, second] = await Promise.all([lay(visit), lay(visit)])
    expect([first, second].filter((proof) => proof !== null)).toHaveLength(1)
    expect(await find(token)).toBeNull()
    expect(await lay(visit)).toBeNull()
  })

  test('counts in no other browser, and that neither uses it up nor keeps the right one from it', async () => {
    const proof = await proofOf(ada)
    const mallory = await stage.signIn('mallory')
    const elsewhere = await stage.signIn('ada')
    expect(await prove(mallory, proof)).toBeNull()
    expect(await prove(elsewhere, proof)).toBeNull()
    expect([await factorOf(mallory), await factorOf(elsewhere)]).toEqual([null, null])
    expect((await prove(ada, proof))?.factor_method).toBe('totp')
    expect(await prove(elsewhere, proof)).toBeNull()
  })

  test('twenty at once: one raises', async () => {
    const proof = await proofOf(ada)
    const raised = await Promise.all(Array.from({ length: 20 }, () => prove(ada, proof)))
    expect(raised.filter((one) => one !== null)).toHaveLength(1)
  })

  test('is good for 60 seconds, and not for a session that ended in between', async () => {
    const first = await proofOf(ada)
    stage.plane.clock.advance(60_000)
    expect(await prove(ada, first)).toBeNull()
    const bob = await stage.signIn('bob')
    const second = await proofOf(bob)
    await end(bob)
    expect(await prove(bob, second)).toBeNull()
    expect([await factorOf(ada), await factorOf(bob)]).toEqual([null, null])
  })
})

test('gateways ask for both: where the portal is, and the signed record of the raised session', async () => {
  let kicks = 0
  const internal = createInternal({
    store: stage.plane.store,
    publisher: {
      kick: () => {
        kicks += 1
      },
    },
    signer: stage.plane.signer,
    provisioning: () => null,
    portal: () => 'https://portal.example',
    admin: () => 'https://admin.example',
    now: stage.now,
  })
  const ticket = newToken()
  expect(await internal.handOver(stage.request(ada, ticket))).toEqual({ portal: 'https://portal.example' })
  const visit = (await open(ticket))!.visit
  await stage.enrol(visit)
  const proof = (await lay(visit)) ?? ''
  const [tokenHash, renewedHash] = [ada.token_hash, hashToken(newToken())]
  expect(await internal.proveFactor({ tokenHash, renewedHash, proofHash: hashToken(newToken()) })).toBeNull()
  expect(kicks).toBe(0)
  const told = await internal.proveFactor({ tokenHash, renewedHash, proofHash: hashToken(proof) })
  expect(kicks).toBe(1)
  const verifier = createVerifier(stage.plane.signer.publicKey)!
  const opened = [told!.session, told!.replaced].map(({ key, text }) =>
    openRecord(verifier, key, text, sessionRecordSchema),
  )
  expect(opened.map((record) => record?.value.factor)).toEqual([
    { method: 'totp', verifiedAt: stage.now() - 60_000 },
    null,
  ])
  expect(opened.map((record) => record?.value.ended?.why)).toEqual([undefined, 'replaced'])
  expect(await internal.handOver(stage.request(ada, newToken()))).toBeNull()
})

test('what has run out is forgotten, what is still good is not; no token is ever stored', async () => {
  const { store } = stage.plane
  const jobs = createJobs({
    store,
    reports: null,
    signer: stage.plane.signer,
    kick: () => undefined,
    now: stage.now,
    log: silentLog,
  })
  const ticket = newToken()
  await hand(ada, ticket)
  const { token, visit } = await stage.arrive(ada)
  const { key } = await stage.enrol(await stage.visit(ada))
  await verifyCode(stage.parts, visit, 'wrong', stage.now(), home)
  const proving = await stage.visit(ada)
  await verifyCode(stage.parts, proving, codeAt(key, stage.now()), stage.now(), home)
  const proof = (await lay(proving)) ?? ''
  await verifyCode(stage.parts, visit, 'wrong', stage.now(), home)
  const tables = ['factor_ticket', 'factor_visit', 'factor_proof', 'factor_tries'] as const
  const stored = () =>
    store.read((rows) => Promise.all(tables.map((table) => rows.selectFrom(table).selectAll().execute())))
  const all = JSON.stringify(await stored())
  for (const bearer of [ticket, token, proof]) {
    expect(bearer).toHaveLength(43)
    expect(all).not.toContain(bearer)
  }
  await jobs.expire()
  // Of the tickets only that of the last visit is still good.
  expect((await stored()).map((rows) => rows.length)).toEqual([1, 2, 1, 1])
  stage.plane.clock.advance(86_400_000)
  await jobs.expire()
  expect((await stored()).map((rows) => rows.length)).toEqual([0, 0, 0, 0])
})
