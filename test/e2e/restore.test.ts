/**
 * Goal: backup and restore as docs/restoring.md says: gateways go on enforcing while the record is away, the restored record
 * is taken for what it is, the chain holds, nobody who was revoked since the backup comes back, and changes count again.
 * Method: a real database copied by PostgreSQL itself and put in the place of the live one; Redis emptied; two gateways.
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../admin/store/event-chain.ts'
import { type AdminClient, activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let apps: readonly string[]
beforeAll(async () => {
  fleet = await startFleet({
    change: (config) => ({ ...config, gateway: { ...config.gateway, beatMs: 150 } }),
  })
  apps = fleet.gateways.map(({ addresses }) => addresses.application)
}, 60_000)
afterAll(() => fleet?.close())

const status = async (client: Client): Promise<number> =>
  (await client.get('/api/schedule', { navigation: false })).status
const everywhere = (client: Client): readonly Client[] => apps.map((base) => client.elsewhere({ base }))
const becomes = (client: Client, wanted: number): Promise<void> =>
  expect.poll(() => status(client), { timeout: 10_000, interval: 50 }).toBe(wanted)

const onServer = async (work: (client: pg.Client, name: string) => Promise<void>): Promise<void> => {
  const url = new URL(fleet.databaseUrl)
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await work(client, name).finally(() => client.end())
}

const account = (): NonNullable<ReturnType<Fleet['control']>['firstAdmin']> => {
  const first = firstAdmin ?? fleet.control().firstAdmin
  if (first === null) throw new Error('no first admin')
  firstAdmin = first
  return first
}
let firstAdmin: ReturnType<Fleet['control']>['firstAdmin'] = null

const signIn = (): Promise<AdminClient> => signInAdmin(fleet.control().addresses.admin, account())

const revoke = async (admin: AdminClient, name: string): Promise<void> => {
  const { users } = (await admin.read('/api/practices/riverside/active-users')).json() as {
    users: { user: string; email: string }[]
  }
  const user = users.find(({ email }) => email.startsWith(name))?.user
  const path = `/api/practices/riverside/users/${user}/revoke`
  const { sequence } = await admin.edit<{ sequence: number }>('POST', path, {})
  await activeEverywhere(admin, sequence)
}

test('a backup is taken, life goes on, the database is lost and the backup put in its place, with Redis empty', async () => {
  const [fiona, mark] = [createClient(apps[0] ?? ''), createClient(apps[0] ?? '')]
  await signInWell(fiona, 'fiona')
  await signInWell(mark, 'mark')
  account()
  await fleet.stopControl()
  await onServer(
    async (server, name) => void (await server.query(`create database ${name}_backup template ${name}`)),
  )
  await fleet.restartControl()
  await revoke(await signIn(), 'mark')
  for (const client of everywhere(mark)) await becomes(client, 401)

  // Lost: gateways go on with what they know.
  await fleet.stopControl()
  await onServer(async (server, name) => {
    await server.query(`alter database ${name} rename to ${name}_lost`)
    await server.query(`create database ${name} template ${name}_backup`)
  })
  for (const client of everywhere(fiona)) expect(await status(client)).toBe(200)
  for (const client of everywhere(mark)) expect(await status(client)).toBe(401)
  await fleet.redis.kill('SIGKILL')
  await fleet.redis.restart()

  // Back: everybody signs in afresh, the revoked among them.
  await fleet.restartControl()
  for (const client of [...everywhere(fiona), ...everywhere(mark)]) await becomes(client, 401)
  await signInWell(fiona, 'fiona')
  for (const client of everywhere(fiona)) await becomes(client, 200)

  // The record is whole, says what happened, and what is changed in it counts.
  const { database, internal } = fleet.control()
  const key = await internal.publicKey()
  for (const chain of ['riverside', null])
    expect(await verifyChain(database, chain, key), chain ?? 'gateways').toMatchObject({ ok: true })
  const told = await database.read((rows) =>
    rows.selectFrom('security_event').select('body').where('action', '=', 'database.restored').execute(),
  )
  expect(told).toHaveLength(1)
  await revoke(await signIn(), 'fiona')
  for (const client of everywhere(fiona)) await becomes(client, 401)
}, 60_000)
