/**
 * Goal: a gateway that asks the control plane directly gets signed records as new as the database, and nothing else.
 * Method: the function form on a real database, with a publisher that has no hot store.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createInternal } from '../../admin/internal.ts'
import { createPublisher, type Publisher } from '../../admin/publish.ts'
import { revokeUser } from '../../admin/sessions/revocations.ts'
import { openStore } from '../../admin/store/database.ts'
import { isFault } from '../../runtime/fault.ts'
import {
  type ControlPlane,
  changesSchema,
  type SealedRecord,
  sessionOpenedSchema,
} from '../../runtime/internal.ts'
import { keys } from '../../runtime/keys.ts'
import { silentLog } from '../../runtime/log.ts'
import {
  manifestSchema,
  membersRecordSchema,
  practicesRecordSchema,
  sessionRecordSchema,
} from '../../runtime/records.ts'
import { bodyHash, createVerifier, openRecord } from '../../runtime/signing.ts'
import { hashToken } from '../../runtime/token.ts'
import { freePort } from '../support/free-port.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from './practice-store.ts'

let plane: PracticeStore
let publisher: Publisher
let internal: ControlPlane
beforeEach(async () => {
  plane = await createPracticeStore()
  publisher = createPublisher({
    store: plane.store,
    hotStore: null,
    signer: plane.signer,
    now: plane.clock.now,
    log: silentLog,
  })
  internal = createInternal({
    store: plane.store,
    publisher,
    signer: plane.signer,
    provisioning: (upstream) => (upstream === 'demo' ? 'app-roles' : null),
    portal: () => 'http://127.0.0.1:8081',
    admin: () => 'https://admin.example',
    now: plane.clock.now,
  })
})
afterEach(async () => {
  await publisher?.close()
  await plane?.close()
})

const open = <T>(record: SealedRecord | null | undefined, schema: Parameters<typeof openRecord<T>>[3]) => {
  const verifier = createVerifier(plane.signer.publicKey)
  return record == null || verifier === null ? null : openRecord(verifier, record.key, record.text, schema)
}

test('a first sign-in answers the session and the members it made, signed and of the form promised', async () => {
  const opened = await internal.openSession(sessionRequest('ada'))
  expect(sessionOpenedSchema.parse(opened).outcome).toBe('opened')
  if (opened.outcome !== 'opened') return
  const session = open(opened.session, sessionRecordSchema)
  expect(session).toMatchObject({ version: 1, value: { appUser: 'ada', ended: null, held: false } })
  const members = opened.records.map((record) => open(record, membersRecordSchema))
  expect(members.map((record) => record?.value.members[0]?.user)).toEqual([session?.value.user])
  const again = await internal.openSession(sessionRequest('ada'))
  expect(again.outcome === 'opened' && again.records).toEqual([])
})

test('an upstream that is not configured and a database that is away are faults of the control plane', async () => {
  const kindOf = (error: unknown) => (isFault(error) ? [error.source, error.kind] : error)
  const foreign = internal.openSession(sessionRequest('ada', { upstream: 'elsewhere' }))
  expect(kindOf(await foreign.catch((error: unknown) => error))).toEqual(['control-plane', 'refused'])
  const store = openStore({ url: `postgres://nobody@127.0.0.1:${await freePort()}/nothing`, poolMax: 1 })
  const cut = createInternal({
    store,
    publisher,
    signer: plane.signer,
    provisioning: () => 'app-roles',
    portal: () => 'http://127.0.0.1:8081',
    admin: () => 'https://admin.example',
    now: plane.clock.now,
  })
  for (const asked of [
    () => cut.openSession(sessionRequest('ada')),
    () => cut.changes(0, 'g1'),
    () => cut.record(keys.practices),
  ])
    expect(kindOf(await asked().catch((error: unknown) => error))).toEqual(['control-plane', 'unreachable'])
  await store.close()
})

test('before anything was published there are no changes to answer', async () => {
  const error: unknown = await internal.changes(0, 'g1').catch((caught: unknown) => caught)
  expect(isFault(error) && error.source).toBe('control-plane')
})

test('since 0: all but sessions, under a manifest that fits; since a sequence: what came after, sessions too', async () => {
  const opened = await internal.openSession(sessionRequest('ada'))
  await publisher.tick()
  const all = changesSchema.parse(await internal.changes(0, 'g1'))
  expect(all.records.map(({ key }) => key).sort()).toEqual(
    [keys.members(north), keys.members(south), keys.policy(north), keys.policy(south), keys.practices].sort(),
  )
  const table = all.records.find(({ key }) => key === keys.practices)
  expect(open(table, practicesRecordSchema)?.value.practices[south]).toMatchObject({ policy: 1 })
  expect(open(all.manifest, manifestSchema)?.value).toEqual({
    sequence: all.sequence,
    root: bodyHash(table?.text ?? ''),
    issuedAt: plane.clock.now(),
  })
  expect(all.more).toBe(false)
  expect(await internal.changes(all.sequence, 'g1')).toMatchObject({
    sequence: all.sequence,
    records: [],
    more: false,
  })
  const user = opened.outcome === 'opened' ? open(opened.session, sessionRecordSchema)?.value.user : undefined
  await revokeUser(plane.store, { practice: north, user: user ?? '', block: false, deed: plane.deed() })
  const second = await internal.openSession(sessionRequest('ada'))
  await publisher.tick()
  const since = await internal.changes(all.sequence, 'g1')
  const published = since.records.map(({ key }) => key)
  const session = second.outcome === 'opened' ? second.session.key : ''
  expect([...published].sort()).toEqual([keys.members(north), keys.practices, session].sort())
  expect(published.indexOf(keys.members(north))).toBeLessThan(published.indexOf(keys.practices))
  expect(
    open(
      since.records.find(({ key }) => key === keys.members(north)),
      membersRecordSchema,
    )?.value.members[0]?.epoch,
  ).toBe(1)
})

test('more than 500 changes come in pages that meet', async () => {
  const { user_id: user } = await plane.signIn('ada')
  await publisher.tick()
  const from = (await internal.changes(0, 'g1')).sequence
  await plane.store.transaction(async (tx) => {
    for (let n = 0; n < 620; n += 1)
      await tx
        .insertInto('session')
        .values({
          id: `ses_${n}`,
          token_hash: hashToken(`t${n}`),
          cookie_hash: null,
          user_id: user,
          upstream: 'demo',
          app_user: 'ada',
          method: 'app-password',
          epochs: '{}',
          started_at: plane.clock.now(),
          last_seen_at: plane.clock.now(),
          absolute_deadline: plane.clock.now() + 1_000,
          address_first: '203.0.113.9',
          address_last: '203.0.113.9',
          device: '',
        })
        .execute()
    for (let n = 0; n < 620; n += 1)
      await tx
        .insertInto('outbox')
        .values({ kind: 'session', part: hashToken(`t${n}`), saved_at: 0 })
        .execute()
  })
  await publisher.tick()
  const first = await internal.changes(from, 'g1')
  expect([first.records.length, first.more]).toEqual([500, true])
  const second = await internal.changes(first.sequence, 'g1')
  expect([second.records.length, second.more]).toEqual([120, false])
  expect(new Set([...first.records, ...second.records].map(({ key }) => key)).size).toBe(620)
  plane.clock.advance(1_000)
  expect((await internal.changes(from, 'g1')).records).toEqual([])
})

test('records by key are those of the database, published or not; other keys are nobody’s', async () => {
  const opened = await internal.openSession(sessionRequest('ada'))
  const session = opened.outcome === 'opened' ? opened.session : null
  expect(open(await internal.record(session?.key ?? ''), sessionRecordSchema)?.value.appUser).toBe('ada')
  const members = open(await internal.record(keys.members(north)), membersRecordSchema)
  expect(members?.value.members).toHaveLength(1)
  await publisher.tick()
  expect(await internal.record(keys.policy(north))).toMatchObject({ key: keys.policy(north) })
  for (const key of [
    keys.policy('nowhere'),
    keys.members('nowhere'),
    keys.session(hashToken('none')),
    keys.seeded,
    'gh:binding:{x}',
    '',
  ])
    expect(await internal.record(key), key).toBeNull()
})

test('changing a session answers its new record; of one there is not, nothing', async () => {
  const request = sessionRequest('ada')
  await internal.openSession(request)
  const ended = await internal.changeSession({ to: 'ended', tokenHash: request.tokenHash, why: 'signed-out' })
  expect(open(ended, sessionRecordSchema)).toMatchObject({
    version: 2,
    value: { ended: { at: plane.clock.now(), why: 'signed-out' } },
  })
  expect(await internal.changeSession({ to: 'live', tokenHash: hashToken('none') })).toBeNull()
  expect(await internal.publicKey()).toBe(plane.signer.publicKey)
})
