/**
 * Goal: the embedded PostgreSQL keeps what was committed, is ours alone, and says clearly why it does not start.
 * Method: the real server, started on folders that are new, old, in use, stale, foreign and orphaned.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../cli/embedded-postgres.ts'
import { isStop } from '../../cli/exit-codes.ts'
import { isLiving, markOf } from '../../cli/process-mark.ts'
import { newRunFolder, projectRoot } from '../support/cache-folder.ts'
import { createDatabase } from '../support/postgres.ts'

const running: EmbeddedPostgres[] = []
let dataDir: string

const start = async (plan: { dataDir?: string; port?: number } = {}): Promise<EmbeddedPostgres> => {
  const postgres = await startEmbeddedPostgres({ dataDir, mayLoseData: true, log: () => undefined, ...plan })
  running.push(postgres)
  return postgres
}

const ask = async (url: string, sql: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  dataDir = newRunFolder('embedded-postgres')
  const first = await start()
  await ask(first.url, 'create table kept (n int); insert into kept values (1)')
  await first.stop()
})

afterEach(async () => {
  for (let postgres = running.pop(); postgres !== undefined; postgres = running.pop()) await postgres.stop()
})

afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

describe('a data directory', () => {
  it('is found again, with its rows and its password', async () => {
    const again = await start()
    expect(await ask(again.url, 'select n from kept')).toEqual([{ n: 1 }])
    expect(readFileSync(join(dataDir, 'password'), 'utf8')).toBe(new URL(again.url).password)
    expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600)
  })

  it('is refused while a living process uses it', async () => {
    await start()
    const second = await start().catch((error: unknown) => error)
    expect(isStop(second) && second.exitCode).toBe(69)
    expect(String(second)).toContain(`in use by process ${process.pid}`)
  })

  it('starts over a stale pid file, even one that names a living process', async () => {
    writeFileSync(join(dataDir, 'cluster', 'postmaster.pid'), `${process.pid}\n${dataDir}\n`)
    expect(await ask((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('is refused when another version made it', async () => {
    const foreign = newRunFolder('embedded-postgres')
    mkdirSync(join(foreign, 'cluster'))
    writeFileSync(join(foreign, 'cluster', 'PG_VERSION'), '16\n')
    await expect(start({ dataDir: foreign })).rejects.toThrow(
      'was made by PostgreSQL 16, and this Gatehouse carries 18',
    )
    rmSync(foreign, { recursive: true })
  })

  it('is taken back from a server whose owner was killed', async () => {
    const script = `
      import { startEmbeddedPostgres } from './cli/embedded-postgres.ts'
      const postgres = await startEmbeddedPostgres({ dataDir: process.argv[1], mayLoseData: true, log: () => undefined })
      console.log(postgres.pid)
    `
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = await new Promise<number>((resolve) =>
      owner.stdout.once('data', (said) => resolve(Number(said))),
    )
    const orphan = markOf(pid)
    const gone = new Promise((resolve) => owner.once('exit', resolve))
    owner.kill('SIGKILL')
    await gone
    expect(orphan !== null && isLiving(orphan)).toBe(true)
    const again = await start()
    expect(orphan !== null && isLiving(orphan)).toBe(false)
    expect(await ask(again.url, 'select n from kept')).toEqual([{ n: 1 }])
  })
})

describe('the server', () => {
  it('listens on 127.0.0.1 only, makes no socket file, and wants the password', async () => {
    const postgres = await start()
    const [row] = await ask(
      postgres.url,
      `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`,
    )
    expect(row).toEqual({ addresses: '127.0.0.1', sockets: '' })
    const wrong = new URL(postgres.url)
    wrong.password = 'wrong'
    await expect(ask(wrong.href, 'select 1')).rejects.toThrow('password authentication failed')
  })

  it('loses nothing at a crash unless the caller says it may', async () => {
    const setting = async (postgres: EmbeddedPostgres) => (await ask(postgres.url, 'show fsync'))[0]?.fsync
    const careless = await start()
    expect(await setting(careless)).toBe('off')
    await careless.stop()
    const careful = await startEmbeddedPostgres({ dataDir, log: () => undefined })
    running.push(careful)
    expect(await setting(careful)).toBe('on')
  })

  it('says which port is taken', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    )
    const outcome = await start({ port }).catch((error: unknown) => error)
    server.close()
    expect(isStop(outcome) && outcome.exitCode).toBe(69)
    expect(String(outcome)).toContain(`Port ${port} of 127.0.0.1, wanted for PostgreSQL, is taken.`)
  })

  it('stops at once although somebody is connected, and leaves no claim', async () => {
    const postgres = await start()
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    const cut = new Promise((resolve) => client.on('error', resolve))
    await postgres.stop()
    await cut
    expect(existsSync(join(dataDir, 'postgres-claim.json'))).toBe(false)
    expect(markOf(postgres.pid)).toBeNull()
  })
})

describe('the database that a test file gets', () => {
  it('is its own', async () => {
    const create = (url: string) => ask(url, 'create table mine (n int)').then(() => undefined)
    const [one, two] = await Promise.all([createDatabase(create), createDatabase(create)])
    await ask(one.url, 'insert into mine values (1)')
    expect(await ask(two.url, 'select n from mine')).toEqual([])
    await Promise.all([one.drop(), two.drop()])
    await expect(ask(one.url, 'select 1')).rejects.toThrow('does not exist')
  })

  it('is cloned from one template, however many ask at once', async () => {
    const databases = await Promise.all(Array.from({ length: 4 }, () => createDatabase()))
    expect(new Set(databases.map((database) => database.url)).size).toBe(4)
    const [templates] = await ask(
      databases[0]!.url,
      `select count(*)::int as n from pg_database where datname ~ '^template_'`,
    )
    expect(templates).toEqual({ n: 1 })
    await Promise.all(databases.map((database) => database.drop()))
  })
})
