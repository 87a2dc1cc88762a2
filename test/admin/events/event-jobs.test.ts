/**
 * Goal: checkpoints reach their file once and in order, whatever happened to it; broken chains are shouted about; exports are
 * read no faster than they are taken. Method: the jobs on a real database, files that were cut, moved or written to.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportEvents } from '../../../admin/api/event-export.ts'
import { readCheckpoints } from '../../../admin/events/checkpoint-file.ts'
import { createEventJobs } from '../../../admin/events/event-jobs.ts'
import type { Store } from '../../../admin/store/database.ts'
import { writeCheckpoints } from '../../../admin/store/event-checkpoints.ts'
import { appendEvent } from '../../../admin/store/events.ts'
import {
  createListeningLog,
  createPracticeStore,
  north,
  type PracticeStore,
  south,
} from '../practice-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-checkpoints-'))
const file = join(folder, 'checkpoints.ndjson')
const log = createListeningLog()
const nowhere = { streams: [] }
let plane: PracticeStore
let jobs: ReturnType<typeof createEventJobs>
beforeAll(async () => {
  plane = await createPracticeStore()
  const { store, signer, clock } = plane
  jobs = createEventJobs({ ...{ store, signer, log }, now: clock.now, checkpointFile: file, ...nowhere })
})
afterAll(async () => {
  await plane?.close()
  rmSync(folder, { recursive: true, force: true })
})

const append = (practice: string) =>
  plane.store.transaction((tx) =>
    appendEvent(tx, {
      ...plane.deed(),
      ...{ practice, action: 'policy.edited', target: null, before: null, after: null },
    }),
  )
const sign = async (...practices: readonly string[]): Promise<void> => {
  for (const practice of practices) {
    await append(practice)
    await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  }
}
const written = () => {
  const { points, strange } = readCheckpoints(readFileSync(file, 'utf8'))
  return { points: points.map(({ practice, seq }) => `${practice} ${seq}`), strange }
}

test('checkpoints are appended once, in order; a cut line is written again, a new file begins with the newest', async () => {
  await sign(north, south)
  expect(await jobs.append()).toBe(2)
  expect(await jobs.append()).toBe(0)
  await sign(north)
  expect(await jobs.append()).toBe(1)
  expect(written()).toEqual({ points: ['north 2', 'south 2', 'north 3'], strange: 0 })
  truncateSync(file, readFileSync(file).length - 20)
  expect(await jobs.append()).toBe(1)
  expect(written()).toEqual({ points: ['north 2', 'south 2', 'north 3'], strange: 1 })
  unlinkSync(file)
  expect(await jobs.append()).toBe(2)
  expect(written()).toEqual({ points: ['south 2', 'north 3'], strange: 0 })
})

test('a database that is behind the file is written beside it, so that the difference shows', async () => {
  const last = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
  appendFileSync(file, `${last.replace(/"number":\d+/, '"number":999')}\n`)
  expect(await jobs.append()).toBe(2)
  expect(await jobs.append()).toBe(0)
  await sign(south)
  expect(await jobs.append()).toBe(1)
})

test('a file that cannot be written is an error of the job and costs nothing later', async () => {
  const { store, signer, clock } = plane
  const blocked = createEventJobs({
    ...{ store, signer, log, now: clock.now, ...nowhere },
    checkpointFile: join(folder, 'no', 'such', 'folder'),
  })
  await expect(blocked.append()).rejects.toThrow(/ENOENT/)
})

test('a broken chain is an error in the log at its daily check', async () => {
  const checkAll = async () => {
    while ((await jobs.check()) > 0);
    return log.lines.filter(({ level }) => level === 'error')
  }
  expect(await checkAll()).toEqual([])
  await plane.store.transaction(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await sql`delete from security_event where practice = ${south} and seq = 2`.execute(tx)
  })
  expect(await checkAll()).toEqual([])
  plane.clock.advance(86_400_000)
  expect(await checkAll()).toMatchObject([{ fields: { practice: south, event: 2 } }])
  expect(await jobs.forget()).toBe(0)
})

test('an export of many events is read page by page, never ahead of its reader', async () => {
  const many = 6_000
  await plane.store.read((rows) =>
    sql`insert into security_event (practice, seq, at, action, origin, actor_kind, actor_id, actor_name, prev_hash, hash, body)
        select 'many', n, n, 'policy.edited', 'ui', 'admin', 'adm_1', 'A', '', n::text,
          json_build_object('seq', n, 'at', n, 'action', 'policy.edited', 'origin', 'ui', 'practice', 'many',
            'actor', json_build_object('kind', 'admin', 'id', 'adm_1', 'name', 'A'))::text
        from generate_series(1, ${many}::int) n`.execute(rows),
  )
  let [under, most, reads] = [0, 0, 0]
  const watched: Store = {
    ...plane.store,
    read: async (work) => {
      reads += 1
      under += 1
      most = Math.max(most, under)
      return plane.store.read(work).finally(() => {
        under -= 1
      })
    },
  }
  const pages: number[] = []
  const stream = exportEvents(watched, { practice: 'many' }, 'ndjson', many, (count) => pages.push(count))
  const reader = stream.getReader()
  await reader.read()
  await expect.poll(() => pages.length).toBe(2)
  expect(reads).toBe(2)
  let lines = 500
  for (let part = await reader.read(); !part.done; part = await reader.read())
    lines += new TextDecoder().decode(part.value).trimEnd().split('\n').length
  expect([lines, most, Math.max(...pages)]).toEqual([many, 1, 500])
})
