/**
 * A PostgreSQL with a synchronous standby, both on loopback, that a test may kill, start again and promote.
 *
 * Durable as in production (fsync aside, which a killed process does not need): every commit waits for the standby, so that a
 * promotion loses none. The standby is a copy of the stopped primary with `standby.signal`; the embedded package carries no
 * pg_basebackup. Invariant: clients are led by `url` to whichever is the primary, as by a proxy or a virtual address.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { findPostgresBinaries } from '../../cli/postgres-binaries.ts'
import { newRunFolder } from './cache-folder.ts'
import { type FaultRelay, startFaultRelay } from './fault-relay.ts'
import { freePort } from './free-port.ts'

/** One server of the pair. */
type Server = { readonly port: number; start(): Promise<void>; kill(signal: NodeJS.Signals): Promise<void> }

/** The pair. Its clients come through `relay`. */
export type PostgresPair = {
  readonly url: string
  readonly relay: FaultRelay
  /** The server that takes writes. */
  primary(): Server
  /** Kills the primary and lets the standby take over; nobody stands by afterwards. */
  promote(): Promise<void>
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  stop(): Promise<void>
}

const role = 'gatehouse'
const database = 'gatehouse'

const settings = [
  ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'timezone=UTC', 'max_connections=120'],
  ...[
    'fsync=off',
    'shared_buffers=32MB',
    'wal_receiver_status_interval=1s',
    'wal_retrieve_retry_interval=200ms',
  ],
]

const serverIn = (folder: string, port: number): Server => {
  const binaries = findPostgresBinaries()
  let child: ChildProcess | null = null
  let ended = Promise.resolve()
  const startOnce = async (): Promise<void> => {
    rmSync(join(folder, 'postmaster.pid'), { force: true })
    const options = [...settings, `port=${port}`].flatMap((one) => ['-c', one])
    const { command, args } = binaries.commandFor(binaries.postgres, ['-D', folder, ...options])
    const started = spawn(command, args, { env: binaries.env, stdio: ['ignore', 'ignore', 'pipe'] })
    child = started
    ended = new Promise((resolve) => started.once('close', () => resolve()))
    await new Promise<void>((resolve, reject) => {
      let said = ''
      started.stderr.on('data', (part) => {
        said = (said + String(part)).slice(-4_000)
        if (/ready to accept (?:read-only )?connections/.test(said)) resolve()
      })
      started.once('close', (code) => reject(new Error(`PostgreSQL ended (${code}): ${said}`)))
    })
  }
  return {
    port,
    async start() {
      // A killed postmaster leaves servers of single connections that take a moment to notice.
      for (let tries = 1; ; tries++) {
        const failed = await startOnce().then(
          () => null,
          (error: Error) => error,
        )
        if (failed === null) return
        if (tries === 100 || !failed.message.includes('still in use')) throw failed
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    async kill(signal) {
      child?.kill(signal)
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended
    },
  }
}

const initialise = (folder: string): void => {
  const binaries = findPostgresBinaries()
  const run = (program: string, words: readonly string[], input = ''): void => {
    const { command, args } = binaries.commandFor(program, words)
    const done = spawnSync(command, args, { env: binaries.env, encoding: 'utf8', input })
    if (done.status !== 0) throw new Error(`${done.stdout}\n${done.stderr}`)
  }
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  run(binaries.initdb, [
    '-D',
    folder,
    '-U',
    role,
    '--auth=trust',
    '--no-sync',
    '--no-instructions',
    ...locale,
  ])
  run(binaries.postgres, ['--single', '-D', folder, 'postgres'], `CREATE DATABASE ${database}\n`)
}

const asking =
  (port: () => number) =>
  async <Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> => {
    const client = new pg.Client({
      ...{ host: '127.0.0.1', port: port(), user: role, database },
      connectionTimeoutMillis: 2_000,
    })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<Row>(text, [...values])).rows
    } finally {
      await client.end().catch(() => {})
    }
  }

/** Starts the pair (about two seconds); with `standby: false` the one server alone. */
export const startPostgresPair = async (wish: { readonly standby: boolean }): Promise<PostgresPair> => {
  const folder = newRunFolder('postgres-pair')
  const [one, other] = [join(folder, 'one'), join(folder, 'other')]
  const ports = [await freePort(), await freePort()] as const
  mkdirSync(one, { mode: 0o700 })
  initialise(one)
  if (wish.standby) {
    cpSync(one, other, { recursive: true })
    const conninfo = `host=127.0.0.1 port=${ports[0]} user=${role} application_name=standby`
    appendFileSync(join(other, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`)
    writeFileSync(join(other, 'standby.signal'), '')
    appendFileSync(join(one, 'postgresql.auto.conf'), "synchronous_standby_names = 'standby'\n")
  }
  const first = serverIn(one, ports[0])
  const second = serverIn(other, ports[1])
  let primary = first
  await first.start()
  if (wish.standby) await second.start()
  const relay = await startFaultRelay(first.port)
  const query = asking(() => primary.port)
  return {
    url: `postgresql://${role}@127.0.0.1:${relay.port}/${database}`,
    relay,
    primary: () => primary,
    query,
    async promote() {
      await first.kill('SIGKILL')
      primary = second
      await query('select pg_promote(true, 10)')
      relay.pointAt(second.port)
    },
    async stop() {
      await relay.close()
      await Promise.all([first.kill('SIGQUIT'), wish.standby ? second.kill('SIGQUIT') : undefined])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
