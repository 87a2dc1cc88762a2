/**
 * Goal: every change is an event with actor, before and after, in one chain that `gatehouse audit verify` recomputes;
 * a row changed in SQL is found. Method: changes through the API, the real command, tampering as the table's owner.
 */
import { execFile } from 'node:child_process'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let admin: AdminClient

beforeAll(async () => {
  fleet = await startFleet({ gateways: 1 })
  const control = fleet.control()
  if (control.firstAdmin === null) throw new Error('no first admin')
  admin = await signInAdmin(control.addresses.admin, control.firstAdmin)
}, 60_000)
afterAll(() => fleet?.close())

type Verified = {
  ok: boolean
  chains: { practice: string; ok: boolean; events: number; brokenAt: number | null }[]
}

const verify = (): Promise<{ exitCode: number; report: Verified }> =>
  new Promise((resolve, reject) => {
    const environment = { ...process.env, DATABASE_URL: fleet.databaseUrl, GATEHOUSE_DATA_DIR: fleet.dataDir }
    execFile(
      process.execPath,
      ['cli/main.ts', 'audit', 'verify', '--json'],
      { cwd: projectRoot, env: environment },
      (error, stdout, stderr) => {
        if (stdout === '') reject(new Error(`${error?.message} ${stderr}`))
        else
          resolve({
            exitCode: typeof error?.code === 'number' ? error.code : 0,
            report: JSON.parse(stdout) as Verified,
          })
      },
    )
  })

const sql = async (text: string): Promise<void> => {
  const client = new pg.Client({ connectionString: fleet.databaseUrl })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

const makeChanges = async (): Promise<void> => {
  const fiona = createClient(fleet.gateways[0]!.addresses.application)
  await signInWell(fiona, 'fiona')
  await admin.edit('POST', '/api/practices/riverside/ip-entries', {
    range: '203.0.113.0/24',
    label: 'Office network',
  })
  const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
  await admin.edit(
    'PUT',
    '/api/practices/riverside/controls/ip',
    { mode: 'monitor', scope: everyone, signInOnlyFromListed: false, reason: 'trial run' },
    await revisionOf(admin, 'riverside'),
  )
  const users = (await admin.read('/api/practices/riverside/users')).json() as {
    version: number
    members: { user: string; email: string }[]
  }
  const user = users.members.find(({ email }) => email.startsWith('fiona'))?.user
  await admin.edit(
    'PUT',
    `/api/practices/riverside/users/${user}/roles`,
    { roles: ['dentist'] },
    users.version,
  )
  await admin.edit('POST', `/api/practices/riverside/users/${user}/revoke`, { reason: 'left early' })
}

type Event = {
  number: number
  type: string
  actor: { name: string }
  before: unknown
  after: unknown
  reason: string | null
}
test('changes are events with who, before and after; the chain holds, and tampering is found', async () => {
  await makeChanges()
  const { events } = (await admin.read('/api/practices/riverside/security-events')).json() as {
    events: Event[]
  }
  const numbers = events.map(({ number }) => number)
  expect(numbers).toEqual(Array.from({ length: events.length }, (_, index) => events.length - index))
  const told = JSON.stringify(events)
  for (const words of [
    'Office network',
    '203.0.113.0/24',
    'trial run',
    'left early',
    'front-desk',
    'dentist',
  ])
    expect(told).toContain(words)
  const roles = events.find(
    ({ before, after }) =>
      JSON.stringify(before ?? null).includes('front-desk') &&
      JSON.stringify(after ?? null).includes('dentist'),
  )
  expect(roles?.actor.name).toBeTruthy()

  const whole = await verify()
  expect(whole.exitCode).toBe(0)
  expect(whole.report.chains.find(({ practice }) => practice === 'riverside')).toMatchObject({
    ok: true,
    events: events.length,
  })

  await expect(
    sql("UPDATE security_event SET action = 'x' WHERE practice = 'riverside' AND seq = 2"),
  ).rejects.toThrow()
  await sql(
    "SET session_replication_role = replica; UPDATE security_event SET body = replace(body, 'Office network', 'Home network') WHERE practice = 'riverside'",
  )
  const tampered = await verify()
  expect(tampered.exitCode).toBe(1)
  const broken = tampered.report.chains.find(({ practice }) => practice === 'riverside')
  expect(broken?.ok).toBe(false)
  expect(events.find(({ number }) => number === broken?.brokenAt)).toBeDefined()
  expect(tampered.report.chains.filter(({ ok }) => !ok)).toHaveLength(1)
}, 60_000)
