/**
 * Goal: the audit chain has one order, keeps no secret, cannot be changed by the plane, and shows any tampering.
 * Method: events through `appendEvent`, then SQL as the owner with the triggers switched off.
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listChains, verifyChain } from '../../../admin/store/event-chain.ts'
import { writeCheckpoints } from '../../../admin/store/event-checkpoints.ts'
import { appendEvent, eventHash, listEvents } from '../../../admin/store/events.ts'
import { createPracticeStore, type PracticeStore } from '../practice-store.ts'

let plane: PracticeStore
let client: pg.Client
beforeAll(async () => {
  plane = await createPracticeStore()
  client = new pg.Client({ connectionString: plane.url })
  await client.connect()
})
afterAll(async () => {
  await client?.end()
  await plane?.close()
})

const append = (
  practice: string | null,
  action: string,
  more: { before?: unknown; after?: unknown; target?: string } = {},
) =>
  plane.store.transaction((tx) =>
    appendEvent(tx, {
      ...plane.deed(),
      practice,
      action,
      target: { kind: 'thing', id: more.target ?? 't1', name: 'Thing' },
      before: more.before ?? null,
      after: more.after ?? null,
    }),
  )

const chainOf = async (name: string, count = 5): Promise<string> => {
  for (let n = 1; n <= count; n += 1) await append(name, 'test.done', { after: { n } })
  return name
}

const check = (practice: string | null) => verifyChain(plane.store, practice, plane.signer.publicKey)

/** Runs SQL as somebody who owns the tables and has switched their triggers off. */
const tamper = async (sql: string): Promise<void> => {
  const tables = ['security_event', 'event_head', 'event_checkpoint']
  for (const table of tables) await client.query(`alter table ${table} disable trigger all`)
  await client.query(sql)
  for (const table of tables) await client.query(`alter table ${table} enable trigger all`)
}

test('fifty at once make one chain of fifty, in one order', async () => {
  const made = await Promise.all(
    Array.from({ length: 50 }, (_, n) => append('crowd', 'test.done', { after: { n } })),
  )
  expect(made.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 50 }, (_, n) => n + 1),
  )
  expect(await check('crowd')).toMatchObject({ ok: true, checked: 50, brokenAt: null })
})

test('an event of a transaction that fails is not there, and leaves no gap', async () => {
  await append('rolled', 'test.done')
  const failing = plane.store.transaction(async (tx) => {
    await appendEvent(tx, {
      ...plane.deed(),
      practice: 'rolled',
      action: 'test.failed',
      target: null,
      before: null,
      after: null,
    })
    throw new Error('on purpose')
  })
  await expect(failing).rejects.toThrow('on purpose')
  expect(await append('rolled', 'test.done')).toMatchObject({ seq: 2 })
  expect(await check('rolled')).toMatchObject({ ok: true, checked: 2 })
})

test('secrets are redacted wherever they stand, other words are kept', async () => {
  await append('secrets', 'test.done', {
    before: { password: 'hunter2', nested: { list: [{ apiToken: 'abc' }], tokens: 3 } },
    after: { 'user.cookieHash': 'xyz', code: null, label: 'Office', odd: '\0\uD800' },
  })
  const [event] = await plane.store.read((rows) =>
    listEvents(rows, { practice: 'secrets' }, { countMax: 1, before: null }),
  )
  expect(event?.before).toEqual({
    password: '[redacted]',
    nested: { list: [{ apiToken: '[redacted]' }], tokens: 3 },
  })
  expect(event?.after).toEqual({
    'user.cookieHash': '[redacted]',
    code: null,
    label: 'Office',
    odd: '\uFFFD',
  })
  expect(await check('secrets')).toMatchObject({ ok: true })
})

test('events are found by type, actor, target and time, from either end', async () => {
  await append('filters', 'test.entry.added', { target: 'a' })
  await append('filters', 'test.entry.removed', { target: 'b' })
  await append('filters', 'test.entryway.built', { target: 'a' })
  const find = async (filter: object, page = { countMax: 10, before: null as number | null }) => {
    const found = await plane.store.read((rows) => listEvents(rows, { practice: 'filters', ...filter }, page))
    return found.map(({ seq }) => seq)
  }
  expect(await find({})).toEqual([3, 2, 1])
  expect(await find({ type: 'test.entry' })).toEqual([2, 1])
  expect(await find({ type: 'test.entry.added' })).toEqual([1])
  expect(await find({ target: 'a' })).toEqual([3, 1])
  expect(await find({ actor: 'adm_1', from: plane.clock.now() })).toEqual([3, 2, 1])
  expect(await find({ actor: 'adm_2' })).toEqual([])
  expect(await find({ to: plane.clock.now() })).toEqual([])
  expect(await find({}, { countMax: 1, before: 3 })).toEqual([2])
  const onward = await plane.store.read((rows) =>
    listEvents(rows, { practice: 'filters' }, { countMax: 2, after: 1 }),
  )
  expect(onward.map(({ seq }) => seq)).toEqual([2, 3])
})

test.each([
  'update security_event set actor_name = $$Nobody$$',
  'delete from security_event',
  'truncate security_event',
])('the database itself refuses: %s', async (sql) => {
  await append('kept', 'test.done')
  await expect(client.query(sql)).rejects.toThrow(/append-only/)
})

test('a removed head or a changed checkpoint is refused too', async () => {
  await append('kept', 'test.done')
  await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  await expect(client.query('delete from event_head')).rejects.toThrow(/append-only/)
  await expect(client.query('update event_checkpoint set seq = seq + 1')).rejects.toThrow(/append-only/)
})

const where = (name: string) => `where practice = '${name}'`

test.each([
  [
    'an altered event',
    'altered',
    `update security_event set body = replace(body, '"n":3', '"n":4') ${where('altered')} and seq = 3`,
    [3, 'event 3 was altered'],
  ],
  [
    'an altered column beside it',
    'column',
    `update security_event set actor_name = 'Somebody' ${where('column')} and seq = 2`,
    [2, 'a column of event 2 was altered'],
  ],
  [
    'an altered time',
    'time',
    `update security_event set at = at + 1 ${where('time')} and seq = 4`,
    [4, 'a column of event 4 was altered'],
  ],
  [
    'a deleted event',
    'gap',
    `delete from security_event ${where('gap')} and seq = 3`,
    [3, 'event 3 is missing: it was deleted'],
  ],
  [
    'a deleted event whose number the next ones took',
    'closed',
    `delete from security_event ${where('closed')} and seq = 3;
     update security_event set seq = 3 ${where('closed')} and seq = 4;
     update security_event set seq = 4 ${where('closed')} and seq = 5`,
    [3, 'event 3 was written as number 4: re-ordered'],
  ],
  [
    'a chain cut short',
    'cut',
    `delete from security_event ${where('cut')} and seq >= 4`,
    [4, 'event 4 is missing: the chain was cut short'],
  ],
  [
    'a chain emptied',
    'emptied',
    `delete from security_event ${where('emptied')}`,
    [1, 'event 1 is missing: the chain was cut short'],
  ],
  [
    'two events that changed places',
    'swapped',
    `update security_event set seq = case seq when 2 then -3 else -2 end ${where('swapped')} and seq in (2, 3);
     update security_event set seq = -seq ${where('swapped')} and seq < 0`,
    [2, 'event 2 was written as number 3: re-ordered'],
  ],
  [
    'a head set back',
    'headless',
    `update event_head set seq = 4 ${where('headless')}`,
    [5, 'the head of the chain does not fit its last event'],
  ],
] as const)('%s is found where it is, and named', async (_what, name, change, [brokenAt, why]) => {
  await client.query('alter table security_event drop constraint if exists security_event_seq_check')
  await chainOf(name)
  expect(await check(name)).toMatchObject({ ok: true, checked: 5 })
  await tamper(change)
  expect(await check(name)).toMatchObject({ ok: false, brokenAt, why })
})

test('a chain cut together with its head is found by the signed checkpoint', async () => {
  await chainOf('cut-whole')
  await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  await tamper(`delete from security_event where practice = 'cut-whole' and seq = 5;
    update event_head set seq = 4, checkpoint_seq = 0,
      hash = (select hash from security_event where practice = 'cut-whole' and seq = 4) where practice = 'cut-whole'`)
  expect(await check('cut-whole')).toMatchObject({
    ok: false,
    brokenAt: 5,
    why: expect.stringContaining('checkpoint'),
  })
})

test('a chain rewritten whole, hashes and head and all, is found by the signed checkpoint', async () => {
  await chainOf('rewritten', 3)
  await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  const { rows } = await client.query(
    "select seq, body from security_event where practice = 'rewritten' order by seq",
  )
  let prev = ''
  for (const row of rows) {
    const said = JSON.parse(row.body)
    const body = row.body.replace(JSON.stringify(said.prev), JSON.stringify(prev)).replace('"n":2', '"n":9')
    const hash = eventHash(body)
    await tamper(
      `update security_event set body = $$${body}$$, prev_hash = '${prev}', hash = '${hash}' where practice = 'rewritten' and seq = ${row.seq}`,
    )
    prev = hash
  }
  await tamper(`update event_head set hash = '${prev}' where practice = 'rewritten'`)
  expect(await check('rewritten')).toMatchObject({
    ok: false,
    brokenAt: 3,
    why: expect.stringContaining('rewritten'),
  })
  await tamper(`update event_checkpoint set hash = '${prev}' where practice = 'rewritten'`)
  expect(await check('rewritten')).toMatchObject({
    ok: false,
    why: expect.stringContaining('not signed by us'),
  })
  await tamper("delete from event_checkpoint where practice = 'rewritten'")
  expect(await check('rewritten')).toMatchObject({ ok: false, why: expect.stringContaining('is missing') })
})

test('checkpoints are made of heads that moved, once', async () => {
  await append('pointed', 'test.done')
  expect(await writeCheckpoints(plane.store, plane.signer, plane.clock.now())).toBeGreaterThan(0)
  expect(await writeCheckpoints(plane.store, plane.signer, plane.clock.now())).toBe(0)
  await append(null, 'test.done')
  expect(await writeCheckpoints(plane.store, plane.signer, plane.clock.now())).toBe(1)
  expect(await check(null)).toMatchObject({ ok: true })
  expect(await plane.store.read(listChains)).toContain('~gateway')
})

test('a practice without events is whole', async () => {
  expect(await check('never-heard-of')).toMatchObject({ ok: true, checked: 0 })
})
