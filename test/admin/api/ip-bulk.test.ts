/**
 * Goal: a range is understood before it is saved, and one act on many entries is one change: all of it, or nothing.
 * Method: the API asked on a real database with wrong, wide and overlapping ranges, stale revisions and entries that are gone.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listEvents } from '../../../admin/store/events.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
const ids: string[] = []
const entries = '/api/practices/lakeside/ip-entries'
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  for (const range of ['203.0.113.0/24', '203.0.113.64/28', '2001:db8::/48']) {
    const made = await root.ask('POST', entries, { json: { range, label: range } })
    ids.push(((await made.json()) as { entry: { id: string } }).entry.id)
  }
})
afterAll(() => stage.close())

const look = async (range: string, id: string | null = null): Promise<unknown> =>
  (
    await root.ask('GET', `${entries}/look?${new URLSearchParams({ range, ...(id === null ? {} : { id }) })}`)
  ).json()
const list = async () =>
  (await (await root.ask('GET', entries)).json()) as {
    revision: number
    entries: { id: string; on: boolean; expiresAt: number | null }[]
  }
const act = async (json: object, revision?: number) => {
  const from = revision ?? (await list()).revision
  return root.ask('POST', `${entries}/act`, { json, revision: from })
}

test('looking says what would be stored, how large it is and what it lies upon', async () => {
  expect(await look('203.0.113.77/26')).toMatchObject({
    ...{ range: '203.0.113.64/26', wide: false, size: '64 addresses, 203.0.113.64 to 203.0.113.127' },
    notes: [expect.stringContaining('Saved as 203.0.113.64/26')],
    overlaps: [
      { label: '203.0.113.64/28', relation: 'inside', on: true },
      { label: '203.0.113.0/24', relation: 'around' },
    ],
  })
  expect(await look('203.0.113.64/28', ids[1])).toMatchObject({
    overlaps: [{ label: '203.0.113.0/24', relation: 'around' }],
  })
  expect(await look('198.51.100.1')).toMatchObject({ size: 'one address', overlaps: [] })
  expect(await look('198.0.0.0/15')).toMatchObject({ wide: true, size: expect.stringContaining('131,072') })
  expect(await look('2001:db8:7::9')).toMatchObject({
    range: '2001:db8:7::/64',
    size: expect.stringContaining('/64, as a home'),
  })
  expect(await look('2001:db8:8::/56')).toMatchObject({ size: '256 networks of /64' })
  expect(await look('home')).toMatchObject({ range: null, problem: expect.stringContaining('no range') })
  expect(await look('0.0.0.0/0')).toMatchObject({
    range: null,
    problem: expect.stringContaining('everybody'),
  })
})

test('many are switched, dated and removed as one revision with one event', async () => {
  const { revision } = await list()
  const off = await act({ ids: ids.slice(0, 2), act: { on: false }, reason: 'moved out' })
  expect([off.status, await off.json()]).toEqual([
    200,
    expect.objectContaining({ revision: revision + 1, entries: 2 }),
  ])
  expect((await list()).entries.map(({ on }) => on)).toEqual([false, false, true])
  expect((await act({ ids, act: { expiresAt: stage.clock.now() - 1 } })).status).toBe(422)
  const expiresAt = stage.clock.now() + 86_400_000
  expect((await act({ ids, act: { expiresAt } })).status).toBe(200)
  expect((await list()).entries.map((one) => one.expiresAt)).toEqual([expiresAt, expiresAt, expiresAt])
  expect((await act({ ids, act: { on: true } }, revision)).status).toBe(412)
  expect((await act({ ids: [...ids, 'ipe_gone'], act: { remove: true } })).status).toBe(422)
  expect((await list()).entries.length).toBe(3)
  expect((await act({ ids: ids.slice(1), act: { remove: true } })).status).toBe(200)
  expect((await list()).entries.map(({ id }) => id)).toEqual([ids[0]])
  const events = await stage.store.read((rows) =>
    listEvents(rows, { practice: 'lakeside', type: 'ip-entries' }, { before: null, countMax: 9 }),
  )
  expect(events.map(({ action, reason }) => [action, reason])).toEqual([
    ['ip-entries.removed', null],
    ['ip-entries.changed', null],
    ['ip-entries.changed', 'moved out'],
  ])
})
