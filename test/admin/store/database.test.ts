/**
 * Goal: the store says what failed as a fault and is well again by itself; lost races are run again.
 * Method: a real database whose connections an operator cuts.
 */

import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPublisher } from '../../../admin/publish.ts'
import { openStore } from '../../../admin/store/database.ts'
import { appendEvent } from '../../../admin/store/events.ts'
import { isFault } from '../../../runtime/fault.ts'
import { createMemoryHotStore } from '../../../runtime/hot-store-memory.ts'
import { silentLog } from '../../../runtime/log.ts'
import { freePort } from '../../support/free-port.ts'
import { createPracticeStore, type PracticeStore } from '../practice-store.ts'

let plane: PracticeStore
let operator: pg.Client
beforeAll(async () => {
  plane = await createPracticeStore()
  operator = new pg.Client({ connectionString: plane.url })
  await operator.connect()
})
afterAll(async () => {
  await operator?.end()
  await plane?.close()
})

const cut = (application: string) =>
  operator.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1',
    [application],
  )

const faultOf = async (work: Promise<unknown>) => {
  const error: unknown = await work.catch((caught: unknown) => caught)
  return isFault(error) ? { source: error.source, kind: error.kind, retry: error.retry } : error
}

test('a server that is not there is unreachable; a password in the message never leaves', async () => {
  const store = openStore({ url: `postgres://gate:geheim@127.0.0.1:${await freePort()}/nothing`, poolMax: 1 })
  const error: unknown = await store
    .read((rows) => rows.selectFrom('practice').selectAll().execute())
    .catch((caught: unknown) => caught)
  expect(isFault(error) && [error.source, error.kind, error.message.includes('geheim')]).toEqual([
    'database',
    'unreachable',
    false,
  ])
  await store.close()
})

test('connections cut by the server: a running transaction is a fault, the next call works', async () => {
  const running = plane.store.transaction(async (tx) => {
    await cut('gatehouse')
    return tx.selectFrom('practice').selectAll().execute()
  })
  expect(await faultOf(running)).toEqual({ source: 'database', kind: 'reset', retry: 'fresh-connection' })
  expect(await plane.store.read((rows) => rows.selectFrom('practice').select('id').execute())).toHaveLength(2)
})

test('a wrong query is our mistake, not a fault', async () => {
  const wrong = plane.store.read((rows) =>
    rows
      .selectFrom('practice')
      .select('no_such' as 'id')
      .execute(),
  )
  expect(isFault(await wrong.catch((error: unknown) => error))).toBe(false)
})

test.each([
  ['53100', 'full'],
  ['53200', 'full'],
  ['53300', 'full'],
  ['57P03', 'unreachable'],
])(
  'a server that says %s is a fault that may pass (%s), and nothing of the transaction stays',
  async (code, kind) => {
    const failing = plane.store.transaction(async (tx) => {
      await appendEvent(tx, {
        ...plane.deed(),
        ...{ practice: 'full', action: 'test.full', target: null, before: null, after: null },
      })
      await sql`do ${sql.raw(`$$ begin raise exception 'no space left on device' using errcode = '${code}'; end $$`)}`.execute(
        tx,
      )
    })
    expect(await faultOf(failing)).toEqual({ source: 'database', kind, retry: 'yes' })
    const heads = await plane.store.read((rows) =>
      rows.selectFrom('event_head').select('seq').where('practice', '=', 'full').execute(),
    )
    expect(heads).toEqual([])
  },
)

test('transactions that append to two chains crosswise are run again until both are in', async () => {
  const both = (first: string, second: string) =>
    plane.store.transaction(async (tx) => {
      for (const practice of [first, second])
        await appendEvent(tx, {
          ...plane.deed(),
          practice,
          action: 'test.crossed',
          target: null,
          before: null,
          after: null,
        })
    })
  await Promise.all([
    both('left', 'right'),
    both('right', 'left'),
    both('left', 'right'),
    both('right', 'left'),
  ])
  const heads = await plane.store.read((rows) =>
    rows
      .selectFrom('event_head')
      .select(['practice', 'seq'])
      .where('practice', 'in', ['left', 'right'])
      .orderBy('practice')
      .execute(),
  )
  expect(heads).toEqual([
    { practice: 'left', seq: 4 },
    { practice: 'right', seq: 4 },
  ])
})

test('a publisher whose connection is cut leads again at a later tick', async () => {
  const hotStore = createMemoryHotStore({ now: plane.clock.now })
  const publisher = createPublisher({
    store: plane.store,
    hotStore,
    signer: plane.signer,
    now: plane.clock.now,
    log: silentLog,
  })
  await publisher.tick()
  expect(publisher.status().leading).toBe(true)
  await cut('gatehouse publisher')
  await plane.signIn('ada')
  await expect
    .poll(async () => {
      await publisher.tick()
      const { leading, sequence, acknowledged } = publisher.status()
      return leading && sequence === acknowledged
    })
    .toBe(true)
  await publisher.close()
})
