/**
 * Goal: a file is looked at and imported whole, guarded as any edit, with one event; the list filters and sorts.
 * Method: the API asked as a browser would, with the example of the documentation, files with wrong lines, and stale ones.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listEvents } from '../../../admin/store/events.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

const entries = '/api/practices/lakeside/ip-entries'
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
type Listed = { id: string; label: string; state: string; stale: string | null; users30d: number }
const list = async (query = '') =>
  json<{ revision: number; total: number; entries: Listed[] }>(await root.ask('GET', `${entries}${query}`))
const labels = async (query: string) => (await list(query)).entries.map(({ label }) => label)
const upload = async (csv: string, more: object = {}, revision?: number) =>
  root.ask('POST', `${entries}/import`, {
    json: { csv, ...more },
    revision: revision ?? (await list()).revision,
  })
const events = (action: string) =>
  stage.store.read((rows) =>
    listEvents(rows, { practice: 'lakeside', type: action }, { countMax: 10, before: null }),
  )

const example = /```csv ip-allowlist\n([^`]+)```/.exec(readFileSync('docs/csv.md', 'utf8'))?.[1] ?? ''

test('the example of the documentation is looked at, imported once, and exported as it stands', async () => {
  const looked = await root.ask('POST', `${entries}/import/preview`, { json: { csv: example } })
  expect(looked.status).toBe(200)
  const plan = await json<{ counts: object; revision: number; adds: { entry: { range: string } }[] }>(looked)
  expect(plan).toMatchObject({
    counts: { adds: 3, changes: 0, problems: 0 },
    lockedOut: [],
    toBeConfirmed: false,
  })
  expect((await list()).total).toBe(0)
  const imported = await upload(example, { reason: 'from the old router' }, plan.revision)
  expect(imported.status).toBe(200)
  expect(await json(imported)).toMatchObject({ revision: plan.revision + 1, counts: { adds: 3 } })
  const [event, ...others] = await events('ip-entries.imported')
  expect(others).toEqual([])
  expect(event).toMatchObject({
    origin: 'import',
    reason: 'from the old router',
    policyVersion: plan.revision + 1,
  })
  expect(Object.keys(event?.after as object)).toHaveLength(3)
  const again = await upload(example)
  expect(await json(again)).toMatchObject({ counts: { adds: 0, changes: 0, duplicates: 3 } })
  const exported = await root.ask('GET', `${entries}/export`)
  expect(exported.headers.get('content-type')).toContain('text/csv')
  const csv = await exported.text()
  expect(await json(await upload(csv))).toMatchObject({ counts: { unchanged: 3, adds: 0, changes: 0 } })
  expect(await events('ip-entries.imported')).toHaveLength(1)
  expect(await events('ip-entries.exported')).toMatchObject([{ after: { entries: 3 } }])
})

test('a wrong line is named, and nothing of the file is imported', async () => {
  const csv = 'range,label\n192.0.2.1,Good\n=cmd,Bad\n10.0.0.0/8,VPN\n'
  const before = await list()
  const refused = await upload(csv)
  expect(refused.status).toBe(422)
  expect((await json<{ problems: object[] }>(refused)).problems).toMatchObject([
    { path: 'csv[3].range', sentence: expect.stringContaining('Line 3, range: "=cmd" is no address') },
    { path: 'csv[4].range', sentence: expect.stringContaining('wider than /16') },
  ])
  const looked = await root.ask('POST', `${entries}/import/preview`, { json: { csv } })
  expect(await json(looked)).toMatchObject({
    counts: { problems: 2, adds: 0 },
    problems: [{ line: 3 }, { line: 4 }],
  })
  expect(await list()).toEqual(before)
  expect((await upload(csv, {}, before.revision - 1)).status).toBe(412)
  const viewer = await stage.signIn('viewer')
  expect((await viewer.ask('POST', `${entries}/import/preview`, { json: { csv } })).status).toBe(403)
  expect((await viewer.ask('GET', `${entries}/export`)).status).toBe(200)
})

test('the list is filtered by state, audience, expiry and disuse, and sorted, page by page', async () => {
  const day = 86_400_000
  const soon = new Date(stage.clock.now() + 5 * day).toISOString()
  const file = `range,label,expires,on\n192.0.2.9,Contractor,${soon},yes\n192.0.2.10,Old router,${soon},no\n`
  expect((await upload(file)).status).toBe(200)
  expect(await labels('?state=off&sort=label')).toEqual(['Fred at home', 'Old router'])
  expect(await labels('?audience=role')).toEqual(['Visiting hygienist'])
  expect(await labels('?audience=role:owner')).toEqual([])
  expect(await labels('?expiresWithinDays=6')).toEqual(['Contractor'])
  expect(await labels('?sort=range')).toEqual([
    ...['Contractor', 'Old router', 'Visiting hygienist', 'Office Network', 'Fred at home'],
  ])
  expect(await labels('?sort=label&order=desc&limit=2')).toEqual(['Visiting hygienist', 'Old router'])
  const office = (await list('?text=office')).entries[0]?.id ?? ''
  stage.clock.advance(61 * day)
  root = await stage.signIn('root')
  const at = stage.clock.now()
  await stage.store.read((rows) =>
    rows
      .insertInto('entry_hit')
      .values({ practice: 'lakeside', entry: office, day: Math.floor(at / day), count: 1, last_at: at })
      .execute(),
  )
  await stage.store.read((rows) =>
    rows
      .insertInto('address_use')
      .values([
        { subject: 'usr_olga', address: '203.0.113.50', first_at: at, last_at: at },
        { subject: 'usr_fred', address: '203.0.113.51', first_at: at, last_at: at },
        { subject: 'usr_fred', address: '203.0.113.52', first_at: at, last_at: at },
        { subject: 'usr_other', address: '203.0.113.53', first_at: at, last_at: at },
      ])
      .execute(),
  )
  expect(await labels('?state=expired')).toEqual(['Contractor', 'Old router'])
  expect(await labels('?unmatchedDays=60')).toEqual(['Visiting hygienist'])
  const found = (await list('?state=on')).entries
  expect(found.map(({ label, users30d }) => `${label} ${users30d}`)).toEqual([
    'Office Network 2',
    'Visiting hygienist 0',
  ])
  expect(found.map(({ stale }) => stale)).toEqual([
    null,
    'Nobody has come from here for 61 days. Switch it off or remove it if it is not needed.',
  ])
})
