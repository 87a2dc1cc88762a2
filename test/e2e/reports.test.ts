/**
 * Goal: what passes and what is refused shows up in the record, every single request of it: monitored refusals, enforced
 * ones, entry hits, traffic facts, unmapped and odd paths.
 * Method: some hundred requests at once through two gateways on a real Redis; then sums in the real PostgreSQL.
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { eventually } from '../support/gateway-stand.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let admin: AdminClient
let database: pg.Client

beforeAll(async () => {
  fleet = await startFleet()
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
  database = new pg.Client({ connectionString: fleet.databaseUrl })
  await database.connect()
}, 60_000)
afterAll(async () => {
  await database?.end()
  await fleet?.close()
})

type Saved = { readonly sequence: number }
const here = '/api/practices/riverside'
const scope = { include: 'everyone', exempt: { roles: [], users: [] } }

const setMode = async (control: 'ip' | 'permission', mode: string): Promise<void> => {
  const body =
    control === 'ip' ? { mode, scope, signInOnlyFromListed: false } : { mode, hiddenBlockers: true }
  const revision = await revisionOf(admin, 'riverside')
  const saved = await admin.edit<Saved>('PUT', `${here}/controls/${control}`, body, revision)
  await activeEverywhere(admin, saved.sequence)
}

const sum = async (sql: string): Promise<number> => {
  const { rows } = await database.query<{ sum: string | null }>(sql)
  return Number(rows[0]?.sum ?? 0)
}

/** The same person at each gateway in turn; `count` requests, twenty at a time. Their statuses, each once. */
const send = async (client: Client, path: string, count: number): Promise<readonly number[]> => {
  const there = fleet.gateways.map(({ addresses }) => client.elsewhere({ base: addresses.application }))
  const statuses = new Set<number>()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1
      statuses.add((await there[next % there.length]!.get(path, { navigation: false })).status)
    }
  }
  await Promise.all(Array.from({ length: 20 }, worker))
  return [...statuses]
}

test('every request of a busy minute is accounted for', async () => {
  const entry = { range: '127.0.0.1', label: 'Office', audience: 'practice' }
  const saved = await admin.edit<Saved>('POST', `${here}/ip-entries`, entry)
  await activeEverywhere(admin, saved.sequence)
  await setMode('ip', 'monitor')
  await setMode('permission', 'enforce')
  const office = createClient(fleet.gateways[0]!.addresses.application)
  await signInWell(office, 'fiona')
  const before = {
    hits: await sum('select sum(count) from entry_hit'),
    monitored: await sum('select sum(count) from decision_log where monitored'),
  }

  expect(await send(office, '/schedule', 90)).toEqual([200])
  expect(await send(office, '/nowhere/at/all', 70)).toEqual([404])
  expect(await send(office, '/nowhere/group%2Fname', 50)).toEqual([404])
  const cafe = office.elsewhere({ from: '127.0.0.7' })
  expect(await send(cafe, '/schedule', 60)).toEqual([200])
  expect(await send(office, '/settings', 40)).toEqual([403])

  // Stopping, gateways tell what they have counted.
  await Promise.all(fleet.gateways.map((gateway) => gateway.close()))
  const counted = async () => ({
    passedFromOffice: (await sum('select sum(count) from entry_hit')) - before.hits,
    wouldBeRefused:
      (await sum("select sum(count) from decision_log where monitored and reason = 'address-not-allowed'")) -
      before.monitored,
    refused: await sum(
      "select sum(count) from decision_log where not monitored and reason = 'permission-missing'",
    ),
    unmapped: await sum("select sum(count) from unmapped_route where odd = ''"),
    odd: await sum("select sum(count) from unmapped_route where odd = 'encoded-slash'"),
    permitted: await sum("select sum(count) from permit_count where practice = 'riverside'"),
    lost: await sum('select sum(lost) from report_source'),
  })
  const sent = { wouldBeRefused: 60, refused: 40, unmapped: 120, odd: 50, lost: 0 }
  await eventually(async () => (await counted()).odd >= 50 && (await counted()).refused >= 40, 'the counts')
  expect(await counted()).toMatchObject(sent)
  // The sign-in leads to pages of its own; all of the rest is counted by what it was.
  expect((await counted()).passedFromOffice).toBe(90 + 70 + 50)
  expect((await counted()).permitted).toBe(90 + 70 + 50 + 60)
  // One fact for each person, address, route and quarter of an hour, however many the requests.
  const facts = await sum("select count(*) as sum from traffic_fact where address = '127.0.0.7'")
  expect(facts).toBeGreaterThanOrEqual(1)
  expect(facts).toBeLessThanOrEqual(2)
}, 60_000)
