/**
 * A real, empty, migrated PostgreSQL database per test file, cloned from a template in about 80 ms.
 *
 * Not a transaction that is rolled back: the code under test commits, and other connections must see it. Invariant:
 * no test sees another's rows. The server is the run's own (postgres-door.ts), with fsync off: what a crash leaves
 * is not tested here. Refused: truncating tables, which forgets the newest one.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { inject } from 'vitest'
import { knownActions } from '../../admin/events/event-actions.ts'
import { projectRoot } from './cache-folder.ts'

/** A database of its own. `drop` cuts whoever is still connected; the run's end drops it anyway. */
export type TestDatabase = { readonly url: string; drop(): Promise<void> }

/** Brings an empty database to the present schema. */
export type Migrate = (databaseUrl: string) => Promise<void>

/** Any number: only our own processes ask for this lock. */
const templateLock = 7_240_118

const storeFolder = join(projectRoot, 'admin', 'store')

const askDoor = async (): Promise<string> => {
  const response = await fetch(inject('postgresDoor'))
  const said = await response.text()
  if (!response.ok) throw new Error(said)
  return said
}

const withDatabase = (serverUrl: string, name: string): string => {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

const withClient = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The store's own migrations; a store that has none yet leaves the database empty. */
const migrateStore: Migrate = async (databaseUrl) => {
  const file = join(storeFolder, 'migrate.ts')
  if (!existsSync(file)) return
  const store = (await import(pathToFileURL(file).href)) as { readonly migrate: Migrate }
  await store.migrate(databaseUrl)
}

/** Changes with every file of the store, so that a long `vitest --watch` never clones an old schema. */
const templateName = (): string => {
  const hash = createHash('sha256')
  const entries = existsSync(storeFolder)
    ? readdirSync(storeFolder, { recursive: true, withFileTypes: true })
    : []
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort()) hash.update(file).update('\0').update(readFileSync(file))
  return `template_${hash.digest('hex').slice(0, 12)}`
}

const ensureTemplate = (serverUrl: string): Promise<string> =>
  withClient(serverUrl, async (client) => {
    const name = templateName()
    // One process makes it, the others wait; the lock goes with the connection, whatever happens.
    await client.query('select pg_advisory_lock($1)', [templateLock])
    const found = await client.query('select 1 from pg_database where datname = $1', [name])
    if (found.rowCount !== 0) return name
    const making = `${name}_new`
    await client.query(`drop database if exists ${making} with (force)`)
    await client.query(`create database ${making}`)
    await migrateStore(withDatabase(serverUrl, making))
    await client.query(`alter database ${making} rename to ${name}`)
    return name
  })

/** What the events of a database say was done, though no catalogue explains it; tests' own `test.…` aside. */
const unknownActions = (url: string): Promise<readonly string[]> =>
  withClient(url, async (client) => {
    const { rows: tables } = await client.query("select to_regclass('security_event') as found")
    if (tables[0]?.found === null) return []
    const { rows } = await client.query<{ action: string }>('select distinct action from security_event')
    return rows
      .map(({ action }) => action)
      .filter((one) => !one.startsWith('test.') && !knownActions.has(one))
  })

const droppable = (serverUrl: string, name: string): TestDatabase => ({
  url: withDatabase(serverUrl, name),
  drop: async () => {
    const unknown = await unknownActions(withDatabase(serverUrl, name))
    await withClient(serverUrl, async (client) => {
      await client.query(`drop database if exists ${name} with (force)`)
    })
    if (unknown.length > 0)
      throw new Error(
        `no line in admin/events/event-actions.ts says what ${unknown.join(', ')} means: add one there`,
      )
  },
})

/**
 * A new database with the store's present schema, cloned from a template that the run's first caller makes
 * (admin/store/migrate.ts). With `migrate` given: an empty one, brought to whatever that does, and no template.
 */
export const createDatabase = async (migrate?: Migrate): Promise<TestDatabase> => {
  const serverUrl = await askDoor()
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = migrate === undefined ? await ensureTemplate(serverUrl) : 'template1'
  await withClient(serverUrl, (client) => client.query(`create database ${name} template ${template}`))
  const database = droppable(serverUrl, name)
  await migrate?.(database.url)
  return database
}
