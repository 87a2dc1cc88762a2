/**
 * Goal: what gateways report takes effect exactly once, and the plane cleans up after itself within bounds.
 * Method: fleet-sealed reports through the in-process hot store, on a real database under a clock that steps.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createJobs, type Jobs } from '../../admin/jobs.ts'
import { createPublisher } from '../../admin/publish.ts'
import { verifyChain } from '../../admin/store/event-chain.ts'
import { listEvents } from '../../admin/store/events.ts'
import { listPending } from '../../admin/store/publications.ts'
import { readPublishState } from '../../admin/store/publish-state.ts'
import { fleetKey, sealFleet } from '../../runtime/fleet-seal.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { keys } from '../../runtime/keys.ts'
import { silentLog } from '../../runtime/log.ts'
import type { Report } from '../../runtime/records.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

const fleet = fleetKey('a-cluster-key-for-tests-only-0123456789')
let plane: PracticeStore
let hotStore: HotStore
let jobs: Jobs
beforeEach(async () => {
  plane = await createPracticeStore()
  hotStore = createMemoryHotStore({ now: plane.clock.now })
  jobs = jobsOn(hotStore)
})
afterEach(() => plane?.close())

const jobsOn = (store: HotStore): Jobs =>
  createJobs({
    store: plane.store,
    reports: { hotStore: store, fleet },
    signer: plane.signer,
    kick: () => undefined,
    now: plane.clock.now,
    log: silentLog,
  })

const report = (reports: readonly Report[], seal = fleet, store = hotStore) =>
  store.append(keys.reports, sealFleet(seal, keys.reports, JSON.stringify(reports)), 200_000)

const refusal = (change: Partial<Extract<Report, { kind: 'refusal' }>> = {}): Report => ({
  kind: 'refusal',
  code: 'GH-AAAA-BBBB',
  monitored: false,
  at: plane.clock.now(),
  gateway: 'g1',
  practice: north,
  user: 'usr_1',
  session: 'ses_1',
  address: '198.51.100.7',
  upstream: 'demo',
  method: 'GET',
  route: 'demo GET /patients',
  verdict: 'deny',
  reason: 'address-not-allowed',
  control: 'ip',
  revision: 1,
  failing: ['address-not-allowed', 'permission-missing'],
  ...change,
})

const all = <T>(
  table:
    | 'decision_log'
    | 'entry_hit'
    | 'permit_count'
    | 'traffic_fact'
    | 'unmapped_route'
    | 'session'
    | 'gateway_ack'
    | 'outbox'
    | 'address_use'
    | 'canary_answer',
) => plane.store.read((rows) => rows.selectFrom(table).selectAll().execute()) as Promise<T[]>

test('every kind takes effect, once, however often the same code is reported', async () => {
  const session = await plane.signIn('ada')
  const at = plane.clock.now() + 60_000
  await report([
    { kind: 'seen', session: session.id, at, address: '198.51.100.9', streams: 2 },
    refusal(),
    refusal(),
    { kind: 'ack', gateway: 'g1', sequence: 7, at },
    {
      kind: 'fact',
      at,
      practice: north,
      user: session.user_id,
      address: '198.51.100.9',
      route: 'demo GET /',
      assurance: 'password',
    },
    {
      kind: 'fact',
      at: at + 1,
      practice: north,
      user: session.user_id,
      address: '198.51.100.9',
      route: 'demo GET /',
      assurance: 'password',
    },
    { kind: 'hit', at, practice: north, entry: 'office', count: 3 },
    { kind: 'unmapped', at, upstream: 'demo', method: 'GET', template: '/x/:x', count: 2 },
    {
      kind: 'event',
      gateway: 'g1',
      at,
      name: 'identity-mismatch',
      practice: north,
      user: session.user_id,
      detail: { upstream: 'demo' },
    },
  ])
  await report([
    refusal(),
    { kind: 'hit', at, practice: north, entry: 'office', count: 4 },
    { kind: 'unmapped', at, upstream: 'demo', method: 'GET', template: '/x/:x', count: 5 },
  ])
  expect(await jobs.consume(0)).toBe(2)
  expect(await jobs.consume(0)).toBe(0)
  expect(await all('session')).toMatchObject([
    { last_seen_at: at, address_last: '198.51.100.9', address_first: '203.0.113.9', streams: 2 },
  ])
  expect(await all('decision_log')).toMatchObject([
    { code: 'GH-AAAA-BBBB', count: 1, failing: ['address-not-allowed', 'permission-missing'] },
  ])
  expect(await all('gateway_ack')).toMatchObject([{ gateway: 'g1', sequence: 7 }])
  expect(await all('traffic_fact')).toHaveLength(1)
  expect(await all('entry_hit')).toMatchObject([{ entry: 'office', count: 7 }])
  expect(await all('unmapped_route')).toMatchObject([{ template: '/x/:x', count: 7 }])
  expect((await all<{ address: string }>('address_use')).map(({ address }) => address).sort()).toEqual([
    '198.51.100.9',
    '203.0.113.9',
  ])
  const [event] = await plane.store.read((rows) =>
    listEvents(rows, { practice: north }, { countMax: 1, before: null }),
  )
  expect(event).toMatchObject({
    action: 'identity-mismatch',
    actor: { kind: 'gateway', id: 'g1' },
    after: { upstream: 'demo' },
  })
  expect(await verifyChain(plane.store, north, plane.signer.publicKey)).toMatchObject({ ok: true })
})

test('permits add up by practice and hour', async () => {
  const at = Math.floor(plane.clock.now() / 3_600_000) * 3_600_000
  const permits = (ms: number, count: number): Report => ({
    kind: 'permits',
    at: at + ms,
    practice: north,
    count,
  })
  await report([permits(0, 30), permits(3_599_999, 5), permits(3_600_000, 1)])
  await report([permits(1, 6)])
  while ((await jobs.consume(0)) > 0);
  const hour = at / 3_600_000
  const rows = await all<{ hour: number; count: number }>('permit_count')
  expect(rows.map((row) => [Number(row.hour), Number(row.count)]).sort()).toEqual([
    [hour, 41],
    [hour + 1, 1],
  ])
})

test('of two control planes that consume at once each entry counts once', async () => {
  for (let n = 0; n < 20; n += 1)
    await report([{ kind: 'hit', at: plane.clock.now(), practice: north, entry: 'office', count: 1 }])
  const other = jobsOn(hotStore)
  await Promise.all([jobs.consume(0), other.consume(0), jobs.consume(0), other.consume(0)])
  while ((await jobs.consume(0)) > 0);
  expect(await all('entry_hit')).toMatchObject([{ count: 20 }])
})

test('what is not sealed by this fleet, or is no report, is skipped and the rest is taken', async () => {
  await report([refusal({ code: 'GH-FORG-ED00' })], fleetKey('another-cluster-key-0123456789-0123456789'))
  await hotStore.append(keys.reports, 'rubbish', 100)
  await report([{ ...refusal(), unknown: 1 } as unknown as Report])
  await hotStore.append(keys.reports, sealFleet(fleet, 'gh:elsewhere', JSON.stringify([refusal()])), 100)
  await report([refusal({ code: 'GH-GOOD-0000' })])
  expect(await jobs.consume(0)).toBe(5)
  expect((await all<{ code: string }>('decision_log')).map(({ code }) => code)).toEqual(['GH-GOOD-0000'])
})

test('monitored refusals are counted per person, reason and minute', async () => {
  const monitored = (ms: number, change = {}) =>
    refusal({ code: null, monitored: true, at: plane.clock.now() + ms, ...change })
  await report([
    monitored(0),
    monitored(59_999),
    monitored(60_000),
    monitored(0, { user: null }),
    monitored(0, { user: null }),
  ])
  await jobs.consume(0)
  const rows = await all<{ count: number; last_at: number; user_id: string | null }>('decision_log')
  expect(rows.map(({ count, user_id }) => [count, user_id]).sort()).toEqual([
    [1, 'usr_1'],
    [2, null],
    [2, 'usr_1'],
  ])
})

test('an older report never moves a session or a gateway back', async () => {
  const session = await plane.signIn('ada')
  const at = plane.clock.now() + 60_000
  const seen = (ms: number, address: string): Report => ({
    kind: 'seen',
    session: session.id,
    at: at + ms,
    address,
    streams: 0,
  })
  await report([
    seen(0, '198.51.100.2'),
    seen(-1, '198.51.100.1'),
    { kind: 'ack', gateway: 'g1', sequence: 9, at },
  ])
  await report([seen(-2, '198.51.100.3'), { kind: 'ack', gateway: 'g1', sequence: 8, at: at - 1 }])
  await jobs.consume(0)
  expect(await all('session')).toMatchObject([{ last_seen_at: at, address_last: '198.51.100.2' }])
  expect(await all('gateway_ack')).toMatchObject([{ sequence: 9 }])
})

test('events of an unknown practice, or of an unknown name, go to the gateway’s own chain in a safe form', async () => {
  const event = (name: string, practice: string | null): Report => ({
    kind: 'event',
    gateway: 'g1',
    at: plane.clock.now(),
    name,
    practice,
    user: null,
    detail: { token: 'abc' },
  })
  await report([event('identity-mismatch', 'nowhere'), event('<b>odd</b>', null)])
  await jobs.consume(0)
  const events = await plane.store.read((rows) =>
    listEvents(rows, { practice: null }, { countMax: 9, after: 0 }),
  )
  expect(events.map(({ action, after }) => [action, after])).toEqual([
    ['identity-mismatch', { token: '[redacted]' }],
    ['gateway.event', { name: '<b>odd</b>', token: '[redacted]' }],
  ])
})

test('a stream that starts anew behind the cursor is read from its start', async () => {
  await report([refusal({ code: 'GH-OLD0-0000' })])
  await jobs.consume(0)
  plane.clock.advance(-86_400_000)
  const empty = createMemoryHotStore({ now: plane.clock.now })
  const again = jobsOn(empty)
  await report([refusal({ code: 'GH-NEW0-0000' })], fleet, empty)
  expect(await again.consume(0)).toBe(0)
  expect(await again.consume(0)).toBe(1)
  expect(await all('decision_log')).toHaveLength(2)
})

test('saved, published, everywhere: as live gateways acknowledge', async () => {
  const publisher = createPublisher({
    store: plane.store,
    hotStore,
    signer: plane.signer,
    now: plane.clock.now,
    log: silentLog,
  })
  await publisher.tick()
  await plane.signIn('ada')
  const [pending] = (await plane.store.read((rows) => listPending(rows, 10))).slice(-1)
  const stateOf = (announced = pending?.id ?? 0) =>
    plane.store.read((rows) => readPublishState(rows, announced, plane.clock.now()))
  if (pending !== undefined) expect(await stateOf()).toMatchObject({ state: 'saved', sequence: null })
  await publisher.tick()
  const [last] = (await all<{ id: number; sequence: number }>('outbox')).sort((a, b) => b.id - a.id)
  const ack = (gateway: string, sequence: number) =>
    report([{ kind: 'ack', gateway, sequence, at: plane.clock.now() }])
  await ack('g1', last?.sequence ?? 0)
  await ack('g2', (last?.sequence ?? 0) - 1)
  await jobs.consume(0)
  expect(await stateOf(last?.id)).toMatchObject({
    state: 'published',
    active: 1,
    gateways: 2,
    enforcedAt: null,
  })
  plane.clock.advance(500)
  await ack('g2', last?.sequence ?? 0)
  await jobs.consume(0)
  expect(await stateOf(last?.id)).toMatchObject({
    state: 'everywhere',
    active: 2,
    gateways: 2,
    enforcedAt: plane.clock.now(),
  })
  plane.clock.advance(60_000)
  expect(await stateOf(last?.id)).toMatchObject({ state: 'published', active: 0, gateways: 0 })
  expect(await stateOf(999_999)).toBeNull()
  await publisher.close()
})

test('sessions past their deadline are ended and their records forgotten; others stay', async () => {
  const session = await plane.signIn('ada')
  const publisher = createPublisher({
    store: plane.store,
    hotStore: null,
    signer: plane.signer,
    now: plane.clock.now,
    log: silentLog,
  })
  await publisher.tick()
  await publisher.close()
  expect(await jobs.expire()).toBe(0)
  plane.clock.set(session.absolute_deadline)
  await plane.signIn('bob')
  expect(await jobs.expire()).toBe(1)
  expect(await jobs.expire()).toBe(0)
  const sessions = await all<{ app_user: string; ended_why: string | null }>('session')
  expect(sessions.map((row) => [row.app_user, row.ended_why]).sort()).toEqual([
    ['ada', 'expired'],
    ['bob', null],
  ])
  const left = await plane.store.read((rows) =>
    rows.selectFrom('publication').select('kind').where('kind', '=', 'session').execute(),
  )
  expect(left).toEqual([])
})

test('every policy is announced once a day, by one control plane', async () => {
  expect(await jobs.refresh()).toBe(0)
  plane.clock.advance(86_400_000 - 1)
  expect(await jobs.refresh()).toBe(0)
  plane.clock.advance(1)
  const counts = await Promise.all([jobs.refresh(), jobsOn(hotStore).refresh()])
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2)
})

test('old facts, hits, refusals and addresses are forgotten, new ones kept', async () => {
  const rows = (ms: number): readonly Report[] => [
    refusal({ code: `GH-${String(ms).padStart(8, '0')}`, at: plane.clock.now() + ms }),
    {
      kind: 'fact',
      at: plane.clock.now() + ms,
      practice: north,
      user: 'usr_1',
      address: '198.51.100.9',
      route: 'r',
      assurance: 'password',
    },
    { kind: 'hit', at: plane.clock.now() + ms, practice: north, entry: 'office', count: 1 },
    { kind: 'permits', at: plane.clock.now() + ms, practice: north, count: 1 },
  ]
  await report(rows(0))
  await jobs.consume(0)
  plane.clock.advance(91 * 86_400_000)
  await report(rows(0).map((one) => ('code' in one ? { ...one, code: 'GH-KEPT-0000' } : one)))
  await jobs.consume(0)
  expect(await jobs.prune()).toBeGreaterThanOrEqual(3)
  for (const table of ['decision_log', 'traffic_fact', 'entry_hit', 'permit_count'] as const)
    expect(await all(table), table).toHaveLength(1)
  expect(await jobs.prune()).toBe(0)
})

test('the canary’s answers go with the gateway that gave them, and not while it is there', async () => {
  const row = (gateway: string) => ({ gateway, round: 1, reason: 'ok', at: plane.clock.now() })
  await plane.store.read((rows) =>
    rows
      .insertInto('canary_answer')
      .values([row('gone'), row('silent')])
      .execute(),
  )
  plane.clock.advance(86_400_001)
  const ack = { gateway: 'silent', sequence: 1, at: plane.clock.now() }
  await plane.store.read((rows) => rows.insertInto('gateway_ack').values(ack).execute())
  await jobs.prune()
  expect((await all<{ gateway: string }>('canary_answer')).map(({ gateway }) => gateway)).toEqual(['silent'])
})
