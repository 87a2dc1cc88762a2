/**
 * PostgreSQL 18 from npm, for `npm start`, tests and a single small office: set up on first use, stopped with us.
 *
 * Not for production at large, which sets DATABASE_URL. Invariants: it listens on 127.0.0.1 only and on no socket
 * file; a half-made cluster is never used (it is made beside and renamed); every commit is on disk unless the
 * caller spells out that it may be lost. Refused: PGlite, which does no fsync and loses rows with two openers.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  type ChildService,
  claimDirectory,
  releaseDirectory,
  type StopSignal,
  startChildService,
} from './child-service.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { freePort } from './free-port.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { isLiving, markOf } from './process-mark.ts'

/**
 * Where its data lies and how it runs. `port` 0 or absent: a free one. `log` gets each line the server prints.
 * `mayLoseData` turns off fsync: for tests alone, after a crash of the machine the cluster may be unreadable.
 */
export type EmbeddedPostgresPlan = {
  readonly dataDir: string
  readonly port?: number
  readonly log: (line: string) => void
  readonly mayLoseData?: boolean
}

/** A running PostgreSQL. `url` names a superuser and the database `gatehouse`; `exited` resolves when it ends. */
export type EmbeddedPostgres = {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly exited: Promise<readonly string[]>
  stop(): Promise<void>
}

/** SIGINT is PostgreSQL's fast shutdown (sessions cut, checkpoint written), SIGQUIT the immediate one. */
const stopSignals: readonly StopSignal[] = [
  { signal: 'SIGINT', waitMs: 15_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
]

const majorVersion = '18'
const role = 'gatehouse'
const database = 'gatehouse'
const portAttemptsMax = 5

type Layout = {
  readonly cluster: string
  readonly password: string
  readonly claim: string
}

const layoutOf = (dataDir: string): Layout => ({
  cluster: join(dataDir, 'cluster'),
  password: join(dataDir, 'password'),
  claim: join(dataDir, 'postgres-claim.json'),
})

const runOnce = (binaries: PostgresBinaries, program: string, args: readonly string[], input = ''): void => {
  const { command, args: all } = binaries.commandFor(program, args)
  const done = spawnSync(command, all, { env: binaries.env, encoding: 'utf8', input })
  if (done.status === 0) return
  const said = `${done.error?.message ?? ''}\n${done.stdout}\n${done.stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
  throw stopWith(
    exitCodes.unavailable,
    'The embedded PostgreSQL could not be set up:',
    ...said.map((line) => `  ${line}`),
  )
}

/** Makes the cluster (about 0.9 s), and the password it is made with. */
const makeCluster = (binaries: PostgresBinaries, layout: Layout, mayLoseData: boolean): void => {
  const fresh = `${layout.cluster}.new`
  rmSync(fresh, { recursive: true, force: true })
  writeFileSync(layout.password, randomBytes(24).toString('base64url'), { mode: 0o600 })
  chmodSync(layout.password, 0o600)
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = [`--username=${role}`, `--pwfile=${layout.password}`, '--auth=scram-sha-256']
  const sync = mayLoseData ? ['--no-sync'] : []
  runOnce(binaries, binaries.initdb, ['--pgdata', fresh, ...locale, ...access, '--no-instructions', ...sync])
  const durability = mayLoseData ? ['-c', 'fsync=off'] : []
  runOnce(
    binaries,
    binaries.postgres,
    ['--single', '-D', fresh, ...durability, 'postgres'],
    `CREATE DATABASE ${database}\n`,
  )
  renameSync(fresh, layout.cluster)
}

const demandVersion = (layout: Layout): void => {
  const found = readFileSync(join(layout.cluster, 'PG_VERSION'), 'utf8').trim()
  if (found === majorVersion) return
  throw stopWith(
    exitCodes.unavailable,
    `${layout.cluster} was made by PostgreSQL ${found}, and this Gatehouse carries ${majorVersion}:`,
    '  dump it with the old version and restore it here, or choose another data directory.',
  )
}

/**
 * Looks at the server's own pid file. One whose process is gone, or is no PostgreSQL (an id used again), is removed,
 * because PostgreSQL would refuse to start over it; a living server that nobody claimed is not ours to stop.
 */
const demandUnused = (layout: Layout): void => {
  const path = join(layout.cluster, 'postmaster.pid')
  if (!existsSync(path)) return
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
  const mark = markOf(pid)
  if (mark !== null && isLiving(mark) && commandOf(pid).includes('postgres')) {
    throw stopWith(
      exitCodes.unavailable,
      `${layout.cluster} is in use by PostgreSQL process ${pid}: stop that one first.`,
    )
  }
  rmSync(path, { force: true })
}

const commandOf = (pid: number): string => {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout
}

const serverArgs = (layout: Layout, port: number, mayLoseData: boolean): readonly string[] => {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `port=${port}`,
    'timezone=UTC',
    'log_timezone=UTC',
    'max_connections=200',
    'password_encryption=scram-sha-256',
    ...(mayLoseData ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'] : []),
  ]
  return ['-D', layout.cluster, ...settings.flatMap((setting) => ['-c', setting])]
}

const launch = async (
  plan: EmbeddedPostgresPlan,
  layout: Layout,
  binaries: PostgresBinaries,
): Promise<{ readonly service: ChildService; readonly port: number }> => {
  let lines: readonly string[] = []
  for (let attempt = 1; attempt <= portAttemptsMax; attempt += 1) {
    const port = plan.port || (await freePort())
    const start = await startChildService({
      name: 'PostgreSQL',
      ...binaries.commandFor(binaries.postgres, serverArgs(layout, port, plan.mayLoseData ?? false)),
      env: binaries.env,
      claimFile: layout.claim,
      stopSignals,
      readyMs: 60_000,
      readyWhen: (line) => line.includes('database system is ready to accept connections'),
      log: plan.log,
    })
    if (start.service !== null) return { service: start.service, port }
    lines = start.lines
    const taken = lines.some((line) => line.includes('Address already in use'))
    if (taken && plan.port)
      throw stopWith(exitCodes.unavailable, `Port ${port} of 127.0.0.1, wanted for PostgreSQL, is taken.`)
    if (!taken) break
    await claimDirectory('PostgreSQL', layout.claim, stopSignals)
  }
  throw stopWith(
    exitCodes.unavailable,
    'The embedded PostgreSQL did not start:',
    ...lines.map((line) => `  ${line}`),
  )
}

/**
 * Starts it, set up first if `dataDir` is new (about 1.2 s, later 0.1 s), and resolves once it accepts connections.
 * A taken port, a data directory that a living process uses, one of another version, or a machine that cannot run it
 * is a `Stop` with exit code 69. A server orphaned by a killed owner is stopped first.
 */
export const startEmbeddedPostgres = async (plan: EmbeddedPostgresPlan): Promise<EmbeddedPostgres> => {
  const dataDir = resolve(plan.dataDir)
  const layout = layoutOf(dataDir)
  const binaries = findPostgresBinaries()
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  await claimDirectory('PostgreSQL', layout.claim, stopSignals)
  try {
    if (existsSync(layout.cluster)) demandVersion(layout)
    else makeCluster(binaries, layout, plan.mayLoseData ?? false)
    demandUnused(layout)
    const password = readFileSync(layout.password, 'utf8').trim()
    const { service, port } = await launch(plan, layout, binaries)
    const url = `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
    return { url, port, pid: service.pid, exited: service.exited, stop: service.stop }
  } catch (error) {
    releaseDirectory(layout.claim)
    throw error
  }
}
