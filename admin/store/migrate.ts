/**
 * Brings a database to the schema of this build: plain SQL files, in order, each once, each in one transaction.
 *
 * There is no way back down and no generated SQL. A file that was applied and has changed since is refused by
 * its checksum, and so is a database that is newer than this build: guessing would corrupt the record. Planes
 * that start together wait for one another on an advisory lock.
 */
import { hash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { databaseFault } from './database.ts'

/** The advisory lock of migrations: an arbitrary number that nothing else here takes. */
const lockId = 4_247_001

const migrationsDir = join(import.meta.dirname, 'migrations')
const fileForm = /^\d{4}-[a-z0-9-]+\.sql$/

type Migration = { readonly name: string; readonly sql: string; readonly checksum: string }

async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => fileForm.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), 'utf8')
      return { name, sql, checksum: hash('sha256', sql, 'base64url') }
    }),
  )
}

function checkApplied(
  wanted: readonly Migration[],
  applied: readonly { name: string; checksum: string }[],
): void {
  applied.forEach((row, position) => {
    const migration = wanted[position]
    if (migration === undefined || migration.name !== row.name)
      throw new Error(
        `the database has migration ${row.name}, which this build does not know: start a newer build`,
      )
    if (migration.checksum !== row.checksum)
      throw new Error(`migration ${row.name} was changed after it had been applied: restore the file`)
  })
}

async function applyMigrations(client: pg.Client, wanted: readonly Migration[]): Promise<void> {
  await client.query(
    'create table if not exists migration (name text primary key, checksum text not null, applied_at timestamptz not null default now())',
  )
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from migration order by name',
  )
  checkApplied(wanted, rows)
  for (const migration of wanted.slice(rows.length)) {
    await client.query('begin')
    await client.query(migration.sql)
    await client.query('insert into migration (name, checksum) values ($1, $2)', [
      migration.name,
      migration.checksum,
    ])
    await client.query('commit')
  }
}

/**
 * Applies what is missing to the database at `databaseUrl`; nothing to do is fine. `directory` is for tests.
 * Rejects with a `Fault` when the database cannot be had, with an Error naming the file when a migration was
 * altered, is unknown, or fails (that one is rolled back whole).
 */
export async function migrate(databaseUrl: string, directory: string = migrationsDir): Promise<void> {
  const wanted = await readMigrations(directory)
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select pg_advisory_lock($1)', [lockId])
    await applyMigrations(client, wanted)
  } catch (error) {
    throw databaseFault(error) ?? error
  } finally {
    await client.end().catch(() => undefined)
  }
}
