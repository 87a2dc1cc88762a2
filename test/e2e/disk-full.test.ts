/**
 * Goal: with the database's disk full, people who are in go on working, admins are told, nothing is half saved and nothing that
 * was confirmed is lost; with room again all is well by itself. Method: a real PostgreSQL on a file system that is filled, first
 * so that tables cannot grow, then so that its log cannot and the server falls.
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../admin/store/event-chain.ts'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'
import { type SmallDiskPostgres, startSmallDiskPostgres } from '../support/small-disk-postgres.ts'

const practice = '/api/practices/riverside'
let disk: SmallDiskPostgres | null
let fleet: Fleet
let admin: AdminClient
beforeAll(async () => {
  disk = await startSmallDiskPostgres(112)
  const url = disk?.url
  if (url === undefined) return
  fleet = await startFleet({ gateways: 1, recordUrl: () => Promise.resolve(url) })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
}, 120_000)
afterAll(async () => {
  await fleet?.close()
  await disk?.stop()
})

const withClient = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: disk!.url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
const entry = (n: number, note = '') => ({
  ...{
    range: `198.51.100.${n}`,
    label: `Office ${n}`,
    audience: 'practice',
    on: true,
    note,
    expiresAt: null,
  },
})
const add = (n: number, revision: number, note = '') =>
  admin.send('POST', `${practice}/ip-entries`, entry(n, note), revision)
const labels = async (): Promise<readonly string[]> => {
  const { entries } = (await admin.read(`${practice}/ip-entries?limit=500`)).json() as {
    entries: { label: string }[]
  }
  return entries.map(({ label }) => label)
}

test('a full disk costs what was not confirmed, and nothing else', async (context) => {
  if (disk === null) return context.skip('this machine mounts nothing inside a user namespace')
  const app = fleet.gateways[0]?.addresses.application ?? ''
  const fiona = createClient(app)
  await signInWell(fiona, 'fiona')
  const works = async () => (await fiona.get('/api/schedule', { navigation: false })).status
  // Room in the log, none in the tables.
  await withClient(async (client) => {
    for (let n = 0; n < 8; n += 1) {
      await client.query(
        "select pg_logical_emit_message(false, 'test', repeat('x', 900000)), pg_switch_wal()",
      )
      await client.query('checkpoint')
    }
  })
  disk.fill()
  const confirmed: string[] = []
  const statuses: number[] = []
  let revision = await revisionOf(admin, 'riverside')
  for (let n = 1; n <= 60 && !statuses.includes(503); n += 1) {
    const answer = await add(n, revision, 'x'.repeat(480))
    statuses.push(answer.status)
    if (answer.status >= 300) expect(answer.json()).toMatchObject({ code: 'database-unavailable' })
    else {
      confirmed.push(`Office ${n}`)
      revision += 1
    }
  }
  expect(statuses.at(-1)).toBe(503)
  expect(await works()).toBe(200)
  expect((await labels()).filter((label) => label.startsWith('Office '))).toEqual(confirmed)
  expect(await revisionOf(admin, 'riverside')).toBe(revision)

  // And then none in the log either: the server falls, and cannot come up again.
  const fallen = await withClient((client) =>
    client.query("select pg_logical_emit_message(true, 'test', repeat('x', 30000000))").then(
      () => null,
      (error: Error) => error,
    ),
  )
  expect(fallen).not.toBeNull()
  expect((await add(99, revision)).status).toBe(503)
  expect(await works()).toBe(200)

  disk.empty()
  const back = async () => (await admin.client.get('/api/me', { navigation: false })).status
  await expect.poll(back, { timeout: 20_000 }).toBe(200)
  expect((await labels()).filter((label) => label.startsWith('Office '))).toEqual(confirmed)
  const saved = await admin.edit<{ readonly sequence: number }>(
    'POST',
    `${practice}/ip-entries`,
    entry(99),
    revision,
  )
  await activeEverywhere(admin, saved.sequence)
  const control = fleet.control()
  for (const chain of ['riverside', null])
    expect(await verifyChain(control.database, chain, null)).toMatchObject({ ok: true })
  expect(await works()).toBe(200)
}, 120_000)
