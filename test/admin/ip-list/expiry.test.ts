/**
 * Goal: an expired entry is told of once, whoever tells, and its last match is known long after its counts are gone.
 * Method: the jobs called on a real database under a clock of ours, two at once and after a pause.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tellExpired } from '../../../admin/ip-list/expiry.ts'
import { editPolicy } from '../../../admin/policy-edit.ts'
import { forgetHits, readEntryUse } from '../../../admin/store/entry-hits.ts'
import { listEvents } from '../../../admin/store/events.ts'
import type { IpEntry } from '../../../policies/document.ts'
import { createPracticeStore, north, type PracticeStore, south } from '../practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const minute = 60_000
const entry = (id: string, expiresAt: number | null, on = true): IpEntry => ({
  ...{ id, range: '203.0.113.7/32', label: `Network ${id}`, audience: 'practice', on, note: '' },
  ...{ createdBy: 'First admin', createdAt: plane.clock.now(), expiresAt },
})
const save = async (practice: string, ...entries: IpEntry[]) => {
  const saved = await editPolicy(plane.store, {
    ...{ practice, ifRevision: null, deed: plane.deed() },
    change: (document) => ({ ...document, ipEntries: [...document.ipEntries, ...entries] }),
  })
  expect(saved.outcome).toBe('saved')
}
const told = async (practice: string) => {
  const filter = { practice, type: 'ip-entry.expired' }
  const events = await plane.store.read((rows) => listEvents(rows, filter, { countMax: 10, before: null }))
  return events.map(({ target, after, actor }) => [actor.id, target?.name, Object(after).entries.length])
}

test('each expiry is told of once, by one of two control planes, in its own practice, switched-off ones never', async () => {
  const at = plane.clock.now()
  await save(north, entry('a', at + minute), entry('b', at + 3 * minute), entry('c', at + 3 * minute))
  await save(north, entry('off', at + minute, false), entry('never', null))
  await save(south, entry('z', at + 3 * minute))
  expect(await tellExpired(plane.store, at)).toBe(0)
  expect(await tellExpired(plane.store, at + minute - 1)).toBe(0)
  const both = await Promise.all([1, 2].map(() => tellExpired(plane.store, at + minute)))
  expect(both.sort()).toEqual([0, 1])
  // A pause of the control plane loses nothing.
  expect(await tellExpired(plane.store, at + 60 * minute)).toBe(3)
  expect(await tellExpired(plane.store, at + 61 * minute)).toBe(0)
  expect(await told(north)).toEqual([
    ['gatehouse', 'Practice north', 2],
    ['gatehouse', 'Network a', 1],
  ])
  expect(await told(south)).toEqual([['gatehouse', 'Network z', 1]])
})

test('old counts are forgotten, but the last match of each entry', async () => {
  const hit = (one: string, day: number) => ({ practice: north, entry: one, day, count: 1, last_at: day })
  const hits = [hit('a', 1), hit('a', 500), hit('a', 600), hit('b', 500), hit('b', 990), hit('c', 100)]
  await plane.store.read((rows) => rows.insertInto('entry_hit').values(hits).execute())
  const forgotten = await plane.store.read((rows) => forgetHits(rows, 970, 570))
  expect(Number(forgotten.numDeletedRows)).toBe(4)
  const use = await plane.store.read((rows) => readEntryUse(rows, north, 1_000 * 86_400_000))
  expect([...use].map(([id, { lastAt }]) => [id, lastAt]).sort()).toEqual([
    ['a', 600],
    ['b', 990],
  ])
})
