/**
 * Goal: staff behind a gateway of two processes: each knows of a revocation, the end of one is the end of its streams
 * only, and a reload keeps what the gateway knew. Method: the real command with a control plane on real stores.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import {
  type GatewayCommand,
  openAt,
  runGatewayCommand,
  type ToldGateway,
} from '../support/gateway-command.ts'
import { signInWell } from '../support/people.ts'
import { type LiveStream, openSocket } from '../support/streams.ts'

let fleet: Fleet
let command: GatewayCommand
let told: ToldGateway
let folder: string
let file: string
let place: object

beforeAll(async () => {
  fleet = await startFleet({ gateways: 0 })
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-workers-'))
  file = join(folder, 'gatehouse.yaml')
  place = {
    ...fleet.config,
    dataDir: join(folder, 'data'),
    hotStore: { url: fleet.redis.url },
    controlPlane: { ...fleet.config.controlPlane, url: fleet.control().addresses.internal },
    gateway: { ...fleet.config.gateway, id: 'front', workers: 2 },
    log: { level: 'info' },
  }
  writeFileSync(file, JSON.stringify(place))
  command = runGatewayCommand(file)
  told = await command.ready
}, 60_000)
afterAll(async () => {
  command?.kill('SIGTERM')
  await command?.ended
  await fleet?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Fiona's board, opened until each worker carries one; with each stream's share per worker. */
const openAtBoth = async () => {
  const fiona = createClient(told.addresses.application)
  await signInWell(fiona, 'fiona')
  const streams: LiveStream[] = []
  for (;;) {
    streams.push(await openSocket(told.addresses.application, '/live/schedule', fiona))
    const counts = await Promise.all(told.workers.map((worker) => openAt(worker, 'websocket')))
    if (counts.every((count) => count > 0)) return { fiona, streams, counts }
  }
}

test('each worker hears of a revocation by itself', async () => {
  const { fiona, streams } = await openAtBoth()
  const control = fleet.control()
  const admin = await signInAdmin(control.addresses.admin, control.firstAdmin!)
  const { users } = (await admin.read('/api/practices/riverside/active-users')).json() as {
    users: { user: string; email: string }[]
  }
  const { user } = users.find(({ email }) => email.startsWith('fiona'))!
  const path = `/api/practices/riverside/users/${user}/revoke`
  const { sequence } = await admin.edit<{ sequence: number }>('POST', path, { reason: 'laptop lost' })
  for (const stream of streams) expect(await stream.ended).toEqual({ code: 1008, reason: 'session-revoked' })
  await activeEverywhere(admin, sequence)
  const jar = [...fiona.cookies]
  for (let i = 0; i < 12; i++) {
    const browser = createClient(told.addresses.application, '127.0.0.1', new Map(jar))
    expect((await browser.get('/api/schedule', { navigation: false })).status).toBe(401)
  }
}, 60_000)

test('a killed worker ends its own streams only, and its successor knows who people are', async () => {
  const { fiona, streams, counts } = await openAtBoth()
  const ended = new Set<LiveStream>()
  for (const stream of streams) void stream.ended.then(() => ended.add(stream))
  command.mark()
  process.kill(told.workers[0]!.pid, 'SIGKILL')
  await command.said(/a worker is replaced/)
  await expect.poll(() => ended.size).toBe(counts[0])
  for (let i = 0; i < 12; i++) expect((await fiona.get('/schedule')).status).toBe(200)
  expect(ended.size).toBe(counts[0])
  for (const stream of streams) stream.close()
}, 60_000)

/** As a browser's script does: a worker that was leaving when it asked says 503 and to come again. */
const openAgain = async (client: Client): Promise<LiveStream> => {
  for (;;) {
    try {
      return await openSocket(told.addresses.application, '/live/schedule', client)
    } catch (error) {
      if ((error as { status?: number }).status !== 503) throw error
    }
  }
}

test('a reload asks people to connect again, not to sign in again, and keeps floor and knowledge', async () => {
  const fiona = createClient(told.addresses.application)
  await signInWell(fiona, 'fiona')
  const stream = await openSocket(told.addresses.application, '/live/schedule', fiona)
  command.mark()
  command.kill('SIGHUP')
  expect(await stream.ended).toMatchObject({ code: 1001 })
  const again = await openAgain(fiona)
  await command.said(/the workers of the last configuration are gone/)
  for (let i = 0; i < 12; i++) expect((await fiona.get('/schedule')).status).toBe(200)
  again.close()
  const floorIn = (slot: number): number =>
    Number(readFileSync(join(folder, 'data', `worker-${slot}`, 'watermark'), 'utf8'))
  expect(floorIn(1)).toBeGreaterThan(0)
  // A floor is on disk within a second of being raised.
  await expect.poll(() => floorIn(3), { timeout: 5_000 }).toBeGreaterThanOrEqual(floorIn(1))
  expect(readdirSync(join(folder, 'data', 'worker-3', 'knowledge')).length).toBeGreaterThan(1)
  const effective = JSON.parse(readFileSync(join(folder, 'data', 'worker-3', 'effective.yaml'), 'utf8'))
  expect(effective).toMatchObject({ gateway: { id: 'front.3', workers: 1 } })
}, 60_000)

test('a generation that knows nothing takes no requests, and leaves with the rest', async () => {
  const fiona = createClient(told.addresses.application)
  await signInWell(fiona, 'fiona')
  const unreachable = {
    hotStore: { url: 'redis://127.0.0.1:9' },
    controlPlane: { url: 'http://127.0.0.1:9' },
  }
  writeFileSync(file, JSON.stringify({ ...place, ...unreachable }))
  command.mark()
  command.kill('SIGHUP')
  await command.said(/ECONNREFUSED/)
  for (let i = 0; i < 12; i++) expect((await fiona.get('/schedule')).status).toBe(200)
  command.kill('SIGTERM')
  expect(await command.ended).toBe(0)
  await command.allGone
}, 60_000)
