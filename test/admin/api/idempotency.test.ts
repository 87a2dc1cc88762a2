/**
 * Goal: a POST sent twice with one Idempotency-Key is done once and answers the same; nothing readable of it is kept.
 * Method: the admin API on a real database; the same key again, at once, by another, with another body, after a failure.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJobs } from '../../../admin/jobs.ts'
import { silentLog } from '../../../runtime/log.ts'
import { newToken } from '../../../runtime/token.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

const entries = '/api/practices/hilltop/ip-entries'
const entry = (label: string, range = '203.0.113.9') => ({ range, label, on: false })
const post = (browser: Browser, key: string, json: unknown, path = entries) =>
  browser.ask('POST', path, { json, headers: { 'idempotency-key': key } })

const labels = async (): Promise<string[]> => {
  const list = await root.ask('GET', `${entries}?limit=500`)
  return ((await list.json()) as { entries: { label: string }[] }).entries.map(({ label }) => label)
}
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

describe('a key sent again', () => {
  it('is answered as the first time, and done once', async () => {
    const key = newToken()
    const first = await post(root, key, entry('twice'))
    const again = await post(root, key, entry('twice'))
    expect([first.status, again.status]).toEqual([201, 201])
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('cache-control')).toBe('no-store')
    expect(await again.text()).toBe(await first.text())
    expect((await labels()).filter((label) => label === 'twice')).toHaveLength(1)
  })

  it('with ten at once is done once', async () => {
    const key = newToken()
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(root, key, entry('at once'))))
    const done = answers.filter(({ status }) => status === 201)
    expect(done.length).toBeGreaterThanOrEqual(1)
    for (const answer of answers.filter(({ status }) => status !== 201))
      expect(await codeOf(answer)).toBe('in-progress')
    expect((await labels()).filter((label) => label === 'at once')).toHaveLength(1)
  })

  it('is not what another request had: another body, another route', async () => {
    const key = newToken()
    await post(root, key, entry('mine'))
    expect(await codeOf(await post(root, key, entry('another')))).toBe('key-reused')
    expect(await codeOf(await post(root, key, entry('mine'), '/api/practices/lakeside/ip-entries'))).toBe(
      'key-reused',
    )
    expect(await labels()).not.toContain('another')
  })

  it('is each account’s own', async () => {
    const key = newToken()
    const hilly = await stage.signIn('hilly')
    await post(root, key, entry('of root'))
    const other = await post(hilly, key, entry('of hilly'))
    expect(other.headers.get('idempotency-replayed')).toBeNull()
    expect(await labels()).toEqual(expect.arrayContaining(['of root', 'of hilly']))
  })

  it('may be sent once more where it was refused', async () => {
    const key = newToken()
    expect((await post(root, key, { ...entry('put right'), range: 'nowhere' })).status).toBe(422)
    expect((await post(root, key, entry('put right'))).status).toBe(201)
  })

  it('is free again after a day, whether or not it was cleaned up', async () => {
    const key = newToken()
    await post(root, key, entry('yesterday'))
    stage.clock.advance(86_400_001)
    root = await stage.signIn('root')
    const later = await post(root, key, entry('today'))
    expect(later.status).toBe(201)
    expect(await labels()).toEqual(expect.arrayContaining(['yesterday', 'today']))
  })
})

describe('a key whose outcome got lost', () => {
  it('is refused for good and never tried again', async () => {
    const key = newToken()
    await post(root, key, entry('lost'))
    await stage.store.read((rows) =>
      rows.updateTable('idempotency_key').set({ status: null, answer: null }).execute(),
    )
    expect(await codeOf(await post(root, key, entry('lost')))).toBe('in-progress')
    stage.clock.advance(60_000)
    const later = await post(root, key, entry('lost'))
    expect(later.status).toBe(409)
    expect(await codeOf(later)).toBe('outcome-unknown')
    expect((await labels()).filter((label) => label === 'lost')).toHaveLength(1)
  })
})

describe('what is kept', () => {
  it('has neither the key nor the answer in it, and goes after a day', async () => {
    const key = newToken()
    await post(root, key, entry('a very private label'))
    const kept = await stage.store.read((rows) => rows.selectFrom('idempotency_key').selectAll().execute())
    const text = kept.map((row) => JSON.stringify({ ...row, answer: row.answer?.toString('latin1') })).join()
    expect(text).not.toContain(key)
    expect(text).not.toContain('private label')
    stage.clock.advance(86_400_001)
    const { store, signer, clock } = stage
    const jobs = createJobs({
      ...{ store, signer, now: clock.now, log: silentLog },
      ...{ reports: null, kick: () => {} },
    })
    await jobs.prune()
    expect(await store.read((rows) => rows.selectFrom('idempotency_key').selectAll().execute())).toEqual([])
  })
})

describe('a key that is none', () => {
  beforeAll(async () => {
    root = await stage.signIn('root')
  })

  it.each(['short', 'a'.repeat(129), 'with space in the middle'])('%s is refused', async (key) => {
    const answer = await post(root, key, entry('never'))
    expect(answer.status).toBe(422)
    expect(await labels()).not.toContain('never')
  })
})
