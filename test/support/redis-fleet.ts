/**
 * Several Redis servers that stand in for one another: a primary with replicas that Sentinels watch, or a Cluster of three
 * primaries with a replica each, all on loopback, each a process that a test may kill, pause and start again.
 *
 * Real servers with the settings that docs/deploying.md asks for (`min-replicas-to-write`), and with times that are short, so
 * that a failover takes about a second. Invariant: what is started here is stopped here, by its process id.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { RedisAddress, RedisPlace } from '../../runtime/redis-place.ts'
import { newRunFolder } from './cache-folder.ts'
import { freePort } from './free-port.ts'
import { findTestRedis, type RedisProgram } from './redis.ts'

/** One server of several. */
export type RedisNode = {
  readonly host: string
  readonly port: number
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts it again as it was set up, with what Sentinel or Cluster wrote into its settings since. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Several servers and how clients find them. */
export type RedisServers = {
  readonly place: Exclude<RedisPlace, { readonly url: string }>
  readonly nodes: readonly RedisNode[]
  /** The node that takes writes to `key` now; `null`: none that is known. */
  primaryOf(key: string): Promise<RedisNode | null>
  stop(): Promise<void>
}

const password = 'fleet-password'

const lasting: ReadonlySet<NodeJS.Signals> = new Set(['SIGSTOP', 'SIGCONT'])

/** A certificate for 127.0.0.1 and who vouches for it, all PEM: with it, everything is spoken over TLS. */
export type FleetTls = { readonly cert: string; readonly key: string; readonly ca: string }

/**
 * What is wished of several. `apart`: each server of a primary with replicas has a loopback address of its own, so that one can be
 * cut off from all others.
 */
export type FleetWish = { readonly tls?: FleetTls; readonly apart?: boolean }

type Plan = {
  readonly program: RedisProgram
  readonly tls: FleetTls | undefined
  readonly folder: string
  readonly host?: string
  readonly port: number
  readonly lines: readonly string[]
  readonly isSentinel?: boolean
}

const tlsLines = ['tls-auth-clients no', 'tls-replication yes']

/** Starts one with a settings file of its own, which Sentinels rewrite. */
const startNode = async (plan: Plan): Promise<RedisNode> => {
  const { program, folder, host = '127.0.0.1', port, lines, tls, isSentinel = false } = plan
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(tls ?? {})) writeFileSync(join(folder, `${name}.pem`), text)
  const files = ['cert', 'key'].map((name) => `tls-${name}-file ${join(folder, `${name}.pem`)}`)
  const listening =
    tls === undefined
      ? [`port ${port}`]
      : ['port 0', `tls-port ${port}`, ...files, `tls-ca-cert-file ${join(folder, 'ca.pem')}`, ...tlsLines]
  const file = join(folder, 'redis.conf')
  writeFileSync(
    file,
    [`bind ${host}`, ...listening, `dir ${folder}`, 'protected-mode no', ...lines, ''].join('\n'),
  )
  let child: ChildProcess | null = null
  let ended = Promise.resolve()
  const start = async (): Promise<void> => {
    const started = spawn(program.binary, [file, ...(isSentinel ? ['--sentinel'] : [])], {
      env: { ...process.env, ...program.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child = started
    ended = new Promise((resolve) => started.once('close', () => resolve()))
    await new Promise<void>((resolve, reject) => {
      let said = ''
      started.stdout.on('data', (part) => {
        said = (said + String(part)).slice(-4_000)
        if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve()
      })
      started.once('close', (code) => reject(new Error(`Redis ended (${code}): ${said}`)))
    })
  }
  await start()
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child?.kill(signal)
    if (!lasting.has(signal)) await ended
  }
  return { host, port, kill, start, stop: () => kill('SIGKILL') }
}

/** Asks one server; those that speak TLS are told by `tls`. */
const asking =
  (tls: FleetTls | undefined) =>
  async <T>(
    port: number,
    work: (client: Redis) => Promise<T>,
    secret = password,
    host = '127.0.0.1',
  ): Promise<T> => {
    const client = new Redis(port, host, {
      ...{ maxRetriesPerRequest: 0, retryStrategy: () => null, commandTimeout: 500, connectTimeout: 500 },
      ...(secret === '' ? {} : { password: secret }),
      ...(tls === undefined ? {} : { tls: { ca: tls.ca } }),
    })
    client.on('error', () => {})
    try {
      return await work(client)
    } finally {
      client.disconnect()
    }
  }

/** Asks again until it is so; the caller's own deadline is `ms`. */
const until = async (what: string, ms: number, isSo: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + ms
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const serverLines = [
  'save ""',
  'appendonly no',
  'maxmemory-policy noeviction',
  `requirepass ${password}`,
  `masterauth ${password}`,
  'repl-diskless-sync-delay 0',
  'repl-ping-replica-period 1',
]

const speaking = (tls: FleetTls | undefined) => (tls === undefined ? {} : { tls: { ca: tls.ca } })

const closing = (folder: string, nodes: readonly RedisNode[]) => async (): Promise<void> => {
  await Promise.all(nodes.map((node) => node.stop()))
  rmSync(folder, { recursive: true, force: true })
}

/**
 * A primary, two replicas and three Sentinels that take a primary for lost after half a second. The primary wants one replica
 * that is at most a second behind.
 */
export const startSentinelRedis = async ({ tls, apart = false }: FleetWish = {}): Promise<RedisServers> => {
  const program = await findTestRedis()
  const ask = asking(tls)
  const folder = newRunFolder('redis-sentinel')
  const ports = [await freePort(), await freePort(), await freePort()]
  const [first = 0] = ports
  const lines = [...serverLines, 'min-replicas-to-write 1', 'min-replicas-max-lag 2']
  const hosts = apart ? ['127.0.10.1', '127.0.10.2', '127.0.10.3'] : ports.map(() => '127.0.0.1')
  const [host = ''] = hosts
  const nodes = await Promise.all(
    ports.map((port, at) => {
      const own = { host: hosts[at] ?? host, port, folder: join(folder, String(port)) }
      const announced = [...lines, `replica-announce-ip ${own.host}`]
      const following = port === first ? [] : [`replicaof ${host} ${first}`]
      return startNode({ program, tls, ...own, lines: [...announced, ...following] })
    }),
  )
  await until('two replicas', 10_000, () =>
    ask(first, async (client) => /connected_slaves:2/.test(await client.info('replication')), password, host),
  )
  const watch = [
    `sentinel monitor front ${host} ${first} 2`,
    `sentinel auth-pass front ${password}`,
    'sentinel down-after-milliseconds front 500',
    'sentinel failover-timeout front 2000',
    'sentinel parallel-syncs front 2',
  ]
  const sentinelPorts = [await freePort(), await freePort(), await freePort()]
  const sentinels = await Promise.all(
    sentinelPorts.map((port) =>
      startNode({ program, tls, port, folder: join(folder, String(port)), lines: watch, isSentinel: true }),
    ),
  )
  const [sentinel = 0] = sentinelPorts
  await until('Sentinels that know of one another', 15_000, async () => {
    const told = await Promise.all(
      sentinelPorts.map((port) => ask(port, (client) => client.call('SENTINEL', 'MASTER', 'front'), '')),
    )
    return told.every((fields) => {
      const flat = fields as readonly string[]
      const of = (name: string): string => flat[flat.indexOf(name) + 1] ?? ''
      return of('num-other-sentinels') === '2' && of('num-slaves') === '2'
    })
  })
  const addresses: readonly RedisAddress[] = sentinelPorts.map((port) => ({ host: '127.0.0.1', port }))
  return {
    place: { sentinels: addresses, masterName: 'front', password, ...speaking(tls) },
    nodes,
    primaryOf: async () => {
      const told = (await ask(
        sentinel,
        (client) => client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'front'),
        '',
      )) as readonly string[]
      return nodes.find(({ port }) => port === Number(told[1])) ?? null
    },
    stop: closing(folder, [...sentinels, ...nodes]),
  }
}

/** Which part of the 16,384 slots each of three primaries has. */
const shares = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** A port whose bus port, 10,000 above it, is one too and free. */
const clusterPort = async (): Promise<number> => {
  for (;;) {
    const port = await freePort()
    if (port <= 55_000 && (await isFree(port + 10_000))) return port
  }
}

/** Gives each primary its slots and each replica its primary. */
const formCluster = async (ask: ReturnType<typeof asking>, ports: readonly number[]): Promise<void> => {
  const [first = 0] = ports
  await Promise.all(
    shares.map(([from, to], at) =>
      ask(ports[at] ?? 0, (client) => client.call('CLUSTER', 'ADDSLOTSRANGE', from, to)),
    ),
  )
  await Promise.all(
    ports.map((port, at) => ask(port, (client) => client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1))),
  )
  for (const port of ports.slice(1))
    await ask(first, (client) => client.call('CLUSTER', 'MEET', '127.0.0.1', port))
  const ids = await Promise.all(ports.map((port) => ask(port, (client) => client.call('CLUSTER', 'MYID'))))
  for (const [at, port] of ports.slice(3).entries())
    await until('a node that knows its primary', 15_000, () =>
      ask(port, async (client) => (await client.call('CLUSTER', 'REPLICATE', String(ids[at]))) === 'OK'),
    )
}

/** A Cluster of three primaries, each with a replica, that takes a node for lost after a second. */
export const startClusterRedis = async ({ tls }: FleetWish = {}): Promise<RedisServers> => {
  const program = await findTestRedis()
  const ask = asking(tls)
  const folder = newRunFolder('redis-cluster')
  const ports: number[] = []
  while (ports.length < 6) {
    const port = await clusterPort()
    if (!ports.includes(port)) ports.push(port)
  }
  const lines = [...serverLines, 'cluster-enabled yes', 'cluster-node-timeout 1000']
  const nodes = await Promise.all(
    ports.map((port) =>
      startNode({
        program,
        tls,
        port,
        folder: join(folder, String(port)),
        lines: [...lines, ...(tls === undefined ? [] : ['tls-cluster yes'])],
      }),
    ),
  )
  await formCluster(ask, ports)
  await until('a whole Cluster', 15_000, async () => {
    const told = await Promise.all(
      ports.map((port) =>
        ask(port, async (client) => [
          String(await client.call('CLUSTER', 'INFO')),
          await client.info('replication'),
        ]),
      ),
    )
    return told.every(
      ([state = '', role = ''], at) =>
        state.includes('cluster_state:ok') &&
        (at < 3 ? role.includes('connected_slaves:1') : role.includes('master_link_status:up')),
    )
  })
  return {
    place: {
      cluster: ports.slice(0, 3).map((port) => ({ host: '127.0.0.1', port })),
      password,
      ...speaking(tls),
    },
    nodes,
    primaryOf: async (key) => {
      for (const { port } of nodes) {
        const answer = await ask(port, (client) => client.call('GET', key)).then(
          () => 'here',
          (error: Error) => error.message,
        )
        const role = await ask(port, (client) => client.info('replication')).catch(() => '')
        if (answer === 'here' && role.includes('role:master'))
          return nodes.find((one) => one.port === port) ?? null
      }
      return null
    },
    stop: closing(folder, nodes),
  }
}
