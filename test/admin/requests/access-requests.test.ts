/**
 * Goal: only who has signed in asks, held or not, within limits, and exactly one reviewer decides, with grant, event and announcement.
 * Method: the asking and deciding functions on a real database under a clock that moves when told.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createInternal } from '../../../admin/internal.ts'
import { createJobs } from '../../../admin/jobs.ts'
import { editPolicy } from '../../../admin/policy-edit.ts'
import { askForAccess, readAccessStandings } from '../../../admin/requests/access-requests.ts'
import { approveRequest, type Review, rejectRequest } from '../../../admin/requests/access-review.ts'
import { withdrawApproval } from '../../../admin/requests/access-undoing.ts'
import { listRequests, readRequests } from '../../../admin/store/access-requests.ts'
import { readMembers } from '../../../admin/store/members.ts'
import { markHeld, type SessionRow } from '../../../admin/store/sessions.ts'
import { never } from '../../../policies/instant.ts'
import type { AccessStandings, AskAccess } from '../../../runtime/internal.ts'
import { silentLog } from '../../../runtime/log.ts'
import { membersRecordSchema } from '../../../runtime/records.ts'
import { createVerifier, openRecord } from '../../../runtime/signing.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from '../practice-store.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

let plane: PracticeStore
let ada: SessionRow
beforeEach(async () => {
  plane = await createPracticeStore()
  ada = await hold('ada')
})
afterEach(() => plane?.close())

/** Signs somebody in, in both practices, and holds the sign-in. */
const hold = async (appUser: string): Promise<SessionRow> => {
  const both = [north, south].map((id) => ({ id, roles: ['Front Desk'] }))
  const identity = { ...sessionRequest(appUser).identity, practices: both }
  const session = await plane.signIn(appUser, { identity })
  await plane.store.transaction((tx) => markHeld(tx, session.token_hash, { reason: 'ip' }))
  return session
}

const asked = (session: SessionRow, change: Partial<AskAccess> = {}): AskAccess => ({
  tokenHash: session.token_hash,
  kind: 'ip',
  address: '198.51.100.7',
  practices: [north],
  reason: 'Working from home today',
  ...change,
})
const ask = (session: SessionRow, change: Partial<AskAccess> = {}): Promise<AccessStandings> =>
  askForAccess(plane.store, asked(session, change), plane.clock.now())
const list = async (practice = north) => {
  const found = await plane.store.read((rows) => listRequests(rows, practice, plane.clock.now(), 100))
  const ids = found.map(({ id }) => id)
  return plane.store.read((rows) => readRequests(rows, practice, ids, plane.clock.now()))
}
const inNorth = (answer: AccessStandings | null) =>
  answer?.standings.find(({ practice }) => practice === north)
const standing = async (session: SessionRow, address = '198.51.100.7') =>
  inNorth(
    await readAccessStandings(
      plane.store,
      { tokenHash: session.token_hash, kind: 'ip', address },
      plane.clock.now(),
    ),
  )

const review = async (change: Partial<Review> = {}): Promise<Review> => ({
  practice: north,
  id: (await list())[0]!.id,
  note: '',
  reviewerLogin: 'admin',
  deed: plane.deed(),
  ...change,
})
const approve = async (change: Partial<Review> = {}, length: 'standard' | number | null = 'standard') =>
  approveRequest(plane.store, { ...(await review(change)), length })
const reject = async (note = '') => rejectRequest(plane.store, await review({ note }))
const grants = async (session: SessionRow) => {
  const known = await plane.store.read((rows) => readMembers(rows, north, plane.clock.now()))
  return known!.members.find(({ user }) => user === session.user_id)!.grants
}
const events = async (practice = north) =>
  plane.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select(['action', 'actor_name', 'body'])
      .where('practice', '=', practice)
      .where('action', 'like', 'access-request.%')
      .orderBy('seq')
      .execute(),
  )
const jobs = () =>
  createJobs({
    store: plane.store,
    reports: null,
    signer: plane.signer,
    kick: () => undefined,
    now: plane.clock.now,
    log: silentLog,
  })

describe('asking', () => {
  test('a held sign-in asks once; repeats raise a counter, one event is written', async () => {
    const first = await ask(ada)
    expect(first.refused).toBeNull()
    expect(first.standings.map(({ practice, status }) => [practice, status])).toEqual([
      [north, 'pending'],
      [south, 'not-requested'],
    ])
    const again = await ask(ada, { reason: 'Really' })
    expect(again.refused).toBeNull()
    expect(await list()).toMatchObject([
      { status: 'pending', repeats: 1, reason: 'Working from home today', network: '198.51.100.7/32' },
    ])
    expect((await events()).map(({ action, actor_name }) => [action, actor_name])).toEqual([
      ['access-request.asked', 'ADA'],
    ])
  })

  test('ten at once make one request', async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask(ada)))
    expect(await list()).toMatchObject([{ repeats: 9 }])
  })

  test('nobody asks without a live session whose sign-in was seen: a cookie alone proves none', async () => {
    const adopted = await plane.signIn('bob', { method: 'adopted' })
    expect((await ask(adopted)).refused).toBe('Sign in again to ask for access.')
    const stranger = { ...ada, token_hash: 'x'.repeat(43) }
    expect(await ask(stranger)).toEqual({ standings: [], refused: 'Sign in again to ask for access.' })
    expect(await standing(stranger)).toBeUndefined()
    plane.clock.advance(30 * day)
    expect((await ask(ada)).standings).toEqual([])
    expect(await list()).toEqual([])
  })

  test('a practice of others looks like none at all', async () => {
    const bob = await plane.signIn('bob')
    await plane.store.transaction((tx) => markHeld(tx, bob.token_hash, { reason: 'ip' }))
    const answer = await ask(bob, { practices: [south] })
    expect(answer.standings.map(({ practice }) => practice)).toEqual([north])
    expect(answer.refused).toBe((await ask(bob, { practices: ['no-such'] })).refused)
    expect(answer.refused).not.toBeNull()
    expect(await list(south)).toEqual([])
  })

  test('a practice that takes none says whom to ask', async () => {
    await editPolicy(plane.store, {
      practice: north,
      ifRevision: null,
      deed: plane.deed(),
      action: 'control.requests.changed',
      typedName: null,
      change: (document) => ({
        ...document,
        requests: { ...document.requests, ip: false, contact: 'the office, 555 0100' },
      }),
    })
    const answer = await ask(ada)
    expect(answer.refused).toBe('No requests are taken here: ask the office, 555 0100.')
    expect(inNorth(answer)).toMatchObject({ takes: false, contact: 'the office, 555 0100' })
    expect((await ask(ada, { kind: 'time' })).refused).toBeNull()
  })

  test('the IPv6 network is the /64, whatever the host', async () => {
    await ask(ada, { address: '2001:db8:1:2::7' })
    await ask(ada, { address: '2001:db8:1:2::8' })
    expect(await list()).toMatchObject([{ network: '2001:db8:1:2::/64', repeats: 1 }])
  })
})

describe('limits', () => {
  test('three open at most, all or nothing', async () => {
    expect((await ask(ada, { address: '198.51.100.1', practices: [north, south] })).refused).toBeNull()
    expect((await ask(ada, { address: '198.51.100.2', practices: [north, south] })).refused).toContain(
      'At most 3',
    )
    expect((await ask(ada, { address: '198.51.100.2' })).refused).toBeNull()
    expect((await ask(ada, { address: '198.51.100.3' })).refused).toContain('At most 3')
    expect(await list()).toHaveLength(2)
  })

  test('three open at most when five ask at once', async () => {
    await Promise.all([1, 2, 3, 4, 5].map((host) => ask(ada, { address: `198.51.100.${host}` })))
    expect(await list()).toHaveLength(3)
  })

  test('ten a day and user', async () => {
    for (let host = 1; host <= 10; host += 1) {
      expect((await ask(ada, { address: `198.51.100.${host}` })).refused).toBeNull()
      await reject()
    }
    expect((await ask(ada, { address: '198.51.100.11' })).refused).toContain('At most 10')
  })

  test('twenty an hour and network, whoever asks; later again', async () => {
    for (let person = 0; person < 10; person += 1)
      expect((await ask(await hold(`user-${person}`), { practices: [north, south] })).refused).toBeNull()
    expect((await ask(ada)).refused).toContain('your network')
    expect((await ask(ada, { address: '198.51.100.8' })).refused).toBeNull()
    plane.clock.advance(hour)
    expect((await ask(ada)).refused).toBeNull()
  })
})

describe('deciding', () => {
  test('an approval is a grant in the published members record, for the standard time', async () => {
    await ask(ada)
    const outcome = await approve({ note: 'Until the move' })
    expect(outcome).toMatchObject({ outcome: 'decided', announced: expect.any(Number) })
    const endsAt = plane.clock.now() + 30 * day
    expect(await grants(ada)).toMatchObject([
      { kind: 'ip', range: '198.51.100.7/32', startsAt: plane.clock.now(), endsAt },
    ])
    const internal = createInternal({
      store: plane.store,
      publisher: { kick: () => undefined },
      signer: plane.signer,
      provisioning: () => 'app-roles',
      portal: () => 'http://127.0.0.1:8081',
      admin: () => 'https://admin.example',
      now: plane.clock.now,
    })
    const record = await internal.record(`gh:members:{${north}}`)
    const verifier = createVerifier(plane.signer.publicKey)!
    const opened = openRecord(verifier, record!.key, record!.text, membersRecordSchema)
    expect(JSON.stringify(opened)).toContain('198.51.100.7/32')
    expect(await internal.accessStandings(ada.token_hash, 'ip', '198.51.100.7')).toMatchObject({
      standings: [{ practice: north, status: 'approved', note: 'Until the move' }, { practice: south }],
    })
    const written = await events()
    expect(written.map(({ action }) => action)).toEqual(['access-request.asked', 'access-request.approved'])
    expect(JSON.parse(written[1]!.body)).toMatchObject({
      actor: { id: 'adm_1' },
      target: { id: ada.user_id },
      reason: 'Until the move',
      after: { network: '198.51.100.7/32', endsAt },
    })
  })

  test('an approval lasts as long as said, or for ever, and lifts only its own control', async () => {
    await ask(ada)
    await approve({}, 2 * hour)
    await ask(ada, { kind: 'time' })
    await approve({}, null)
    expect(await grants(ada)).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'ip', endsAt: plane.clock.now() + 2 * hour }),
        expect.objectContaining({ kind: 'time', range: null, endsAt: never }),
      ]),
    )
    plane.clock.advance(2 * hour)
    expect(await standing(ada)).toMatchObject({
      status: 'not-requested',
      note: expect.stringContaining('ended'),
    })
    expect(await grants(ada)).toMatchObject([{ kind: 'time' }])
  })

  test('of two reviewers at once one decides, the other hears who did', async () => {
    await ask(ada)
    const { id } = (await list())[0]!
    const by = (name: string) => plane.deed({ actor: { kind: 'admin', id: `adm_${name}`, name } })
    const outcomes = await Promise.all([
      approve({ id, deed: by('Nora') }),
      rejectRequest(plane.store, await review({ id, deed: by('Otto') })),
    ])
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['already-decided', 'decided'])
    const [winner, loser] = [...outcomes].sort((a) => (a.outcome === 'decided' ? -1 : 1))
    const nameOf = (outcome: typeof winner) =>
      outcome !== undefined && 'request' in outcome ? outcome.request.decidedByName : null
    expect(nameOf(loser)).toBe(nameOf(winner))
    expect(nameOf(loser)).toMatch(/^(Nora|Otto)$/)
    expect((await events()).length).toBe(2)
    expect((await grants(ada)).length).toBe((await list())[0]?.status === 'approved' ? 1 : 0)
  })

  test('nobody decides on a request of their own, by id or by login', async () => {
    await ask(ada)
    const itself = plane.deed({ actor: { kind: 'user', id: ada.user_id, name: 'ADA' } })
    expect(await approve({ deed: itself })).toEqual({ outcome: 'own-request' })
    expect(await approve({ reviewerLogin: 'ADA' })).toEqual({ outcome: 'own-request' })
    expect(await list()).toMatchObject([{ status: 'pending' }])
    expect(await grants(ada)).toEqual([])
  })

  test('an approval is taken back once, with its grant; what is not approved is not', async () => {
    await ask(ada)
    const { id } = (await list())[0]!
    const withdraw = () =>
      withdrawApproval(plane.store, { practice: north, id, deed: plane.deed(), mayEditList: false })
    expect(await withdraw()).toMatchObject({ outcome: 'already-decided', request: { status: 'pending' } })
    await approve({}, null)
    expect(await grants(ada)).toHaveLength(1)
    const outcomes = await Promise.all([withdraw(), withdraw()])
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['already-decided', 'decided'])
    expect(await grants(ada)).toEqual([])
    expect((await events()).at(-1)?.action).toBe('access-request.withdrawn')
    expect(await standing(ada)).toMatchObject({
      status: 'not-requested',
      note: expect.stringContaining('taken back'),
    })
    expect((await ask(ada)).refused).toBeNull()
  })

  test('a request of another practice is unknown', async () => {
    await ask(ada)
    expect(await approve({ practice: south, id: (await list())[0]!.id })).toEqual({ outcome: 'unknown' })
    expect(await approve({ id: 'arq_none' })).toEqual({ outcome: 'unknown' })
  })
})

describe('after a rejection', () => {
  test('the cool-down grows: 15 minutes, 2 hours, 24 hours, then stays', async () => {
    for (const coolDownMs of [15 * minute, 2 * hour, day, day]) {
      expect((await ask(ada)).refused).toBeNull()
      await reject('Please come in')
      const until = plane.clock.now() + coolDownMs
      expect(await standing(ada)).toMatchObject({
        status: 'rejected',
        note: 'Please come in',
        askAgainAt: until,
      })
      plane.clock.advance(coolDownMs - 1)
      await plane.store.read((rows) =>
        rows
          .updateTable('session')
          .set({ absolute_deadline: until + day })
          .execute(),
      )
      expect((await ask(ada)).refused).toContain('rejected a short while ago')
      plane.clock.advance(1)
      expect(await standing(ada)).toMatchObject({ status: 'rejected', askAgainAt: null })
    }
  })

  test('an approval makes it start afresh; another network has its own', async () => {
    await ask(ada)
    await reject()
    expect((await ask(ada, { address: '198.51.100.8' })).refused).toBeNull()
    plane.clock.advance(15 * minute)
    await ask(ada)
    const own = (await list()).find(({ status, address }) => status === 'pending' && address.endsWith('.7'))!
    await approve({ id: own.id }, 20 * minute)
    plane.clock.advance(20 * minute)
    expect((await ask(ada)).refused).toBeNull()
    const next = (await list()).find(({ status, address }) => status === 'pending' && address.endsWith('.7'))!
    await rejectRequest(plane.store, await review({ id: next.id }))
    expect(await standing(ada)).toMatchObject({ askAgainAt: plane.clock.now() + 15 * minute })
  })
})

describe('in time', () => {
  const stayIn = () =>
    plane.store.read((rows) => rows.updateTable('session').set({ absolute_deadline: never }).execute())

  test('an undecided request expires after 72 hours and cannot be decided any more', async () => {
    await stayIn()
    await ask(ada)
    plane.clock.advance(72 * hour)
    expect(await standing(ada)).toMatchObject({
      status: 'not-requested',
      note: expect.stringContaining('in time'),
    })
    expect(await approve()).toMatchObject({ outcome: 'already-decided', request: { status: 'expired' } })
    expect(await jobs().expire()).toBe(1)
    expect(await jobs().expire()).toBe(0)
    expect((await events()).map(({ action, actor_name }) => [action, actor_name])).toEqual([
      ['access-request.asked', 'ADA'],
      ['access-request.expired', 'Gatehouse'],
    ])
    expect((await ask(ada)).refused).toBeNull()
  })

  test('asking again does not wait for the job', async () => {
    await stayIn()
    await ask(ada)
    plane.clock.advance(72 * hour)
    expect((await ask(ada)).refused).toBeNull()
    expect((await list()).map(({ status }) => status)).toEqual(['pending', 'expired'])
  })

  test('an approval that is over lapses, with its event', async () => {
    await stayIn()
    await ask(ada)
    await approve({}, hour)
    plane.clock.advance(hour)
    expect(await jobs().expire()).toBe(1)
    expect((await events()).at(-1)?.action).toBe('access-request.lapsed')
    expect((await list()).map(({ status }) => status)).toEqual(['lapsed'])
  })
})
