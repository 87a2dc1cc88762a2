/**
 * Goal: what gateways count arrives in the database exactly once: under load, with the store away and back, with a
 * confirmation lost; what is dropped or lost is counted, and a flood fills no memory.
 * Method: two gateways' own reporting on one breakable store, the real consumer on a real database, sums compared.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createJobs } from '../../admin/jobs.ts'
import type { Exchange } from '../../gateway/exchange.ts'
import { plainDecision } from '../../gateway/questions.ts'
import { createReports, type Reports } from '../../gateway/reports.ts'
import { createVerdictLog } from '../../gateway/verdict-log.ts'
import { fleetKey } from '../../runtime/fleet-seal.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { silentLog } from '../../runtime/log.ts'
import type { Report } from '../../runtime/records.ts'
import { addressOf } from '../support/policy-cases.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

const fleet = fleetKey('a-cluster-key-for-tests-only-0123456789')
const queueMax = 1_500
/** How the store takes entries: well; not at all; it takes them and does not say so; it says so and forgets them. */
let way: 'well' | 'away' | 'unconfirmed' | 'forgetful'
let plane: PracticeStore
let store: HotStore
let gateways: readonly [Reports, Reports]

beforeEach(async () => {
  plane = await createPracticeStore()
  way = 'well'
  const memory = createMemoryHotStore({ now: plane.clock.now })
  store = {
    ...memory,
    async append(...given) {
      if (way === 'away') throw new Error('away')
      const position = way === 'forgetful' ? '0-1' : await memory.append(...given)
      if (way === 'unconfirmed') throw new Error('timeout')
      return position
    },
  }
  const one = () => createReports({ store, fleetKey: fleet, queueMax, everyMs: 1e6, onFault: () => {} })
  gateways = [one(), one()]
})
afterEach(async () => {
  await Promise.all(gateways.map((reports) => reports.close()))
  await plane.close()
})

const consumeAll = async (): Promise<void> => {
  const jobs = createJobs({
    ...{ store: plane.store, reports: { hotStore: store, fleet }, signer: plane.signer },
    ...{ kick: () => undefined, now: plane.clock.now, log: silentLog },
  })
  while ((await jobs.consume(0)) > 0);
}
const hit = (): Report => ({ kind: 'hit', at: plane.clock.now(), practice: north, entry: 'office', count: 1 })
const flushBoth = () => Promise.all(gateways.map((reports) => reports.flush()))

const sums = () =>
  plane.store.read(async (rows) => {
    const hits = await rows.selectFrom('entry_hit').select('count').execute()
    const sources = await rows.selectFrom('report_source').select('lost').execute()
    const total = (list: readonly number[]): number => list.reduce((sum, n) => sum + Number(n), 0)
    return { hits: total(hits.map(({ count }) => count)), lost: total(sources.map(({ lost }) => lost)) }
  })

test('two gateways’ counts add up, through many entries', async () => {
  for (let n = 0; n < 1_200; n += 1) for (const reports of gateways) reports.add(hit())
  await flushBoth()
  await consumeAll()
  expect(await sums()).toEqual({ hits: 2_400, lost: 0 })
  expect(gateways.map((reports) => reports.counts())).toEqual(Array(2).fill({ dropped: 0, waiting: 0 }))
})

test('a store that is away under a flood costs a bounded queue, and what went is counted', async () => {
  way = 'away'
  for (let n = 0; n < 4_000; n += 1) {
    for (const reports of gateways) reports.add(hit())
    if (n % 500 === 0) await flushBoth()
    for (const reports of gateways) expect(reports.counts().waiting).toBeLessThanOrEqual(queueMax)
  }
  const dropped = gateways.map((reports) => reports.counts().dropped)
  expect(dropped).toEqual([2_500, 2_500])
  way = 'well'
  await flushBoth()
  await consumeAll()
  expect(await sums()).toEqual({ hits: 8_000 - 5_000, lost: 0 })
})

test('an entry that arrived without its confirmation is sent again and counts once', async () => {
  for (const reports of gateways) for (let n = 0; n < 700; n += 1) reports.add(hit())
  way = 'unconfirmed'
  await flushBoth()
  await flushBoth()
  way = 'well'
  for (const reports of gateways) reports.add(hit())
  await flushBoth()
  await consumeAll()
  expect(await sums()).toEqual({ hits: 1_402, lost: 0 })
})

test('a burst that fills many entries is taken whole', async () => {
  const at = plane.clock.now()
  const fact = {
    kind: 'fact',
    at,
    practice: north,
    user: 'usr_1',
    route: 'app GET /',
    assurance: 'password',
  } as const
  const refusal = {
    ...{ monitored: false, at, gateway: 'g', practice: north, user: 'usr_1', session: null },
    ...{ address: '198.51.100.7', upstream: 'app', method: 'GET', route: 'app GET /', verdict: 'deny' },
    ...{ reason: 'user-suspended', control: 'session', revision: 1, failing: ['user-suspended'] },
  }
  for (let n = 0; n < 10_000; n += 1) {
    gateways[0].add({ ...fact, address: `10.0.${n >> 8}.${n & 255}` })
    if (n % 3 === 0) gateways[1].add({ ...refusal, kind: 'refusal', code: `GH-${n}` })
    if (n % 1_000 === 0) await flushBoth()
  }
  await flushBoth()
  await consumeAll()
  const count = (table: 'traffic_fact' | 'decision_log') =>
    plane.store.read(async (rows) => {
      const found = await rows
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(found.count)
    })
  expect([await count('traffic_fact'), await count('decision_log')]).toEqual([10_000, 3_334])
})

test('an entry that the store forgot is noticed', async () => {
  gateways[0].add(hit())
  await flushBoth()
  way = 'forgetful'
  for (const reports of gateways) reports.add(hit())
  await flushBoth()
  way = 'well'
  for (const reports of gateways) reports.add(hit())
  await flushBoth()
  await consumeAll()
  expect(await sums()).toEqual({ hits: 3, lost: 2 })
})

test('a refusal that comes again is counted under its code, however often it is told', async () => {
  const directory = { practice: () => null, member: () => null, practicesOf: () => [], retired: () => null }
  const logs = gateways.map((reports, at) =>
    createVerdictLog({ gateway: `g${at}`, directory, reports, log: silentLog }),
  )
  const exchange = {
    ...{ method: 'GET', client: addressOf('198.51.100.7'), upstream: { id: 'app' } },
  } as unknown as Exchange
  const decision = plainDecision('user-suspended')
  const at = Math.floor(plane.clock.now() / 60_000) * 60_000
  const codes = new Set<string>()
  const knock = (times: number, since: number): void => {
    for (let n = 0; n < times; n += 1)
      for (const log of logs) codes.add(log.refused(exchange, null, decision, since + n))
  }
  knock(30, at)
  for (const log of logs) log.flush()
  way = 'unconfirmed'
  await flushBoth()
  way = 'well'
  knock(12, at + 1_000)
  for (const log of logs) log.flush()
  for (const log of logs) log.flush()
  await flushBoth()
  knock(5, at + 60_000)
  for (const log of logs) log.flush()
  await flushBoth()
  await consumeAll()
  const rows = await plane.store.read((tx) =>
    tx.selectFrom('decision_log').select(['code', 'count', 'last_at']).orderBy('minute').execute(),
  )
  expect(new Set(rows.map(({ code }) => code))).toEqual(codes)
  expect(rows.map(({ count }) => count)).toEqual([42, 42, 5, 5])
  expect(rows[0]?.last_at).toBe(at + 1_011)
})

test('a list of templates that is full counts the others together', async () => {
  const item = (template: string, count: number): Report => ({
    ...{ kind: 'unmapped', at: plane.clock.now(), upstream: 'app', method: 'GET', template, count },
  })
  await plane.store.transaction(async (tx) => {
    for (let first = 0; first < 9_999; first += 1_111)
      await tx
        .insertInto('unmapped_route')
        .values(
          Array.from({ length: 1_111 }, (_, n) => ({
            ...{ upstream: 'app', method: 'GET', template: `/t${first + n}`, odd: '' },
            ...{ count: 1, first_at: 0, last_at: 0 },
          })),
        )
        .execute()
  })
  for (const [template, count] of [
    ['/new', 2],
    ['/newer', 3],
    ['/newest', 4],
    ['/new', 5],
    ['/t1', 6],
  ] as const)
    gateways[0].add(item(template, count))
  gateways[0].add({ ...item('/new', 7), odd: 'encoded-slash' } as Report)
  await flushBoth()
  await consumeAll()
  const rows = await plane.store.read((tx) =>
    tx.selectFrom('unmapped_route').select(['template', 'odd', 'count']).where('count', '>', 1).execute(),
  )
  const found = rows.map(({ template, odd, count }) => `${template} ${odd} ${count}`).sort()
  expect(found).toEqual(['(others)  7', '(others) encoded-slash 7', '/new  7', '/t1  7'])
})
