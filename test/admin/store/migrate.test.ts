/**
 * Goal: a database comes to the present schema exactly once, or is left alone with a clear error.
 * Method: real databases; migration folders of our own where one must be wrong.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { migrate } from '../../../admin/store/migrate.ts'
import { isFault } from '../../../runtime/fault.ts'
import { freePort } from '../../support/free-port.ts'
import { createDatabase, type TestDatabase } from '../../support/postgres.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

const emptyDatabase = async (): Promise<TestDatabase> => {
  const database = await createDatabase(async () => undefined)
  cleanups.push(database.drop)
  return database
}

const query = async <R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}

const folder = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-migrations-'))
  cleanups.push(() => rm(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  return directory
}

const applied = (url: string) => query<{ name: string }>(url, 'select name from migration order by name')

test('starting twice, and several at once, applies each file once', async () => {
  const { url } = await emptyDatabase()
  await Promise.all([migrate(url), migrate(url), migrate(url)])
  const before = await applied(url)
  expect(before.length).toBeGreaterThanOrEqual(5)
  await migrate(url)
  expect(await applied(url)).toEqual(before)
})

test('only what is missing is applied', async () => {
  const { url } = await emptyDatabase()
  const directory = await folder({ '0001-one.sql': 'create table one (a int)' })
  await migrate(url, directory)
  await writeFile(join(directory, '0002-two.sql'), 'create table two (a int)')
  await writeFile(join(directory, 'notes.txt'), 'no migration')
  await migrate(url, directory)
  expect((await applied(url)).map(({ name }) => name)).toEqual(['0001-one.sql', '0002-two.sql'])
})

test('a file changed after it was applied is refused by name', async () => {
  const { url } = await emptyDatabase()
  const directory = await folder({ '0001-one.sql': 'create table one (a int)' })
  await migrate(url, directory)
  await writeFile(join(directory, '0001-one.sql'), 'create table one (a text)')
  await expect(migrate(url, directory)).rejects.toThrow(/0001-one\.sql was changed/)
})

test('a database of a newer build is refused', async () => {
  const { url } = await emptyDatabase()
  const both = await folder({
    '0001-one.sql': 'create table one (a int)',
    '0002-two.sql': 'create table two (a int)',
  })
  await migrate(url, both)
  const older = await folder({ '0001-one.sql': 'create table one (a int)' })
  await expect(migrate(url, older)).rejects.toThrow(/0002-two\.sql.*newer build/)
})

test('a migration that fails leaves nothing of itself, and what came before it stays', async () => {
  const { url } = await emptyDatabase()
  const directory = await folder({
    '0001-one.sql': 'create table one (a int)',
    '0002-two.sql': 'create table two (a int); select no_such_function()',
  })
  await expect(migrate(url, directory)).rejects.toThrow(/no_such_function/)
  expect((await applied(url)).map(({ name }) => name)).toEqual(['0001-one.sql'])
  expect(await query(url, "select 1 from pg_tables where tablename = 'two'")).toEqual([])
})

test('a database that cannot be had is a fault of the database', async () => {
  const url = `postgres://nobody@127.0.0.1:${await freePort()}/nothing`
  const error: unknown = await migrate(url).catch((caught: unknown) => caught)
  expect(isFault(error) && [error.source, error.kind]).toEqual(['database', 'unreachable'])
})
