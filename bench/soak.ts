/**
 * Whether a Gatehouse that runs for long holds on to anything: memory, sockets, timers, keys in Redis.
 *
 * A whole `gatehouse start` in processes of its own, on a real Redis and PostgreSQL, used as people use it: they sign in,
 * work, hold WebSockets open, are revoked and sign in again. Invariant: what is read is what the planes say of themselves
 * when nothing is under way, always at the same point of a round. A figure of this process was refused: the load's own
 * memory would be in it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type AdminClient, activeEverywhere, signInAdmin } from '../test/support/admin-client.ts'
import { type Client, createClient } from '../test/support/client.ts'
import { signInWell } from '../test/support/people.ts'
import { startRedis } from '../test/support/redis.ts'
import { type LiveStream, openSocket } from '../test/support/streams.ts'
import { describeMachine, type Machine } from './machine.ts'
import { askInLanes, type Counts } from './soak-load.ts'

/** What the planes and Redis hold, after so many requests. */
export type SoakSample = {
  readonly requests: number
  readonly seconds: number
  readonly gatewayRssBytes: number
  readonly gatewayHeapBytes: number
  readonly adminRssBytes: number
  readonly sockets: number
  readonly timers: number
  readonly openFiles: number
  readonly openExchanges: number
  readonly mirroredSessions: number
  readonly sessionKeys: number
  readonly otherKeys: number
}

/** Everything measured. `statuses`: answers by status. */
export type SoakResults = {
  readonly date: string
  readonly machine: Machine
  readonly wanted: number
  readonly samples: readonly SoakSample[]
  readonly statuses: Readonly<Record<string, number>>
  readonly signIns: number
  readonly revocations: number
  readonly webSockets: number
  readonly webSocketsCut: number
}

type Ready = {
  readonly addresses: {
    readonly application: string
    readonly admin: string
    readonly gatewayMetrics: string
    readonly adminMetrics: string
  }
  readonly admin: { readonly login: string; readonly password: string }
}

const people = ['fiona', 'mark', 'helen'] as const
const socketsEach = 5
const perRound = 20_000

const startAll = async (
  dataDir: string,
  redisUrl: string,
): Promise<{ child: ChildProcess; ready: Ready }> => {
  const child = spawn(process.execPath, ['cli/main.ts', 'start', '--json', '--ports', 'auto'], {
    cwd: new URL('..', import.meta.url).pathname,
    env: { ...process.env, GATEHOUSE_DATA_DIR: dataDir, REDIS_URL: redisUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = await new Promise<Ready>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += String(chunk)
      if (text.includes('\n')) resolve(JSON.parse(text.slice(0, text.indexOf('\n'))) as Ready)
    })
    child.once('exit', (code) => reject(new Error(`gatehouse start ended with ${code}`)))
  })
  return { child, ready }
}

const figuresOf = async (origin: string): Promise<(name: string) => number> => {
  const text = await (await fetch(`${origin}/metrics`)).text()
  return (name) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

const keysOf = async (redis: Redis): Promise<{ readonly sessions: number; readonly others: number }> => {
  let [sessions, all] = [0, 0]
  for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1_000)
    cursor = next
    all += keys.length
    sessions += keys.filter((key) => /^gh:(?:session|seen|binding)/.test(key)).length
  }
  return { sessions, others: all - sessions }
}

const sample = async (
  ready: Ready,
  redis: Redis,
  requests: number,
  startedAt: number,
): Promise<SoakSample> => {
  const [gateway, admin, keys] = await Promise.all([
    figuresOf(ready.addresses.gatewayMetrics),
    figuresOf(ready.addresses.adminMetrics),
    keysOf(redis),
  ])
  return {
    requests,
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    gatewayRssBytes: gateway('process_resident_memory_bytes'),
    gatewayHeapBytes: gateway('nodejs_heap_size_used_bytes'),
    adminRssBytes: admin('process_resident_memory_bytes'),
    sockets: gateway('nodejs_active_resources{type="TCPSocketWrap"}'),
    timers: gateway('nodejs_active_resources{type="Timeout"}'),
    openFiles: gateway('process_open_fds'),
    openExchanges: gateway('gatehouse_open_exchanges'),
    mirroredSessions: gateway('gatehouse_mirrored_sessions'),
    sessionKeys: keys.sessions,
    otherKeys: keys.others,
  }
}

type Tally = { signIns: number; revocations: number; webSockets: number; webSocketsCut: number }

/** One round of people's work: sign in, hold sockets open, ask, lose one person's access. */
const round = async (
  ready: Ready,
  admin: AdminClient,
  turn: number,
  count: number,
  tally: Tally,
  counts: Counts,
): Promise<void> => {
  const { application } = ready.addresses
  const clients: Client[] = []
  for (const who of people) {
    const client = createClient(application)
    await signInWell(client, who)
    clients.push(client)
    tally.signIns += 1
  }
  const open: LiveStream[][] = []
  for (const client of clients) {
    const own = await Promise.all(
      Array.from({ length: socketsEach }, () => openSocket(application, '/live/schedule', client)),
    )
    open.push(own)
    tally.webSockets += own.length
  }
  const askers = clients.map((client) => ({ cookie: client.cookieHeader() }))
  await askInLanes(Number(new URL(application).port), askers, Math.ceil(count / askers.length), counts)
  const out = turn % people.length
  const { users } = (await admin.read('/api/practices/riverside/active-users')).json() as {
    readonly users: readonly { readonly user: string; readonly email: string }[]
  }
  const user = users.find(({ email }) => email.startsWith(people[out] ?? '?'))?.user
  const path = `/api/practices/riverside/users/${user}/revoke`
  const { sequence } = await admin.edit<{ sequence: number }>('POST', path, {})
  await activeEverywhere(admin, sequence)
  tally.revocations += 1
  for (const { ended } of open[out] ?? []) if ((await ended).code === 1008) tally.webSocketsCut += 1
  for (const [at, own] of open.entries())
    if (at !== out)
      for (const stream of own) {
        stream.close()
        await stream.ended
      }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** `requests` in all, with five readings; the first after a fifth of them. */
export async function benchSoak(
  date: string,
  requests: number,
  say: (line: string) => void,
): Promise<SoakResults> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-soak-'))
  const redisServer = await startRedis()
  const { child, ready } = await startAll(dataDir, redisServer.url).catch(async (error: unknown) => {
    await redisServer.stop()
    throw error
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const redis = new Redis(redisServer.url)
  const tally: Tally = { signIns: 0, revocations: 0, webSockets: 0, webSocketsCut: 0 }
  const counts: Counts = new Map()
  const samples: SoakSample[] = []
  const startedAt = performance.now()
  try {
    let admin = await signInAdmin(ready.addresses.admin, ready.admin)
    let signedInAt = performance.now()
    for (let [done, turn] = [0, 0]; done < requests; turn += 1) {
      const count = Math.min(perRound, requests - done)
      await round(ready, admin, turn, count, tally, counts)
      done += count
      // The console's own sessions end too; signed in anew well before.
      if (performance.now() - signedInAt > 600_000) {
        admin = await signInAdmin(ready.addresses.admin, ready.admin)
        signedInAt = performance.now()
      }
      if (done < (requests / 5) * (samples.length + 1)) continue
      // Connections kept for the application, and what was under way, come to rest.
      await pause(6_000)
      samples.push(await sample(ready, redis, done, startedAt))
      say(JSON.stringify(samples.at(-1)))
    }
  } finally {
    redis.disconnect()
    child.kill('SIGTERM')
    await ended
    await redisServer.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  const statuses = Object.fromEntries([...counts].toSorted(([a], [b]) => a - b))
  return { date, machine: describeMachine(), wanted: requests, samples, statuses, ...tally }
}
