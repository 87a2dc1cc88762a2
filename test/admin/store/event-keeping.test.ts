/**
 * Goal: events go only when kept their time, by whole segments, under a signed anchor, never under a legal hold; chains stay whole.
 * Method: a real database under a clock that jumps years; SQL of an attacker, as a plane and as the tables' owner.
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkNextChain, verifyChain } from '../../../admin/store/event-chain.ts'
import { listNewestCheckpoints, writeCheckpoints } from '../../../admin/store/event-checkpoints.ts'
import { forgetEvents, readRetention, saveRetention } from '../../../admin/store/event-retention.ts'
import { leaseStream, moveStream } from '../../../admin/store/event-streams.ts'
import { appendEvent, listEvents } from '../../../admin/store/events.ts'
import { createPracticeStore, type PracticeStore } from '../practice-store.ts'

const yearMs = 31_556_952_000

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

const append = async (practice: string, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1)
    await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...plane.deed(),
        ...{ practice, action: 'policy.edited', target: null, before: null, after: { n } },
      }),
    )
}
const sign = () => writeCheckpoints(plane.store, plane.signer, plane.clock.now())
const forget = (practice: string) =>
  forgetEvents(plane.store, { signer: plane.signer, streams: [] }, practice, plane.clock.now())
const check = (practice: string) => verifyChain(plane.store, practice, plane.signer.publicKey)
const numbersOf = async (practice: string) => {
  const events = await plane.store.read((rows) => listEvents(rows, { practice }, { countMax: 99, after: 0 }))
  return events.map(({ seq, action }) => (action === 'policy.edited' ? seq : `${seq} ${action}`))
}
const choose = (practice: string, from: number, years: number, held: boolean) =>
  saveRetention(plane.store, { practice, from, years, held, heldWhy: 'a lawsuit', deed: plane.deed() })
const tamper = async (sql: string): Promise<void> => {
  await client.query('set session_replication_role = replica')
  await client.query(sql)
  await client.query('set session_replication_role = origin')
}

test('whole segments go after their years, and the chain that is left is whole', async () => {
  await append('aged', 3)
  await sign()
  plane.clock.advance(yearMs)
  await append('aged', 2)
  await sign()
  plane.clock.advance(5 * yearMs - 1)
  expect(await forget('aged')).toBe(0)
  plane.clock.advance(1)
  await append('aged', 1)
  expect(await forget('aged')).toBe(3)
  expect(await numbersOf('aged')).toEqual([4, 5, 6, '7 events.forgotten'])
  expect(await check('aged')).toMatchObject({
    ...{ ok: true, checked: 4, upTo: 7 },
    why: expect.stringContaining('4 events after number 3'),
  })
  plane.clock.advance(yearMs)
  expect(await forget('aged')).toBe(2)
  expect(await numbersOf('aged')).toEqual([6, '7 events.forgotten', '8 events.forgotten'])
  expect(await check('aged')).toMatchObject({ ok: true, checked: 3 })
})

test('what a stream has not got waits for it, with an event, thirty days and no longer', async () => {
  const day = 86_400_000
  const streams = [{ name: 'siem', practices: 'all' } as const, { name: 'other', practices: ['elsewhere'] }]
  const forgetFor = (practice: string) =>
    forgetEvents(plane.store, { signer: plane.signer, streams }, practice, plane.clock.now())
  const moved = (practice: string, seq: number) =>
    plane.store.read((rows) =>
      moveStream(rows, 'siem', { practice, seq, checkpointSeq: 0 }, plane.clock.now()),
    )
  await leaseStream(plane.store, 'siem', plane.clock.now(), 1)
  for (const practice of ['late', 'lost']) await append(practice, 2)
  await sign()
  plane.clock.advance(6 * yearMs)
  for (const practice of ['late', 'lost'])
    expect([await forgetFor(practice), await forgetFor(practice)]).toEqual([0, 0])
  expect(await numbersOf('late')).toEqual([1, 2, '3 events.forgetting-waits'])
  await moved('late', 2)
  expect(await forgetFor('late')).toBe(2)
  plane.clock.advance(30 * day - 1)
  expect(await forgetFor('lost')).toBe(0)
  plane.clock.advance(1)
  expect(await forgetFor('lost')).toBe(2)
  const [, last] = await plane.store.read((rows) =>
    listEvents(rows, { practice: 'lost' }, { countMax: 2, after: 2 }),
  )
  expect(last).toMatchObject({ action: 'events.forgotten', after: { count: 2, undelivered: ['siem'] } })
  expect(await check('lost')).toMatchObject({ ok: true })
})

test('a segment with one event that is young enough stays whole, even if a clock stood wrong', async () => {
  await append('mixed', 1)
  plane.clock.advance(2 * yearMs)
  await append('mixed', 1)
  plane.clock.advance(-2 * yearMs)
  await append('mixed', 1)
  await sign()
  plane.clock.advance(7 * yearMs)
  expect(await forget('mixed')).toBe(0)
  expect(await numbersOf('mixed')).toEqual([1, 2, 3])
})

test('under a legal hold nothing goes, by no way; each choice is an event', async () => {
  await append('held', 2)
  await sign()
  expect(await choose('held', 1, 1, true)).toMatchObject({ outcome: 'saved' })
  expect(await choose('held', 1, 2, false)).toMatchObject({ outcome: 'conflict', current: { version: 2 } })
  plane.clock.advance(50 * yearMs)
  expect(await forget('held')).toBe(0)
  await expect(anchorBySql('held', 2)).rejects.toThrow(/legal hold/)
  expect(await choose('held', 2, 1, false)).toMatchObject({ outcome: 'saved' })
  expect(await plane.store.read((rows) => readRetention(rows, 'held'))).toMatchObject({
    years: 1,
    heldWhy: '',
  })
  expect(await forget('held')).toBe(2)
  expect(await numbersOf('held')).toEqual([
    '3 events.retention-changed',
    '4 events.retention-changed',
    '5 events.forgotten',
  ])
})

const anchorBySql = (practice: string, seq: number) =>
  client.query(
    `insert into event_anchor (practice, seq, hash, count, at, signature)
     select practice, seq, hash, 1, $3, 'forged' from security_event where practice = $1 and seq = $2`,
    [practice, seq, plane.clock.now()],
  )

test('SQL of the plane cannot delete early: not without an anchor, nor by one for young or half segments', async () => {
  await append('young', 3)
  await sign()
  await append('young', 1)
  await expect(client.query("delete from security_event where practice = 'young'")).rejects.toThrow(
    /append-only/,
  )
  await expect(client.query("delete from event_checkpoint where practice = 'young'")).rejects.toThrow(
    /append-only/,
  )
  await expect(anchorBySql('young', 3)).rejects.toThrow(/kept longer/)
  await expect(anchorBySql('young', 2)).rejects.toThrow(/not the last of a segment/)
  await expect(client.query("update event_anchor set seq = 9 where practice = 'aged'")).rejects.toThrow(
    /append-only/,
  )
  await expect(choose('young', 1, 0, false)).rejects.toThrow(/event_retention_years_check/)
})

test('an anchor that is not signed by us, and a forgotten event that is put back, are found', async () => {
  await append('anchored', 3)
  await sign()
  const { rows } = await client.query("select * from security_event where practice = 'anchored' and seq = 2")
  plane.clock.advance(7 * yearMs)
  await append('anchored', 1)
  expect(await forget('anchored')).toBe(3)
  const row = rows[0] as { body: string; hash: string; at: number }
  await client.query(
    `insert into security_event (practice, seq, at, action, origin, actor_kind, actor_id, actor_name, prev_hash, hash, body)
     values ('anchored', 2, $1, 'policy.edited', 'ui', 'admin', 'adm_1', 'First admin', '', $2, $3)`,
    [row.at, row.hash, row.body],
  )
  expect(await check('anchored')).toMatchObject({
    ...{ ok: false, brokenAt: 2, why: 'event 2 was forgotten, and is there again: it was put back' },
  })
  await tamper(`delete from security_event where practice = 'anchored' and seq = 2;
    update event_anchor set count = 2 where practice = 'anchored'`)
  expect(await check('anchored')).toMatchObject({
    ...{ ok: false, brokenAt: 3, why: 'that events up to 3 were forgotten is not signed by us' },
  })
})

test('a chain rewritten together with everything beside it is found by the checkpoint kept elsewhere', async () => {
  await append('outside', 4)
  await sign()
  const kept = await plane.store.read(listNewestCheckpoints)
  const checkKept = () => verifyChain(plane.store, 'outside', plane.signer.publicKey, kept)
  expect(await checkKept()).toMatchObject({ ok: true, checked: 4 })
  await tamper(`delete from event_checkpoint where practice = 'outside';
    delete from security_event where practice = 'outside' and seq = 4;
    update event_head set checkpoint_seq = 0, checkpoint_at = 0, seq = 3,
      hash = (select hash from security_event where practice = 'outside' and seq = 3) where practice = 'outside'`)
  expect(await check('outside')).toMatchObject({ ok: true, checked: 3 })
  expect(await checkKept()).toMatchObject({
    ...{ ok: false, brokenAt: 4, why: 'a checkpoint kept elsewhere names event 4: the chain was cut short' },
  })
  await append('outside', 1)
  expect(await checkKept()).toMatchObject({
    ...{ ok: false, brokenAt: 4 },
    why: 'event 4 is not the one of the checkpoint kept elsewhere: the chain was rewritten',
  })
})

test('checkpoints are hourly, earlier for a chain that grows fast or after a clock that stood ahead', async () => {
  await sign()
  const hourly = () => writeCheckpoints(plane.store, plane.signer, plane.clock.now(), 3_600_000)
  await append('hourly', 1)
  expect(await hourly()).toBe(1)
  await append('hourly', 1)
  plane.clock.advance(3_599_999)
  expect(await hourly()).toBe(0)
  plane.clock.advance(1)
  expect(await hourly()).toBe(1)
  await append('hourly', 1)
  plane.clock.advance(-yearMs)
  expect(await hourly()).toBe(1)
  await client.query("update event_head set seq = seq + 1000 where practice = 'hourly'")
  expect(await hourly()).toBe(1)
})

test('each chain is checked once a day, the longest unchecked first, and what was found is kept', async () => {
  const next = () => checkNextChain(plane.store, plane.signer.publicKey, plane.clock.now(), 86_400_000)
  const checked = new Set<string>()
  for (let found = await next(); found !== null; found = await next()) {
    expect(checked.has(found.practice)).toBe(false)
    checked.add(found.practice)
  }
  expect(checked.size).toBeGreaterThan(5)
  const { rows } = await client.query("select ok, broken_at from event_check where practice = 'outside'")
  expect(rows).toHaveLength(1)
  plane.clock.advance(86_400_000)
  expect(await next()).not.toBeNull()
})
