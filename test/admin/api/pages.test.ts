/**
 * Goal: a list reads a page and not the practice, however many there are; the list of practices unpacks no document.
 * Method: a practice of 260 people and 40 practices more, asked through the store with every query and row counted.
 */
import type { KyselyPlugin } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPolicyViews } from '../../../admin/api/policy-views.ts'
import type { Store } from '../../../admin/store/database.ts'
import { readMemberPage } from '../../../admin/store/member-pages.ts'
import { listPracticeHeads } from '../../../admin/store/practices.ts'
import { type Amounts, crowd, seedDatabase } from '../../../bench/admin-seed.ts'
import { createPracticeStore, type PracticeStore } from '../practice-store.ts'

const amounts: Amounts = {
  ...{ practices: 40, users: 400, crowdUsers: 260, events: 80, crowdEvents: 2, crowdEntries: 30 },
  ...{ wideEntries: 60, entriesEach: 2, refusals: 4, sessions: 4, requests: 4, facts: 4 },
}

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
  await seedDatabase(plane.store, amounts, plane.clock.now())
})
afterAll(() => plane?.close())

/** The store, counting. */
const counting = () => {
  const counts = { queries: 0, rows: 0 }
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      counts.queries += 1
      return node
    },
    transformResult: async ({ result }) => {
      counts.rows += result.rows.length
      return result
    },
  }
  const store: Store = {
    ...plane.store,
    read: (work) => plane.store.read((rows) => work(rows.withPlugin(plugin))),
  }
  return { counts, store }
}

test('a page of members reads a page of rows, and pages put together are everybody once, in order', async () => {
  const names: string[] = []
  let cursor: string | undefined
  for (let pages = 1; ; pages += 1) {
    const { counts, store } = counting()
    const query = { practice: crowd, limit: 50, cursor }
    const page = await store.read((rows) => readMemberPage(rows, query))
    if (page === 'lost' || page === 'unknown') throw new Error(page)
    expect(counts.queries).toBeLessThanOrEqual(4)
    expect(counts.rows).toBeLessThanOrEqual(50 + 4)
    expect(page.total).toBe(260)
    names.push(...page.members.map(({ name }) => name))
    if (page.nextCursor === null) {
      expect(pages).toBe(6)
      break
    }
    cursor = page.nextCursor
  }
  expect(new Set(names).size).toBe(260)
  expect(names).toEqual(names.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)))
})

test('a search is counted and paged alike, and takes no character for a pattern', async () => {
  const search = (text: string) =>
    plane.store.read((rows) => readMemberPage(rows, { practice: crowd, text, limit: 5 }))
  expect(await search('PERSON-25')).toMatchObject({ total: 11, members: { length: 5 } })
  expect(await search('%')).toMatchObject({ total: 0, nextCursor: null })
  const gone = { practice: crowd, limit: 5, cursor: 'usr_nobody' }
  expect(await plane.store.read((rows) => readMemberPage(rows, gone))).toBe('lost')
})

test('practices are listed by one query, and kept policies are found by one', async () => {
  const { counts, store } = counting()
  const heads = await store.read(listPracticeHeads)
  expect([heads.length, counts.queries]).toEqual([42, 1])
  expect(heads.find(({ id }) => id === crowd)).toMatchObject({
    zone: 'America/Chicago',
    controls: { ip: { mode: 'off' } },
  })
  const views = createPolicyViews(store, plane.clock.now)
  const ids = heads.map(({ id }) => id)
  const first = await views.readMany([...ids, 'no-such-practice'])
  expect(first.size).toBe(42)
  counts.queries = 0
  expect((await views.readMany(ids)).get(crowd)).toBe(first.get(crowd))
  expect(counts.queries).toBe(1)
  counts.queries = 0
  const [one, other] = await Promise.all([views.read(crowd), views.read(crowd)])
  expect([one === other, counts.queries]).toEqual([true, 2])
})

test('a restored database that counts the same revision again is shown as it is now', async () => {
  const views = createPolicyViews(plane.store, plane.clock.now)
  const before = await views.read(crowd)
  const { roles } = before.document
  expect(roles.length).toBeGreaterThan(1)
  await plane.store.read((rows) =>
    rows
      .updateTable('policy_revision')
      .set((eb) => ({
        document: JSON.stringify({
          ...before.document,
          roles: roles.map((role) => ({ ...role, permissions: [] })),
        }),
        saved_at: eb('saved_at', '+', 1),
      }))
      .where('practice', '=', crowd)
      .where('revision', '=', before.revision)
      .execute(),
  )
  const after = await views.read(crowd)
  expect(after.revision).toBe(before.revision)
  expect(after.document.roles.flatMap(({ permissions }) => permissions)).toEqual([])
})
