/**
 * Goal: a saved policy is compiled once, and what is kept of it is never anything but what lies in the database.
 * Method: edits on a real database, committed and taken back; rows changed under it; and the bounded memory by itself.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compiledPoliciesOf } from '../../admin/compiled-policies.ts'
import { createKept } from '../../admin/kept.ts'
import { type EditOutcome, editPolicy, editPolicyIn, type PolicyEdit } from '../../admin/policy-edit.ts'
import { createPracticeStore, north, type PracticeStore, south } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const contact = (text: string): PolicyEdit => ({
  ...{ practice: north, ifRevision: null, deed: plane.deed() },
  change: (document) => ({ ...document, requests: { ...document.requests, contact: text } }),
})
const read = async (practice = north, revision?: number) => {
  const kept = compiledPoliciesOf(plane.store)
  const found = await plane.store.read((rows) => kept.read(rows, practice, plane.clock.now(), revision))
  if (!found?.ok) throw new Error('no policy')
  return found.value
}
const savedOf = (outcome: EditOutcome) => {
  if (outcome.outcome !== 'saved') throw new Error(outcome.outcome)
  return outcome
}

test('whoever asks first has it compiled, and whoever saved it needs not ask', async () => {
  const first = await read()
  expect((await read()).compiled).toBe(first.compiled)
  expect((await read(south)).compiled.document.practice.id).toBe(south)
  const saved = savedOf(await editPolicy(plane.store, contact('kept')))
  expect((await read()).compiled).toBe(saved.compiled)
  expect(await read()).toMatchObject({ revision: saved.revision, confirmBy: null, authorName: 'First admin' })
  // An older one is compiled for whoever wants it and does not take the newest one's place.
  expect((await read(north, first.revision)).compiled.document).toEqual(first.compiled.document)
  expect((await read()).compiled).toBe(saved.compiled)
  expect(
    await plane.store.read((rows) => compiledPoliciesOf(plane.store).read(rows, 'nowhere', 0)),
  ).toBeNull()
})

test('an edit that is taken back leaves nothing, and the next one under its number is its own', async () => {
  const before = await read()
  const undone = new Error('the larger change failed')
  await expect(
    plane.store.transaction(async (tx) => {
      savedOf(await editPolicyIn(tx, contact('never'), compiledPoliciesOf(plane.store)))
      throw undone
    }),
  ).rejects.toBe(undone)
  expect((await read()).compiled).toBe(before.compiled)
  const saved = savedOf(await editPolicy(plane.store, contact('instead')))
  expect(saved.revision).toBe(before.revision + 1)
  expect((await read()).compiled.document.requests.contact).toBe('instead')
})

test('an edit starts from what is kept and cannot change it', async () => {
  const before = (await read()).compiled
  const text = JSON.stringify(before)
  await editPolicy(plane.store, {
    ...contact(''),
    change: (document) => {
      document.requests.contact = 'written into the given document'
      return document
    },
  })
  expect(JSON.stringify(before)).toBe(text)
  expect((await read()).compiled.document.requests.contact).toBe('written into the given document')
})

test('after an hour it is compiled anew, and so is the same number of a restored database', async () => {
  const before = (await read()).compiled
  plane.clock.advance(3_600_000)
  const later = (await read()).compiled
  expect(later.compiledAt).toBe(before.compiledAt + 3_600_000)
  await plane.store.read((rows) =>
    rows
      .updateTable('policy_revision')
      .set((eb) => ({ saved_at: eb('saved_at', '-', 5) }))
      .where('practice', '=', north)
      .execute(),
  )
  expect((await read()).compiled).not.toBe(later)
})

test('a memory gives up what was least lately asked for, and keeps the newest however heavy', () => {
  const kept = createKept<number>({ countMax: 3, weightMax: 10, weightOf: (value) => value })
  for (const [key, value] of [['a', 1] as const, ['b', 2] as const, ['c', 3] as const]) kept.keep(key, value)
  expect(kept.find('a')).toBe(1)
  kept.keep('d', 4)
  expect(['a', 'b', 'c', 'd'].map((key) => kept.find(key))).toEqual([1, null, 3, 4])
  kept.keep('e', 6)
  expect(['a', 'c', 'd', 'e'].map((key) => kept.find(key))).toEqual([null, null, 4, 6])
  kept.keep('f', 99)
  expect(['d', 'e', 'f'].map((key) => kept.find(key))).toEqual([null, null, 99])
  kept.keep('f', 1)
  kept.keep('g', 9)
  expect(['f', 'g'].map((key) => kept.find(key))).toEqual([1, 9])
})
